"""The agent's settings: a TOML (or JSON) file, with ``MOTCUA_EDGE_*`` in the environment taking precedence.

Nested ones join with two underscores: ``MOTCUA_EDGE_BROKER__PASSWORD``. Paths are relative to the settings file.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from motcua.edge.messages import Id, OfficerMode
from motcua.edge.queue import QueueSettings
from motcua.edge.sight import SightSettings
from motcua.edge.visits import VisitSettings
from motcua.models.registry import REGISTRY

Kind = Literal["file", "stream", "usb"]
STILL_S = 2.0
Fps = Annotated[float, Field(gt=0, le=240)]


class SettingsError(ValueError):
    """Settings that cannot be used; the message is one sentence with the way out."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BrokerSettings(_Part):
    """Where the messages go. The password comes from the environment or from ``password_file``, never from the file itself."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: Annotated[int, Field(ge=5, le=600)] = 20

    @property
    def address(self) -> str:
        """``host:port``, for people."""
        return f"{self.host}:{self.port}"

    def secret(self) -> str | None:
        """The password, read anew each time so that it can be changed. Raises OSError."""
        if self.password is not None:
            return self.password.get_secret_value()
        return None if self.password_file is None else self.password_file.read_text(encoding="utf-8").strip()


class CameraSettings(_Part):
    """One camera. ``url`` is a video file, an ``rtsp://`` (or ``http://``) address, or the number of a USB camera.

    ``detector_weights`` is a file for a detector that can take others than its default, or the name of registered weights.
    """

    source_id: Id
    url: Annotated[str, Field(min_length=1)]
    zones: Path
    part: Literal["whole", "arrivals", "services"] = "whole"
    fps: Fps | None = None
    loop: bool = False
    provenance: Literal["camera", "replay", "simulated"] = Field(default="camera", validate_default=True)
    detector: str = "ssdlite"
    detector_weights: Annotated[str, Field(min_length=1)] | None = None
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    analysis_fps: Fps = 7.0
    still_s: Annotated[float, Field(ge=0, le=10)] = STILL_S
    visits: VisitSettings = VisitSettings()
    queue: QueueSettings = QueueSettings()
    sight: SightSettings = SightSettings()
    sample_s: Annotated[float, Field(ge=0.5, le=60)] = 5.0
    timeout_s: Annotated[float, Field(ge=0.2, le=60)] = 10.0
    max_lag_s: Annotated[float, Field(ge=0.5, le=60)] = 5.0
    timestamps: Literal["stream", "arrival"] = "stream"

    @field_validator("url", mode="before")
    @classmethod
    def _text(cls, url: Any) -> Any:
        return str(url) if isinstance(url, int) and not isinstance(url, bool) else url

    @model_validator(mode="before")
    @classmethod
    def _a_file_is_a_replay(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("url"), str) and kind_of(data["url"]) == "file":
            if data.get("provenance") == "camera":
                raise ValueError("a video file is a replay: set provenance to 'replay' or leave it out")
            return {"provenance": "replay"} | data
        return data

    @model_validator(mode="after")
    def _weights_with_a_detector_that_takes_them(self) -> CameraSettings:
        if self.detector == "ssdlite" and self.detector_weights is not None:
            raise ValueError("detector_weights are for the detectors 'yolo' and 'ultralytics': name one, or take them out")
        return self

    @property
    def kind(self) -> Kind:
        """What ``url`` points at."""
        return kind_of(self.url)

    @property
    def stamped(self) -> bool:
        """Whether the stream's own timestamps count: RTSP has them, motion JPEG over HTTP has none worth the name."""
        return self.timestamps == "stream" and self.url.startswith(("rtsp://", "rtsps://"))


class SentimentSettings(_Part):
    """Reading citizens' faces: off until a deployment has put up its notice and written down its lawful basis."""

    enabled: bool = False
    notice: str = ""
    lawful_basis: str = ""
    reader: str = "fer"
    every_s: Annotated[float, Field(ge=1, le=60)] = 1.0
    max_cpu_share: Annotated[float, Field(gt=0, le=10)] = 0.15
    temperature: Annotated[float, Field(gt=0, le=100)] | None = None

    @model_validator(mode="after")
    def _told_and_lawful(self) -> SentimentSettings:
        if self.enabled and not self.notice.strip():
            raise ValueError("sentiment needs the notice that citizens are shown: write its text into 'notice'")
        if self.enabled and not self.lawful_basis.strip():
            raise ValueError(
                "sentiment needs its lawful basis: write into 'lawful_basis' which law or decision allows it here, and who says so"
            )
        return self


class OfficerSettings(_Part):
    """Reading officers' faces: off unless HR and admin have switched a mode on for this office, and its people have been told."""

    mode: OfficerMode = "off"
    notice: str = ""

    @model_validator(mode="after")
    def _notice(self) -> OfficerSettings:
        if self.mode != "off" and not self.notice.strip():
            raise ValueError(f"mode {self.mode} needs the notice that people are shown: write its text into 'notice'")
        return self


class EdgeSettings(BaseSettings):
    """One agent: an office, its broker and its cameras."""

    model_config = SettingsConfigDict(
        env_prefix="MOTCUA_EDGE_", env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    office_id: Id
    outbox: Path
    outbox_max_mb: Annotated[float, Field(gt=0, le=100_000)] = 256.0
    outbox_max_hours: Annotated[float, Field(gt=0, le=87_600)] = 336.0
    outbox_reserve_mb: Annotated[float, Field(ge=0, le=1000)] = 4.0
    broker: BrokerSettings = BrokerSettings()
    cameras: Annotated[tuple[CameraSettings, ...], Field(min_length=1, max_length=64)]
    sentiment: SentimentSettings = SentimentSettings()
    officers: OfficerSettings = OfficerSettings()

    @model_validator(mode="after")
    def _each_source_once(self) -> EdgeSettings:
        names = [c.source_id for c in self.cameras]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"two cameras have the source_id {twice[0]!r}: give each its own")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file."""
        return env_settings, init_settings


def kind_of(url: str) -> Kind:
    """A number is a USB camera, an address with ``://`` a stream, the rest a file."""
    return "usb" if url.isdigit() else "stream" if "://" in url else "file"


def redacted(url: str) -> str:
    """The address without user and password, for logs and messages."""
    return re.sub(r"://[^/]*@", "://", url)


def outbox_path(settings: EdgeSettings, camera: CameraSettings) -> Path:
    """Each camera has its own outbox file."""
    return settings.outbox / f"{camera.source_id}.db"


def outbox_limits(settings: EdgeSettings) -> dict[str, Any]:
    """What an outbox may hold, as its keyword arguments."""
    return {
        "max_bytes": int(settings.outbox_max_mb * 2**20),
        "max_hours": settings.outbox_max_hours,
        "reserve_bytes": int(min(settings.outbox_reserve_mb, settings.outbox_max_mb / 2) * 2**20),
    }


def load_settings(path: Path) -> EdgeSettings:
    """Read and check a settings file. Raises SettingsError with one sentence."""
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except FileNotFoundError:
        raise SettingsError(f"settings file {path} is not there: name an existing one with --config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"settings file {path} cannot be read ({error}): check its permissions and encoding") from None
    except (ValueError, RecursionError) as error:
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise SettingsError(f"settings file {path} is not {kind} ({error}): correct it there") from None
    if not isinstance(data, dict):
        raise SettingsError(f"settings file {path} holds no settings: begin with office_id")
    if isinstance(data.get("broker"), dict) and "password" in data["broker"]:
        raise SettingsError(
            f"settings file {path} holds the broker's password: put it into a file of its own and name that in password_file"
        )
    try:
        return _resolved(EdgeSettings(**data), path.resolve().parent)
    except ValidationError as error:
        raise SettingsError(f"settings file {path}: {_first(error)}") from None


def _resolved(settings: EdgeSettings, base: Path) -> EdgeSettings:
    """The same settings with every path made absolute."""

    def beside(path: Path | None) -> Path | None:
        return None if path is None else base / path.expanduser()

    def camera(c: CameraSettings) -> CameraSettings:
        paths: dict[str, Any] = {"zones": beside(c.zones)}
        if c.kind == "file":
            paths["url"] = str(beside(Path(c.url)))
        if c.detector_weights is not None and c.detector_weights not in REGISTRY:
            paths["detector_weights"] = str(beside(Path(c.detector_weights)))
        return c.model_copy(update=paths)

    broker, names = settings.broker, ("password_file", "ca_file", "cert_file", "key_file")
    return settings.model_copy(
        update={
            "outbox": beside(settings.outbox),
            "broker": broker.model_copy(update={name: beside(getattr(broker, name)) for name in names}),
            "cameras": tuple(camera(c) for c in settings.cameras),
        }
    )


def _first(error: ValidationError) -> str:
    """The first of pydantic's complaints as one sentence, with the entry that it is about."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
    unknown = "is no known entry: take it out or correct its spelling"
    says = {"missing": "is missing: add it", "extra_forbidden": unknown, "unexpected_keyword_argument": unknown}
    what = says.get(first["type"], first["msg"].removeprefix("Value error, "))
    return f"{where}: {what}" if where and first["type"] not in says else f"{where} {what}" if where else what

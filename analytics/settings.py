"""Settings of the province's storage and ingest, from ``MOTCUA_DB_*`` and ``MOTCUA_INGEST_*``."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class DbSettings(BaseSettings):
    """The database and how long its rows live. None keeps rows for ever."""

    model_config = SettingsConfigDict(env_prefix="MOTCUA_DB_")

    dsn: SecretStr = Field(description="Address of the database, for example postgresql://user:password@host:5432/motcua")
    keep_visits_days: int | None = Field(
        default=1095, ge=31, description="Single visits, whose rollups stay, and counts of parts of a queue"
    )
    keep_queue_samples_days: int | None = Field(default=90, ge=1, description="Raw queue samples; their rollups stay")
    keep_ratings_days: int | None = Field(default=1825, ge=31, description="Ratings")
    keep_tickets_days: int | None = Field(default=365, ge=1, description="Events of ticket machines")
    keep_sentiment_days: int | None = Field(default=1095, ge=31, description="Sums of sentiment, by counter and hour")
    keep_officer_expression_days: int | None = Field(
        default=400,
        ge=31,
        description="Sums of officers' expression, where a mode lets them be gathered; a change of mode deletes them all",
    )
    keep_health_days: int | None = Field(default=30, ge=1, description="Health messages")
    keep_dead_letters_days: int | None = Field(
        default=180, ge=1, description="Messages that were none, from the last time on"
    )
    keep_reports_days: int | None = Field(default=730, ge=31, description="What citizens say is wrong with an office's data")
    keep_comments_days: int | None = Field(default=365, ge=1, description="What citizens wrote beside a rating")
    keep_alerts_days: int | None = Field(
        default=730, ge=40, description="Alerts that are over, with their history, and the messages about them"
    )
    keep_sessions_days: int | None = Field(default=1, ge=1, description="Logins, once they have expired")
    archive: bool = Field(
        default=False,
        description="Days of visits, samples, counts, ratings, tickets and sentiment leave by 'motcua archive' only",
    )
    archive_folder: Path = Field(default=Path("archive"), description="Where 'motcua archive' writes Parquet files")
    compress_after_days: int = Field(default=7, ge=1, description="Columnstore on TimescaleDB")


class IngestSettings(BaseSettings):
    """The ingestor."""

    model_config = SettingsConfigDict(env_prefix="MOTCUA_INGEST_")

    dsn: SecretStr = Field(description="Address of the database")
    broker_host: str = Field(default="127.0.0.1", description="The MQTT broker")
    broker_port: int = Field(default=1883, ge=1, le=65535)
    broker_username: str = Field(default="ingest", description="A user who may read motcua/v1/# and write motcua/ack/v1/#")
    broker_password: SecretStr | None = Field(default=None, description="Its password: this or the next is needed")
    broker_password_file: Path | None = Field(default=None, description="A file with its password")
    broker_tls: bool = Field(default=False, description="Encrypt, and check the broker's certificate")
    broker_ca_file: str | None = Field(default=None, description="The authority that signed it, unless the system knows it")
    client_id: str = Field(default="", description="Fixed name of this ingestor; empty: a random one")
    window: int = Field(default=6000, ge=10, le=20_000, description="Unacknowledged MQTT messages, the most held in memory")
    flush_s: float = Field(default=0.2, gt=0, le=10, description="Longest time that a message waits for its batch")
    status_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Answer /healthz and /metrics on this port of 127.0.0.1; 0 takes a free one",
    )
    housekeeping_s: float = Field(
        default=60.0, gt=0, description="Between two looks after rollups and rows that have lived long enough"
    )

    @model_validator(mode="after")
    def _has_a_password(self) -> Self:
        if self.broker_password is None and self.broker_password_file is None:
            raise ValueError("give broker_password or broker_password_file")
        return self

    def broker_secret(self) -> str:
        """The broker's password. Raises OSError where its file cannot be read."""
        if self.broker_password is not None:
            return self.broker_password.get_secret_value()
        assert self.broker_password_file is not None
        return self.broker_password_file.read_text(encoding="utf-8").strip()


class AlertSettings(BaseSettings):
    """The runner of alerts."""

    model_config = SettingsConfigDict(env_prefix="MOTCUA_ALERTS_")

    dsn: SecretStr = Field(description="Address of the database")
    every_s: float = Field(default=10.0, ge=0.1, le=60, description="Between two looks at the figures")
    stale_after_s: float = Field(default=30.0, gt=0, description="A live figure older than this is not known")
    channels_file: Path | None = Field(
        default=None,
        description="E-mail, webhooks and more: a TOML file that only the runner may read; none: on the page only",
    )
    staff_url: str = Field(
        default="http://127.0.0.1:8050",
        pattern=r"^https?://",
        description="Address of the staff pages, for links in messages",
    )
    message_gap_s: float = Field(
        default=60.0,
        ge=0,
        le=3600,
        description="A channel is used once in this time at the most; what comes meanwhile is joined",
    )
    give_up_after_s: float = Field(
        default=3600.0, ge=60, le=86_400, description="A message that could not be sent for so long is no news"
    )

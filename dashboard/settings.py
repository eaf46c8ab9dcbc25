"""Settings of the staff pages, from ``MOTCUA_DASHBOARD_*``."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class DashboardSettings(BaseSettings):
    """The server of the staff pages. It keeps no state and no secret: the session is the API's cookie."""

    model_config = SettingsConfigDict(env_prefix="MOTCUA_DASHBOARD_")

    api_url: str = Field(default="http://127.0.0.1:8000", description="Address of the API, without /api")
    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(default=8050, ge=0, le=65535, description="Port to listen on; 0 takes a free one")
    tiles_url: str | None = Field(
        default=None,
        description="Map tiles under the points, e.g. https://tile.openstreetmap.org/{z}/{x}/{y}.png; none: off",
    )
    tiles_credit: str = Field(default="© OpenStreetMap contributors", description="Shown beside the tiles")
    api_timeout_s: float = Field(default=8.0, gt=0, le=60, description="Longest wait for an answer of the API")

    @field_validator("api_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("api_url must be an address such as http://127.0.0.1:8000")
        return value.rstrip("/")

    @field_validator("tiles_url")
    @classmethod
    def _a_template(cls, value: str | None) -> str | None:
        if not value:
            return None
        if not value.startswith(("http://", "https://")) or not all(part in value for part in ("{z}", "{x}", "{y}")):
            raise ValueError("tiles_url must be an address with {z}, {x} and {y} in it")
        return value

"""Settings of the API, from ``MOTCUA_API_*``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ApiSettings(BaseSettings):
    """The API's process."""

    model_config = SettingsConfigDict(env_prefix="MOTCUA_API_")

    dsn: SecretStr = Field(description="Address of the database")
    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(default=8000, ge=0, le=65535)
    pool_size: int = Field(default=8, ge=2, le=100, description="Connections to the database")
    target_wait_s: float = Field(default=900.0, gt=0, description="Target of the mean wait: 15 minutes from 2023 on")
    stale_after_s: float = Field(default=30.0, gt=0, description="A live figure older than this is shown as stale")
    k_min: int = Field(default=5, ge=1, description="Fewest visits behind a public figure")
    public_address_confirmed: bool = Field(default=False, description="The province has confirmed addresses and points")
    session_hours: float = Field(default=12.0, gt=0, description="A login lasts this long after its last use")
    cookie_secure: bool = Field(default=False, description="Send the cookie over HTTPS only: on wherever there is HTTPS")
    public_per_minute: int = Field(default=120, ge=1, description="Public requests of one address")
    reports_per_hour: int = Field(default=6, ge=1, description="Reports of wrong data of one address")
    reports_per_day: int = Field(default=300, ge=1, description="Reports of wrong data kept in a day, of everybody")
    satisfaction_settle_days: int = Field(
        default=15, ge=1, le=80, description="A quarter's satisfaction is published this long after its end, once"
    )
    best_times_weeks: int = Field(default=8, ge=1, le=52, description="Weeks behind the best times to come")
    open_data_licence: str = Field(
        default="CC BY 4.0", description="Licence of the figures in open data: the operator's choice"
    )
    frame_ancestors: str = Field(
        default="*",
        pattern=r"^[A-Za-z0-9*:/. '_-]+$",
        description="Who may embed the public page: a source list of Content-Security-Policy, for example https://portal.example",
    )
    logins_per_minute: int = Field(default=10, ge=1, description="Attempts of one address, and for one account")
    tiles_url: str | None = Field(default=None, description="Template of map tiles for the public page, off unless given")
    routing_url: str | None = Field(
        default=None,
        pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*$",
        description="A routing server for travel times on the public page, without a slash at the end; visitors' browsers ask it, if they agree",
    )
    routing_kind: Literal["osrm", "valhalla"] = Field(default="osrm", description="What the routing server speaks")
    kiosk_per_minute: int = Field(default=60, ge=1, description="Calls of one kiosk; a call carries up to 100 answers")
    qr_per_minute: int = Field(default=20, ge=1, description="Answers on the QR page from one address")
    rating_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Signs the addresses of the QR page, 32 characters or more; none: no QR page",
    )
    rating_url: str | None = Field(
        default=None, description="Address that QR codes lead to; none: the one the kiosk asked at"
    )
    rating_days: float = Field(default=7.0, gt=0, le=60, description="A QR address is good this long after the service")
    forwarded_for: bool = Field(default=False, description="Trust X-Forwarded-For: only behind a proxy of your own")

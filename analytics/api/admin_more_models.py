"""What the routes on accounts, devices, cameras and the audit log take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from motcua.analytics.api.admin_models import Version

Text = Annotated[str, Field(max_length=300, pattern=r"^[^\x00-\x1f]*$")]
Short = Annotated[str, Field(max_length=64, pattern=r"^[^\x00-\x1f]*$")]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class UserRow(BaseModel):
    """One account; ``own``: that of who asks, which they do not change."""

    username: str
    role: str
    office_id: str | None
    disabled: bool
    created_at: datetime
    version: str
    own: bool


class Users(BaseModel):
    """The accounts that are this administrator's."""

    users: list[UserRow]


class NewUser(_Given):
    """An account to be; ``office_id`` None: it sees every office."""

    username: Short
    role: Short
    office_id: Short | None = None


class ChangeUser(_Given):
    """An account as it should be."""

    version: Version
    role: Short
    office_id: Short | None = None
    disabled: bool = False


class Seen(_Given):
    """Which state somebody has seen."""

    version: Version


class Secret(BaseModel):
    """A password or a device's secret: shown this once, kept nowhere."""

    name: str
    secret: str


class DeviceRow(BaseModel):
    """One device of the registry."""

    device_id: str
    kind: str
    office_id: str | None
    source_id: str | None
    note: str | None
    created_at: datetime
    created_by: str
    rotated_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    version: str


class Devices(BaseModel):
    """The devices that are this administrator's."""

    devices: list[DeviceRow]


class NewDevice(_Given):
    """A device to be; an ingestor has neither office nor source."""

    device_id: Short
    kind: Short
    office_id: Short | None = None
    source_id: Short | None = None
    note: Text | None = None


class CameraRow(BaseModel):
    """A source as it is heard of. ``registered``: a device may connect as this source."""

    office_id: str
    source_id: str
    status: str
    last_at: datetime | None
    provenance: str | None
    agent_version: str | None
    blind: str | None
    sentiment_on: bool | None
    detail: str | None
    gaps: int
    registered: str | None


class Cameras(BaseModel):
    """Sources of these offices, cameras among them."""

    sources: list[CameraRow]


class AuditRow(BaseModel):
    """One line of the log."""

    number: int
    at: datetime
    username: str | None
    action: str
    detail: dict[str, Any]


class ChainOf(BaseModel):
    """Whether the log is whole. ``checked`` False: it is long, ask with ``check``. ``head``: write it down elsewhere."""

    rows: int
    head: str
    checked: bool
    broken_at: int | None
    why: str | None


class AuditPage(BaseModel):
    """Lines of the log, the newest first; ``before`` goes on from the last."""

    rows: list[AuditRow]
    before: int | None
    chain: ChainOf

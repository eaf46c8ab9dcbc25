"""What the API answers about alerts, and what it takes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from motcua.analytics.alert_rules import Kind, Setting
from motcua.analytics.alerting import Reason
from motcua.edge.messages import Provenance

State = Literal["open", "new", "over"]
Act = Literal["acknowledge", "assign", "comment"]
Scope = Annotated[str, Field(pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9_.-]{0,63})$")]


class Said(BaseModel):
    """The same in both languages."""

    vi: str
    en: str


class AlertRow(BaseModel):
    """An alert. It stands while ``cleared_at`` is null; ``unknown_since``: nothing is known of it since then."""

    alert_id: UUID
    office_id: str
    office_name: str
    kind: Kind
    subject: str = Field(description="The camera box it is about; empty: the office")
    name: Said
    figures: Said
    facts: dict[str, Any]
    facts_at: datetime
    raised_at: datetime
    first_raised_at: datetime
    times: int = Field(description="How often it was raised: what comes back within half an hour is the same alert")
    cleared_at: datetime | None
    cleared_because: Reason | None
    unknown_since: datetime | None
    provenance: Provenance | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    assigned_to: str | None


class AlertCounts(BaseModel):
    """Of the offices that the account may see."""

    standing: int
    unacknowledged: int


class ChannelRow(BaseModel):
    """A channel, without its address. ``error``: why it does not take messages now."""

    channel: str
    service: str
    sent_at: datetime | None
    failures: int
    failed_at: datetime | None
    error: str | None
    waiting: int


class Alerts(BaseModel):
    """A page of alerts: what stands first, then the newest. ``more``: there are others behind."""

    generated_at: datetime
    looked_at: datetime | None = Field(description="When the runner looked last; null: it never did")
    counts: AlertCounts
    alerts: list[AlertRow]
    more: bool
    may_act: bool
    channels: list[ChannelRow]


class AlertStep(BaseModel):
    """A line of an alert's history."""

    step: int
    at: datetime
    event: Literal["raised", "acknowledged", "assigned", "commented", "cleared", "notified"]
    username: str | None
    words: str | None
    detail: dict[str, Any]
    figures: Said | None = None


class AlertDetail(AlertRow):
    """An alert with its history, and who it may be given to."""

    generated_at: datetime
    history: list[AlertStep]
    may_act: bool
    assignees: list[str]


def _plain(text: str | None) -> str | None:
    if text is None:
        return None
    text = text.strip()
    if any(ord(c) < 32 and c not in "\n\t" for c in text) or "\x7f" in text:
        raise ValueError("control characters cannot stand in a comment")
    return text or None


class NewStep(BaseModel):
    """What is to be done. assign: ``assignee``, null for nobody; comment: ``words``."""

    model_config = ConfigDict(extra="forbid")

    action: Act
    assignee: Annotated[str, Field(max_length=64)] | None = None
    words: Annotated[str | None, Field(max_length=2000), AfterValidator(_plain)] = None


class HeldRule(BaseModel):
    """A rule as it holds for a scope: where it was set and since when; ``valid_from`` null: the product's default."""

    kind: str
    setting: Setting
    scope_id: str
    valid_from: date | None


class NewRule(BaseModel):
    """A rule for an office and all below it, or everywhere (``*``), from a day on."""

    model_config = ConfigDict(extra="forbid")

    scope_id: Scope
    valid_from: date
    setting: Annotated[Setting, Field(discriminator="kind")]

    @field_validator("valid_from")
    @classmethod
    def _near(cls, value: date) -> date:
        if not date(2020, 1, 1) <= value <= date(2100, 1, 1):
            raise ValueError("the day lies between 2020 and 2100")
        return value

"""What the API answers about officers' faces: modes, changes, months, the notice."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from motcua.edge.messages import OfficerMode, Provenance


class ModeRow(BaseModel):
    """A mode that held, or holds, from an instant on."""

    mode: OfficerMode
    valid_from: datetime
    legal_basis: str
    proposed_by: str
    confirmed_by: str


class ChangeRow(BaseModel):
    """A change that is asked for; ``may``: what this account may do with it."""

    change_id: UUID
    mode: OfficerMode
    legal_basis: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    may: list[Literal["confirm", "withdraw"]]


class BoxRow(BaseModel):
    """What a camera says that it reads; ``agrees``: whether that is the mode that holds."""

    source_id: str
    officer_faces: OfficerMode
    agrees: bool


class OfficeMode(BaseModel):
    """One office. An office that was never switched on is off, without a date."""

    office_id: str
    name: str
    mode: OfficerMode
    valid_from: datetime | None
    legal_basis: str | None
    change: ChangeRow | None
    boxes: list[BoxRow]


class OfficeModes(BaseModel):
    """The offices that an account may see."""

    offices: list[OfficeMode]


class OneOfficeMode(OfficeMode):
    """One office with what held before, and the notice of what is asked for."""

    history: list[ModeRow]
    may_ask: bool
    notice_planned: str | None = Field(description="The public notice's text as it would be, in the language asked for")


class AskChange(BaseModel):
    """A mode to ask for."""

    model_config = ConfigDict(extra="forbid")

    mode: OfficerMode
    legal_basis: Annotated[str, Field(max_length=2000)]


class MonthRow(BaseModel):
    """A month's mean valence, -1 (unpleasant) to 1 (pleasant), with its 95 % interval; null unless ``state`` is ok."""

    month: date
    state: Literal["ok", "insufficient", "few_officers"]
    model: str
    provenance: Provenance
    n: int | None
    periods: int | None
    valence: float | None
    low: float | None
    high: float | None
    right_low: float | None = Field(description="In what share of cases such a model names an expression rightly: from")
    right_high: float | None = Field(description="… and to; null: not known")
    right_measured: bool = Field(
        description="Measured by the province on labelled pictures; else from published comparisons"
    )


class Months(BaseModel):
    """Months, newest first. They have no part in a score."""

    office_id: str
    officer_id: str | None
    mode: OfficerMode
    valid_from: datetime
    min_n: int
    months: list[MonthRow]


class NoticeText(BaseModel):
    """The public notice of an office."""

    office_id: str
    mode: OfficerMode
    lang: Literal["vi", "en"]
    text: str

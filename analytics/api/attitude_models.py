"""What the API answers about officers' service, the roster and proposals."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from motcua.analytics.process import Action, State
from motcua.analytics.rule import Rule
from motcua.edge.messages import Id, Provenance


class AttitudeRow(BaseModel):
    """One officer's attitude of service, from ratings alone. Figures are null unless ``state`` is ok."""

    officer_id: str
    name: str
    office_id: str
    office_name: str
    state: Literal["ok", "insufficient"]
    n: int
    shifts: int
    raw: float | None = None
    adjusted: float | None = None
    score: float | None = None
    low: float | None = None
    high: float | None = None
    office_mean: float | None = None
    weight: float | None = Field(
        default=None, description="Share of the officer's own answers in the score; the rest is the office's mean"
    )
    points: float | None = None
    points_low: float | None = None
    points_high: float | None = None
    band: str | None = None
    username: str | None = None


class SpreadRow(BaseModel):
    """Standard deviations of scores: between officers, between shifts, between answers."""

    officers: float
    shifts: float
    answers: float


class Overview(BaseModel):
    """The officers of a unit over a period."""

    since: date
    until: date
    rule_from: date
    rule: Rule
    provenance: Provenance | None
    unassigned: int = Field(description="Answers at counters that no shift explains, or that two officers could be meant by")
    spread: SpreadRow | None
    officers: list[AttitudeRow]


class StepRow(BaseModel):
    """One step of a proposal."""

    action: Action
    at: datetime
    username: str
    band: str | None
    words: str | None


class ProposalRow(BaseModel):
    """A proposal, its evidence, what was done, and what this account may do now."""

    proposal_id: UUID
    officer_id: str
    officer_name: str
    office_id: str
    period_start: date
    period_end: date
    provenance: Provenance
    points: float
    band: str
    rule_from: date
    created_at: datetime
    state: State
    due_at: datetime | None
    decided_band: str | None
    evidence: dict[str, Any]
    steps: list[StepRow]
    may: list[Action]


class OfficerDetail(BaseModel):
    """One officer for HR."""

    since: date
    until: date
    row: AttitudeRow
    provenance: Provenance | None
    evidence: dict[str, Any]
    proposals: list[ProposalRow]
    may_propose: bool


class MyRecord(BaseModel):
    """An officer's own record."""

    officer_id: str | None
    name: str | None
    since: date
    until: date
    row: AttitudeRow | None
    evidence: dict[str, Any] | None
    provenance: Provenance | None
    proposals: list[ProposalRow]


class Propose(BaseModel):
    """A proposal to make."""

    model_config = ConfigDict(extra="forbid")

    officer_id: Id
    since: date
    until: date


class TakeStep(BaseModel):
    """A step to take."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    band: Annotated[str | None, Field(max_length=24)] = None
    words: Annotated[str | None, Field(max_length=5000)] = None


class NewRule(BaseModel):
    """A rule from a date on."""

    model_config = ConfigDict(extra="forbid")

    valid_from: date
    rule: Rule


class RuleRow(BaseModel):
    """A rule and from when it holds."""

    valid_from: date
    rule: Rule


class OfficerRow(BaseModel):
    """An officer of the roster."""

    officer_id: str
    name: str
    office_id: str
    username: str | None


class ShiftRow(BaseModel):
    """One shift."""

    shift_id: UUID
    officer_id: str
    name: str
    office_id: str
    counter_id: str
    start_at: datetime
    end_at: datetime


class Roster(BaseModel):
    """Shifts of a span and the officers."""

    since: date
    until: date
    officers: list[OfficerRow]
    shifts: list[ShiftRow]


class NewShift(BaseModel):
    """A shift to add; times as in a file."""

    model_config = ConfigDict(extra="forbid")

    officer_id: Annotated[str, Field(max_length=64)]
    name: Annotated[str, Field(max_length=120)]
    office_id: Annotated[str, Field(max_length=64)]
    counter_id: Annotated[str, Field(max_length=64)]
    start: Annotated[str, Field(max_length=40)]
    end: Annotated[str, Field(max_length=40)]


class Link(BaseModel):
    """The account that is an officer's; null: none."""

    model_config = ConfigDict(extra="forbid")

    username: Annotated[str | None, Field(max_length=64)] = None


class PreviewRow(BaseModel):
    """A shift that a file holds."""

    officer_id: str
    name: str
    office_id: str
    counter_id: str
    start_at: datetime
    end_at: datetime


class RosterImported(BaseModel):
    """What became of a file, or of a week that was copied. ``preview``: the first shifts of what was only looked at."""

    shifts: int
    imported: int
    errors: list[dict[str, Any]]
    written: bool
    preview: list[PreviewRow] = []


class ChangeShift(BaseModel):
    """Another counter or other times for a shift; times as in a file."""

    model_config = ConfigDict(extra="forbid")

    counter_id: Annotated[str, Field(max_length=64)]
    start: Annotated[str, Field(max_length=40)]
    end: Annotated[str, Field(max_length=40)]


class CopyWeek(BaseModel):
    """A week, by its Monday, whose shifts are to be those of the week before."""

    model_config = ConfigDict(extra="forbid")

    office_id: Id
    monday: date


class ChainRow(BaseModel):
    """Whether the audit log is whole."""

    rows: int
    head: str
    broken_at: int | None
    why: str | None

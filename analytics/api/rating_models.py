"""What the API answers about asked-for ratings. Shares lie in 0..1, null is unknown."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from motcua.edge.messages import Provenance

FigureState = Literal["ok", "too_few", "unknown", "withheld"]


class Figure(BaseModel):
    """Satisfaction of one place and period. All figures are null unless ``state`` is ok.

    ``withheld``: fewer than three officers stand behind it, or one with over half: it would be a person's figure.
    """

    state: FigureState = "unknown"
    n: int | None = 0
    satisfied: int | None = None
    share: float | None = None
    low: float | None = Field(default=None, description="95 % Wilson interval")
    high: float | None = None
    design_effect: float | None = Field(default=None, description="Variance between days over that of independent answers")
    assumes: Literal["independent", "days"] | None = None
    verdict: Literal["met", "missed", "open"] | None = Field(default=None, description="Against the target, by the interval")
    served: int | None = None
    response_rate: float | None = Field(default=None, description="Answers per person served")
    scores: list[int] | None = Field(default=None, description="Answers of 1, 2, 3, 4 and 5")
    provenance: Provenance | None = None


class OfficeFigure(BaseModel):
    """One office's satisfaction."""

    office_id: str
    name: str
    unit_name: str | None
    level: str
    figure: Figure
    findings: int | None = Field(
        default=None, description="Patterns that a person should look at; null: not looked for here"
    )


class Asked(BaseModel):
    """The period and the rule that a figure was asked for with."""

    since: date
    until: date = Field(description="The first day that is no longer in it")
    satisfied_from: int
    target_share: float
    rule_from: date


class Ratings(BaseModel):
    """Satisfaction of a unit and of its offices."""

    asked: Asked
    unit: Figure
    offices: list[OfficeFigure]


class CounterFigure(BaseModel):
    """One counter."""

    counter_id: str | None
    figure: Figure


class ChannelFigure(BaseModel):
    """One way of asking."""

    channel: str
    figure: Figure


class MonthFigure(BaseModel):
    """One month of Viet Nam's calendar."""

    month: date
    figure: Figure


class Reason(BaseModel):
    """What answers were about."""

    reason: str
    n: int
    satisfied: int


class FindingRow(BaseModel):
    """One pattern that a person should look at."""

    kind: str
    counter_id: str | None
    at: datetime | None
    n: int
    value: float | None
    other: str | None


class BesideRow(BaseModel):
    """The camera's sentiment beside the answers. ``fit`` ok: ``calibrated`` is what it foretells of satisfaction here."""

    state: Literal["ok", "insufficient", "off"]
    n: int = 0
    valence: float | None = None
    low: float | None = None
    high: float | None = None
    model: str | None = None
    days: int = 0
    r: float | None = None
    r_low: float | None = None
    r_high: float | None = None
    fit: Literal["too_few", "no_use", "ok"] = "too_few"
    calibrated: float | None = None
    provenance: Provenance | None = None


class OfficeRatings(BaseModel):
    """One office in depth."""

    office_id: str
    name: str
    unit_name: str | None
    asked: Asked
    figure: Figure
    counters: list[CounterFigure]
    channels: list[ChannelFigure]
    months: list[MonthFigure]
    reasons: list[Reason]
    findings: list[FindingRow]
    sentiment: BesideRow
    officers: int | None = Field(description="Who stand behind it; null: no roster")
    largest_share: float | None
    unassigned: int
    may_read_comments: bool = False


class Imported(BaseModel):
    """What became of a file."""

    lines: int
    imported: int
    duplicates: int
    dropped_columns: list[str]
    errors: list[dict[str, Any]]
    written: bool


class KioskNow(BaseModel):
    """What a kiosk needs to know of itself."""

    office_name: str
    kiosk_id: str
    counter_id: str | None
    simulated: bool
    qr: bool
    now: datetime


class KioskAnswers(BaseModel):
    """What a kiosk sends: each with id, at, epoch, seq, score, and perhaps reason. What is no rating is refused one by one."""

    model_config = ConfigDict(extra="forbid")

    ratings: list[dict[str, Any]] = Field(min_length=1, max_length=100)


class Refused(BaseModel):
    """An item that is no rating, kept in the dead letters."""

    index: int
    reason: str


class KioskKept(BaseModel):
    """What is stored (or was), and what never will be: a browser may forget both."""

    kept: list[str]
    refused: list[Refused]
    now: datetime


class Qr(BaseModel):
    """A fresh address for one rating, and its QR code as SVG."""

    url: str
    svg: str
    valid_until: datetime

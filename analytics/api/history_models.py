"""What the API answers about past spans. Seconds, shares 0..1, 95 % intervals; null is unknown."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from motcua.analytics.targets import Metric
from motcua.edge.messages import Provenance

State = Literal["ok", "too_few", "unknown"]
StepName = Literal["hour", "day", "week", "month"]


class Between(BaseModel):
    """A value with its interval; an end is null where it cannot be told."""

    value: float
    low: float | None
    high: float | None


class WaitFigure(BaseModel):
    """Waits of the served whose visit closed in a span. Figures are null unless ``state`` is ok (``too_few``: fewer than ``min_n``)."""

    state: State = "unknown"
    provenance: Provenance | None = None
    days: int = Field(default=0, description="Days with any visit")
    joined: int = Field(default=0, description="Visits that joined the queue, however they ended")
    served: int = 0
    reneged: int = 0
    lost: int = 0
    n: int = Field(default=0, description="Served visits whose wait is known")
    assumes: Literal["independent", "days"] | None = Field(
        default=None, description="What the intervals take for independent"
    )
    mean_s: Between | None = None
    median_s: Between | None = None
    p90_s: Between | None = None
    within_15: Between | None = None
    within_30: Between | None = None
    max_s: float | None = None
    until_service_s: Between | None = Field(
        default=None,
        description="Mean of everybody who queued; who gave up or was lost is censored (Kaplan-Meier, 120 minutes)",
    )
    censored_share: float | None = None
    quantiles: Literal["ok", "too_wide", "unknown"] = Field(
        default="unknown", description="too_wide: so many offices and days that quantiles and hours are not computed"
    )
    handling_n: int = 0
    handling_s: Between | None = Field(default=None, description="Mean service time")


class Step(BaseModel):
    """One hour, day, week or month of a span; the instant or day on which it begins, in Viet Nam."""

    start: datetime | date
    state: State
    n: int
    mean_s: Between | None
    within_15: Between | None


class HeatCell(BaseModel):
    """The wait of the served who came in an hour of the week; weekday 1 is Monday."""

    weekday: int
    hour: int
    n: int
    hours: int = Field(description="Single hours behind it")
    mean_s: Between | None = Field(description="null: fewer than min_n")


class Kpi(BaseModel):
    """A figure against its target.

    ``state``: met or missed where the whole interval says so, else open; not_applicable with its ``reason``.
    """

    metric: Metric
    state: Literal["met", "missed", "open", "too_few", "unknown", "withheld", "no_target", "not_applicable"]
    reason: Literal["level", "fewer_files", "per_office", "switched_off"] | None = None
    figure: Between | None = None
    n: int | None = None
    target: float | None = None
    target_from: date | None = None
    source: str | None = None
    carried: bool = Field(default=False, description="The plan says nothing of these days: its last number is carried on")
    changed: bool = Field(default=False, description="Another target held at the beginning of the span")
    of: Literal["files", "visits"] | None = Field(default=None, description="visits: a proxy, where no feed tells files")
    by: Literal["roster", "counters"] | None = Field(
        default=None, description="Persons by the roster, or counters that served"
    )
    days: int | None = None
    office_year: float | None = Field(default=None, description="What the office receives in a year in all, projected")
    response_rate: float | None = None


class SpanFigures(BaseModel):
    """One series over one span: whole days of Viet Nam, ``until`` is the first day that is no longer in it."""

    since: date
    until: date
    figure: WaitFigure
    steps: list[Step]
    heat: list[HeatCell] | None = Field(description="null: too many offices and days")
    kpis: list[Kpi]


class Difference(BaseModel):
    """The first span less the second."""

    mean_s: Between | None
    within_15: Between | None


class Series(BaseModel):
    """One office, or everything that the account may see (``office_id`` null)."""

    office_id: str | None
    name: str | None
    level: str | None
    offices: int = Field(description="Offices that have any figure of this provenance")
    left_out: int = Field(description="Offices that have figures of another provenance only: never added up")
    a: SpanFigures
    b: SpanFigures | None
    difference: Difference | None


class OfficeWait(BaseModel):
    """The waits of one office of the table."""

    state: State = "unknown"
    provenance: Provenance | None = None
    days: int = 0
    joined: int = 0
    n: int = 0
    mean_s: Between | None = None
    within_15: Between | None = None


class OfficeRow(BaseModel):
    """One office of the table."""

    office_id: str
    name: str
    level: str
    figure: OfficeWait
    compared: OfficeWait | None
    wait: Kpi


class Choice(BaseModel):
    """An office that may be chosen."""

    office_id: str
    name: str


class History(BaseModel):
    """What a page of history shows."""

    generated_at: datetime
    min_n: int
    step: StepName
    choices: list[Choice]
    series: list[Series]
    table: list[OfficeRow] = Field(description="Every office, where none was chosen")

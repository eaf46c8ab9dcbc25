"""What the API answers of counters and of the last hour. Instants are ISO 8601 in UTC, durations seconds, null is unknown."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from motcua.analytics.api.models import CounterNow, SourceNow, Wait
from motcua.edge.messages import Provenance


class Trend(BaseModel):
    """An office's expected wait over the last hour."""

    office_id: str
    provenance: Provenance
    points: list[float | None] = Field(description="Mean expected wait of each step, seconds, oldest first; null: no figure")


class Trends(BaseModel):
    """The last hour of every office that the account may see; kinds of data are never added up."""

    until: datetime = Field(description="End of the last step; it may lie ahead")
    step_s: float
    trends: list[Trend]


class Figure(BaseModel):
    """A mean over visits with its 95 % interval, seconds. mean_s is null below k_min visits: a figure of few is a person's."""

    n: int
    mean_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None


class CounterSpan(BaseModel):
    """Who was served at a counter within a span."""

    start: datetime
    end: datetime
    served: int
    wait: Figure = Field(description="Wait of those served here whose wait is known")
    service: Figure
    within_15_share: float | None = None


class CounterClose(CounterNow):
    """One counter with the queue before it, its sources, its hours and its day."""

    wait: Wait = Field(description="Of somebody who joins the queue before this counter now")
    queue_shared_with: list[str] = Field(description="Other counters that serve the same queue")
    source_ids: list[str] = Field(description="Cameras that see this counter")
    trend: list[float | None] = Field(description="The expected wait of its queue over the last hour, as in Trend")
    hours: list[CounterSpan]
    today: CounterSpan


class OfficeCounters(BaseModel):
    """Every counter of an office, on one scale of time."""

    office_id: str
    generated_at: datetime
    provenance: Provenance | None
    target_wait_s: float
    k_min: int
    counters: list[CounterClose]
    sources: list[SourceNow]

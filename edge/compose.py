"""Figures become messages: pure. Epoch and sequence numbers are the outbox's business and are set there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, TypeVar

from motcua.edge.messages import (
    BlindReason,
    Condition,
    Counts,
    Health,
    ModelInfo,
    OfficerExpression,
    OfficerMode,
    OfficerUse,
    Part,
    Provenance,
    Queue,
    Sentiment,
    Sums,
    Visit,
    uuid7,
)
from motcua.edge.outbox import OutboxSize
from motcua.edge.parts import PeriodCounts
from motcua.edge.queue import QueueFigures
from motcua.edge.sentiment import Period
from motcua.edge.visits import ClosedVisit

_S = TypeVar("_S", Sums, Condition)


@dataclass(frozen=True, slots=True)
class Source:
    """Who speaks."""

    office_id: str
    source_id: str
    provenance: Provenance

    def envelope(self, at: datetime) -> dict[str, Any]:
        """What every message begins with."""
        return {"id": uuid7(at), "at": at, "epoch": 0, "seq": 1} | {f.name: getattr(self, f.name) for f in fields(self)}


def visit_message(source: Source, visit: ClosedVisit, model: ModelInfo) -> Visit:
    """A closed visit."""
    return Visit(
        **source.envelope(visit.closed_at),
        counter_id=visit.counter_id,
        lane=visit.lane,
        arrival_at=visit.arrival_at,
        service_start_at=visit.service_start_at,
        departure_at=visit.departure_at,
        outcome=visit.outcome,
        stitched_s=visit.stitched_s,
        model=model,
    )


def queue_message(
    source: Source, figures: QueueFigures, at: datetime, model: ModelInfo, part: Part | Literal["whole"] = "whole"
) -> Queue:
    """The queue's state at ``at``, seconds and rates to a tenth."""
    values = {f.name: getattr(figures, f.name) for f in fields(figures)}
    rounded = {name: round(value, 1) if isinstance(value, float) else value for name, value in values.items()}
    return Queue(**source.envelope(at), **rounded, model=model, part=None if part == "whole" else part)


def counts_message(source: Source, period: PeriodCounts, model: ModelInfo) -> Counts:
    """What a camera that sees a part of a queue counted in one period."""
    return Counts(
        **source.envelope(period.end),
        part=period.part,
        period_start=period.start,
        period_end=period.end,
        measured_s=period.measured_s,
        joined=dict(period.joined),
        left=None if period.left is None else dict(period.left),
        waiting_person_s=None if period.waiting_person_s is None else dict(period.waiting_person_s),
        started=period.started,
        model=model,
    )


def sentiment_message(source: Source, period: Period, model: ModelInfo, temperature: float | None = None) -> Sentiment:
    """One counter's sums over a period. Its instant is the period's end: nothing in it tells when a visit was."""
    return Sentiment(
        **source.envelope(period.end),
        counter_id=period.counter_id,
        period_start=period.start,
        period_end=period.end,
        n=period.n,
        valence_sum=period.valence_sum,
        valence_sum2=period.valence_sum2,
        class_sums=period.class_sums,
        change=_sums(Sums, period.change),
        arousal=_sums(Sums, period.arousal),
        light=_sums(Condition, period.light),
        face_px=_sums(Condition, period.face_px),
        unread=dict(period.unread),
        temperature=temperature or 1.0,
        calibrated=temperature is not None,
        model=model,
    )


def officer_message(source: Source, period: Period, model: ModelInfo, mode: OfficerUse) -> OfficerExpression:
    """One counter's sums of the face behind it over a period, whose end is its instant."""
    return OfficerExpression(
        **source.envelope(period.end),
        mode=mode,
        counter_id=period.counter_id,
        period_start=period.start,
        period_end=period.end,
        n=period.n,
        valence_sum=period.valence_sum,
        valence_sum2=period.valence_sum2,
        model=model,
    )


def _sums(kind: type[_S], given: Any) -> _S | None:
    return None if given is None else kind(**{f.name: getattr(given, f.name) for f in fields(given)})


def health_message(
    source: Source,
    at: datetime,
    *,
    status: Literal["online", "degraded", "stopping"],
    detail: str,
    frames_per_s: float | None,
    frame_lag_s: float | None,
    outbox: OutboxSize,
    dropped: Mapping[str, int],
    sentiment_on: bool,
    officer_faces: OfficerMode = "off",
    blind: BlindReason | None = None,
) -> Health:
    """The source's own state."""
    return Health(
        **source.envelope(at),
        status=status,
        agent_version=agent_version(),
        frames_per_s=None if frames_per_s is None else round(frames_per_s, 2),
        frame_lag_s=None if frame_lag_s is None else round(frame_lag_s, 3),
        outbox_rows=min(outbox.rows, 1_000_000),
        outbox_bytes=outbox.bytes,
        outbox_span_h=round(outbox.span_h, 2),
        outbox_capacity_h=None if outbox.capacity_h is None else round(outbox.capacity_h, 1),
        dropped={name: min(count, 1_000_000) for name, count in dropped.items()},
        sentiment_on=sentiment_on,
        officer_faces=officer_faces,
        blind=blind,
        detail=detail[:500],
    )


def agent_version() -> str:
    """The installed product's version."""
    try:
        return version("motcua")
    except PackageNotFoundError:
        return "unknown"

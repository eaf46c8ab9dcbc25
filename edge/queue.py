"""The state of a queue at one instant: pure, from who is there and the visits that closed lately.

What a newcomer may expect is foretold by :mod:`motcua.edge.forecast`, from five finished services on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from motcua.edge.flow import FlowSums
from motcua.edge.forecast import Quantiles, Seen, seen, shipped
from motcua.edge.messages import BlindReason, CounterState, QueueState
from motcua.edge.visits import ClosedVisit, VisitState


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Seconds, and the number of finished services below which nothing is foretold."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}  # a misspelt entry of the settings file is an error

    window_s: float = 3600.0  # for rates and for the mean service
    open_s: float = 600.0  # a counter that served within it is open
    min_rate_s: float = 60.0  # below this a rate per hour says nothing
    blind_after_s: float = 8.0  # without a frame
    min_services: int = 5


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """What a ``Queue`` message says, under the same names. None means unknown."""

    state: QueueState
    waiting: int | None = None
    in_service: int | None = None
    open_counters: int | None = None
    arrivals_per_h: float | None = None
    services_per_h: float | None = None
    oldest_wait_s: float | None = None
    expected_wait_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    n: int = 0
    counters: tuple[CounterState, ...] = ()
    measured_s: float | None = None
    waiting_person_s: float | None = None
    queue_arrivals: int | None = None
    queue_departures: int | None = None
    waited_min: dict[int, int] | None = None
    blind: BlindReason | None = None


def measured(known: QueueFigures, flow: FlowSums) -> QueueFigures:
    """The same figures with what was counted since the last sample. A blind camera has only what it counted before."""
    if known.state == "blind" and flow.measured_s == 0:
        return known
    return replace(
        known,
        measured_s=flow.measured_s,
        waiting_person_s=flow.waiting_person_s,
        queue_arrivals=flow.arrivals,
        queue_departures=flow.departures,
    )


def recent(history: Sequence[ClosedVisit], at: datetime, settings: QueueSettings) -> list[ClosedVisit]:
    """The closed visits that still matter at ``at``."""
    since = at - timedelta(seconds=max(settings.window_s, settings.open_s))
    return [v for v in history if v.closed_at >= since]


def figures(
    state: VisitState,
    history: Sequence[ClosedVisit],
    at: datetime,
    *,
    counters: Sequence[str],
    watching_since: datetime,
    settings: QueueSettings,
    forecast: Callable[[Seen], Quantiles] | None = None,
) -> QueueFigures:
    """The queue at ``at``. ``state.at`` is the last frame; ``watching_since`` is when this source began to look.

    forecast: what a newcomer will wait; by default the predictor that is shipped.
    """
    if _age(state.at or watching_since, at) > settings.blind_after_s:
        return QueueFigures("blind")
    if state.at is None:
        return QueueFigures("unknown")
    watched_s = (at - watching_since).total_seconds()
    people = [p for p in state.people.values() if p.arrival_at is not None]
    waiting = [p for p in people if p.service_start_at is None]
    served = [v for v in history if v.outcome == "served" and _age(v.departure_at, at) <= settings.window_s]
    states = tuple(_counter(c, state, history, at, watched_s, settings) for c in counters)
    in_service, open_ = sum(c.in_service for c in states), sum(c.open is True for c in states)
    span_s = min(watched_s, settings.window_s)
    came = [v.arrival_at for v in history if v.outcome != "balked"] + [p.arrival_at for p in people if p.arrival_at]
    hours = span_s / 3600 if span_s >= settings.min_rate_s else None
    known = QueueFigures(
        state="ok",
        waiting=len(waiting),
        in_service=in_service,
        # Nobody served yet says nothing about counters until they have been watched for long enough.
        open_counters=open_ if open_ or all(c.open is not None for c in states) else None,
        arrivals_per_h=hours and sum(_age(a, at) <= span_s for a in came) / hours,
        services_per_h=hours and sum(_age(v.departure_at, at) <= span_s for v in served) / hours,
        oldest_wait_s=max((_age(p.arrival_at, at) for p in waiting if p.arrival_at), default=None),
        n=len(served),
        counters=states,
        waited_min=dict(Counter(min(int(_age(p.arrival_at, at) // 60), 120) for p in waiting if p.arrival_at)),
    )
    return _with_forecast(
        known, state, history, [v for v in served if v.service_start_at], at, settings, forecast or shipped()
    )


def _with_forecast(
    known: QueueFigures,
    state: VisitState,
    history: Sequence[ClosedVisit],
    served: Sequence[ClosedVisit],
    at: datetime,
    settings: QueueSettings,
    forecast: Callable[[Seen], Quantiles],
) -> QueueFigures:
    if len(served) < settings.min_services:
        return replace(known, state="too_few")
    if not known.open_counters:
        return replace(known, state="unknown")
    low, expected, high = forecast(seen(state, served, history, at, known.open_counters))
    return replace(known, expected_wait_s=expected, low_s=low, high_s=high)


def _counter(
    counter_id: str,
    state: VisitState,
    history: Sequence[ClosedVisit],
    at: datetime,
    watched_s: float,
    settings: QueueSettings,
) -> CounterState:
    here = [p for p in state.people.values() if p.service_start_at and p.role == "service" and p.at_counter == counter_id]
    lately = any(
        v.counter_id == counter_id and v.service_start_at and _age(v.departure_at, at) <= settings.open_s for v in history
    )
    open_ = True if here or lately else False if watched_s >= settings.open_s else None
    return CounterState(counter_id=counter_id, in_service=len(here), open=open_)


def _age(instant: datetime, at: datetime) -> float:
    return (at - instant).total_seconds()

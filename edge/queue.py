"""The state of a queue at one instant: pure, from who is there and the visits that closed lately.

The expected wait of a newcomer is a simple, honest one. With ``m`` open counters and mean service time ``s``, somebody who
joins now waits for ``k`` services to end, each ending after ``s / m`` on average; ``k`` is 0 while a counter is free. The
80 % interval is that of a gamma distribution whose variance holds both the chance in those ``k`` services and the
uncertainty of ``s`` itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import fmean, variance
from typing import ClassVar

from motcua.edge.flow import FlowSums
from motcua.edge.gamma import gamma_quantile
from motcua.edge.messages import CounterState, QueueState
from motcua.edge.visits import ClosedVisit, VisitState


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Seconds, and the number of finished services below which nothing is foretold."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}  # a misspelt entry of the settings file is an error

    window_s: float = 3600.0  # for rates and for the mean service
    open_s: float = 600.0  # a counter that served within it is open
    min_rate_s: float = 60.0  # below this a rate per hour says nothing
    blind_after_s: float = 10.0
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


def measured(known: QueueFigures, flow: FlowSums) -> QueueFigures:
    """The same figures with what was counted since the last sample; it stands beside every state, ``blind`` too."""
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
) -> QueueFigures:
    """The queue at ``at``. ``state.at`` is the last frame; ``watching_since`` is when this source began to look."""
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
        services_per_h=hours and len(served) / hours,
        oldest_wait_s=max((_age(p.arrival_at, at) for p in waiting if p.arrival_at), default=None),
        n=len(served),
        counters=states,
        waited_min=dict(Counter(min(int(_age(p.arrival_at, at) // 60), 120) for p in waiting if p.arrival_at)),
    )
    return _with_forecast(known, [v for v in served if v.service_start_at], settings)


def expected_wait(
    waiting: int, in_service: int, open_counters: int, services_s: Sequence[float]
) -> tuple[float, float, float]:
    """(expected, low, high) seconds that a newcomer waits, low and high being the 80 % interval.

    services_s: two or more finished service times. Raises ValueError without an open counter.
    """
    if open_counters < 1 or len(services_s) < 2:
        raise ValueError("a forecast needs an open counter and two finished services")
    free = max(0, open_counters - in_service)
    k = max(0, waiting + 1 - free)
    mean = fmean(services_s)
    if k == 0 or mean == 0:
        return 0.0, 0.0, 0.0
    n = len(services_s)
    # A small sample's spread is drawn towards the exponential's, as if five services had shown it.
    scatter = (n * variance(services_s, mean) / mean**2 + 5) / (n + 5)
    expected = k * mean / open_counters
    relative_variance = scatter * (1 / k + 1 / n)
    shape = 1 / relative_variance
    low, high = (gamma_quantile(shape, p) * expected / shape for p in (0.1, 0.9))
    return expected, min(low, expected), max(high, expected)


def _with_forecast(known: QueueFigures, served: Sequence[ClosedVisit], settings: QueueSettings) -> QueueFigures:
    if len(served) < settings.min_services:
        return replace(known, state="too_few")
    if not known.open_counters or known.waiting is None or known.in_service is None:
        return replace(known, state="unknown")
    durations = [(v.departure_at - v.service_start_at).total_seconds() for v in served if v.service_start_at]
    expected, low, high = expected_wait(known.waiting, known.in_service, known.open_counters, durations)
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

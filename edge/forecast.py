"""What a newcomer will wait: several predictors side by side, each with an 80 % interval. Pure.

=================  ====================================================================================================
``queue_length``   k services have to end, each after (mean service / open counters); a gamma distribution's interval
``last_served``    what the last person waited who was called from the queue ("last to enter service")
``first_in_line``  how long the first in line has waited by now ("head of line")
``headway``        k times the mean time between the last calls from the queue
``learned``        quantiles that are weighted sums of all of these (Koenker and Bassett 1978), weights learned from data
=================  ====================================================================================================

(The middle ones after Ibrahim and Whitt 2009.) All of them are in seconds and scale with the services of the office, so that
weights learned on simulated offices are a fair beginning in a real one. :class:`Adaptive` then makes each office's interval as
wide as the waits there turn out to need: adaptive conformal inference (Gibbs and Candès 2021), in proportion.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import fmean, variance

from motcua.edge.gamma import gamma_quantile
from motcua.edge.visits import ClosedVisit, VisitState

SHARES = (0.1, 0.5, 0.9)
Quantiles = tuple[float, float, float]
_LATELY_S = 1800.0  # calls longer ago say nothing about the pace now
_CALLS = 12
_INSIDE = SHARES[2] - SHARES[0]
_WIDEST = 1.5
_KEEP = timedelta(hours=4)
_SAME_MOMENT = timedelta(seconds=60)
_FILE = Path(__file__).with_name("forecast.json")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a newcomer finds. ``ahead``: services that must end before theirs begins; 0 while a counter is free.

    pace_s: mean service over open counters; headway_s: mean time between calls from the queue lately, while people waited.
    """

    ahead: int
    counters: int
    services_s: tuple[float, ...]
    pace_s: float
    headway_s: float
    last_wait_s: float
    oldest_s: float
    given_up: float  # share of those who left the queue lately without service


def seen(
    state: VisitState, served: Sequence[ClosedVisit], history: Sequence[ClosedVisit], at: datetime, counters: int
) -> Seen:
    """What somebody finds who comes at ``at``. served: one visit or more with a finished service; counters: open ones, at least 1."""
    people = [p for p in state.people.values() if p.arrival_at is not None]
    waiting = [p for p in people if p.service_start_at is None]
    free = max(0, counters - (len(people) - len(waiting)))
    durations = tuple((v.departure_at - v.service_start_at).total_seconds() for v in served if v.service_start_at)
    going_s = sum((at - p.service_start_at).total_seconds() for p in people if p.service_start_at)
    # Services that still go on count with what is known of them: the mean of an exponential under censoring.
    pace_s = (sum(durations) + min(going_s, sum(durations))) / len(durations) / counters
    since = at - timedelta(seconds=_LATELY_S)
    started = [(v.service_start_at, v.arrival_at) for v in history] + [(p.service_start_at, p.arrival_at) for p in people]
    calls = sorted((start, came) for start, came in started if start and came and since <= start and came < start)[-_CALLS:]
    headway_s = (at - calls[0][0]).total_seconds() / len(calls) if len(calls) > 2 else pace_s
    given_up = sum(v.outcome == "reneged" and v.departure_at >= since for v in history)
    ahead = max(0, len(waiting) + 1 - free)
    return Seen(
        ahead=ahead,
        counters=counters,
        services_s=durations,
        pace_s=pace_s,
        headway_s=min(max(headway_s, 0.3 * pace_s), 3 * pace_s),
        last_wait_s=(calls[-1][0] - calls[-1][1]).total_seconds() if calls else ahead * pace_s,
        oldest_s=max(((at - p.arrival_at).total_seconds() for p in waiting if p.arrival_at), default=0.0),
        given_up=given_up / (given_up + len(calls)) if given_up else 0.0,
    )


def queue_length(now: Seen) -> Quantiles:
    """k services, each lasting the mean over the open counters."""
    n, mean, k = len(now.services_s), fmean(now.services_s), now.ahead
    if k == 0 or mean < 1e-6:  # instants differ by a microsecond at least
        return 0.0, 0.0, 0.0
    # A small sample's spread is drawn towards the exponential's, as if five services had shown it.
    scatter = ((n * variance(now.services_s, mean) / mean**2 if n > 1 else 0.0) + 5) / (n + 5)
    expected = k * mean / now.counters
    shape = 1 / (scatter * (1 / k + 1 / n))
    low, high = (gamma_quantile(shape, p) * expected / shape for p in (0.1, 0.9))
    return min(low, expected), expected, max(high, expected)


def last_served(now: Seen) -> Quantiles:
    """The wait of whoever was called last."""
    return _around(now.last_wait_s, now)


def first_in_line(now: Seen) -> Quantiles:
    """The wait so far of whoever is first in line."""
    return _around(now.oldest_s, now)


def headway(now: Seen) -> Quantiles:
    """As many calls as it takes, at the pace of the last ones."""
    return _around(now.ahead * now.headway_s, now)


def features(now: Seen) -> tuple[float, ...]:
    """What the learned quantiles are weighted sums of, in seconds."""
    n, by_length, by_headway = len(now.services_s), now.ahead * now.pace_s, now.ahead * now.headway_s
    mean = fmean(now.services_s)
    scatter = math.sqrt(variance(now.services_s, mean)) / mean if n > 1 and mean > 0 else 1.0
    one, root = now.pace_s, math.sqrt(now.ahead) * now.pace_s
    return (
        by_length,
        by_headway,
        now.last_wait_s,
        now.oldest_s,
        by_length * now.given_up,
        root,
        one,
        root * scatter,
        one * scatter,
        by_length / math.sqrt(n),
        abs(by_length - by_headway),
        abs(by_length - max(now.oldest_s, now.last_wait_s)),
    )


@dataclass(frozen=True, slots=True)
class Learned:
    """Weights of :func:`features`, one row for each of :data:`SHARES`."""

    weights: tuple[tuple[float, ...], ...]

    def __call__(self, now: Seen) -> Quantiles:
        """Quantiles in order, none below 0."""
        if now.ahead == 0:
            return 0.0, 0.0, 0.0
        values = features(now)
        low, middle, high = sorted(
            max(0.0, math.fsum(w * v for w, v in zip(row, values, strict=True))) for row in self.weights
        )
        return low, middle, high


Predictor = Callable[[Seen], Quantiles]


@cache
def shipped() -> Learned:
    """The learned predictor as it is shipped: ``motcua evaluate-forecast --learn`` writes such a file."""
    return parse_weights(json.loads(_FILE.read_text(encoding="utf-8")))


def parse_weights(data: Mapping[str, object]) -> Learned:
    """Weights from parsed JSON. Raises ValueError where they do not fit this version's features."""
    rows = data.get("weights")
    if data.get("version") != 1 or not isinstance(rows, list) or len(rows) != len(SHARES):
        raise ValueError('expected {"version": 1, "weights": three rows}')
    width = len(features(Seen(1, 1, (1.0,), 1.0, 1.0, 0.0, 0.0, 0.0)))
    if not all(isinstance(row, list) and len(row) == width and all(math.isfinite(w) for w in row) for row in rows):
        raise ValueError(f"each row of weights has {width} numbers")
    return Learned(tuple(tuple(float(w) for w in row) for row in rows))


def predictors() -> dict[str, Predictor]:
    """Every predictor by name."""
    return {
        "queue_length": queue_length,
        "last_served": last_served,
        "first_in_line": first_in_line,
        "headway": headway,
        "learned": shipped(),
    }


@dataclass(slots=True)
class Adaptive:
    """One predictor whose interval is made as wide as people of this office really need.

    Both halves of the interval are multiplied by ``exp(widening)``. After every wait that came to be known it moves: up by 0.8
    ``rate`` where the wait lay outside, down by 0.2 ``rate`` where it lay inside, so that in the long run four in five lie inside.
    """

    predictor: Predictor = field(default_factory=shipped)
    widening: float = 0.0
    rate: float = 0.02
    _told: list[tuple[datetime, Quantiles]] = field(default_factory=list)  # lately, by instant

    def __call__(self, now: Seen) -> Quantiles:
        """(low, expected, high) seconds: half wait less than expected, four in five between low and high."""
        low, middle, high = self.predictor(now)
        factor = math.exp(self.widening)
        return max(0.0, middle - (middle - low) * factor), middle, middle + (high - middle) * factor

    def told(self, at: datetime, quantiles: Quantiles) -> None:
        """Remember what a newcomer of ``at`` is told; instants grow."""
        self._told.append((at, quantiles))
        if self._told[0][0] < at - 2 * _KEEP:
            self._told = [item for item in self._told if item[0] >= at - _KEEP]

    def learn(self, arrival_at: datetime, wait_s: float, *, served: bool) -> None:
        """Somebody who came then waited so long; not served: they gave up, and would have waited longer."""
        place = bisect_right(self._told, arrival_at, key=lambda item: item[0]) - 1
        if place >= 0 and arrival_at - self._told[place][0] <= _SAME_MOMENT and self._told[place][1][2] > 0:
            self.correct(self._told[place][1], wait_s, served=served)

    def correct(self, told: Quantiles, wait_s: float, *, served: bool) -> None:
        """One forecast against one wait. Whoever gave up before the interval's end says nothing."""
        if served or wait_s > told[2]:
            missed = not told[0] <= wait_s <= told[2]
            self.widening += self.rate * (missed - (1 - _INSIDE))
            self.widening = min(max(self.widening, -_WIDEST), _WIDEST)


def _around(expected: float, now: Seen) -> Quantiles:
    """An interval for predictors that bring none: to be corrected by what people really wait."""
    if now.ahead == 0:
        return 0.0, 0.0, 0.0
    spread = max(now.pace_s * math.sqrt(now.ahead), 1.0)
    expected = max(expected, 0.2 * now.pace_s)
    return max(0.3 * expected, expected - spread), expected, expected + 1.2 * spread

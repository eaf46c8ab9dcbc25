"""The waits of a period: three estimands from bins of a minute, and Little's law beside them. Pure.

========================  ============================================  ===============================================
estimand                  an event is                                   censored are
========================  ============================================  ===============================================
wait of the served        the start of a service                        nobody: whoever was not served is left out
time in queue of all      leaving the queue, served or not              lost tracks, people who still wait
wait until service        the start of a service                        reneged, lost tracks, people who still wait
========================  ============================================  ===============================================

A period holds everybody who *arrived* in it. Means are restricted to 120 minutes, or to the longest wait seen where nobody
is known to have waited longer than that; intervals are of 95 %.

People who still wait are not censored at random: in a queue that grows they are the ones who will wait longest, which
Kaplan and Meier's estimator cannot know. Where the queue is first come, first served and a newcomer's wait is foretold,
whoever stands k-th gets k shares of it on top of what they have waited; elsewhere they count as censored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from motcua.analytics.waits import BIN_S, LAST_BIN, Z95, t95

RESTRICT_S = LAST_BIN * BIN_S
DIFFERENCE = 0.05  # two estimates closer than this never raise the flag
MIN_HOURS = 4  # fewer say nothing about how far two estimates may differ


@dataclass(frozen=True, slots=True)
class Cell:
    """The waits that ended in one bin of a minute: events, with the sum of their seconds, and censorings."""

    index: int
    events: int = 0
    events_s: float = 0.0
    censored: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """One estimand's figures. None is unknown: a quantile that the curve does not reach, an interval of one observation.

    restricted_to_s: where the mean is cut off; beyond_share: the share that waits longer than that.
    """

    n: int
    events: int
    mean_s: float
    low_s: float | None
    high_s: float | None
    median_s: float | None
    median_low_s: float | None
    median_high_s: float | None
    p90_s: float | None
    restricted_to_s: float
    beyond_share: float

    @property
    def censored(self) -> int:
        """How many of ``n`` were censored."""
        return self.n - self.events


@dataclass(frozen=True, slots=True)
class Flow:
    """Little's sums of one hour."""

    measured_s: float
    waiting_person_s: float
    departures: int


@dataclass(frozen=True, slots=True)
class Little:
    """The mean time in queue of all who queued, by Little's law, with the jackknife's interval over hours."""

    mean_s: float
    low_s: float | None
    high_s: float | None
    departures: int
    measured_s: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who still waits: when they came, and how long they will have waited; ``known`` False: at least so long."""

    arrival_at: datetime
    wait_s: float
    known: bool


def figure(cells: Iterable[Cell]) -> Figure | None:
    """Kaplan-Meier's figures from bins; None without a single event.

    The life table of Cutler and Ederer (1958): who is censored within a bin was at risk for half of it. Within a bin the
    curve falls at the mean of its events, so that without censoring the mean is exact. Variances are Greenwood's (1926); the
    median's interval is that of Brookmeyer and Crowley (1982) on the scale of log(-log).
    """
    rows = merged(cells)
    n, events = sum(c.events + c.censored for c in rows), sum(c.events for c in rows)
    if not events:
        return None
    until_s = min(RESTRICT_S, (rows[-1].index + 1) * BIN_S)
    at_risk, alive, spread = float(n), 1.0, 0.0
    drops: list[tuple[float, float, float]] = []  # instant, share alive after it, its term of Greenwood's sum
    curve: list[tuple[float, float, float]] = []  # end of the bin, share alive, sum of the terms
    for c in rows:
        if c.index >= LAST_BIN:
            break
        exposed = at_risk - c.censored / 2
        if c.events:
            term = c.events / (exposed * (exposed - c.events)) if exposed > c.events else 0.0
            alive *= max(0.0, 1 - c.events / exposed)
            spread += term
            drops.append((min(c.events_s / c.events, until_s), alive, term))
        at_risk -= c.events + c.censored
        curve.append(((c.index + 1) * BIN_S, alive, spread))
    mean, variance = _area(drops, until_s)
    half = t95(events - 1) * math.sqrt(variance * events / (events - 1)) if events > 1 else None
    return Figure(
        n=n,
        events=events,
        mean_s=mean,
        low_s=None if half is None else max(0.0, mean - half),
        high_s=None if half is None else min(until_s, mean + half),
        median_s=_reaches(curve, 0.5, 0.0),
        median_low_s=_reaches(curve, 0.5, 1.0),
        median_high_s=_reaches(curve, 0.5, -1.0),
        p90_s=_reaches(curve, 0.1, 0.0),
        restricted_to_s=until_s,
        beyond_share=alive,
    )


def merged(cells: Iterable[Cell]) -> list[Cell]:
    """One cell for each bin with anybody in it, in order."""
    bins: dict[int, Cell] = {}
    for c in cells:
        o = bins.get(c.index, Cell(c.index))
        bins[c.index] = Cell(c.index, o.events + c.events, o.events_s + c.events_s, o.censored + c.censored)
    return [c for _, c in sorted(bins.items()) if c.events or c.censored]


def cell_of(wait_s: float, known: bool = True, n: int = 1) -> Cell:
    """``n`` people who waited so long, or at least so long where that is all that is known."""
    index = min(int(wait_s // BIN_S), LAST_BIN)
    return Cell(index, n, n * wait_s, 0) if known else Cell(index, 0, 0.0, n)


def still_waiting(at: datetime, waited_min: Mapping[int, int], newcomer_s: float | None) -> list[Waiting]:
    """Who waits in one queue at ``at``, from the newest sample: the first in line first.

    waited_min: people by the whole minutes that they have waited. newcomer_s: what a newcomer would wait; with it, whoever
    stands k-th of n is taken to wait for k / (n + 1) of it more.
    """
    ages = sorted((minute * BIN_S + BIN_S / 2 for minute, n in waited_min.items() for _ in range(n)), reverse=True)
    share_s = None if newcomer_s is None else newcomer_s / (len(ages) + 1)
    return [
        Waiting(at - timedelta(seconds=age), age + (share_s or 0.0) * k, share_s is not None)
        for k, age in enumerate(ages, 1)
    ]


def little(hours: Sequence[Flow]) -> Little | None:
    """Little's estimate over hours; None without a departure. Its interval: the jackknife that leaves out one hour at a time."""
    mean = _little(hours)
    if mean is None:
        return None
    half = _jackknife(len(hours), lambda keep: _little([hours[i] for i in keep]))
    return Little(
        mean_s=mean,
        low_s=None if half is None else max(0.0, mean - half),
        high_s=None if half is None else mean + half,
        departures=sum(h.departures for h in hours),
        measured_s=sum(h.measured_s for h in hours),
    )


def differ(hours: Sequence[tuple[Flow, Sequence[Cell]]]) -> bool | None:
    """Whether Little's estimate and the time in queue of all, of the same hours, contradict each other; None: cannot be told.

    Each hour: its flow, and the cells of who arrived in it *and queued* (nobody who walked straight to a counter: they are
    not in Little's sums either). Compared is the plain mean of those who were seen leaving: censoring the lost would mend a
    part of what broken tracks do, and hide it. Both describe the same people, so what chance does to one it does to the
    other: the interval is that of their difference, by the jackknife over hours. The flag needs a difference beyond that
    interval and beyond 5 %.
    """
    seen = [(flow, [Cell(c.index, c.events, c.events_s) for c in cells if c.events]) for flow, cells in hours]
    usable = [h for h in seen if h[0].departures or h[1]]

    def difference(keep: Sequence[int]) -> float | None:
        by_law = _little([usable[i][0] for i in keep])
        by_identity = figure(c for i in keep for c in usable[i][1])
        return None if by_law is None or by_identity is None else by_law - by_identity.mean_s

    everything = range(len(usable))
    found, by_law = difference(everything), _little([flow for flow, _ in usable])
    half = _jackknife(len(usable), difference) if len(usable) >= MIN_HOURS else None
    if found is None or by_law is None or half is None:
        return None
    return abs(found) > max(half, DIFFERENCE * by_law)


def _little(hours: Iterable[Flow]) -> float | None:
    hours = list(hours)
    departures = sum(h.departures for h in hours)
    return sum(h.waiting_person_s for h in hours) / departures if departures else None


def _jackknife(n: int, statistic: Callable[[Sequence[int]], float | None]) -> float | None:
    """Half of the 95 % interval of a statistic of n batches (Tukey 1958), from what it is without each; None where that fails."""
    if n < 2:
        return None
    values = [statistic([i for i in range(n) if i != left]) for left in range(n)]
    known = [v for v in values if v is not None]
    if len(known) < n:
        return None
    middle = math.fsum(known) / n
    return t95(n - 1) * math.sqrt((n - 1) / n * math.fsum((v - middle) ** 2 for v in known))


def _area(drops: Sequence[tuple[float, float, float]], until_s: float) -> tuple[float, float]:
    """Restricted mean and its variance: each term of Greenwood's sum, by the square of the area that lies after it."""
    area = variance = 0.0
    end = until_s
    for i in range(len(drops) - 1, -1, -1):
        at, alive, term = drops[i]
        area += alive * (end - at)
        variance += area**2 * term
        end = at
    return area + end, variance


def _reaches(curve: Sequence[tuple[float, float, float]], share: float, sign: float) -> float | None:
    """Where the curve (sign 0), its lower band (+1) or its upper one (-1) falls to ``share``; evenly within a bin."""
    before_at, before = 0.0, 1.0
    for at, alive, spread in curve:
        band = alive
        if sign and 0 < alive < 1:
            band = alive ** math.exp(sign * Z95 * math.sqrt(spread) / -math.log(alive))
        if band <= share + 1e-12:
            begin = max(before_at, at - BIN_S)
            return begin + (at - begin) * (before - share) / (before - band) if before > band else at
        before_at, before = at, band
    return None

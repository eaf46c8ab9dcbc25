"""The waits of an office whose hall and counters are seen by different cameras, from counts alone. Pure.

=======  ==========================================================================================================
curves   mean time in queue of all who left the queue, received or not: area between the corrected curves over departures
fifo     the wait of the received, first come, first served within each lane: mean, median, 90th percentile, share within 15 minutes
=======  ==========================================================================================================

Intervals are of 95 %: the chance in who came (the spread of the waits over the root of their number), and what the counts leave open (draws of
the corrected curves). Where the lane of
some service starts is unknown, both ways to assign them are computed; the interval spans both.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from motcua.analytics.curves import FACTOR, Corrected, corrected
from motcua.analytics.fifo import Matched, match
from motcua.analytics.lanes import STEP_S, Steps, allotted, names, steps, told_apart
from motcua.analytics.waits import Z95

Row = Mapping[str, Any]
Floats = NDArray[np.floating[Any]]
State = Literal["ok", "too_few", "contradict", "unseen"]

MIN_STARTS = 5
LIMIT = 0.3  # counts of hall and counters further apart than this, and than chance explains, contradict each other
MIN_MEASURED = 0.5
WITHIN_S = 900.0
ALL = "all"
_CHANCE = 0.4  # variance of the difference of two counts, for every person counted, at 10 % noise of both
_DAY = ZoneInfo("Asia/Ho_Chi_Minh")
_FACTOR_DRIFT = 0.02  # of how well the hall's eyes see, over its counting, from one day to the next and between its lanes
_DRAWS = 100
_MATCHED_DRAWS = 20


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean in seconds, with its 95 % interval; n people."""

    n: int
    mean_s: float
    low_s: float | None
    high_s: float | None


@dataclass(frozen=True, slots=True)
class Fifo(Mean):
    """Waits of the received of one lane, or of all lanes."""

    lane: str
    median_s: float | None
    p90_s: float | None
    within_15_share: float | None
    within_low: float | None
    within_high: float | None


@dataclass(frozen=True, slots=True)
class HallFigures:
    """A span's figures. joined, started, left: people as they were counted; left is None where no door is watched.

    drift_share: how far hall and counters were apart, as a share of the larger, before correction; negative where the hall counted more. scale: what the
    hall's counts were multiplied by. Figures are None unless ``state`` is ``ok``.
    """

    state: State
    joined: int
    started: int
    left: int | None
    measured_share: float
    drift_share: float | None
    lanes_assumed_share: float
    curves: Mean | None = None
    fifo: Fifo | None = None
    lanes: tuple[Fifo, ...] = ()


@dataclass(frozen=True, slots=True)
class _Lane:
    """One lane of one day, steps on an absolute grid: waiting, gone (n,), draws (m, n), matched waits, and what they may be instead."""

    name: str
    first_s: float
    curve: Corrected
    matched: Matched
    others: tuple[Matched, ...]


def hall(rows: Sequence[Row], tickets: Sequence[Row], since: datetime, until: datetime, now: datetime) -> HallFigures | None:
    """The figures from ``since`` on, before ``until``; None where no camera sees a part of a queue.

    rows: of ``part_counts``, from the beginning of the Viet Nam day of ``since``: the curves need a beginning. Each day is estimated for itself.
    """
    if not rows:
        return None
    begin = rows[0]["period_start"]
    days = _by_day(rows)
    grids = [(day, steps(found, tickets)) for day, found in days.items()]
    known = [(day, grid) for day, grid in grids if grid is not None]
    in_span = [r for r in rows if since <= r["period_start"] < until]
    head = _counts(in_span, known, len(grids))
    if head.state != "ok":
        return head
    ways = _ways(known, begin, now)
    window = ((since - begin).total_seconds(), (until - begin).total_seconds())
    lanes = sorted(
        {lane.name for lane in ways[0]} - {ALL}, key=lambda name: ("priority", "appointment", "ordinary").index(name)
    )
    fifo = _either([_fifo(ALL, way, window) for way in ways])
    by_lane = [_either([_fifo(name, [x for x in way if x.name == name], window) for way in ways]) for name in lanes]
    found = HallFigures(
        **{f: getattr(head, f) for f in ("state", "joined", "started", "left", "measured_share", "drift_share")},
        lanes_assumed_share=head.lanes_assumed_share,
        curves=_curves(ways[0], window),
        fifo=fifo,
        lanes=tuple(x for x in by_lane if x is not None),
    )
    return found if found.curves is not None else head


def _counts(rows: Sequence[Row], known: Sequence[tuple[Any, Steps]], days: int) -> HallFigures:
    """The bare counts, and whether anything may be made of them."""
    joined = sum(n for r in rows for n in r["joined"].values())
    doors = [r["left_unserved"] for r in rows if r["left_unserved"] is not None]
    left = sum(n for d in doors for n in d.values()) if doors else None
    started = sum(one["started"] for r in rows for one in r["started"])
    measured = sum(float((1 - grid.unseen).sum()) for _, grid in known) / max(1, sum(grid.n for _, grid in known))
    state, drift, assumed = _state(known, days, started, measured)
    return HallFigures(state, joined, started, left, round(measured, 4), drift, assumed)


def _state(
    known: Sequence[tuple[Any, Steps]], days: int, started: int, measured: float
) -> tuple[State, float | None, float]:
    came = sum(float(v.sum()) for _, g in known for v in g.joined.values())
    away = sum(float(v.sum()) for _, g in known for v in g.left.values())
    went = sum(float(v.sum()) for _, g in known for v in g.started.values())
    nobody = sum(float(g.started["unknown"].sum()) for _, g in known if "unknown" in g.started and told_apart(g))
    still = sum(_still(g) for _, g in known[-1:])
    larger = max(came - away - still, went)
    drift = (went - (came - away - still)) / larger if larger > 0 else None
    assumed = round(nobody / went, 4) if went else 0.0
    if len(known) < days or not known or measured < MIN_MEASURED:
        return "unseen", drift, assumed
    if started < MIN_STARTS or drift is None:
        return "too_few", drift, assumed
    beyond = abs(drift) > LIMIT + Z95 * math.sqrt(_CHANCE / larger)
    return ("contradict" if beyond else "ok"), drift, assumed


def _still(day: Steps) -> float:
    look = day.everybody().seen
    seen = look[~np.isnan(look)]
    return float(seen[-1]) if len(seen) else 0.0


def _by_day(rows: Sequence[Row]) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for r in rows:
        found[r["period_start"].astimezone(_DAY).date()].append(r)
    return dict(sorted(found.items()))


def _ways(known: Sequence[tuple[Any, Steps]], begin: datetime, now: datetime) -> list[list[_Lane]]:
    """Every lane of every day; twice where service starts had to be assigned to lanes."""
    apart = all(told_apart(grid) or len(names(grid)) <= 1 for _, grid in known) and any(told_apart(g) for _, g in known)
    first: list[_Lane] = []
    second: list[_Lane] = []
    factor = FACTOR
    for number, (day, grid) in enumerate(known):
        over = now.astimezone(_DAY).date() > day
        whole = corrected(grid.everybody(), over=over, factor=factor, draws=_DRAWS, seed=8 * number)
        factor = (whole.factor[0], math.hypot(whole.factor[1], _FACTOR_DRIFT))
        offset_s = (grid.begin - begin).total_seconds()
        if not apart:
            lanes = [[_lane(ALL, whole, offset_s)]]
        else:
            lanes = [
                [
                    _lane(
                        name,
                        corrected(
                            way.lane(name), over=over, prior=whole.scale, factor=factor, draws=_DRAWS, seed=8 * number + i
                        ),
                        offset_s,
                    )
                    for i, name in enumerate(names(grid))
                ]
                for way in allotted(grid)
            ]
        first += lanes[0]
        second += lanes[-1]
    same = all(a.curve is b.curve for a, b in zip(first, second, strict=True))
    return [first] if same else [first, second]


def _lane(name: str, curve: Corrected, first_s: float) -> _Lane:
    def matched(waiting: Floats) -> Matched:
        found = match(waiting, curve.started, curve.left, STEP_S)
        return Matched(found.wait_s, found.arrival_s + first_s, found.people)

    return _Lane(name, first_s, curve, matched(curve.waiting), tuple(matched(d) for d in curve.draws[:_MATCHED_DRAWS]))


def _curves(lanes: Sequence[_Lane], window: tuple[float, float]) -> Mean | None:
    """Area over departures, within the window of seconds."""
    area = gone = 0.0
    noise: dict[float, Floats] = {}
    for lane in lanes:
        at = lane.first_s + (np.arange(len(lane.curve.waiting)) + 0.5) * STEP_S
        inside = (at >= window[0]) & (at < window[1])
        area += float(lane.curve.waiting[inside].sum()) * STEP_S
        gone += float(lane.curve.gone[inside].sum())
        drawn = lane.curve.draws[:, inside].sum(axis=1) * STEP_S
        noise[lane.first_s] = noise.get(lane.first_s, 0.0) + drawn  # lanes of one day
    spread = _joined([lane.matched for lane in lanes], window).spread_s
    return _mean(area, gone, math.sqrt(sum(float(np.var(x)) for x in noise.values())), spread)


def _mean(total_s: float, people: float, noise_s: float, spread_s: float) -> Mean | None:
    """Seconds over people. noise_s: standard deviation of the total, from the counts; spread_s: that of one wait."""
    if people < 1:
        return None
    half = Z95 * math.hypot(noise_s / people, spread_s / math.sqrt(people)) if people >= 2 else None
    found = total_s / people
    return Mean(
        round(people),
        max(0.0, found),
        None if half is None else max(0.0, found - half),
        None if half is None else max(0.0, found + half),
    )


def _fifo(name: str, lanes: Sequence[_Lane], window: tuple[float, float]) -> Fifo | None:
    """Waits of the received who came within the window."""
    mine = _joined([lane.matched for lane in lanes], window)
    others = [_joined(list(some), window) for some in zip(*(lane.others for lane in lanes), strict=True)]
    sums = [float(o.people @ o.wait_s) * mine.n / o.n for o in others if o.n > 0]
    found = _mean(float(mine.people @ mine.wait_s), mine.n, float(np.std(sums)) if sums else 0.0, mine.spread_s)
    if found is None:
        return None
    shares = [s for o in others if (s := o.within(WITHIN_S)) is not None]
    share = mine.within(WITHIN_S)
    half = None if share is None else Z95 * math.hypot(math.sqrt(share * (1 - share) / mine.n), float(np.std(shares)))
    median, p90 = mine.quantile_s(0.5), mine.quantile_s(0.9)
    return Fifo(
        found.n,
        found.mean_s,
        found.low_s,
        found.high_s,
        lane=name,
        median_s=None if median is None else max(0.0, median),
        p90_s=None if p90 is None else max(0.0, p90),
        within_15_share=share,
        within_low=None if share is None or half is None else max(0.0, share - half),
        within_high=None if share is None or half is None else min(1.0, share + half),
    )


def _joined(parts: Sequence[Matched], window: tuple[float, float]) -> Matched:
    total = Matched(np.zeros(0), np.zeros(0), np.zeros(0))
    for part in parts:
        total = total + part.only((part.arrival_s >= window[0]) & (part.arrival_s < window[1]))
    return total


def _either(ways: Sequence[Fifo | None]) -> Fifo | None:
    """One figure of two ways to assign service starts: halfway, with the interval that holds both."""
    known = [w for w in ways if w is not None]
    if len(known) < len(ways) or len(known) == 1:
        return known[0] if len(known) == len(ways) else None
    a, b = known

    def middle(x: float | None, y: float | None) -> float | None:
        return None if x is None or y is None else (x + y) / 2

    def outer(pick: Any, x: float | None, y: float | None) -> Any:
        return None if x is None or y is None else pick(x, y)

    return Fifo(
        n=round((a.n + b.n) / 2),
        mean_s=(a.mean_s + b.mean_s) / 2,
        low_s=outer(min, a.low_s, b.low_s),
        high_s=outer(max, a.high_s, b.high_s),
        lane=a.lane,
        median_s=middle(a.median_s, b.median_s),
        p90_s=middle(a.p90_s, b.p90_s),
        within_15_share=middle(a.within_15_share, b.within_15_share),
        within_low=outer(min, a.within_low, b.within_low),
        within_high=outer(max, a.within_high, b.within_high),
    )

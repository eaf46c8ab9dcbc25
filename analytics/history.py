"""Figures of long spans from sums by day: means, shares and quantiles with intervals that know that days differ. Pure.

The visits of one day are not independent (the same crowd, the same officer away). From ``MIN_DAYS`` days on the spread between days is
measured and the interval is that of a ratio over days (a mean: Student's t; a share or a quantile: as many independent visits as the
spread is worth, at least the visits' own spread). Below it visits count as independent, and ``assumes`` says so.

Quantiles come from bins of a minute, even within a bin; their intervals by inverting the interval of the share below them (Woodruff 1952).
Everything is in seconds, shares in 0..1; None is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from motcua.analytics.waits import BIN_S, LAST_BIN, mean_of, t95, wilson

MIN_DAYS = 10
Assumes = Literal["independent", "days"]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % interval; an end is None where it cannot be told."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Moments:
    """Days' sums of something (``s``) and of whom it is about (``n``): their totals and products over ``m`` days."""

    m: int
    n: float
    s: float
    nn: float
    sn: float
    ss: float

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]]) -> Moments:
        """From (n, s) of each day; days without n are left out."""
        known = [(n, s) for n, s in pairs if n > 0]
        return cls(
            len(known),
            sum(n for n, _ in known),
            sum(s for _, s in known),
            sum(n * n for n, _ in known),
            sum(s * n for n, s in known),
            sum(s * s for _, s in known),
        )

    def variance(self) -> float | None:
        """Of the ratio s / n, from the spread between days; None for fewer than two days."""
        if self.m < 2 or self.n <= 0:
            return None
        r = self.s / self.n
        spread = max(0.0, self.ss - 2 * r * self.sn + r * r * self.nn)
        return self.m / (self.m - 1) * spread / self.n**2


def ratio(days: Moments) -> Interval | None:
    """A ratio with Student's interval over days; None without any."""
    if days.n <= 0:
        return None
    value, variance = days.s / days.n, days.variance()
    if variance is None:
        return Interval(value, None, None)
    half = t95(days.m - 1) * math.sqrt(variance)
    return Interval(value, max(0.0, value - half), value + half)


def mean(days: Moments, squares: float) -> tuple[Interval, Assumes] | None:
    """A mean of ``n`` visits, with the wider of both intervals from ``MIN_DAYS`` days on. squares: the sum over visits."""
    own = mean_of(round(days.n), days.s, squares)
    if own is None:
        return None
    simple = Interval(own.mean, own.low, own.high)
    by_day = ratio(days) if days.m >= MIN_DAYS else None
    if by_day is None or by_day.high is None:
        return simple, "independent"
    wider = simple if simple.high is not None and simple.high > by_day.high else by_day
    return wider, "days"


def effect(days: Moments) -> float:
    """How many times the variance of a share between days is that of independent visits; 1 where it cannot be told."""
    p = days.s / days.n if days.n else 0.0
    variance = days.variance()
    if days.m < MIN_DAYS or variance is None or not 0 < p < 1:
        return 1.0
    return max(1.0, variance * days.n / (p * (1 - p)))


def share(days: Moments) -> Interval | None:
    """``s`` of ``n``, with Wilson's interval of as many independent visits as the spread between days is worth."""
    if days.n <= 0:
        return None
    worth = effect(days)
    found = wilson(days.s / worth, days.n / worth)
    assert found is not None
    return Interval(days.s / days.n, min(found[1], days.s / days.n), max(found[2], days.s / days.n))


def quantile(bins: Sequence[tuple[int, int]], p: float) -> float | None:
    """The wait that a share ``p`` does not exceed, from (minute, people) in order; None where it lies at 120 minutes or more."""
    total, below = sum(n for _, n in bins), 0.0
    if total == 0:
        return None
    for index, n in bins:
        if n and below + n >= p * total - 1e-9:
            if index >= LAST_BIN:
                return None
            return (index + max(0.0, min(1.0, (p * total - below) / n))) * BIN_S
        below += n
    return None


def quantile_bin(bins: Sequence[tuple[int, int]], p: float) -> int:
    """The minute in which a quantile lies; the last one where it lies beyond."""
    at = quantile(bins, p)
    return LAST_BIN if at is None else min(LAST_BIN, max(0, math.ceil(at / BIN_S) - 1))


def quantile_between(bins: Sequence[tuple[int, int]], p: float, below: Moments) -> Interval | None:
    """A quantile with its interval. below: how many waited no longer than its minute, by day."""
    value, total = quantile(bins, p), sum(n for _, n in bins)
    if value is None or total == 0:
        return None
    found = wilson(p * total / effect(below), total / effect(below))
    assert found is not None
    return Interval(value, quantile(bins, found[1]), quantile(bins, found[2]))


def difference(a: Interval, b: Interval) -> Interval | None:
    """a − b of two independent figures, from their intervals (half widths add as squares); None where one has none."""
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return None
    d = a.value - b.value
    return Interval(d, d - math.hypot(a.value - a.low, b.high - b.value), d + math.hypot(a.high - a.value, b.value - b.low))


def moments(row: Row, kind: Literal["wait", "within_15", "within_30", "service"]) -> Moments:
    """The days' products of a row of ``history_offices`` or ``history_steps``."""
    if kind in ("within_15", "within_30"):
        m, n, nn = row["wait_days"], row["wait_n"], row["wait_nn"]
        parts = (row[f"{kind}_n"], row[f"{kind}_kn"], row[f"{kind}_kk"])
    else:
        m, n, nn = row[f"{kind}_days"], row[f"{kind}_n"], row[f"{kind}_nn"]
        parts = (row[f"{kind}_sum"], row[f"{kind}_sn"], row[f"{kind}_ss"])
    s, sn, ss = (float(x) for x in parts)
    return Moments(int(m), float(n), s, float(nn), sn, ss)


def total(rows: Sequence[Row]) -> dict[str, Any]:
    """Rows of steps that do not overlap, added up: sums and products add, the longest wait is the longest."""
    answer: dict[str, Any] = {}
    for row in rows:
        for key, value in row.items():
            if key in ("start", "office_id", "provenance"):
                continue
            if key == "wait_max":
                known = [v for v in (answer.get(key), value) if v is not None]
                answer[key] = max(known) if known else None
            else:
                answer[key] = answer.get(key, 0) + (value or 0)
    return answer

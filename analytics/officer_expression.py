"""Officers' expression: which mode lets whom see what, and the figure of a month with its interval. Pure.

It never makes a score: ``motcua.analytics.attitude`` does not know of it. The unit is a month of Viet Nam that is over, so that two
questions a day apart cannot be subtracted; an officer's own month may still run.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from motcua.analytics.behind import behind
from motcua.analytics.store import REAL, best, day_of
from motcua.analytics.waits import t95
from motcua.edge.messages import OfficerMode

MODES: tuple[OfficerMode, ...] = ("off", "self", "aggregate", "evidence")
MIN_N, MIN_PERIODS = 30, 10  # services, and the hours or more that they fall into
CHANGE_FOR = timedelta(days=7)

Look = Literal["own", "climate", "officer"]
ALLOWED: Mapping[OfficerMode, frozenset[Look]] = {
    "off": frozenset(),
    "self": frozenset({"own"}),
    "aggregate": frozenset({"climate"}),
    "evidence": frozenset({"own", "officer"}),
}
"""``own``: an officer the own months; ``climate``: an office's months over several officers; ``officer``: HR one officer's months."""

RIGHT_SHARE: Mapping[str, tuple[float, float]] = {"fer": (0.45, 0.65)}
"""In how many cases a reader names a face's expression rightly, from published comparisons; others are not known."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Month:
    """A month's mean valence, -1 to 1, with its 95 % interval; None unless ``state`` is ok.

    ``few_officers``: fewer than three stand behind it, or one with over half. ``periods``: how many sums of an hour or more.
    """

    month: date
    state: Literal["ok", "insufficient", "few_officers"]
    model: str
    provenance: str
    n: int | None = None
    periods: int | None = None
    valence: float | None = None
    low: float | None = None
    high: float | None = None


def own_months(rows: Iterable[Row], now: datetime | None = None) -> list[Month]:
    """One officer's months, newest first, by model. now: leave out the month that still runs."""
    return [_figure(key, parts) for key, parts in _by_month(rows, now)]


def climate_months(rows: Iterable[Row], now: datetime) -> list[Month]:
    """An office's months that are over, from what the roster gives to an officer; none that one or two officers make up."""
    found = []
    for key, parts in _by_month((r for r in rows if r["officer_id"] is not None), now):
        counts: dict[str | None, int] = defaultdict(int)
        for r in parts:
            counts[r["officer_id"]] += r["n"]
        enough = behind(counts, has_roster=True).enough
        found.append(_figure(key, parts) if enough else Month(key[0], "few_officers", key[1], key[2]))
    return found


def month_of(at: datetime) -> date:
    """The first day of an instant's month in Viet Nam."""
    return day_of(at).replace(day=1)


def mean_with_interval(sums: Sequence[tuple[int, float]]) -> tuple[float, float, float]:
    """Mean over services from each period's (n, sum), with a 95 % interval that takes services of one period as alike.

    The ratio estimator's linearised variance with periods as clusters (Cochran, Sampling Techniques, ch. 9A); Student's factor for
    periods - 1. Needs two periods or more.
    """
    n, k = sum(c for c, _ in sums), len(sums)
    mean = sum(total for _, total in sums) / n
    spread = sum((total - mean * c) ** 2 for c, total in sums) * k / (k - 1)
    half = t95(k - 1) * math.sqrt(spread) / n
    return mean, max(-1.0, mean - half), min(1.0, mean + half)


def _by_month(rows: Iterable[Row], now: datetime | None) -> list[tuple[tuple[date, str, str], list[Row]]]:
    """Rows by month, model and kind of data, newest month first; real ones where there are any, else replayed, else simulated."""
    rows = [r for r in rows if now is None or month_of(r["period_end"]) < month_of(now)]
    label = best(r["provenance"] for r in rows)
    kinds = REAL if label in REAL else (label,)
    found: dict[tuple[date, str, str], list[Row]] = defaultdict(list)
    for r in rows:
        if r["provenance"] in kinds:
            found[month_of(r["period_start"]), r["model"], str(label)].append(r)
    return sorted(found.items(), key=lambda item: item[0], reverse=True)


def _figure(key: tuple[date, str, str], rows: Sequence[Row]) -> Month:
    n = sum(r["n"] for r in rows)
    if n < MIN_N or len(rows) < MIN_PERIODS:
        return Month(*key[:1], "insufficient", *key[1:], n, len(rows))
    mean, low, high = mean_with_interval([(r["n"], r["valence_sum"]) for r in rows])
    return Month(key[0], "ok", key[1], key[2], n, len(rows), round(mean, 3), round(low, 3), round(high, 3))

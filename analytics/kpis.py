"""Figures against their targets, and productivity. Pure.

Productivity is files received by one person in a year: files of a day over persons of a day (a ratio over days, Student's interval), times
the working days of the year. Persons are officers by the roster, else counters that served anybody. Where no feed tells files, visits
served stand for them: a proxy, and said to be one. The plan exempts an office that receives fewer files in a year than its target.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from motcua.analytics.history import Interval, Moments, ratio

MIN_WORK_DAYS = 20
LEGAL_HOLIDAYS = 11
"""Days off of a year on which nobody works (Labour Code 2019, article 112), where no holidays are known."""

Row = Mapping[str, Any]
Files = Literal["files", "visits"]
Persons = Literal["roster", "counters"]


@dataclass(frozen=True, slots=True)
class Productivity:
    """What one person receives in a year, and what the office does in all. days: those that counted. figure None: too few days."""

    figure: Interval | None
    days: int
    of: Files
    by: Persons
    office_year: float | None


def working_days(year: int, closed: Collection[date]) -> int:
    """Mondays to Fridays of a year, less the closed ones; less ``LEGAL_HOLIDAYS`` where none is known."""
    first = date(year, 1, 1)
    week = [d for i in range((date(year + 1, 1, 1) - first).days) if (d := first + timedelta(days=i)).isoweekday() <= 5]
    off = {d for d in closed if d.year == year}
    return len(week) - LEGAL_HOLIDAYS if not off else sum(d not in off for d in week)


def productivity(work: Iterable[Row], year_days: int) -> Productivity | None:
    """From rows of ``history_work``; None where neither files nor visits are known.

    Files win where a feed tells them on ``MIN_WORK_DAYS`` days or more, the roster likewise; the two kinds are never mixed.
    """
    rows = list(work)
    of: Files = "files" if _known(rows, "received") >= MIN_WORK_DAYS else "visits"
    by: Persons = "roster" if _known(rows, "officers") >= MIN_WORK_DAYS else "counters"
    counted, present = ("received" if of == "files" else "served"), ("officers" if by == "roster" else "counters")
    days = [(float(r[present]), float(r[counted])) for r in rows if r[counted] is not None and r[present]]
    if not days:
        return None
    moments = Moments.of(days)
    found = ratio(moments)
    if found is None or moments.m < MIN_WORK_DAYS:
        return Productivity(None, moments.m, of, by, None)
    low, high = (None if x is None else x * year_days for x in (found.low, found.high))
    year = moments.s / moments.m * year_days
    return Productivity(Interval(found.value * year_days, low, high), moments.m, of, by, year)


def _known(rows: list[Row], key: str) -> int:
    return sum(1 for r in rows if r[key])

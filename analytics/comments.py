"""What citizens wrote, for HR: dated only as finely as five answers allow, never beside a score, a counter or an officer. Pure.

A comment's date is the day on which its office had five answers by QR or more, else the week, else the month, else none: whoever reads
it cannot tell which of them it was. A choice of period works on these dates, so that narrowing it tells nothing more.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

MIN_ANSWERS = 5
MIN_REASON, MOST_REASON = 10, 500
Fineness = Literal["day", "week", "month", "none"]


@dataclass(frozen=True, slots=True)
class When:
    """The days in which a comment was written: from ``first`` until before ``until``; both None where even a month had too few answers."""

    fineness: Fineness
    first: date | None = None
    until: date | None = None

    def within(self, since: date, until: date) -> bool:
        """Whether all of it lies in a period; what has no date does in each."""
        return self.first is None or self.until is None or (since <= self.first and self.until <= until)


def key_of(rating_id: UUID) -> str:
    """A name for a comment that tells nothing: the id itself holds the instant of the answer."""
    return hashlib.sha256(rating_id.bytes).hexdigest()[:32]


def dated(days: Iterable[date], answers: Iterable[date]) -> list[When]:
    """How finely each comment's day may be told. answers: the day of each answer by QR at the office, the comments' own among them."""
    answers = list(answers)
    found = []
    counts = {name: Counter(span(d) for d in answers) for name, span in _SPANS}
    for day in days:
        for name, span in _SPANS:
            first, until = span(day)
            if counts[name][first, until] >= MIN_ANSWERS:
                found.append(When(name, first, until))
                break
        else:
            found.append(When("none"))
    return found


def _day(d: date) -> tuple[date, date]:
    return d, d + timedelta(days=1)


def _week(d: date) -> tuple[date, date]:
    first = d - timedelta(days=d.weekday())
    return first, first + timedelta(days=7)


def _month(d: date) -> tuple[date, date]:
    first = d.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


_SPANS: tuple[tuple[Fineness, Callable[[date], tuple[date, date]]], ...] = (
    ("day", _day),
    ("week", _week),
    ("month", _month),
)

"""The roster: who sits at which counter, when. From a file or a form, never from a face. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from pydantic import TypeAdapter, ValidationError

from motcua.analytics.files import VIET_NAM, Problem, instant, sheet
from motcua.edge.messages import Id

NEEDED = ("officer_id", "name", "office_id", "counter_id", "start", "end")
LONGEST = timedelta(hours=24)
_SPACE = UUID("6f6b5b8e-7d7e-4c8e-9a51-3d2f8f1c0a10")
_id: TypeAdapter[str] = TypeAdapter(Id)
_NAME = re.compile(r"^[^\x00-\x1f<>]{1,120}$")


@dataclass(frozen=True, slots=True)
class Shift:
    """One officer at one counter from ``start_at`` until ``end_at``."""

    officer_id: str
    name: str
    office_id: str
    counter_id: str
    start_at: datetime
    end_at: datetime

    @property
    def shift_id(self) -> UUID:
        """The same shift has the same id, so that a file may be imported twice."""
        return uuid5(_SPACE, f"{self.officer_id}|{self.office_id}|{self.counter_id}|{self.start_at.isoformat()}")


def checked(
    officer_id: str, name: str, office_id: str, counter_id: str, start: str, end: str, offices: Collection[str]
) -> Shift:
    """One shift from its words. Raises ValueError with one sentence."""
    if office_id not in offices:
        raise ValueError("office_id: no such office, or not one of yours")
    for what, value in (("officer_id", officer_id), ("counter_id", counter_id)):
        try:
            _id.validate_python(value)
        except ValidationError as error:
            raise ValueError(f"{what}: letters, digits, and . _ - within, 64 at the most") from error
    if not _NAME.match(name):
        raise ValueError("name: 1 to 120 characters are needed")
    try:
        start_at, end_at = instant(start), instant(end)
    except (ValueError, OverflowError) as error:
        raise ValueError("start, end: times such as 02/03/2026 07:30 are needed") from error
    if not start_at < end_at <= start_at + LONGEST:
        raise ValueError("end: lies after start, by 24 hours at the most")
    return Shift(officer_id, name, office_id, counter_id, start_at, end_at)


def shifts(
    data: bytes, offices: Collection[str], existing: Sequence[Shift] = ()
) -> tuple[tuple[Shift, ...], tuple[Problem, ...]]:
    """The shifts of a CSV file and what is wrong, by line; overlaps among themselves and with ``existing`` are wrong. Raises FileRefused."""
    found: list[Shift] = []
    problems: list[Problem] = []
    taken = _Taken(existing)
    for number, cells in sheet(data, NEEDED, NEEDED).lines:
        try:
            officer_id, name, office_id, counter_id, start, end = (cells[n] for n in NEEDED)
            one = checked(officer_id, name, office_id, counter_id, start, end, offices)
            taken.add(one)
        except ValueError as error:
            problems.append(Problem(number, str(error)[:200]))
            continue
        found.append(one)
    return tuple(found), tuple(problems)


def clash(new: Shift, existing: Sequence[Shift]) -> str | None:
    """Why a shift cannot stand beside the others; None where it can."""
    try:
        _Taken(existing).add(new)
    except ValueError as error:
        return str(error)
    return None


def copied(week: Sequence[Shift], existing: Sequence[Shift], days: int = 7) -> tuple[tuple[Shift, ...], tuple[str, ...]]:
    """The same shifts so many days later, and why some of them cannot stand beside the others; a shift that is there already is neither."""
    found: list[Shift] = []
    problems: list[str] = []
    taken, there = _Taken(existing), {s.shift_id for s in existing}
    for one in week:
        new = replace(one, start_at=one.start_at + timedelta(days=days), end_at=one.end_at + timedelta(days=days))
        if new.shift_id in there:
            continue
        try:
            taken.add(new)
        except ValueError as error:
            problems.append(f"{new.name}, {new.counter_id}, {new.start_at.astimezone(VIET_NAM):%d/%m/%Y %H:%M}: {error}")
            continue
        found.append(new)
    return tuple(found), tuple(problems)


class _Taken:
    """What is taken: a counter has one officer at a time, an officer one counter."""

    def __init__(self, existing: Sequence[Shift]) -> None:
        self._by: dict[tuple[str, ...], list[Shift]] = defaultdict(list)
        for one in existing:
            for key in self._keys(one):
                self._by[key].append(one)

    def add(self, new: Shift) -> None:
        """Raises ValueError."""
        for key in self._keys(new):
            for other in self._by[key]:
                if other.shift_id != new.shift_id and new.start_at < other.end_at and other.start_at < new.end_at:
                    whom = (
                        "the officer is at another counter then"
                        if key[0] == "officer"
                        else "the counter has another officer then"
                    )
                    raise ValueError(f"{whom}: shifts do not overlap")
        for key in self._keys(new):
            self._by[key].append(new)

    @staticmethod
    def _keys(one: Shift) -> tuple[tuple[str, ...], ...]:
        return ("officer", one.officer_id), ("counter", one.office_id, one.counter_id)

"""Offices by words, with or without accents, and in order. Pure."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Literal, get_args

from motcua.dashboard.answers import LiveOffice
from motcua.dashboard.states import urgency

Column = Literal["urgency", "office", "wait", "waiting", "counters", "age", "state", "provenance"]
COLUMNS: tuple[Column, ...] = get_args(Column)


def fold(text: str) -> str:
    """Text as it is compared: no accents, đ as d, lower case, one space between words."""
    letters = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9]+", "".join(letters).lower().replace("đ", "d")))


def matches(query: str, office: LiveOffice) -> bool:
    """Every word of the query begins a word of the office's unit, name or id; an empty query matches all."""
    text = " " + fold(f"{office.unit_name or ''} {office.name} {office.office_id}")
    return all(f" {word}" in text for word in fold(query).split())


def ordered(offices: Iterable[LiveOffice], by: Column, descending: bool, target_s: float) -> list[LiveOffice]:
    """Offices by one column; whoever has no figure there stands last in either direction, then by urgency and name."""
    rows = sorted(offices, key=lambda o: (*urgency(o, target_s), fold(o.unit_name or o.name)))
    if by == "urgency":
        return rows
    value = _VALUES[by]
    known = [o for o in rows if value(o) is not None]
    known.sort(key=value, reverse=descending)  # type: ignore[arg-type]  # None is filtered out above
    return known + [o for o in rows if value(o) is None]


def _expected(office: LiveOffice) -> float | None:
    return office.wait.expected_wait_s if office.wait.state == "ok" else None


def _age(office: LiveOffice) -> float | None:
    age = office.wait.age_s
    return None if age is None or math.isnan(age) else age


_VALUES: dict[Column, Callable[[LiveOffice], float | str | None]] = {
    "office": lambda o: fold(o.unit_name or o.name),
    "wait": _expected,
    "waiting": lambda o: o.wait.waiting,
    "counters": lambda o: o.open_counters,
    "age": _age,
    "state": lambda o: o.wait.state if o.wait.state != "unknown" else None,
    "provenance": lambda o: o.wait.provenance,
}

"""The state of the page of history, as it stands in its address. Pure: today is an argument, days are Viet Nam's.

``?period=30d`` or ``?from=2026-02-01&to=2026-02-28`` (both days included); ``&vs=before``, ``&vs=year`` or ``&vs_from=…&vs_to=…``;
``&office=…`` up to six times; ``&step=day``. Everything may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, TypeVar, get_args
from urllib.parse import parse_qs, urlencode

Preset = Literal["today", "yesterday", "7d", "30d", "this_month", "last_month", "this_quarter", "this_year", "last_year"]
PRESETS: tuple[Preset, ...] = get_args(Preset)
Versus = Literal["none", "before", "year", "free"]
STEPS: tuple[str, ...] = ("auto", "hour", "day", "week", "month")
_VERSUS: tuple[Versus, ...] = ("none", "before", "year")
MOST_OFFICES = 6
MOST_DAYS = 1100
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)
_OFFICE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")

Span = tuple[date, date]
T = TypeVar("T", bound=str)


class AddressError(ValueError):
    """An address that says nothing that can be shown; ``key`` names the sentence, ``field`` the part of the address."""

    def __init__(self, key: str, field: str) -> None:
        super().__init__(f"{field}: {key}")
        self.key, self.field = key, field


@dataclass(frozen=True, slots=True)
class State:
    """What the page shows. ``free`` and ``free_vs``: days that somebody chose, both included."""

    preset: Preset | None = "30d"
    free: Span | None = None
    vs: Versus = "none"
    free_vs: Span | None = None
    offices: tuple[str, ...] = ()
    step: str = "auto"

    def span(self, today: date) -> Span:
        """First and last day."""
        return self.free if self.free is not None else _PRESETS[self.preset or "30d"](today)

    def versus(self, today: date) -> Span | None:
        """First and last day of the span to compare with."""
        first, last = self.span(today)
        match self.vs:
            case "before":
                return _before(self.preset, first, last)
            case "year":
                return _year_before(first), _year_before(last)
            case "free":
                return self.free_vs
            case _:
                return None


def parse(search: str | None) -> State:
    """The state in an address. Raises AddressError."""
    try:
        given = parse_qs((search or "").removeprefix("?"), max_num_fields=60, errors="strict")
    except ValueError as error:
        raise AddressError("unreadable", "?") from error
    period, first, last = _one(given, "period"), _one(given, "from"), _one(given, "to")
    state = State()
    if first is not None or last is not None:
        state = replace(state, preset=None, free=_span(first, last, "from", "to"))
    elif period is not None:
        state = replace(state, preset=_chosen(period, PRESETS, "period"))
    vs, vs_first, vs_last = _one(given, "vs"), _one(given, "vs_from"), _one(given, "vs_to")
    if vs_first is not None or vs_last is not None:
        state = replace(state, vs="free", free_vs=_span(vs_first, vs_last, "vs_from", "vs_to"))
    elif vs is not None:
        state = replace(state, vs=_chosen(vs, _VERSUS, "vs"))
    offices = tuple(dict.fromkeys(given.get("office", ())))
    if len(offices) > MOST_OFFICES:
        raise AddressError("too_many_offices", "office")
    if any(not _OFFICE.match(o) for o in offices):
        raise AddressError("no_office", "office")
    step = _one(given, "step")
    return replace(state, offices=offices, step=state.step if step is None else _chosen(step, STEPS, "step"))


def search(state: State) -> str:
    """The address of a state, as short as it can be; ``parse`` gives the state back."""
    parts: list[tuple[str, str]] = []
    if state.free is not None:
        parts += [("from", state.free[0].isoformat()), ("to", state.free[1].isoformat())]
    elif state.preset not in (None, "30d"):
        parts.append(("period", str(state.preset)))
    if state.vs == "free" and state.free_vs is not None:
        parts += [("vs_from", state.free_vs[0].isoformat()), ("vs_to", state.free_vs[1].isoformat())]
    elif state.vs in ("before", "year"):
        parts.append(("vs", state.vs))
    parts += [("office", o) for o in state.offices]
    if state.step != "auto":
        parts.append(("step", state.step))
    return f"?{urlencode(parts)}" if parts else ""


def question(state: State, today: date) -> str:
    """The API's address of a state."""
    first, last = state.span(today)
    parts = [("since", first.isoformat()), ("until", (last + timedelta(days=1)).isoformat())]
    vs = state.versus(today)
    if vs is not None:
        parts += [("vs_since", vs[0].isoformat()), ("vs_until", (vs[1] + timedelta(days=1)).isoformat())]
    parts += [("office", o) for o in state.offices]
    parts.append(("step", state.step))
    return urlencode(parts)


def _one(given: dict[str, list[str]], name: str) -> str | None:
    values = given.get(name, [])
    if len(values) > 1:
        raise AddressError("twice", name)
    return values[0] if values else None


def _chosen(value: str, known: tuple[T, ...], field: str) -> T:
    found = next((k for k in known if k == value), None)
    if found is None:
        raise AddressError("no_choice", field)
    return found


def _span(first: str | None, last: str | None, from_field: str, to_field: str) -> Span:
    begin, end = _day(first, from_field), _day(last, to_field)
    if begin > end:
        raise AddressError("backwards", from_field)
    if (end - begin).days >= MOST_DAYS:
        raise AddressError("too_long", from_field)
    return begin, end


def _day(text: str | None, field: str) -> date:
    if text is None:
        raise AddressError("day_missing", field)
    try:
        found = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
    except ValueError:
        found = None
    if found is None or not FIRST <= found < LAST:
        raise AddressError("no_day", field)
    return found


def _before(preset: Preset | None, first: date, last: date) -> Span:
    """The span of the same length that ends the day before; of a month, quarter or year the one before, as far as this one has come."""
    if preset in ("this_month", "last_month"):
        begin = _months(first, -1)
    elif preset == "this_quarter":
        begin = _months(first, -3)
    elif preset in ("this_year", "last_year"):
        begin = _year_before(first)
    else:
        length = last - first + timedelta(days=1)
        return first - length, first - timedelta(days=1)
    whole = preset in ("last_month", "last_year")
    end = first - timedelta(days=1)
    return begin, end if whole else min(end, begin + (last - first))


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)


def _months(first: date, by: int) -> date:
    """The first of a month, so many months on."""
    at = first.year * 12 + first.month - 1 + by
    return date(at // 12, at % 12 + 1, 1)


_DAY = timedelta(days=1)
_PRESETS: dict[Preset, Callable[[date], Span]] = {
    "today": lambda t: (t, t),
    "yesterday": lambda t: (t - _DAY, t - _DAY),
    "7d": lambda t: (t - 6 * _DAY, t),
    "30d": lambda t: (t - 29 * _DAY, t),
    "this_month": lambda t: (t.replace(day=1), t),
    "last_month": lambda t: (_months(t.replace(day=1), -1), t.replace(day=1) - _DAY),
    "this_quarter": lambda t: (date(t.year, (t.month - 1) // 3 * 3 + 1, 1), t),
    "this_year": lambda t: (date(t.year, 1, 1), t),
    "last_year": lambda t: (date(t.year - 1, 1, 1), date(t.year - 1, 12, 31)),
}

"""Whether an office is open: pure, with time as an argument. None is unknown; nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from motcua.analytics.facts import EVERY
from motcua.analytics.store import VIET_NAM

Row = Mapping[str, Any]
Span = tuple[time, time]
_LOOK_AHEAD = 10  # days


@dataclass(frozen=True, slots=True)
class Opening:
    """Open now; when that changes next (aware; None: not within ten days); the name of today's holiday, if it is one."""

    open_now: bool
    changes_at: datetime | None
    holiday: str | None


def by_weekday(spans: Iterable[Row]) -> dict[int, list[Span]]:
    """The week of one office."""
    week: dict[int, list[Span]] = {}
    for row in spans:
        week.setdefault(row["weekday"], []).append((row["opens"], row["closes"]))
    return week


def opening(spans: Iterable[Row], holidays: Iterable[Row], office_id: str, at: datetime) -> Opening | None:
    """One office at an instant, from its own spans and everybody's holidays; None where its hours are unknown."""
    week = by_weekday(spans)
    if not week:
        return None
    special = {
        row["day"]: row for row in sorted(holidays, key=lambda r: r["office_id"] != EVERY) if _applies(row, office_id)
    }
    local = at.astimezone(VIET_NAM)
    today = _spans(week, special, local.date())
    open_now = any(opens <= local.time() < closes for opens, closes in today)
    named = special.get(local.date())
    return Opening(open_now, _changes(week, special, local, open_now), named["name"] if named else None)


def _applies(row: Row, office_id: str) -> bool:
    return row["office_id"] in (EVERY, office_id)


def _spans(week: Mapping[int, list[Span]], special: Mapping[date, Row], day: date) -> list[Span]:
    if day in special:
        row = special[day]
        return [] if row["opens"] is None else [(row["opens"], row["closes"])]
    return week.get(day.isoweekday(), [])


def _changes(
    week: Mapping[int, list[Span]], special: Mapping[date, Row], local: datetime, open_now: bool
) -> datetime | None:
    for ahead in range(_LOOK_AHEAD):
        day = local.date() + timedelta(days=ahead)
        for opens, closes in sorted(_spans(week, special, day)):
            instant = datetime.combine(day, closes if open_now else opens, VIET_NAM)
            if instant > local:
                return instant
    return None

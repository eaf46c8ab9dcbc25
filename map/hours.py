"""Opening hours, the week's waits and lanes in words. Pure; web/words.js tells open and closed by the same rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from motcua.map.words import round_half_up

VIET_NAM = timezone(timedelta(hours=7))
Words = Mapping[str, str]
OpenMark = Literal["open", "shut", "unknown"]


@dataclass(frozen=True, slots=True)
class Opening:
    """Open, shut or unknown, and that in words."""

    mark: OpenMark
    text: str


@dataclass(frozen=True, slots=True)
class WeekTable:
    """Mean minutes by hour (rows) and weekday (columns, Monday first); None: too few visits."""

    rows: tuple[tuple[int, tuple[int | None, ...]], ...]
    best: str | None
    weeks: int
    k_min: int


def tell_open(office: Mapping[str, Any], generated_at: str, words: Words) -> Opening:
    """Whether an office of the public answer is open; unknown where its hours are."""
    open_now = office.get("open_now")
    if open_now is None:
        return Opening("unknown", words["hours_unknown"])
    mark: OpenMark = "open" if open_now else "shut"
    changes_at = office.get("changes_at")
    if changes_at:
        text = words["open_until" if open_now else "closed_until"].format(when=_when(changes_at, generated_at, words))
    else:
        text = words["open_now" if open_now else "closed_now"]
    if office.get("holiday"):
        text = words["holiday"].format(state=text, name=office["holiday"])
    return Opening(mark, text)


def _when(instant: str, generated_at: str, words: Words) -> str:
    at, now = (datetime.fromisoformat(text).astimezone(VIET_NAM) for text in (instant, generated_at))
    if at.date() == now.date():
        return f"{at:%H:%M}"
    return words["day_time"].format(time=f"{at:%H:%M}", day=words[f"day_{at.isoweekday()}"])


def tell_hours(spans: Sequence[Mapping[str, Any]] | None, words: Words) -> tuple[tuple[str, str], ...]:
    """Days and their times, equal days together: `("thứ Hai đến thứ Sáu", "07:30–11:30, 13:30–17:00")`. Empty: unknown."""
    if not spans:
        return ()
    by_day = {
        day: ", ".join(f"{s['opens']}–{s['closes']}" for s in spans if s["weekday"] == day) or words["day_closed"]
        for day in range(1, 8)
    }
    lines: list[tuple[int, int, str]] = []
    for day, text in by_day.items():
        if lines and lines[-1][2] == text:
            lines[-1] = (lines[-1][0], day, text)
        else:
            lines.append((day, day, text))
    return tuple((_days(first, last, words), text) for first, last, text in lines)


def _days(first: int, last: int, words: Words) -> str:
    if first == last:
        return words[f"day_{first}"]
    return words["days"].format(first=words[f"day_{first}"], last=words[f"day_{last}"])


def week_table(week: Mapping[str, Any] | None, words: Words) -> WeekTable | None:
    """The answer of /week as a table; None where there is nothing to show."""
    if not week or not week["hours"]:
        return None
    minutes = {(h["weekday"], h["hour"]): round_half_up(h["mean_s"] / 60) for h in week["hours"]}
    hours = range(min(h for _, h in minutes), max(h for _, h in minutes) + 1)
    best = ", ".join(
        words["week_best_one"].format(
            day=words[f"day_{b['weekday']}"], hour=b["hour"], minutes=round_half_up(b["mean_s"] / 60)
        )
        for b in week["best"]
    )
    days = datetime.fromisoformat(week["until"]) - datetime.fromisoformat(week["since"])
    return WeekTable(
        rows=tuple((hour, tuple(minutes.get((day, hour)) for day in range(1, 8))) for hour in hours),
        best=words["week_best"].format(times=best) if best else None,
        weeks=days.days // 7,
        k_min=week["k_min"],
    )

"""Numbers, durations, ages and instants in words. Pure; assets/live.js counts ages on by the same rules."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from motcua.dashboard.words import Lang, Words

VIET_NAM = ZoneInfo("Asia/Ho_Chi_Minh")


def number(value: float, lang: Lang, digits: int = 0) -> str:
    """``1.234,5`` in Vietnamese, ``1,234.5`` in English; halves go away from zero, as people round."""
    scaled = abs(value) * 10**digits
    rounded = math.copysign(math.floor(scaled + 0.5) / 10**digits, value)
    text = f"{rounded:,.{digits}f}"
    if text.strip("-0.,") == "":
        text = text.lstrip("-")
    text = text.replace("-", "−")
    return text.translate(str.maketrans(",.", ".,")) if lang == "vi" else text


def percent(share: float, lang: Lang, digits: int = 0) -> str:
    """A share of 0..1 as ``87 %`` (Vietnamese) or ``87%``."""
    return number(share * 100, lang, digits) + (" %" if lang == "vi" else "%")


def minutes(seconds: float, words: Words) -> str:
    """``12 phút``; under one minute in words. Minutes also beyond an hour: they are compared with a target in minutes."""
    if seconds < 60:
        return words("under_a_minute")
    return words.count("minutes", math.floor(seconds / 60 + 0.5))


def span(seconds: float, words: Words) -> str:
    """A measured time: seconds under a minute, else minutes."""
    return minutes(seconds, words) if seconds >= 60 else words.count("seconds", math.floor(max(0.0, seconds) + 0.5))


def minutes_range(low_s: float, high_s: float, words: Words) -> str:
    """``8–18 phút``: the lower end rounded down and the upper end up, so that the interval is never shown narrower."""
    low, high = math.floor(low_s / 60), math.ceil(high_s / 60)
    return words("minutes_range", low=number(low, words.lang), high=number(high, words.lang))


def duration(seconds: float, words: Words) -> str:
    """An age: seconds under a minute, minutes under an hour, hours under two days, then days."""
    whole = max(0, math.floor(seconds))
    if whole < 60:
        return words.count("seconds", whole)
    if whole < 3600:
        return words.count("minutes", whole // 60)
    if whole < 48 * 3600:
        return words.count("hours", whole // 3600)
    return words.count("days", whole // 86400)


def clock(at: datetime) -> str:
    """``14:05``, Viet Nam's time; `at` is aware."""
    return at.astimezone(VIET_NAM).strftime("%H:%M")


def moment(at: datetime) -> str:
    """``14:05:09 02/03/2026``, Viet Nam's time."""
    return at.astimezone(VIET_NAM).strftime("%H:%M:%S %d/%m/%Y")


def day(value: date) -> str:
    """``02/03/2026``."""
    return value.strftime("%d/%m/%Y")


def parsed(text: str) -> datetime:
    """An instant as the API writes it."""
    return datetime.fromisoformat(text)


def iso(at: datetime) -> str:
    """An instant for machines, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")

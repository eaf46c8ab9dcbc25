"""Rules of alerts as fields of a form: which there are, what they look like, and back to what the API takes. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from motcua.dashboard import format as fmt
from motcua.dashboard.words import Words

Data = dict[str, Any]
Unit = Literal["minutes", "percent", "count", "spans"]
_SPAN = re.compile(r"^(?:([1-7]) +)?([0-2][0-9]:[0-5][0-9])-([0-2][0-9]:[0-5][0-9])$")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in the rule, and its unit on the page."""

    name: str
    unit: Unit


_LASTING = (Field("raise_for_s", "minutes"), Field("clear_for_s", "minutes"))
FIELDS: dict[str, tuple[Field, ...]] = {
    "wait_over": (Field("raise_above_s", "minutes"), Field("clear_below_s", "minutes"), *_LASTING),
    "counter_closed": (Field("raise_from_waiting", "count"), Field("clear_to_waiting", "count"), *_LASTING),
    "camera_blind": _LASTING,
    "no_data": (Field("silent_above_s", "minutes"), Field("heard_below_s", "minutes"), *_LASTING),
    "satisfaction_low": (
        Field("target_share", "percent"),
        Field("clear_from_share", "percent"),
        Field("days", "count"),
        Field("min_n", "count"),
        *_LASTING,
    ),
    "telling": (Field("per_hour", "count"), Field("quiet", "spans")),
}


class NoNumber(ValueError):
    """A field does not hold what it should; ``name`` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def shown(field: Field, value: Any, words: Words) -> str:
    """A value in words."""
    if field.unit == "minutes":
        return fmt.number(value / 60, words.lang, 0 if value % 60 == 0 else 1)
    if field.unit == "percent":
        return fmt.percent(value, words.lang, 0 if round(value * 1000) % 10 == 0 else 1)
    return text(field, value) if field.unit == "spans" else fmt.number(value, words.lang)


def text(field: Field, value: Any) -> str:
    """A value as it stands in its field, in a form that :func:`given` reads: digits with a point."""
    if field.unit == "spans":
        days = [f"{span['weekday']} " if span["weekday"] else "" for span in value]
        return ", ".join(f"{day}{s['begins'][:5]}-{s['ends'][:5]}" for day, s in zip(days, value, strict=True))
    scale = {"minutes": 1 / 60, "percent": 100.0}.get(field.unit, 1.0)
    return f"{value * scale:.4f}".rstrip("0").rstrip(".")


def given(kind: str, enabled: bool, texts: dict[str, str]) -> Data:
    """The rule that the fields hold. Raises NoNumber for the first that holds none."""
    rule: Data = {"kind": kind, "enabled": enabled}
    for field in FIELDS[kind]:
        said = (texts.get(field.name) or "").strip()
        rule[field.name] = _spans(said) if field.unit == "spans" else _number(field, said)
    return rule


def _number(field: Field, said: str) -> float | int:
    if not re.fullmatch(r"[0-9]{1,6}([.,][0-9]{1,4})?", said):
        raise NoNumber(field.name)
    value = float(said.replace(",", "."))
    if field.unit == "percent":
        return round(value / 100, 6)
    value = value * 60 if field.unit == "minutes" else value
    if value != int(value) and field.unit == "count":
        raise NoNumber(field.name)
    return round(value)


def _spans(said: str) -> list[Data]:
    found: list[Data] = []
    for part in (p.strip() for p in said.split(",") if p.strip()):
        match = _SPAN.match(part)
        if match is None or len(found) >= 28:
            raise NoNumber("quiet")
        day, begins, ends = match.groups()
        found.append({"weekday": int(day) if day else None, "begins": begins, "ends": ends})
    return found

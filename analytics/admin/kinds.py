"""The kinds of records: their fields, keys, and how each is retired. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Type = Literal["text", "long", "id", "ids", "office", "offices", "choice", "yesno", "number", "day", "time", "spans"]
Value = str | float | bool | None
Values = dict[str, Value]
KEY_SEPARATOR = "~"
"""Stands between the parts of a key; no id holds it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form or a file. ``most``: characters at most."""

    name: str
    type: Type = "text"
    required: bool = False
    most: int = 300
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record. ``key``: names of the key's fields.

    ``every``: every office has exactly one, so that none is added. ``shared``: belongs to no office, so that only who sees all
    offices may change it. ``retire``: ``day`` sets ``valid_to``, ``remove`` takes a day out that has not come yet.
    """

    name: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    every: bool = False
    shared: bool = False
    retire: Literal["day", "remove"] | None = None

    def key_of(self, values: Mapping[str, Any]) -> str:
        """A record's key as one word."""
        return KEY_SEPARATOR.join(str(values.get(part) or "").strip() for part in self.key)

    def office_of(self, values: Mapping[str, Any]) -> str | None:
        """The office that a record belongs to; None where it belongs to all."""
        return None if self.shared else str(values.get("office_id"))


_ID, _SOURCE, _UNTIL = Field("office_id", "office", required=True, most=64), Field("source"), Field("valid_to", "day")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "offices",
            ("office_id",),
            (
                Field("office_id", "id", required=True, most=64),
                Field("name", required=True),
                Field("unit_name"),
                Field("level", "choice", required=True, choices=("province", "district", "commune")),
                Field("parent_id", "office", most=64),
                Field("code_gso", most=8),
                Field("address"),
                Field("phone", most=30),
                Field("lat", "number"),
                Field("lon", "number"),
                Field("coordinate_quality", "choice", choices=("survey", "building", "street", "centroid", "approximate")),
                Field("opening_hours"),
                Field("replaces"),
                _SOURCE,
                Field("valid_from", "day"),
                _UNTIL,
            ),
            retire="day",
        ),
        Kind(
            "counters",
            ("office_id", "counter_id"),
            (
                _ID,
                Field("counter_id", "id", required=True, most=64),
                Field("name", required=True),
                Field("lanes", "ids"),
                Field("note"),
                _UNTIL,
            ),
            retire="day",
        ),
        Kind(
            "hours",
            ("office_id",),
            (_ID, *(Field(day, "spans", most=120) for day in _DAYS), _SOURCE),
            every=True,
        ),
        Kind(
            "holidays",
            ("office_id", "day"),
            (
                Field("office_id", "office", most=64),
                Field("day", "day", required=True),
                Field("name", required=True),
                Field("opens", "time", most=5),
                Field("closes", "time", most=5),
            ),
            retire="remove",
        ),
        Kind(
            "access",
            ("office_id",),
            (
                _ID,
                Field("wheelchair", "yesno"),
                Field("priority_lane", "yesno"),
                Field("appointment_lane", "yesno"),
                Field("appointment_link", most=500),
                _SOURCE,
            ),
            every=True,
        ),
        Kind(
            "procedures",
            ("procedure_id",),
            (
                Field("procedure_id", "id", required=True, most=64),
                Field("name", required=True),
                Field("field"),
                Field("link", most=500),
                Field("offices", "offices", most=20_000),
                _SOURCE,
                _UNTIL,
            ),
            shared=True,
            retire="day",
        ),
        Kind("taken", ("office_id",), (_ID, Field("procedures", "ids", most=20_000)), every=True),
    )
}


def retired(values: Mapping[str, Any], today: date) -> bool:
    """Whether a record is no longer in force: from ``valid_to`` on, that day included."""
    until = values.get("valid_to")
    return until is not None and date.fromisoformat(str(until)) <= today

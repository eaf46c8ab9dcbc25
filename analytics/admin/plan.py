"""What records would change: checked one by one, then together. Pure: rows in, a plan or its errors out, nothing is written.

A form is a plan of one record, a file one of many; both take the same way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from motcua.analytics.admin.kinds import Kind, Values, retired


class Fault(Protocol):
    """One error, as who checks records tells it."""

    @property
    def field(self) -> str | None: ...
    @property
    def message(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def value(self) -> str | None: ...


class RawRow(Protocol):
    """A record as it stands in a file."""

    @property
    def where(self) -> str: ...
    @property
    def values(self) -> dict[str, Any]: ...
    @property
    def fault(self) -> str | None: ...
    @property
    def code(self) -> str: ...


class Told(Protocol):
    """A checked record, or why it is none."""

    @property
    def values(self) -> Values | None: ...
    @property
    def problems(self) -> Sequence[Fault]: ...


class Records(Protocol):
    """Who knows what a record must be like: handed to the API when it is made."""

    def columns(self, kind: str) -> Collection[str]:
        """The fields that a file may name."""

    def read(self, kind: str, name: str, data: bytes) -> Sequence[RawRow]:
        """The rows of a file. Raises ValueError with an attribute ``code``."""

    def check(
        self, kind: str, where: str, values: Mapping[str, Any], levels: Mapping[str, str], procedures: Collection[str]
    ) -> Told:
        """One record by itself."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One error with its place: ``line 4``, ``feature 2``, or ``form``. ``code`` is for who says it in other words."""

    where: str
    field: str | None
    code: str
    message: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A record that is there already, before and after."""

    key: str
    old: Values
    new: Values

    def fields(self) -> dict[str, tuple[Any, Any]]:
        """The fields that differ, with both values."""
        return {k: (self.old.get(k), v) for k, v in self.new.items() if self.old.get(k) != v}


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be written. Empty of changes where there are problems."""

    kind: str
    new: tuple[tuple[str, Values], ...] = ()
    changed: tuple[Change, ...] = ()
    retired: tuple[Change, ...] = ()
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()

    def token(self) -> str:
        """A hash over everything that would be written and over what stands there now: equal tokens are equal changes."""
        parts = [
            self.kind,
            [[k, v] for k, v in self.new],
            [[c.key, c.old, c.new] for c in (*self.changed, *self.retired)],
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Known:
    """What stands in the database now, and who asks. ``allowed``: the offices of who asks; None: every one."""

    existing: Mapping[str, Values]
    levels: Mapping[str, str]
    procedures: Collection[str]
    allowed: Collection[str] | None
    today: date
    busy: Collection[str] = field(default_factory=frozenset)
    """Offices with a device that may connect."""


def version(values: Values) -> str:
    """A short hash of a record: who sends it back says which one they have seen."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:20]


def plan(
    kind: Kind, rows: Iterable[RawRow], known: Known, records: Records, *, retire_missing: bool = False, shown: str = ""
) -> Plan:
    """Check rows and compare them with what is there. A field that a row does not name keeps what it has."""
    problems: list[Problem] = []
    wanted: dict[str, tuple[str, Values]] = {}
    strangers: set[str] = set()
    columns = records.columns(kind.name)
    for row in rows:
        if row.fault:
            problems.append(Problem(row.where, None, row.code, row.fault))
            continue
        for name in row.values.keys() - columns - strangers:
            strangers.add(name)  # a wrong name would repeat in every row: it is told once
            problems.append(Problem(row.where, name[:60], "unknown_field", f"{name[:60]!r} is not a field of {kind.name}"))
        key = kind.key_of(
            row.values | ({"office_id": row.values.get("office_id") or "*"} if kind.retire == "remove" else {})
        )
        before = known.existing.get(key, {})
        told = records.check(
            kind.name,
            row.where,
            {**before, **{k: v for k, v in row.values.items() if k in columns}},
            _with_new(known.levels, kind, wanted),
            known.procedures,
        )
        found = [Problem(row.where, f.field, f.code, f.message, f.value) for f in told.problems]
        if told.values is not None:
            key = kind.key_of(told.values)
            found += _not_yours(kind, row.where, told.values, known, known.existing.get(key))
            if key in wanted:
                first = wanted[key][0]
                found.append(Problem(row.where, kind.key[-1], "duplicate", f"{key!r} stands already in {first}", first))
            if not found:
                wanted[key] = (row.where, told.values)
        problems += found
    if retire_missing and kind.retire == "day" and not problems:
        wanted |= _missing(kind, wanted, known)
    if kind.name == "offices":
        problems += _tree(wanted, known)
    if not wanted and not problems:
        problems.append(Problem("file", None, "file_empty", "the file holds no record"))
    if problems:
        return Plan(kind.name, problems=tuple(problems))
    return _compared(kind, {k: v for k, (_, v) in wanted.items()}, known)


def _with_new(levels: Mapping[str, str], kind: Kind, wanted: Mapping[str, tuple[str, Values]]) -> Mapping[str, str]:
    return levels if kind.name != "offices" else {**levels, **{k: str(v["level"]) for k, (_, v) in wanted.items()}}


def _not_yours(kind: Kind, where: str, values: Values, known: Known, before: Values | None) -> list[Problem]:
    if known.allowed is None:
        return []
    if kind.shared:
        return [Problem(where, None, "not_yours", "only an administrator of all offices may change this")]
    office = str(values["parent_id"] if kind.name == "offices" and before is None else kind.office_of(values))
    if office not in known.allowed:
        blamed = "parent_id" if kind.name == "offices" and before is None else "office_id"
        return [Problem(where, blamed, "not_yours", f"the office {office!r} is not yours to change", office)]
    moved = kind.name == "offices" and before is not None and before["parent_id"] != values["parent_id"]
    if moved and values["parent_id"] not in known.allowed:
        return [Problem(where, "parent_id", "not_yours", "the office above is not yours", str(values["parent_id"]))]
    return []


def _missing(kind: Kind, wanted: Mapping[str, object], known: Known) -> dict[str, tuple[str, Values]]:
    """The records in force that the file does not name, retired from today on."""
    return {
        key: ("file", {**values, "valid_to": known.today.isoformat()})
        for key, values in known.existing.items()
        if key not in wanted
        and not retired(values, known.today)
        and (known.allowed is None or kind.office_of(values) in known.allowed)
    }


def _tree(wanted: Mapping[str, tuple[str, Values]], known: Known) -> list[Problem]:
    """Offices together: parents that exist, no circles, one code each, none retired that others still need."""
    after: dict[str, Values] = {**known.existing, **{k: v for k, (_, v) in wanted.items()}}
    live = {k: v for k, v in after.items() if not retired(v, known.today)}
    codes: dict[str, str] = {}
    for key, values in live.items():
        if (code := values.get("code_gso")) is not None:
            codes[str(code)] = key if key not in wanted else codes.get(str(code), key)
    needed = {str(v["parent_id"]) for v in live.values() if v.get("parent_id")}
    problems: list[Problem] = []
    for key, (where, values) in wanted.items():
        problems += _parents(key, where, values, after)
        code = values.get("code_gso")
        if key in live and code is not None and codes[str(code)] != key:
            other = codes[str(code)]
            problems.append(Problem(where, "code_gso", "code_taken", f"the code {code} is that of {other}", other))
        if key not in live and (key not in known.existing or not retired(known.existing[key], known.today)):
            if key in needed:
                problems.append(Problem(where, "valid_to", "children", f"offices below {key} are still in use", key))
            if key in known.busy:
                problems.append(Problem(where, "valid_to", "devices", f"devices of {key} may still connect", key))
    return problems


def _parents(key: str, where: str, values: Values, after: Mapping[str, Values]) -> list[Problem]:
    parent, seen = values.get("parent_id"), {key}
    if parent and parent not in after:
        return [Problem(where, "parent_id", "no_office", f"there is no office {parent!r}", str(parent))]
    while parent and parent not in seen:
        seen.add(str(parent))
        parent = after.get(str(parent), {}).get("parent_id")
    if parent == key:
        return [Problem(where, "parent_id", "cycle", "the office is its own parent, directly or through others", key)]
    return []


def _compared(kind: Kind, wanted: Mapping[str, Values], known: Known) -> Plan:
    new, changed, gone, same = [], [], [], 0
    for key, values in wanted.items():
        old = known.existing.get(key)
        if old is None:
            new.append((key, values))
        elif {k: old.get(k) for k in values} == values:
            same += 1
        elif retired(values, known.today) and not retired(old, known.today):
            gone.append(Change(key, dict(old), values))
        else:
            changed.append(Change(key, dict(old), values))
    return Plan(kind.name, tuple(new), tuple(changed), tuple(gone), same)

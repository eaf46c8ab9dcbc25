"""What an import would change: pure, so that it can be shown before anything is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from motcua.map.office import Office


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids of new and unchanged offices, and of changed ones the fields with their old and new value."""

    new: tuple[str, ...]
    changed: dict[str, dict[str, tuple[Any, Any]]]
    unchanged: tuple[str, ...]


def changes(existing: Iterable[Mapping[str, Any]], offices: Iterable[Office]) -> Changes:
    """Compare rows of the table `office` with checked offices, column by column."""
    before = {row["office_id"]: row for row in existing}
    new: list[str] = []
    changed: dict[str, dict[str, tuple[Any, Any]]] = {}
    unchanged: list[str] = []
    for office in offices:
        old = before.get(office.office_id)
        if old is None:
            new.append(office.office_id)
            continue
        differences = {key: (old.get(key), value) for key, value in office.row().items() if old.get(key) != value}
        if differences:
            changed[office.office_id] = differences
        else:
            unchanged.append(office.office_id)
    return Changes(tuple(new), changed, tuple(unchanged))

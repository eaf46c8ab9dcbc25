"""Find a procedure by words, and the offices that take it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from motcua.map.finder import fold

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Procedure:
    """A procedure with the ids of the offices that take it; None: not known who does."""

    procedure_id: str
    name: str
    field: str | None
    link: str | None
    offices: frozenset[str] | None


def procedures_of(answer: Mapping[str, Any]) -> list[Procedure]:
    """The procedures of GET /api/v1/public/procedures."""
    sets = [frozenset(offices) for offices in answer["taken_by"]]
    return [
        Procedure(
            p["procedure_id"], p["name"], p["field"], p["link"], None if p["taken_by"] is None else sets[p["taken_by"]]
        )
        for p in answer["procedures"]
    ]


def search_procedures(procedures: Sequence[Procedure], query: str) -> list[Procedure]:
    """Those in whose name, field or code every word of the query begins a word; names that begin so come first."""
    wanted = fold(query).split()
    found = []
    for procedure in procedures:
        key = f" {fold(procedure.name)} {fold(procedure.field or '')} {fold(procedure.procedure_id)}"
        if all(f" {word}" in key for word in wanted):
            found.append((not key.startswith(f" {' '.join(wanted)}"), procedure))
    return [procedure for _, procedure in sorted(found, key=lambda pair: pair[0])]

"""Offices as a tree of units: what lies below one, and the way to it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from motcua.dashboard.answers import LiveOffice
from motcua.dashboard.words import Words

Crumb = tuple[str, str]
"""What people read, and the address."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit with offices below it, and how many there are with its own."""

    office: LiveOffice
    offices: int


def unit_href(office_id: str) -> str:
    """The address of a unit's page."""
    return f"/unit/{quote(office_id, safe='')}"


def office_href(office_id: str) -> str:
    """The address of an office's page."""
    return f"/office/{quote(office_id, safe='')}"


def counter_href(office_id: str, counter_id: str) -> str:
    """The address of a counter's page."""
    return f"{office_href(office_id)}/counter/{quote(counter_id, safe='')}"


def below(offices: Sequence[LiveOffice], unit_id: str | None) -> list[LiveOffice]:
    """The offices of a unit: its own and all below it; every office for None, none for a unit that is not there."""
    if unit_id is None:
        return list(offices)
    children = _children(offices)
    found, frontier = set[str](), [o.office_id for o in offices if o.office_id == unit_id]
    while frontier:
        found.add(one := frontier.pop())
        frontier += [c.office_id for c in children.get(one, []) if c.office_id not in found]
    return [o for o in offices if o.office_id in found]


def units(offices: Sequence[LiveOffice], unit_id: str | None) -> list[Unit]:
    """The units right below one that have offices below them: the next steps down. For None those at the top."""
    ids = {o.office_id for o in offices}
    above = [o for o in offices if (o.parent_id == unit_id if unit_id is not None else o.parent_id not in ids)]
    found = [Unit(o, len(below(offices, o.office_id))) for o in above]
    return [u for u in found if u.offices > 1]


def way(offices: Sequence[LiveOffice], office_id: str, words: Words) -> list[Crumb]:
    """From all offices down to a unit, the unit included; only over units that the account may see."""
    by_id = {o.office_id: o for o in offices}
    steps: list[LiveOffice] = []
    at = by_id.get(office_id)
    while at is not None and at not in steps:
        steps.append(at)
        at = by_id.get(at.parent_id or "")
    return [(words("back_all"), "/"), *((o.title, unit_href(o.office_id)) for o in reversed(steps))]


def _children(offices: Sequence[LiveOffice]) -> dict[str, list[LiveOffice]]:
    found: dict[str, list[LiveOffice]] = {}
    for office in offices:
        if office.parent_id is not None:
            found.setdefault(office.parent_id, []).append(office)
    return found

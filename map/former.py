"""The structure of 2021, as history: who belonged to whom, and where it belongs today. Pure."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

from motcua.map.finder import fold
from motcua.map.office import Office
from motcua.map.offices import check_file
from motcua.map.view import Card


@dataclass(frozen=True, slots=True)
class FormerOffice:
    """One office of 2021. `today`: names of today's units with the id of their office, None where there is none of that name."""

    name: str
    unit_name: str
    level: str
    code_gso: str | None
    address: str | None
    today: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class FormerUnit:
    """A district (or the province) of 2021 with its communes."""

    office: FormerOffice
    communes: tuple[FormerOffice, ...]


@cache
def offices_2021() -> tuple[Office, ...]:
    """The 116 offices that come with the product. Raises ValueError if the shipped file is damaged."""
    with as_file(files("motcua.map.data") / "offices_2021.geojson") as path:
        checked = check_file(path)
    if checked.problems:
        raise ValueError(f"The shipped file of 2021 is damaged: {checked.problems[0]}")
    return checked.offices


def former_units(offices: Sequence[Office], today: Iterable[Card]) -> tuple[FormerUnit, ...]:
    """The province, then its districts in the order of their codes, each with the communes below it."""
    ids = {unicodedata.normalize("NFC", card.title): card.office_id for card in today}
    ids |= {card.name: card.office_id for card in today}
    tops = [o for o in offices if o.level != "commune"]
    return tuple(
        FormerUnit(
            _former(top, ids),
            tuple(_former(o, ids) for o in offices if o.level == "commune" and o.parent_id == top.office_id),
        )
        for top in tops
    )


def matching(units: Iterable[FormerUnit], query: str) -> tuple[FormerUnit, ...]:
    """The communes whose name holds every word of the query, with their districts; all of them for an empty one."""
    wanted = fold(query).split()
    if not wanted:
        return tuple(units)

    def holds(office: FormerOffice) -> bool:
        key = f" {fold(office.unit_name)} {office.code_gso or ''} {' '.join(fold(name) for name, _ in office.today)}"
        return all(f" {word}" in key for word in wanted)

    found = ((u, tuple(c for c in u.communes if holds(c))) for u in units)
    return tuple(FormerUnit(u.office, communes) for u, communes in found if communes or holds(u.office))


def _former(office: Office, ids: dict[str, str]) -> FormerOffice:
    names = [name.strip() for name in (office.replaced_by or "").split(",") if name.strip()]
    return FormerOffice(
        name=office.name,
        unit_name=office.unit_name or office.name,
        level=office.level,
        code_gso=office.code_gso,
        address=office.address,
        today=tuple((name, ids.get(unicodedata.normalize("NFC", name))) for name in names),
    )

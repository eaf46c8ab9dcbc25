"""Find an office by words, with or without accents, or by distance. Pure; the page's script follows the same rules."""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG), metres."""


class Findable(Protocol):
    """What the finder needs of an office: `None` where unknown, degrees WGS 84."""

    @property
    def name(self) -> str: ...
    @property
    def unit_name(self) -> str | None: ...
    @property
    def address(self) -> str | None: ...
    @property
    def replaces(self) -> str | None: ...
    @property
    def code_gso(self) -> str | None: ...
    @property
    def lat(self) -> float | None: ...
    @property
    def lon(self) -> float | None: ...


AnyOffice = TypeVar("AnyOffice", bound=Findable)


def fold(text: str) -> str:
    """Text as it is compared: no accents, đ as d, lower case, one space between words. `Ấp Đại-Hoà` → `ap dai hoa`."""
    letters = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9]+", "".join(letters).lower().replace("đ", "d")))


def keys(office: Findable) -> tuple[str, str, str]:
    """Folded texts in falling weight: the unit's name, former units, everything else.

    The province at the end of an address is left out: it stands in every one, and would make every office match its name.
    """
    address = re.sub(r",\s*tỉnh [^,]*$", "", unicodedata.normalize("NFC", office.address or ""), flags=re.IGNORECASE)
    return (
        fold(office.unit_name or office.name),
        fold(office.replaces or ""),
        fold(f"{office.name} {address} {office.code_gso or ''}"),
    )


def rank(query: str, office_keys: Sequence[str]) -> int | None:
    """How well an office matches: smaller is better, None not at all.

    Every word of the query has to begin a word somewhere in the keys. The best match is the unit's own name, then its beginning or
    middle, then a former unit, then the words out of order in either, then words that stand in the address or the full name.
    """
    wanted = fold(query)
    if not wanted:
        return 0
    unit, former, rest = (f" {key} " for key in office_keys)
    words = [f" {word}" for word in wanted.split()]
    if not all(word in unit + former + rest for word in words):
        return None
    if unit.endswith(f" {wanted} "):
        return 1
    for better, key in ((2, unit), (3, former)):
        if f" {wanted}" in key:
            return better
    for better, key in ((4, unit), (5, former)):
        if all(word in key for word in words):
            return better
    return 6


def search(offices: Iterable[AnyOffice], query: str) -> list[AnyOffice]:
    """The offices that match, best first; equal ones keep their order."""
    ranked = ((rank(query, keys(office)), office) for office in offices)
    return [office for _, office in sorted(((r, o) for r, o in ranked if r is not None), key=lambda pair: pair[0])]


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Great-circle distance in metres between two points in degrees (haversine)."""
    phi, other_phi = math.radians(lat), math.radians(other_lat)
    half_lat, half_lon = (other_phi - phi) / 2, math.radians(other_lon - lon) / 2
    h = math.sin(half_lat) ** 2 + math.cos(phi) * math.cos(other_phi) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))


def nearest(offices: Iterable[AnyOffice], lat: float, lon: float) -> list[tuple[float, AnyOffice]]:
    """Offices with a point, with their distance in metres, the nearest first."""
    reached = [(distance_m(lat, lon, o.lat, o.lon), o) for o in offices if o.lat is not None and o.lon is not None]
    return sorted(reached, key=lambda pair: pair[0])

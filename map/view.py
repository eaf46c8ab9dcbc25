"""From the API's public answer to what the templates show. Pure: no clock, no network."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from motcua.map.finder import fold, keys, rank
from motcua.map.hours import VIET_NAM, Opening, tell_hours, tell_open
from motcua.map.office import DIRECTION_QUALITIES, LEVELS
from motcua.map.words import Told, tell, tell_age

_KINDS = ("thi tran", "thi xa", "thanh pho", "dac khu", "xa", "phuong", "tinh", "huyen", "quan")


@dataclass(frozen=True, slots=True)
class Directions:
    """Addresses that lead to a point."""

    geo: str
    osm: str
    google: str


@dataclass(frozen=True, slots=True)
class Card:
    """One office as the page shows it; None means unknown."""

    office_id: str
    name: str
    unit_name: str | None
    level: str
    code_gso: str | None
    address: str | None
    phone: str | None
    replaces: str | None
    opening_hours: str | None
    lat: float | None
    lon: float | None
    directions: Directions | None
    told: Told
    age: str | None
    key: str
    rank: int | None
    opening: Opening
    hours: tuple[tuple[str, str], ...]
    wheelchair: bool | None
    priority_lane: bool | None
    appointment_lane: bool | None
    appointment_link: str | None
    lanes: tuple[tuple[str, Told], ...]
    satisfaction: str | None = None
    satisfaction_known: bool = False
    excluded: bool = False

    @property
    def shown(self) -> bool:
        return self.rank is not None and not self.excluded

    @property
    def title(self) -> str:
        return self.unit_name or self.name

    @property
    def label(self) -> str:
        """The unit without its kind, as on a map: `Long Châu`."""
        words = self.title.split()
        for kind in _KINDS:
            n = len(kind.split())
            if len(words) > n and fold(" ".join(words[:n])) == kind:
                return " ".join(words[n:])
        return self.title

    @property
    def is_town(self) -> bool:
        return fold(self.title).startswith(("phuong ", "thi tran ", "thanh pho ", "tinh "))

    @property
    def phone_shown(self) -> str | None:
        """`0270 3860 556` for +842703860556."""
        if self.phone and self.phone.startswith("+84") and len(self.phone) == 13:
            return f"0{self.phone[3:6]} {self.phone[6:10]} {self.phone[10:]}"
        return self.phone


def cards(
    answer: Mapping[str, Any], words: Mapping[str, str], query: str = "", only: Collection[str] | None = None
) -> list[Card]:
    """All offices of GET /api/v1/public/offices: those that match the query first, best first; the others have rank None.

    `only`: ids of the offices that take a chosen procedure; the others are `excluded`. The demonstration's office is left out. Raises KeyError if the answer is not of the API's shape.
    """
    found = [_card(o, answer, words, query, only) for o in answer["offices"] if o["level"] != "demo"]
    return sorted(
        found, key=lambda c: (not c.shown, c.rank is None, c.rank or 0, LEVELS.index(c.level), fold(c.label), c.office_id)
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """The texts that the finder searches."""

    name: str
    unit_name: str | None
    address: str | None
    replaces: str | None
    code_gso: str | None
    lat: float | None
    lon: float | None


def _card(
    office: Mapping[str, Any], answer: Mapping[str, Any], words: Mapping[str, str], query: str, only: Collection[str] | None
) -> Card:
    searched = _Found(*(office.get(field) for field in _Found.__slots__))  # type: ignore[arg-type]
    office_keys = keys(searched)
    target_s = answer["target_wait_s"]
    told = tell(office["wait"], target_s, words)
    return Card(
        office_id=office["office_id"],
        name=office["name"],
        unit_name=office.get("unit_name"),
        level=office["level"],
        code_gso=office.get("code_gso"),
        address=office.get("address"),
        phone=office.get("phone"),
        replaces=office.get("replaces"),
        opening_hours=office.get("opening_hours"),
        lat=searched.lat,
        lon=searched.lon,
        directions=_directions(searched, office.get("coordinate_quality")),
        told=told,
        age=None if told.age_s is None else tell_age(told.age_s, words),
        key="|".join(office_keys),
        rank=rank(query, office_keys),
        opening=tell_open(office, answer["generated_at"], words),
        hours=tell_hours(office.get("hours"), words),
        wheelchair=office.get("wheelchair"),
        priority_lane=office.get("priority_lane"),
        appointment_lane=office.get("appointment_lane"),
        appointment_link=office.get("appointment_link"),
        lanes=tuple((lane["lane"], tell(lane["wait"], target_s, words)) for lane in office.get("lanes") or ()),
        satisfaction=tell_satisfaction(office.get("satisfaction"), words),
        satisfaction_known=(office.get("satisfaction") or {}).get("state") == "ok",
        excluded=only is not None and office["office_id"] not in only,
    )


def _directions(office: _Found, quality: str | None) -> Directions | None:
    """None unless the point is good enough to send somebody there."""
    if office.lat is None or office.lon is None or quality not in DIRECTION_QUALITIES:
        return None
    point = f"{office.lat:.6f},{office.lon:.6f}"
    return Directions(
        geo=f"geo:{point}?q={point}({quote(office.unit_name or office.name)})",
        osm=f"https://www.openstreetmap.org/directions?route=%3B{quote(point)}",
        google=f"https://www.google.com/maps/dir/?api=1&destination={quote(point)}",
    )


def tell_satisfaction(given: Mapping[str, Any] | None, words: Mapping[str, str]) -> str | None:
    """The published satisfaction of a quarter in words, named as unknown where it is; None where nothing is told of it."""
    if given is None:
        return None
    first = date.fromisoformat(given["since"])
    quarter = {"quarter": (first.month + 2) // 3, "year": first.year}
    if given["state"] != "ok" or given["share"] is None:
        return words["satisfaction_unknown"].format(**quarter)
    shares = {key: round(given[key] * 100) for key in ("share", "low", "high")}
    n = f"{given['n']:,}".replace(",", words["thousands"])
    return words["satisfaction_told"].format(n=n, **shares, **quarter)


def local_time(instant: str) -> str:
    """`10:25 24/11/2025` in Viet Nam, for an ISO-8601 instant with its offset. Raises ValueError."""
    at = datetime.fromisoformat(instant)
    if at.tzinfo is None:
        raise ValueError(f"{instant} has no time zone")
    return f"{at.astimezone(VIET_NAM):%H:%M %d/%m/%Y}"

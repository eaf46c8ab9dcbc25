"""Where one is served soonest: travel plus expected wait at arrival. Pure; web/advice.js follows the same rules, tests hold both to the same cases.

The total of an office is `travel + wait`. The wait at arrival lies between the wait now and the usual one of this hour of the week, the
nearer to the usual one the longer the way (`FADE_S`). An office is worth the way where it saves `WORTH_S` and hardly anybody waits (`CALM_S`). Of those
within `TIE_S` of the best each visitor gets one by chance, the quicker the likelier (`exp(-loss / SPREAD_S)`), and only one visitor in four is sent away
from the nearest office at all (`MOVE_SHARE`): what a phone shows is as old as the way is long, and a thousand phones must not move the queue.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from motcua.map.finder import distance_m
from motcua.map.words import OPEN_PROVENANCES

ROAD_FACTOR = 1.4
"""Roads over straight lines; the province is full of rivers."""
SPEED_M_S = 30 / 3.6
NEIGHBOURS = 12
"""Offices that are looked at: the nearest ones."""
FADE_S = 3600.0
WORTH_S = 300.0
TIE_S = 900.0
SPREAD_S = 900.0
MOVE_SHARE = 0.25
CALM_S = 120.0


@dataclass(frozen=True, slots=True)
class Option:
    """One office: seconds on the way, seconds of waiting with their interval; None where no wait is known."""

    office_id: str
    travel_s: float
    wait_s: float | None
    low_s: float | None = None
    high_s: float | None = None

    @property
    def total_s(self) -> float:
        return self.travel_s + (self.wait_s or 0.0)


@dataclass(frozen=True, slots=True)
class Advice:
    """The office to go to, and the nearest one that it is compared with; differences in seconds, both positive where it pays."""

    chosen: Option
    nearest: Option
    further_s: float
    less_wait_s: float


def travel_s(metres: float) -> float:
    """Seconds for a straight line of so many metres."""
    return metres * ROAD_FACTOR / SPEED_M_S


def at_arrival(now_s: float, usual_s: float | None, travel: float) -> float:
    """The wait that a newcomer finds after so many seconds on the way."""
    return now_s if usual_s is None else usual_s + (now_s - usual_s) * math.exp(-travel / FADE_S)


def options(
    offices: Iterable[Mapping[str, Any]], lat: float, lon: float, travel: Mapping[str, float] | None = None
) -> list[Option]:
    """The nearest offices of the public answer that are not shut. travel: seconds by office where something better than a straight line is known."""
    found = []
    for office in offices:
        if office.get("lat") is None or office.get("lon") is None or office.get("open_now") is False:
            continue
        if office["wait"]["state"] == "closed":
            continue
        known = (travel or {}).get(office["office_id"])
        way = travel_s(distance_m(lat, lon, office["lat"], office["lon"])) if known is None else known
        found.append(_option(office, way))
    return sorted(found, key=lambda o: (o.travel_s, o.office_id))[:NEIGHBOURS]


def advise(found: Sequence[Option], chance: float) -> Advice | None:
    """Choose for one visitor. chance: the visitor's own random number in [0, 1). None where the nearest office's wait, or every other's, is unknown."""
    if not found or found[0].wait_s is None:
        return None
    nearest = found[0]
    known = [o for o in found if o.wait_s is not None]
    if len(known) < 2:
        return None
    worth = [o for o in known if nearest.total_s - o.total_s >= WORTH_S and o.wait_s is not None and o.wait_s <= CALM_S]
    if not worth:
        return Advice(nearest, nearest, 0.0, 0.0)
    worth.sort(key=lambda o: (o.total_s, o.office_id))
    best = worth[0].total_s
    tied = [o for o in worth if o.total_s - best <= TIE_S]
    weights = [math.exp((best - o.total_s) / SPREAD_S) for o in tied]
    left = chance * sum(weights) / MOVE_SHARE
    chosen = nearest
    for option, weight in zip(tied, weights, strict=True):
        left -= weight
        if left < 0:
            chosen = option
            break
    assert nearest.wait_s is not None
    assert chosen.wait_s is not None
    return Advice(chosen, nearest, chosen.travel_s - nearest.travel_s, nearest.wait_s - chosen.wait_s)


def _option(office: Mapping[str, Any], way: float) -> Option:
    wait = office["wait"]
    now_s = wait.get("expected_wait_s")
    if wait["state"] != "ok" or now_s is None or wait.get("provenance") not in OPEN_PROVENANCES:
        return Option(office["office_id"], way, None)
    then = at_arrival(now_s, office.get("usual_wait_s"), way)
    low, high = wait.get("low_s"), wait.get("high_s")
    if low is None or high is None:
        return Option(office["office_id"], way, then)
    return Option(office["office_id"], way, then, max(0.0, low + then - now_s), max(0.0, high + then - now_s))

"""A province of queues in which some citizens follow the advice of the public page and the others go to the nearest office. Pure and seeded.

The same people live the same day twice: once all of them at their nearest office, once with the advice. What the page knows of a queue is
what a camera tells: how many are there, held for `REFRESH_S`, and a mean service time that is wrong by a factor.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from motcua.map.advice import NEIGHBOURS, Option, advise, travel_s
from motcua.map.finder import distance_m
from motcua.map.offices import todays_offices

DAY_S = 7.5 * 3600
REFRESH_S = 60.0
KINDS = ("mixed", "even", "lopsided", "dense", "sparse", "vinh-long")


@dataclass(frozen=True, slots=True)
class Place:
    """An office: degrees, counters, mean service in seconds, people a second whose nearest office it is."""

    lat: float
    lon: float
    counters: int
    service_s: float
    demand: float


@dataclass(frozen=True, slots=True)
class Person:
    """Leaves home at ``at_s``; true seconds to the offices near by, the nearest first; own service time and chances."""

    at_s: float
    near: tuple[tuple[int, float, float], ...]  # office, way as the page reckons it, true way
    service_s: float
    follows: float
    chance: float


def province(kind: str, seed: int, offices: int = 24) -> list[Place]:
    """A generated province: loads, sizes and distances differ by ``kind``. ``vinh-long`` takes the real points."""
    chance = random.Random(f"{kind} {seed}")
    wide = {"dense": 0.12, "sparse": 0.7}.get(kind, 0.35)
    points = [(10.1 + chance.uniform(-wide, wide), 106.0 + chance.uniform(-wide, wide)) for _ in range(offices)]
    if kind == "vinh-long":
        points = [(o.lat, o.lon) for o in todays_offices() if o.lat is not None and o.lon is not None]
    return [_place(chance, kind, lat, lon) for lat, lon in points]


def _place(chance: random.Random, kind: str, lat: float, lon: float) -> Place:
    counters, service = chance.randint(2, 4), chance.uniform(300, 600)
    if kind == "even":
        load = chance.uniform(0.75, 0.9)
    elif kind == "lopsided":
        load = chance.uniform(1.05, 1.25) if chance.random() < 0.25 else chance.uniform(0.35, 0.6)
    else:
        load = chance.uniform(0.5, 1.1)
    return Place(lat, lon, counters, service, load * counters / service)


def people(places: Sequence[Place], day: int) -> list[Person]:
    """One day's citizens in the order in which they leave; more come in mid-morning. Homes lie round the offices."""
    chance = random.Random(day)
    found = []
    for place in places:
        at = 0.0
        while True:
            at += chance.expovariate(place.demand * 1.3)
            if at > DAY_S:
                break
            if chance.random() * 1.3 > 1 + 0.3 * math.sin(math.pi * at / DAY_S * 2.5):
                continue
            lat, lon = place.lat + chance.gauss(0, 0.015), place.lon + chance.gauss(0, 0.015)
            ways = sorted((travel_s(distance_m(lat, lon, p.lat, p.lon)), i) for i, p in enumerate(places))[:NEIGHBOURS]
            near = tuple((i, way, way * chance.lognormvariate(0, 0.15)) for way, i in ways)
            found.append(Person(at, near, chance.lognormvariate(-0.18, 0.6), chance.random(), chance.random()))
    return sorted(found, key=lambda p: p.at_s)


@dataclass(slots=True)
class _Queue:
    place: Place
    belief: float  # of the mean service, over the true one
    free_at: list[float]
    departures: list[float]
    told: float = 0.0
    told_at: float = -math.inf

    def wait_told(self, at: float) -> float:
        """What the page says at an instant."""
        if at - self.told_at >= REFRESH_S:
            while self.departures and self.departures[0] <= at:
                heapq.heappop(self.departures)
            ahead = len(self.departures) - self.place.counters + 1
            self.told = max(0, ahead) / self.place.counters * self.place.service_s * self.belief
            self.told_at = at
        return self.told

    def join(self, at: float, service_s: float) -> float:
        """Seconds until served; first come, first served."""
        start = max(at, heapq.heappop(self.free_at))
        heapq.heappush(self.free_at, start + service_s)
        heapq.heappush(self.departures, start + service_s)
        return start - at


def live(places: Sequence[Place], day: Sequence[Person], uptake: float, seed: int) -> list[tuple[int, float, float]]:
    """Where everybody went, how long they travelled and waited, in the order of ``day``."""
    chance = random.Random(seed)
    queues = [_Queue(p, chance.lognormvariate(0, 0.2), [0.0] * p.counters, []) for p in places]
    went: list[tuple[int, float, float]] = [(-1, 0.0, 0.0)] * len(day)
    coming: list[tuple[float, int, int, float]] = []
    for number, person in enumerate(day):
        while coming and coming[0][0] <= person.at_s:
            _arrive(heapq.heappop(coming), queues, day, went)
        office, _, way = person.near[0]
        if person.follows < uptake:
            found = [Option(str(i), told, queues[i].wait_told(person.at_s)) for i, told, _ in person.near]
            advice = advise(found, person.chance)
            if advice is not None:
                office = int(advice.chosen.office_id)
                way = next(true for i, _, true in person.near if i == office)
        heapq.heappush(coming, (person.at_s + way, number, office, way))
    while coming:
        _arrive(heapq.heappop(coming), queues, day, went)
    return went


def _arrive(
    news: tuple[float, int, int, float], queues: list[_Queue], day: Sequence[Person], went: list[tuple[int, float, float]]
) -> None:
    at, number, office, way = news
    waited = queues[office].join(at, day[number].service_s * queues[office].place.service_s)
    went[number] = (office, way, waited)


def evaluate(kind: str, province_seed: int, uptakes: Sequence[float], seeds: int) -> list[dict[str, Any]]:
    """One province over ``seeds`` days: for each uptake the mean total of those who follow, beside theirs at the nearest office, and what happens to the 90th percentile of each office's waits."""
    places = province(kind, province_seed)
    totals = {u: [0.0, 0.0, 0] for u in uptakes}
    before: list[list[float]] = [[] for _ in places]
    after: dict[float, list[list[float]]] = {u: [[] for _ in places] for u in uptakes}
    for seed in range(seeds):
        day = people(places, seed)
        nearest = live(places, day, 0.0, seed)
        for office, _, waited in nearest:
            before[office].append(waited)
        for uptake in uptakes:
            advised = live(places, day, uptake, seed)
            for person, old, new in zip(day, nearest, advised, strict=True):
                after[uptake][new[0]].append(new[2])
                if person.follows < uptake:
                    totals[uptake][0] += old[1] + old[2]
                    totals[uptake][1] += new[1] + new[2]
                    totals[uptake][2] += 1
    return [_report(kind, province_seed, u, seeds, totals[u], before, after[u]) for u in uptakes]


def _report(
    kind: str,
    number: int,
    uptake: float,
    seeds: int,
    total: list[float],
    before: list[list[float]],
    after: list[list[float]],
) -> dict[str, Any]:
    rises = [p90(new) - p90(old) for old, new in zip(before, after, strict=True) if old and new]
    return {
        "province": kind,
        "province_seed": number,
        "uptake": uptake,
        "seeds": seeds,
        "offices": len(before),
        "followers": int(total[2]),
        "nearest_mean_s": round(total[0] / total[2], 1),
        "advised_mean_s": round(total[1] / total[2], 1),
        "saved_share": round(1 - total[1] / total[0], 4),
        "worst_p90_rise_s": round(max(rises), 1),
        "mean_p90_rise_s": round(sum(rises) / len(rises), 1),
    }


def p90(values: Sequence[float]) -> float:
    """The 90th percentile, the nearest rank."""
    return sorted(values)[max(0, math.ceil(0.9 * len(values)) - 1)]

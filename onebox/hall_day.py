"""Office days with one hall, several counters and a priority lane, with known truth. Pure and seeded.

A counter serves some lanes. Whoever is free takes the first of the priority lane, if it may, else the first of the next lane. Who would wait longer than
their patience leaves by the door. Arrivals swell and services grow longer or shorter over the day, as in :mod:`motcua.onebox.office_day`.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass

from motcua.edge.messages import Lane
from motcua.onebox.office_day import Law, draw

OPEN_S = 8 * 3600.0
ORDER: tuple[Lane, ...] = ("priority", "appointment", "ordinary")


@dataclass(frozen=True, slots=True)
class Hall:
    """One office. ``counters``: the lanes that each serves. Seconds; ``load`` is the offered load over all counters."""

    counters: tuple[tuple[Lane, ...], ...]
    load: float
    service: Law
    service_mean_s: float
    priority_share: float = 0.15
    patience_mean_s: float = 3600.0
    drift: float = 0.0  # the mean service at the day's end, over that at its beginning, minus 1
    peak: float = 0.4


@dataclass(slots=True)
class Guest:
    """The truth about one person, seconds since opening. ``start_s`` and ``counter`` are None for who gave up."""

    arrival_s: float
    lane: Lane
    service_s: float
    patience_s: float
    start_s: float | None = None
    counter: int | None = None

    @property
    def queued_s(self) -> float:
        """Time in the queue, received or not."""
        return self.patience_s if self.start_s is None else self.start_s - self.arrival_s

    @property
    def gone_s(self) -> float:
        """When they left the queue."""
        return self.arrival_s + self.queued_s


def hall(chance: random.Random) -> Hall:
    """A random office of two to six counters; in half of them one counter serves the priority lane alone."""
    n = chance.randint(2, 6)
    shared = chance.random() < 0.5 or n < 3
    both: tuple[Lane, ...] = ("priority", "ordinary")
    own: tuple[tuple[Lane, ...], ...] = (("priority",), *((("ordinary",),) * (n - 1)))
    return Hall(
        counters=(both,) * n if shared else own,
        load=chance.uniform(0.8, 1.15),
        service=chance.choice(["two_kinds", "weibull", "lognormal", "long_lognormal"]),
        service_mean_s=chance.uniform(180, 480),
        priority_share=chance.uniform(0.1, 0.25) if shared else 0.9 / n,
        patience_mean_s=chance.choice([1800.0, 3600.0, 1e9]),
        drift=chance.uniform(-0.3, 0.4),
        peak=chance.uniform(0.2, 0.8),
    )


def day(office: Hall, seed: int, open_s: float = OPEN_S) -> list[Guest]:
    """Everybody of one day, in the order of arrival; people come for ``open_s``, and the hall is empty at both ends."""
    chance = random.Random(seed)
    guests = [_guest(chance, office, at) for at in _arrivals(chance, office, open_s)]
    waiting: dict[Lane, deque[Guest]] = {lane: deque() for lane in ORDER}
    free = list(range(len(office.counters)))
    events: list[tuple[float, int, int]] = [
        (g.arrival_s, 0, i) for i, g in enumerate(guests)
    ]  # 0: comes, 1: counter is free
    heapq.heapify(events)
    while events:
        at, kind, index = heapq.heappop(events)
        if kind:
            free.append(index)
        else:
            waiting[guests[index].lane].append(guests[index])
        for counter in chance.sample(free, len(free)):
            if (guest := _next(waiting, office.counters[counter], at)) is not None:
                guest.start_s, guest.counter = at, counter
                free.remove(counter)
                heapq.heappush(events, (at + guest.service_s, 1, counter))
    return guests


def _next(waiting: dict[Lane, deque[Guest]], lanes: tuple[Lane, ...], at: float) -> Guest | None:
    for lane in (lane for lane in ORDER if lane in lanes):
        while waiting[lane]:
            guest = waiting[lane].popleft()
            if guest.arrival_s + guest.patience_s > at:
                return guest
    return None


def _arrivals(chance: random.Random, office: Hall, open_s: float) -> list[float]:
    rate = office.load * len(office.counters) / office.service_mean_s
    highest, at, found = rate * (1 + office.peak), 0.0, []
    while (at := at + chance.expovariate(highest)) < open_s:
        swell = math.sin(math.pi * at / OPEN_S * 2.5)
        if chance.random() * highest <= rate * (1 + office.peak * swell):
            found.append(at)
    return found


def _guest(chance: random.Random, office: Hall, at: float) -> Guest:
    mean = office.service_mean_s * (1 + office.drift * (at / OPEN_S - 0.5))
    lane: Lane = "priority" if chance.random() < office.priority_share else "ordinary"
    return Guest(at, lane, max(20.0, draw(chance, office.service, mean)), chance.expovariate(1 / office.patience_mean_s))

"""Office days with known truth for forecasts: laws that differ from what any predictor assumes. Pure and seeded.

First come, first served. Counters open and close by a plan, a service that has begun is finished; whoever would wait longer
than their patience leaves unserved, but the wait that they would have had is known::

    start = the earliest instant from the arrival on at which a counter is open and free
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Literal

Law = Literal["exponential", "lognormal", "long_lognormal", "erlang", "weibull", "two_kinds"]
DAY_S = 9 * 3600.0


@dataclass(frozen=True, slots=True)
class Laws:
    """One office. Seconds; ``load`` is the offered load over the counters that are open on average."""

    counters: int
    load: float
    service: Law
    service_mean_s: float
    patience_mean_s: float
    patience: Law = "exponential"
    drift: float = 0.0  # the mean service at the day's end, over that at its beginning, minus 1
    peak: float = 0.3  # how much arrivals swell in mid-morning
    groups: float = 0.0  # chance that one more person comes in the same minute
    breaks: float = 0.0  # of each counter's time


@dataclass(frozen=True, slots=True)
class Came:
    """One person: ``wait_s`` is what they waited or would have waited; ``start_s`` and ``counter`` are None for who gave up."""

    arrival_s: float
    wait_s: float
    start_s: float | None
    left_s: float  # the queue: start of service, or giving up
    departure_s: float
    counter: int | None


def office(chance: random.Random, *, heavy: bool) -> Laws:
    """A random office: ``heavy`` has heavy tails, drift, groups and many breaks; the others are of the textbook's kind."""
    law: Law = chance.choice(["two_kinds", "weibull"] if heavy else ["exponential", "lognormal", "long_lognormal", "erlang"])
    return Laws(
        counters=chance.randint(1, 6),
        load=chance.uniform(0.8, 1.25),
        service=law,
        service_mean_s=chance.uniform(150, 600),
        patience_mean_s=chance.choice([1800.0, 3600.0, 1e9]),
        patience="lognormal" if heavy else "exponential",
        drift=chance.uniform(-0.4, 0.6) if heavy else chance.uniform(-0.3, 0.3),
        peak=chance.uniform(0.2, 0.9) if heavy else chance.uniform(0, 0.5),
        groups=chance.uniform(0, 0.4) if heavy else 0.0,
        breaks=chance.uniform(0.05, 0.3) if heavy else chance.uniform(0, 0.25),
    )


def day(laws: Laws, seed: int) -> list[Came]:
    """Everybody of one day, in the order of arrival; the day begins with an empty queue."""
    chance = random.Random(seed)
    plan = [_open_spans(chance, laws.breaks, first=i == 0) for i in range(laws.counters)]
    rate = laws.load * laws.counters * (1 - laws.breaks) / (laws.service_mean_s * (1 + laws.groups / (1 - laws.groups)))
    free_at, people, at = [0.0] * laws.counters, list[Came](), 0.0
    highest = rate * (1 + laws.peak)
    while True:
        at += chance.expovariate(highest)
        if at > DAY_S:
            return people
        swell = math.sin(math.pi * at / DAY_S * 2.5)
        if chance.random() * highest > rate * (1 + laws.peak * swell):
            continue
        came = [at]
        while chance.random() < laws.groups:
            came.append(came[-1] + chance.uniform(1, 30))
        for arrival in came:
            people.append(_served(chance, laws, plan, free_at, arrival))
        at = max(at, came[-1])


def _served(
    chance: random.Random, laws: Laws, plan: list[list[tuple[float, float]]], free_at: list[float], arrival: float
) -> Came:
    start, counter = min((_next_open(plan[i], max(arrival, free_at[i])), i) for i in range(laws.counters))
    mean = laws.service_mean_s * (1 + laws.drift * (arrival / DAY_S - 0.5))
    service = max(20.0, draw(chance, laws.service, mean))
    patience = draw(chance, laws.patience, laws.patience_mean_s)
    if start - arrival > patience:
        return Came(arrival, start - arrival, None, arrival + patience, arrival + patience, None)
    free_at[counter] = start + service
    return Came(arrival, start - arrival, start, start, start + service, counter)


def draw(chance: random.Random, law: Law, mean: float) -> float:
    """One time of this mean. ``two_kinds``: one in six is a long matter with a Pareto tail (index 1.8, cut at 12 means)."""
    if law == "exponential":
        return chance.expovariate(1 / mean)
    if law == "lognormal":
        return chance.lognormvariate(math.log(mean) - 0.18, 0.6)
    if law == "long_lognormal":
        return chance.lognormvariate(math.log(mean) - 0.5, 1.0)
    if law == "erlang":
        return chance.gammavariate(3, mean / 3)
    if law == "weibull":
        return chance.weibullvariate(mean / math.gamma(1 + 1 / 0.7), 0.7)
    if chance.random() < 1 / 6:
        return min(12 * mean, mean * chance.paretovariate(1.8))
    return chance.gammavariate(2, mean * 0.33)


def _open_spans(chance: random.Random, share: float, *, first: bool) -> list[tuple[float, float]]:
    """When a counter is open: from the beginning (the others a little later), with breaks, until everybody is served."""
    spans, at = [], 0.0 if first else chance.choice([0.0, 0.0, chance.uniform(0, 3600)])
    while at < DAY_S and share > 0:
        length = chance.expovariate(share / (1200 * (1 - share)))
        spans.append((at, at + length))
        at += length + chance.uniform(600, 1800)
    spans.append((at, math.inf))
    return spans


def _next_open(spans: list[tuple[float, float]], at: float) -> float:
    return next(max(at, begin) for begin, end in spans if at < end)

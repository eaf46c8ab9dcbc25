"""A queue with known truth: first come, first served at ``counters`` counters, with people who give up. Pure and seeded.

Customers are served in the order of their arrival, so each start follows from the arrivals before it::

    start = max(arrival, earliest counter to be free);  whoever would wait longer than their patience leaves unserved

Arrivals are a Poisson process whose rate swings by ``swing`` over ``period_s`` (thinning, Lewis and Shedler 1979). Service and
patience are lognormal, or exponential for comparison with theory.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class QueueModel:
    """Rates and times in seconds; ``load`` is the offered load per counter (1 = just too much)."""

    counters: int = 2
    load: float = 0.8
    service_mean_s: float = 360.0
    service_spread: float = 0.6  # sigma of the logarithm
    patience_mean_s: float = 2400.0
    patience_spread: float = 0.7
    swing: float = 0.4
    period_s: float = 7200.0
    law: Literal["lognormal", "exponential"] = "lognormal"

    @property
    def arrivals_per_s(self) -> float:
        """Mean rate of arrivals."""
        return self.load * self.counters / self.service_mean_s


@dataclass(frozen=True, slots=True)
class Customer:
    """The truth about one person, in seconds since the beginning. ``start_s`` and ``counter`` are None for who gave up."""

    arrival_s: float
    start_s: float | None
    departure_s: float
    counter: int | None

    @property
    def waiting_s(self) -> float:
        """Time in the queue."""
        return (self.departure_s if self.start_s is None else self.start_s) - self.arrival_s


def customers(model: QueueModel, seed: int) -> Iterator[Customer]:
    """People in the order of their arrival, without end."""
    chance = random.Random(seed)
    free_at = [(0.0, counter) for counter in range(model.counters)]
    phase = chance.uniform(0, 2 * math.pi)
    highest = model.arrivals_per_s * (1 + model.swing)
    at = 0.0
    while True:
        at += chance.expovariate(highest)
        rate = model.arrivals_per_s * (1 + model.swing * math.sin(2 * math.pi * at / model.period_s + phase))
        if chance.random() * highest > rate:
            continue
        service = _draw(chance, model.law, model.service_mean_s, model.service_spread)
        patience = _draw(chance, model.law, model.patience_mean_s, model.patience_spread)
        soonest, counter = free_at[0]
        start = max(at, soonest)
        if start - at > patience:
            yield Customer(at, None, at + patience, None)
            continue
        heapq.heapreplace(free_at, (start + service, counter))
        yield Customer(at, start, start + service, counter)


@dataclass(slots=True)
class QueueNow:
    """Who is in the system at a moment that only moves forward."""

    model: QueueModel
    seed: int
    inside: list[Customer] = field(default_factory=list)
    _stream: Iterator[Customer] = field(init=False)
    _next: Customer = field(init=False)

    def __post_init__(self) -> None:
        self._stream = customers(self.model, self.seed)
        self._next = next(self._stream)

    def advance(self, to_s: float) -> list[Customer]:
        """Move on; the people who left meanwhile, in the order of their leaving."""
        while self._next.arrival_s <= to_s:
            self.inside.append(self._next)
            self._next = next(self._stream)
        gone = sorted((c for c in self.inside if c.departure_s <= to_s), key=lambda c: c.departure_s)
        self.inside = [c for c in self.inside if c.departure_s > to_s]
        return gone

    def waiting(self, at_s: float) -> list[Customer]:
        """Who stands in the queue."""
        return [c for c in self.inside if c.start_s is None or c.start_s > at_s]

    def serving(self, at_s: float) -> list[Customer]:
        """Who is at a counter."""
        return [c for c in self.inside if c.start_s is not None and c.start_s <= at_s]


def _draw(chance: random.Random, law: str, mean: float, spread: float) -> float:
    if law == "exponential":
        return chance.expovariate(1 / mean)
    return chance.lognormvariate(math.log(mean) - spread**2 / 2, spread)

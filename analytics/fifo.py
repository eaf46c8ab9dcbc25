"""First come, first served between two cumulative curves: whose service starts now came when? Pure.

The k-th who is received is the k-th who came and did not give up; nobody is recognised again. Who gives up is one of those waiting, nobody knows which: each of
them loses the same share. With ``G(t) = Π (1 − r/Q)``, what is left at t of somebody who would still stand there without giving up, an arrival
counts ``1 / G`` and so does a service start, and first come, first served holds between the two again::

    h(t) = Ã⁻¹(S̃(t)),   Ã(u) = ∫ dA / G,   S̃(t) = ∫ dS / G,   wait = t − h(t)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

_CELLS = 4  # in which the starts of a step are looked at


@dataclass(frozen=True, slots=True)
class Matched:
    """Weighted waits. All (m,): seconds waited, instant of arrival in seconds, people."""

    wait_s: Floats
    arrival_s: Floats
    people: Floats

    @property
    def n(self) -> float:
        return float(self.people.sum())

    @property
    def mean_s(self) -> float | None:
        return float(self.people @ self.wait_s) / self.n if self.n > 0 else None

    @property
    def spread_s(self) -> float:
        """Standard deviation of one wait."""
        mean = self.mean_s
        return 0.0 if mean is None else float(np.sqrt(self.people @ (self.wait_s - mean) ** 2 / self.n))

    def quantile_s(self, share: float) -> float | None:
        """The wait that ``share`` of the people do not exceed."""
        if not self.n > 0:
            return None
        order = np.argsort(self.wait_s)
        below = (np.cumsum(self.people[order]) - self.people[order] / 2) / self.n
        return float(np.interp(share, below, self.wait_s[order]))

    def within(self, limit_s: float) -> float | None:
        """The share that waits for at most so long."""
        return float(self.people[self.wait_s <= limit_s].sum()) / self.n if self.n > 0 else None

    def only(self, keep: NDArray[np.bool_]) -> Matched:
        """Some of them."""
        return Matched(self.wait_s[keep], self.arrival_s[keep], self.people[keep])

    def __add__(self, other: Matched) -> Matched:
        pairs = ((self.wait_s, other.wait_s), (self.arrival_s, other.arrival_s), (self.people, other.people))
        return Matched(*(np.concatenate(pair) for pair in pairs))


def match(waiting: Floats, started: Floats, left: Floats, step_s: float) -> Matched:
    """The waits of the received.

    waiting: (n,) people at the middle of each step; started, left: (n,) people in each step. Arrivals follow from these, so that the curves agree.
    """
    n = len(waiting)
    if not n or started.sum() <= 0:
        return Matched(np.zeros(0), np.zeros(0), np.zeros(0))
    gone = started + left
    upto_middle = np.cumsum(gone) - gone / 2
    came = np.diff(_rising(np.concatenate([[0.0], waiting + upto_middle])))  # between the middles of two steps
    stay = np.clip(1 - left / np.maximum(np.maximum(waiting, 0.0) + left / 2, 1e-9), 0.02, 1.0)
    alive = np.concatenate([[1.0], np.cumprod(stay)])  # at the ends of the steps
    at_middle = np.sqrt(alive[:-1] * alive[1:])
    floor = max(float(alive[-1]), 1e-200)
    between = np.sqrt(np.concatenate([[1.0], at_middle[:-1]]) * at_middle)
    arrivals = np.concatenate([[0.0], np.cumsum(came / np.maximum(between, floor))])
    arrival_at = np.concatenate([[0.0], (np.arange(n) + 0.5)]) * step_s
    cells = np.repeat(started / np.maximum(at_middle, floor) / _CELLS, _CELLS)
    upto = np.cumsum(cells) - cells / 2
    at_s = (np.arange(n * _CELLS) + 0.5) * step_s / _CELLS
    people = np.repeat(started / _CELLS, _CELLS)
    came_s = _inverse(arrivals, arrival_at, upto)
    real = people > 0
    return Matched((at_s - came_s)[real], came_s[real], people[real])


def _rising(curve: Floats) -> Floats:
    """The curve without its falls: halfway between the least that rises above it and the greatest that rises below it."""
    above, below = np.maximum.accumulate(curve), np.minimum.accumulate(curve[::-1])[::-1]
    middle: Floats = np.maximum.accumulate(np.maximum(0.0, (above + below) / 2))
    return middle


def _inverse(curve: Floats, at: Floats, level: Floats) -> Floats:
    """Where a curve that never falls reaches each level; a plateau by its end."""
    rising = np.concatenate([[True], np.diff(curve) > 0])
    rising[1:] |= np.concatenate([np.diff(curve[1:]) > 0, [False]])
    found: Floats = np.interp(level, curve[rising], at[rising], right=at[-1])
    return found

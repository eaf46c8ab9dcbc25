"""Cumulative curves of two counts that disagree: how many wait, from arrivals here and service starts there. Pure.

``Q(t) = A(t) − S(t) − R(t)``: who came, less who was received, less who left unserved (Newell 1982; Daganzo 1997). Nobody is
recognised again. Counts are wrong now and then, differently at each camera, so the bare difference drifts without end. Four things hold it:

=====================  ================================================================================================
scale                  the hall's counts are multiplied so that what came equals what went over the whole span
the hall's own eyes    how many it sees waiting is a weak measure of Q, wrong by an unknown factor and by chance; an empty hall is a strong one
the ends of the day    nobody waits before the first one comes, nor after the day is over
clock of the drift     between these, Q may drift by some variance for every event counted
=====================  ================================================================================================

That is a random walk seen with noise. It is filtered and smoothed (Kalman 1960; Rauch, Tung and Striebel 1965) for a grid of the two
unknowns, the factor and the variance of a count, each weighed by its likelihood; draws of whole paths by backward sampling (Carter and
Kohn 1994; Frühwirth-Schnatter 1994) say what the counts leave open. The counters' count is kept as it is: the mean wait is a ratio, which a common factor leaves alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

FACTORS = np.linspace(0.7, 1.3, 13)  # of the hall's eyes, over that of its counting
FACTOR = (1.0, 0.15)  # mean and spread, before anything was seen
VARIANCES = np.array(
    [0.02, 0.05, 0.1, 0.2, 0.4]
)  # of one counted event: 10 % missed gives 0.1, and 10 % doubled too gives 0.2
_SCALE_SPREAD = 0.15  # how far the hall's counts and the counters' may differ, before anything was counted
_EVERY = 10  # steps between two looks: who is hidden stays hidden for a while, nearer looks would err alike
_HIDDEN = 0.1  # variance of a look, people² for every person seen …
_LOOK = 0.02  # … and of a look at an empty hall
_BEGIN_SPREAD = 0.2  # of the people seen when a camera begins to look


@dataclass(frozen=True, slots=True)
class Counted:
    """One lane's counts in steps of equal length. All arrays (n,).

    joined, started, left: people in each step. seen: people seen waiting on average in the step, nan where unknown. unseen: share of
    the step, 0..1, in which a camera did not see.
    """

    joined: Floats
    started: Floats
    left: Floats
    seen: Floats
    unseen: Floats


@dataclass(frozen=True, slots=True)
class Corrected:
    """What the counts say after correction, in the counters' units.

    scale: what the hall's counts are multiplied by. waiting: (n,) people waiting at the middle of each step (below 0 by chance: means stay
    right so); draws: (m, n) what it may have been instead. gone: (n,) who left the queue in each step, received or not. started, left: its two parts. drift: how far the two counts were apart,
    as a share of the larger; None where nothing was counted. factor: of the hall's eyes over its counting, mean and spread.
    """

    scale: float
    waiting: Floats
    draws: Floats
    started: Floats
    left: Floats
    drift: float | None
    factor: tuple[float, float]

    @property
    def gone(self) -> Floats:
        return self.started + self.left


def corrected(
    counts: Counted,
    *,
    over: bool,
    prior: float = 1.0,
    factor: tuple[float, float] = FACTOR,
    draws: int = 100,
    seed: int = 0,
) -> Corrected:
    """Correct one lane's curves.

    over: the day is over, nobody waits at the end. prior, factor: what the hall's scale, and its eyes over its counting (mean and spread), are thought to
    be before these counts: for a lane those of all lanes together, for a day those of the day before.
    """
    scale, drift = _scale(counts, over, prior)
    left = scale * counts.left
    hidden = (counts.unseen * np.maximum(1.0, _smooth(counts.started + scale * counts.joined))) ** 2
    looks = _looks(counts, over)
    begin = scale * _already(counts)
    walk = _Walk(factor, begin, (scale * counts.joined, left, counts.started), hidden, scale * looks)
    paths = walk.paths(np.random.default_rng(seed), draws)
    return Corrected(scale, walk.mean(), paths, counts.started, left, drift, walk.factor())


def raw_area_s(counts: Counted, step_s: float) -> float:
    """Person-seconds between the bare curves, as they were counted: what correction is compared with."""
    net = counts.joined - counts.left - counts.started
    return float(np.sum(np.cumsum(net) - net / 2) * step_s)


def _scale(counts: Counted, over: bool, prior: float) -> tuple[float, float | None]:
    """The hall's scale, drawn towards ``prior`` where little was counted; and how far the counts were apart."""
    known = np.flatnonzero(~np.isnan(counts.seen))
    still = 0.0 if over or not len(known) else float(counts.seen[known[-1]])
    came, went = float(_already(counts) + counts.joined.sum() - counts.left.sum() - still), float(counts.started.sum())
    larger = max(came, went)
    if larger <= 0:
        return prior, None
    drift = (went - came) / larger
    if min(came, went) <= 0:
        return prior, drift
    noise = 0.2 * (1 / came + 1 / went)
    weight = _SCALE_SPREAD**2 / (_SCALE_SPREAD**2 + noise)
    return prior * (went / came / prior) ** weight, drift


def _already(counts: Counted) -> float:
    """Who waited when the cameras began to look: seen in the first step, and not come within it."""
    if not len(counts.seen) or math.isnan(counts.seen[0]):
        return 0.0
    return max(0.0, float(counts.seen[0] - counts.joined[0] + counts.started[0] + counts.left[0]))


def _looks(counts: Counted, over: bool) -> Floats:
    """What the filter is told of the people waiting at each step, in the hall's units; nan: nothing."""
    n = len(counts.seen)
    looks = np.where(np.arange(n) % _EVERY == 0, counts.seen, np.nan)
    if over and len(looks):
        looks[-1] = 0.0
    return looks


def _smooth(events: Floats) -> Floats:
    """The events of a step by the hour around it; the sum stays."""
    half = min(30, len(events) // 2)
    padded = np.pad(events, half, mode="symmetric")
    return np.convolve(padded, np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")


def _middles(steps: Floats) -> Floats:
    """What happens between the middles of steps, the first from the beginning on."""
    return np.concatenate([steps[:1] / 2, (steps[:-1] + steps[1:]) / 2])


class _Walk:
    """The filtered random walk of the people waiting, for every point of the grid at once.

    Of a count that is higher than those around it, a part is error: of Poisson counts with a variance of v for every event, v / (1 + v). So counts
    are drawn towards the hour around them; without that every swing of the queue looks too large, and the hall's eyes too weak.
    """

    def __init__(
        self,
        prior: tuple[float, float],
        begin: float,
        counts: tuple[Floats, Floats, Floats],
        hidden: Floats,
        looks: Floats,
    ) -> None:
        """prior: mean and spread of the factor; begin: people waiting at first; counts: joined, left, started, (n,) each; hidden: (n,) more
        variance; looks: (n,), nan is none."""
        factor, variance = (grid.ravel() for grid in np.meshgrid(FACTORS, VARIANCES))
        true = 1 / (1 + variance)
        joined, left, started = counts
        net = _middles(joined - left - started)[:, None]
        slow = _middles(_smooth(joined) - _smooth(left) - _smooth(started))[:, None]
        self._steps = slow + (net - slow) * true
        self._noise = _middles(joined + left + started)[:, None] * variance * true + hidden[:, None]
        n, size = len(joined), len(factor)
        self._at, self._spread = np.zeros((n, size)), np.zeros((n, size))
        at, spread = np.full(size, begin), np.full(size, (_BEGIN_SPREAD * begin) ** 2)
        alike = spread  # as if the factor were 1: else data that are better than was feared would make it small
        fit = -0.5 * ((factor - prior[0]) / prior[1]) ** 2
        for k in range(n):
            at, spread, alike = at + self._steps[k], spread + self._noise[k], alike + self._noise[k]
            if not math.isnan(looks[k]):
                off = looks[k] - factor * at
                total = factor**2 * spread + _LOOK + _HIDDEN * looks[k]
                gain = factor * spread / total
                at, spread = at + gain * off, (1 - gain * factor) * spread
                fair = alike + _LOOK + _HIDDEN * looks[k]
                fit = fit - 0.5 * (np.log(fair) + off**2 / fair)
                alike = alike - alike**2 / fair
            self._at[k], self._spread[k] = at, spread
        weight = np.exp(fit - fit.max())
        self._weight: Floats = weight / weight.sum()
        self._factor = factor

    def factor(self) -> tuple[float, float]:
        """Mean and spread of the factor, by what was seen."""
        mean = float(self._weight @ self._factor)
        return mean, math.sqrt(max(0.0, float(self._weight @ (self._factor - mean) ** 2)))

    def mean(self) -> Floats:
        """(n,) the people waiting, on average over all that the counts leave open; at least 0."""
        smooth = np.zeros_like(self._at)
        for k in range(len(smooth) - 1, -1, -1):
            smooth[k] = self._at[k] if k == len(smooth) - 1 else self._back(k, smooth[k + 1])[0]
        return smooth @ self._weight

    def paths(self, chance: np.random.Generator, draws: int) -> Floats:
        """(draws, n) whole paths, each as likely as the counts make it."""
        n = len(self._at)
        pick = chance.choice(len(self._weight), size=draws, p=self._weight)
        drawn, at = np.zeros((n, draws)), np.zeros(draws)
        for k in range(n - 1, -1, -1):
            middle, spread = (self._at[k][pick], self._spread[k][pick])
            if k < n - 1:
                middle, spread = self._back(k, at, pick)
            at = middle + np.sqrt(np.maximum(0.0, spread)) * chance.standard_normal(draws)
            drawn[k] = at
        return drawn.T

    def _back(self, k: int, after: Floats, pick: Any = slice(None)) -> tuple[Floats, Floats]:
        """Where it was at k, given where it was one step later: mean and variance."""
        at, spread, noise = self._at[k][pick], self._spread[k][pick], self._noise[k + 1][pick]
        share = spread / np.maximum(spread + noise, 1e-12)
        return at + share * (after - at - self._steps[k + 1][pick]), share * noise

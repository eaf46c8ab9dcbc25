"""Attitude of service: what the ratings of an officer's counter-shifts say, no more. Pure.

1. **Adjusted.** Citizens who waited long, came for a hard matter or came late in the day rate lower, whoever serves them. The effects of wait,
   procedure and hour are estimated *within* officers (fixed effects), so that an officer's own level does not colour them, and taken out.
2. **How sure.** Ratings of one shift resemble each other; the variance of an officer's mean is that of ratings and of shifts (Henderson's
   method 3 by moments).
3. **Shrunk.** Officer i of office j: ``y_i ~ N(theta_i, v_i)``, ``theta_i ~ N(mu_j, tau^2)``. tau is learned from all offices together. Point and
   interval are those of the mixture over a grid of tau with its likelihood (mu_j integrated out), not of one best tau: few officers tell little of tau, and an
   interval that takes it for known covers too seldom (Morris 1983; Gelman et al., Bayesian Data Analysis, ch. 5).

Ratings alone make the score. Nobody's face has a part in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from motcua.analytics.rule import Rule

RARE = 20
_GRID = np.concatenate([[0.0], np.geomspace(0.01, 1.5, 60)])

Floats = NDArray[np.float64]
State = Literal["ok", "insufficient"]


@dataclass(frozen=True, slots=True)
class Cell:
    """Ratings of one officer, one shift, one hour and one procedure: ``n``, their sum and sum of squares (scores 1 to 5).

    ``wait_min``: the counter's or office's mean wait of that hour; None is unknown. No citizen's own wait is joined to an answer.
    """

    officer_id: str
    office_id: str
    shift_id: str
    hour: int
    procedure: str | None
    wait_min: float | None
    n: int
    total: float
    squares: float


@dataclass(frozen=True, slots=True)
class Attitude:
    """One officer. Scores 1 to 5, points 0 to 100, intervals of 95 %; None unless ``state`` is ok.

    ``raw``: mean of the answers as they are. ``adjusted``: with wait, procedure and hour taken out. ``score``: shrunk towards the office's mean.
    """

    officer_id: str
    office_id: str
    state: State
    n: int
    shifts: int
    raw: float | None = None
    adjusted: float | None = None
    score: float | None = None
    low: float | None = None
    high: float | None = None
    office_mean: float | None = None
    weight: float | None = None
    points: float | None = None
    points_low: float | None = None
    points_high: float | None = None
    band: str | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """What the shrinkage learned: standard deviations of scores between officers, between shifts, between answers."""

    officers: float
    shifts: float
    answers: float
    n_officers: int


def assess(cells: Sequence[Cell], rule: Rule) -> tuple[list[Attitude], Spread | None]:
    """Every officer with any answer, ordered by id, and the spread; the spread is None where there is too little to learn from.

    Officers below ``rule.min_n`` answers or ``rule.min_shifts`` shifts help to learn the spread and have no figure themselves.
    """
    cells = [c for c in cells if c.n > 0]
    if not cells:
        return [], None
    ids = sorted({c.officer_id for c in cells})
    index = {officer: i for i, officer in enumerate(ids)}
    officer = np.array([index[c.officer_id] for c in cells])
    n = np.array([float(c.n) for c in cells])
    mean = np.array([c.total / c.n for c in cells])
    adjusted = mean - _effects(cells, officer, n, mean)
    count = np.bincount(officer, n)
    raw, level = np.bincount(officer, n * mean) / count, np.bincount(officer, n * adjusted) / count
    office = [_office_of([c for c in cells if c.officer_id == i]) for i in ids]
    answers, shifts, v, n_shifts = _variances(cells, officer, n, mean, adjusted, level)
    weights = None if v is None else _posterior(level, v, np.unique(office, return_inverse=True)[1])
    found = []
    for i, who in enumerate(ids):
        short = count[i] < rule.min_n or n_shifts[i] < rule.min_shifts or weights is None
        base = Attitude(who, office[i], "insufficient", int(count[i]), int(n_shifts[i]))
        found.append(base if short or weights is None else _told(base, raw[i], level[i], weights, i, rule))
    if weights is None:
        return found, None
    return found, Spread(float(weights.chance @ _GRID), float(np.sqrt(shifts)), float(np.sqrt(answers)), len(ids))


@dataclass(frozen=True, slots=True)
class _Posterior:
    """Over the grid of tau: its chance (G,), and each officer's mean and standard deviation (G, officers); office means (G, officers)."""

    chance: Floats
    mean: Floats
    sd: Floats
    office: Floats
    keep: Floats

    def interval(self, i: int) -> tuple[float, float, float]:
        """Mean and 95 % interval of officer i: quantiles of the mixture by bisection."""
        mean, sd = self.mean[:, i], self.sd[:, i]
        middle = float(self.chance @ mean)
        return middle, self._quantile(mean, sd, 0.025), self._quantile(mean, sd, 0.975)

    def _quantile(self, mean: Floats, sd: Floats, share: float) -> float:
        low, high = float((mean - 8 * sd).min()), float((mean + 8 * sd).max())
        for _ in range(50):
            middle = (low + high) / 2
            below = float(self.chance @ _normal((middle - mean) / sd))
            low, high = (middle, high) if below < share else (low, middle)
        return (low + high) / 2


def _normal(z: Floats) -> Floats:
    """The normal distribution's cumulative function, to 7 digits (Abramowitz and Stegun 7.1.26 on erf)."""
    x = np.abs(z) / np.sqrt(2)
    t = 1 / (1 + 0.3275911 * x)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(z) * (1 - poly * np.exp(-x * x))
    return np.asarray(0.5 * (1 + erf))


def _effects(cells: Sequence[Cell], officer: NDArray[np.intp], n: Floats, mean: Floats) -> Floats:
    """What wait, procedure and hour add to each cell's mean, relative to their average over all answers."""
    columns: list[Floats] = []
    known = np.array([c.wait_min is not None for c in cells])
    wait = np.array([min(c.wait_min or 0.0, 90.0) for c in cells])
    if known.any():
        wait = np.where(known, wait, np.average(wait[known], weights=n[known]))
        columns += [wait / 15, np.maximum(wait - 15, 0) / 15]
    hour = np.array([c.hour for c in cells])
    common = Counter[str]()
    for c in cells:
        common[c.procedure or ""] += c.n
    names = [p for p, k in common.most_common() if k >= RARE][1:]
    columns += [np.array([float((c.procedure or "") == p) for c in cells]) for p in names]
    hours = [h for h, k in Counter({int(h): float(n[hour == h].sum()) for h in np.unique(hour)}).most_common() if k >= RARE][
        1:
    ]
    columns += [(hour == h).astype(float) for h in hours]
    if not columns:
        return np.zeros(len(cells))
    x = np.column_stack(columns)
    x = x - np.average(x, axis=0, weights=n)
    inside = x - _by_officer(x, officer, n)
    target = mean - _by_officer(mean[:, None], officer, n)[:, 0]
    root = np.sqrt(n)[:, None]
    gram = (inside * root).T @ (inside * root) + 1e-3 * np.eye(x.shape[1])
    beta = np.linalg.solve(gram, inside.T @ (n * target))
    return np.asarray(x @ beta)


def _by_officer(x: Floats, officer: NDArray[np.intp], n: Floats) -> Floats:
    """Each cell's officer's weighted mean of every column."""
    total = np.bincount(officer, n)
    means = np.column_stack([np.bincount(officer, n * column) / total for column in x.T])
    return np.asarray(means[officer])


def _variances(
    cells: Sequence[Cell], officer: NDArray[np.intp], n: Floats, mean: Floats, adjusted: Floats, level: Floats
) -> tuple[float, float, Floats | None, NDArray[np.intp]]:
    """Variance of answers within shifts, between an officer's shifts, of each officer's mean; shifts by officer. Means None: cannot be told."""
    names = {s: k for k, s in enumerate(sorted({(c.officer_id, c.shift_id) for c in cells}))}
    shift = np.array([names[c.officer_id, c.shift_id] for c in cells])
    in_shift = np.bincount(shift, n)
    shift_mean = np.bincount(shift, n * adjusted) / in_shift
    owner = np.zeros(len(names), dtype=np.intp)
    owner[shift] = officer
    n_shifts = np.bincount(owner, minlength=len(level))
    within = sum(c.squares - c.total**2 / c.n for c in cells) + float((n * (adjusted - shift_mean[shift]) ** 2).sum())
    degrees, total = float(n.sum() - len(names)), float(n.sum())
    if degrees < 20:
        return 0.0, 0.0, None, n_shifts
    answers = max(within / degrees, 0.05)
    between = float((in_shift * (shift_mean - level[owner]) ** 2).sum())
    count = np.bincount(officer, n)
    scale = total - float((np.bincount(owner, in_shift**2, minlength=len(level)) / count).sum())
    spare = len(names) - len(level)
    shifts = max(0.0, (between - spare * answers) / scale) if spare > 0 and scale > 0 else 0.0
    v = answers / count + shifts * np.bincount(owner, in_shift**2, minlength=len(level)) / count**2
    return answers, shifts, v, n_shifts


def _posterior(y: Floats, v: Floats, office: NDArray[np.intp]) -> _Posterior:
    """The mixture over the grid of tau; office means are integrated out under a flat prior, tau has a flat one."""
    offices = int(office.max()) + 1
    log, means, sds, centres, keeps = [], [], [], [], []
    step = np.gradient(_GRID)
    for tau in _GRID:
        precision = 1 / (v + tau**2)
        total = np.bincount(office, precision, minlength=offices)
        mu = (np.bincount(office, precision * y, minlength=offices) / total)[office]
        log.append(0.5 * float(np.log(precision).sum() - np.log(total).sum() - (precision * (y - mu) ** 2).sum()))
        keep = tau**2 / (v + tau**2)
        means.append(mu + keep * (y - mu))
        sds.append(np.sqrt(np.maximum(keep * v + (1 - keep) ** 2 / total[office], 1e-12)))
        centres.append(mu)
        keeps.append(keep)
    chance = step * np.exp(np.array(log) - max(log))
    return _Posterior(chance / chance.sum(), np.array(means), np.array(sds), np.array(centres), np.array(keeps))


def _told(base: Attitude, raw: float, level: float, found: _Posterior, i: int, rule: Rule) -> Attitude:
    score, low, high = (min(5.0, max(1.0, x)) for x in found.interval(i))
    points, points_low, points_high = ((x - 1) * 25 for x in (score, low, high))
    return Attitude(
        base.officer_id,
        base.office_id,
        "ok",
        base.n,
        base.shifts,
        float(raw),
        float(level),
        score,
        low,
        high,
        float(found.chance @ found.office[:, i]),
        float(found.chance @ found.keep[:, i]),
        points,
        points_low,
        points_high,
        rule.band_of(points, points_high),
    )


def _office_of(cells: Sequence[Cell]) -> str:
    """Where an officer was rated most."""
    counts = Counter[str]()
    for c in cells:
        counts[c.office_id] += c.n
    return max(sorted(counts), key=lambda office: counts[office])

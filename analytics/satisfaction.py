"""Satisfaction from asked-for ratings, and the camera's sentiment beside it. Pure.

A share of satisfied answers with its Wilson interval. Wilson's interval takes the answers for independent; answers of one day are
not (the same crowd, the same outage, the same people coming back). From ten days on the spread between days is measured, and the
interval is that of as many independent answers as the spread is worth (design effect: Kish 1965; ratio estimator over days).
What it cannot see: one person who answers on many days.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from motcua.analytics.waits import Z95, wilson

MIN_DAYS = 10
MIN_ANSWERS_A_DAY = 5
MIN_PAIRS = 10
MIN_FIT = 30

Verdict = Literal["met", "missed", "open"]
Fit = Literal["too_few", "no_use", "ok"]


@dataclass(frozen=True, slots=True)
class Day:
    """The answers of one day: ``n``, and how many of them were satisfied."""

    n: int
    satisfied: int


@dataclass(frozen=True, slots=True)
class Share:
    """A share of satisfied answers, 95 % interval, and what the interval assumes.

    ``design_effect`` is 1 where answers are taken for independent (``assumes``: independent). ``verdict`` is about the target: ``met`` where
    the whole interval reaches it, ``missed`` where none of it does, else ``open``.
    """

    n: int
    satisfied: int
    share: float
    low: float
    high: float
    design_effect: float
    assumes: Literal["independent", "days"]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Pair:
    """One day of one office: mean valence of ``faces`` visits, and the day's answers."""

    valence: float
    faces: int
    n: int
    satisfied: int


@dataclass(frozen=True, slots=True)
class Beside:
    """How the camera's sentiment goes with the answers: Pearson's r over days with its 95 % interval; None below ``MIN_PAIRS`` days.

    ``fit`` says whether sentiment may be read as satisfaction here: only where a line through half of the days foretells the other half
    better than their mean does. Then ``share = 1 / (1 + exp(-(intercept + slope * valence)))``.
    """

    days: int
    r: float | None = None
    low: float | None = None
    high: float | None = None
    fit: Fit = "too_few"
    intercept: float | None = None
    slope: float | None = None


def satisfaction(days: Sequence[Day], target: float) -> Share | None:
    """The share over some days; None without answers."""
    days = [d for d in days if d.n > 0]
    n, satisfied = sum(d.n for d in days), sum(d.satisfied for d in days)
    if n == 0:
        return None
    effect = _design_effect(days, n, satisfied)
    found = wilson(satisfied / (effect or 1.0), n / (effect or 1.0))
    assert found is not None
    share, low, high = satisfied / n, min(found[1], satisfied / n), max(found[2], satisfied / n)
    verdict: Verdict = "met" if low >= target else "missed" if high < target else "open"
    return Share(n, satisfied, share, low, high, effect or 1.0, "independent" if effect is None else "days", verdict)


def difference(a: tuple[int, int], b: tuple[int, int]) -> tuple[float, float, float] | None:
    """Difference of two independent shares (satisfied, n) with its 95 % interval (Newcombe 1998, method 10); None where one is empty."""
    one, two = wilson(*a), wilson(*b)
    if one is None or two is None:
        return None
    (p, p_low, p_high), (q, q_low, q_high) = one, two
    d = p - q
    return d, d - math.hypot(p - p_low, q_high - q), d + math.hypot(p_high - p, q - q_low)


def beside(pairs: Sequence[Pair]) -> Beside:
    """Correlation and calibration of sentiment over the days of one office, in the order of the days."""
    used = [p for p in pairs if p.n >= MIN_ANSWERS_A_DAY]
    if len(used) < MIN_PAIRS:
        return Beside(len(used))
    valence = np.array([p.valence for p in used])
    share = np.array([p.satisfied / p.n for p in used])
    if valence.std() < 1e-9 or share.std() < 1e-9:
        return Beside(len(used), fit="no_use" if len(used) >= MIN_FIT else "too_few")
    r = float(np.corrcoef(valence, share)[0, 1])
    middle, half = math.atanh(max(-0.999999, min(0.999999, r))), Z95 / math.sqrt(len(used) - 3)
    found = Beside(len(used), r, math.tanh(middle - half), math.tanh(middle + half))
    if len(used) < MIN_FIT:
        return found
    learn, check = used[::2], used[1::2]
    line = _logistic(learn)
    if line is None or line[1] <= 0 or _loss(check, line) >= _loss(check, (_logit(learn), 0.0)):
        return Beside(found.days, found.r, found.low, found.high, "no_use")
    intercept, slope = _logistic(used) or line
    return Beside(found.days, found.r, found.low, found.high, "ok", intercept, slope)


def _design_effect(days: Sequence[Day], n: int, satisfied: int) -> float | None:
    """How many times the variance between days is that of independent answers, at least 1; None where it cannot be told."""
    m, p = len(days), satisfied / n
    if m < MIN_DAYS or p in (0.0, 1.0):
        return None
    between = m / (m - 1) * sum((d.satisfied - p * d.n) ** 2 for d in days)
    return max(1.0, between / (n * p * (1 - p)))


def _logit(pairs: Sequence[Pair]) -> float:
    share = (sum(p.satisfied for p in pairs) + 0.5) / (sum(p.n for p in pairs) + 1)
    return math.log(share / (1 - share))


def _logistic(pairs: Sequence[Pair]) -> tuple[float, float] | None:
    """Grouped logistic regression by Newton's steps, with a trace of ridge so that it always ends."""
    x = np.column_stack([np.ones(len(pairs)), [p.valence for p in pairs]])
    n, k = np.array([float(p.n) for p in pairs]), np.array([float(p.satisfied) for p in pairs])
    beta = np.array([_logit(pairs), 0.0])
    for _ in range(50):
        mean = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        weight = n * mean * (1 - mean)
        step = np.linalg.solve(x.T @ (x * weight[:, None]) + 1e-3 * np.eye(2), x.T @ (k - n * mean) - 1e-3 * beta)
        beta = beta + np.clip(step, -5, 5)
        if float(np.abs(step).max()) < 1e-8:
            return float(beta[0]), float(beta[1])
    return None


def _loss(pairs: Sequence[Pair], line: tuple[float, float]) -> float:
    """Log loss of the answers."""
    total = 0.0
    for p in pairs:
        z = max(-30.0, min(30.0, line[0] + line[1] * p.valence))
        share = 1 / (1 + math.exp(-z))
        total -= p.satisfied * math.log(share) + (p.n - p.satisfied) * math.log(1 - share)
    return total

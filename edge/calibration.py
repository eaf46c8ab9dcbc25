"""Temperature scaling of class probabilities and how well they are calibrated (Guo et al. 2017, arXiv:1706.04599). Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15
_LEAST = 1e-12
_COLDEST, _HOTTEST = 0.05, 50.0


@dataclass(frozen=True, slots=True)
class Bin:
    """The predictions whose greatest probability lies in low..high: how many, how sure, how often right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def soften(probabilities: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """softmax(log p / T) along the last axis: flatter for T > 1, the same for T = 1. probabilities: (…, k)."""
    p = np.asarray(probabilities, dtype=np.float64)
    if temperature == 1.0:
        return p
    logs = np.log(np.maximum(p, _LEAST)) / temperature
    odds = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def reliability(probabilities: NDArray[np.floating[Any]], truth: NDArray[np.int64]) -> list[Bin]:
    """Bins of equal width that hold a prediction. probabilities: (n, k); truth: (n,) the right class."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    # A sum of floats may be a hair above the edge that it stands for.
    index = np.clip(np.ceil(sure * BINS - 1e-9).astype(int) - 1, 0, BINS - 1)
    found = []
    for i in np.unique(index).tolist():
        inside = index == i
        found.append(
            Bin(i / BINS, (i + 1) / BINS, int(inside.sum()), float(sure[inside].mean()), float(right[inside].mean()))
        )
    return found


def ece(probabilities: NDArray[np.floating[Any]], truth: NDArray[np.int64]) -> float:
    """Expected calibration error: Σ n_bin / n · |accuracy - confidence|. n > 0."""
    bins = reliability(probabilities, truth)
    return sum(b.n * abs(b.accuracy - b.confidence) for b in bins) / sum(b.n for b in bins)


def nll(probabilities: NDArray[np.floating[Any]], truth: NDArray[np.int64]) -> float:
    """Mean negative log likelihood of the right class. n > 0."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], _LEAST)).mean())


def fit_temperature(probabilities: NDArray[np.floating[Any]], truth: NDArray[np.int64]) -> float:
    """The temperature in 0.05..50 with the greatest likelihood. It is convex in 1/T: golden-section search finds it. n > 0."""
    return 1 / _least(lambda b: nll(soften(probabilities, 1 / b), truth), 1 / _HOTTEST, 1 / _COLDEST)


def _least(f: Callable[[float], float], low: float, high: float, steps: int = 60) -> float:
    ratio = (math.sqrt(5) - 1) / 2
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    fa, fb = f(a), f(b)
    for _ in range(steps):
        if fa < fb:
            high, b, fb = b, a, fa
            a = high - ratio * (high - low)
            fa = f(a)
        else:
            low, a, fa = a, b, fb
            b = low + ratio * (high - low)
            fb = f(b)
    return (low + high) / 2

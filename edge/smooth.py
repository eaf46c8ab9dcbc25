"""The box of one person at one moment, from what was seen before and after it. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Floats

_POINTS = 13


def smoothed(
    times: Sequence[float], boxes: Sequence[Floats], at_s: float, deviation_s: float, bridge_s: float
) -> NDArray[np.float64]:
    """(4,) xyxy px at ``at_s``, which lies within ``times``: a straight line fitted by weighted least squares, with Gaussian
    weights of ``deviation_s``, to the boxes near that moment; gaps up to ``bridge_s`` are filled in a straight line first."""
    reach = 3 * deviation_s
    low, high = max(bisect_left(times, at_s - reach) - 1, 0), min(bisect_left(times, at_s + reach) + 1, len(times))
    values = np.concatenate(boxes[low:high]).reshape(-1, 4).astype(np.float64)
    near, values = _unbroken(np.array(times[low:high]), values, at_s, bridge_s)
    if len(near) == 1 or deviation_s <= 0:
        return np.array([np.interp(at_s, near, values[:, c]) for c in range(4)])
    ahead, weights = _fit(max(-reach, float(near[0]) - at_s), min(reach, float(near[-1]) - at_s), deviation_s)
    grid = ahead + at_s
    after = np.minimum(np.maximum(near.searchsorted(grid), 1), len(near) - 1)
    start = near[after - 1]
    later = weights * (grid - start) / (near[after] - start)
    counts = np.bincount(after - 1, weights - later, len(near)) + np.bincount(after, later, len(near))
    return np.asarray(counts @ values)


def _unbroken(
    times: NDArray[np.float64], boxes: NDArray[np.float64], at_s: float, bridge_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The stretch around ``at_s`` that no long gap parts from it."""
    long = times[1:] - times[:-1] > bridge_s + 1e-9
    if not long.any():
        return times, boxes
    breaks = np.flatnonzero(long)
    start = breaks[times[breaks + 1] <= at_s].max(initial=-1) + 1
    end = breaks[times[breaks] >= at_s].min(initial=len(times) - 1) + 1
    return times[start:end], boxes[start:end]


@lru_cache(maxsize=256)
def _fit(first: float, last: float, deviation_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Moments from ``first`` to ``last``, (13,), and the weights (13,) whose product with values at these moments is the
    weighted least-squares line through them, at 0. In the midst of a track these are always the same."""
    x = np.linspace(first, last, _POINTS)
    weight = np.exp(-0.5 * (x / deviation_s) ** 2)
    w, wx, wxx = weight.sum(), (weight * x).sum(), (weight * x * x).sum()
    determinant = w * wxx - wx * wx
    if determinant < 1e-9 * max(w * wxx, 1e-12):
        return x, weight / w
    return x, (wxx * weight - wx * weight * x) / determinant

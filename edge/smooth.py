"""The box of one person at one moment, from what was seen before and after it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Floats


def smoothed(
    times: Sequence[float], boxes: Sequence[Floats], at_s: float, deviation_s: float, bridge_s: float
) -> NDArray[np.float64]:
    """(4,) xyxy px at ``at_s``, which lies within ``times``: a straight line fitted by weighted least squares, with Gaussian
    weights of ``deviation_s``, to the boxes near that moment; gaps up to ``bridge_s`` are filled in a straight line first."""
    reach = 3 * deviation_s
    moments = np.array(times)
    low, high = np.searchsorted(moments, (at_s - reach, at_s + reach))
    low, high = max(int(low) - 1, 0), min(int(high) + 1, len(moments))
    near, values = _unbroken(moments[low:high], np.array(boxes[low:high], dtype=np.float64), at_s, bridge_s)
    if len(near) == 1 or deviation_s <= 0:
        return np.array([np.interp(at_s, near, values[:, c]) for c in range(4)])
    grid = np.linspace(max(at_s - reach, near[0]), min(at_s + reach, near[-1]), 13)
    after = np.clip(np.searchsorted(near, grid), 1, len(near) - 1)
    share = ((grid - near[after - 1]) / (near[after] - near[after - 1]))[:, None]
    line = values[after - 1] * (1 - share) + values[after] * share
    ahead = grid - at_s
    return _at_zero(ahead, line, np.exp(-0.5 * (ahead / deviation_s) ** 2))


def _unbroken(
    times: NDArray[np.float64], boxes: NDArray[np.float64], at_s: float, bridge_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The stretch around ``at_s`` that no long gap parts from it."""
    breaks = np.flatnonzero(np.diff(times) > bridge_s + 1e-9)
    start = breaks[times[breaks + 1] <= at_s].max(initial=-1) + 1
    end = breaks[times[breaks] >= at_s].min(initial=len(times) - 1) + 1
    return times[start:end], boxes[start:end]


def _at_zero(x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weighted least-squares line through (x, y), at x = 0. x: (n,); y: (n, 4)."""
    w, wx, wxx = weight.sum(), (weight * x).sum(), (weight * x * x).sum()
    wy, wxy = weight @ y, (weight * x) @ y
    determinant = w * wxx - wx * wx
    if determinant < 1e-9 * max(w * wxx, 1e-12):
        return np.asarray(wy / w)
    return np.asarray((wxx * wy - wx * wxy) / determinant)

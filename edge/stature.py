"""How tall people are at each row of a camera's picture, learned from those seen best. Pure.

On level ground the height of a person in the picture is close to a straight line over the row of their feet (Hoiem, Efros and
Hebert, Putting objects in perspective, 2006). Two people one above the other that a detector takes for one are far above it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_KEPT = 1500  # newest samples
_ENOUGH = 120
_EVERY = 60  # new samples until the line is drawn anew
_SPREAD = (
    0.2  # where heights differ by more (as logarithms, median), there is no line: a camera that looks down steeply, say
)
_ROUNDS = 4


class Stature:
    """One camera's people."""

    def __init__(self) -> None:
        self._samples = np.empty((0, 2))
        self._new = 0
        self._line: NDArray[np.float64] | None = None

    @property
    def known(self) -> bool:
        """Whether enough people were seen, and they lie on a line."""
        return self._line is not None

    def learn(self, boxes: NDArray[Any]) -> None:
        """boxes: (n, 4) xyxy px of people seen well."""
        if not len(boxes):
            return
        added = np.stack([boxes[:, 3], boxes[:, 3] - boxes[:, 1]], axis=1).astype(np.float64)
        self._samples = np.concatenate([self._samples, added])[-_KEPT:]
        self._new += len(added)
        if self._new >= _EVERY and len(self._samples) >= _ENOUGH:
            self._new = 0
            self._line = _line(self._samples)

    def taller(self, boxes: NDArray[Any]) -> NDArray[np.float64]:
        """(n,) each one's height over the usual one at its foot's row; 1 where that is not known."""
        if self._line is None:
            return np.ones(len(boxes))
        usual = self._line[0] + self._line[1] * boxes[:, 3]
        return np.where(usual > 1, (boxes[:, 3] - boxes[:, 1]) / np.maximum(usual, 1), 1.0)


def _line(samples: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """(2,) height at row 0 and its growth per row: least squares, repeated without those far off; None where there is none."""
    row, height = samples.T
    inside = np.ones(len(row), dtype=bool)
    line = np.array([np.median(height), 0.0])
    for _ in range(_ROUNDS):
        if np.ptp(row[inside]) < np.median(height[inside]) / 2:
            line = np.array([np.median(height[inside]), 0.0])
        else:
            slope, start = np.polyfit(row[inside], height[inside], 1)
            line = np.array([start, slope])
        usual = np.maximum(line[0] + line[1] * row, 1.0)
        off = np.abs(np.log(height / usual))
        inside = off <= max(2.5 * float(np.median(off)), 0.05)
    return line if float(np.median(off)) <= _SPREAD else None

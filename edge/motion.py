"""Whether something moved between two pictures of one camera, whatever the light and the noise do. Pure.

Pictures are compared small and grey. Light is taken out first: the gain between both is the median of their ratio, in bands of
rows, since lamps that flicker with the mains make bands through a rolling shutter. A pixel has changed when it lies outside the
range of its neighbourhood in the earlier picture by more than the noise (the median absolute deviation of what is left). So
people who sway, leaves and a mast that trembles change nothing; a change counts where it fills a few pixels side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Image

_LONG_PX = 192  # longer side of the small picture
_SWAY = np.ones((3, 3), np.uint8)  # what moves by a small pixel at the most is taken to stand
_BAND = 8  # rows that share a gain
_STEP = (2, 4)  # light and noise are measured on every second row and fourth column
_DARK = 8.0  # added to both sides of a ratio, so that black pixels say little
_WHITE = 250  # a pixel as bright as that may be any brighter
_LEAST, _NOISES = 6.0, 3.0  # how far outside that range, in grey levels and in deviations of the noise
_MOST = 30.0  # grey levels, in any noise
_SPREAD = 1.4826  # standard deviation over median absolute deviation (Rousseeuw and Croux 1993)
_CLUSTER = np.ones((2, 1), np.uint8)  # what a change must fill at the least, upright as people are

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sight:
    """A small picture to compare later ones with. grey, low, high: (h, w) uint8, the latter two of each pixel's neighbourhood."""

    grey: Grey
    low: Grey
    high: Grey


def small(frame: Image) -> Grey:
    """(h, w, 3) uint8 BGR of any size → grey, 192 px on its longer side."""
    height, width = frame.shape[:2]
    scale = _LONG_PX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2GRAY), np.uint8)


def sight(grey: Grey) -> Sight:
    """What to keep of a small picture."""
    return Sight(grey, np.asarray(cv2.erode(grey, _SWAY), np.uint8), np.asarray(cv2.dilate(grey, _SWAY), np.uint8))


def moved(now: Grey, before: Sight) -> bool:
    """Whether ``now`` shows something that moved since ``before``; both of one shape."""
    return bool(changes(now, before).any())


def changes(now: Grey, before: Sight) -> NDArray[np.bool_]:
    """(h, w) where ``now`` shows something that moved since ``before``; both of that shape."""
    sample = now[:: _STEP[0], :: _STEP[1]].astype(np.float32) + _DARK
    known = before.grey[:: _STEP[0], :: _STEP[1]].astype(np.float32) + _DARK
    gain = _rows(len(now), len(sample)) @ _gains(sample / known)
    left = np.abs(sample - known * gain[:: _STEP[0], None])
    limit = float(np.clip(_NOISES * _SPREAD * _median(left.ravel()), _LEAST, _MOST))
    lit = cv2.convertScaleAbs(now / gain[:, None] + (_DARK / gain - _DARK)[:, None])
    under = cv2.subtract(before.low, lit)
    if now.max() >= _WHITE:
        under[now >= _WHITE] = 0
    outside = cv2.max(cv2.subtract(lit, before.high), under)
    changed = cv2.threshold(outside, limit, 1, cv2.THRESH_BINARY)[1]
    if cv2.countNonZero(changed) >= _CLUSTER.size:
        changed = cv2.erode(changed, _CLUSTER)
        return np.asarray(changed.view(np.bool_))
    return np.zeros(now.shape, np.bool_)


def _gains(ratio: NDArray[np.float32]) -> NDArray[np.float32]:
    """(bands,) of each band of rows, from the top; the last one may be higher than the others."""
    bands = _bands(len(ratio))
    rows = len(ratio) // bands
    gains = _median(ratio[: rows * (bands - 1)].reshape(bands - 1, -1)) if bands > 1 else np.empty(0, np.float32)
    return np.append(gains, _median(ratio[rows * (bands - 1) :].ravel())).astype(np.float32)


@lru_cache(maxsize=16)
def _rows(count: int, sampled: int) -> NDArray[np.float32]:
    """(rows, bands): what each band's gain weighs for each of ``count`` rows, in a straight line between the bands' middles."""
    bands = _bands(sampled)
    each = sampled // bands * _STEP[0]
    middles = np.append((np.arange(bands - 1) + 0.5) * each, (each * (bands - 1) + count) / 2)
    weights = [np.interp(np.arange(count) + 0.5, middles, row) for row in np.eye(bands)]
    return np.stack(weights, axis=1).astype(np.float32)


def _bands(sampled: int) -> int:
    return max(1, sampled * _STEP[0] // _BAND)


def _median(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Along the last axis; of an even number the upper one of the middle two."""
    middle = values.shape[-1] // 2
    return np.asarray(np.partition(values, middle, axis=-1)[..., middle])

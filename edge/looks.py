"""What a person's clothes look like: a small colour histogram, forgotten with the track. It tells neighbours apart, not people."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Floats, Image

SIZE = 48
_ROWS, _COLUMNS, _BINS = 24, 12, 8
_SPREAD = 4.0  # the colour channels of Lab keep close to their middle: drawn apart to use all bins


def _shares() -> NDArray[np.float64]:
    """(3, 256, 8): how much of a pixel falls into each bin, by channel and level: it lies between two bins, shared out."""
    level = np.arange(256, dtype=np.float32)
    drawn = (level - 128) * _SPREAD + 128
    shares = np.zeros((3, 256, _BINS))
    for channel, values in enumerate((level, drawn, drawn)):
        place = np.clip(values * (_BINS / 256) - 0.5, 0, _BINS - 1.001)
        low = place.astype(np.int64)
        shares[channel, np.arange(256), low] = 1 - (place - low)
        shares[channel, np.arange(256), low + 1] = place - low
    return shares


_SHARES = _shares()


def looks(frame: Image, boxes: NDArray[Any]) -> Floats:
    """(n, 48) float32 of length 1: how alike two people are is the product of theirs, 0 to 1.

    frame: (h, w, 3) uint8 BGR; boxes: (n, 4) xyxy px. The middle of each box, its upper and its lower half apart, gives three
    histograms of 8 bins each (Lab); the product is then the mean Bhattacharyya coefficient.
    """
    count = len(boxes)
    if not count:
        return np.empty((0, SIZE), np.float32)
    strip = np.empty((count * _ROWS, _COLUMNS, 3), np.uint8)
    for i, (x0, y0, x1, y1) in enumerate(_middles(boxes, frame.shape[1], frame.shape[0]).tolist()):
        strip[i * _ROWS : (i + 1) * _ROWS] = cv2.resize(frame[y0:y1, x0:x1], (_COLUMNS, _ROWS), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(strip, cv2.COLOR_BGR2LAB).reshape(count * 2, -1, 3)
    place = lab + (np.arange(count * 2)[:, None, None] * 3 + np.arange(3)) * 256
    levels = np.bincount(place.ravel(), minlength=count * 6 * 256).reshape(count * 2, 3, 256)
    histogram = np.matmul(levels.transpose(1, 0, 2), _SHARES).transpose(1, 0, 2)
    pixels = _ROWS * _COLUMNS / 2 * 6
    return np.asarray(np.sqrt(histogram / pixels).reshape(count, SIZE), dtype=np.float32)


def blend(old: Floats, new: Floats, share: NDArray[Any]) -> Floats:
    """(n, 48): ``share`` (n,) of the new ones mixed in, of length 1 again."""
    mixed = old + share[:, None] * (new - old)
    return np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), dtype=np.float32)


def _middles(boxes: NDArray[Any], width: int, height: int) -> NDArray[np.int64]:
    """(n, 4) px: without a fifth at either side and a twelfth above and below; never empty, inside the frame."""
    size = boxes[:, 2:] - boxes[:, :2]
    margin = size * np.array([0.2, 0.08])
    limit = np.array([width, height])
    low = np.clip(boxes[:, :2] + margin, 0, limit - 1).astype(np.int64)
    high = np.clip(boxes[:, 2:] - margin, 1, limit).astype(np.int64)
    return np.concatenate([low, np.maximum(high, low + 1)], axis=1)

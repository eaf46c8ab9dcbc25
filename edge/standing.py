"""Whether somebody still stands where they were last detected: the picture there has not changed. Pure.

A network may miss a person who stands still for a minute, though nobody covers them. As long as what is seen there stays as it
was when they were last detected, they have not left: whoever leaves uncovers what is behind them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Floats, Image

_ACROSS, _DOWN = 10, 20  # a patch, px
SIZE = _ACROSS * _DOWN * 3
_SIDE, _TOP, _BOTTOM = 0.15, 0.05, 0.1  # of the box, that may be background or floor
_SAME = 11.0  # greatest mean difference, of 255 levels, once the light is taken out …
_LIGHT = 25.0  # … which changes all levels by so much at most
_LEAST = 4  # px: a smaller box tells nothing


def patches(frame: Image, boxes: Floats) -> Floats:
    """(n, SIZE) colours of what is inside each box, small; NaN where nearly nothing of it lies in the picture.

    frame: (h, w, 3) uint8 BGR; boxes: (n, 4) xyxy px.
    """
    height, width = frame.shape[:2]
    found = np.full((len(boxes), SIZE), np.nan, np.float32)
    for row, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        side, tall = _SIDE * (x1 - x0), y1 - y0
        left, right = max(round(x0 + side), 0), min(round(x1 - side), width)
        top, bottom = max(round(y0 + _TOP * tall), 0), min(round(y1 - _BOTTOM * tall), height)
        if right - left >= _LEAST and bottom - top >= _LEAST:
            inside = cv2.resize(frame[top:bottom, left:right], (_ACROSS, _DOWN), interpolation=cv2.INTER_AREA)
            found[row] = inside.ravel()
    return found


def same(now: Floats, before: Floats) -> NDArray[np.bool_]:
    """(n,) whether each patch shows what it showed before; a change of the light alone is none."""
    light = np.median(now - before, axis=1, keepdims=True).clip(-_LIGHT, _LIGHT)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(now - before - light).mean(axis=1) <= _SAME)

"""A frame fitted into a network's input of another shape, grey bars around it, and the way back for boxes. Pure.

The rounding is that of ultralytics' ``LetterBox`` and ``scale_boxes`` (8.4), so that the same network finds the same boxes::

    ┌────────────┐ ▲            the frame keeps its proportions; each side is rounded by itself, so the two
    │░░░░ 114 ░░░│ │            scales may differ by a hair; of an odd rest, the bar at the right or below
    │ the  frame │ height_px    gets the odd pixel
    │░░░░░░░░░░░░│ │
    └────────────┘ ▼
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Floats, Image, clip

_GREY = (114, 114, 114)


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a frame lies in the input, all in pixels: the frame's size, its size in there, and its corner in there."""

    frame_width: int
    frame_height: int
    width: int
    height: int
    left: int
    top: int

    def boxes_in_frame(self, boxes: NDArray[Any]) -> Floats:
        """(n, 4) xyxy px of the input → of the frame, cut at its borders."""
        scale = np.array([self.width / self.frame_width, self.height / self.frame_height] * 2, np.float32)
        moved = boxes - np.array([self.left, self.top] * 2, np.float32)
        return clip(moved / scale, self.frame_width, self.frame_height).astype(np.float32)


def fitted(frame_width: int, frame_height: int, width_px: int, height_px: int) -> Letterbox:
    """The letterbox of a frame in an input of that size; no side of the frame becomes less than a pixel."""
    scale = min(height_px / frame_height, width_px / frame_width)
    width, height = max(round(frame_width * scale), 1), max(round(frame_height * scale), 1)
    left, top = round((width_px - width) / 2 - 0.1), round((height_px - height) / 2 - 0.1)
    return Letterbox(frame_width, frame_height, width, height, left, top)


def put_in(frame: Image, box: Letterbox, width_px: int, height_px: int) -> Image:
    """(h, w, 3) uint8 → (height_px, width_px, 3) uint8 with the frame where ``box`` says."""
    if (box.width, box.height) != (box.frame_width, box.frame_height):
        frame = cv2.resize(frame, (box.width, box.height), interpolation=cv2.INTER_LINEAR)
    right, bottom = width_px - box.width - box.left, height_px - box.height - box.top
    return np.asarray(
        cv2.copyMakeBorder(frame, box.top, bottom, box.left, right, cv2.BORDER_CONSTANT, value=_GREY), np.uint8
    )

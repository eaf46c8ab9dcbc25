"""Boxes, detections and tracks: small frozen things over arrays, and the seams of detector and tracker.

Boxes are xyxy in pixels: left, top, right, bottom, with the origin at the top left of the frame. The place of a person is the
foot point, the middle of the bottom edge::

    (x0, y0) ┌──────┐
             │  o   │
             │ /|\\  │
             │ / \\  │
             └──┬───┘ (x1, y1)
              foot
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

_BLOCK = 256  # boxes that suppression compares at once


@dataclass(frozen=True, slots=True)
class Detections:
    """People seen in one frame. boxes: (n, 4) float32 xyxy px; confidence: (n,) float32 in 0..1."""

    boxes: Floats
    confidence: Floats

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: NDArray[Any]) -> Detections:
        """The chosen rows; index: a mask (n,) or row numbers (m,)."""
        return Detections(self.boxes[index], self.confidence[index])


@dataclass(frozen=True, slots=True)
class Tracks:
    """Who is visible in one frame. ids: (n,) int64; boxes: (n, 4) float32 xyxy px; confidence: (n,) float32 in 0..1; looks:
    (n, 48) of the boxes' contents, where the tracker took them."""

    ids: Ids
    boxes: Floats
    confidence: Floats
    looks: Floats | None = None

    def __len__(self) -> int:
        return len(self.ids)


class Detector(Protocol):
    """Finds people in one frame."""

    name: str
    version: str

    def detect(self, frame: Image) -> Detections:
        """frame: (h, w, 3) uint8 BGR. Doubtful people are given too, from a confidence of about .1."""
        ...


class Tracker(Protocol):
    """Gives the same person the same id from frame to frame."""

    def update(self, detections: Detections, at_s: float, frame: Image | None = None) -> Tracks:
        """at_s: seconds, growing within an epoch. frame: (h, w, 3) uint8 BGR, for trackers that look at it."""
        ...

    def reset(self) -> None:
        """Forget everyone; ids are not given out again."""
        ...


def no_detections() -> Detections:
    """Nobody."""
    return Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32))


def no_tracks() -> Tracks:
    """Nobody."""
    return Tracks(np.empty(0, np.int64), np.empty((0, 4), np.float32), np.empty(0, np.float32))


def foot(boxes: NDArray[Any]) -> NDArray[Any]:
    """(n, 4) xyxy → (n, 2) middle of the bottom edge."""
    return np.asarray(np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1))


def clip(boxes: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    """(n, 4) xyxy px, cut at the borders of a frame."""
    return np.asarray(np.clip(boxes, 0, np.array([width, height, width, height], boxes.dtype)))


def iou(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Intersection over union of every pair: (n, 4), (m, 4) xyxy → (n, m) in 0..1; 0 where a box has no area."""
    corner = np.maximum(a[:, None, :2], b[None, :, :2])
    size = np.clip(np.minimum(a[:, None, 2:], b[None, :, 2:]) - corner, 0, None)
    inter = size[..., 0] * size[..., 1]
    union = _area(a)[:, None] + _area(b)[None, :] - inter
    return np.asarray(inter / np.where(union > 0, union, 1))


def _area(boxes: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.clip(boxes[:, 2] - boxes[:, 0], 0, None) * np.clip(boxes[:, 3] - boxes[:, 1], 0, None))


def nms(boxes: NDArray[Any], scores: NDArray[Any], overlap: float, most: int | None = None) -> NDArray[np.intp]:
    """Greedy non-maximum suppression: row numbers to keep, best first, at most ``most``; a box goes when its IoU with a better
    one is over ``overlap``. By blocks, so that memory grows with n, not with its square."""
    order = np.argsort(-scores, kind="stable")
    kept = order[:0]
    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK]
        if len(kept):
            block = block[(iou(boxes[block], boxes[kept]) <= overlap).all(axis=1)]
        covers = iou(boxes[block], boxes[block]) > overlap
        alive = np.ones(len(block), dtype=bool)
        for i in range(len(block)):
            if alive[i]:
                alive[i + 1 :] &= ~covers[i, i + 1 :]
        kept = np.concatenate([kept, block[alive]])
        if most is not None and len(kept) >= most:
            break
    return np.asarray(kept[:most])

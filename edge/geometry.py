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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in px."""

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


@runtime_checkable
class Tiled(Protocol):
    """A detector that looks at a frame in tiles, each by itself; what it detects in a frame is :meth:`merged` of all of them.

    turns: in how many ways it looks at a tile, one after the other.
    """

    @property
    def turns(self) -> int: ...

    def tiles(self, width: int, height: int) -> list[Box]:
        """The tiles of a frame of that size, px."""
        ...

    def look(self, frame: Image, tiles: Sequence[Box]) -> list[Detections]:
        """What each of these tiles shows by itself, in pixels of the frame. frame: (h, w, 3) uint8 BGR."""
        ...

    def merged(self, found: Sequence[Detections]) -> Detections:
        """The people of all tiles, whoever is in two of them once."""
        ...


@dataclass(frozen=True, slots=True)
class _OneTile:
    """A detector that knows no tiles: the frame is one."""

    detector: Detector
    turns: int = 1

    def tiles(self, width: int, height: int) -> list[Box]:
        return [(0, 0, width, height)]

    def look(self, frame: Image, tiles: Sequence[Box]) -> list[Detections]:
        return [self.detector.detect(frame) for _ in tiles]

    def merged(self, found: Sequence[Detections]) -> Detections:
        return found[0]


def tiled(detector: Detector) -> Tiled:
    """The detector by its tiles; one that knows none looks at the whole frame as one."""
    return detector if isinstance(detector, Tiled) else _OneTile(detector)


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
    return shared(a[:, None], b[None])


def shared(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Intersection over union of the boxes at the same place: two (…, 4) xyxy that can be broadcast → (…)."""
    width = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    height = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    inter = np.maximum(width, 0) * np.maximum(height, 0)
    union = _area(a) + _area(b) - inter
    return np.asarray(inter / np.where(union > 0, union, 1))


def _area(boxes: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.maximum(boxes[..., 2] - boxes[..., 0], 0) * np.maximum(boxes[..., 3] - boxes[..., 1], 0))


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

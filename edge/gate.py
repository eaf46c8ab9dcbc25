"""Inference where something moved, and only there: elsewhere the detections of the last look are repeated.

Each tile of the detector is judged by itself, against the picture at its own last look, so that slow movement adds up. It is
looked at anew when something moved, when the last two looks did not find the same people, and every ``still_s`` at the least.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motcua.edge.geometry import Box, Detections, Detector, Image, iou, no_detections, tiled
from motcua.edge.motion import Grey, Sight, moved, sight, small

_SURE = 0.4  # who was found with that confidence must be found again …
_SAME = 0.5  # … at the same place: IoU
_DOUBTS = 3  # looks after which people who come and go by themselves are left to


@dataclass(slots=True)
class _Tile:
    """One tile as it was looked at last. doubts: how often in a row two looks differed though nothing moved."""

    seen: Sight
    at_s: float
    found: Detections
    settled: bool
    doubts: int


class Gate:
    """Stands before a detector. ``looked`` counts the tiles that it ran on, ``shown`` those that it was shown."""

    def __init__(self, detector: Detector, still_s: float) -> None:
        """still_s: longest time without a look, in seconds."""
        self.looked = self.shown = 0
        self._detector, self._still_s = tiled(detector), still_s
        self.reset()

    def reset(self) -> None:
        """Forget every picture: the next frame is looked at as a whole."""
        self._size = (0, 0)
        self._tiles: dict[int, _Tile] = {}
        self._last = no_detections()

    def detect(self, frame: Image, at_s: float) -> Detections:
        """frame: (h, w, 3) uint8 BGR; at_s: seconds. The detections of every tile, each as it was looked at last."""
        height, width = frame.shape[:2]
        if self._size != (width, height):
            self.reset()
            self._size = (width, height)
        places, grey = self._detector.tiles(width, height), small(frame)
        parts = [_part(grey, place, width, height) for place in places]
        due = [i for i, part in enumerate(parts) if self._due(i, part, at_s)]
        self.shown += len(places)
        self.looked += len(due)
        if due:
            for i, found in zip(due, self._detector.look(frame, [places[i] for i in due]), strict=True):
                self._tiles[i] = self._looked(self._tiles.get(i), parts[i], found, at_s)
            self._last = self._detector.merged([self._tiles[i].found for i in range(len(places))])
        return self._last

    def _due(self, i: int, part: Grey, at_s: float) -> bool:
        tile = self._tiles.get(i)
        if tile is None or not tile.settled or not 0 <= at_s - tile.at_s < self._still_s - 1e-9:
            return True
        if not moved(part, tile.seen):
            return False
        tile.doubts = 0
        return True

    def _looked(self, before: _Tile | None, part: Grey, found: Detections, at_s: float) -> _Tile:
        if before is not None and _agree(before.found, found):
            return _Tile(sight(part), at_s, found, True, 0)
        doubts = 1 if before is None else before.doubts + 1
        return _Tile(sight(part), at_s, found, doubts >= _DOUBTS, 0 if doubts >= _DOUBTS else doubts)


def _part(grey: Grey, place: Box, width: int, height: int) -> Grey:
    """What a tile shows, of the small picture."""
    x0, y0, x1, y1 = place
    rows, columns = grey.shape
    return grey[y0 * rows // height : -(-y1 * rows // height), x0 * columns // width : -(-x1 * columns // width)]


def _agree(a: Detections, b: Detections) -> bool:
    """Whether everyone who is sure on one side is on the other, if only as doubtful."""
    overlap = iou(a.boxes, b.boxes) >= _SAME
    return bool(
        np.all(overlap.any(axis=1) | (a.confidence < _SURE)) and np.all(overlap.any(axis=0) | (b.confidence < _SURE))
    )

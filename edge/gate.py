"""Inference where something moved, and only there: elsewhere the detections of the last looks are repeated.

Each tile of the detector is judged by itself, against the picture at its own last look, so that slow movement adds up. It is
looked at anew when something moved, when the last two looks did not find the same people, and every ``still_s`` at the least.

A detector that looks at a tile in turns (``edge/tile_view.py``) finds other people in each of them. So its last looks are
repeated in turns, too; of the earlier ones whoever was where something moved since is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Box, Detections, Detector, Image, iou, tiled
from motcua.edge.motion import Grey, Sight, changes, sight, small

_SURE = 0.4  # who was found with that confidence must be found again …
_SAME = 0.5  # … at the same place: IoU
_DOUBTS = 3  # looks after which people who come and go by themselves are left to


@dataclass(slots=True)
class _Tile:
    """One tile. seen, at_s, found: its last look; looks: what is left of the last ones, the newest at the end; shown: which of them
    was given last; doubts: how often in a row two looks differed though nothing moved."""

    seen: Sight
    at_s: float
    found: Detections
    looks: list[Detections]
    shown: int
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
        self._merged: dict[tuple[int, ...], Detections] = {}

    def detect(self, frame: Image, at_s: float) -> Detections:
        """frame: (h, w, 3) uint8 BGR; at_s: seconds. The detections of every tile, each as in one of its last looks."""
        height, width = frame.shape[:2]
        if self._size != (width, height):
            self.reset()
            self._size = (width, height)
        places, grey = self._detector.tiles(width, height), small(frame)
        parts = [_part(grey, place, width, height) for place in places]
        due = [i for i, part in enumerate(parts) if self._due(i, part, places[i], at_s)]
        self.shown += len(places)
        self.looked += len(due)
        if due:
            self._merged.clear()
            for i, found in zip(due, self._detector.look(frame, [places[i] for i in due]), strict=True):
                self._tiles[i] = self._looked(self._tiles.get(i), parts[i], found, at_s)
        tiles = [self._tiles[i] for i in range(len(places))]
        for i in set(range(len(places))) - set(due):
            tiles[i].shown = (tiles[i].shown + 1) % len(tiles[i].looks)
        turn = tuple(tile.shown for tile in tiles)
        if turn not in self._merged:
            self._merged[turn] = self._detector.merged([tile.looks[tile.shown] for tile in tiles])
        return self._merged[turn]

    def _due(self, i: int, part: Grey, place: Box, at_s: float) -> bool:
        tile = self._tiles.get(i)
        if tile is None:
            return True
        changed = changes(part, tile.seen)
        moved = bool(changed.any())
        if moved:
            tile.looks = [_unmoved(found, changed, place) for found in tile.looks]
        if not tile.settled or not 0 <= at_s - tile.at_s < self._still_s - 1e-9:
            return True
        if moved:
            tile.doubts = 0
        return moved

    def _looked(self, before: _Tile | None, part: Grey, found: Detections, at_s: float) -> _Tile:
        looks = [*(before.looks if before else ()), found][-self._detector.turns :]
        same = before is not None and _agree(before.found, found)
        doubts = 0 if same else 1 if before is None else before.doubts + 1
        return _Tile(sight(part), at_s, found, looks, len(looks) - 1, same or doubts >= _DOUBTS, doubts % _DOUBTS)


def _unmoved(found: Detections, changed: NDArray[np.bool_], place: Box) -> Detections:
    """Those in whose boxes nothing moved. changed: (h, w) of the small picture of the tile at ``place``."""
    if not len(found):
        return found
    x0, y0, x1, y1 = place
    rows, columns = changed.shape
    scale = np.array([columns / (x1 - x0), rows / (y1 - y0)] * 2)
    inside = (found.boxes - np.array([x0, y0] * 2)) * scale
    left, top = np.floor(inside[:, :2]).clip(0, [columns, rows]).astype(int).T
    right, bottom = np.ceil(inside[:, 2:]).clip(0, [columns, rows]).astype(int).T
    total = np.zeros((rows + 1, columns + 1), np.int64)
    total[1:, 1:] = changed.cumsum(axis=0).cumsum(axis=1)
    return found[total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left] == 0]


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

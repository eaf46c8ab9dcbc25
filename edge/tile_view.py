"""How a tile is looked at, in turns: as it is and mirrored, and a little to the right and below. Pure.

Whether a network finds somebody depends on where they stand in its grid of anchors, by a few pixels, and on which way they face.
A person who walks passes through all of it; one who stands still in an unlucky place is not found for minutes. So the tile
moves instead, and a tracker that remembers people over a second sees each of them from their best side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Box, Image

# Right and down, as shares of the tile; mirrored or not.
TURNS = ((0.0, 0.0, True), (0.018, 0.0105, True), (0.0, 0.0, False), (0.027, 0.021, False))


@dataclass(frozen=True, slots=True)
class View:
    """One look at a tile: its left, top, width and height in the frame, px, and whether it is mirrored."""

    x: float
    y: float
    width: float
    height: float
    mirrored: bool

    def of(self, frame: Image, side_px: int) -> Image:
        """(side_px, side_px, 3) of the frame; what lies beyond its border is as the border."""
        across, down = self.width / side_px, self.height / side_px
        left = self.x + self.width if self.mirrored else self.x
        turn = -across if self.mirrored else across
        there = np.array([[turn, 0, left + turn / 2 - 0.5], [0, down, self.y + down / 2 - 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        picture = cv2.warpAffine(frame, there, (side_px, side_px), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(picture, dtype=np.uint8)

    def to_frame(self, boxes: NDArray[Any]) -> NDArray[Any]:
        """(n, 4) xyxy in 0..1 of the view → px of the frame."""
        if self.mirrored:
            boxes = np.stack([1 - boxes[:, 2], boxes[:, 1], 1 - boxes[:, 0], boxes[:, 3]], axis=1)
        size, corner = np.array([self.width, self.height] * 2), np.array([self.x, self.y] * 2)
        return np.asarray(boxes * size + corner)


def view_of(tile: Box, turn: int) -> View:
    """The look of that turn. tile: xyxy px."""
    right, down, mirrored = TURNS[turn % len(TURNS)]
    x0, y0, x1, y1 = tile
    width, height = x1 - x0, y1 - y0
    return View(x0 + right * width, y0 + down * height, width, height, mirrored)

"""A film without a film: people of one colour each on a grey ground, so that a picture can be asked who is where."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from motcua.edge.geometry import Detections
from motcua.onebox.scene import Film, Plan
from motcua.onebox.scene_people import Cutout, SourcePerson, Walk
from motcua.onebox.scene_place import SIZE
from motcua.onebox.scene_queue import Crowd

RED, BLUE = (30, 30, 220), (220, 60, 30)
SMALL = Plan(5, "line", 2, Crowd(arrivals_s=30, longest_s=60, service_mean_s=14, least_service_s=5, patience_scale_s=60))


def painted_film() -> Film:
    """Six people of 20 x 80 px."""
    people = []
    for colour in (RED, BLUE, (30, 200, 30), (200, 30, 200), (30, 200, 200), (10, 10, 10)):
        picture = np.empty((86, 36, 3), np.float32)
        picture[:] = colour
        alpha = np.zeros((86, 36), np.float32)
        alpha[3:83, 8:28] = 1
        still = Cutout(picture, alpha, (18.0, 83.0), 80.0)
        people.append(SourcePerson((Walk((still,) * 4, (0.06, 0.0)),)))
    return Film(np.full((SIZE[1], SIZE[0], 3), 128, np.uint8), tuple(people))


class PaintFinder:
    """Finds everyone who stands out from the grey ground; the desks and the post, which are there from the beginning, do not."""

    name, version = "paint", "1"

    def __init__(self, *, threads: int = 1) -> None:
        self._empty: Any = None

    def detect(self, frame: np.ndarray) -> Detections:
        if self._empty is None:
            self._empty = frame.copy()
        different = cv2.bitwise_not(cv2.inRange(cv2.absdiff(frame, self._empty), (0, 0, 0), (50, 50, 50)))
        count, _, stats, _ = cv2.connectedComponentsWithStats(different)
        boxes = [(x, y, x + w, y + h) for x, y, w, h, area in stats[1:count] if area > 400]
        return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), 0.9, np.float32))

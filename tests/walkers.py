"""People painted in plain colours who walk over a plain floor: pictures and boxes with known answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Detections

SIZE = (320, 240)  # width, height


@dataclass(frozen=True, slots=True)
class Walker:
    """Someone of one colour (BGR), seen between two times at a constant pace; ``hidden`` are spans without detection."""

    x: float
    y: float
    pace: tuple[float, float] = (0.0, 0.0)
    colour: tuple[int, int, int] = (40, 40, 200)
    since_s: float = 0.0
    until_s: float = 1e9
    hidden: tuple[tuple[float, float], ...] = ()
    confidence: float = 0.9

    def box(self, at_s: float) -> tuple[float, float, float, float]:
        """xyxy px, 20 wide and 60 high."""
        x, y = self.x + self.pace[0] * at_s, self.y + self.pace[1] * at_s
        return x - 10, y - 60, x + 10, y

    def there(self, at_s: float) -> bool:
        """Whether they are in the scene."""
        return self.since_s <= at_s < self.until_s

    def detected(self, at_s: float) -> bool:
        """Whether a detector would see them."""
        return self.there(at_s) and not any(a <= at_s < b for a, b in self.hidden)


def picture(people: list[Walker], at_s: float) -> NDArray[np.uint8]:
    """(240, 320, 3) BGR."""
    image = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    for person in people:
        if person.there(at_s):
            x0, y0, x1, y1 = (max(0, round(v)) for v in person.box(at_s))
            image[y0:y1, x0:x1] = person.colour
    return image


def detections(people: list[Walker], at_s: float) -> Detections:
    """Those detected, in the order of the list."""
    seen = [p for p in people if p.detected(at_s)]
    return Detections(
        np.array([p.box(at_s) for p in seen], np.float32).reshape(-1, 4), np.array([p.confidence for p in seen], np.float32)
    )

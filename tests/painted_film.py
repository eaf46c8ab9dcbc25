"""A film without a film: people of one colour each on a grey ground, so that a picture can be asked who is where."""

from __future__ import annotations

import numpy as np

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

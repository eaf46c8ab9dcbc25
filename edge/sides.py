"""Which side of a counter a person is on: whose face may be read as a citizen's, whose as an officer's, and whose by nobody. Pure.

Zones and tracks tell, never a face. Before anybody is looked at, the pixels of the other side are taken out of the picture, so that no
reader of citizens' faces ever gets an officer's, nor the other way round, however close they stand.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Image
from motcua.edge.visits import Positions
from motcua.edge.watch_faces import Served
from motcua.edge.zones import Zones

_GREY = 127
Box = NDArray[np.floating[Any]]


def sides(
    zones: Zones, seen: Positions, boxes: NDArray[np.floating[Any]], working: Collection[int]
) -> tuple[list[Served], list[Served], list[Box]]:
    """Citizens in service zones, officers in staff zones that name their counter, and the boxes of everybody who works here.

    boxes: (n, 4) xyxy px, of the people of ``seen``. working: tracks of people who work here, wherever they stand now.
    """
    citizens, officers, staff = [], [], []
    for track_id, place, box in zip(seen.ids.tolist(), zones.locate(seen.points).tolist(), boxes, strict=True):
        zone = zones.zones[place] if place >= 0 else None
        behind = zone is not None and zone.role == "staff"
        if behind or track_id in working:
            staff.append(box)
            if behind and zone is not None and zone.counter_id:
                officers.append(Served(zone.counter_id, box, track_id))
        elif zone is not None and zone.role == "service" and zone.counter_id:
            citizens.append(Served(zone.counter_id, box, track_id))
    return citizens, officers, staff


def hidden(image: Image, boxes: Sequence[Box]) -> Image:
    """The picture, BGR (h, w, 3), with the boxes, (4,) xyxy px each, painted grey; itself where there are none."""
    if not boxes:
        return image
    shown = image.copy()
    for box in boxes:
        x0, y0, x1, y1 = (max(0, int(v)) for v in (*np.floor(box[:2]), *np.ceil(box[2:])))
        shown[y0:y1, x0:x1] = _GREY
    return shown

"""Where a rendered scene plays: the camera's view of the ground, and places to queue, to be served and to pass by. Pure.

The ground is measured in metres, x to the right of the camera's axis, z away from it. The camera is a pinhole that looks out
level from ``CAMERA_M`` above the ground, as that of the sample film does to a good approximation::

    column = 384 + f x / z        row = horizon + f CAMERA_M / z        height in px = f stature / z
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

SIZE = (768, 576)  # width, height, px
CAMERA_M = 7.4
STATURE_M = 1.7
_FOCAL_PX = 1000.0
_HORIZON_PX = -83.0
# The lamp post in the film's own picture, which hides people behind it: rectangles x0, y0, x1, y1 in px, and its foot's row.
POST = ((424, 96, 438, 391), (413, 202, 446, 244))
POST_ROW = 391.0
TRIPOD = (455, 334, 530, 486)  # another of its things, in the middle of where people wait: painted over

Kind = Literal["line", "area"]
Spot = tuple[float, float]
"""x, z in metres."""


@dataclass(frozen=True, slots=True)
class Place:
    """slots: where people wait, the head of the queue first (in an area: in no order). spots: where they stand to be served, one
    a counter. queue, service: corners of the zones. way_in, way_out: ranges of z at the right and at the left edge. aside: steps
    out of the queue for who gives up. ahead: a lane in front of the queue, as a point and a direction."""

    kind: Kind
    slots: tuple[Spot, ...]
    spots: tuple[Spot, ...]
    queue: tuple[Spot, ...]
    service: tuple[tuple[Spot, ...], ...]
    way_in: tuple[float, float]
    way_out: tuple[float, float]
    aside: float
    ahead: tuple[Spot, Spot]


def project(points: NDArray[Any]) -> NDArray[np.float64]:
    """(n, 2) x, z in metres → (n, 2) column, row in px."""
    x, z = np.asarray(points, dtype=np.float64).reshape(-1, 2).T
    return np.stack([SIZE[0] / 2 + _FOCAL_PX * x / z, _HORIZON_PX + _FOCAL_PX * CAMERA_M / z], axis=1)


def height_px(row: float, stature_m: float = STATURE_M) -> float:
    """How tall a person is in the picture whose foot point is in that row."""
    return (row - _HORIZON_PX) * stature_m / CAMERA_M


def half_width_m(z: float) -> float:
    """How far to the left and to the right the picture reaches at that distance."""
    return z * SIZE[0] / 2 / _FOCAL_PX


def place_of(kind: Kind, counters: int) -> Place:
    """A line in front of the counters, or an area where people wait here and there. counters: 1 or 2.

    Raises ValueError for another number of counters.
    """
    if counters not in (1, 2):
        raise ValueError("a scene has one counter or two")
    if kind == "line":
        head, step = np.array([-3.4, 18.6]), np.array([0.81, -0.27])  # .85 m apart
        slots = [head + i * step for i in range(11)]
        across = np.array([0.0, 1.0])  # a zone is drawn with room for feet that are not found exactly
        before, after = head - 1.0 * step, head + 11.2 * step
        queue = [before + across, after + across, after - across, before - across]
        spots = [(-5.4, 21.2), (-2.4, 21.4)][:counters]
        ahead = ((0.0, float(head[1] - head[0] * step[1] / step[0] - 1.6)), (float(step[0]), float(step[1])))
        return _place(kind, slots, spots, queue, (15.3, 17.0), (20.4, 21.3), 1.4, ahead)
    # Two rows, in the picture side by side rather than one above the other: who stands in front covers little of who is behind.
    rows = [(17.5, -0.19, 6), (14.4, -0.148, 5)]
    slots = [np.array([(share + 0.084 * i) * z, z]) for z, share, count in rows for i in range(count)]
    queue = [np.array(p) for p in ((-4.5, 18.5), (5.3, 18.5), (5.3, 13.3), (-4.5, 13.3))]
    spots = [(-2.8, 21.4), (2.8, 21.4)][:counters]
    return _place(kind, slots, spots, queue, (14.2, 17.6), (20.3, 21.3), 2.0, ((0.0, 12.8), (1.0, 0.0)))


def zones_data(place: Place) -> dict[str, Any]:
    """The zones in the product's own format: fractions of the picture."""
    zones: list[dict[str, Any]] = [{"name": "queue", "role": "queue", "polygon": _fractions(place.queue)}]
    zones += [
        {"name": f"counter {i}", "role": "service", "counter_id": str(i), "polygon": _fractions(corners)}
        for i, corners in enumerate(place.service, start=1)
    ]
    return {"version": 1, "zones": zones}


def _place(
    kind: Kind,
    slots: list[NDArray[np.float64]],
    spots: list[Spot],
    queue: list[NDArray[np.float64]],
    way_in: tuple[float, float],
    way_out: tuple[float, float],
    aside: float,
    ahead: tuple[Spot, Spot],
) -> Place:
    service = tuple(((x - 1.0, z + 1.4), (x + 1.0, z + 1.4), (x + 1.0, z - 1.3), (x - 1.0, z - 1.3)) for x, z in spots)
    return Place(
        kind, tuple(map(_spot, slots)), tuple(spots), tuple(map(_spot, queue)), service, way_in, way_out, aside, ahead
    )


def _spot(point: NDArray[np.float64]) -> Spot:
    return float(point[0]), float(point[1])


def _fractions(corners: tuple[Spot, ...]) -> list[list[float]]:
    points = project(np.array(corners)) / np.array(SIZE)
    return [[round(float(v), 4) for v in p] for p in np.clip(points, 0, 1)]

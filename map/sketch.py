"""The map that needs no library and no tiles: points on a plain ground, drawn as SVG on the server. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from motcua.map.view import Card

WIDTH = 1000
MARGIN = 80
LAND_RADIUS_KM = 6.0
"""Radius of the ground round each office; neighbours are 3 to 10 km apart, so that the discs run together."""
_KM_PER_DEGREE = 111.195
_LETTER, _LINE, _SIGN = 13.5, 28.0, 13.0  # width of a letter, height of a line, half of a sign, in units of the drawing

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Spot:
    """An office's place on the drawing, in units from its upper left corner; `label_at` (middle of the base line) is None where its
    name would cover a sign or another name."""

    card: Card
    x: float
    y: float
    label_at: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Sketch:
    """A drawing `WIDTH` units wide."""

    height: int
    land_radius: float
    spots: tuple[Spot, ...]


def sketch(cards: Sequence[Card], target_id: str | None = None) -> Sketch | None:
    """Draw all offices that have a point: equirectangular, true to scale at the middle latitude. None if there is none.

    The office `target_id` is always named, even if its name covers a sign.
    """
    placed = [(c, c.lat, c.lon) for c in cards if c.lat is not None and c.lon is not None]
    if not placed:
        return None
    south, north = min(lat for _, lat, _ in placed), max(lat for _, lat, _ in placed)
    west, east = min(lon for _, _, lon in placed), max(lon for _, _, lon in placed)
    stretch = math.cos(math.radians((south + north) / 2))
    # A single office still gets a drawing some 20 km wide.
    degrees = max((east - west) * stretch, north - south, 0.2)
    scale = (WIDTH - 2 * MARGIN) / degrees
    left = (WIDTH - (east - west) * stretch * scale) / 2
    points = [(c, left + (lon - west) * stretch * scale, MARGIN + (north - lat) * scale) for c, lat, lon in placed]
    height = round((north - south) * scale + 2 * MARGIN)
    labels = _labels(sorted(points, key=lambda p: (p[0].office_id != target_id, not p[0].is_town)), height, target_id)
    return Sketch(
        height=height,
        land_radius=round(LAND_RADIUS_KM / _KM_PER_DEGREE * scale, 1),
        spots=tuple(Spot(c, round(x, 1), round(y, 1), labels.get(c.office_id)) for c, x, y in points),
    )


def _labels(
    points: Sequence[tuple[Card, float, float]], height: float, target_id: str | None
) -> dict[str, tuple[float, float]]:
    """Where names fit without touching a sign or another name: the first ones first."""
    taken = [(x - _SIGN, y - _SIGN, x + _SIGN, y + _SIGN) for _, x, y in points]
    labels: dict[str, tuple[float, float]] = {}
    for card, x, y in points:
        half = len(card.label) * _LETTER / 2
        aside = _SIGN + 3 + half
        near, low = half * 0.7, 28
        if card.office_id == target_id:
            middle = min(max(x, half), WIDTH - half)
            taken.append((middle - half, y - 42 - _LINE / 2, middle + half, y - 42 + _LINE / 2))
            labels[card.office_id] = (round(middle, 1), round(y - 33, 1))
            continue
        beside = ((x + aside, y), (x - aside, y))
        slanted = ((x + near, y + low), (x - near, y + low), (x + near, y - low), (x - near, y - low))
        for middle, centre in ((x, y + low), (x, y - low), *beside, *slanted):
            box = (middle - half, centre - _LINE / 2, middle + half, centre + _LINE / 2)
            inside = box[0] >= 0 and box[1] >= 0 and box[2] <= WIDTH and box[3] <= height
            if inside and not any(_touch(box, other) for other in taken):
                taken.append(box)
                labels[card.office_id] = (round(middle, 1), round(centre + 9, 1))
                break
    return labels


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]

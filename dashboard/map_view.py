"""Offices become the parts of a map that needs no internet; the browser draws it and moves it. Pure: no clock, no network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from motcua.dashboard import format as fmt
from motcua.dashboard.answers import LiveOffice
from motcua.dashboard.states import mark_of
from motcua.dashboard.words import Words

LAND_KM = 6.0
"""Radius of the ground round each office; neighbours are 3 to 10 km apart, so that the discs run together."""
EARTH_M = 6378137.0
MOST_NAMED = 3
"""Names written on the map; the table has them all."""
TYPICAL_PX, LETTER_PX, LINE_PX, ASIDE_PX = 420, 7.0, 19.0, 13
"""The map's usual size and that of its type, px: names are kept apart for this size; whoever zooms in sees them further apart."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """Where map tiles come from, and what must be written beside them."""

    url: str
    credit: str


Placed = tuple[LiveOffice, float, float]
Box = tuple[float, float, float, float]
"""West, south, east, north, metres."""


@lru_cache(maxsize=4096)
def mercator(lon: float, lat: float) -> tuple[float, float]:
    """Degrees WGS 84 to Web Mercator metres (EPSG:3857)."""
    return EARTH_M * math.radians(lon), EARTH_M * math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))


def placed(offices: Sequence[LiveOffice]) -> list[Placed]:
    """The offices that have a place, in metres."""
    return [(o, *mercator(o.lon, o.lat)) for o in offices if o.lat is not None and o.lon is not None]


def map_view(offices: Sequence[LiveOffice], target_s: float, words: Words, tiles: Tiles | None = None) -> dict[str, Any]:
    """``extent``, ``places`` and ``radius_m`` of the ground, ``names`` beside the worst, ``tiles`` below: all in Web Mercator metres.

    It holds what does not change with every figure; the marks themselves come with the rows of the table.
    """
    found = placed(offices)
    lat = found[0][0].lat or 0.0 if found else 0.0
    return {
        "extent": [round(edge) for edge in extent(found)],
        "places": [(round(x), round(y)) for _, x, y in found],
        "radius_m": round(LAND_KM * 1000 / math.cos(math.radians(lat))),
        "names": names(found, target_s, words),
        "tiles": tile_pictures(found, tiles) if tiles is not None and found else [],
        "credit": tiles.credit if tiles is not None else "",
    }


def extent(found: Sequence[Placed]) -> Box:
    """The box round all offices with their ground; round nothing, one round the origin."""
    xs, ys = [x for _, x, _ in found] or [0.0], [y for _, _, y in found] or [0.0]
    edge = 1.3 * LAND_KM * 1000
    return min(xs) - edge, min(ys) - edge, max(xs) + edge, max(ys) + edge


def names(found: Sequence[Placed], target_s: float, words: Words) -> list[dict[str, Any]]:
    """Name and minutes beside the worst offices over the target, as long as they do not cover each other; ``side`` is where the text goes."""
    over = [row for row in found if mark_of(row[0].wait, target_s).name in ("over", "far")]
    worst = sorted(over, key=lambda row: -(row[0].wait.expected_wait_s or 0))[:MOST_NAMED]
    box = extent(found)
    unit = max(box[2] - box[0], box[3] - box[1]) / TYPICAL_PX
    marks = [(x, y) for o, x, y in found if o.wait.state != "unknown"]
    taken: list[Box] = []
    told: list[dict[str, Any]] = []
    for office, x, y in worst:
        minutes = fmt.minutes(office.wait.expected_wait_s or 0, words)
        width, half = LETTER_PX * (len(office.title) + len(minutes) + 3) * unit, LINE_PX / 2 * unit
        near = ASIDE_PX * unit
        sides: dict[str, Box] = {
            "right": (x + near, y - half, x + near + width, y + half),
            "left": (x - near - width, y - half, x - near, y + half),
        }
        free = {side: place for side, place in sides.items() if not any(_touch(place, other) for other in taken)}
        free = {side: place for side, place in free.items() if box[0] <= place[0] and place[2] <= box[2]}
        if not free:
            continue
        covered = {side: sum(_inside(point, place) for point in marks) for side, place in free.items()}
        side = min(covered, key=lambda name: covered[name])
        taken.append(free[side])
        told.append({"x": round(x), "y": round(y), "name": office.title, "wait": minutes, "side": side})
    return told


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _inside(point: tuple[float, float], box: Box) -> bool:
    return box[0] < point[0] < box[2] and box[1] < point[1] < box[3]


def tile_numbers(west: float, south: float, east: float, north: float, zoom: int) -> list[tuple[int, int]]:
    """Tiles (x, y) of a zoom level that cover a box in Web Mercator metres."""
    half, size = math.pi * EARTH_M, 2 * math.pi * EARTH_M / 2**zoom
    columns = range(math.floor((west + half) / size), math.floor((east + half) / size) + 1)
    rows = range(math.floor((half - north) / size), math.floor((half - south) / size) + 1)
    return [(column, row) for column in columns for row in rows]


def tile_pictures(found: Sequence[Placed], tiles: Tiles, zoom: int = 10) -> list[dict[str, Any]]:
    """Pictures under the marks by their north-western corner; a tile that cannot be fetched leaves its place empty."""
    half, size = math.pi * EARTH_M, 2 * math.pi * EARTH_M / 2**zoom
    xs, ys = [x for _, x, _ in found], [y for _, _, y in found]
    return [
        {
            "src": tiles.url.replace("{z}", str(zoom)).replace("{x}", str(column)).replace("{y}", str(row)),
            "x": round(column * size - half),
            "y": round(half - row * size),
            "size": math.ceil(size),
        }
        for column, row in tile_numbers(min(xs), min(ys), max(xs), max(ys), zoom)
    ]

"""Offices become a map that needs no internet. Pure: no clock, no network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from motcua.dashboard import format as fmt
from motcua.dashboard.answers import LiveOffice
from motcua.dashboard.look import FONT, INK, LAND, SEA
from motcua.dashboard.states import hollow, mark_of
from motcua.dashboard.tell import hover
from motcua.dashboard.words import Lang, Words
from motcua.dashboard.words import words as words_of

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


def mercator(lon: float, lat: float) -> tuple[float, float]:
    """Degrees WGS 84 to Web Mercator metres (EPSG:3857)."""
    return EARTH_M * math.radians(lon), EARTH_M * math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))


def map_figure(offices: Sequence[LiveOffice], target_s: float, words: Words, tiles: Tiles | None = None) -> go.Figure:
    """Offices on a map that needs no internet: one trace of marks, worst drawn last; ``customdata`` is the office's id.

    The figure is shared by everyone who sees the same: it must not be changed.
    """
    alike = tuple(sorted((o.at_age(None) for o in offices), key=lambda o: o.office_id))
    return _drawn(alike, target_s, words.lang, tiles)


@lru_cache(maxsize=32)
def _drawn(offices: tuple[LiveOffice, ...], target_s: float, lang: Lang, tiles: Tiles | None) -> go.Figure:
    words = words_of(lang)
    placed = [(o, *mercator(o.lon, o.lat)) for o in offices if o.lat is not None and o.lon is not None]
    placed.sort(key=lambda row: (mark_of(row[0].wait, target_s).rank, -(row[0].wait.expected_wait_s or 0)), reverse=True)
    figure = go.Figure()
    if placed:
        x, y = _ground(np.array([row[1:] for row in placed]), placed[0][0].lat or 0.0)
        # Over tiles a tint only, which stays when the tiles cannot be fetched.
        land = LAND if tiles is None else "rgba(195,212,199,.35)"
        figure.add_scatter(x=x, y=y, mode="lines", fill="toself", fillcolor=land, line_width=0, hoverinfo="skip")
    marks = [mark_of(o.wait, target_s) for o, _, _ in placed]
    empty = [hollow(o.wait) for o, _, _ in placed]
    figure.add_scatter(
        x=[x for _, x, _ in placed],
        y=[y for _, _, y in placed],
        mode="markers",
        customdata=[o.office_id for o, _, _ in placed],
        text=[hover(o, target_s, words) for o, _, _ in placed],
        hovertemplate="%{text}<extra></extra>",
        marker={
            "symbol": [m.symbol for m in marks],
            "size": [m.size for m in marks],
            "color": ["#fff" if e else m.colour for m, e in zip(marks, empty, strict=True)],
            "line": {
                "color": [m.colour if e or m.name == "unknown" else "#fff" for m, e in zip(marks, empty, strict=True)],
                "width": [2.5 if e or m.name == "unknown" else 1 for m, e in zip(marks, empty, strict=True)],
            },
            "opacity": 1,
        },
    )
    _letters(figure, [row for row, e in zip(placed, empty, strict=True) if e], words)
    _names(figure, placed, target_s, words)
    if tiles is not None and placed:
        _add_tiles(figure, placed, tiles)
    axis = {"visible": False, "showgrid": False, "zeroline": False}
    west, south, east, north = _extent(placed)
    figure.update_layout(
        xaxis=axis | {"range": [west, east]},
        yaxis=axis | {"range": [south, north], "scaleanchor": "x", "scaleratio": 1},
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        plot_bgcolor=SEA,
        paper_bgcolor=SEA,
        showlegend=False,
        dragmode="pan",
        hovermode="closest",
        hoverlabel={"bgcolor": "#fff", "font": {"color": INK, "family": FONT, "size": 13}, "align": "left"},
        font={"family": FONT, "color": INK},
        uirevision="map",
    )
    return figure


Placed = tuple[LiveOffice, float, float]
Box = tuple[float, float, float, float]
"""West, south, east, north, metres."""


def _extent(placed: Sequence[Placed]) -> Box:
    """The box round all offices with their ground; round nothing, one round the origin."""
    xs, ys = [x for _, x, _ in placed] or [0.0], [y for _, _, y in placed] or [0.0]
    edge = 1.3 * LAND_KM * 1000
    return min(xs) - edge, min(ys) - edge, max(xs) + edge, max(ys) + edge


def _ground(points: npt.NDArray[np.float64], lat: float, corners: int = 20) -> tuple[npt.NDArray[np.float32], ...]:
    """Closed rings round points (n, 2) in metres, as x and y with gaps between; overlapping rings fill as one area."""
    radius = LAND_KM * 1000 / math.cos(math.radians(lat))
    angles = np.linspace(0, 2 * math.pi, corners + 1)
    ring = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rings = points[:, None, :] + ring[None, :, :]
    gaps = np.full((len(points), 1, 2), np.nan)
    line = np.concatenate([rings, gaps], axis=1).reshape(-1, 2).astype(np.float32)
    return line[:, 0], line[:, 1]


def _letters(figure: go.Figure, rows: Sequence[Placed], words: Words) -> None:
    """A letter inside every hollow mark: which kind of "not real"."""
    figure.add_scatter(
        x=[x for _, x, _ in rows],
        y=[y for _, _, y in rows],
        mode="text",
        text=[words(f"provenance_letter_{o.wait.provenance}") for o, _, _ in rows],
        textfont={"size": 9, "color": INK, "weight": 700},
        hoverinfo="skip",
    )


def _names(figure: go.Figure, placed: Sequence[Placed], target_s: float, words: Words) -> None:
    """Name and minutes beside the worst offices over the target, as long as they do not cover each other."""
    over = [row for row in placed if mark_of(row[0].wait, target_s).name in ("over", "far")]
    worst = sorted(over, key=lambda row: -(row[0].wait.expected_wait_s or 0))[:MOST_NAMED]
    if not worst:
        return
    extent = _extent(placed)
    unit = max(extent[2] - extent[0], extent[3] - extent[1]) / TYPICAL_PX
    marks = [(x, y) for o, x, y in placed if o.wait.state != "unknown"]
    taken: list[Box] = []
    for office, x, y in worst:
        minutes = fmt.minutes(office.wait.expected_wait_s or 0, words)
        width, half = LETTER_PX * (len(office.title) + len(minutes) + 3) * unit, LINE_PX / 2 * unit
        near = ASIDE_PX * unit
        sides: dict[str, Box] = {  # by the end of the text at which the mark stands
            "left": (x + near, y - half, x + near + width, y + half),
            "right": (x - near - width, y - half, x - near, y + half),
        }
        free = {side: box for side, box in sides.items() if not any(_touch(box, other) for other in taken)}
        free = {side: box for side, box in free.items() if extent[0] <= box[0] and box[2] <= extent[2]}
        if not free:
            continue
        covered = {side: sum(_inside(point, box) for point in marks) for side, box in free.items()}
        side = min(covered, key=lambda name: covered[name])
        taken.append(free[side])
        figure.add_annotation(
            x=x,
            y=y,
            text=f"<b>{escape(office.title)}</b> · {minutes}",
            showarrow=False,
            xanchor=side,
            xshift=ASIDE_PX if side == "left" else -ASIDE_PX,
            font={"size": 12, "color": INK},
            bgcolor="rgba(255,255,255,.75)",
            borderpad=1,
        )


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


def _add_tiles(figure: go.Figure, placed: Sequence[Placed], tiles: Tiles, zoom: int = 10) -> None:
    """Pictures under the marks; a tile that cannot be fetched leaves its place empty."""
    half, size = math.pi * EARTH_M, 2 * math.pi * EARTH_M / 2**zoom
    xs, ys = [x for _, x, _ in placed], [y for _, _, y in placed]
    for column, row in tile_numbers(min(xs), min(ys), max(xs), max(ys), zoom):
        source = tiles.url.replace("{z}", str(zoom)).replace("{x}", str(column)).replace("{y}", str(row))
        at = {"xref": "x", "yref": "y", "x": column * size - half, "y": half - row * size, "sizex": size, "sizey": size}
        figure.add_layout_image(source=source, layer="below", sizing="stretch", **at)
    figure.add_annotation(
        text=tiles.credit, xref="paper", yref="paper", x=1, y=0, showarrow=False, bgcolor="#fff", font={"size": 11}
    )

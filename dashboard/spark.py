"""The last hour of an expected wait as a small line, and in words. One scale for all, so that lines compare. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from motcua.dashboard import format as fmt
from motcua.dashboard.words import Words

WIDTH, HEIGHT = 110, 36
TOP = 3.0
TARGET_Y = HEIGHT - HEIGHT / TOP
"""The box of a line: from left to right the hour, from bottom to top 0 to three times the target; what is above stays at the top."""
CHANGE_S = 120.0
"""A change over a quarter of an hour that is worth an arrow."""
BACK = 3

Points = Sequence[float | None]


def path(points: Points, target_s: float) -> str:
    """An SVG path of the known points, seconds; a gap where nothing is known, a dot where one stands alone; empty without any."""
    across = WIDTH / max(1, len(points) - 1)
    pieces, drawing = [], False
    for i, value in enumerate(points):
        if value is None:
            drawing = False
            continue
        x, y = round(i * across, 1), round(HEIGHT - HEIGHT * min(value / (TOP * target_s), 1.0), 1)
        alone = not drawing and (i + 1 == len(points) or points[i + 1] is None)
        pieces.append(f"{'L' if drawing else 'M'}{x:g} {y:g}{'h.01' if alone else ''}")
        drawing = True
    return "".join(pieces)


def course(points: Points) -> str | None:
    """``rising``, ``falling`` or ``steady``: the newest known step against the nearest known one a quarter of an hour before or earlier; None without both."""
    known = [(i, v) for i, v in enumerate(points) if v is not None]
    if not known:
        return None
    last_at, last = known[-1]
    before = [v for i, v in known if i <= last_at - BACK]
    if not before:
        return None
    change = last - before[-1]
    return "steady" if abs(change) < CHANGE_S else "rising" if change > 0 else "falling"


def told(points: Points, words: Words) -> str:
    """The hour in words: lowest, highest, and where it is going."""
    known = [v for v in points if v is not None]
    if not known:
        return words("trend_none")
    span = words("trend_range", range=fmt.minutes_range(min(known), max(known), words))
    going = course(points)
    return span if going is None else f"{span}; {words(f'trend_{going}')}"

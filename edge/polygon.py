"""Plane geometry of polygons: what lies inside, and whether a polygon is a proper one. Any unit, y up or down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]

_ON_EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Outlines:
    """Polygons made ready for many questions. first, second: x and y, each (sides,), of the ends of all their sides; starts: which
    side is the first of each polygon."""

    first: tuple[NDArray[np.float64], NDArray[np.float64]]
    second: tuple[NDArray[np.float64], NDArray[np.float64]]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, polygons: Sequence[Sequence[Point]]) -> Outlines:
        """polygons: one at the least, each by its corners."""
        corners = [np.asarray(polygon, dtype=np.float64) for polygon in polygons]
        ends = [np.concatenate((c[1:], c[:1])) for c in corners]
        starts = np.cumsum([0, *(len(c) for c in corners[:-1])], dtype=np.intp)
        (x1, y1), (x2, y2) = np.concatenate(corners).T, np.concatenate(ends).T
        return cls((x1, y1), (x2, y2), starts)

    def contain(self, points: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
        """Which points lie in which polygon, its edge included (even-odd rule). points: (n, 2). Returns (n, polygons)."""
        (x1, y1), (x2, y2) = self.first, self.second
        x, y = np.asarray(points, dtype=np.float64).reshape(-1, 2).T[:, :, None]
        cross = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)  # (n, sides), like all below
        spans = (y1 > y) != (y2 > y)
        # A side lies right of the point where it spans its height and has it on its left: written without a division.
        inside = np.logical_xor.reduceat(spans & ((cross > 0) == (y2 > y1)), self.starts, axis=1)
        near = np.abs(cross) <= _ON_EDGE
        if near.any():
            within = ((x - x1) * (x - x2) <= 0) & ((y - y1) * (y - y2) <= 0)
            inside |= np.logical_or.reduceat(within & near, self.starts, axis=1)
        return np.asarray(inside)


def contains(polygon: Sequence[Point], points: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Which points lie in the polygon, its edge included (even-odd rule).

    points: (n, 2), in the polygon's own unit. Returns (n,) bool.
    """
    return np.asarray(Outlines.of([polygon]).contain(points)[:, 0])


def area(points: Sequence[Point]) -> float:
    """The signed area: its sign tells the direction of the points."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, (*points[1:], points[0]), strict=True)) / 2


def crossing(points: Sequence[Point]) -> tuple[int, int] | None:
    """Indices of the first two sides that meet where they should not; side i goes from point i to the next."""
    n = len(points)
    sides = [(points[i], points[(i + 1) % n]) for i in range(n)]
    for i, j in combinations(range(n), 2):
        if j - i == 1 or (i == 0 and j == n - 1):
            if _folds_back(sides[i], sides[j], i + 1 == j):
                return i, j
        elif _meet(*sides[i], *sides[j]):
            return i, j
    return None


def _turn(a: Point, b: Point, c: Point) -> int:
    cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return 0 if abs(cross) < 1e-12 else 1 if cross > 0 else -1


def _between(a: Point, b: Point, c: Point) -> bool:
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    abc, abd, cda, cdb = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if abc != abd and cda != cdb:
        return True
    return (
        (abc == 0 and _between(a, b, c))
        or (abd == 0 and _between(a, b, d))
        or (cda == 0 and _between(c, d, a))
        or (cdb == 0 and _between(c, d, b))
    )


def _folds_back(first: tuple[Point, Point], second: tuple[Point, Point], in_order: bool) -> bool:
    """Whether two neighbouring sides lie on each other instead of meeting in their common point only."""
    a, b, c = (first[0], first[1], second[1]) if in_order else (first[1], first[0], second[0])
    return _turn(a, b, c) == 0 and (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]) >= 0

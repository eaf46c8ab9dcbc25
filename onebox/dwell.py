"""Visits of zones for measuring, and how far the measured ones are from the true ones. Pure.

A visit is a person's foot point in a zone for 1 s or more; gaps up to 1.5 s are bridged. Dwell is (last - first + 1 frame) /
fps. A relative error is that of a zone's mean dwell; visits of different zones are never compared with each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Ids

MIN_VISIT_S = 1.0
BRIDGED_GAP_S = 1.5
_MIN_TRUE_VISITS = 5


@dataclass(frozen=True, slots=True)
class Visit:
    """One person in one zone, from frame ``first`` to frame ``last``, both included."""

    zone: str
    person: int
    first: int
    last: int

    def dwell_s(self, fps: float) -> float:
        """How long, in seconds."""
        return (self.last - self.first + 1) / fps


@dataclass(frozen=True, slots=True)
class ZoneFigures:
    """One zone, true and measured. A mean is None where there is no visit."""

    name: str
    visits_true: int
    visits: int
    mean_dwell_true_s: float | None
    mean_dwell_s: float | None
    person_seconds_true: float
    person_seconds: float

    @property
    def dwell_error(self) -> float | None:
        """(measured - true) / true mean dwell; -1 where no visit was measured; None where there was none."""
        if self.mean_dwell_true_s is None:
            return None
        return ((self.mean_dwell_s or 0.0) - self.mean_dwell_true_s) / self.mean_dwell_true_s


def find_visits(zone: str, frames: Ids, ids: Ids, inside: NDArray[np.bool_], fps: float) -> list[Visit]:
    """The visits of one zone. frames, ids, inside: (n,), a row a foot point, in any order."""
    rows = np.lexsort((frames[inside], ids[inside]))
    frame, person = frames[inside][rows], ids[inside][rows]
    if not len(frame):
        return []
    missing = np.diff(frame) - 1
    breaks = np.flatnonzero((np.diff(person) != 0) | (missing > BRIDGED_GAP_S * fps + 1e-9))
    starts, ends = np.append(0, breaks + 1), np.append(breaks, len(frame) - 1)
    visits = [Visit(zone, int(person[a]), int(frame[a]), int(frame[b])) for a, b in zip(starts, ends, strict=True)]
    return [v for v in visits if v.dwell_s(fps) >= MIN_VISIT_S - 1e-9]


def figures(zone: str, true: Sequence[Visit], measured: Sequence[Visit], fps: float) -> ZoneFigures:
    """Both sides of one zone."""
    dwell_true, dwell = [[v.dwell_s(fps) for v in side] for side in (true, measured)]
    return ZoneFigures(
        zone,
        len(true),
        len(measured),
        float(np.mean(dwell_true)) if dwell_true else None,
        float(np.mean(dwell)) if dwell else None,
        float(np.sum(dwell_true)),
        float(np.sum(dwell)),
    )


def summarise(zones: Sequence[ZoneFigures]) -> dict[str, float | None]:
    """mean_dwell_error and its signed bias over the zones; visits_error and person_seconds_error: Σ|measured - true| / Σtrue."""
    errors = [z.dwell_error for z in zones if z.dwell_error is not None]
    return {
        "mean_dwell_error": float(np.mean(np.abs(errors))) if errors else None,
        "mean_dwell_bias": float(np.mean(errors)) if errors else None,
        "visits_error": _share([(z.visits, z.visits_true) for z in zones]),
        "person_seconds_error": _share([(z.person_seconds, z.person_seconds_true) for z in zones]),
    }


def summarise_random(zones: Sequence[ZoneFigures]) -> dict[str, float | int | None]:
    """The same over many zones, as median and 90th percentile."""
    errors = [z.dwell_error for z in zones if z.dwell_error is not None]
    return {
        "median_error": float(np.median(np.abs(errors))) if errors else None,
        "p90_error": float(np.percentile(np.abs(errors), 90)) if errors else None,
        "bias": float(np.mean(errors)) if errors else None,
        "visits_error": _share([(z.visits, z.visits_true) for z in zones]),
        "zones": len(zones),
    }


def random_zones(
    count: int, seed: int, frames: Ids, ids: Ids, points: NDArray[Any], fps: float
) -> list[tuple[float, float, float, float]]:
    """Rectangles (x0, y0, x1, y1) of 5 to 25 % of the picture with at least 5 true visits, reproducible by ``seed``.

    points: (n, 2), the true foot points as fractions of the picture. Fewer than ``count`` come back where such rectangles are
    too rare.
    """
    random = np.random.default_rng(seed)
    found: list[tuple[float, float, float, float]] = []
    for _ in range(count * 200):
        if len(found) == count:
            break
        share, aspect = random.uniform(0.05, 0.25), np.exp(random.uniform(-np.log(2), np.log(2)))
        width, height = np.sqrt(share * aspect), np.sqrt(share / aspect)
        x0, y0 = random.uniform(0, 1 - width), random.uniform(0, 1 - height)
        box = (float(x0), float(y0), float(x0 + width), float(y0 + height))
        if len(find_visits("", frames, ids, in_rectangle(box, points), fps)) >= _MIN_TRUE_VISITS:
            found.append(box)
    return found


def in_rectangle(box: tuple[float, float, float, float], points: NDArray[Any]) -> NDArray[np.bool_]:
    """(n,) which of the (n, 2) points lie in x0, y0, x1, y1, its left and top edge included."""
    low, high = np.array(box[:2]), np.array(box[2:])
    return np.asarray(((points >= low) & (points < high)).all(axis=1))


def _share(pairs: Sequence[tuple[float, float]]) -> float | None:
    total = sum(true for _, true in pairs)
    return float(sum(abs(measured - true) for measured, true in pairs) / total) if total else None

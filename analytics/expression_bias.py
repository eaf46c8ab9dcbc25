"""Whether sentiment differs by light, face size, hour and camera: from sums of five visits and more, pure.

A row of sentiment belongs to a stratum as a whole, by its means. Visits of one camera on one day are alike, so these days are the
clusters of every interval (linearised ratios, as for cluster samples: Cochran 1977, 6.3). A difference is of a stratum from all the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959964
SIZES = ((0.0, 64.0), (64.0, 96.0), (96.0, 160.0), (160.0, math.inf))  # px
LIGHTS = ((0.0, 0.25), (0.25, 0.4), (0.4, 0.6), (0.6, math.inf))  # mean grey of the face, 0..1
DIMENSIONS = ("light", "face_px", "hour", "camera")
MIN_CLUSTERS = 10  # days of cameras in a stratum, and beside it
MIN_VISITS = 50
MIN_COUNTERS = 3  # behind a figure that is not for HR alone, as for every figure behind which an officer may stand
State = Literal["ok", "few", "withheld"]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Condition:
    """Sums over the visits of a row: of a condition, of its squares, of its products with valence."""

    sum: float
    sum2: float
    valence_sum: float


@dataclass(frozen=True, slots=True)
class Row:
    """One row of sentiment. cluster: its camera and day; hour: of the day on which it began, None where it is longer than one."""

    camera: str
    counter: str
    day: str
    hour: int | None
    n: int
    valence_sum: float
    light: Condition | None
    face_px: Condition | None

    @property
    def cluster(self) -> Key:
        """The camera's day."""
        return self.camera, self.day


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Stratum:
    """Mean valence in a stratum, and by how much it differs from that of all others; None where nothing may be said."""

    dimension: str
    stratum: str
    n: int
    days: int
    counters: int
    state: State
    mean: Interval | None = None
    gap: Interval | None = None

    @property
    def differs(self) -> bool | None:
        """Whether the interval of the difference leaves out 0; of twenty strata that are alike one will."""
        return None if self.gap is None else not self.gap.low <= 0 <= self.gap.high


@dataclass(frozen=True, slots=True)
class Slope:
    """By how much valence grows with a condition under the same camera: per 0.1 of light, per 10 px of face."""

    dimension: str
    per: float
    n: int
    state: State
    slope: Interval | None = None


def band(value: float, bands: Sequence[tuple[float, float]]) -> str:
    """The name of the band that holds a value: its bounds."""
    low, high = next(b for b in bands if b[0] <= value < b[1])
    return f"{low:g}+" if math.isinf(high) else f"{low:g}-{high:g}"


def strata(rows: Sequence[Row], *, least_counters: int = 1) -> list[Stratum]:
    """Every stratum of every dimension. least_counters: strata of fewer are withheld."""
    of: dict[str, Callable[[Row], str | None]] = {
        "light": lambda r: None if r.light is None else band(r.light.sum / r.n, LIGHTS),
        "face_px": lambda r: None if r.face_px is None else band(r.face_px.sum / r.n, SIZES),
        "hour": lambda r: None if r.hour is None else f"{r.hour:02}",
        "camera": lambda r: r.camera,
    }
    found = []
    for dimension in DIMENSIONS:
        named = [(name, row) for row in rows if (name := of[dimension](row)) is not None]
        for name in sorted({name for name, _ in named}, key=_in_order):
            inside, beside = [r for s, r in named if s == name], [r for s, r in named if s != name]
            found.append(_stratum(dimension, name, inside, beside, least_counters))
    return found


def slopes(rows: Sequence[Row], *, least_counters: int = 1) -> list[Slope]:
    """Valence over light and over face size, each camera around its own mean, so that cameras are not compared."""
    return [
        _slope("light", 0.1, [(r, r.light) for r in rows if r.light is not None], least_counters),
        _slope("face_px", 10.0, [(r, r.face_px) for r in rows if r.face_px is not None], least_counters),
    ]


def _stratum(dimension: str, name: str, inside: Sequence[Row], beside: Sequence[Row], least_counters: int) -> Stratum:
    n, days, counters = sum(r.n for r in inside), len({r.cluster for r in inside}), len({r.counter for r in inside})
    if counters < least_counters:
        return Stratum(dimension, name, n, days, counters, "withheld")
    if n < MIN_VISITS or days < MIN_CLUSTERS:
        return Stratum(dimension, name, n, days, counters, "few")
    one = _ratio(inside)
    enough = sum(r.n for r in beside) >= MIN_VISITS and len({r.cluster for r in beside}) >= MIN_CLUSTERS
    told = enough and len({r.counter for r in beside}) >= least_counters
    gap = None
    if told:
        other = _ratio(beside)
        clusters = sorted(set(one.influence) | set(other.influence))
        parts = np.array([one.influence.get(c, 0.0) - other.influence.get(c, 0.0) for c in clusters])
        gap = _interval(one.mean - other.mean, parts)
    return Stratum(
        dimension, name, n, days, counters, "ok", _interval(one.mean, np.array(list(one.influence.values()))), gap
    )


@dataclass(frozen=True, slots=True)
class _Ratio:
    mean: float
    influence: Mapping[Key, float]  # of each cluster on the mean


def _ratio(rows: Iterable[Row]) -> _Ratio:
    sums: dict[Key, list[float]] = {}
    for row in rows:
        cell = sums.setdefault(row.cluster, [0.0, 0.0])
        cell[0] += row.n
        cell[1] += row.valence_sum
    n, total = sum(c[0] for c in sums.values()), sum(c[1] for c in sums.values())
    return _Ratio(total / n, {key: (v - total / n * m) / n for key, (m, v) in sums.items()})


def _slope(dimension: str, per: float, given: Sequence[tuple[Row, Condition]], least_counters: int) -> Slope:
    n, days = sum(r.n for r, _ in given), {r.cluster for r, _ in given}
    if n < MIN_VISITS or len(days) < MIN_CLUSTERS:
        return Slope(dimension, per, n, "few")
    if len({r.counter for r, _ in given}) < least_counters:
        return Slope(dimension, per, n, "withheld")
    means: dict[str, NDArray[np.float64]] = {}
    for r, c in given:
        means[r.camera] = means.get(r.camera, np.zeros(3)) + np.array([r.n, c.sum, r.valence_sum])
    moments: dict[Key, NDArray[np.float64]] = {}
    for r, c in given:
        count, x, y = means[r.camera]
        mx, my = x / count, y / count
        xx = c.sum2 - 2 * mx * c.sum + r.n * mx * mx
        xy = c.valence_sum - mx * r.valence_sum - my * c.sum + r.n * mx * my
        moments[r.cluster] = moments.get(r.cluster, np.zeros(2)) + np.array([xx, xy])
    cells = np.array(list(moments.values()))
    xx, xy = cells.sum(axis=0)
    if xx <= 1e-9 * n:
        return Slope(dimension, per, n, "few")
    slope = xy / xx
    return Slope(dimension, per, n, "ok", _interval(per * slope, per * (cells[:, 1] - slope * cells[:, 0]) / xx))


def _interval(value: float, influence: NDArray[np.float64]) -> Interval:
    m = len(influence)
    half = Z95 * math.sqrt(m / (m - 1) * float((influence**2).sum()))
    return Interval(value, value - half, value + half)


def _in_order(name: str) -> tuple[float, str]:
    first = name.split("-")[0].rstrip("+")
    return (float(first), name) if first.replace(".", "", 1).isdigit() else (math.inf, name)

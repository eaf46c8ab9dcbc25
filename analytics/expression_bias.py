"""Whether sentiment differs by light, face size, hour and camera: from sums of five visits and more, pure.

A row of sentiment belongs to a stratum as a whole, by its means. Visits of one camera on one day are alike, so these days are the
clusters of every interval (linearised ratios, as for cluster samples: Cochran 1977, 6.3). A difference is of a stratum from all the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
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
Array = NDArray[np.float64]
Codes = NDArray[np.int64]


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
    def cluster(self) -> tuple[str, str]:
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
        members: dict[str, list[int]] = {}
        named = [(name, row) for row in rows if (name := of[dimension](row)) is not None]
        for index, (name, _) in enumerate(named):
            members.setdefault(name, []).append(index)
        every = _Sums.of([row for _, row in named])
        for name in sorted(members, key=_in_order):
            found.append(_stratum(dimension, name, every, np.array(members[name]), least_counters))
    return found


def slopes(rows: Sequence[Row], *, least_counters: int = 1) -> list[Slope]:
    """Valence over light and over face size, each camera around its own mean, so that cameras are not compared."""
    return [
        _slope("light", 0.1, [(r, r.light) for r in rows if r.light is not None], least_counters),
        _slope("face_px", 10.0, [(r, r.face_px) for r in rows if r.face_px is not None], least_counters),
    ]


@dataclass(frozen=True, slots=True)
class _Sums:
    """Rows as arrays of one length: visits, valence, and the numbers of their cluster and counter."""

    n: Array
    v: Array
    cluster: Codes
    counter: Codes

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _Sums:
        n, v = np.array([(r.n, r.valence_sum) for r in rows], dtype=np.float64).reshape(-1, 2).T
        return cls(n, v, _codes(r.cluster for r in rows), _codes(r.counter for r in rows))

    def by(self, codes: Codes, values: Array, only: Codes | None = None) -> Array:
        """Sums of values by code, of some rows only."""
        most = int(codes.max()) + 1
        of, what = (codes, values) if only is None else (codes[only], values[only])
        return np.asarray(np.bincount(of, what, most), dtype=np.float64)


def _stratum(dimension: str, name: str, every: _Sums, own: Codes, least_counters: int) -> Stratum:
    n, v = every.by(every.cluster, every.n, own), every.by(every.cluster, every.v, own)
    rest_n, rest_v = every.by(every.cluster, every.n) - n, every.by(every.cluster, every.v) - v
    behind = every.by(every.counter, every.n, own)
    beside = int((every.by(every.counter, every.n) - behind > 0).sum())
    head = (dimension, name, int(n.sum()), int((n > 0).sum()), int((behind > 0).sum()))
    if head[4] < least_counters:
        return Stratum(*head, "withheld")
    if head[2] < MIN_VISITS or head[3] < MIN_CLUSTERS:
        return Stratum(*head, "few")
    mean, influence = _ratio(n, v)
    gap = None
    if rest_n.sum() >= MIN_VISITS and (rest_n > 0).sum() >= MIN_CLUSTERS and beside >= least_counters:
        other, other_influence = _ratio(rest_n, rest_v)
        gap = _interval(mean - other, influence - other_influence, int(((n > 0) | (rest_n > 0)).sum()))
    return Stratum(*head, "ok", _interval(mean, influence, head[3]), gap)


def _ratio(n: Array, v: Array) -> tuple[float, Array]:
    """The mean, and the influence of each cluster on it."""
    mean = float(v.sum() / n.sum())
    return mean, (v - mean * n) / n.sum()


def _slope(dimension: str, per: float, given: Sequence[tuple[Row, Condition]], least_counters: int) -> Slope:
    rows = [row for row, _ in given]
    count = sum(row.n for row in rows)
    if count < MIN_VISITS or len({row.cluster for row in rows}) < MIN_CLUSTERS:
        return Slope(dimension, per, count, "few")
    if len({row.counter for row in rows}) < least_counters:
        return Slope(dimension, per, count, "withheld")
    sums, camera = _Sums.of(rows), _codes(row.camera for row in rows)
    x, x2, xy = np.array([(c.sum, c.sum2, c.valence_sum) for _, c in given]).T
    total = sums.by(camera, sums.n)
    mx, my = (sums.by(camera, x) / total)[camera], (sums.by(camera, sums.v) / total)[camera]
    sxx = sums.by(sums.cluster, x2 - 2 * mx * x + sums.n * mx * mx)
    sxy = sums.by(sums.cluster, xy - mx * sums.v - my * x + sums.n * mx * my)
    if sxx.sum() <= 1e-9 * count * max(1.0, float(x2.sum() / count)):
        return Slope(dimension, per, count, "few")
    slope = float(sxy.sum() / sxx.sum())
    return Slope(dimension, per, count, "ok", _interval(per * slope, per * (sxy - slope * sxx) / sxx.sum(), len(sxx)))


def _interval(value: float, influence: Array, clusters: int) -> Interval:
    half = Z95 * math.sqrt(clusters / (clusters - 1) * float((influence**2).sum()))
    return Interval(value, value - half, value + half)


def _codes(names: Iterable[object]) -> Codes:
    """A number for each name, from 0."""
    known: dict[object, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)


def _in_order(name: str) -> tuple[float, str]:
    first = name.split("-")[0].rstrip("+")
    return (float(first), name) if first.replace(".", "", 1).isdigit() else (math.inf, name)

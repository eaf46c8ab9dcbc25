"""Who plays whom: a source person with clothes of some colour for everyone in a scene, and their picture at each moment.

Two copies of one source person are there at the same time only where the crowd is larger than the film's; then in other colours.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Floats
from motcua.onebox.scene_people import Cutout, SourcePerson, Walk
from motcua.onebox.scene_queue import Walker

_HEAD = 0.16  # share of the height that keeps its colour
_LIGHTEST = 62.0  # of Lab, to which clothes may be lightened
_APART_S = 20.0  # a source person rests between two parts


@dataclass(frozen=True, slots=True)
class Clothes:
    """Shifts of the upper and of the lower part: lightness as a factor, the colour axes of Lab in their units."""

    upper: tuple[float, float, float]
    lower: tuple[float, float, float]


PLAIN = Clothes((1.0, 0.0, 0.0), (1.0, 0.0, 0.0))


@dataclass(frozen=True, slots=True)
class Part:
    """Who plays a walker. stature: of the usual one."""

    source: int
    clothes: Clothes
    stature: float


def cast(walkers: Sequence[Walker], sources: int, seed: int) -> dict[int, Part]:
    """walker's number → part: the source person who has been away for longest, in their own clothes where they are alone."""
    chance = random.Random(f"cast {seed}")
    last = [-1e9] * sources
    worn: dict[int, int] = {}
    parts = {}
    for walker in sorted(walkers, key=lambda w: w.since_s):
        rested = [s for s in range(sources) if last[s] < walker.since_s - _APART_S]
        source = chance.choice(rested) if rested else min(range(sources), key=lambda s: last[s])
        worn[source] = worn.get(source, -1) + 1
        clothes = PLAIN if rested and worn[source] % 3 == 0 else _other_clothes(chance)
        last[source] = max(last[source], walker.until_s)
        parts[walker.number] = Part(source, clothes, chance.uniform(0.93, 1.07))
    return parts


def _other_clothes(chance: random.Random) -> Clothes:
    def shift(reach: float, lightest: float) -> tuple[float, float, float]:
        angle, length = chance.uniform(0, 2 * math.pi), reach * math.sqrt(chance.random())
        return chance.uniform(0.75, lightest), length * math.cos(angle), length * math.sin(angle)

    return Clothes(shift(28.0, 1.6), shift(14.0, 1.15))


def dressed(cutout: Cutout, clothes: Clothes) -> Floats:
    """(h, w, 4) float32 BGR, already times alpha, and alpha."""
    colour = cutout.colour
    if clothes is not PLAIN:
        lab = cv2.cvtColor(np.clip(colour / 255, 0, 1), cv2.COLOR_BGR2LAB)
        before = lab[..., 0].copy()
        rows = (np.arange(len(lab)) - (cutout.foot[1] - cutout.height)) / cutout.height
        lower = 1 / (1 + np.exp(-(rows - 0.52) / 0.03))
        strength = 1 / (1 + np.exp(-(rows - _HEAD) / 0.02))
        for channel in range(3):
            change = clothes.upper[channel] * (1 - lower) + clothes.lower[channel] * lower
            if channel == 0:
                lab[..., 0] *= (1 + (change - 1) * strength)[:, None]
            else:
                lab[..., channel] += (change * strength)[:, None]
        lab[..., 0] = np.minimum(lab[..., 0], np.maximum(before, _LIGHTEST))  # what is light already does not get lighter
        colour = np.clip(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2BGR) * 255, 0, 255)
    return np.dstack([colour * cutout.alpha[..., None], cutout.alpha]).astype(np.float32)


def _stance(cutout: Cutout) -> float:
    """How far apart the feet are, in heights; what stands leaning counts as well."""
    solid = cutout.alpha > 0.5
    feet = np.flatnonzero(solid[int(cutout.foot[1] - 0.2 * cutout.height) :].any(axis=0))
    head = np.flatnonzero(solid[: int(cutout.foot[1] - 0.8 * cutout.height)].any(axis=0))
    if not len(feet) or not len(head):
        return math.inf
    lean = abs(float(feet.mean() - head.mean()))
    return (float(feet.max() - feet.min()) + 2 * lean) / cutout.height


@dataclass(frozen=True, slots=True)
class Pose:
    """One picture to show: (h, w, 4) premultiplied; foot in it; its height; whether mirrored; lean: sideways shift of the head
    in heights."""

    picture: Floats
    foot: tuple[float, float]
    height: float
    mirrored: bool
    lean: float


@dataclass(slots=True)
class Actor:
    """One walker's pictures in the order of time."""

    source: SourcePerson
    part: Part
    chance: random.Random
    _walk: Walk | None = None
    _mirrored: bool = False
    _phase: float = 0.0
    _standing: Cutout | None = None
    _stand_until_s: float = -math.inf
    _was: tuple[float, float] | None = None
    _sway: tuple[float, float, float, float] = field(init=False)
    _still: list[Cutout] = field(init=False)
    _ready: dict[int, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        c = self.chance
        self._sway = (c.uniform(0.1, 0.3), c.uniform(0, 6.3), c.uniform(0.3, 0.6), c.uniform(0.006, 0.02))
        pictures = [p for w in self.source.walks for p in w.cutouts]
        whole = np.array([float(p.alpha.sum()) / p.height**2 for p in pictures])
        narrow = sorted(np.flatnonzero(whole >= 0.9 * np.median(whole)), key=lambda i: _stance(pictures[i]))
        self._still = [pictures[i] for i in narrow[: max(3, len(narrow) // 4)]]

    def pose(self, at_s: float, foot: tuple[float, float], height: float) -> Pose:
        """The picture at a time; foot: column, row in px; height in px. Times must grow."""
        was, self._was = self._was, foot
        moved = (0.0, 0.0) if was is None else ((foot[0] - was[0]) / height, (foot[1] - was[1]) / height)
        if math.hypot(*moved) > 0.03:
            cutout, lean = self._stride(moved), 0.0
        else:
            cutout = self._stand(at_s)
            slow, phase, quick, reach = self._sway
            lean = reach * (math.sin(6.283 * slow * at_s + phase) + 0.4 * math.sin(6.283 * quick * at_s + 2 * phase))
        key = id(cutout)
        if key not in self._ready:
            if len(self._ready) > 40:
                self._ready.clear()
            self._ready[key] = dressed(cutout, self.part.clothes)
        return Pose(self._ready[key], cutout.foot, cutout.height, self._mirrored, lean)

    def _stride(self, moved: tuple[float, float]) -> Cutout:
        """A picture of the walk whose heading is the nearest, at the phase that the distance gives."""
        self._stand_until_s = -math.inf
        if self._walk is None:
            self._walk, self._mirrored = self._heading(moved)
        steps = max(math.hypot(*self._walk.heading), 0.045)
        self._phase += math.hypot(*moved) / steps
        count = len(self._walk.cutouts)
        place = int(self._phase) % max(1, 2 * count - 2)  # there and back again
        return self._walk.cutouts[place if place < count else 2 * count - 2 - place]

    def _heading(self, moved: tuple[float, float]) -> tuple[Walk, bool]:
        way = np.array(moved) / math.hypot(*moved)
        best = []
        for walk in self.source.walks:
            for mirrored in (False, True):
                x, y = walk.heading
                x = -x if mirrored else x
                pace = math.hypot(x, y)
                if pace > 0.02:
                    fit = (way[0] * x + way[1] * 2 * y) / math.hypot(x, 2 * y) + 0.01 * min(len(walk.cutouts), 30)
                    best.append((fit, self.chance.random(), walk, mirrored))
        if not best:
            return max(self.source.walks, key=lambda w: len(w.cutouts)), moved[0] < 0
        _, _, walk, mirrored = max(best)
        return walk, mirrored

    def _stand(self, at_s: float) -> Cutout:
        self._walk = None
        if self._standing is None or at_s >= self._stand_until_s:
            self._standing = self.chance.choice(self._still)
            if self.chance.random() < 0.3:
                self._mirrored = not self._mirrored
            self._stand_until_s = at_s + 4 + self.chance.expovariate(1 / 20)
        return self._standing


def place_pose(pose: Pose, foot: tuple[float, float], height: float) -> tuple[Floats, int, int]:
    """The picture as it stands in the frame: (h, w, 4) premultiplied, and the column and row of its top left corner."""
    scale = height / pose.height
    rows, columns = pose.picture.shape[:2]
    side = -scale if pose.mirrored else scale
    shear = -pose.lean * height / pose.height  # the head moves, the feet stay
    matrix = np.array(
        [[side, shear, foot[0] - side * pose.foot[0] - shear * pose.foot[1]], [0.0, scale, foot[1] - scale * pose.foot[1]]]
    )
    corners: NDArray[np.float64] = matrix @ np.array([[0, columns, 0, columns], [0, 0, rows, rows], [1, 1, 1, 1]])
    left, top = np.floor(corners.min(axis=1)).astype(int)
    right, bottom = np.ceil(corners.max(axis=1)).astype(int)
    matrix[:, 2] -= (left, top)
    drawn = cv2.warpAffine(pose.picture, matrix, (int(right - left), int(bottom - top)), flags=cv2.INTER_LINEAR)
    return np.asarray(drawn, dtype=np.float32), int(left), int(top)

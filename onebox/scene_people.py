"""People cut out of a film by background subtraction, to be put into rendered scenes.

The background is the median of frames over the whole film. What differs from it in one frame is cut into connected blobs; one
that stands alone and is as tall and as slim as a person at that place must be is a cut-out. Blobs that overlap from frame to
frame are one walk, walks that look alike and never meet are one source person. Nothing is kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Floats, Image
from motcua.edge.looks import looks

_DIFFERENT = 26  # grey levels in any channel
_SLIM = (1.9, 4.2)  # height over width of an upright person
_NEAR_HEIGHT = 0.18  # greatest relative difference to the height expected at the place
_LEAST_FRAMES = 6
_ALIKE = 0.93  # mean Bhattacharyya coefficient of clothes from which two walks show one person
_LEAST_PX = 60  # height below which an enlarged picture would be a blur
_MARGIN = 3
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in px."""
Height = Callable[[float], float]
"""The height in px of a person whose foot point is in that row."""


@dataclass(frozen=True, slots=True)
class Cutout:
    """One picture of one person. colour: (h, w, 3) float32 BGR, free of the background; alpha: (h, w) float32 in 0..1; foot: x, y in the picture;
    height: from the foot to the top of the head, px."""

    colour: Floats
    alpha: Floats
    foot: tuple[float, float]
    height: float


@dataclass(frozen=True, slots=True)
class Walk:
    """Pictures of one person in the order in which they were taken. heading: x, y of one step, in heights per picture."""

    cutouts: tuple[Cutout, ...]
    heading: tuple[float, float]


@dataclass(frozen=True, slots=True)
class SourcePerson:
    """Everything known of one person of the film."""

    walks: tuple[Walk, ...]

    @property
    def pictures(self) -> int:
        """How many cut-outs there are."""
        return sum(len(w.cutouts) for w in self.walks)


@dataclass(slots=True)
class _Blob:
    frame: int
    box: Box
    cutout: Cutout
    look: Floats


def median_background(frames: Sequence[Image]) -> Image:
    """(h, w, 3) uint8, the median over the frames."""
    return np.asarray(np.median(np.stack(frames), axis=0), dtype=np.uint8)


def source_people(
    frames: Sequence[Image], background: Image, height: Height, avoid: Sequence[Box] = ()
) -> list[SourcePerson]:
    """The people of a film, those of whom there are most pictures first. frames: each (h, w, 3) uint8 BGR, in order; avoid:
    where something stands that hides people, px."""
    walks: list[list[_Blob]] = []
    open_: list[list[_Blob]] = []
    for number, frame in enumerate(frames):
        blobs = _blobs(number, frame, background, height, avoid)
        still = []
        for walk in open_:
            best = max(blobs, key=lambda b: _overlap(walk[-1].box, b.box), default=None)
            if best is not None and _overlap(walk[-1].box, best.box) > 0.3 and _like(walk[-1].look, best.look) > 0.9:
                walk.append(best)
                blobs.remove(best)
                still.append(walk)
            elif number - walk[-1].frame < 2:
                still.append(walk)
        new = [[b] for b in blobs]
        walks += new
        open_ = still + new
    return _persons([w for w in walks if len(w) >= _LEAST_FRAMES])


def _blobs(number: int, frame: Image, background: Image, height: Height, avoid: Sequence[Box]) -> list[_Blob]:
    blue, green, red = cv2.split(cv2.absdiff(frame, background))
    difference = cv2.max(cv2.max(blue, green), red)
    mask = (cv2.GaussianBlur(difference, (3, 3), 0) > _DIFFERENT).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 9)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    rows, columns = mask.shape
    found = []
    for label in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[label])
        expected = height(y + h)
        alone = x > _MARGIN and y > _MARGIN and x + w < columns - _MARGIN and y + h < rows - _MARGIN
        upright = _SLIM[0] <= h / w <= _SLIM[1] and area > 0.42 * w * h
        if h < _LEAST_PX or not alone or not upright or abs(h / expected - 1) > _NEAR_HEIGHT:
            continue
        box = (x, y, x + w, y + h)
        if all(_overlap(box, other) == 0 for other in avoid):
            found.append(_blob(number, frame, background, labels, label, box))
    return found


def _blob(number: int, frame: Image, background: Image, labels: NDArray[np.int32], label: int, box: Box) -> _Blob:
    """Cut one out. A pixel at the rim is a mixture with the background, which is known and therefore taken out again."""
    x0, y0, x1, y1 = box
    part = (slice(y0 - _MARGIN, y1 + _MARGIN), slice(x0 - _MARGIN, x1 + _MARGIN))
    seen, empty = frame[part].astype(np.float32), background[part].astype(np.float32)
    sure = np.abs(seen - empty).max(axis=2) > _DIFFERENT
    solid = _filled(
        ((labels[part] == label) & cv2.dilate(sure.astype(np.uint8), _CROSS).astype(bool) & ~_shadow(seen, empty)).astype(
            np.uint8
        )
    )
    alpha = cv2.GaussianBlur(cv2.erode(solid, _CROSS).astype(np.float32), (0, 0), 0.9)
    colour = np.clip((seen - (1 - alpha[..., None]) * empty) / np.maximum(alpha, 0.1)[..., None], 0, 255)
    feet = np.flatnonzero(solid[-_MARGIN - max(2, (y1 - y0) // 12) :].any(axis=0))
    middle = (x1 - x0) / 2 + _MARGIN
    between = (float(feet.min() + feet.max()) / 2 + middle) / 2 if len(feet) else middle
    cutout = Cutout(colour.astype(np.float32), alpha, (between, float(y1 - y0 + _MARGIN)), float(y1 - y0))
    return _Blob(number, box, cutout, looks(frame, np.array([box], np.float32))[0])


def _shadow(seen: Floats, empty: Floats) -> NDArray[np.bool_]:
    """(h, w) pixels near the feet that are the ground, only darker."""
    share = (seen + 8) / (empty + 8)
    grey = (share.max(axis=2) - share.min(axis=2) < 0.12) & (share.mean(axis=2) > 0.55) & (share.mean(axis=2) < 1.25)
    grey[: int(0.88 * len(grey))] = False
    return np.asarray(grey)


def _filled(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Small holes closed."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    whole = mask.copy()
    for outline in outlines:
        if cv2.contourArea(outline) < 0.04 * mask.size:
            cv2.drawContours(whole, [outline], -1, 1, -1)
    return whole


def _overlap(a: Box, b: Box) -> float:
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (areas - w * h)


def _like(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def _persons(walks: list[list[_Blob]]) -> list[SourcePerson]:
    """Walks joined, the most alike first, where no two were seen in the same frame."""
    groups = [[w] for w in walks]
    look = [np.mean([b.look for b in w], axis=0) for w in walks]
    seen = [{b.frame for b in w} for w in walks]
    while True:
        pairs = [(_like(look[i], look[j]), i, j) for i in range(len(groups)) for j in range(i) if not seen[i] & seen[j]]
        best, i, j = max(pairs, default=(0.0, 0, 0))
        if best < _ALIKE:
            break
        groups[j] += groups[i]
        blobs = [b for w in groups[j] for b in w]
        look[j], seen[j] = np.mean([b.look for b in blobs], axis=0), seen[i] | seen[j]
        del groups[i], look[i], seen[i]
    people = [SourcePerson(tuple(_walk(w) for w in group)) for group in groups]
    return sorted(people, key=lambda p: -p.pictures)


def _walk(blobs: list[_Blob]) -> Walk:
    first, last = blobs[0], blobs[-1]
    frames = max(1, last.frame - first.frame)
    scale = float(np.mean([b.cutout.height for b in blobs])) * frames
    step = [(last.box[0] + last.box[2] - first.box[0] - first.box[2]) / 2 / scale, (last.box[3] - first.box[3]) / scale]
    return Walk(tuple(b.cutout for b in blobs), (step[0], step[1]))

"""What a picture shows of a place, compared with what is known of the place: pure, on small grey pictures.

A picture is looked at in cells of 16 x 16 small pixels. A cell with structure in the reference (edges, signs, furniture) is
*kept* where its structure correlates with the reference's, whatever the light, *lost* where it does not, and *flat* where there
is next to none any more. People hide structure too, but bring their own; a cloth or a hand before the lens is flat; a turned
camera shows the same structure elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Image

Grey = NDArray[np.float32]
"""(HEIGHT, WIDTH) grey levels 0..255."""
Cells = NDArray[np.bool_]
"""(ROWS, COLUMNS)."""
Fault = Literal["black", "blurred", "covered", "moved", "flooded"]

WIDTH, HEIGHT, CELL = 192, 144, 16
ROWS, COLUMNS = HEIGHT // CELL, WIDTH // CELL
ENOUGH = 8  # cells with structure: below this a place is too bare to be compared

_STRUCTURE = 1.5  # grey levels rms: a cell of the reference with more has structure
_KEPT = 0.4  # correlation
_FLAT, _FLAT_SHARE = 1.2, 0.3  # grey levels rms; share of the reference's
_FULL, _HALF = 0.8, 0.35  # shares of the structure that a cover hides
_UNIFORM, _NOTHING = 0.95, 1.0
_DARK_TOP, _DARK_SPAN = 50.0, 12.0  # black: brightest below, and everything within so many grey levels
_BRIGHT = 240.0
_SATURATED, _FLOODED, _FLOODED_MORE = 245.0, 0.35, 0.3  # grey level; share of the pixels; more than in the reference
_GLARE, _WASHED = 40.0, 0.3  # brighter by grey levels, with so little of the reference's contrast
_DIMMED = 0.5
_BLURRED = 0.35  # of the place's sharpness
_GONE = 0.1  # share kept below which nothing of the place is seen any more; people who fill a picture leave twice as much
_SHIFT, _SHIFTED = 0.02 * WIDTH, 0.35  # px; a picture that lies elsewhere by so much keeps less than this share
_TILES = [(slice(y, y + 72), slice(x, x + 64)) for y in (0, 72) for x in (0, 64, 128)]
_HANN = cv2.createHanningWindow((64, 72), cv2.CV_32F)


@dataclass(frozen=True, slots=True)
class Difference:
    """A picture against its reference.

    kept: share of the cells with structure that still show it. moving: what hides a part of the place moves.
    flat: share that shows nothing any more. dimmed: the lights are off. sharpness: None where it cannot be told.
    same: (ROWS, COLUMNS), the cells that are kept or never had structure.
    """

    fault: Fault | None
    moving: bool
    kept: float
    flat: float
    dimmed: bool
    sharpness: float | None
    same: Cells


def small(image: Image) -> Grey:
    """(h, w, 3) uint8 BGR → the small grey picture. The aspect ratio is not kept: places are compared with themselves."""
    if image.shape[0] > 2 * HEIGHT and image.shape[1] > 2 * WIDTH:  # every so many pixels of a large picture are plenty
        image = np.asarray(cv2.resize(image, (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    shrunk = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(shrunk, cv2.COLOR_BGR2GRAY), dtype=np.float32)


def bare(picture: Grey, counted: Cells) -> Fault | None:
    """What is wrong with a picture that nothing is known about: nothing at all is to be seen in it."""
    smooth = cv2.blur(picture, (3, 3))
    low, high = np.percentile(smooth, (1, 99))
    if high < _DARK_TOP and high - low < _DARK_SPAN:
        return "black"
    empty = (_rms(_band(picture, 9)) < _NOTHING) & counted
    if (empty & (_cells(smooth) >= _BRIGHT)).sum() >= _FULL * counted.sum():
        return "flooded"
    return "covered" if empty.sum() >= _UNIFORM * counted.sum() else None


def compare(now: Grey, last: Grey, current: Grey, reference: Grey, sharp: float | None, counted: Cells) -> Difference:
    """Compare a place with itself.

    now, last: the newest picture and the one a second before. current: the mean of the last few. reference: what is known.
    sharp: the place's known sharpness. counted: cells that count, those outside of masks.
    """
    middle, known = _band(current, 9), _band(reference, 9)
    rms, known_rms = _rms(middle), _rms(known)
    textured = (known_rms > _STRUCTURE) & counted
    enough = max(int(textured.sum()), 1)
    same = _cells(middle * known) / (rms * known_rms + 1e-6) > _KEPT
    lost = textured & ~same
    flat = lost & (rms < np.maximum(_FLAT, _FLAT_SHARE * known_rms))
    means, known_means = _cells(current), _cells(reference)
    dimmed = bool(np.percentile(means, 95) < _DIMMED * np.percentile(known_means, 95))
    sharpness = sharpness_of(current, counted)
    kept, flat_share = 1 - float(lost.sum() / enough), float(flat.sum() / enough)

    def found(fault: Fault | None, *, moving: bool = False) -> Difference:
        return Difference(fault, moving, kept, flat_share, dimmed, sharpness, same | ~textured)

    if (kept < _GONE or enough < ENOUGH) and (nothing := bare(current, counted)) is not None:
        return found(nothing)
    washed = float(np.median((rms / (known_rms + 1e-6))[textured])) if textured.any() else 1.0
    if _is_flooded(current, reference, counted) or (washed < _WASHED and float(np.mean(means - known_means)) > _GLARE):
        return found("flooded")
    if enough < ENOUGH:
        return found(None)
    if not dimmed and sharp is not None and sharpness is not None and sharpness < _BLURRED * sharp:
        return found("blurred")
    if kept < _SHIFTED and _is_shifted(middle, known, textured):
        return found("moved")
    if dimmed:  # somebody switched off the lights; what is still there to be seen is seen
        return found("black" if kept < _GONE else None)
    if flat_share >= _FULL:
        return found("covered")
    hidden = _largest(flat)
    if hidden.sum() >= _HALF * enough:
        return found("covered", moving=kept >= _GONE and _is_moving(now, last, hidden, textured & same))
    if kept < _GONE:  # other structure everywhere: the camera looks elsewhere, or something that moves fills the picture
        return found("moved" if _stands(now, last) else "covered")
    return found(None)


def sharpness_of(picture: Grey, counted: Cells) -> float | None:
    """Fine structure over coarse structure: falls with blur, not with light, whatever the picture shows.

    The upper quartile over the cells that have coarse structure; None where only a few have.
    """
    coarse = _rms(_coarse(picture))
    told = (coarse > _STRUCTURE) & counted
    if told.sum() < max(ENOUGH, 0.3 * counted.sum()):
        return None
    return float(np.percentile(_rms(_band(picture, 3))[told] / coarse[told], 75))


def shift_between(picture: Grey, reference: Grey, counted: Cells) -> bool:
    """Whether two pictures of one place show it shifted against each other."""
    middle, known = _band(picture, 9), _band(reference, 9)
    return _is_shifted(middle, known, (_rms(known) > _STRUCTURE) & counted)


def _is_flooded(current: Grey, reference: Grey, counted: Cells) -> bool:
    here = counted.sum() / counted.size
    now, before = (
        float((_cells((x >= _SATURATED).astype(np.float32)) * counted).mean() / here) for x in (current, reference)
    )
    return now >= _FLOODED and now - before >= _FLOODED_MORE


def _is_shifted(middle: Grey, known: Grey, textured: Cells) -> bool:
    """Whether at least two of the tiles that say anything say that the picture lies elsewhere, and hardly one where it was."""
    shifted = still = 0
    for rows, columns in _TILES:
        if textured[rows.start // CELL : rows.stop // CELL, columns.start // CELL : columns.stop // CELL].sum() < 3:
            continue
        before, after = known[rows, columns], middle[rows, columns]
        (dx, dy), _ = cv2.phaseCorrelate(before, after, _HANN)
        x, y = round(dx), round(dy)
        if abs(x) > 40 or abs(y) > 45:
            continue
        one, other = _overlap(before, after, x, y)
        if _correlation(one, other) < 0.45:
            continue
        if np.hypot(dx, dy) >= _SHIFT and _correlation(before, after) < 0.5:
            shifted += 1
        elif np.hypot(dx, dy) < 2:
            still += 1
    return shifted >= 2 and shifted > 2 * still


def _is_moving(now: Grey, last: Grey, hidden: Cells, seen: Cells) -> bool:
    """Whether what hides a part of the picture moves more than the sensor's noise does."""
    change = _cells(np.abs(cv2.blur(now, (3, 3)) - cv2.blur(last, (3, 3))))
    noise = float(np.median(change[seen])) if seen.any() else 0.0
    return float(np.mean(change[hidden])) > 0.8 + 1.5 * noise


def _stands(now: Grey, last: Grey) -> bool:
    one, other = _band(now, 9), _band(last, 9)
    alike = _cells(one * other) / (_rms(one) * _rms(other) + 1e-6)
    return float(np.mean(alike > 0.6)) > 0.6


def _largest(cells: Cells) -> Cells:
    """The largest connected group."""
    count, labels = cv2.connectedComponents(cells.astype(np.uint8), connectivity=4)
    if count < 2:
        return cells
    sizes = np.bincount(labels.ravel())[1:]
    return np.asarray(labels == 1 + int(np.argmax(sizes)))


def _band(picture: Grey, size: int) -> Grey:
    return np.asarray(picture - cv2.blur(picture, (size, size)))


def _coarse(picture: Grey) -> Grey:
    return np.asarray(cv2.blur(picture, (7, 7)) - cv2.blur(picture, (33, 33)))


def _cells(values: Grey) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(values, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), dtype=np.float32)


def _rms(values: Grey) -> NDArray[np.float32]:
    return np.sqrt(_cells(values * values))


def _overlap(before: Grey, after: Grey, x: int, y: int) -> tuple[Grey, Grey]:
    """The parts of both that show the same when ``after`` lies (x, y) to the right and below."""
    h, w = before.shape
    one = before[max(0, -y) : h - max(0, y), max(0, -x) : w - max(0, x)]
    other = after[max(0, y) : h + min(0, y), max(0, x) : w + min(0, x)]
    return one, other


def _correlation(one: Grey, other: Grey) -> float:
    norm = float(np.sqrt(np.sum(one * one) * np.sum(other * other)))
    return float(np.sum(one * other)) / norm if norm > 0 else 0.0

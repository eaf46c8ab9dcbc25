"""Pieces of tracks: stretches over which a tracker can hardly have taken one person for another. Pure.

A piece ends where its track was not seen for more than one frame, and where two tracks were closest while they covered each
other: these are the moments at which trackers swap people. How a person looks counts only while nobody covers them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Floats, iou

_COVERED = 0.5  # share of a box that lies in another one, from which its looks are hardly its own
_COVERED_COUNTS = 0.05
_END_S = 1.25  # the pace of a piece is that of its last (or first) so long
_LOOK_S = 2.5  # its looks are those of so long,
_LOOK_WEIGHT = 3.0  # or of as long as it takes to see so much,
_LOOK_BACK_S, _LOOK_AHEAD_S = 9.0, 3.0  # but of no longer than this
_APART_S = 0.6  # a contact is over when two have been apart for so long,
_CONTACT_S = 4.0  # and taken for two when it lasts longer


@dataclass(slots=True)
class Piece:
    """What was seen of one person, oldest first; a row a sighting.

    times: s; boxes: (4,) xyxy px; confidence: 0 to 1; weights: how much each counts; looks: (48,) of length 1. ``total`` is the
    sum of all weights, those of forgotten rows too. ``first`` and ``last`` are the live ids that it begins and ends with.
    """

    id: int
    first: int
    last: int
    times: list[float] = field(default_factory=list)
    boxes: list[Floats] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    looks: list[Floats] = field(default_factory=list)
    total: float = 0.0

    def add(self, at_s: float, box: Floats, confidence: float, weight: float, look: Floats) -> None:
        """One more sighting, later than all others."""
        self.times.append(at_s)
        self.boxes.append(box)
        self.confidence.append(confidence)
        self.weights.append(weight)
        self.looks.append(look)
        self.total += weight

    def split(self, at_s: float, new_id: int) -> Piece:
        """Everything from ``at_s`` on becomes a piece of its own."""
        row = int(np.searchsorted(self.times, at_s))
        rest = Piece(
            new_id,
            self.last,
            self.last,
            self.times[row:],
            self.boxes[row:],
            self.confidence[row:],
            self.weights[row:],
            self.looks[row:],
            sum(self.weights[row:]),
        )
        del self.times[row:], self.boxes[row:], self.confidence[row:], self.weights[row:], self.looks[row:]
        self.total -= rest.total
        return rest

    def joined(self, later: Piece) -> Piece:
        """Both as one, under this one's id. Of two sightings of the same moment the one that counts more stays."""
        if self.times[-1] < later.times[0]:
            return Piece(
                self.id,
                self.first,
                later.last,
                self.times + later.times,
                self.boxes + later.boxes,
                self.confidence + later.confidence,
                self.weights + later.weights,
                self.looks + later.looks,
                self.total + later.total,
            )
        rows: dict[float, tuple[Piece, int]] = {}
        for piece in (self, later):
            for row, at_s in enumerate(piece.times):
                other = rows.get(at_s)
                if other is None or piece.weights[row] > other[0].weights[other[1]]:
                    rows[at_s] = piece, row
        chosen = [rows[at_s] for at_s in sorted(rows)]
        return Piece(
            self.id,
            self.first,
            later.last,
            [p.times[r] for p, r in chosen],
            [p.boxes[r] for p, r in chosen],
            [p.confidence[r] for p, r in chosen],
            [p.weights[r] for p, r in chosen],
            [p.looks[r] for p, r in chosen],
            self.total + later.total,
        )

    def forget(self, before_s: float) -> None:
        """Drop what was seen before, save for the last row."""
        row = min(int(np.searchsorted(self.times, before_s)), len(self.times) - 1)
        if row > 0:
            del self.times[:row], self.boxes[:row], self.confidence[:row], self.weights[:row], self.looks[:row]


Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a piece. box, pace: xyxy px and px/s; look: (48,); weight: how much the look rests on; height: px. Plain floats:
    arrays of four cost more to make than to reckon with."""

    at_s: float
    box: Box
    pace: Box
    look: Floats
    weight: float
    height: float

    def where(self, at_s: float) -> Box:
        """The box at another time, at the same pace for a second at most."""
        (x0, y0, x1, y1), (left, top, right, bottom) = self.box, self.pace
        ahead = min(max(at_s - self.at_s, -1.0), 1.0)
        return x0 + left * ahead, y0 + top * ahead, x1 + right * ahead, y1 + bottom * ahead


def end_of(piece: Piece, *, last: bool) -> End:
    """The end, or the beginning, of a piece."""
    count, order = len(piece.times), -1 if last else 1
    at_s = piece.times[-1 if last else 0]
    away = np.abs(np.array(piece.times)[::order] - at_s)  # from the end backwards, or from the beginning on
    boxes = np.concatenate(piece.boxes).reshape(-1, 4).astype(np.float64)
    heights = np.sort(boxes[:, 3] - boxes[:, 1])
    near = int(away.searchsorted(_END_S, side="right"))
    rows = slice(count - near, count) if last else slice(near)
    box, pace = _pace(np.array(piece.times[rows]) - at_s, boxes[rows])
    weights = np.array(piece.weights)[::order]
    known = np.cumsum(weights) - weights
    counts = (away <= _LOOK_S) | ((known < _LOOK_WEIGHT) & (away <= (_LOOK_BACK_S if last else _LOOK_AHEAD_S)))
    seen = int(counts.sum())  # they stand in a row
    looks = np.concatenate(piece.looks[count - seen :][::-1] if last else piece.looks[:seen]).reshape(seen, -1)
    look = weights[:seen] @ looks
    median = (heights[(count - 1) // 2] + heights[count // 2]) / 2
    ends = (at_s, tuple(box.tolist()), tuple(pace.tolist()))
    return End(*ends, look / np.sqrt(look @ look), float(weights[:seen].sum()), float(median))


def _pace(times: NDArray[np.float64], boxes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The box at time 0 and its pace, by least squares; a short stretch says little of the pace."""
    span, count = float(times[-1] - times[0]), len(times)
    middle = boxes.sum(axis=0) / count
    if count < 4 or span <= 0:
        return middle, np.zeros(4)
    mean = times.sum() / count
    centred = times - mean
    slope = centred @ boxes / (centred @ centred)
    return middle - slope * mean, slope * min(1.0, span / _END_S)


def weights(boxes: NDArray[np.float64], confidence: Floats) -> NDArray[np.float64]:
    """(n,) how much the looks of each sighting of one frame count."""
    corner = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    size = np.clip(np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - corner, 0, None).prod(axis=2)
    np.fill_diagonal(size, 0)
    area = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-9)
    covered = size.max(axis=1, initial=0) / area > _COVERED
    return np.where(covered, _COVERED_COUNTS, 1.0) * confidence


@dataclass(slots=True)
class _Contact:
    since_s: float
    last_s: float
    closest: float
    closest_s: float


class Contacts:
    """Watches which tracks touch, and tells when two were closest."""

    def __init__(self, overlap: float) -> None:
        self._overlap = overlap
        self._open: dict[tuple[int, int], _Contact] = {}

    def push(self, at_s: float, ids: list[int], boxes: NDArray[np.float64]) -> list[tuple[int, int, float]]:
        """Take in one frame; the contacts that are now over: two ids, and when their boxes covered each other most. That is told
        at most ``_CONTACT_S + _APART_S`` late."""
        if len(ids) > 1:
            overlaps = np.triu(iou(boxes, boxes), 1)
            for i, j in np.argwhere(overlaps > self._overlap).tolist():
                pair = (min(ids[i], ids[j]), max(ids[i], ids[j]))
                overlap = float(overlaps[i, j])
                contact = self._open.setdefault(pair, _Contact(at_s, at_s, overlap, at_s))
                contact.last_s = at_s
                if overlap > contact.closest:
                    contact.closest, contact.closest_s = overlap, at_s
        over = [
            pair for pair, c in self._open.items() if at_s - c.last_s > _APART_S or at_s - c.since_s >= _CONTACT_S - 1e-9
        ]
        return [(*pair, self._open.pop(pair).closest_s) for pair in over]

    def clear(self) -> None:
        """Forget every contact."""
        self._open.clear()

"""ByteTrack (Zhang et al. 2022, arXiv:2110.06864), timed in seconds, that may look at clothes too.

Confident detections are matched with all tracks first, doubtful ones then with the tracks left over. A track that is not seen
is kept for ``lost_s``; a new one shows only once it was seen twice, save in the very first frame. With :data:`PAPER` this is
the published method; the defaults add what a low frame rate needs: likeness of clothes, boxes that widen while a track is not
seen, and doubtful detections for tracks lost just now.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import lap
import numpy as np
from numpy.typing import NDArray

from motcua.edge import kalman, standing
from motcua.edge.geometry import Detections, Floats, Ids, Image, Tracks, foot, iou, no_detections, shared
from motcua.edge.kalman import Motion
from motcua.edge.looks import SIZE, blend, looks

_NEW, _SEEN, _LOST = 0, 1, 2
_DOUBTFUL, _SAME = 0.1, 0.15  # least confidence; distance below which two tracks are one (the paper's code)
_NEVER = 9.0
_SLOW = 0.2  # heights per second: who is slower stands
_THERE = 0.5  # IoU from which somebody else stands there


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """Distances are 1 - IoU, plus ``colour`` times the unlikeness of clothes."""

    high: float = 0.4  # confidence above which a detection is not doubtful
    start: float = 0.5  # confidence that a new person needs
    match: float = 1.15  # greatest distance to a confident detection
    match_doubtful: float = 1.0  # and to a doubtful one
    match_new: float = 1.2  # and from a person seen once
    lost_s: float = 3.0  # how long a track is kept unseen
    doubtful_s: float = 3.0  # how long unseen a track may take a doubtful detection
    double: float = 0.4  # IoU with a confident detection from which a doubtful one is the same person once more
    colour: float = 5.5
    unlike: float = 0.25  # greatest unlikeness of clothes
    widen: float = 0.5  # share of its size by which a box grows on each side per second unseen
    fade: float = 0.9  # what is left of the speed after each nominal frame unseen
    stand_s: float = 120.0  # how long somebody who walked in may stand undetected while the picture there stays the same
    covered_s: float = 10.0  # and how long of it they may be covered
    walked: float = 0.5  # how far that is, in heights: what never moved is no person
    weigh: bool = False  # IoU times confidence, as in the paper
    frame_s: float = 1 / 7  # the nominal time between frames, to which the filter's noise belongs


PAPER = TrackSettings(
    high=0.6,
    start=0.6,
    match=0.8,
    match_doubtful=0.5,
    match_new=0.7,
    doubtful_s=0,
    double=1,
    colour=0,
    widen=0,
    fade=1,
    stand_s=0,
    weigh=True,
)


@dataclass(frozen=True, slots=True)
class _People:
    """All tracks, a row each. boxes: as last detected, at detected_at; row: of that detection in its frame, or -1. looks: (n, 48), as
    they are on the whole. began: (n, 2) where they were first; patch: what was there when they were last detected, and still
    was at ``stood_at``."""

    ids: Ids
    state: NDArray[np.int8]
    seen_at: NDArray[np.float64]
    since: NDArray[np.float64]
    boxes: Floats
    confidence: Floats
    row: Ids
    looks: Floats
    detected_at: NDArray[np.float64]
    stood_at: NDArray[np.float64]
    walked: NDArray[np.bool_]
    began: Floats
    patch: Floats
    motion: Motion

    def __getitem__(self, index: NDArray[Any]) -> _People:
        return _People(*(getattr(self, f.name)[index] for f in fields(self)))

    def join(self, other: _People) -> _People:
        """These, then the others."""
        arrays = {f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)[:-1]}
        return _People(**arrays, motion=self.motion.join(other.motion))


@dataclass(frozen=True, slots=True)
class _Seen:
    """The detections of one frame with their looks, (n, 48), its time, and the frame where what stands there counts."""

    detections: Detections
    looks: Floats
    at_s: float
    frame: Image | None = None

    def patches(self, rows: NDArray[np.intp]) -> Floats:
        """(rows, SIZE) what is in these boxes; NaN where it does not count."""
        if self.frame is None:
            return np.full((len(rows), standing.SIZE), np.nan, np.float32)
        return standing.patches(self.frame, self.detections.boxes[rows])


class ByteTracker:
    """One camera's tracker; ids are its own and are never given out twice."""

    def __init__(self, settings: TrackSettings | None = None) -> None:
        self._settings = settings or TrackSettings()
        self._next_id = 1
        self.reset()

    def reset(self) -> None:
        """Forget everyone; ids go on."""
        self._people = self._newcomers(_Seen(no_detections(), _none(SIZE), 0.0), np.arange(0), _NEW)
        self._at_s: float | None = None

    def update(self, detections: Detections, at_s: float, frame: Image | None = None) -> Tracks:
        """Take in the detections of one frame; who is visible in it, with the boxes as detected.

        frame: (h, w, 3) uint8 BGR; without one clothes do not count. Raises ValueError where time runs backwards.
        """
        settings, first = self._settings, self._at_s is None
        steps = 0.0 if self._at_s is None else (at_s - self._at_s) / settings.frame_s
        if steps < 0:
            raise ValueError(f"time ran backwards, to {at_s} s: reset the tracker where an epoch begins")
        self._at_s = at_s
        overdue = at_s - self._alive_at() > settings.lost_s + settings.frame_s + 1e-9  # after a standstill of the source
        self._keep(~overdue)
        self._predict(steps)
        seen = _Seen(detections, self._looks(detections, frame), at_s, frame if settings.stand_s else None)
        high = np.flatnonzero(detections.confidence > settings.high)
        low = np.flatnonzero((detections.confidence > _DOUBTFUL) & (detections.confidence < settings.high))
        if settings.double < 1:
            low = low[(iou(detections.boxes[low], detections.boxes[high]) <= settings.double).all(axis=1)]

        known = np.flatnonzero(self._people.state != _NEW)
        high = self._match(known, seen, high, settings.match, weigh=settings.weigh)
        missed = (self._people.state == _SEEN) | (at_s - self._people.seen_at <= settings.doubtful_s)
        missed &= (self._people.state != _NEW) & (self._people.seen_at < at_s)
        self._match(np.flatnonzero(missed), seen, low, settings.match_doubtful, weigh=False)
        new = np.flatnonzero(self._people.state == _NEW)
        high = self._match(new, seen, high, settings.match_new, weigh=settings.weigh)

        if settings.stand_s and frame is not None:
            self._stand(frame, at_s)
        self._forget(at_s)
        starters = high[detections.confidence[high] >= settings.start]
        if len(starters):
            self._people = self._people.join(self._newcomers(seen, starters, _SEEN if first else _NEW))
        self._drop_doubles()
        shown = self._people[self._people.state == _SEEN]
        found = shown.row >= 0
        looked = (
            np.where(found[:, None], seen.looks[np.where(found, shown.row, 0)], shown.looks)
            if len(seen.looks)
            else shown.looks
        )
        return Tracks(shown.ids, shown.boxes, shown.confidence, looked if frame is not None else None)

    def _alive_at(self) -> NDArray[np.float64]:
        """(n,) when each was last known to be there; who is covered where they stood may still be."""
        people = self._people
        covered = people.walked & (people.stood_at > people.detected_at)
        return np.where(covered, people.stood_at + max(self._settings.covered_s - self._settings.lost_s, 0), people.seen_at)

    def _stand(self, frame: Image, at_s: float) -> None:
        """Who walked in and is not detected, but where nothing has changed, is seen where they were."""
        people, settings = self._people, self._settings
        tall = people.boxes[:, 3] - people.boxes[:, 1]
        stands = np.hypot(*people.motion.mean[:, :2, 1].T) <= _SLOW * tall * settings.frame_s
        missed = (people.state != _NEW) & (people.seen_at < at_s) & people.walked & stands
        rows = np.flatnonzero(missed & (at_s - people.detected_at <= settings.stand_s))
        taken = people.boxes[people.seen_at >= at_s]
        if len(rows) and len(taken):
            rows = rows[(iou(people.boxes[rows], taken) < _THERE).all(axis=1)]
        if not len(rows):
            return
        rows = rows[standing.same(standing.patches(frame, people.boxes[rows]), people.patch[rows])]
        people.state[rows] = _SEEN
        people.seen_at[rows] = people.stood_at[rows] = at_s
        people.confidence[rows] = _DOUBTFUL
        people.row[rows] = -1
        self._people = replace(people, motion=people.motion.put(rows, kalman.start(people.boxes[rows])))

    def _predict(self, steps: float) -> None:
        people = self._people
        known = np.flatnonzero(people.state != _NEW)
        unseen = people.state[known] != _SEEN
        moved = kalman.predict(people.motion[known], steps, unseen)
        moved.mean[unseen, :2, 1] *= self._settings.fade**steps
        self._people = replace(people, motion=people.motion.put(known, moved))

    def _looks(self, detections: Detections, frame: Image | None) -> Floats:
        if frame is None or not self._settings.colour:
            return np.full((len(detections), SIZE), SIZE**-0.5, np.float32)
        return looks(frame, detections.boxes)

    def _match(
        self, rows: NDArray[np.intp], seen: _Seen, candidates: NDArray[np.intp], limit: float, *, weigh: bool
    ) -> NDArray[np.intp]:
        """Give the chosen tracks their detections; the candidates left over."""
        if not len(rows) or not len(candidates):
            return candidates
        a, b = assign(self._distances(rows, seen, candidates, weigh), limit)
        chosen, taken = rows[a], candidates[b]
        people, found = self._people, seen.detections[taken]
        motion = people.motion.put(chosen, kalman.update(people.motion[chosen], found.boxes))
        people.state[chosen] = _SEEN
        people.seen_at[chosen] = seen.at_s
        people.boxes[chosen] = found.boxes
        people.confidence[chosen] = found.confidence
        people.row[chosen] = taken
        people.detected_at[chosen] = people.stood_at[chosen] = seen.at_s
        people.patch[chosen] = seen.patches(taken)
        apart = np.hypot(*(foot(found.boxes) - people.began[chosen]).T)
        people.walked[chosen] |= apart > self._settings.walked * (found.boxes[:, 3] - found.boxes[:, 1])
        if self._settings.colour:
            people.looks[chosen] = blend(people.looks[chosen], seen.looks[taken], 0.1 * found.confidence)
        self._people = replace(people, motion=motion)
        return np.delete(candidates, b)

    def _distances(self, rows: NDArray[np.intp], seen: _Seen, candidates: NDArray[np.intp], weigh: bool) -> NDArray[Any]:
        """(rows, candidates)."""
        settings, people = self._settings, self._people
        boxes, there = people.motion.boxes()[rows], seen.detections.boxes[candidates].astype(np.float64)
        unseen_s = np.maximum(seen.at_s - people.seen_at[rows] - settings.frame_s, 0)
        if settings.widen:
            overlap = widened_iou(boxes, there, np.minimum(settings.widen * unseen_s, 0.6))
        else:
            overlap = iou(boxes, there)
        if weigh:
            overlap = overlap * seen.detections.confidence[candidates]
        distance = 1 - overlap
        if settings.colour:
            unlike = 1 - people.looks[rows] @ seen.looks[candidates].T
            taller = (boxes[:, 3] - boxes[:, 1])[:, None] / np.maximum(there[:, 3] - there[:, 1], 1e-6)
            impossible = (overlap <= 0.05) | (unlike > settings.unlike) | (np.abs(np.log(np.maximum(taller, 1e-6))) > 0.5)
            distance = np.where(impossible, _NEVER, distance + settings.colour * unlike)
        return np.asarray(distance)

    def _forget(self, at_s: float) -> None:
        """Who was not seen in this frame is lost; a newcomer not seen again, or who is lost for too long, is forgotten."""
        people = self._people
        unseen = people.seen_at < at_s
        gone = unseen & ((people.state == _NEW) | (at_s - self._alive_at() > self._settings.lost_s + 1e-9))
        people.state[unseen] = _LOST
        self._keep(~gone)

    def _newcomers(self, seen: _Seen, rows: NDArray[np.intp], state: int) -> _People:
        count, found = len(rows), seen.detections[rows]
        ids = np.arange(self._next_id, self._next_id + count, dtype=np.int64)
        self._next_id += count
        now = np.full(count, seen.at_s)
        return _People(
            ids,
            np.full(count, state, np.int8),
            now,
            now.copy(),
            found.boxes,
            found.confidence,
            rows.astype(np.int64),
            seen.looks[rows],
            now.copy(),
            now.copy(),
            np.zeros(count, bool),
            foot(found.boxes),
            seen.patches(rows),
            kalman.start(found.boxes),
        )

    def _drop_doubles(self) -> None:
        """Where a lost track and one seen lie on each other, the older one stays."""
        people = self._people
        seen, lost = np.flatnonzero(people.state == _SEEN), np.flatnonzero(people.state == _LOST)
        if not len(seen) or not len(lost):
            return
        boxes = people.motion.boxes()
        age = people.seen_at - people.since
        drop = np.zeros(len(people.ids), dtype=bool)
        for i, j in np.argwhere(1 - iou(boxes[seen], boxes[lost]) < _SAME):
            drop[lost[j] if age[seen[i]] > age[lost[j]] else seen[i]] = True
        self._keep(~drop)

    def _keep(self, kept: NDArray[np.bool_]) -> None:
        if not kept.all():
            self._people = self._people[kept]


def _none(width: int) -> Floats:
    return np.empty((0, width), np.float32)


def assign(cost: NDArray[Any], limit: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs (rows, columns) of least total cost, none above ``limit``. cost: (n, m)."""
    capped = np.ascontiguousarray(np.where(cost > limit, limit + 1e-4, cost), dtype=np.float64)
    _, rows, columns = lap.lapjvx(capped, extend_cost=True)
    order = np.argsort(rows)
    rows, columns = rows[order].astype(np.intp), columns[order].astype(np.intp)
    good = cost[rows, columns] <= limit
    return rows[good], columns[good]


def widened_iou(a: NDArray[Any], b: NDArray[Any], shares: NDArray[Any]) -> NDArray[Any]:
    """IoU of (n, 4) and (m, 4) boxes after both of a pair grew by ``shares`` (n,) of their width at either side and by half of
    that of their height above and below: (n, m)."""
    overlap = iou(a, b)
    rows = np.flatnonzero(shares > 0)
    if len(rows):
        share = shares[rows, None, None]
        overlap[rows] = shared(_grow(a[rows, None], share), _grow(b[None], share))
    return overlap


def _grow(boxes: NDArray[Any], share: NDArray[Any]) -> NDArray[Any]:
    margin = (boxes[..., 2:] - boxes[..., :2]) * (share * np.array([1.0, 0.5]))
    return np.concatenate([boxes[..., :2] - margin, boxes[..., 2:] + margin], axis=-1)

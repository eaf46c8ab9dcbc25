"""The plain pipeline that others use, to compare with: a stock ByteTrack, and a clock that starts and stops with the track's id.

ByteTrack (Zhang et al., ECCV 2022, arXiv:2110.06864), written from the paper with its published thresholds: tracks are
predicted by the Kalman filter of constant velocity over (centre x, centre y, width / height, height); confident detections are
matched with all tracks by IoU times confidence, doubtful ones then with the tracks left over by IoU alone; a new track must be
seen twice; one that is not seen is kept for ``lost_frames``. It counts frames, looks at no clothes, joins and fills nothing.

This is a yardstick for measuring. The product does not run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import lap
import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Detections, Image, Tracks, iou
from motcua.edge.zones import Zones

_STATE = 8
_POSITION, _VELOCITY = 1 / 20, 1 / 160

PlainOutcome = Literal["served", "reneged"]


@dataclass(frozen=True, slots=True)
class PlainSettings:
    """The published thresholds; distances are 1 - IoU (times confidence in the first stage)."""

    high: float = 0.6
    low: float = 0.1
    activate: float = 0.6
    match: float = 0.8
    match_low: float = 0.5
    match_new: float = 0.7
    lost_frames: int = 30


@dataclass(slots=True)
class _Track:
    id: int
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    box: NDArray[Any]
    confidence: float
    seen: int  # frame in which it was last seen
    since: int
    state: Literal["new", "tracked", "lost"]

    def predict(self) -> None:
        """One frame later."""
        if self.state != "tracked":
            self.mean[7] = 0.0
        step = np.eye(_STATE)
        step[:4, 4:] = np.eye(4)
        h = self.mean[3]
        noise = np.array(
            [_POSITION * h, _POSITION * h, 1e-2, _POSITION * h, _VELOCITY * h, _VELOCITY * h, 1e-5, _VELOCITY * h]
        )
        self.mean = step @ self.mean
        self.covariance = step @ self.covariance @ step.T + np.diag(noise**2)

    def update(self, box: NDArray[Any], confidence: float, frame: int) -> None:
        """It was seen."""
        h = self.mean[3]
        noise = np.diag(np.array([_POSITION * h, _POSITION * h, 1e-1, _POSITION * h]) ** 2)
        gain = np.linalg.solve(self.covariance[:4, :4] + noise, self.covariance[:4]).T
        self.mean = self.mean + gain @ (_measured(box) - self.mean[:4])
        self.covariance = self.covariance - gain @ self.covariance[:4]
        self.box, self.confidence, self.seen, self.state = box, confidence, frame, "tracked"

    def where(self) -> NDArray[np.float64]:
        """(4,) xyxy px, as predicted."""
        x, y, aspect, height = self.mean[:4]
        return np.array([x - aspect * height / 2, y - height / 2, x + aspect * height / 2, y + height / 2])


class PlainTracker:
    """One camera's stock ByteTrack."""

    def __init__(self, settings: PlainSettings | None = None) -> None:
        self._settings = settings or PlainSettings()
        self._tracks: list[_Track] = []
        self._frame = 0
        self._next_id = 1

    def reset(self) -> None:
        """Forget everyone; ids go on."""
        self._tracks, self._frame = [], 0

    def update(self, detections: Detections, at_s: float = 0.0, frame: Image | None = None) -> Tracks:
        """Take in the detections of one frame; who is visible in it. Neither the time nor the picture is looked at."""
        s = self._settings
        self._frame += 1
        for track in self._tracks:
            if track.state != "new":
                track.predict()
        high = np.flatnonzero(detections.confidence >= s.high)
        low = np.flatnonzero((detections.confidence > s.low) & (detections.confidence < s.high))
        known = [t for t in self._tracks if t.state != "new"]
        left, high = self._match(known, detections, high, s.match, weigh=True)
        left, _ = self._match([t for t in left if t.state == "tracked"], detections, low, s.match_low, weigh=False)
        for track in left:
            track.state = "lost"
        new = [t for t in self._tracks if t.state == "new"]
        unseen, high = self._match(new, detections, high, s.match_new, weigh=True)
        gone = {t.id for t in unseen}
        self._tracks = [t for t in self._tracks if t.id not in gone and self._frame - t.seen <= s.lost_frames]
        for row in high[detections.confidence[high] >= s.activate]:
            self._tracks.append(self._started(detections.boxes[row], float(detections.confidence[row])))
        self._drop_doubles()
        shown = [t for t in self._tracks if t.state == "tracked"]
        return Tracks(
            np.array([t.id for t in shown], np.int64),
            np.array([t.box for t in shown], np.float32).reshape(-1, 4),
            np.array([t.confidence for t in shown], np.float32),
        )

    def _match(
        self, tracks: list[_Track], detections: Detections, rows: NDArray[np.intp], limit: float, *, weigh: bool
    ) -> tuple[list[_Track], NDArray[np.intp]]:
        """Give tracks their detections; the tracks and the rows left over."""
        if not tracks or not len(rows):
            return tracks, rows
        overlap = iou(np.array([t.where() for t in tracks]), detections.boxes[rows].astype(np.float64))
        cost = 1 - (overlap * detections.confidence[rows] if weigh else overlap)
        _, chosen, _ = lap.lapjv(cost, extend_cost=True, cost_limit=limit)
        for track, column in zip(tracks, chosen, strict=True):
            if column >= 0:
                row = rows[column]
                track.update(detections.boxes[row], float(detections.confidence[row]), self._frame)
        return [t for t, c in zip(tracks, chosen, strict=True) if c < 0], np.delete(rows, chosen[chosen >= 0])

    def _started(self, box: NDArray[Any], confidence: float) -> _Track:
        measured = _measured(box)
        h = measured[3]
        spread = [2 * _POSITION * h, 2 * _POSITION * h, 1e-2, 2 * _POSITION * h]
        spread += [10 * _VELOCITY * h, 10 * _VELOCITY * h, 1e-5, 10 * _VELOCITY * h]
        mean = np.concatenate([measured, np.zeros(4)])
        state: Literal["new", "tracked"] = "tracked" if self._frame == 1 else "new"
        number, self._next_id = self._next_id, self._next_id + 1
        return _Track(number, mean, np.diag(np.array(spread) ** 2), box, confidence, self._frame, self._frame, state)

    def _drop_doubles(self) -> None:
        """Where a lost track and one seen lie on each other, the older one stays."""
        seen = [t for t in self._tracks if t.state == "tracked"]
        lost = [t for t in self._tracks if t.state == "lost"]
        if not seen or not lost:
            return
        close = iou(np.array([t.where() for t in seen]), np.array([t.where() for t in lost])) > 0.85
        drop = set()
        for i, j in np.argwhere(close):
            a, b = seen[i], lost[j]
            drop.add(b.id if a.seen - a.since > b.seen - b.since else a.id)
        self._tracks = [t for t in self._tracks if t.id not in drop]


def _measured(box: NDArray[Any]) -> NDArray[np.float64]:
    x0, y0, x1, y1 = (float(v) for v in box)
    height = max(y1 - y0, 1e-6)
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / height, height])


@dataclass(frozen=True, slots=True)
class PlainVisit:
    """What the clock of one id says, in seconds. Whoever was never seen at a counter is taken to have given up."""

    track_id: int
    arrival_s: float
    service_start_s: float | None
    departure_s: float
    outcome: PlainOutcome
    counter_id: str | None


@dataclass(slots=True)
class _Clock:
    queue: list[float] = field(default_factory=list)  # first and last second in the queue
    service: list[float] = field(default_factory=list)
    counter_id: str | None = None


class PlainClocks:
    """A clock an id: it starts with the id's first frame in the queue and stops with its first one at a counter, or its last one."""

    def __init__(self, zones: Zones, min_dwell_s: float = 2.0) -> None:
        """min_dwell_s: who is in the queue for less only passes by."""
        self._zones, self._min_dwell_s = zones, min_dwell_s
        self._clocks: dict[int, _Clock] = {}

    def take(self, ids: NDArray[np.int64], points: NDArray[Any], at_s: float) -> None:
        """One frame. ids: (n,); points: (n, 2) foot points, fractions of the picture."""
        for track_id, place in zip(ids.tolist(), self._zones.locate(points).tolist(), strict=True):
            zone = self._zones.zones[place] if place >= 0 else None
            if zone is None or zone.role not in ("queue", "service"):
                continue
            clock = self._clocks.setdefault(track_id, _Clock())
            span = clock.queue if zone.role == "queue" else clock.service
            if zone.role == "service" and clock.counter_id is None:
                clock.counter_id = zone.counter_id
            span[:] = [span[0] if span else at_s, at_s]

    def visits(self) -> list[PlainVisit]:
        """All of them, by arrival."""
        found = [v for i, c in self._clocks.items() if (v := self._visit(i, c)) is not None]
        return sorted(found, key=lambda v: (v.arrival_s, v.track_id))

    def queue_s(self) -> Mapping[int, float]:
        """id → how long it was in the queue zone: what such systems publish as the waiting time."""
        return {
            i: c.queue[1] - c.queue[0]
            for i, c in self._clocks.items()
            if c.queue and c.queue[1] - c.queue[0] >= self._min_dwell_s
        }

    def _visit(self, track_id: int, clock: _Clock) -> PlainVisit | None:
        queued = bool(clock.queue) and clock.queue[1] - clock.queue[0] >= self._min_dwell_s
        served = bool(clock.service) and clock.service[1] - clock.service[0] >= self._min_dwell_s
        if served and (not queued or clock.queue[0] <= clock.service[0]):
            arrival = clock.queue[0] if queued else clock.service[0]
            return PlainVisit(track_id, arrival, clock.service[0], clock.service[1], "served", clock.counter_id)
        return PlainVisit(track_id, clock.queue[0], None, clock.queue[1], "reneged", None) if queued else None

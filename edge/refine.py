"""The late correction: what tracks look like once the next seconds are known, at most ``late_s`` later.

1. Broken tracks are joined: a new track continues one that ended shortly before, at a place that can be reached in that time,
   of the same size and in the same clothes.
2. Gaps up to ``bridge_s`` are filled in a straight line.
3. Boxes are smoothed over time.

Every frame comes out once, in order. A person keeps the older id when tracks are joined.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Floats, Image, Tracks, no_tracks
from motcua.edge.looks import blend, looks
from motcua.edge.smooth import smoothed
from motcua.edge.track import assign

_LOOK_EVERY_S = 0.5
_LOOK_SHARE = np.array([0.25])
_TALLER = 0.35  # greatest difference of heights, as a logarithm of their ratio


@dataclass(frozen=True, slots=True)
class RefineSettings:
    """Times in seconds, lengths in heights of the person."""

    late_s: float = 5.0  # everything comes out that much later
    bridge_s: float = 3.0  # longest gap that is filled
    join_s: float = 4.0  # longest gap over which two tracks are one person
    reach: float = 0.5  # how far a person may be from where they should be
    reach_per_s: float = 0.5  # and how much farther per second of the gap
    unlike: float = 0.06  # greatest unlikeness of clothes
    smooth_s: float = 0.5  # standard deviation of the smoothing


@dataclass(frozen=True, slots=True)
class TimedTracks:
    """The tracks of the frame that was taken at ``at_s`` (seconds)."""

    at_s: float
    tracks: Tracks


@dataclass(slots=True)
class _Person:
    """One id's observations that are still needed, oldest first. look: (48,) once it was looked at."""

    id: int
    times: list[float] = field(default_factory=list)
    boxes: list[Floats] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)
    look: Floats | None = None
    look_at_s: float = -np.inf  # when it is due to be looked at again
    joined: bool = False  # whether it is known whom this track continues

    def where(self, at_s: float) -> NDArray[np.float64]:
        """(4,) the box at a time outside what was seen, at the pace of the nearest second. Pace is left after half a second."""
        times = np.array(self.times)
        near = np.abs(times - (times[-1] if at_s > times[-1] else times[0])) <= 1.0
        boxes = np.array(self.boxes, dtype=np.float64)[near]
        end = -1 if at_s > times[-1] else 0
        span = times[near][-1] - times[near][0]
        pace = (boxes[-1] - boxes[0]) / span if span > 0.25 else np.zeros(4)
        ahead = np.clip(at_s - times[end], -1.0, 1.0)
        return np.asarray(boxes[end] + pace * ahead)


class Refiner:
    """One camera's late correction. Its tracker must not keep a track unseen for longer than ``late_s``."""

    def __init__(self, settings: RefineSettings | None = None) -> None:
        """Raises ValueError where a correction would come later than ``late_s`` allows."""
        self.settings = settings or RefineSettings()
        if self.settings.late_s < max(self.settings.bridge_s, self.settings.join_s):
            raise ValueError("gaps can be bridged and tracks joined only within late_s: make it longer")
        self._frames: deque[float] = deque()
        self._people: dict[int, _Person] = {}
        self._heir: dict[int, int] = {}  # a joined track's id → the older one's
        self._seen_at: dict[int, float] = {}  # when the tracker last gave a joined track's id

    def push(self, at_s: float, tracks: Tracks, frame: Image | None = None) -> tuple[TimedTracks, ...]:
        """Take in the tracks of one frame; the earlier frames that are now final. Confidence is 0 where a gap was filled.

        frame: (h, w, 3) uint8 BGR; without one nothing tells clothes, and tracks are not joined.
        """
        self._frames.append(at_s)
        due = []
        ids = tracks.ids.tolist()
        for row, track_id in enumerate(ids):
            if self._heir.get(track_id) in ids:  # both are here: they never were one
                del self._heir[track_id]
            person_id = self._heir.get(track_id, track_id)
            if person_id != track_id:
                self._seen_at[track_id] = at_s
            person = self._people.setdefault(person_id, _Person(person_id))
            person.times.append(at_s)
            person.boxes.append(tracks.boxes[row])
            person.confidence.append(float(tracks.confidence[row]))
            if at_s >= person.look_at_s:
                person.look_at_s = at_s + _LOOK_EVERY_S
                due.append((row, person))
        if frame is not None and due:
            rows = np.array([row for row, _ in due])
            for look, (_, person) in zip(looks(frame, tracks.boxes[rows]), due, strict=True):
                person.look = look if person.look is None else blend(person.look[None], look[None], _LOOK_SHARE)[0]
        final = []
        while self._frames and self._frames[0] <= at_s - self.settings.late_s + 1e-9:
            final.append(self._emit(self._frames.popleft()))
        return tuple(final)

    def finish(self) -> tuple[TimedTracks, ...]:
        """No frame follows: all that is still held back. Then everyone is forgotten."""
        final = tuple(self._emit(at_s) for at_s in list(self._frames))
        self._frames.clear()
        self._people.clear()
        self._heir.clear()
        self._seen_at.clear()
        return final

    def _emit(self, at_s: float) -> TimedTracks:
        self._join(at_s)
        rows = [row for person in self._people.values() if (row := self._row(person, at_s)) is not None]
        self._trim(at_s)
        if not rows:
            return TimedTracks(at_s, no_tracks())
        ids, boxes, confidence = zip(*rows, strict=True)
        return TimedTracks(
            at_s, Tracks(np.array(ids, np.int64), np.array(boxes, np.float32), np.array(confidence, np.float32))
        )

    def _row(self, person: _Person, at_s: float) -> tuple[int, NDArray[Any], float] | None:
        """The person's id, box and confidence at that time; None while out of sight for longer than a bridged gap."""
        times = person.times
        if not times or not times[0] <= at_s <= times[-1]:
            return None
        after = int(np.searchsorted(times, at_s))
        exact = times[after] == at_s
        if not exact and times[after] - times[after - 1] > self.settings.bridge_s + 1e-9:
            return None
        box = smoothed(times, person.boxes, at_s, self.settings.smooth_s, self.settings.bridge_s)
        return person.id, box, person.confidence[after] if exact else 0.0

    def _join(self, at_s: float) -> None:
        """Join tracks that ended just before ``at_s`` with new ones that begin soon after."""
        ended = [p for p in self._people.values() if p.times and p.times[-1] < at_s]
        new = [p for p in self._people.values() if not p.joined and p.times and p.times[0] >= at_s]
        for person in self._people.values():
            person.joined = person.joined or not person.times or person.times[0] <= at_s
        if not ended or not new:
            return
        cost = np.array([[self._unlikely(a, b) for b in new] for a in ended])
        for row, column in zip(*assign(cost, 1.0), strict=True):
            self._merge(ended[row], new[column])

    def _unlikely(self, a: _Person, b: _Person) -> float:
        """Whether ``b`` continues ``a``: 0 surely, 1 just so, above not."""
        settings, gap = self.settings, b.times[0] - a.times[-1]
        if gap <= 0 or gap > settings.join_s or a.look is None or b.look is None:
            return 9.0
        middle = (a.times[-1] + b.times[0]) / 2
        there, here = a.where(middle), b.where(middle)
        height = max(there[3] - there[1], 1.0)
        taller = abs(np.log(max(here[3] - here[1], 1.0) / height))
        apart = float(np.hypot((there[0] + there[2] - here[0] - here[2]) / 2, there[3] - here[3])) / height
        near = apart / (settings.reach + settings.reach_per_s * gap)
        unlike = float(1 - a.look @ b.look) / settings.unlike
        return float(max(near, unlike, taller / _TALLER))

    def _merge(self, older: _Person, newer: _Person) -> None:
        older.times += newer.times
        older.boxes += newer.boxes
        older.confidence += newer.confidence
        older.look = newer.look
        self._people.pop(newer.id)
        for track_id, heir in list(self._heir.items()):
            if heir == newer.id:
                self._heir[track_id] = older.id
        self._heir[newer.id] = older.id
        self._seen_at[newer.id] = newer.times[-1]

    def _trim(self, at_s: float) -> None:
        """Forget what no later frame needs."""
        keep_from = at_s - max(self.settings.bridge_s, self.settings.join_s, 1.0) - 1.0
        for person in list(self._people.values()):
            while len(person.times) > 1 and person.times[1] < keep_from:
                del person.times[0], person.boxes[0], person.confidence[0]
            if person.times[-1] < keep_from:
                del self._people[person.id]
        for track_id in [i for i, seen_at in self._seen_at.items() if seen_at < keep_from]:
            self._heir.pop(track_id, None)
            del self._seen_at[track_id]

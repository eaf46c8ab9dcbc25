"""The late correction: who was who, once the next seconds are known, at most ``late_s`` later.

1. Tracks are cut into pieces wherever the tracker may have taken one person for another (``pieces``).
2. Pieces are linked to people (``link``).
3. Gaps are filled in a straight line, boxes are smoothed over time, and whoever was hardly ever seen is left out.

Every frame comes out once, in order. The ids are its own: a live track's id may belong to two people.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Image, Tracks, no_tracks
from motcua.edge.link import LinkSettings, chains
from motcua.edge.looks import looks
from motcua.edge.pieces import Contacts, Piece, weights
from motcua.edge.smooth import smoothed

_MISSED_FRAMES = 1  # more than that end a piece
_KEEP_S = 10.0  # how far back a person's looks are kept
_SETTLED_S = 0.6  # who was seen so lately may still go on


@dataclass(frozen=True, slots=True)
class RefineSettings:
    """Times in seconds."""

    late_s: float = 5.0  # everything comes out that much later
    join_s: float = 4.0  # longest gap over which two pieces are one person
    contact: float = 0.3  # overlap (IoU) of two tracks from which they may have been swapped
    shown: float = 1.5  # how much must be seen of a person, in sure and uncovered sightings
    smooth_s: float = 0.7  # standard deviation of the smoothing
    link: LinkSettings = field(default_factory=LinkSettings)


@dataclass(frozen=True, slots=True)
class TimedTracks:
    """The tracks of the frame that was taken at ``at_s`` (seconds)."""

    at_s: float
    tracks: Tracks


@dataclass(slots=True)
class _Person:
    """A person as known so far. ``begun`` and ``ended``: whether it is settled whom they continue, and who continues them."""

    piece: Piece
    begun: bool = False
    ended: bool = False
    shown: bool = False


class Refiner:
    """One camera's late correction."""

    def __init__(self, settings: RefineSettings | None = None) -> None:
        """Raises ValueError where a correction would come later than ``late_s`` allows."""
        self.settings = settings or RefineSettings()
        if self.settings.late_s < self.settings.join_s + 1:
            raise ValueError("pieces can be joined only if a second of the later one is known: make late_s longer")
        self._next_id = 1
        self._forget_all()

    def _forget_all(self) -> None:
        self._frames: deque[float] = deque()
        self._people: list[_Person] = []
        # live id → who it is now, and the number of the frame that showed them
        self._now: dict[int, tuple[_Person, int]] = {}
        self._count = 0
        self._size = (0, 0)
        self._contacts = Contacts(self.settings.contact)

    def push(self, at_s: float, tracks: Tracks, frame: Image | None = None) -> tuple[TimedTracks, ...]:
        """Take in the tracks of one frame; the earlier frames that are now final. Confidence is 0 where a gap was filled.

        frame: (h, w, 3) uint8 BGR; without one, and without looks in ``tracks``, clothes tell nothing and nothing is joined.
        """
        self._frames.append(at_s)
        self._count += 1
        if frame is not None:
            self._size = (frame.shape[1], frame.shape[0])
        if len(tracks):
            self._take(at_s, tracks, frame)
        ids, boxes = tracks.ids.tolist(), tracks.boxes.astype(np.float64)
        for first, second, closest_s in self._contacts.push(at_s, ids, boxes):
            for live in (first, second):
                self._cut(live, closest_s)
        final = []
        while self._frames and self._frames[0] <= at_s - self.settings.late_s + 1e-9:
            final.append(self._emit(self._frames.popleft(), at_s))
        return tuple(final)

    def finish(self) -> tuple[TimedTracks, ...]:
        """No frame follows: all that is still held back. Then everyone is forgotten, ids go on."""
        final = tuple(self._emit(at_s, np.inf) for at_s in list(self._frames))
        self._forget_all()
        return final

    def _take(self, at_s: float, tracks: Tracks, frame: Image | None) -> None:
        seen = tracks.looks
        if seen is None and frame is not None:
            seen = looks(frame, tracks.boxes)
        counts = weights(tracks.boxes.astype(np.float64), tracks.confidence)
        for row, live in enumerate(tracks.ids.tolist()):
            person, last = self._now.get(live, (None, 0))
            missed = self._count - last - 1
            if person is None or missed > _MISSED_FRAMES or at_s - person.piece.times[-1] > self.settings.join_s:
                person = self._newcomer(Piece(self._new_id(), live, live))
            self._now[live] = person, self._count
            look = np.full(1, np.nan, np.float32) if seen is None else seen[row]
            person.piece.add(at_s, tracks.boxes[row], float(tracks.confidence[row]), float(counts[row]), look)

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _newcomer(self, piece: Piece) -> _Person:
        self._people.append(_Person(piece))
        return self._people[-1]

    def _cut(self, live: int, at_s: float) -> None:
        for person in self._people:
            piece = person.piece
            if piece.last == live and piece.times[0] < at_s <= piece.times[-1]:
                later = self._newcomer(piece.split(at_s, self._new_id()))
                later.ended, person.ended = person.ended, False
                now = self._now.get(live)
                if now is not None and now[0] is person:
                    self._now[live] = later, now[1]
                return

    def _emit(self, at_s: float, now_s: float) -> TimedTracks:
        if self._to_settle(at_s):
            self._settle(at_s, now_s)
        rows = [row for person in self._people if (row := self._row(person, at_s)) is not None]
        self._forget(at_s)
        if not rows:
            return TimedTracks(at_s, no_tracks())
        ids, boxes, confidence = zip(*rows, strict=True)
        return TimedTracks(
            at_s, Tracks(np.array(ids, np.int64), np.array(boxes, np.float32), np.array(confidence, np.float32))
        )

    def _to_settle(self, at_s: float) -> bool:
        """Whether somebody begins with this frame, or ended with the one before."""
        return any(
            (not p.begun and p.piece.times[0] <= at_s) or (not p.ended and p.piece.times[-1] < at_s) for p in self._people
        )

    def _settle(self, at_s: float, now_s: float) -> None:
        """Decide what this frame depends on; the rest is decided again when more is known."""
        people = [p for p in self._people if not (p.begun and p.ended)]
        ended_s = at_s - self.settings.join_s
        usable = [p for p in people if not np.isnan(p.piece.looks[0][0])]
        found = chains([p.piece for p in usable], self._size, self.settings.link, from_s=ended_s, until_s=now_s - _SETTLED_S)
        gone = set()
        for chain in found:
            members = [usable[row] for row in chain]
            seen = sum(p.piece.total for p in members)
            person = members[0]
            for later in members[1:]:
                if person.ended or later.begun or min(person.piece.times[-1], later.piece.times[0]) > at_s:
                    break
                person.piece = person.piece.joined(later.piece)
                person.ended = later.ended
                gone.add(id(later))
                for live, (who, frame) in list(self._now.items()):
                    if who is later:
                        self._now[live] = person, frame
            person.shown = person.shown or seen >= self.settings.shown
        self._people = [p for p in self._people if id(p) not in gone]
        for p in self._people:
            p.begun = p.begun or p.piece.times[0] <= at_s
            p.ended = p.ended or p.piece.times[-1] < at_s

    def _row(self, person: _Person, at_s: float) -> tuple[int, NDArray[Any], float] | None:
        """The person's id, box and confidence at that time; None while they are not there, or hardly seen."""
        piece = person.piece
        times = piece.times
        if not times[0] <= at_s <= times[-1] or not (person.shown or piece.total >= self.settings.shown):
            return None
        after = int(np.searchsorted(times, at_s))
        box = smoothed(times, piece.boxes, at_s, self.settings.smooth_s, self.settings.join_s)
        return piece.id, box, piece.confidence[after] if times[after] == at_s else 0.0

    def _forget(self, at_s: float) -> None:
        """Forget what no later frame needs."""
        self._people = [p for p in self._people if not (p.ended and p.piece.times[-1] <= at_s)]
        for person in self._people:
            if person.piece.times[0] < at_s - 2 * _KEEP_S:
                person.piece.forget(at_s - _KEEP_S)
        if self._count % 64 == 0:
            self._now = {live: now for live, now in self._now.items() if self._count - now[1] <= _MISSED_FRAMES}

"""What Little's law needs of a queue: person-seconds of waiting, and departures. Pure, with time as an argument.

``W = ∫ Lq(t) dt / departures`` (Little 1961) needs no identity over a whole wait: people are counted in every frame, and a
departure is seen at the moment of leaving. A track that breaks in the queue is neither a departure nor an arrival: it is
missing until a track that appears near its place takes it up, whoever that is, or until ``settle_s`` have passed without
one. Nobody begins to be in the midst of a queue: of two tracks that were there side by side, one of which began there just
before the other one vanished there, or began and vanished there itself, one is taken for a double. What is counted is what visits count: from the first instant in a queue zone, once the person has stayed ``min_dwell_s``,
to the first instant in a service zone, or to the last one in the queue for whoever is gone for ``grace_s`` without service.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from motcua.edge.leaving import Trail, onward, walked_out
from motcua.edge.staff import Behind, at_work, behind
from motcua.edge.visits import Positions, VisitSettings
from motcua.edge.zones import Role, Zone, Zones

_REACH = 0.06  # of the picture: how far from a missing person a new track may take them up at once …
_REACH_PER_S = 0.02  # … and how much further with every second
_FURTHEST = 0.25
UNSEEN_S = 5.0
"""A longer time between two frames was not measured."""

Place = tuple[Zone | None, tuple[float, float]]
Event = Literal["joined", "left"]


@dataclass(frozen=True, slots=True)
class FlowSums:
    """Sums over ``measured_s`` seconds of frames. People who walk straight to a counter never queued and are not in them."""

    measured_s: float = 0.0
    waiting_person_s: float = 0.0
    arrivals: int = 0
    departures: int = 0

    def __add__(self, other: FlowSums) -> FlowSums:
        return FlowSums(
            self.measured_s + other.measured_s,
            self.waiting_person_s + other.waiting_person_s,
            self.arrivals + other.arrivals,
            self.departures + other.departures,
        )

    @property
    def wait_s(self) -> float | None:
        """Little's estimate of the mean time in queue of all who queued, seconds; None without a departure."""
        return self.waiting_person_s / self.departures if self.departures else None


@dataclass(slots=True)
class _Waiting:
    """Somebody in the queue, known by the track that shows them at the moment."""

    since: datetime
    last_at: datetime  # last instant in the queue, or on a seat in the hall after it
    seen_at: datetime
    point: tuple[float, float]
    joined: bool = False
    zone: Zone | None = None  # the queue zone that they joined in
    by_door: bool = False  # last seen going out by a door
    away: bool = False  # seen outside of the queue since
    service_at: datetime | None = None  # first instant in a service zone since
    trail: Trail = ()
    began: tuple[float, float] | None = None  # where the track began, if that was in the queue
    beside: bool = False  # somebody who waits was there already


class QueueFlow:
    """Counts one camera's queue frame by frame; :meth:`take_out` hands over the sums since the last time."""

    def __init__(
        self,
        zones: Zones,
        settings: VisitSettings,
        *,
        settle_s: float = 30.0,
        tell: Callable[[Event, Zone, datetime], None] | None = None,
    ) -> None:
        """settle_s: how long a track that vanished inside the queue may be missing before it counts as a departure.

        tell: is told, late, of everybody who joined, and of who left unserved by a door: the queue zone and the instant.
        """
        self._tell = tell
        self._zones, self._settings, self._settle_s = zones, settings, settle_s
        self.reset()
        self._sums = FlowSums()

    def reset(self) -> None:
        """The source begins anew: whoever is in the queue is forgotten, neither waiting nor gone. Sums stay."""
        self._at: datetime | None = None
        self._people: dict[int, _Waiting] = {}
        self._at_counter: dict[int, tuple[datetime, datetime]] = {}  # track → first and last instant in a service zone
        self._visible: frozenset[int] = frozenset()
        self._staff: dict[int, Behind] = {}
        self._left: list[_Waiting] = []  # who left lately
        self._owed_s, self._owed = 0.0, 0  # person-seconds and arrivals of doubles, counted before that was known

    @property
    def waiting(self) -> Counter[Zone]:
        """How many wait now, by the queue zone that they joined in."""
        return Counter(p.zone for p in self._people.values() if p.joined and p.zone is not None)

    def take_out(self) -> FlowSums:
        """The sums since the last call."""
        sums, self._sums = self._sums, FlowSums()
        return sums

    def take(self, seen: Positions, at: datetime) -> None:
        """Count one frame; frames come in order."""
        if self._at is not None and _s(self._at, at) > UNSEEN_S:
            self.reset()
        if self._at is not None:
            self._add(measured_s=_s(self._at, at))
        zones = self._zones.zones
        visible: dict[int, Place] = {
            int(i): (None if place < 0 else zones[place], (float(p[0]), float(p[1])))
            for i, p, place in zip(seen.ids, seen.points, self._zones.locate(seen.points), strict=True)
            if place < 0 or zones[place].role != "mask"
        }
        visible = self._without_staff(visible, at)
        for track_id, (zone, point) in visible.items():
            role = None if zone is None else zone.role
            if role == "service":
                first, _ = self._at_counter.get(track_id, (at, at))
                self._at_counter[track_id] = (first, at)
            if role in ("queue", "service", "hall") and track_id not in self._people and track_id not in self._visible:
                self._take_up(track_id, point, at, visible)
            known = self._people.get(track_id)
            if role == "queue" or (role == "hall" and known is not None and known.joined):  # who sits down still waits
                self._queueing(track_id, point, at, zone if role == "queue" else None)
            elif track_id in self._people:
                self._elsewhere(self._people[track_id], point, at, role)
        for track_id in [i for i, p in self._people.items() if self._is_over(i, p, at, i in visible)]:
            del self._people[track_id]
        keep_s = self._settle_s
        self._at_counter = {i: span for i, span in self._at_counter.items() if i in visible or _s(span[1], at) < keep_s}
        self._left = [p for p in self._left if _s(p.last_at, at) < 2 * keep_s]
        self._at, self._visible = at, frozenset(visible)

    def _without_staff(self, visible: dict[int, Place], at: datetime) -> dict[int, Place]:
        """Those who do not work here. Who turns out to is no longer in the queue, and never was: nothing is told of it."""
        s, roles = self._settings, {i: None if zone is None else zone.role for i, (zone, _) in visible.items()}
        self._staff = behind(
            self._staff, roles, at, self._at, min_staff_s=s.min_staff_s, bridge_s=s.bridge_s, keep_s=self._settle_s
        )
        workers = at_work(self._staff)
        for track_id in workers & self._people.keys():
            del self._people[track_id]
        return {i: place for i, place in visible.items() if i not in workers}

    def _queueing(self, track_id: int, point: tuple[float, float], at: datetime, zone: Zone | None) -> None:
        s = self._settings
        p = self._people.get(track_id)
        if p is None:
            if self._was_served(track_id):
                return  # steps back from the counter: not a second time in the queue
            p = self._people[track_id] = self._newcomer(track_id, point, at)
        if p.joined:
            self._add(waiting_person_s=_s(p.last_at, at))
        else:
            if _s(p.last_at, at) > s.bridge_s and p.last_at != self._at:
                p.since = at
            if _s(p.since, at) >= s.min_dwell_s:
                p.joined, p.zone = True, zone
                self._add(waiting_person_s=_s(p.since, at), arrivals=1)
                if self._tell is not None and zone is not None:
                    self._tell("joined", zone, p.since)
        p.last_at = p.seen_at = at
        p.trail = onward(p.trail, point, at)
        p.point, p.away, p.service_at, p.by_door = point, False, None, False

    def _newcomer(self, track_id: int, point: tuple[float, float], at: datetime) -> _Waiting:
        if self._at is None or track_id in self._visible:
            return _Waiting(at, at, at, point)
        beside = any(p.joined and _apart(p.point, point) <= _REACH / 2 for p in self._people.values())
        return _Waiting(at, at, at, point, began=point, beside=beside)

    def _elsewhere(self, p: _Waiting, point: tuple[float, float], at: datetime, role: Role | None) -> None:
        p.seen_at, p.point, p.away = at, point, True
        p.trail = onward(p.trail, point, at)
        if role is not None:
            p.by_door = role == "door"
        if role == "service" and p.service_at is None:
            p.service_at = at

    def _is_over(self, track_id: int, p: _Waiting, at: datetime, visible: bool) -> bool:
        """Whether they left the queue: counts it."""
        s, gone_s = self._settings, _s(p.last_at, at)
        if not p.joined:
            return gone_s > s.bridge_s and p.last_at != at
        left = visible or p.away or walked_out(p.trail, p.point, p.seen_at, self._zones)
        patience_s = s.grace_s if left else self._settle_s
        if gone_s < patience_s:
            return False
        if not left and self._is_double(p):
            return True
        self._left.append(p)
        self._add(departures=1, waiting_person_s=_s(p.last_at, p.service_at) if p.service_at else 0.0)
        if self._tell is not None and p.zone is not None and p.by_door and p.service_at is None:
            self._tell("left", p.zone, p.last_at)
        return True

    def _is_double(self, p: _Waiting) -> bool:
        """Whether who vanished in the queue was somebody else's second track, or has a second track that goes on."""
        for other in (*self._people.values(), *self._left):
            if other is not p and other.joined and other.began is not None:
                before_s = _s(other.since, p.last_at)
                if 0 <= before_s <= self._settle_s and _apart(other.began, p.point) <= _REACH:
                    other.since = p.since
                    self._owe(before_s)
                    return True
        if p.beside:
            self._owe(_s(p.since, p.last_at))
        return p.beside

    def _owe(self, person_s: float) -> None:
        self._owed += 1
        self._owed_s += person_s

    def _take_up(self, track_id: int, point: tuple[float, float], at: datetime, visible: Mapping[int, Place]) -> None:
        """A new track carries on the nearest person who is missing, if one is within reach."""
        missing = [(_apart(p.point, point), i, p) for i, p in self._people.items() if p.joined and i not in visible]
        near = [(d, i) for d, i, p in missing if d <= min(_FURTHEST, _REACH + _REACH_PER_S * _s(p.seen_at, at))]
        if near:
            self._people[track_id] = self._people.pop(min(near)[1])
            self._people[track_id].trail = ()

    def _was_served(self, track_id: int) -> bool:
        first, last = self._at_counter.get(track_id, (None, None))
        return first is not None and last is not None and _s(first, last) >= self._settings.min_service_s

    def _add(
        self, *, measured_s: float = 0.0, waiting_person_s: float = 0.0, arrivals: int = 0, departures: int = 0
    ) -> None:
        paid_s, paid = min(self._owed_s, waiting_person_s), min(self._owed, arrivals)
        self._owed_s, self._owed = self._owed_s - paid_s, self._owed - paid
        waiting_person_s, arrivals = waiting_person_s - paid_s, arrivals - paid
        self._sums += FlowSums(measured_s, waiting_person_s, arrivals, departures)


def _apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    return math.hypot(a[0] - b[0], a[1] - b[1])


def _s(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds()

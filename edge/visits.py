"""Tracks become visits: a pure state machine, with time as an argument.

A person is followed by the place of their foot point::

    outside ──► queue ──── min_dwell_s ────► arrived ──┐
       │          └─ gone sooner: a passer-by          ├─ min_service_s in a service zone ──► in service
       └──────► service zone (a direct walk: waits 0) ─┘
                          gone from every zone for grace_s: the visit is closed

Outcome, decided once the person has been in no zone for ``grace_s``; *seen leaving* means: seen outside the zones afterwards, or
on the way out of them when last seen (``leaving.py``). Whoever vanishes otherwise is missing, and waited for, for ``settle_s``.

=========  ==============================================================================================
served     service had started, and they were seen leaving or had already left the service zone
reneged    arrived in the queue, no service, seen leaving
balked     stood in a hall zone for ``min_balk_s``, never joined the queue, seen leaving
lost       vanished inside the zones for good (or the source ended): censored at ``departure_at``
=========  ==============================================================================================

A track that appears in the zones, or in the middle of the picture, carries on the nearest of those who are missing; the bridged time
is kept in ``stitched_s``. Who was in a staff zone for ``min_staff_s`` works here: no visit is theirs, wherever they go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from motcua.edge.leaving import Trail, onward, pace, walked_out
from motcua.edge.messages import Lane
from motcua.edge.staff import Behind, at_work, behind
from motcua.edge.zones import Role, Zone, Zones

Outcome = Literal["served", "reneged", "balked", "lost"]

_BORDER = 0.05  # of the picture
_STAYS: frozenset[Role] = frozenset({"queue", "service", "hall"})


@dataclass(frozen=True, slots=True)
class VisitSettings:
    """Seconds, and fractions of the picture for the two distances."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}  # a misspelt entry of the settings file is an error

    min_dwell_s: float = 2.0
    min_service_s: float = 3.0
    min_balk_s: float = 10.0
    min_staff_s: float = 2.0  # on the staff's side for so long: works here
    grace_s: float = 4.0
    bridge_s: float = 1.5  # absences from a zone up to this do not interrupt a stay that is being timed
    stitch_distance: float = 0.04  # how far from a missing person a new track may carry their visit on; 0: never …
    stitch_per_s: float = 0.02  # … and how much farther with every second,
    stitch_most: float = 0.25  # but never farther than this
    settle_s: float = 30.0  # whoever vanishes inside the zones is missing for so long, then lost

    def __post_init__(self) -> None:
        if min(self.min_dwell_s, self.min_service_s, self.min_balk_s, self.min_staff_s, self.bridge_s) < 0:
            raise ValueError("the settings of visits are not negative")
        if self.grace_s <= self.bridge_s or self.stitch_distance < 0 or self.stitch_per_s < 0:
            raise ValueError("grace_s must be greater than bridge_s, and stitch_distance not negative")
        if self.settle_s < self.grace_s:
            raise ValueError("settle_s must not be less than grace_s")


@dataclass(frozen=True, slots=True)
class Positions:
    """Who is where in one frame. ids: (n,) int, each once; points: (n, 2) foot points, fractions of the picture."""

    ids: NDArray[np.int64]
    points: NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Person:
    """One person who is or has just been in a zone. The instants of stays that are being timed end in ``_since``."""

    track_id: int
    point: tuple[float, float]
    seen_at: datetime
    zone_at: datetime  # last moment in any zone
    role: Role  # of the zone they were last in
    at_counter: str | None = None  # of that zone, where it is a service zone
    queue_since: datetime | None = None
    queue_at: datetime | None = None
    counter_since: datetime | None = None
    counter_at: datetime | None = None
    counter_id: str | None = None  # of the stay being timed; of the service once it started
    hall_since: datetime | None = None
    arrival_at: datetime | None = None
    service_start_at: datetime | None = None
    lane: Lane = "ordinary"
    stitched_s: float = 0.0
    trail: Trail = ()


@dataclass(frozen=True, slots=True)
class ClosedVisit:
    """One visit that is over."""

    arrival_at: datetime
    service_start_at: datetime | None
    departure_at: datetime
    closed_at: datetime
    outcome: Outcome
    counter_id: str | None
    lane: Lane
    stitched_s: float


@dataclass(frozen=True, slots=True)
class VisitState:
    """Everything the machine remembers between frames: plain data, so that it can be written down."""

    people: Mapping[int, Person] = field(default_factory=dict)
    at: datetime | None = None
    ids: frozenset[int] = frozenset()  # every track of the last frame, in a zone or not
    staff: Mapping[int, Behind] = field(default_factory=dict)


def step(
    state: VisitState, seen: Positions, at: datetime, zones: Zones, settings: VisitSettings
) -> tuple[VisitState, list[ClosedVisit]]:
    """Take one frame in: the next state, and the visits that closed with it, by arrival.

    Raises ValueError when ``at`` lies before the last frame: a source whose clock jumped back starts a new state.
    """
    if state.at is not None and at < state.at:
        raise ValueError(f"frame of {at.isoformat()} comes after that of {state.at.isoformat()}: start a new state")
    places = zones.locate(seen.points)
    visible = {
        int(track_id): (None if place < 0 else zones.zones[place], (float(point[0]), float(point[1])))
        for track_id, point, place in zip(seen.ids, seen.points, places, strict=True)
        if place < 0 or zones.zones[place].role != "mask"
    }
    staff = behind(
        state.staff,
        {i: None if zone is None else zone.role for i, (zone, _) in visible.items()},
        at,
        state.at,
        min_staff_s=settings.min_staff_s,
        bridge_s=settings.bridge_s,
        keep_s=settings.settle_s,
    )
    ids, workers = frozenset(visible), at_work(staff)
    visible = {i: seen_at for i, seen_at in visible.items() if i not in workers}
    people = _stitched(state, visible, at, zones, settings)
    # Who turns out to work here was never queueing; a service that had begun was somebody's, whose track they now have.
    taken = [_visit(p, "lost", at) for i, p in people.items() if i in workers and p.service_start_at is not None]
    people = {i: p for i, p in people.items() if i not in workers}
    for track_id, (zone, point) in visible.items():
        person = people.get(track_id)
        if zone is not None and _stays(zone):
            known = person or Person(track_id, point, at, at, zone.role)
            trail = onward(known.trail, point, at)
            changes = _inside(known, zone, at, state.at, settings)
            people[track_id] = replace(known, point=point, seen_at=at, trail=trail, **changes)
        elif person is not None:
            people[track_id] = replace(person, point=point, seen_at=at, trail=onward(person.trail, point, at))
    gone = {i for i, p in people.items() if _is_over(p, at, zones, settings)}
    closed = taken + [visit for i in gone if (visit := _close(people[i], at, zones, settings)) is not None]
    staying = {i: p for i, p in people.items() if i not in gone}
    return VisitState(staying, at, ids, staff), sorted(closed, key=lambda v: (v.arrival_at, v.departure_at))


def _left(p: Person, zones: Zones) -> bool:
    """Whether they were seen leaving: outside of the zones, or on their way out when last seen."""
    return p.seen_at > p.zone_at or walked_out(p.trail, p.point, p.seen_at, zones)


def _is_over(p: Person, at: datetime, zones: Zones, settings: VisitSettings) -> bool:
    """Whether a visit ends now: whoever left, for ``grace_s``; whoever vanished inside the zones is missing for ``settle_s``."""
    gone_s = (at - p.zone_at).total_seconds()
    if gone_s < settings.grace_s:
        return False
    return gone_s >= settings.settle_s or p.arrival_at is None or _left(p, zones)


def flush(state: VisitState, at: datetime) -> list[ClosedVisit]:
    """The source ends: every visit that is still open is lost, censored at the last moment in a zone."""
    visits = [_visit(p, "lost", at) for p in state.people.values() if p.arrival_at is not None]
    return sorted(visits, key=lambda v: (v.arrival_at, v.departure_at))


def _inside(p: Person, zone: Zone, at: datetime, last_frame_at: datetime | None, settings: VisitSettings) -> dict[str, Any]:
    """What changes of a person with a frame that shows them in a queue, service or hall zone."""

    def goes_on(last: datetime | None) -> bool:
        # Seen there in the frame before is no absence, however slow the frames come.
        return last is not None and (last == last_frame_at or (at - last).total_seconds() <= settings.bridge_s)

    changes: dict[str, Any] = {"zone_at": at, "role": zone.role, "at_counter": zone.counter_id}
    if zone.role == "hall":
        return changes | {"hall_since": p.hall_since or at}
    if zone.role == "queue":
        since = p.queue_since if p.queue_since and goes_on(p.queue_at) else at
        changes |= {"queue_since": since, "queue_at": at}
        if p.arrival_at is None and (at - since).total_seconds() >= settings.min_dwell_s:
            # A look at a counter before joining the queue is not the beginning of a service.
            changes |= {"arrival_at": since, "lane": zone.lane, "counter_since": None}
        return changes
    if p.service_start_at is not None:
        return changes
    same = p.counter_since is not None and p.counter_id == zone.counter_id and goes_on(p.counter_at)
    since = p.counter_since if same and p.counter_since else at
    changes |= {"counter_id": zone.counter_id, "counter_since": since, "counter_at": at}
    if (at - since).total_seconds() >= settings.min_service_s:
        changes["service_start_at"] = since
        if p.arrival_at is None:
            changes |= {"arrival_at": since, "lane": zone.lane}
    return changes


def _stitched(
    state: VisitState,
    visible: Mapping[int, tuple[Zone | None, tuple[float, float]]],
    at: datetime,
    zones: Zones,
    settings: VisitSettings,
) -> dict[int, Person]:
    """The people, each vanished one given the new track that appeared nearest to where they were last seen."""
    people = dict(state.people)
    new = {
        track_id: point
        for track_id, (zone, point) in visible.items()
        if track_id not in state.ids and track_id not in people and (_stays(zone) or not _at_border(point))
    }
    broken = [p for p in people.values() if p.track_id not in visible]
    pairs = sorted(
        (float(np.hypot(p.point[0] - point[0], p.point[1] - point[1])), p.track_id, track_id)
        for p in broken
        for track_id, point in new.items()
    )
    for distance, old, track_id in pairs:
        if old not in people or track_id in people or settings.stitch_distance == 0:
            continue
        p = people[old]
        gap_s = (at - p.seen_at).total_seconds()
        per_s = settings.stitch_per_s + float(np.hypot(*pace(p.trail, p.point, p.seen_at)))
        if distance > min(settings.stitch_distance + per_s * gap_s, settings.stitch_most):
            continue
        del people[old]
        people[track_id] = replace(p, track_id=track_id, stitched_s=p.stitched_s + gap_s, trail=())
    return people


def _stays(zone: Zone | None) -> bool:
    return zone is not None and zone.role in _STAYS


def _at_border(point: tuple[float, float]) -> bool:
    """Whether somebody who appears there may just have come into the picture."""
    return not all(_BORDER <= x <= 1 - _BORDER for x in point)


def _close(p: Person, at: datetime, zones: Zones, settings: VisitSettings) -> ClosedVisit | None:
    left = _left(p, zones)
    if p.service_start_at is not None:
        return _visit(p, "served" if left or p.role != "service" else "lost", at)
    if p.arrival_at is not None:
        return _visit(p, "reneged" if left else "lost", at)
    if p.hall_since is not None and left and (p.zone_at - p.hall_since).total_seconds() >= settings.min_balk_s:
        return _visit(replace(p, arrival_at=p.hall_since), "balked", at)
    return None


def _visit(p: Person, outcome: Outcome, at: datetime) -> ClosedVisit:
    assert p.arrival_at is not None, "only people who came are visits"
    counter_id = p.counter_id if p.service_start_at is not None else None
    stitched_s = min(
        p.stitched_s, (p.zone_at - p.arrival_at).total_seconds()
    )  # what came after the last zone is no part of it
    return ClosedVisit(p.arrival_at, p.service_start_at, p.zone_at, at, outcome, counter_id, p.lane, round(stitched_s, 3))

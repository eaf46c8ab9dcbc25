"""Service starts at counters, one for each person however often their track breaks. Pure, with time as an argument.

Somebody who stays in a service zone for ``min_service_s`` starts a service there, from their first instant on. It ends once they have been elsewhere
for ``grace_s``, or missing for ``settle_s``. A track that appears at a counter where somebody has just gone missing carries that service on, whoever it is.
A person starts once: being received at a second counter is the same wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from motcua.edge.visits import Positions, VisitSettings
from motcua.edge.zones import Zone, Zones


@dataclass(frozen=True, slots=True)
class Start:
    """One service: its zone, its first and its last instant so far."""

    zone: Zone
    at: datetime
    until: datetime


@dataclass(slots=True)
class _Guest:
    zone: Zone
    since: datetime
    last_at: datetime  # in the zone
    seen_at: datetime
    started: bool = False


class ServiceStarts:
    """Follows who is at which counter, frame by frame."""

    def __init__(self, zones: Zones, settings: VisitSettings, *, settle_s: float = 30.0) -> None:
        """settle_s: how long a track that vanished at a counter may be missing before its service is over."""
        self._zones, self._settings, self._settle_s = zones, settings, settle_s
        self.reset()

    def reset(self) -> None:
        """Whoever is there is forgotten."""
        self._guests: dict[int, _Guest] = {}
        self._visible: frozenset[int] = frozenset()
        self._at: datetime | None = None

    def take(self, seen: Positions, at: datetime) -> tuple[list[Start], list[Start]]:
        """Take one frame in; the services that started, told after ``min_service_s``, and those that are over."""
        places = {int(i): int(place) for i, place in zip(seen.ids, self._zones.locate(seen.points), strict=True)}
        starts: list[Start] = []
        for track_id, place in places.items():
            zone = self._zones.zones[place] if place >= 0 else None
            if zone is not None and zone.role == "service":
                starts += self._at_counter(track_id, zone, at, places)
            elif track_id in self._guests:
                self._guests[track_id].seen_at = at
        gone = [i for i, g in self._guests.items() if self._is_over(g, at, i in places)]
        ended = [g for g in (self._guests.pop(i) for i in gone) if g.started]
        self._visible, self._at = frozenset(places), at
        return starts, [Start(g.zone, g.since, g.last_at) for g in ended]

    def _at_counter(self, track_id: int, zone: Zone, at: datetime, places: dict[int, int]) -> list[Start]:
        g = self._guests.get(track_id)
        if g is None and track_id not in self._visible:
            g = self._taken_up(track_id, zone, places)
        if g is None:
            g = self._guests[track_id] = _Guest(zone, at, at, at)
        away_s = (at - g.last_at).total_seconds()
        if not g.started and (g.zone != zone or (away_s > self._settings.bridge_s and g.last_at != self._at)):
            g.zone, g.since = zone, at
        g.last_at = g.seen_at = at
        if g.started or (at - g.since).total_seconds() < self._settings.min_service_s:
            return []
        g.started = True
        return [Start(g.zone, g.since, at)]

    def _taken_up(self, track_id: int, zone: Zone, places: dict[int, int]) -> _Guest | None:
        """Who went missing at this counter last."""
        missing = [
            (g.seen_at, i)
            for i, g in self._guests.items()
            if i not in places and g.zone == zone and g.seen_at == g.last_at  # last seen in the zone
        ]
        if not missing:
            return None
        g = self._guests[track_id] = self._guests.pop(max(missing)[1])
        return g

    def _is_over(self, g: _Guest, at: datetime, visible: bool) -> bool:
        gone_s, s = (at - g.last_at).total_seconds(), self._settings
        if not g.started:
            return gone_s > s.bridge_s and g.last_at != at and (visible or gone_s > s.grace_s)
        # Somebody who is still about after a service has had theirs: they are kept until they are gone.
        return (at - g.seen_at).total_seconds() >= (s.grace_s if g.seen_at > g.last_at else self._settle_s)

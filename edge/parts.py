"""A camera that sees only a part of a queue: what it counts by the minute, instead of visits. Pure, with time as an argument.

One camera sees people come and wait, others see them received; nobody is recognised from one to the other. A visit would be wrong at both: the hall
would say that everybody left unserved, a counter that nobody waited. So these cameras publish counts alone.

========  =================================================================================================
arrivals  who stayed in a queue zone for ``min_dwell_s``, from their first instant there (:mod:`motcua.edge.flow`)
left      who had joined and was last seen in a door zone
started   who stayed in a service zone for ``min_service_s``; a track that breaks there is taken up by the next one (:mod:`motcua.edge.starts`)
========  =================================================================================================
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from motcua.edge.flow import UNSEEN_S, Event, QueueFlow
from motcua.edge.messages import CountedLane, Part, Started
from motcua.edge.queue import QueueFigures
from motcua.edge.starts import ServiceStarts
from motcua.edge.visits import Positions, VisitSettings
from motcua.edge.zones import Zone, Zones

PERIOD_S = 60
_LATE_S = 60.0  # after the end of a period, until what is told late of it has been told


@dataclass(frozen=True, slots=True)
class PeriodCounts:
    """One period of one camera. ``left`` is None where no door zone is drawn; a counter's camera does not look who waits."""

    part: Part
    start: datetime
    measured_s: float
    joined: Mapping[CountedLane, int]
    left: Mapping[CountedLane, int] | None
    waiting_person_s: Mapping[CountedLane, float] | None
    started: tuple[Started, ...]

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=PERIOD_S)


@dataclass(slots=True)
class _Open:
    measured_s: float = 0.0
    joined: Counter[CountedLane] = field(default_factory=Counter)
    left: Counter[CountedLane] = field(default_factory=Counter)
    waiting_s: dict[CountedLane, float] = field(default_factory=dict)
    starts: Counter[Zone] = field(default_factory=Counter)
    services: dict[Zone, list[float]] = field(default_factory=dict)


class PartCounter:
    """Counts frame by frame; :meth:`take_out` hands over the minutes of which nothing more will be told."""

    def __init__(self, part: Part, zones: Zones, settings: VisitSettings) -> None:
        self._part, self._zones = part, zones
        self._door = any(z.role == "door" for z in zones.zones)
        self._flow = QueueFlow(zones, settings, tell=self._told)
        self._starts = ServiceStarts(zones, settings)
        self._late_s = _LATE_S + settings.min_dwell_s
        self._open: dict[datetime, _Open] = {}
        self._at: datetime | None = None

    def take(self, seen: Positions, at: datetime) -> None:
        """Count one frame; frames come in order."""
        gap_s = 0.0 if self._at is None else (at - self._at).total_seconds()
        now = self._minute(at)
        if 0 < gap_s <= UNSEEN_S:
            now.measured_s += gap_s
        if self._part == "arrivals":
            if 0 < gap_s <= UNSEEN_S:
                for zone, people in self._flow.waiting.items():
                    lane = _lane(zone)
                    now.waiting_s[lane] = now.waiting_s.get(lane, 0.0) + people * gap_s
            self._flow.take(seen, at)
            self._flow.take_out()
        else:
            starts, ends = self._starts.take(seen, at)
            for s in starts:
                self._minute(s.at).starts[s.zone] += 1
            for s in ends:
                self._minute(s.until).services.setdefault(s.zone, []).append((s.until - s.at).total_seconds())
        self._at = at

    def reset(self) -> None:
        """The source begins anew: whoever is there is forgotten. Counts stay."""
        self._flow.reset()
        self._starts.reset()
        self._at = None

    def take_out(self, *, everything: bool = False) -> list[PeriodCounts]:
        """The periods that are over, oldest first; ``everything``: those still going on too."""
        until = None if self._at is None else self._at - timedelta(seconds=PERIOD_S + self._late_s)
        over = [start for start in sorted(self._open) if everything or (until is not None and start <= until)]
        return [self._closed(start, self._open.pop(start)) for start in over]

    def _told(self, event: Event, zone: Zone, at: datetime) -> None:
        minute = self._minute(at)
        (minute.joined if event == "joined" else minute.left)[_lane(zone)] += 1

    def _minute(self, at: datetime) -> _Open:
        start = datetime.fromtimestamp(at.timestamp() // PERIOD_S * PERIOD_S, UTC)
        return self._open.setdefault(start, _Open())

    def _closed(self, start: datetime, o: _Open) -> PeriodCounts:
        arrivals = self._part == "arrivals"
        left = dict(o.left) if arrivals and self._door else None
        waiting = {lane: round(s, 2) for lane, s in o.waiting_s.items()} if arrivals else None
        zones = sorted({*o.starts, *o.services}, key=lambda z: (z.counter_id or "", z.lane))
        started = tuple(_started(z, o.starts[z], o.services.get(z, ())) for z in zones)
        return PeriodCounts(self._part, start, min(round(o.measured_s, 2), PERIOD_S), dict(o.joined), left, waiting, started)


def seen_in_part(known: QueueFigures, part: Part) -> QueueFigures:
    """A queue's figures as far as a part of it may be told: nobody is foretold anything, and a counter sees no queue."""
    none = replace(known, expected_wait_s=None, low_s=None, high_s=None)
    none = replace(none, state="too_few" if known.state in ("ok", "closed", "unknown") else known.state)
    if part == "services":
        return replace(none, waiting=None, oldest_wait_s=None, arrivals_per_h=None, waited_min=None)
    return replace(none, in_service=None, open_counters=None, services_per_h=None, n=0, counters=())


def _lane(zone: Zone) -> CountedLane:
    return zone.known_lane or "unknown"


def _started(zone: Zone, starts: int, services_s: Sequence[float]) -> Started:
    assert zone.counter_id is not None, "a service zone belongs to a counter"
    return Started(
        counter_id=zone.counter_id,
        lane=zone.known_lane,
        started=starts,
        finished=len(services_s),
        service_s=round(sum(services_s), 1),
    )

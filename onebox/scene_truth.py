"""The true visits of a rendered scene, from true paths, by the definitions in ``docs/definitions.md``. Pure.

This is written apart from the product's own state machine, so that a fault in one is not a fault in the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from motcua.edge.zones import Zones
from motcua.onebox.scene_place import SIZE, project
from motcua.onebox.scene_queue import TICK_S, Walker

MIN_DWELL_S, MIN_SERVICE_S, GRACE_S, BRIDGE_S = 2.0, 3.0, 4.0, 1.5

Outcome = Literal["served", "reneged", "lost"]


@dataclass(frozen=True, slots=True)
class TrueVisit:
    """One stay; instants in seconds since the beginning. ``lost``: it had not ended when the scene did."""

    person: int
    arrival_s: float
    service_start_s: float | None
    departure_s: float
    outcome: Outcome
    counter_id: str | None

    @property
    def queue_s(self) -> float:
        """Time in the queue, served or not."""
        return (self.departure_s if self.service_start_s is None else self.service_start_s) - self.arrival_s


def true_visits(walkers: Sequence[Walker], zones: Zones, duration_s: float) -> list[TrueVisit]:
    """Every visit, by arrival."""
    found = [v for walker in walkers for v in _visits_of(walker, zones, duration_s)]
    return sorted(found, key=lambda v: (v.arrival_s, v.person))


def _visits_of(walker: Walker, zones: Zones, duration_s: float) -> list[TrueVisit]:
    place = zones.locate(project(walker.points) / np.array(SIZE))
    inside = np.flatnonzero(place >= 0)
    if not len(inside):
        return []
    stays = np.split(inside, np.flatnonzero(np.diff(inside) * TICK_S >= GRACE_S) + 1)
    visits = [_visit(walker, stay, place, zones, duration_s) for stay in stays]
    return [v for v in visits if v is not None]


def _visit(
    walker: Walker, stay: NDArray[np.intp], place: NDArray[np.int64], zones: Zones, duration_s: float
) -> TrueVisit | None:
    """One stay: the ticks in any zone, without an absence of ``GRACE_S``."""

    def second(tick: Any) -> float:
        return round(walker.since_s + float(tick) * TICK_S, 3)

    service: tuple[int, str] | None = None
    queues = [i for i, z in enumerate(zones.zones) if z.role == "queue"]
    arrival = _first(stay[np.isin(place[stay], queues)], MIN_DWELL_S)
    for i, zone in enumerate(zones.zones):
        start = _first(stay[place[stay] == i], MIN_SERVICE_S) if zone.role == "service" else None
        if start is not None and (service is None or start < service[0]):
            service = (start, zone.counter_id or "")
    if service is not None and (arrival is None or arrival > service[0]):
        arrival = service[0]
    if arrival is None:
        return None
    departure = second(stay[-1])
    outcome: Outcome = "served" if service else "reneged"
    if departure + GRACE_S > duration_s:
        outcome = "lost"
    start_s, counter_id = (second(service[0]), service[1]) if service else (None, None)
    return TrueVisit(walker.number, second(arrival), start_s, departure, outcome, counter_id)


def _first(ticks: NDArray[np.intp], least_s: float) -> int | None:
    """The first tick of the first stretch that lasts ``least_s``, absences up to ``BRIDGE_S`` bridged."""
    if not len(ticks):
        return None
    for stretch in np.split(ticks, np.flatnonzero(np.diff(ticks) * TICK_S > BRIDGE_S) + 1):
        if (stretch[-1] - stretch[0]) * TICK_S >= least_s - 1e-9:
            return int(stretch[0])
    return None

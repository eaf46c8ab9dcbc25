"""People as moving points: scripts of who is where when, played frame by frame through the visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from motcua.edge.visits import ClosedVisit, Positions, VisitSettings, VisitState, flush, step
from motcua.edge.zones import Zones, parse_zones

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def _box(x1: float, y1: float, x2: float, y2: float) -> list[list[float]]:
    return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]


OFFICE: Zones = parse_zones(
    {
        "version": 1,
        "zones": [
            {"name": "hall", "role": "hall", "polygon": _box(0.1, 0.7, 0.6, 0.9)},
            {"name": "queue", "role": "queue", "polygon": _box(0.1, 0.3, 0.5, 0.7)},
            {"name": "counter A", "role": "service", "counter_id": "A", "polygon": _box(0.5, 0.3, 0.7, 0.5)},
            {"name": "counter B", "role": "service", "counter_id": "B", "polygon": _box(0.5, 0.5, 0.7, 0.7)},
            {"name": "behind", "role": "staff", "polygon": _box(0.7, 0.3, 0.8, 0.7)},
            {"name": "plant", "role": "mask", "polygon": _box(0.2, 0.4, 0.25, 0.5)},
        ],
    }
)
OUT, DOOR, QUEUE, QUEUE_RIM = (0.05, 0.1), (0.3, 0.2), (0.3, 0.5), (0.3, 0.31)
A, B, A_RIM, HALL, STAFF, PLANT = (0.6, 0.4), (0.6, 0.6), (0.6, 0.31), (0.3, 0.8), (0.75, 0.5), (0.22, 0.45)

Place = tuple[float, float]


@dataclass(frozen=True)
class Stay:
    """A track stands at a place for the seconds [start, end)."""

    track_id: int
    start: float
    end: float
    place: Place


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def walk(track_id: int, *stops: tuple[float, Place | None], start: float = 0.0) -> list[Stay]:
    """One track's stays one after the other: (seconds, place), None for not seen."""
    stays = []
    for seconds, place in stops:
        if place is not None:
            stays.append(Stay(track_id, start, start + seconds, place))
        start += seconds
    return stays


def positions(stays: Sequence[Stay], seconds: float) -> Positions:
    here = [s for s in stays if s.start <= seconds + 1e-9 < s.end]
    return Positions(
        np.array([s.track_id for s in here], dtype=np.int64), np.array([s.place for s in here], dtype=float).reshape(-1, 2)
    )


def play(
    stays: Sequence[Stay],
    *,
    fps: float = 10,
    until: float | None = None,
    zones: Zones = OFFICE,
    settings: VisitSettings | None = None,
) -> tuple[VisitState, list[ClosedVisit]]:
    """Every frame from 0 to ``until`` (by default: until the last person has been gone for long)."""
    settings = settings or VisitSettings()
    until = max((s.end for s in stays), default=0.0) + settings.settle_s + 5 if until is None else until
    state, closed = VisitState(), list[ClosedVisit]()
    for frame in range(int(until * fps + 1e-6) + 1):
        state, visits = step(state, positions(stays, frame / fps), at(frame / fps), zones, settings)
        closed += visits
    return state, closed


def play_to_end(stays: Sequence[Stay], **options: float) -> list[ClosedVisit]:
    """All visits, those still open at the end as lost."""
    state, closed = play(stays, **options)  # type: ignore[arg-type]
    assert state.at is not None
    return closed + flush(state, state.at)

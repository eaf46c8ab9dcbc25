"""People with known arrivals and service starts, as the minutes that cameras of parts of a queue would have counted. Exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

OPENING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Person:
    """Seconds since opening. counter None: left unserved by the door at ``gone_s``."""

    arrival_s: float
    gone_s: float
    lane: str = "ordinary"
    counter: str | None = "q1"

    @property
    def queued_s(self) -> float:
        return self.gone_s - self.arrival_s


def rows(
    people: Sequence[Person],
    *,
    opening: datetime = OPENING,
    door: bool = True,
    mixed: bool = False,
    watching: bool = True,
    until_s: float | None = None,
) -> list[dict[str, Any]]:
    """Rows of ``part_counts``. mixed: counters do not tell the lane. until_s: only the minutes that are over by then."""
    n = int(max(p.gone_s for p in people) // 60) + 2
    joined, left, started = Counter[Any](), Counter[Any](), Counter[Any]()
    for p in people:
        joined[int(p.arrival_s // 60), p.lane] += 1
        if p.counter is None:
            left[int(p.gone_s // 60), p.lane] += 1
        else:
            started[int(p.gone_s // 60), p.counter, None if mixed else p.lane] += 1
    lanes = sorted({p.lane for p in people})
    found: list[dict[str, Any]] = []
    for k in range(n if until_s is None else int(until_s // 60)):
        begin = opening + timedelta(minutes=k)
        common = {"period_start": begin, "period_end": begin + timedelta(minutes=1), "measured_s": 60.0}
        waiting = {
            lane: sum(max(0.0, min(p.gone_s, 60 * k + 60) - max(p.arrival_s, 60 * k)) for p in people if p.lane == lane)
            for lane in lanes
        }
        none: dict[str, Any] = {"joined": {}, "left_unserved": None, "waiting_person_s": None, "started": []}
        hall = {
            "joined": {lane: joined[k, lane] for lane in lanes if joined[k, lane]},
            "left_unserved": {lane: left[k, lane] for lane in lanes if left[k, lane]} if door else None,
            "waiting_person_s": waiting if watching else None,
        }
        starts = [{"counter_id": c, "lane": lane, "started": m} for (at, c, lane), m in started.items() if at == k]
        found.append(none | common | hall | {"source_id": "hall", "part": "arrivals"})
        found.append(none | common | {"source_id": "counters", "part": "services", "started": starts})
    return found

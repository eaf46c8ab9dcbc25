"""Who works here: tracks that were on the staff's side of a counter for a while, wherever they go afterwards. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from motcua.edge.zones import Role


@dataclass(frozen=True, slots=True)
class Behind:
    """A track that was in a staff zone. since, last_at: its present or last stay there; seen_at: last seen anywhere."""

    since: datetime
    last_at: datetime
    seen_at: datetime
    works: bool


def behind(
    known: Mapping[int, Behind],
    roles: Mapping[int, Role | None],
    at: datetime,
    last_frame_at: datetime | None,
    *,
    min_staff_s: float,
    bridge_s: float,
    keep_s: float,
) -> dict[int, Behind]:
    """The tracks of staff zones after one more frame.

    roles: every visible track's zone. Who leans over a counter is there for less than ``min_staff_s``; absences up to ``bridge_s``
    do not interrupt a stay; a track that is gone for ``keep_s`` is forgotten.
    """
    now = {i: b for i, b in known.items() if i in roles or (at - b.seen_at).total_seconds() < keep_s}
    for track_id, role in roles.items():
        b = now.get(track_id)
        if role == "staff":
            # Seen there in the frame before is no absence, however slow the frames come.
            stays_on = b is not None and (b.last_at == last_frame_at or (at - b.last_at).total_seconds() <= bridge_s)
            since = b.since if b is not None and stays_on else at
            works = (b is not None and b.works) or (at - since).total_seconds() >= min_staff_s
            now[track_id] = Behind(since, at, at, works)
        elif b is not None:
            now[track_id] = replace(b, seen_at=at)
    return now


def at_work(known: Mapping[int, Behind]) -> frozenset[int]:
    """The tracks of people who work here."""
    return frozenset(i for i, b in known.items() if b.works)

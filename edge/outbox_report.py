"""What waits in an outbox, read beside the agent that owns it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from motcua.edge.outbox import DAMAGED, OutboxError
from motcua.edge.reserve import read_reserve

_MS_PER_H = 3_600_000


@dataclass(frozen=True, slots=True)
class OutboxReport:
    """span_h, capacity_h: hours of measuring that wait, and that fit at this rate (None: too little waits to tell).

    waiting, dropped: messages by type. open_visits: people who are there now. full_disk: the reserve is given to the disk.
    """

    source_id: str
    waiting: Mapping[str, int]
    bytes: int
    max_bytes: int
    span_h: float
    capacity_h: float | None
    dropped: Mapping[str, int]
    open_visits: int
    full_disk: bool

    def line(self) -> str:
        """For people."""
        waiting = ", ".join(f"{count} {type_}" for type_, count in self.waiting.items()) or "nothing"
        room = f"{self.max_bytes / 2**20:.0f} MB" + ("" if self.capacity_h is None else f" ({self.capacity_h:.0f} h)")
        dropped = ", ".join(f"{count} {type_}" for type_, count in self.dropped.items()) or "nothing"
        full = "; the disk is FULL: only the reserve is left" if self.full_disk else ""
        return (
            f"{self.source_id}: waiting {self.span_h:.2f} h, {self.bytes / 2**20:.2f} MB of {room}: {waiting}; "
            f"given up so far: {dropped}; open visits: {self.open_visits}{full}"
        )


def report(path: Path, source_id: str, *, max_bytes: int, max_hours: float, reserve_bytes: int) -> OutboxReport:
    """Read one outbox; the agent may be running. Raises OutboxError."""
    if not path.is_file():
        raise OutboxError(f"{source_id} has no outbox at {path} yet: the agent makes it at its first start")
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            rows = db.execute(
                "SELECT type, count(*), sum(length(body)), min(lived_ms), max(lived_ms) FROM message GROUP BY type ORDER BY type"
            ).fetchall()
            dropped = Counter(dict(db.execute("SELECT type, count FROM dropped")))
            (open_visits,) = db.execute("SELECT count(*) FROM last_word").fetchone()
        finally:
            db.close()
    except sqlite3.Error as error:
        raise OutboxError(f"outbox {path} cannot be read ({error}): start the agent, which brings it up to date") from error
    size = sum(row[2] for row in rows)
    span_h = (max(row[4] for row in rows) - min(row[3] for row in rows)) / _MS_PER_H if rows else 0.0
    fits_h = (max_bytes - reserve_bytes) * span_h / size if span_h >= 1 / 120 else None
    reserve = read_reserve(path)
    if reserve is not None:
        dropped += reserve.refused + Counter({DAMAGED: reserve.damaged})
    return OutboxReport(
        source_id,
        {row[0]: row[1] for row in rows},
        size,
        max_bytes,
        span_h,
        None if fits_h is None else min(fits_h, max_hours),
        dict(sorted(dropped.items())),
        open_visits,
        reserve is not None and reserve.room < reserve_bytes,
    )


def as_json(reports: list[OutboxReport]) -> str:
    """For programs."""
    return json.dumps([{name: getattr(r, name) for name in OutboxReport.__slots__} for r in reports])

"""Minutes counted by cameras of parts of a queue become one lane's steps each. Pure.

The lane of a service start comes from the counter's zone, else from the ticket whose service began there then; the lane of an arrival from the queue zone,
else from the tickets drawn around that time. Nothing else tells a lane. Starts that nobody can assign are given to the lanes in two ways: to the priority lane
first, and in proportion to who waits. The truth of an office lies between them or at one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.analytics.curves import Counted

Row = Mapping[str, Any]
Floats = NDArray[np.floating[Any]]

STEP_S = 60.0
LANES = ("priority", "appointment", "ordinary")  # in the order in which they are received
UNKNOWN = "unknown"
_TICKET_S = 120.0  # between a service start that was seen and its ticket
_DRAWN_S = 300.0  # around an arrival whose lane the tickets drawn tell
_MOSTLY = 0.05  # of the arrivals: a larger share of unknown lane, and lanes are not told apart
_SEEN = 0.5  # of a step: what is seen in less of it is not known


@dataclass(frozen=True, slots=True)
class Steps:
    """One day on a grid of minutes from ``begin`` on. Counts by lane, ``unknown`` among them: (n,) each.

    looked: (n,) whether the hall said how many wait.
    """

    begin: datetime
    joined: dict[str, Floats]
    started: dict[str, Floats]
    left: dict[str, Floats]
    seen: dict[str, Floats]
    unseen: Floats
    looked: NDArray[np.bool_]
    door: bool

    @property
    def n(self) -> int:
        return len(self.unseen)

    def everybody(self) -> Counted:
        """All lanes together."""
        joined, started, left = (_total(part, self.n) for part in (self.joined, self.started, self.left))
        return Counted(joined, started, left, self._look(self.seen), self.unseen)

    def lane(self, name: str) -> Counted:
        """One lane."""
        none = np.zeros(self.n)
        joined, started, left = (part.get(name, none) for part in (self.joined, self.started, self.left))
        return Counted(joined, started, left, self._look({name: self.seen.get(name, none)}), self.unseen)

    def _look(self, seen: Mapping[str, Floats]) -> Floats:
        return np.where(self.looked & (self.unseen < _SEEN), _total(seen, self.n), np.nan)


def steps(rows: Sequence[Row], tickets: Sequence[Row]) -> Steps | None:
    """One day's rows on a grid; None where either arrivals or services were not counted at all."""
    by_part = {part: {r["source_id"] for r in rows if r["part"] == part} for part in ("arrivals", "services")}
    if not all(by_part.values()):
        return None
    begin, end = min(r["period_start"] for r in rows), max(r["period_end"] for r in rows)
    n = max(1, round((end - begin).total_seconds() / STEP_S))
    joined, started, left, seen = _Grid(n), _Grid(n), _Grid(n), _Grid(n)
    measured = {part: np.zeros(n) for part in by_part}
    looked, whose = np.ones(n, dtype=bool), _Tickets(tickets)
    for r in rows:
        span = _span(r, begin, n)
        measured[r["part"]][span] += r["measured_s"] / (span.stop - span.start) / STEP_S / len(by_part[r["part"]])
        for lane, people in r["joined"].items():
            for known, part in whose.drawn(r, lane):
                joined.add(known, span, people * part)
        for lane, people in (r["left_unserved"] or {}).items():
            for known, part in whose.drawn(r, lane):
                left.add(known, span, people * part)
        if r["part"] == "arrivals" and r["waiting_person_s"] is None:
            looked[span] = False
        for lane, person_s in (r["waiting_person_s"] or {}).items():
            for known, part in whose.drawn(r, lane):
                seen.add(known, span, person_s * part / STEP_S)
        for one in r["started"]:
            for known in whose.received(r, one):
                started.add(known, span, 1.0)
    door = any(r["left_unserved"] is not None for r in rows)
    share: Floats = np.clip(np.minimum(measured["arrivals"], measured["services"]), 0.0, 1.0)
    visible = np.clip(measured["arrivals"], 0.05, 1.0)  # people seen on average over the measured part of a step
    looks = {lane: people / visible for lane, people in seen.lanes.items()}
    return Steps(begin, joined.lanes, started.lanes, left.lanes, looks, 1.0 - share, looked, door)


def told_apart(day: Steps) -> bool:
    """Whether the lane of nearly every arrival is known, and there is more than one."""
    unknown = sum(float(day.joined[k].sum()) for k in day.joined if k == UNKNOWN)
    total = sum(float(v.sum()) for v in day.joined.values())
    return unknown <= _MOSTLY * total and len(names(day)) > 1


def names(day: Steps) -> list[str]:
    """The lanes in which anybody came or was received."""
    return [k for k in LANES if any(float(part[k].sum()) > 0 for part in (day.joined, day.started) if k in part)]


def allotted(day: Steps) -> list[Steps]:
    """The day with every count in a lane: once where nothing is left to be assigned, else in both ways."""
    known = names(day)
    shares = {k: float(day.joined[k].sum()) if k in day.joined else 0.0 for k in known}
    total = sum(shares.values()) or 1.0

    def spread(part: dict[str, Floats]) -> dict[str, Floats]:
        rest = part.get(UNKNOWN, np.zeros(day.n))
        return {k: part.get(k, np.zeros(day.n)) + rest * shares[k] / total for k in known}

    even = Steps(
        day.begin, spread(day.joined), day.started, spread(day.left), spread(day.seen), day.unseen, day.looked, day.door
    )
    rest = day.started.get(UNKNOWN)
    if rest is None or not rest.any():
        return [even]
    return [_assigned(even, known, rest, first) for first in (True, False)]


def _assigned(day: Steps, known: Sequence[str], rest: Floats, first: bool) -> Steps:
    """Starts of unknown lane given to who waits: the priority lane ``first``, or in proportion."""
    came = sum(float(v.sum()) for v in day.joined.values()) - sum(float(v.sum()) for v in day.left.values())
    went = sum(float(v.sum()) for v in day.started.values())
    scale = went / came if came > 0 else 1.0
    started = {k: day.started.get(k, np.zeros(day.n)).copy() for k in known}
    waiting = dict.fromkeys(known, 0.0)
    for k in range(day.n):
        for lane in known:
            change = scale * (day.joined[lane][k] - day.left[lane][k]) - started[lane][k]
            waiting[lane] = max(0.0, waiting[lane] + change)
        open_ = float(rest[k])
        total = sum(waiting.values())
        for lane in known:
            if first:
                taken = min(open_, waiting[lane]) if lane != known[-1] else open_
                open_ -= taken
            else:
                taken = open_ * (waiting[lane] / total if total > 0 else 1.0 / len(known))
            started[lane][k] += taken
            waiting[lane] = max(0.0, waiting[lane] - taken)
    return Steps(day.begin, day.joined, started, day.left, day.seen, day.unseen, day.looked, day.door)


class _Grid:
    def __init__(self, n: int) -> None:
        self._n = n
        self.lanes: dict[str, Floats] = {}

    def add(self, lane: str, span: slice, people: float) -> None:
        self.lanes.setdefault(lane, np.zeros(self._n))[span] += people / (span.stop - span.start)


class _Tickets:
    """What tickets say of lanes that no zone tells."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._drawn: list[tuple[datetime, str]] = []
        self._began: dict[str, list[tuple[datetime, str]]] = {}
        for r in rows:
            if r["event"] == "issued":
                self._drawn.append((r["at"], r["lane"]))
            elif r["counter_id"] is not None:
                self._began.setdefault(r["counter_id"], []).append((r["at"], r["lane"]))

    def drawn(self, row: Row, lane: str) -> list[tuple[str, float]]:
        """(lane, share) of people who joined within a row."""
        if lane != UNKNOWN:
            return [(lane, 1.0)]
        near = [of for at, of in self._drawn if _apart_s(row, at) <= _DRAWN_S]
        return [(of, near.count(of) / len(near)) for of in sorted(set(near))] or [(UNKNOWN, 1.0)]

    def received(self, row: Row, one: Row) -> list[str]:
        """The lane of each start of a row at one counter; a ticket tells of one start."""
        if one["lane"] is not None:
            return [str(one["lane"])] * int(one["started"])
        mine = self._began.get(one["counter_id"], [])
        found: list[str] = []
        for _ in range(int(one["started"])):
            near = [(_apart_s(row, ticket[0]), ticket) for ticket in mine if _apart_s(row, ticket[0]) <= _TICKET_S]
            if near:
                mine.remove(min(near)[1])
            found.append(min(near)[1][1] if near else UNKNOWN)
        return found


def _apart_s(row: Row, at: datetime) -> float:
    """How far an instant lies outside a row's period, seconds."""
    outside: float = max(0.0, (row["period_start"] - at).total_seconds(), (at - row["period_end"]).total_seconds())
    return outside


def _span(row: Row, begin: datetime, n: int) -> slice:
    first = min(n - 1, max(0, int((row["period_start"] - begin).total_seconds() // STEP_S)))
    steps_ = max(1, round((row["period_end"] - row["period_start"]).total_seconds() / STEP_S))
    return slice(first, min(n, first + steps_))


def _total(parts: Mapping[str, Floats], n: int) -> Floats:
    total = np.zeros(n)
    for part in parts.values():
        total = total + part
    return total

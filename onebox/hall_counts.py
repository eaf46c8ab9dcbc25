"""What cameras would count of a simulated day: people missed, people counted twice, a hall that is seen through a crowd. Pure and seeded."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from motcua.edge.compose import Source
from motcua.edge.messages import CountedLane, Counts, Lane, Started
from motcua.onebox.hall_day import Guest, Hall

STEP_S = 60.0
HIDDEN = 5  # steps

_Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Noise:
    """Chances by person, of the hall's camera and of the counters'; ``crowd_missed`` instead where ``crowd`` people or more wait.

    hidden: of somebody who waits, whoever was counted or not, to be hidden from the hall's eyes for five minutes at a time.
    """

    hall_missed: float = 0.0
    hall_doubled: float = 0.0
    counters_missed: float = 0.0
    counters_doubled: float = 0.0
    crowd_missed: float | None = None
    crowd: int = 8
    hidden: float = 0.1


NOISES: dict[str, Noise] = {
    "exact": Noise(hidden=0.0),
    "misses": Noise(hall_missed=0.1, counters_missed=0.1),
    "misses and doubles": Noise(0.1, 0.1, 0.1, 0.1),
    "hall misses": Noise(hall_missed=0.1),
    "counters miss": Noise(counters_missed=0.1),
    "hall doubles": Noise(hall_doubled=0.1),
    "crowded hall misses": Noise(hall_missed=0.04, crowd_missed=0.16, counters_missed=0.1),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """How often each person was counted: by the hall, at a counter, at the door."""

    hall: int
    counter: int
    door: int


def seen(guests: Sequence[Guest], noise: Noise, seed: int) -> list[Seen]:
    """Who is counted how often. At the door the hall's camera errs once more, of those it counted."""
    chance = random.Random(seed)

    def times(missed: float, doubled: float) -> int:
        return 0 if (at := chance.random()) < missed else 2 if at > 1 - doubled else 1

    found = []
    for g in guests:
        crowded = sum(o.arrival_s < g.arrival_s < o.gone_s for o in guests) >= noise.crowd
        missed = noise.crowd_missed if crowded and noise.crowd_missed is not None else noise.hall_missed
        came = times(missed, noise.hall_doubled)
        counter = times(noise.counters_missed, noise.counters_doubled) if g.start_s is not None else 0
        found.append(Seen(came, counter, came if g.start_s is None else 0))
    return found


def messages(
    guests: Sequence[Guest],
    copies: Sequence[Seen],
    office: Hall,
    noise: Noise,
    *,
    begin: datetime,
    office_id: str,
    seed: int,
    until_s: float | None = None,
) -> list[Counts]:
    """What the hall's camera and two cameras at the counters would publish of a day that opens at ``begin``, a whole minute, by minutes.

    until_s: only what is over by then, seconds since opening.
    """
    n = math.ceil(max((g.gone_s for g in guests), default=0.0) / STEP_S) + 1
    chance, ends = np.random.default_rng(seed), np.arange(n + 1) * STEP_S
    joined, left, starts = Counter[_Key](), Counter[_Key](), Counter[tuple[int, int]]()
    waiting: dict[CountedLane, Any] = {lane: np.zeros(n) for lane in sorted({g.lane for g in guests})}
    for g, c in zip(guests, copies, strict=True):
        joined[int(g.arrival_s // STEP_S), g.lane] += c.hall
        if g.counter is None:
            left[int(g.gone_s // STEP_S), g.lane] += c.door
        else:
            starts[int(g.gone_s // STEP_S), g.counter] += c.counter
        inside_s = np.clip(np.minimum(ends[1:], g.gone_s) - np.maximum(ends[:-1], g.arrival_s), 0, None)
        waiting[g.lane] += inside_s * np.repeat(chance.random(n // HIDDEN + 1) >= noise.hidden, HIDDEN)[:n]
    lanes = list(waiting)
    steps = n if until_s is None else min(n, int(until_s // STEP_S))
    found: list[Counts] = []
    epoch = int(begin.timestamp() * 1000)
    for k in range(steps):
        start, end = begin + timedelta(seconds=k * STEP_S), begin + timedelta(seconds=(k + 1) * STEP_S)
        common = {"epoch": epoch, "seq": k + 1, "period_start": start, "period_end": end, "measured_s": STEP_S}
        hall = Source(office_id, "hall", "simulated").envelope(end) | common
        found.append(
            Counts(
                **hall,
                part="arrivals",
                joined={lane: joined[k, lane] for lane in lanes if joined[k, lane]},
                left={lane: left[k, lane] for lane in lanes if left[k, lane]},
                waiting_person_s={lane: round(float(waiting[lane][k]), 2) for lane in lanes if waiting[lane][k]},
            )
        )
        for camera in range(2):
            mine = [i for i in range(len(office.counters)) if i % 2 == camera and starts[k, i]]
            source = Source(office_id, f"counters-{camera + 1}", "simulated").envelope(end) | common
            started = tuple(
                Started(counter_id=f"q{i + 1}", lane=_lane(office.counters[i]), started=starts[k, i]) for i in mine
            )
            found.append(Counts(**source, part="services", started=started))
    return found


def tickets(guests: Sequence[Guest], begin: datetime) -> list[dict[str, Any]]:
    """What the ticket machine knows of every start, as rows of ``ticket_lanes``."""
    return [
        {
            "at": begin + timedelta(seconds=g.gone_s),
            "event": "started",
            "counter_id": f"q{g.counter + 1}",
            "lane": g.lane,
        }
        for g in guests
        if g.counter is not None
    ]


def rows(counts: Sequence[Counts]) -> list[dict[str, Any]]:
    """The messages as rows of ``part_counts``, without a database."""
    ordered = sorted(counts, key=lambda m: (m.period_start, m.source_id))
    return [{**m.model_dump(exclude={"left"}), "left_unserved": m.left} for m in ordered]


def _lane(lanes: tuple[Lane, ...]) -> Lane | None:
    return lanes[0] if len(lanes) == 1 else None

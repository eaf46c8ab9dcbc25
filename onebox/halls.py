"""Waits from counts of several cameras, scored against the truth of simulated days. Pure and seeded."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from motcua.analytics.halls import HallFigures, Mean, hall
from motcua.analytics.lanes import STEP_S
from motcua.onebox.hall_counts import NOISES, Noise, messages, rows, seen, tickets
from motcua.onebox.hall_day import Guest, day
from motcua.onebox.hall_day import hall as random_hall

OPENING = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)  # 07:30 in Viet Nam
_DAY = timedelta(days=1)


@dataclass(slots=True)
class Score:
    """One estimator against the truth, over days: pooled means in seconds, single days, and how often the interval held."""

    true_s: float = 0.0
    true_n: float = 0.0
    told_s: float = 0.0
    told_n: float = 0.0
    errors: list[float] = field(default_factory=list)  # of single days, as shares of the truth
    held: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)  # of the interval, as shares of the truth

    def add(self, waits_s: Sequence[float], told: Mean | None) -> None:
        """A day's true waits, and what was told of them."""
        if told is None or not waits_s:
            return
        true = sum(waits_s) / len(waits_s)
        self.true_s, self.true_n = self.true_s + sum(waits_s), self.true_n + len(waits_s)
        self.told_s, self.told_n = self.told_s + told.mean_s * told.n, self.told_n + told.n
        if true > 0:
            self.errors.append(told.mean_s / true - 1)
        if told.low_s is not None and told.high_s is not None:
            self.held.append(told.low_s <= true <= told.high_s)
            self.widths.append((told.high_s - told.low_s) / true if true > 0 else 0.0)

    @property
    def error(self) -> float | None:
        """The pooled mean over the true one, minus 1."""
        if not self.true_s or not self.told_n:
            return None
        return (self.told_s / self.told_n) / (self.true_s / self.true_n) - 1

    def row(self) -> dict[str, Any]:
        """For people and files."""
        off = np.abs(self.errors)
        return {
            "days": len(self.errors),
            "true_mean_s": round(self.true_s / self.true_n, 1) if self.true_n else None,
            "error": None if self.error is None else round(self.error, 4),
            "day_error_median": round(float(np.median(off)), 4) if len(off) else None,
            "day_error_p90": round(float(np.quantile(off, 0.9)), 4) if len(off) else None,
            "interval_holds": round(float(np.mean(self.held)), 4) if self.held else None,
            "interval_width_median": round(float(np.median(self.widths)), 4) if self.widths else None,
        }


@dataclass(slots=True)
class Trial:
    """All scores of one kind of noise. bare: the area between the curves as they were counted."""

    curves: Score = field(default_factory=Score)
    fifo: Score = field(default_factory=Score)
    lanes: dict[str, Score] = field(default_factory=dict)
    bare: Score = field(default_factory=Score)
    states: dict[str, int] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """For people and files."""
        lanes = {f"fifo_{name}": score.row() for name, score in sorted(self.lanes.items())}
        return {
            "states": self.states,
            "curves": self.curves.row(),
            "fifo": self.fifo.row(),
            **lanes,
            "uncorrected": self.bare.row(),
        }


def trial(noise: Noise, *, days: int, seed: int, with_tickets: bool = True, watching: bool = True) -> Trial:
    """Score one kind of noise on random office days, the same for every kind.

    with_tickets: a ticket machine tells the lane where a counter serves several. watching: the hall says how many wait.
    """
    found = Trial()
    for number in range(days):
        office = random_hall(random.Random(seed * 1000 + number))
        guests = day(office, seed * 1000 + number)
        copies = seen(guests, noise, seed * 1000 + number + 500)
        counts = messages(guests, copies, office, noise, begin=OPENING, office_id="simulated", seed=seed * 1000 + number)
        if not watching:
            counts = [m.model_copy(update={"waiting_person_s": None}) for m in counts]
        whose = tickets(guests, OPENING) if with_tickets else []
        told = hall(rows(counts), whose, OPENING, OPENING + _DAY, OPENING + 2 * _DAY)
        assert told is not None
        found.states[told.state] = found.states.get(told.state, 0) + 1
        _score(found, guests, told, rows(counts))
    return found


def everything(*, days: int, seed: int) -> dict[str, Trial]:
    """Every kind of noise, and what is harder: a hall that says not how many wait; no tickets where counters serve several lanes."""
    found = {name: trial(noise, days=days, seed=seed) for name, noise in NOISES.items()}
    found["misses, hall not watched"] = trial(NOISES["misses"], days=days, seed=seed, watching=False)
    found["misses, lanes not told"] = trial(NOISES["misses"], days=days, seed=seed, with_tickets=False)
    return found


def bare_area_s(counted: Sequence[dict[str, Any]]) -> tuple[float, int]:
    """The area between the curves as they were counted, person-seconds, and the departures."""
    waiting, area, gone = 0.0, 0.0, 0
    steps = sorted({r["period_start"] for r in counted})
    by_step: dict[datetime, list[dict[str, Any]]] = {at: [] for at in steps}
    for r in counted:
        by_step[r["period_start"]].append(r)
    for at in steps:
        came = sum(sum(r["joined"].values()) for r in by_step[at])
        went = sum(sum((r["left_unserved"] or {}).values()) for r in by_step[at])
        went += sum(one["started"] for r in by_step[at] for one in r["started"])
        area += (waiting + (came - went) / 2) * STEP_S
        waiting, gone = waiting + came - went, gone + went
    return area, gone


def _score(found: Trial, guests: Sequence[Guest], told: HallFigures, counted: Sequence[dict[str, Any]]) -> None:
    received = [g for g in guests if g.start_s is not None]
    everybody = [g.queued_s for g in guests]
    found.curves.add(everybody, told.curves)
    found.fifo.add([g.queued_s for g in received], told.fifo)
    for lane in told.lanes:
        found.lanes.setdefault(lane.lane, Score()).add([g.queued_s for g in received if g.lane == lane.lane], lane)
    area, gone = bare_area_s(counted)
    if gone:
        found.bare.add(everybody, Mean(gone, area / gone, None, None))

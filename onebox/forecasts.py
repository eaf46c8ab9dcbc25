"""How good forecasts of the wait are: scored, and learned, on simulated office days. The agent's own code makes every forecast.

A case is a newcomer who finds no free counter and is told a wait; the truth is what they waited, or would have waited had they
not given up. Newcomers who find a free counter are told 0 and counted apart: nobody needs an interval for them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.edge.forecast import SHARES, Adaptive, Learned, Predictor, Quantiles, Seen, features
from motcua.edge.queue import QueueSettings, figures
from motcua.edge.visits import ClosedVisit, Person, VisitState
from motcua.onebox.office_day import Came, Laws, day, office

_MONDAY = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
_SETTINGS = QueueSettings()
_GRACE = timedelta(seconds=4)


@dataclass(frozen=True, slots=True)
class Case:
    """One newcomer: what they find (None: the agent foretells nothing), and the truth."""

    at: datetime
    found: Seen | None
    came: Came
    left_at: datetime  # the queue


def cases(laws: Laws, seed: int, days: int) -> Iterator[Case]:
    """Everybody of some days of one office, in the order of arrival, with what the agent knows as they come."""
    for number in range(days):
        begin = _MONDAY + timedelta(days=number)
        people = [(i, _person(i, c, begin), c) for i, c in enumerate(day(laws, seed * 1000 + number))]
        yield from _of_day(people, laws, begin)


def _of_day(people: Sequence[tuple[int, ClosedVisit, Came]], laws: Laws, begin: datetime) -> Iterator[Case]:
    counters = tuple(f"q{i + 1}" for i in range(laws.counters))
    inside: dict[int, ClosedVisit] = {}
    history: list[ClosedVisit] = []
    for number, visit, came in people:
        at = visit.arrival_at
        for i in [i for i, v in inside.items() if v.closed_at <= at]:
            history.append(inside.pop(i))
        history = [v for v in history if (at - v.closed_at).total_seconds() <= _SETTINGS.window_s]
        found: list[Seen] = []

        def keep(now: Seen, found: list[Seen] = found) -> Quantiles:
            found.append(now)
            return 0.0, 0.0, 0.0

        state = VisitState({i: _inside(i, v, at) for i, v in inside.items() if v.departure_at > at}, at)
        figures(state, history, at, counters=counters, watching_since=begin, settings=_SETTINGS, forecast=keep)
        yield Case(at, found[0] if found else None, came, begin + timedelta(seconds=came.left_s))
        inside[number] = visit


def _person(number: int, c: Came, begin: datetime) -> ClosedVisit:
    arrival, departure = begin + timedelta(seconds=c.arrival_s), begin + timedelta(seconds=c.departure_s)
    start = None if c.start_s is None else begin + timedelta(seconds=c.start_s)
    counter = None if c.counter is None else f"q{c.counter + 1}"
    outcome = "served" if start else "reneged"
    return ClosedVisit(arrival, start, departure, departure + _GRACE, outcome, counter, "ordinary", 0.0)  # type: ignore[arg-type]


def _inside(number: int, v: ClosedVisit, at: datetime) -> Person:
    start = v.service_start_at if v.service_start_at and v.service_start_at <= at else None
    return Person(
        number,
        (0.5, 0.5),
        at,
        at,
        "service" if start else "queue",
        at_counter=v.counter_id if start else None,
        counter_id=v.counter_id if start else None,
        arrival_at=v.arrival_at,
        service_start_at=start,
    )


@dataclass(slots=True)
class Score:
    """Sums over cases. Seconds."""

    n: int = 0
    absolute: float = 0.0
    signed: float = 0.0
    pinball: float = 0.0
    inside: int = 0
    above: int = 0
    width: float = 0.0

    def add(self, told: Quantiles, wait_s: float) -> None:
        """One forecast and what came of it."""
        self.n += 1
        self.absolute += abs(wait_s - told[1])
        self.signed += told[1] - wait_s
        self.pinball += sum(max(s * (wait_s - q), (s - 1) * (wait_s - q)) for s, q in zip(SHARES, told, strict=True)) / 3
        self.inside += told[0] <= wait_s <= told[2]
        self.above += wait_s > told[2]
        self.width += told[2] - told[0]

    def row(self) -> dict[str, Any]:
        """What is written down."""
        n = max(self.n, 1)
        return {
            "n": self.n,
            "mean_absolute_error_s": round(self.absolute / n, 1),
            "bias_s": round(self.signed / n, 1),
            "pinball_loss_s": round(self.pinball / n, 2),
            "coverage": round(self.inside / n, 4),
            "above_share": round(self.above / n, 4),
            "mean_width_s": round(self.width / n, 1),
        }


@dataclass(slots=True)
class Trial:
    """The scores of predictors on the same cases."""

    scores: dict[str, Score] = field(default_factory=dict)
    newcomers: int = 0
    too_few: int = 0
    free: int = 0
    free_and_waited: int = 0

    def run(self, predictors: Mapping[str, Predictor], laws: Laws, seed: int, days: int, *, adapt: bool = True) -> None:
        """Some days of one office; each predictor is corrected by the waits that came to be known before."""
        learners = {name: Adaptive(p) for name, p in predictors.items()}
        pending: list[_Pending] = []
        for case in cases(laws, seed, days):
            self.newcomers += 1
            if adapt:
                known, pending = _split(pending, case.at)
                for came, told in known:
                    for name, quantiles in told.items():
                        learners[name].correct(quantiles, came.left_s - came.arrival_s, served=came.start_s is not None)
            if case.found is None:
                self.too_few += 1
                continue
            if case.found.ahead == 0:
                self.free += 1
                self.free_and_waited += case.came.wait_s > 0
                continue
            told = {name: learner(case.found) for name, learner in learners.items()}
            pending.append((case.left_at, case.came, told))
            for name, quantiles in told.items():
                self.scores.setdefault(name, Score()).add(quantiles, case.came.wait_s)

    def best(self) -> str:
        """The predictor with the smallest pinball loss: it is right about the middle and about both ends."""
        return min(self.scores, key=lambda name: self.scores[name].pinball)


_Pending = tuple[datetime, Came, dict[str, Quantiles]]


def _split(pending: list[_Pending], at: datetime) -> tuple[list[tuple[Came, dict[str, Quantiles]]], list[_Pending]]:
    """Who has left the queue by ``at``, and who has not."""
    return [item[1:] for item in pending if item[0] <= at], [item for item in pending if item[0] > at]


def trial(
    predictors: Mapping[str, Predictor], *, offices: int, days: int, seed: int, heavy: bool = True, adapt: bool = True
) -> Trial:
    """Score predictors on random offices."""
    chance, found = random.Random(seed), Trial()
    for _ in range(offices):
        found.run(predictors, office(chance, heavy=heavy), chance.randrange(2**31), days, adapt=adapt)
    return found


def examples(
    *, offices: int, days: int, seed: int, heavy: bool | None = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, features) and (n,) true waits, to learn from. heavy None: of both kinds."""
    chance = random.Random(seed)
    rows, waits = [], []
    for i in range(offices):
        laws = office(chance, heavy=heavy if heavy is not None else i % 2 == 0)
        for case in cases(laws, chance.randrange(2**31), days):
            if case.found is not None and case.found.ahead > 0:
                rows.append(features(case.found))
                waits.append(case.came.wait_s)
    return np.array(rows), np.array(waits)


def learn(x: NDArray[np.float64], y: NDArray[np.float64], *, steps: int = 12_000, seed: int = 0) -> Learned:
    """Weights that make the pinball loss small, by stochastic gradient steps (Adam) on cases weighed by the scale of each.

    x: (n, features) and y: (n,), seconds.
    """
    chance = np.random.default_rng(seed)
    scale = x[:, 0] ** 0.5 * x[:, 6] ** 0.5  # long forecasts count for more, but not in proportion
    x, y = x / scale[:, None], y / scale
    size = np.abs(x).mean(axis=0)
    x = x / size
    weights = []
    for share in SHARES:
        w = np.zeros(x.shape[1])
        w[0] = size[0]
        mean, square, kept = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
        for step in range(1, steps + 1):
            pick = chance.integers(0, len(y), 512)
            gradient = -((share - (y[pick] < x[pick] @ w)) @ x[pick]) / len(pick)
            mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
            w = w - 0.02 * (1 - step / (steps + 1)) * mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-9)
            kept += w if step > steps // 2 else 0
        weights.append(tuple(float(v) for v in kept / (steps - steps // 2) / size))
    return Learned(tuple(weights))

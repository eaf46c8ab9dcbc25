"""People who come, wait, are served, give up or only pass by, as paths on the ground with the truth about each. Pure and seeded.

None of the laws is one that the estimators assume: arrivals come in bursts at a rate that drifts and swings (gaps of a mixture
of two exponentials), services have a heavy tail (lognormal), patience is Weibull, and in an area some are called out of turn.
The people move in steps of :data:`TICK_S`.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from motcua.onebox.scene_place import Place, Spot, half_width_m

TICK_S = 0.05
AFTER_S = 10.0
_OUTSIDE_M = 0.7  # beyond the picture's edge, where nobody is seen

State = Literal["coming", "called", "served", "leaving", "gone"]


@dataclass(frozen=True, slots=True)
class Crowd:
    """How people behave. Rates per minute, times in seconds."""

    arrivals_s: float = 840.0  # after it nobody joins; the scene goes on until the last one has left …
    longest_s: float = 1800.0  # … or until this
    load: float = 1.3  # offered work per counter; what is too much gives up
    service_mean_s: float = 100.0
    service_spread: float = 0.7  # sigma of the logarithm
    least_service_s: float = 20.0
    patience_scale_s: float = 420.0
    patience_shape: float = 1.2
    swing: float = 0.45
    period_s: float = 600.0
    out_of_turn: float = 0.15  # in an area: whose matter takes longer to be called
    out_of_turn_s: float = 600.0
    passers_per_min: float = 3.0


CROWDED: dict[str, float] = {
    "load": 1.7,
    "service_mean_s": 52.0,
    "service_spread": 0.8,
    "least_service_s": 10.0,
    "patience_scale_s": 720.0,
    "passers_per_min": 5.0,
}
"""Half an hour of an overwhelmed office: short services, a queue that only grows, somebody in the way every few seconds."""


@dataclass(frozen=True, slots=True)
class Walker:
    """Where one person was: instant k is ``since_s + k * TICK_S``. points: (n, 2) x, z in metres. joined: came to be served."""

    number: int
    since_s: float
    points: NDArray[np.float64]
    joined: bool

    @property
    def until_s(self) -> float:
        """The last instant."""
        return self.since_s + (len(self.points) - 1) * TICK_S


@dataclass(slots=True)
class _Agent:
    number: int
    since_s: float
    at: Spot
    way: list[tuple[Spot, float]]  # where to go next, at which speed in m/s
    joined: bool
    state: State
    trace: list[Spot] = field(default_factory=list)
    slot: int = -1
    wants: int = -1
    move_at_s: float = math.inf
    fidget_at_s: float = 0.0
    patience_until_s: float = math.inf
    turn_s: float = 0.0
    service_s: float = 0.0
    done_at_s: float = math.inf
    counter: int = -1
    pace: float = 1.2


def crowd_walks(place: Place, crowd: Crowd, seed: int) -> list[Walker]:
    """Everyone who is there, in the order in which they come; the scene ends :data:`AFTER_S` after the last visitor left."""
    return _World(place, crowd, random.Random(f"scene {seed}")).run()


class _World:
    def __init__(self, place: Place, crowd: Crowd, chance: random.Random) -> None:
        self._place, self._crowd, self._chance = place, crowd, chance
        self._everyone: list[_Agent] = []
        self._here: list[_Agent] = []
        self._queue: list[_Agent] = []
        self._free_at_s = [0.0] * len(place.spots)
        self._busy: list[_Agent | None] = [None] * len(place.spots)
        self._phase = chance.uniform(0, 2 * math.pi)
        self._drift = chance.uniform(-0.35, 0.35)

    def run(self) -> list[Walker]:
        crowd = self._crowd
        next_arrival_s, next_passer_s = self._gap(0.0) * 0.5, self._chance.expovariate(crowd.passers_per_min / 60)
        end_s = crowd.longest_s
        for tick in itertools.count():
            now = tick * TICK_S
            if now > end_s:
                break
            while next_arrival_s <= now:
                if now <= crowd.arrivals_s:
                    self._arrive(now)
                next_arrival_s += self._gap(now)
            while next_passer_s <= now:
                self._pass_by(now)
                next_passer_s += self._chance.expovariate(crowd.passers_per_min / 60)
            self._call(now)
            for agent in self._here:
                self._live(agent, now)
            self._here = [a for a in self._here if a.state != "gone"]
            if now <= crowd.arrivals_s or any(a.joined for a in self._here):
                end_s = crowd.longest_s
            elif end_s == crowd.longest_s:
                end_s = min(end_s, now + AFTER_S)
        return [Walker(a.number, a.since_s, np.array(a.trace), a.joined) for a in self._everyone if a.trace]

    def _gap(self, now: float) -> float:
        crowd = self._crowd
        rate = crowd.load * len(self._place.spots) / (crowd.service_mean_s + 8.0)
        rate *= 1 + crowd.swing * math.sin(2 * math.pi * now / crowd.period_s + self._phase)
        rate *= 1 + self._drift * (2 * now / crowd.arrivals_s - 1)
        mean = (0.55 if self._chance.random() < 0.75 else 2.35) / rate
        return self._chance.expovariate(1 / mean)

    def _new(self, now: float, at: Spot, way: list[tuple[Spot, float]], joined: bool, state: State) -> _Agent:
        agent = _Agent(len(self._everyone) + 1, now, at, way, joined, state)
        self._everyone.append(agent)
        self._here.append(agent)
        return agent

    def _arrive(self, now: float) -> None:
        place, crowd, chance = self._place, self._crowd, self._chance
        taken = {a.wants for a in self._queue}
        free = [i for i in range(len(place.slots)) if i not in taken]
        if len(self._queue) >= len(place.slots) or not free:
            self._pass_by(now)  # too long for them: they do not even come near
            return
        z = chance.uniform(*place.way_in)
        agent = self._new(now, (half_width_m(z) + _OUTSIDE_M, z), [], True, "coming")
        agent.pace = chance.uniform(0.9, 1.5)
        agent.patience_until_s = now + 20 + chance.weibullvariate(crowd.patience_scale_s, crowd.patience_shape)
        agent.service_s = crowd.least_service_s + chance.lognormvariate(
            math.log(crowd.service_mean_s - crowd.least_service_s) - crowd.service_spread**2 / 2, crowd.service_spread
        )
        late = place.kind == "area" and chance.random() < crowd.out_of_turn
        agent.turn_s = now + (crowd.out_of_turn_s if late else 0.0)
        self._queue.append(agent)
        agent.wants = agent.slot = len(self._queue) - 1 if place.kind == "line" else chance.choice(free)
        agent.way = [(place.slots[agent.slot], agent.pace)]

    def _pass_by(self, now: float) -> None:
        """Somebody, or two, who cross in front of the queue or behind the counters."""
        chance, ((x, z), (dx, dz)) = self._chance, self._place.ahead
        side = chance.choice((-1, 1))
        behind = chance.random() < 0.3
        lane = chance.uniform(24.0, 26.5) if behind else z - chance.uniform(0.0, 1.5)
        slope = 0.0 if behind else dz / dx
        for i in range(2 if chance.random() < 0.3 else 1):
            ends = [self._edge(s * side, x, lane - 0.5 * i, slope) for s in (-1, 1)]
            start = (ends[0][0] - side * (0.6 + chance.random()) * i, ends[0][1])
            self._new(now, start, [(ends[1], chance.uniform(1.0, 1.6))], False, "leaving")

    def _edge(self, side: int, x: float, z: float, slope: float) -> Spot:
        """Where a line over the ground leaves the picture."""
        there = side * (half_width_m(z) + _OUTSIDE_M)
        for _ in range(8):
            there = side * (half_width_m(z + slope * (there - x)) + _OUTSIDE_M)
        return there, z + slope * (there - x)

    def _call(self, now: float) -> None:
        for counter in range(len(self._place.spots)):
            if self._busy[counter] is not None or now < self._free_at_s[counter] or not self._queue:
                continue
            ready = self._queue[:1] if self._place.kind == "line" else [a for a in self._queue if not a.way]
            if not ready:
                continue
            agent = min(ready, key=lambda a: a.turn_s)
            if self._place.kind == "line" and agent.way and math.dist(agent.at, self._place.slots[0]) > 1.5:
                continue
            self._queue.remove(agent)
            agent.state, agent.counter, agent.slot = "called", counter, -1
            agent.way, agent.wants, agent.move_at_s = [], -1, now + self._chance.uniform(0.3, 2.0)
            self._busy[counter] = agent

    def _live(self, agent: _Agent, now: float) -> None:
        agent.trace.append(agent.at)
        if agent.state == "coming":
            self._wait(agent, now)
        elif agent.state == "called":
            if now >= agent.move_at_s:
                agent.way, agent.move_at_s = [(self._place.spots[agent.counter], agent.pace)], math.inf
            elif not agent.way and agent.move_at_s == math.inf:
                agent.state, agent.done_at_s = "served", now + agent.service_s
        elif agent.state == "served":
            self._fidget(agent, now, self._place.spots[agent.counter])
            if now >= agent.done_at_s:
                self._leave_counter(agent, now)
        elif not agent.way:
            agent.state = "gone"
        self._walk(agent)

    def _wait(self, agent: _Agent, now: float) -> None:
        place = self._place
        if place.kind == "line":
            rank = self._queue.index(agent)
            if rank != agent.wants:
                agent.wants = rank
                agent.move_at_s = min(agent.move_at_s, now + self._chance.lognormvariate(0.2, 0.5))
            if now >= agent.move_at_s:
                agent.slot, agent.move_at_s = agent.wants, math.inf
                slow = agent.pace if agent.way else self._chance.uniform(0.4, 0.9)
                agent.way = [(place.slots[agent.slot], slow)]
        if now >= agent.patience_until_s and not agent.way:
            self._give_up(agent)
            return
        self._fidget(agent, now, place.slots[agent.slot])

    def _fidget(self, agent: _Agent, now: float, home: Spot) -> None:
        """A small step now and then; nobody stands like a post for minutes."""
        if agent.way or now < agent.fidget_at_s:
            return
        if agent.fidget_at_s:
            near = (home[0] + self._chance.gauss(0, 0.07), home[1] + self._chance.gauss(0, 0.07))
            agent.way = [(near, 0.3)]
        agent.fidget_at_s = now + 5 + self._chance.expovariate(1 / 30)

    def _give_up(self, agent: _Agent) -> None:
        place, (x, z) = self._place, agent.at
        self._queue.remove(agent)
        front = min(s[1] for s in place.slots) if place.kind == "area" else z
        aside = front - place.aside - self._chance.uniform(0.1, 0.5)
        side = 1 if self._chance.random() < 0.8 else -1
        edge = self._edge(side, 0.0, aside - 0.3, 0.0)
        agent.state, agent.way = "leaving", [((x + 0.3 * side, aside), agent.pace), (edge, agent.pace)]

    def _leave_counter(self, agent: _Agent, now: float) -> None:
        z = self._chance.uniform(*self._place.way_out)
        side = -1 if self._place.kind == "line" else self._chance.choice((-1, 1))
        agent.state, agent.way = "leaving", [((side * (half_width_m(z) + _OUTSIDE_M), z), agent.pace)]
        self._busy[agent.counter] = None
        self._free_at_s[agent.counter] = now + self._chance.uniform(1.0, 5.0)

    @staticmethod
    def _walk(agent: _Agent) -> None:
        if not agent.way:
            return
        (x, z), speed = agent.way[0]
        dx, dz = x - agent.at[0], z - agent.at[1]
        left, step = math.hypot(dx, dz), speed * TICK_S
        if left <= step:
            agent.at = (x, z)
            agent.way.pop(0)
        else:
            agent.at = (agent.at[0] + dx * step / left, agent.at[1] + dz * step / left)

"""Simulated officers with known effects, held against what the ratings say of them. Pure.

Each world: some offices with a few officers each, shifts, answers of 1 to 5. What an answer feels like is a normal quantity of its officer, shift, wait,
procedure, hour and chance; the score is where it falls between four thresholds. The laws are not those of the estimator: scores are whole, skewed and cut off.
The truth of an officer is the mean score of an average citizen, by the law itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.analytics.attitude import Cell, assess
from motcua.analytics.rule import DEFAULT, Band, Rule

Floats = NDArray[np.float64]
_CUTS = np.array([-1.9, -1.3, -0.6, 0.5])
_CENTRE = 0.55


@dataclass(frozen=True, slots=True)
class World:
    """One simulated province. ``few``: this many officers, average ones, gave ``few_n`` answers only."""

    offices: int = 12
    officers: int = 5
    shifts: int = 40
    answers_a_shift: float = 3.0
    officer_sd: float = 0.35
    shift_sd: float = 0.2
    few: int = 0
    few_n: int = 8


@dataclass(slots=True)
class Score:
    """What many worlds came to."""

    cases: int = 0
    covered: int = 0
    few_cases: int = 0
    few_lowest: int = 0
    few_insufficient: int = 0
    rank_errors: list[float] = field(default_factory=list)
    rank_correlations: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    raw_errors: list[float] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "cases": self.cases,
            "coverage_95": self.covered / self.cases if self.cases else None,
            "rank_error_mean": _mean(self.rank_errors),
            "rank_correlation_mean": _mean(self.rank_correlations),
            "error_mean": _mean(self.errors),
            "raw_error_mean": _mean(self.raw_errors),
            "few_cases": self.few_cases,
            "few_lowest_share": self.few_lowest / self.few_cases if self.few_cases else None,
            "few_insufficient_share": self.few_insufficient / self.few_cases if self.few_cases else None,
        }


def expected_score(feeling: Floats) -> Floats:
    """The mean score of answers whose feeling is normal around ``feeling`` with variance 1."""
    z = (_CUTS[None, :] - np.atleast_1d(feeling)[:, None]) / math.sqrt(2)
    below = 0.5 * (1 + np.vectorize(math.erf)(z))
    return np.asarray(5 - below.sum(axis=1))


def simulate(world: World, chance: np.random.Generator) -> tuple[list[Cell], dict[str, float], list[str]]:
    """Cells, each officer's true mean score, and who gave only a few answers."""
    cells: list[Cell] = []
    truth: dict[str, float] = {}
    few: list[str] = []
    wait_slope, hour_slope = chance.uniform(0.01, 0.03), chance.uniform(0, 0.06)
    procedures = chance.normal(0, 0.25, 5)
    usual = chance.uniform(-0.3, 0.3, world.offices)
    feeling_of: dict[str, float] = {}
    for j in range(world.offices):
        habits = chance.dirichlet(np.full(5, 2.0), world.officers)
        for k in range(world.officers):
            who = f"o{j}-{k}"
            scarce = len(few) < world.few and k == 0
            own = 0.0 if scarce else float(chance.normal(0, world.officer_sd))
            if scarce:
                few.append(who)
            feeling_of[who] = _CENTRE + usual[j] + own
            left = world.few_n if scarce else None
            for s in range(world.shifts):
                n = int(chance.poisson(world.answers_a_shift)) if left is None else min(left, 1 + s % 2)
                left = None if left is None else left - n
                mood = float(chance.normal(0, world.shift_sd))
                for _ in range(n):
                    hour = int(chance.integers(7, 17))
                    wait = float(chance.gamma(2.0, 8.0 if k % 2 else 5.0))
                    p = int(chance.choice(5, p=habits[k]))
                    feeling = feeling_of[who] + mood - wait_slope * wait - hour_slope * (hour - 7) / 2 + procedures[p]
                    score = 1 + int((feeling + chance.normal() > _CUTS).sum())
                    cells.append(Cell(who, f"office{j}", f"{who}-{s}", hour, f"p{p}", wait, 1, score, score * score))
    # the average citizen of this world: the mean over all answers of what wait, hour and procedure add
    extra = np.array(
        [
            -wait_slope * (c.wait_min or 0) - hour_slope * (c.hour - 7) / 2 + procedures[int((c.procedure or "p0")[1:])]
            for c in cells
        ]
    )
    sample = chance.choice(extra, 400) + chance.normal(0, world.shift_sd, 400)
    for who, feeling in feeling_of.items():
        truth[who] = float(expected_score(feeling + sample).mean())
    return cells, truth, few


def trial(worlds: int, seed: int, world: World, rule: Rule = DEFAULT) -> Score:
    """Many worlds; officers with a figure are cases."""
    score = Score()
    for number in range(worlds):
        chance = np.random.default_rng([seed, number])
        cells, truth, few = simulate(world, chance)
        found, _ = assess(cells, rule)
        told = [a for a in found if a.state == "ok" and a.officer_id not in few]
        for a in told:
            assert a.low is not None
            assert a.high is not None
            assert a.score is not None
            assert a.raw is not None
            score.cases += 1
            score.covered += a.low <= truth[a.officer_id] <= a.high
            score.errors.append(abs(a.score - truth[a.officer_id]))
            score.raw_errors.append(abs(a.raw - truth[a.officer_id]))
        if len(told) > 2:
            true_rank = _ranks(np.array([truth[a.officer_id] for a in told]))
            rank = _ranks(np.array([a.score for a in told], dtype=float))
            score.rank_errors.append(float(np.abs(rank - true_rank).mean()) / len(told))
            score.rank_correlations.append(float(np.corrcoef(rank, true_rank)[0, 1]))
        for a in (a for a in found if a.officer_id in few):
            score.few_cases += 1
            score.few_lowest += a.band == rule.bands[-1].name
            score.few_insufficient += a.state == "insufficient"
    return score


def _ranks(values: Floats) -> Floats:
    return np.argsort(np.argsort(values)).astype(float)


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def harsh(rule: Rule) -> Rule:
    """The same rule that gives everybody with 8 answers a figure, and whose lowest band ends just below the average officer: 10 points."""
    bands = (Band(name="excellent", from_points=90), Band(name="good", from_points=80), Band(name="average", from_points=65))
    return rule.model_copy(update={"min_n": 5, "min_shifts": 1, "bands": (*bands, Band(name="weak", from_points=0))})

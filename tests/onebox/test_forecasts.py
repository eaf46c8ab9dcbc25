"""The forecasts on simulated days that they were not learned on, and the days themselves."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from motcua.edge.forecast import SHARES, predictors
from motcua.onebox.cli import app
from motcua.onebox.forecasts import Score, learn, trial
from motcua.onebox.office_day import Came, Law, Laws, day, draw, office

HEAVY = Laws(3, 1.0, "two_kinds", 300, 3600, "lognormal", drift=0.5, peak=0.6, groups=0.3, breaks=0.2)


def served(people: list[Came]) -> list[tuple[float, float, int]]:
    return [(c.start_s, c.departure_s, c.counter) for c in people if c.start_s is not None and c.counter is not None]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_on_a_simulated_day_nobody_overtakes_and_no_counter_serves_two(seed: int, heavy: bool) -> None:
    people = day(office(random.Random(seed), heavy=heavy), seed)
    assert [c.arrival_s for c in people] == sorted(c.arrival_s for c in people)
    spans = served(people)
    assert [s for s, _, _ in spans] == sorted(s for s, _, _ in spans)
    for counter in {c for _, _, c in spans}:
        own = [(s, e) for s, e, c in spans if c == counter]
        assert all(end <= start for (_, end), (start, _) in pairwise(own))
    for c in people:
        assert c.left_s - c.arrival_s <= c.wait_s + 1e-6
        assert (c.start_s is None) == (c.left_s - c.arrival_s < c.wait_s - 1e-6)


@pytest.mark.parametrize("law", ["exponential", "lognormal", "long_lognormal", "erlang", "weibull", "two_kinds"])
def test_every_law_has_its_mean(law: Law) -> None:
    chance = random.Random(4)
    tolerance = 0.1 if law == "two_kinds" else 0.05
    assert fmean(draw(chance, law, 300) for _ in range(20_000)) == pytest.approx(300, rel=tolerance)


def test_counters_open_and_close() -> None:
    people = [c for seed in range(10) for c in day(HEAVY, seed)]
    busy = sum(e - s for s, e, _ in served(people))
    assert 0.5 < busy / (10 * 9 * 3600 * 3) < 0.95
    assert any(c.start_s is None for c in people)


def test_the_kept_forecast_is_the_best_and_its_interval_holds_four_in_five() -> None:
    """Held-out days of laws that the weights were not learned on. `motcua evaluate-forecast` does the same on more of them."""
    found = trial(predictors(), offices=16, days=2, seed=77)
    rows = {name: score.row() for name, score in found.scores.items()}
    kept = rows["learned"]
    assert kept["n"] >= 5000
    assert 0.77 <= kept["coverage"] <= 0.83
    assert found.best() == "learned"
    for name, row in rows.items():
        assert kept["mean_absolute_error_s"] <= row["mean_absolute_error_s"], name
    assert found.too_few > 0, "at the beginning of a day nothing is foretold"
    assert found.newcomers == found.too_few + found.free + kept["n"]


def test_without_adapting_the_interval_of_the_plain_forecast_would_be_wrong() -> None:
    found = trial({"queue_length": predictors()["queue_length"]}, offices=4, days=2, seed=78, adapt=False)
    assert found.scores["queue_length"].row()["coverage"] < 0.75


def test_learning_finds_the_quantiles_that_made_the_data() -> None:
    chance = np.random.default_rng(3)
    x = chance.uniform(50, 2000, (20_000, 12))
    y = x[:, 0] * chance.uniform(0.5, 1.5, 20_000)
    told = np.array(learn(x, y, steps=6000).weights) @ x.T
    for share, quantile in zip(SHARES, told, strict=True):
        assert (y <= quantile).mean() == pytest.approx(share, abs=0.02)


def test_scores_of_a_case_by_hand() -> None:
    score = Score()
    score.add((100.0, 200.0, 300.0), 400.0)
    score.add((100.0, 200.0, 300.0), 150.0)
    row = score.row()
    assert (row["n"], row["mean_absolute_error_s"], row["bias_s"], row["coverage"], row["mean_width_s"]) == (
        2,
        125,
        -75,
        0.5,
        200,
    )
    first, second = 0.1 * 300 + 0.5 * 200 + 0.9 * 100, 0.1 * 50 + 0.5 * 50 + 0.1 * 150
    assert row["pinball_loss_s"] == pytest.approx((first + second) / 6, abs=0.01)


def test_the_command_writes_every_predictors_score(tmp_path: Path) -> None:
    file = tmp_path / "f.json"
    ran = CliRunner().invoke(app, ["evaluate-forecast", "--offices", "2", "--days", "1", "--json", str(file)])
    assert ran.exit_code == 0, ran.output
    answer = json.loads(file.read_text())
    assert set(answer["predictors"]) == set(predictors())
    assert (answer["provenance"], answer["kept"]) == ("simulated", "learned")
    for row in answer["predictors"].values():
        assert set(row) >= {"n", "mean_absolute_error_s", "pinball_loss_s", "coverage", "mean_width_s"}
    bad = CliRunner().invoke(app, ["evaluate-forecast", "--weights", str(tmp_path / "none.json")])
    assert (bad.exit_code, "write them with --learn" in bad.output) == (1, True)

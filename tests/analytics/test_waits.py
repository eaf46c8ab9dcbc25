"""Figures from sums, against known answers and theory."""

from __future__ import annotations

import math
import random
import statistics
from datetime import timedelta

import pytest
from builders import NOON
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from motcua.analytics.waits import Bin, live_wait, mean_of, quantile, restricted_mean, survival, t95, wilson


@pytest.mark.parametrize("degrees", [1, 2, 5, 10, 11, 15, 30, 100, 1000])
def test_the_factor_is_students(degrees: int) -> None:
    assert t95(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=2e-3)


@given(st.lists(st.floats(0, 7200), min_size=2, max_size=50))
def test_mean_and_interval_are_those_of_the_single_values(values: list[float]) -> None:
    got = mean_of(len(values), math.fsum(values), math.fsum(v * v for v in values), floor=None)
    assert got is not None
    assert got.mean == pytest.approx(statistics.fmean(values), abs=1e-6)
    half = stats.t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    assert got.high == pytest.approx(got.mean + half, rel=0.01, abs=0.5)


def test_unknown_is_none_and_one_visit_has_no_interval() -> None:
    assert mean_of(0, 0, 0) is None
    assert wilson(0, 0) is None
    one = mean_of(1, 300, 90_000)
    assert one is not None
    assert (one.mean, one.low, one.high) == (300, None, None)


def test_wilsons_interval_is_the_published_one() -> None:
    share = wilson(81, 263)  # Newcombe 1998, table I
    assert share is not None
    assert share == pytest.approx((0.3080, 0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 10) == pytest.approx((0, 0, 0.2775), abs=5e-4)


def test_the_life_table_of_a_small_example_by_hand() -> None:
    bins = [Bin(1, 1, 0), Bin(3, 1, 1), Bin(6, 1, 0), Bin(8, 0, 2), Bin(10, 1, 0)]
    curve = dict(survival(bins))
    assert curve[120] == pytest.approx(6 / 7)
    assert curve[240] == pytest.approx(6 / 7 * (1 - 1 / 5.5))
    assert curve[420] == pytest.approx(6 / 7 * (1 - 1 / 5.5) * 3 / 4)
    assert curve[660] == pytest.approx(0.0)
    assert quantile(survival(bins), 0.5) == 660
    assert quantile(survival([*bins[:1], Bin(9, 0, 9)]), 0.5) is None


def binned(waits: list[float], censored: list[float]) -> list[Bin]:
    """What a rollup keeps of single waits."""
    indices = [[min(int(w // 60), 120) for w in values] for values in (waits, censored)]
    return [Bin(i, indices[0].count(i), indices[1].count(i)) for i in range(121)]


def test_without_censoring_quantile_and_mean_are_the_plain_ones() -> None:
    chance = random.Random(3)
    waits = [chance.expovariate(1 / 600) for _ in range(4000)]
    curve = survival(binned(waits, []))
    median = quantile(curve, 0.5)
    assert median is not None
    assert 0 <= median - statistics.median(waits) <= 60
    assert restricted_mean(curve) == pytest.approx(statistics.fmean(min(w, 7200) for w in waits), rel=0.01)


@pytest.mark.parametrize("patience_s", [600, 1800, 7200])
def test_censoring_is_mended_where_the_mean_of_the_finished_is_too_low(patience_s: float) -> None:
    """Exponential waits of 10 min, each cut at random: the curve from bins stays within one of Kaplan and Meier's."""
    chance = random.Random(5)
    pairs = [(chance.expovariate(1 / 600), chance.expovariate(1 / patience_s)) for _ in range(3000)]
    finished = [wait for wait, cut in pairs if wait <= cut]
    cut_off = [cut for wait, cut in pairs if wait > cut]
    exact = stats.ecdf(stats.CensoredData(uncensored=finished, right=cut_off)).sf
    curve = survival(binned(finished, cut_off))
    for share in (0.25, 0.5, 0.75):
        binned_wait = quantile(curve, share)
        exact_wait = float(exact.quantiles[exact.probabilities <= 1 - share][0])
        assert binned_wait is not None
        assert abs(binned_wait - exact_wait) <= 60
    assert statistics.fmean(finished) < 0.98 * 600
    if patience_s >= 1800:  # with half of them cut the curve's tail stands on a handful of people
        assert restricted_mean(curve) == pytest.approx(600, rel=0.05)


def sample(**fields: object) -> dict[str, object]:
    base = {"at": NOON, "state": "ok", "waiting": 4, "expected_wait_s": 480.0, "low_s": 300.0, "high_s": 720.0, "n": 12}
    return base | fields


UNKNOWN = dict.fromkeys(("expected_wait_s", "low_s", "high_s"))


def test_no_sample_is_unknown_and_never_zero() -> None:
    answer = live_wait([], None, NOON, 30)
    assert answer["state"] == "unknown"
    assert [answer[k] for k in ("expected_wait_s", "waiting", "age_s", "as_of")] == [None] * 4


def test_an_old_sample_is_stale_and_keeps_its_age_but_no_figure() -> None:
    answer = live_wait([sample()], "camera", NOON + timedelta(seconds=31), 30)
    assert (answer["state"], answer["age_s"], answer["expected_wait_s"], answer["waiting"]) == ("stale", 31, None, None)


def test_a_blind_camera_is_blind() -> None:
    blind = sample(state="blind", waiting=None, blind="covered", **UNKNOWN)
    answer = live_wait([blind], "camera", NOON, 30)
    assert (answer["state"], answer["waiting"], answer["expected_wait_s"]) == ("blind", None, None)
    assert answer["blind"] == "covered"
    assert "blind" not in live_wait([blind], "camera", NOON + timedelta(seconds=31), 30), "an old reason may be over"
    assert "blind" not in live_wait([blind, sample()], "camera", NOON, 30)


def test_two_queues_are_weighed_by_their_people_and_the_age_is_the_older_ones() -> None:
    one = sample(waiting=9, expected_wait_s=1000.0, high_s=1500.0, at=NOON - timedelta(seconds=8))
    other = sample(waiting=0, expected_wait_s=100.0, low_s=10.0)
    blind = sample(state="blind", waiting=None, **UNKNOWN)
    answer = live_wait([one, other, blind], "camera", NOON, 30)
    assert answer["expected_wait_s"] == pytest.approx((10 * 1000 + 100) / 11)
    assert (answer["low_s"], answer["high_s"], answer["waiting"], answer["age_s"]) == (10, 1500, 9, 8)
    assert answer["state"] == "ok"

"""Shares, their intervals and what these assume, against known answers."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.analytics.behind import behind
from motcua.analytics.rule import DEFAULT, Band, Rule, rule_on
from motcua.analytics.satisfaction import Day, Pair, beside, difference, satisfaction


def test_wilsons_interval_of_a_known_case() -> None:
    found = satisfaction([Day(100, 95)], 0.95)
    assert found is not None
    assert (found.share, round(found.low, 4), round(found.high, 4)) == (0.95, 0.8882, 0.9785)
    assert (found.assumes, found.verdict) == ("independent", "open")


@pytest.mark.parametrize(("satisfied", "verdict"), [(1000, "met"), (990, "met"), (950, "open"), (900, "missed")])
def test_the_verdict_needs_the_whole_interval(satisfied: int, verdict: str) -> None:
    found = satisfaction([Day(1000, satisfied)], 0.95)
    assert found is not None
    assert found.verdict == verdict


def test_no_answers_no_figure() -> None:
    assert satisfaction([], 0.95) is None
    assert satisfaction([Day(0, 0)], 0.95) is None


def test_days_that_differ_widen_the_interval_and_it_covers() -> None:
    """Days whose true shares scatter: Wilson alone covers far less than 95 %, with the spread between days it does about that."""
    chance, held, naive = random.Random(3), 0, 0
    for _ in range(400):
        days = []
        for _ in range(40):
            p = chance.betavariate(8, 2)
            days.append(Day(25, sum(chance.random() < p for _ in range(25))))
        found = satisfaction(days, 0.95)
        alone = satisfaction([Day(sum(d.n for d in days), sum(d.satisfied for d in days))], 0.95)
        assert found is not None
        assert alone is not None
        held += found.low <= 0.8 <= found.high
        naive += alone.low <= 0.8 <= alone.high
    assert held / 400 > 0.91
    assert naive / 400 < 0.80


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 1)), max_size=40))
def test_a_share_lies_within_its_interval(rows: list[tuple[int, float]]) -> None:
    found = satisfaction([Day(n, round(n * p)) for n, p in rows], 0.95)
    if found is not None:
        assert 0 <= found.low <= found.share <= found.high <= 1
        assert found.design_effect >= 1


def test_newcombes_difference_of_a_known_case() -> None:
    """Newcombe 1998, table II, a: 56/70 - 48/80, method 10."""
    found = difference((56, 70), (48, 80))
    assert found is not None
    assert [round(x, 4) for x in found] == [0.2, 0.0524, 0.3339]
    assert difference((0, 0), (1, 2)) is None


def _days(slope: float, n: int, seed: int) -> list[Pair]:
    chance = random.Random(seed)
    pairs = []
    for _ in range(n):
        v = chance.uniform(-0.5, 0.5)
        p = 1 / (1 + math.exp(-(1.0 + slope * v)))
        pairs.append(Pair(v, 40, 60, sum(chance.random() < p for _ in range(60))))
    return pairs


def test_sentiment_that_goes_with_answers_is_calibrated_and_sentiment_that_does_not_is_no_use() -> None:
    good = beside(_days(3.0, 60, 1))
    assert good.r is not None
    assert good.low is not None
    assert good.low > 0.5
    assert good.fit == "ok"
    assert good.slope == pytest.approx(3.0, abs=0.7)
    assert good.intercept == pytest.approx(1.0, abs=0.2)
    none = beside(_days(0.0, 60, 2))
    assert none.fit == "no_use"
    assert none.slope is None
    assert beside(_days(3.0, 9, 3)).r is None, "too few days"
    assert beside(_days(3.0, 20, 3)).fit == "too_few"


def test_how_many_stand_behind_a_figure() -> None:
    assert behind({"a": 5, "b": 5, "c": 5, None: 3}, True).enough
    assert not behind({"a": 5, "b": 5}, True).enough, "two"
    assert not behind({"a": 20, "b": 5, "c": 5}, True).enough, "one has over half"
    unknown = behind({None: 100}, False)
    assert (unknown.officers, unknown.enough) == (None, False)
    assert behind({None: 9}, True).officers == 0


def test_a_rule_holds_from_its_date() -> None:
    from datetime import date

    other = Rule(min_n=50)
    assert rule_on(date(2025, 12, 31), [(date(2026, 1, 1), other)])[1] == DEFAULT
    assert rule_on(date(2026, 1, 1), [(date(2026, 1, 1), other)]) == (date(2026, 1, 1), other)


def test_a_rule_that_makes_no_sense_is_refused() -> None:
    for bands in ([Band(name="a", from_points=0)], [Band(name="a", from_points=10), Band(name="b", from_points=20)]):
        with pytest.raises(ValueError):
            Rule(bands=tuple(bands))


def test_the_lowest_band_needs_the_whole_interval() -> None:
    assert DEFAULT.band_of(40, high=49) == "weak"
    assert DEFAULT.band_of(40, high=51) == "average", "doubt is no weakness"
    assert DEFAULT.band_of(90, high=95) == "excellent"

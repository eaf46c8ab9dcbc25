"""Scores from ratings alone: known answers, and officers with known effects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.analytics.attitude import Cell, assess
from motcua.analytics.rule import DEFAULT
from motcua.onebox.attitudes import World, harsh, trial


def cell(who: str, n: int, mean: float, shift: int = 0, **fields: object) -> Cell:
    """Answers of one mean with a variance of 0.5 within."""
    given: dict = {"hour": 9, "procedure": "p", "wait_min": 10.0, "office_id": "vl-1"} | fields
    return Cell(
        who,
        given["office_id"],
        f"{who}{shift}",
        given["hour"],
        given["procedure"],
        given["wait_min"],
        n,
        n * mean,
        n * (mean**2 + 0.5),
    )


def officer(who: str, mean: float, n: int = 200, shifts: int = 10, **fields: object) -> list[Cell]:
    return [cell(who, n // shifts, mean, s, **fields) for s in range(shifts)]


def test_nothing_gives_nothing() -> None:
    assert assess([], DEFAULT) == ([], None)


def test_many_answers_speak_for_themselves_and_few_are_drawn_to_the_mean() -> None:
    cells = [c for i, m in enumerate((3.6, 3.8, 4.0, 4.2, 4.4)) for c in officer(f"o{i}", m, 400)]
    cells += officer("new", 1.5, 30, 5)
    found, spread = assess(cells, DEFAULT)
    by = {a.officer_id: a for a in found}
    assert spread is not None
    assert by["o4"].score == pytest.approx(4.4, abs=0.05)
    assert by["new"].raw == pytest.approx(1.5)
    assert by["new"].score is not None
    drawn = (by["new"].score - 1.5) / (by["new"].office_mean - 1.5)  # type: ignore[operator]
    assert 0.01 < drawn < 0.1
    assert by["new"].low is not None
    assert by["o4"].high is not None
    assert by["o4"].low is not None
    assert by["new"].score - by["new"].low > by["o4"].score - by["o4"].low  # type: ignore[operator]
    assert by["o4"].weight > by["new"].weight  # type: ignore[operator]


def test_too_few_answers_or_shifts_are_insufficient_data() -> None:
    cells = officer("a", 4.0) + officer("b", 3.0) + officer("few", 1.0, 29 // 5 * 5, 5) + officer("one-shift", 1.0, 100, 1)
    by = {a.officer_id: a for a in assess(cells, DEFAULT)[0]}
    for who in ("few", "one-shift"):
        assert (by[who].state, by[who].score, by[who].band, by[who].points) == ("insufficient", None, None, None)


def test_whoever_serves_the_long_waits_is_not_blamed_for_them() -> None:
    """Same manner; b sits at the rush hour: a long wait costs everybody 0.8."""
    cells = []
    for who, rush in (("a", 0.2), ("b", 0.8), ("c", 0.5)):
        for s in range(20):
            cells.append(cell(who, round(50 * (1 - rush)), 4.4, s, wait_min=5.0))
            cells.append(cell(who, round(50 * rush), 3.6, s, wait_min=45.0))
    by = {a.officer_id: a for a in assess(cells, DEFAULT)[0]}
    assert by["a"].raw - by["b"].raw > 0.4  # type: ignore[operator]
    assert abs(by["a"].adjusted - by["b"].adjusted) < 0.02  # type: ignore[operator]
    assert abs(by["a"].score - by["b"].score) < 0.02  # type: ignore[operator]


def test_an_unknown_wait_is_not_a_short_one() -> None:
    known = [c for who, m in (("a", 4.4), ("b", 3.6)) for c in officer(who, m, wait_min=30.0)]
    other = [c for who, m in (("a", 4.4), ("b", 3.6)) for c in officer(who, m, wait_min=None)]
    for x, y in zip(assess(known, DEFAULT)[0], assess(other, DEFAULT)[0], strict=True):
        assert x.score == pytest.approx(y.score, abs=1e-6)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"),
            st.integers(0, 5),
            st.integers(6, 18),
            st.one_of(st.none(), st.floats(0, 300)),
            st.integers(1, 5),
        ),
        min_size=1,
        max_size=80,
    )
)
def test_whatever_comes_in_scores_stay_on_the_scale_and_inside_their_interval(rows: list[tuple]) -> None:
    cells = [Cell(o, f"office-{o in 'ab'}", f"{o}{s}", h, None, w, 1, k, k * k) for o, s, h, w, k in rows]
    for a in assess(cells, harsh(DEFAULT))[0]:
        assert (a.state == "ok") == (a.score is not None)
        if a.score is not None:
            assert 1 <= a.low <= a.score <= a.high <= 5  # type: ignore[operator]
            assert 0 <= a.points <= 100  # type: ignore[operator]


def test_officers_of_known_effect_are_found_and_average_ones_are_not_called_weak() -> None:
    told = trial(5, 7, World())
    assert told.cases >= 250
    assert told.covered / told.cases > 0.90
    assert float(np.mean(told.rank_correlations)) > 0.85
    assert float(np.mean(told.errors)) < float(np.mean(told.raw_errors))
    few = trial(3, 8, World(few=12), harsh(DEFAULT))
    assert few.few_cases == 36
    assert few.few_lowest == 0
    assert trial(1, 9, World(few=12)).few_insufficient == 12


@pytest.mark.slow
def test_the_interval_covers_what_it_promises() -> None:
    told = trial(100, 1, World())
    assert told.cases >= 5000
    assert 0.93 <= told.covered / told.cases <= 0.97
    few = trial(80, 2, World(few=12), harsh(DEFAULT))
    assert few.few_cases >= 900
    assert few.few_lowest / few.few_cases <= 0.01

"""Which visit is which: known answers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from motcua.onebox.dwell import Visit
from motcua.onebox.pairing import by_boxes, pair
from motcua.onebox.truth import Boxes

FPS = 7.0


def _visit(first: int, last: int, zone: str = "a", person: int = 1) -> Visit:
    return Visit(zone, person, first, last)


def test_equal_and_opposite_errors_do_not_cancel() -> None:
    pairs = pair([_visit(0, 9), _visit(100, 119)], [_visit(0, 19), _visit(100, 109)])
    assert pairs.summary(FPS) == {"matched": 2, "missed": 0, "false": 0, "dwell_abs_error_median_s": 10 / FPS}


def test_visits_of_other_zones_or_times_are_not_the_same() -> None:
    pairs = pair([_visit(0, 9)], [_visit(10, 19), _visit(0, 9, "b")])
    assert pairs.summary(FPS) == {"matched": 0, "missed": 1, "false": 2, "dwell_abs_error_median_s": None}


def test_a_broken_visit_is_one_match_and_one_false_one() -> None:
    pairs = pair([_visit(0, 99)], [_visit(0, 29), _visit(35, 99)])
    assert pairs.matched == ((_visit(0, 99), _visit(35, 99)),)
    assert pairs.false == (_visit(0, 29),)


def test_the_greatest_common_time_in_all_wins() -> None:
    true = [_visit(0, 10), _visit(5, 30)]
    measured = [_visit(4, 12), _visit(0, 28)]
    assert set(pair(true, measured).matched) == {(true[0], measured[0]), (true[1], measured[1])}


def _boxes(person: int, x: float, frames: range) -> Boxes:
    n = len(frames)
    box = np.tile(np.array([[x - 10, 0, x + 10, 60]], np.float32), (n, 1))
    return Boxes(np.array(frames, dtype=np.int64), np.full(n, person), box)


def test_the_place_counts_in_heights_of_the_person() -> None:
    true, near, far = _boxes(1, 100, range(20)), _boxes(7, 129, range(20)), _boxes(7, 131, range(20))
    a, b = Visit("a", 1, 0, 19), Visit("a", 7, 0, 19)
    assert pair([a], [b], by_boxes(true, near)).matched
    assert not pair([a], [b], by_boxes(true, far)).matched


visits = st.lists(
    st.builds(lambda f, n, z: Visit(z, 1, f, f + n), st.integers(0, 80), st.integers(0, 40), st.sampled_from("ab")),
    max_size=8,
)


@given(visits, visits)
def test_every_visit_is_matched_once_or_left_over(true: list[Visit], measured: list[Visit]) -> None:
    pairs = pair(true, measured)
    assert len(pairs.matched) + len(pairs.missed) == len(true)
    assert len(pairs.matched) + len(pairs.false) == len(measured)
    assert all(t.zone == m.zone and t.first <= m.last and m.first <= t.last for t, m in pairs.matched)


@given(visits)
def test_the_truth_against_itself_is_right(true: list[Visit]) -> None:
    figures = pair(true, true).summary(FPS)
    assert figures["missed"] == figures["false"] == 0

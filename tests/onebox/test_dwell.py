"""Visits and their errors: answers known from the definition, and properties that must hold for any tracks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.onebox.dwell import (
    Visit,
    ZoneFigures,
    figures,
    find_visits,
    in_rectangle,
    random_zones,
    summarise,
    summarise_random,
)

FPS = 7.0


def _find(*presence: tuple[int, list[int]], fps: float = FPS) -> list[tuple[int, int, int]]:
    """Visits as (person, first, last) of people given as (person, frames inside)."""
    frames = np.array([f for _, inside in presence for f in inside], dtype=np.int64)
    ids = np.array([person for person, inside in presence for _ in inside], dtype=np.int64)
    visits = find_visits("z", frames, ids, np.ones(len(frames), dtype=bool), fps)
    return [(v.person, v.first, v.last) for v in visits]


def test_a_visit_lasts_a_second_or_more() -> None:
    assert _find((1, list(range(7)))) == [(1, 0, 6)]  # 7 frames at 7 fps: 1 s
    assert _find((1, list(range(6)))) == []
    assert Visit("z", 1, 0, 6).dwell_s(FPS) == 1.0


def test_gaps_up_to_a_second_and_a_half_are_bridged() -> None:
    before, missing = list(range(7)), 10  # 10 frames are 1.43 s, 11 are 1.57 s
    assert _find((1, before + [7 + missing + f for f in range(7)])) == [(1, 0, 23)]
    assert _find((1, before + [8 + missing + f for f in range(7)])) == [(1, 0, 6), (1, 18, 24)]


def test_short_stays_that_a_bridged_gap_joins_are_one_visit() -> None:
    assert _find((1, [0, 6])) == [(1, 0, 6)]


def test_people_are_told_apart_and_rows_may_come_in_any_order() -> None:
    assert _find((2, [9, 8, 7, 6, 5, 4, 3]), (1, list(range(8)))) == [(1, 0, 7), (2, 3, 9)]


def test_only_foot_points_inside_count() -> None:
    frames, ids = np.arange(14), np.ones(14, dtype=np.int64)
    assert find_visits("z", frames, ids, frames >= 7, FPS) == [Visit("z", 1, 7, 13)]
    assert find_visits("z", frames, ids, frames < 0, FPS) == []


presences = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 120)), max_size=120, unique=True)


@given(presences, st.sampled_from([2.0, 7.0, 25.0]))
def test_visits_of_one_person_never_touch_and_hold_all_frames_long_enough(rows: list[tuple[int, int]], fps: float) -> None:
    ids, frames = (np.array([row[i] for row in rows], dtype=np.int64) for i in (0, 1))
    visits = find_visits("z", frames, ids, np.ones(len(rows), dtype=bool), fps)
    for visit in visits:
        assert {(visit.person, visit.first), (visit.person, visit.last)} <= set(rows)
        assert visit.dwell_s(fps) >= 1.0 - 1e-9
    for a, b in pairwise(visits):
        if a.person == b.person:
            assert (b.first - a.last - 1) / fps > 1.5
    covered = {(v.person, f) for v in visits for f in range(v.first, v.last + 1)}
    for person, frame in set(rows) - covered:  # whatever is left out belongs to a stay of less than a second
        near = [f for p, f in rows if p == person and abs(f - frame) < fps]
        assert max(near) - min(near) + 1 < fps


def _zone(true: list[float], measured: list[float]) -> ZoneFigures:
    def visits(dwells: list[float]) -> list[Visit]:
        return [Visit("z", i, 0, round(dwell * FPS) - 1) for i, dwell in enumerate(dwells)]

    return figures("z", visits(true), visits(measured), FPS)


def test_the_figures_of_a_known_case() -> None:
    zones = [_zone([2, 4], [3, 3, 3]), _zone([10], [8]), _zone([4, 4, 4], [5, 5, 5])]
    assert [z.dwell_error for z in zones] == pytest.approx([0.0, -0.2, 0.25])
    assert zones[0].person_seconds_true == pytest.approx(6)
    assert zones[0].person_seconds == pytest.approx(9)
    assert summarise(zones) == pytest.approx(
        {
            "mean_dwell_error": 0.15,
            "mean_dwell_bias": 0.05 / 3,
            "visits_error": 1 / 6,
            "person_seconds_error": (3 + 2 + 3) / 28,
        }
    )
    at_random = summarise_random(zones)
    assert at_random["median_error"] == pytest.approx(0.2)
    assert at_random["p90_error"] == pytest.approx(0.24)
    assert at_random["zones"] == 3


def test_a_zone_where_nothing_was_found_is_wholly_wrong_and_one_without_truth_does_not_count() -> None:
    assert _zone([2, 4], []).dwell_error == -1
    assert _zone([], [3]).dwell_error is None
    assert summarise([_zone([], [3])])["mean_dwell_error"] is None
    assert summarise([])["visits_error"] is None


def test_random_zones_are_the_same_for_a_seed_and_keep_to_their_definition() -> None:
    frames = np.tile(np.arange(14), 40)
    ids = np.repeat(np.arange(40), 14)
    points = np.repeat(np.random.default_rng(1).uniform(0, 1, (40, 2)), 14, axis=0)
    zones = random_zones(10, 3, frames, ids, points, FPS)
    assert zones == random_zones(10, 3, frames, ids, points, FPS)
    assert zones != random_zones(10, 4, frames, ids, points, FPS)
    assert len(zones) == 10
    for x0, y0, x1, y1 in zones:
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1
        assert 0.05 <= (x1 - x0) * (y1 - y0) <= 0.25
        assert len(find_visits("", frames, ids, in_rectangle((x0, y0, x1, y1), points), FPS)) >= 5


def test_random_zones_give_up_where_nobody_is() -> None:
    nobody = np.empty(0, dtype=np.int64)
    assert random_zones(3, 0, nobody, nobody, np.empty((0, 2)), FPS) == []

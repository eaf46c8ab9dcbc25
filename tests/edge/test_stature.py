"""How tall people are at each row: the line is found among what is wrong, and nothing is claimed where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from motcua.edge.stature import Stature

RNG = np.random.default_rng(7)


def _people(count: int, *, start: float = 10.0, slope: float = 0.25, spread: float = 0.06) -> np.ndarray:
    """(n, 4) boxes of people on level ground."""
    foot = RNG.uniform(150, 550, count)
    height = (start + slope * foot) * np.exp(RNG.normal(0, spread, count))
    left = RNG.uniform(0, 700, count)
    return np.stack([left, foot - height, left + height / 3, foot], axis=1)


def _seen(people: np.ndarray) -> Stature:
    stature = Stature()
    for some in np.array_split(people, max(len(people) // 4, 1)):
        stature.learn(some)
    return stature


def test_two_above_one_another_are_told_from_one() -> None:
    merged = _people(60)
    merged[:, 1] -= 0.6 * (merged[:, 3] - merged[:, 1])
    people = np.concatenate([_people(400), merged])
    stature = _seen(RNG.permutation(people))
    assert stature.known
    assert np.mean(stature.taller(_people(300)) < 1.3) > 0.99
    assert np.mean(stature.taller(merged) > 1.3) > 0.95


def test_nothing_is_said_before_enough_were_seen_and_children_are_never_too_tall() -> None:
    stature = _seen(_people(60))
    assert not stature.known
    assert (stature.taller(_people(5)) == 1).all()
    small = _people(50)
    small[:, 1] += 0.45 * (small[:, 3] - small[:, 1])
    assert (_seen(_people(400)).taller(small) < 0.8).all()


def test_where_heights_follow_no_line_nobody_is_judged() -> None:
    stature = _seen(_people(400, spread=0.6))
    assert not stature.known
    assert (stature.taller(_people(9)) == 1).all()


def test_a_camera_that_was_turned_is_learned_anew() -> None:
    stature = _seen(_people(400))
    turned = _people(4000, start=20, slope=0.5)
    assert np.median(stature.taller(turned)) > 1.5
    stature.learn(turned)
    stature.learn(_people(100, start=20, slope=0.5))
    assert np.median(stature.taller(turned)) == pytest.approx(1, abs=0.05)


def test_people_all_in_one_row_have_one_height() -> None:
    people = _people(300)
    people[:, 1] += 400 - people[:, 3]
    people[:, 3] = 400
    assert np.median(_seen(people).taller(people)) == pytest.approx(1, abs=0.05)


def test_nobody_at_all_is_no_fault() -> None:
    stature = Stature()
    stature.learn(np.empty((0, 4)))
    assert stature.taller(np.empty((0, 4))).shape == (0,)

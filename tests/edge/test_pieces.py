"""Pieces of tracks: how they end, what they look like where nobody covers them, when two were closest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.edge.pieces import Contacts, Piece, end_of, weights

UP, DOWN = np.array([1, 0], np.float32), np.array([0, 1], np.float32)


def _piece(since_s: float, seconds: float, x: float = 0, pace: float = 10, look: np.ndarray = UP, live: int = 1) -> Piece:
    piece = Piece(live, live, live)
    for k in range(int(seconds * 10)):
        left = x + pace * k / 10
        piece.add(since_s + k / 10, np.array([left, 0, left + 20, 60], np.float32), 0.9, 0.9, look)
    return piece


def test_an_end_knows_place_pace_look_and_height() -> None:
    end = end_of(_piece(5, 3), last=True)
    assert end.at_s == pytest.approx(7.9)
    assert end.box == pytest.approx([29, 0, 49, 60], abs=1e-4)
    assert end.pace == pytest.approx([10, 0, 10, 0], abs=0.5)
    assert (end.height, list(end.look)) == (60, [1, 0])
    assert end.where(8.4)[0] == pytest.approx(34, abs=0.5)
    assert end.where(20)[0] == pytest.approx(39, abs=0.5), "a pace is not trusted for longer than a second"


def test_a_beginning_looks_ahead() -> None:
    begin = end_of(_piece(5, 3), last=False)
    assert (begin.at_s, begin.where(4.5)[0]) == (5, pytest.approx(-5, abs=0.5))


def test_two_sightings_say_nothing_of_a_pace() -> None:
    assert list(end_of(_piece(0, 0.2), last=True).pace) == [0, 0, 0, 0]


def test_covered_sightings_hardly_count_for_the_look() -> None:
    piece = _piece(0, 2, look=UP)
    for k in range(10):  # behind somebody else for a second
        piece.add(2 + k / 10, np.array([0, 0, 20, 60], np.float32), 0.9, 0.9 * 0.05, DOWN)
    assert end_of(piece, last=True).look @ UP > 0.99


@pytest.mark.parametrize(("x", "covered"), [(0, True), (9, True), (11, False), (30, False)])
def test_a_box_is_covered_from_half_of_it_on(x: float, covered: bool) -> None:
    boxes = np.array([[0, 0, 20, 60], [x, 0, x + 20, 60]], float)
    counts = weights(boxes, np.array([0.8, 0.6], np.float32))
    assert counts == pytest.approx([0.8 * 0.05, 0.6 * 0.05] if covered else [0.8, 0.6])


def test_a_crowd_of_one_and_of_none() -> None:
    assert weights(np.array([[0.0, 0, 20, 60]]), np.array([0.5], np.float32)) == pytest.approx([0.5])
    assert len(weights(np.empty((0, 4)), np.empty(0, np.float32))) == 0


@given(st.integers(1, 29))
def test_a_piece_cut_and_joined_again_is_the_same(cut: int) -> None:
    whole = _piece(0, 3)
    first = _piece(0, 3)
    rest = first.split(cut / 10, 7)
    assert (first.id, rest.id, len(first.times) + len(rest.times)) == (1, 7, 30)
    assert rest.times[0] == pytest.approx(cut / 10)
    again = first.joined(rest)
    assert (again.times, again.id) == (whole.times, 1)
    assert again.total == pytest.approx(whole.total)


def test_of_two_sightings_of_one_moment_the_better_one_stays() -> None:
    first, second = _piece(0, 1), _piece(0.9, 1, x=100)
    second.weights[0] = 0.1
    both = first.joined(second)
    assert len(both.times) == 19
    assert both.boxes[9][0] == pytest.approx(9)


def test_forgetting_keeps_the_last_row_and_the_total() -> None:
    piece = _piece(0, 3)
    total = piece.total
    piece.forget(100)
    assert (len(piece.times), piece.total) == (1, total)


def _meeting(contacts: Contacts, apart_at_s: float, until_s: float) -> list[tuple[int, int, float, float]]:
    """Two who meet and part: (id, id, closest, told at)."""
    told = []
    for k in range(int(until_s * 10)):
        at_s = k / 10
        x = abs(at_s - apart_at_s) * 10 + 1
        boxes = np.array([[0, 0, 20, 60], [x, 0, x + 20, 60]], float)
        told += [(a, b, closest, at_s) for a, b, closest in contacts.push(at_s, [9, 4], boxes)]
    return told


def test_a_contact_is_told_once_with_the_moment_at_which_two_were_closest() -> None:
    ((a, b, closest, told),) = _meeting(Contacts(0.3), 3.0, 10)
    assert (a, b, closest) == (4, 9, pytest.approx(3.0))
    assert told < 5


def test_who_never_parts_is_told_about_every_four_seconds() -> None:
    contacts, told = Contacts(0.3), []
    boxes = np.array([[0, 0, 20, 60], [5, 0, 25, 60]], float)
    for k in range(121):
        told += contacts.push(k / 10, [1, 2], boxes)
    assert [round(closest, 1) for _, _, closest in told] == [0.0, 4.1, 8.2][: len(told)]
    assert len(told) >= 2

"""Which pieces are one person: by looks where the way does not tell, by the way where looks do not."""

from __future__ import annotations

import numpy as np
import pytest

from motcua.edge.link import LinkSettings, at_border, chains
from motcua.edge.pieces import Piece

SIZE = (640, 480)
A, B = np.array([1, 0], np.float32), np.array([0.9, np.sqrt(1 - 0.81)], np.float32)  # 0.1 apart: as strangers usually are


def _piece(live: int, since_s: float, until_s: float, x: float, pace: float, look: np.ndarray, y: float = 200) -> Piece:
    """x: where they would be at second 0."""
    piece = Piece(live, live, live)
    for k in range(round(since_s * 10), round(until_s * 10)):
        left = x + pace * k / 10
        piece.add(k / 10, np.array([left, y - 80, left + 30, y], np.float32), 0.8, 0.8, look)
    return piece


def _chains(pieces: list[Piece], from_s: float = 0.0, until_s: float = 1e9) -> list[list[int]]:
    return sorted(chains(pieces, SIZE, LinkSettings(), from_s=from_s, until_s=until_s))


def test_pieces_of_one_walk_are_one_person() -> None:
    assert _chains([_piece(i, s, e, 200, 20, A) for i, (s, e) in enumerate(((0, 2), (2.5, 4), (6, 8)))]) == [[0, 1, 2]]


def test_a_tracker_that_swaps_two_of_different_looks_is_put_right() -> None:
    before = [_piece(1, 0, 3, 200, 20, A), _piece(2, 0, 3, 320, -20, B)]
    after = [_piece(1, 3, 6, 320, -20, B), _piece(2, 3, 6, 200, 20, A)]  # the live ids go with the wrong ones
    assert _chains(before + after) == [[0, 3], [1, 2]]


def test_where_looks_do_not_tell_the_way_does() -> None:
    before = [_piece(1, 0, 3, 200, 30, A), _piece(2, 0, 3, 380, -30, A)]
    after = [_piece(1, 3, 6, 380, -30, A), _piece(2, 3, 6, 200, 30, A)]
    assert _chains(before + after) == [[0, 3], [1, 2]]


def test_where_neither_tells_the_trackers_word_stands() -> None:
    before = [_piece(1, 0, 3, 200, 0, A), _piece(2, 0, 3, 205, 0, A)]
    after = [_piece(1, 3, 6, 205, 0, A), _piece(2, 3, 6, 200, 0, A)]
    assert _chains(before + after) == [[0, 2], [1, 3]]


@pytest.mark.parametrize(
    "later",
    [
        _piece(2, 3, 6, 450, 20, A),  # too far
        _piece(2, 7.5, 9, 200, 20, A),  # too late
        _piece(2, 1, 3, 260, 20, A),  # there at the same time
    ],
)
def test_strangers_stay_apart(later: Piece) -> None:
    assert _chains([_piece(1, 0, 2.5, 200, 20, A), later]) == [[0], [1]]


def test_who_walks_out_of_the_picture_is_not_who_comes_in_there_a_moment_later() -> None:
    out, into = _piece(1, 0, 3, 520, 30, A), _piece(2, 5, 8, 760, -30, B)
    assert _chains([out, into]) == [[0], [1]]


def test_only_those_who_ended_in_time_are_continued() -> None:
    pieces = [_piece(1, 0, 2, 200, 20, A), _piece(2, 2.2, 4, 200, 20, A)]
    assert _chains(pieces, from_s=2.5) == [[0], [1]]
    assert _chains(pieces, until_s=1.0) == [[0], [1]]


def test_nobody_is_nobody() -> None:
    assert _chains([]) == []


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((300, 100, 330, 200), False),
        ((5, 100, 35, 200), True),
        ((605, 100, 635, 200), True),
        ((300, 380, 330, 475), True),
        ((300, 2, 330, 80), False),  # the top of the picture is far away, not a way out
    ],
)
def test_borders(box: tuple[float, ...], expected: bool) -> None:
    assert at_border(box, SIZE) is expected

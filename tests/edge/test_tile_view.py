"""Looks at a tile: what they show, and where their boxes lie in the frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from motcua.edge.tile_view import TURNS, view_of

TILE = (40, 20, 340, 320)
BLOB = (150, 90, 190, 170)  # xyxy px of the frame


def _frame() -> np.ndarray:
    frame = np.full((360, 400, 3), 90, np.uint8)
    x0, y0, x1, y1 = BLOB
    frame[y0:y1, x0:x1] = (20, 200, 240)
    return frame


@pytest.mark.parametrize("turn", range(2 * len(TURNS)))
def test_what_is_seen_in_a_view_lies_where_it_is_in_the_frame(turn: int) -> None:
    view = view_of(TILE, turn)
    picture = view.of(_frame(), 300)
    assert picture.shape == (300, 300, 3)
    found = cv2.boundingRect((picture[:, :, 1] > 150).astype(np.uint8))
    box = np.array([[found[0], found[1], found[0] + found[2], found[1] + found[3]]]) / 300
    assert view.to_frame(box)[0] == pytest.approx(BLOB, abs=1.5)


def test_one_look_is_the_tile_itself_one_its_mirror_and_all_differ() -> None:
    rng = np.random.default_rng(1)
    frame = cv2.GaussianBlur(rng.integers(0, 255, (360, 400, 3)).astype(np.uint8), (0, 0), 2)
    tile = cv2.resize(frame[20:320, 40:340], (150, 150), interpolation=cv2.INTER_LINEAR)
    pictures = [view_of(TILE, turn).of(frame, 150).astype(int) for turn in range(len(TURNS) + 1)]
    assert np.abs(pictures[2] - tile).max() <= 2
    assert (pictures[0] == pictures[-1]).all()
    assert all(np.abs(pictures[0] - other).mean() > 3 for other in pictures[1:-1])
    assert np.abs(pictures[2][:, ::-1] - pictures[0]).max() <= 2


def test_beyond_the_frame_a_view_goes_on_as_its_border() -> None:
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[:, 50:] = 200
    picture = view_of((0, 0, 100, 100), 3).of(frame, 100)
    assert (picture[-1, -1] == 200).all()

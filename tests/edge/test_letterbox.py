"""The letterbox against recorded places, against pictures, and there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.edge.letterbox import fitted, put_in

SIDES = st.integers(1, 3000)


@pytest.mark.parametrize(
    ("frame", "inside", "place"),
    [
        ((768, 576), (640, 640), (640, 480, 0, 80)),
        ((1920, 1080), (640, 640), (640, 360, 0, 140)),
        ((101, 37), (640, 640), (640, 234, 0, 203)),
        ((640, 640), (640, 640), (640, 640, 0, 0)),
        ((333, 517), (640, 384), (247, 384, 196, 0)),
        ((1, 3000), (640, 640), (1, 640, 319, 0)),
        ((1279, 721), (64, 64), (64, 36, 0, 14)),
    ],
)
def test_places_are_those_of_ultralytics(frame: tuple[int, int], inside: tuple[int, int], place: tuple[int, ...]) -> None:
    """Recorded from its LetterBox 8.4.190."""
    box = fitted(*frame, *inside)
    assert (box.width, box.height, box.left, box.top) == place


@given(SIDES, SIDES, st.integers(32, 1280), st.integers(32, 1280))
def test_a_frame_fills_one_side_and_lies_in_the_middle(width: int, height: int, width_px: int, height_px: int) -> None:
    box = fitted(width, height, width_px, height_px)
    right, below = width_px - box.width - box.left, height_px - box.height - box.top
    assert box.width == width_px or box.height == height_px
    assert 0 <= right - box.left <= 1
    assert 0 <= below - box.top <= 1


@given(SIDES, SIDES, st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=5))
def test_boxes_come_back_to_where_they_were(width: int, height: int, shares: list[tuple[float, ...]]) -> None:
    box = fitted(width, height, 640, 640)
    boxes = np.array(shares, np.float32) * [width, height, width, height]
    inside = boxes.copy()
    inside[:, ::2] = boxes[:, ::2] * box.width / width + box.left
    inside[:, 1::2] = boxes[:, 1::2] * box.height / height + box.top
    back = box.boxes_in_frame(inside)
    assert back.dtype == np.float32
    assert back == pytest.approx(boxes, abs=2e-4 * max(width, height))


def test_boxes_are_cut_at_the_frames_borders() -> None:
    box = fitted(200, 100, 640, 640)
    assert box.boxes_in_frame(np.array([[-50, 0, 900, 640]], np.float32)).tolist() == [[0, 0, 200, 100]]


@pytest.mark.parametrize("size", [(101, 37), (37, 101), (640, 333), (1920, 1080), (1, 50), (200, 200)])
def test_a_mark_in_the_picture_is_found_where_its_box_says(size: tuple[int, int]) -> None:
    width, height = size
    frame = np.zeros((height, width, 3), np.uint8)
    marked = [width // 4, height // 4, max(width // 2, width // 4 + 1), max(height // 2, height // 4 + 1)]
    frame[marked[1] : marked[3], marked[0] : marked[2]] = 255
    box = fitted(width, height, 320, 256)
    inside = put_in(frame, box, 320, 256)
    assert inside.shape == (256, 320, 3)
    y, x = np.nonzero(inside[..., 0] > 127)
    grey = (inside == 114).all(axis=2)
    assert grey.sum() >= 320 * 256 - box.width * box.height
    found = np.array([[x[grey[y, x] == 0].min(), y.min(), x.max() + 1, y.max() + 1]], np.float32)
    pixel = max(width / box.width, height / box.height)
    assert box.boxes_in_frame(found) == pytest.approx(np.array([marked]), abs=1.01 * pixel)

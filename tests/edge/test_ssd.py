"""Anchors, decoding and tiles of the SSD network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.edge.ssd import anchors, decode, probability, tiles


def test_there_is_an_anchor_for_each_row_of_the_network() -> None:
    priors = anchors()
    assert priors.shape == (1917, 4)
    assert priors[0].tolist() == pytest.approx([0.5 / 19, 0.5 / 19, 0.1, 0.1])  # the first layer's smallest
    assert priors[-1].tolist() == pytest.approx([0.5, 0.5, 0.95**0.5, 0.95**0.5])  # the last one's largest


def test_zero_decodes_to_the_anchor_itself() -> None:
    priors = anchors()
    boxes = decode(np.zeros_like(priors), priors)
    assert (boxes[:, 2] - boxes[:, 0]) == pytest.approx(priors[:, 3], abs=1e-6)
    assert (boxes[:, 1] + boxes[:, 3]) / 2 == pytest.approx(priors[:, 0], abs=1e-6)


def test_a_known_code() -> None:
    prior = np.array([[0.5, 0.4, 0.2, 0.1]])
    code = np.array([[1.0, -2.0, 5 * np.log(2), 5 * np.log(3)]])  # down .02, left .02, twice as high, three times as wide
    assert decode(code, prior)[0].tolist() == pytest.approx([0.38 - 0.15, 0.52 - 0.2, 0.38 + 0.15, 0.52 + 0.2])


def test_probability_does_not_overflow() -> None:
    assert probability(np.array([-1000.0, 0.0, 1000.0])).tolist() == pytest.approx([0, 0.5, 1])


def test_the_tiles_of_the_measured_size() -> None:
    assert tiles(768, 576) == [(0, 0, 448, 576), (320, 0, 768, 576)]


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_two_tiles_cover_any_frame_and_overlap(width: int, height: int) -> None:
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = tiles(width, height)
    assert (ax0, ay0) == (0, 0)
    assert (bx1, by1) == (width, height)
    if width >= height:
        assert (ay1, by0) == (height, 0)
        assert 0 <= bx0 <= ax1 <= width
        assert bx0 < ax1 or width < 8
    else:
        assert (ax1, bx0) == (width, 0)
        assert 0 <= by0 <= ay1 <= height
        assert by0 < ay1 or height < 8

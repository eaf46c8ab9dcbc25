"""The box of one moment: straight walks stay straight, noise goes, gaps are bridged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.edge.smooth import smoothed

times = st.lists(st.integers(0, 40), min_size=1, max_size=25, unique=True).map(lambda ks: [k / 7 for k in sorted(ks)])


@given(times, st.floats(-30, 30), st.floats(0.0, 1.0), st.floats(0.05, 1.0))
def test_a_straight_walk_stays_where_it_was(moments: list[float], pace: float, share: float, deviation_s: float) -> None:
    boxes = [np.array([pace * t, 10 - t, pace * t + 20, 70 + 2 * t], np.float32) for t in moments]
    at_s = moments[0] + share * (moments[-1] - moments[0])
    expected = [pace * at_s, 10 - at_s, pace * at_s + 20, 70 + 2 * at_s]
    assert smoothed(moments, boxes, at_s, deviation_s, 1.0) == pytest.approx(expected, abs=0.01)


def test_noise_is_halved_at_least() -> None:
    random = np.random.default_rng(2)
    moments = [k / 7 for k in range(70)]
    clean = np.array([[20 * t, 0, 20 * t + 20, 60] for t in moments])
    noisy = (clean + random.normal(0, 4, clean.shape)).astype(np.float32)
    found = np.array([smoothed(moments, list(noisy), t, 0.5, 3.0) for t in moments])
    assert np.abs(found - clean).mean() < np.abs(noisy - clean).mean() / 2


def test_nothing_is_smoothed_over_a_gap_too_long_to_be_bridged() -> None:
    moments = [0.0, 0.1, 0.2, 0.8, 0.9, 1.0]
    boxes = [np.full(4, 0 if t < 0.5 else 100, np.float32) for t in moments]
    assert smoothed(moments, boxes, 0.2, 0.3, 0.5) == pytest.approx(np.zeros(4), abs=1e-6)
    assert smoothed(moments, boxes, 0.2, 0.3, 1.0)[0] > 1


def test_no_smoothing_is_the_box_itself() -> None:
    boxes = [np.full(4, value, np.float32) for value in (1, 5, 2)]
    assert smoothed([0, 1, 2], boxes, 1, 0, 3).tolist() == [5, 5, 5, 5]
    assert smoothed([0, 1, 2], boxes, 0.5, 0, 3).tolist() == [3, 3, 3, 3]

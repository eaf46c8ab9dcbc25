"""The four small filters against the usual one of eight dimensions, written out as a matrix."""

from __future__ import annotations

import numpy as np
import pytest

from motcua.edge import kalman

F = np.eye(8) + np.eye(8, k=4)  # x, y, aspect, height, and their velocities
H = np.eye(4, 8)


def _textbook(boxes: np.ndarray) -> np.ndarray:
    """Boxes after start, and predict and update for each further one; as SORT and ByteTrack write it."""

    def measured(box: np.ndarray) -> np.ndarray:
        x0, y0, x1, y1 = box
        return np.array([(x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / (y1 - y0), y1 - y0])

    z = measured(boxes[0])
    mean, h = np.r_[z, np.zeros(4)], z[3]
    covariance = np.diag(np.square([h / 10, h / 10, 1e-2, h / 10, h / 16, h / 16, 1e-5, h / 16]))
    for box in boxes[1:]:
        h = mean[3]
        noise = np.diag(np.square([h / 20, h / 20, 1e-2, h / 20, h / 160, h / 160, 1e-5, h / 160]))
        mean, covariance = F @ mean, F @ covariance @ F.T + noise
        h = mean[3]
        spread = H @ covariance @ H.T + np.diag(np.square([h / 20, h / 20, 1e-1, h / 20]))
        gain = covariance @ H.T @ np.linalg.inv(spread)
        mean = mean + gain @ (measured(box) - H @ mean)
        covariance = covariance - gain @ spread @ gain.T
    return mean


def test_four_small_filters_are_the_large_one() -> None:
    random = np.random.default_rng(5)
    t = np.arange(30)[:, None]
    boxes = np.array([100, 50, 130, 140]) + t * np.array([3, 1, 3.2, 1.4]) + random.normal(0, 2, (30, 4))
    motion = kalman.start(boxes[:1])
    for box in boxes[1:]:
        motion = kalman.update(kalman.predict(motion, 1.0, np.array([False])), box[None])
    assert np.r_[motion.mean[0, :, 0], motion.mean[0, :, 1]] == pytest.approx(_textbook(boxes), rel=1e-9, abs=1e-9)


def test_two_half_steps_go_as_far_as_one() -> None:
    motion = kalman.start(np.array([[0, 0, 20, 60.0]]))
    motion = kalman.update(kalman.predict(motion, 1, np.array([False])), np.array([[5, 0, 25, 60.0]]))
    once = kalman.predict(motion, 1, np.array([False]))
    twice = kalman.predict(kalman.predict(motion, 0.5, np.array([False])), 0.5, np.array([False]))
    assert once.boxes() == pytest.approx(twice.boxes())


def test_what_is_not_seen_keeps_its_height() -> None:
    motion = kalman.start(np.array([[0, 0, 20, 60.0]]))
    motion = kalman.update(kalman.predict(motion, 1, np.array([False])), np.array([[0, 0, 24, 72.0]]))
    height = motion.mean[0, 3, 0]
    assert kalman.predict(motion, 5, np.array([True])).mean[0, 3, 0] == height
    assert kalman.predict(motion, 5, np.array([False])).mean[0, 3, 0] > height

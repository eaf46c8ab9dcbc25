"""The constant-velocity Kalman filter of SORT and ByteTrack, for many boxes at once. Pure.

State: centre x, centre y, width / height, height, each with its velocity. Since all noise is independent and only a position
and its own velocity are coupled, the usual filter of 8 dimensions is exactly four filters of 2: a mean (position, velocity)
and a covariance (p00, p01, p11) for each of the four. Noise grows with the height of the box (Bewley et al. 2016, Wojke et
al. 2017, Zhang et al. 2022). Time is counted in steps of the tracker's nominal frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_POSITION = 1 / 20
_VELOCITY = 1 / 160
_LIKE_HEIGHT = np.array([1.0, 1.0, 0.0, 1.0])  # what grows with the height
_ASPECT = np.array([0.0, 0.0, 1.0, 0.0])
_ASPECT_POSITION, _ASPECT_VELOCITY, _ASPECT_MEASUREMENT = 1e-2, 1e-5, 1e-1  # standard deviations


@dataclass(frozen=True, slots=True)
class Motion:
    """mean: (n, 4, 2) position and velocity; covariance: (n, 4, 3) p00, p01, p11."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def __getitem__(self, index: Any) -> Motion:
        return Motion(self.mean[index], self.covariance[index])

    def join(self, other: Motion) -> Motion:
        """These, then the others."""
        return Motion(np.concatenate([self.mean, other.mean]), np.concatenate([self.covariance, other.covariance]))

    def put(self, index: Any, other: Motion) -> Motion:
        """These with the chosen rows replaced."""
        mean, covariance = self.mean.copy(), self.covariance.copy()
        mean[index], covariance[index] = other.mean, other.covariance
        return Motion(mean, covariance)

    def boxes(self) -> NDArray[np.float64]:
        """(n, 4) xyxy px."""
        x, y, aspect, height = self.mean[:, :, 0].T
        half = aspect * height / 2
        boxes = np.empty((len(x), 4))
        boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3] = x - half, y - height / 2, x + half, y + height / 2
        return boxes


def start(boxes: NDArray[Any]) -> Motion:
    """Standing boxes, (n, 4) xyxy px, of unknown velocity."""
    measured = _measure(boxes)
    position = _deviation(measured[:, 3], _POSITION, _ASPECT_POSITION) * [2, 2, 1, 2]
    velocity = _deviation(measured[:, 3], _VELOCITY, _ASPECT_VELOCITY) * [10, 10, 1, 10]
    covariance = np.stack([position**2, np.zeros_like(position), velocity**2], axis=2)
    return Motion(np.stack([measured, np.zeros_like(measured)], axis=2), covariance)


def predict(motion: Motion, steps: float, stop_growing: NDArray[np.bool_]) -> Motion:
    """``steps`` nominal frames later. stop_growing: (n,) rows whose height keeps still (those not seen just now)."""
    height, mean = motion.mean[:, 3, 0], motion.mean.copy()
    mean[stop_growing, 3, 1] = 0
    mean[:, :, 0] += steps * mean[:, :, 1]
    p00, p01, p11 = _parts(motion)
    covariance = np.empty_like(motion.covariance)
    covariance[:, :, 0] = p00 + 2 * steps * p01 + steps**2 * p11
    covariance[:, :, 0] += steps * _deviation(height, _POSITION, _ASPECT_POSITION) ** 2
    covariance[:, :, 1] = p01 + steps * p11
    covariance[:, :, 2] = p11 + steps * _deviation(height, _VELOCITY, _ASPECT_VELOCITY) ** 2
    return Motion(mean, covariance)


def update(motion: Motion, boxes: NDArray[Any]) -> Motion:
    """Take in one measured box a row, (n, 4) xyxy px."""
    p00, p01, p11 = _parts(motion)
    spread = p00 + _deviation(motion.mean[:, 3, 0], _POSITION, _ASPECT_MEASUREMENT) ** 2
    gain, drift = p00 / spread, p01 / spread
    off = _measure(boxes) - motion.mean[:, :, 0]
    mean, covariance = motion.mean.copy(), np.empty_like(motion.covariance)
    mean[:, :, 0] += gain * off
    mean[:, :, 1] += drift * off
    covariance[:, :, 0] = p00 - gain * p00
    covariance[:, :, 1] = p01 - gain * p01
    covariance[:, :, 2] = p11 - drift * p01
    return Motion(mean, covariance)


def _parts(motion: Motion) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """p00, p01, p11, each (n, 4)."""
    return motion.covariance[:, :, 0], motion.covariance[:, :, 1], motion.covariance[:, :, 2]


def _measure(boxes: NDArray[Any]) -> NDArray[np.float64]:
    """(n, 4) xyxy → centre x, centre y, width / height, height."""
    x0, y0, x1, y1 = np.asarray(boxes, dtype=np.float64).T
    height = np.maximum(y1 - y0, 1e-6)
    measured = np.empty((len(height), 4))
    measured[:, 0], measured[:, 1], measured[:, 2], measured[:, 3] = (x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / height, height
    return measured


def _deviation(height: NDArray[np.float64], share: float, aspect: float) -> NDArray[np.float64]:
    """(n, 4) standard deviations: that share of the height, for the aspect a number of its own."""
    return np.asarray(height[:, None] * (share * _LIKE_HEIGHT) + aspect * _ASPECT)

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
_ASPECT = (1e-2, 1e-5, 1e-1)  # standard deviations of the aspect: position, velocity, measurement


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
        return np.stack([x - half, y - height / 2, x + half, y + height / 2], axis=1)


def start(boxes: NDArray[Any]) -> Motion:
    """Standing boxes, (n, 4) xyxy px, of unknown velocity."""
    measured = _measure(boxes)
    position, velocity, _ = _deviations(measured[:, 3])
    position, velocity = position * [2, 2, 1, 2], velocity * [10, 10, 1, 10]
    covariance = np.stack([position**2, np.zeros_like(position), velocity**2], axis=2)
    return Motion(np.stack([measured, np.zeros_like(measured)], axis=2), covariance)


def predict(motion: Motion, steps: float, stop_growing: NDArray[np.bool_]) -> Motion:
    """``steps`` nominal frames later. stop_growing: (n,) rows whose height keeps still (those not seen just now)."""
    position, velocity, _ = _deviations(motion.mean[:, 3, 0])
    mean = motion.mean.copy()
    mean[stop_growing, 3, 1] = 0
    mean[:, :, 0] += steps * mean[:, :, 1]
    p00, p01, p11 = np.moveaxis(motion.covariance, 2, 0)
    covariance = [
        p00 + 2 * steps * p01 + steps**2 * p11 + steps * position**2,
        p01 + steps * p11,
        p11 + steps * velocity**2,
    ]
    return Motion(mean, np.stack(covariance, axis=2))


def update(motion: Motion, boxes: NDArray[Any]) -> Motion:
    """Take in one measured box a row, (n, 4) xyxy px."""
    _, _, measurement = _deviations(motion.mean[:, 3, 0])
    p00, p01, p11 = np.moveaxis(motion.covariance, 2, 0)
    spread = p00 + measurement**2
    gain = np.stack([p00 / spread, p01 / spread], axis=2)
    mean = motion.mean + gain * (_measure(boxes) - motion.mean[:, :, 0])[:, :, None]
    covariance = [p00 - gain[:, :, 0] * p00, p01 - gain[:, :, 0] * p01, p11 - gain[:, :, 1] * p01]
    return Motion(mean, np.stack(covariance, axis=2))


def _measure(boxes: NDArray[Any]) -> NDArray[np.float64]:
    """(n, 4) xyxy → centre x, centre y, width / height, height."""
    x0, y0, x1, y1 = np.asarray(boxes, dtype=np.float64).T
    height = np.maximum(y1 - y0, 1e-6)
    return np.stack([(x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / height, height], axis=1)


def _deviations(height: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(n, 4) standard deviations of position, velocity and measurement."""
    like = np.ones_like(height)
    return (
        np.stack([_POSITION * height, _POSITION * height, _ASPECT[0] * like, _POSITION * height], axis=1),
        np.stack([_VELOCITY * height, _VELOCITY * height, _ASPECT[1] * like, _VELOCITY * height], axis=1),
        np.stack([_POSITION * height, _POSITION * height, _ASPECT[2] * like, _POSITION * height], axis=1),
    )

"""What a camera does to a scene: frames at an uneven rate, some of them lost; light that flickers and drifts; noise. Seeded."""

from __future__ import annotations

import random
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Image

RATES = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)  # frames per second; the rate changes from one to another now and then
_BANK = 8


@dataclass(frozen=True, slots=True)
class CameraFaults:
    """How bad the camera is. Probabilities per frame, times in seconds; light as a share, noise in grey levels."""

    rates: tuple[float, ...] = RATES
    hold_s: tuple[float, float] = (15.0, 60.0)  # how long a rate lasts
    jitter: float = 0.15
    drop: float = 0.02  # a single frame
    gap: float = 0.002  # several seconds
    gap_s: tuple[float, float] = (0.8, 2.5)
    drift: float = 0.12
    flicker: float = 0.02
    noise: float = 4.0


def frame_times(faults: CameraFaults, duration_s: float, seed: int) -> NDArray[np.float64]:
    """(n,) growing seconds from 0 on, to the millisecond."""
    chance = random.Random(f"frames {seed}")
    times, now, until_s, rate = list[float](), 0.0, 0.0, faults.rates[0]
    while now <= duration_s:
        if now >= until_s:
            rate, until_s = chance.choice(faults.rates), now + chance.uniform(*faults.hold_s)
        if chance.random() >= faults.drop:
            times.append(round(now, 3))
        if chance.random() < faults.gap * 5 / rate:
            now += chance.uniform(*faults.gap_s)
        now += max(0.02, (1 + chance.uniform(-faults.jitter, faults.jitter)) / rate)
    return np.array(times)


class Light:
    """Turns a painted frame into what the camera gives."""

    def __init__(self, faults: CameraFaults, size: tuple[int, int], seed: int) -> None:
        self._faults = faults
        self._random = np.random.default_rng([seed, 7])
        coarse = self._random.normal(0, faults.noise, (_BANK, size[1], size[0], 3)).astype(np.float32)
        self._bank = [cv2.GaussianBlur(n, (0, 0), 0.6) * 1.5 for n in coarse]
        self._bank = [np.round(n).astype(np.int16) for n in self._bank]
        self._waves = self._random.uniform([1 / 900, 0], [1 / 60, 2 * np.pi], (5, 2))
        self._tints = self._random.uniform(-0.25, 0.25, (5, 3))
        self._lamp_s, self._lamp = 0.0, 0.0

    def gain(self, at_s: float) -> NDArray[np.float64]:
        """(3,) factors for blue, green and red at that time; times must grow."""
        faults = self._faults
        if at_s >= self._lamp_s:  # a lamp goes on or off, a cloud comes
            self._lamp_s = at_s + self._random.exponential(90)
            self._lamp = self._random.uniform(-faults.drift, faults.drift / 2)
        waves = np.sin(2 * np.pi * self._waves[:, 0] * at_s + self._waves[:, 1]) * faults.drift * 0.35
        flicker = self._random.normal(0, faults.flicker)
        return np.asarray(0.94 + waves.sum() + self._lamp + flicker + waves @ self._tints)

    def expose(self, painted: Image, at_s: float) -> Image:
        """painted: (h, w, 3) uint8 BGR."""
        levels = np.arange(256)[:, None] * self.gain(at_s)
        table = np.clip(levels, 0, 255).astype(np.uint8).reshape(256, 1, 3)
        noise = self._bank[self._random.integers(_BANK)]
        noise = np.roll(noise, int(self._random.integers(noise.shape[0])), axis=0)
        return np.asarray(cv2.add(cv2.LUT(painted, table), noise, dtype=cv2.CV_8U), dtype=np.uint8)

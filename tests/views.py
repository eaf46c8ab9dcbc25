"""What a camera sees for hours: made from the real sample video, one picture a second, and everything that can spoil a view.

The place, the people and the film come from the video; the light, the noise, the codec and the people's ways are simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.onebox.video import FPS, sample_video

Image = NDArray[np.uint8]
Spoil = Callable[[Image, np.random.Generator], Image]
SIZE = (384, 288)  # width, height


@cache
def film() -> tuple[Image, ...]:
    """The sample video, a picture a second."""
    video, pictures, number = cv2.VideoCapture(str(sample_video())), [], 0
    while True:
        ok, image = video.read()
        if not ok:
            return tuple(pictures)
        if number % round(FPS) == 0:
            pictures.append(np.asarray(cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA), dtype=np.uint8))
        number += 1


@cache
def place() -> Image:
    """The place without people."""
    return np.asarray(np.median(np.stack(film()[::3]), axis=0), dtype=np.uint8)


@cache
def people() -> tuple[tuple[Image, NDArray[np.uint8]], ...]:
    """Cut-outs: picture and mask, (h, w, 3) and (h, w), 255 where the person is."""
    found = []
    for image in film():
        different = (cv2.absdiff(image, place()).max(axis=2) > 30).astype(np.uint8)
        different = cv2.morphologyEx(different, cv2.MORPH_CLOSE, np.ones((7, 5), np.uint8))
        _, labels, stats, _ = cv2.connectedComponentsWithStats(different)
        for number, (x, y, w, h, area) in enumerate(stats):
            if number and 40 <= h <= 110 and 0.25 <= w / h <= 0.6 and area > 0.5 * w * h:
                mask = np.where(labels[y : y + h, x : x + w] == number, 255, 0).astype(np.uint8)
                found.append((image[y : y + h, x : x + w].copy(), mask))
    assert len(found) >= 20
    return tuple(found[:: len(found) // 20])


def put(image: Image, who: int, x: float, y: float, scale: float) -> None:
    """Put a person into the picture, feet at (x, y), in place."""
    cut, mask = people()[who % len(people())]
    h, w = round(cut.shape[0] * scale), round(cut.shape[1] * scale)
    left, top = round(x - w / 2), round(y - h)
    x1, y1, x2, y2 = max(0, left), max(0, top), min(image.shape[1], left + w), min(image.shape[0], top + h)
    if x1 >= x2 or y1 >= y2:
        return
    part = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
    body, share = cv2.resize(cut, (w, h))[part], cv2.resize(mask, (w, h))[part]
    image[y1:y2, x1:x2] = cv2.copyTo(body, (share > 127).astype(np.uint8), image[y1:y2, x1:x2])


@cache
def grains(noise: float) -> tuple[NDArray[np.int16], ...]:
    """The sensor's noise, twenty pictures of it, a little larger than a picture: where one is cut out makes it another."""
    rng = np.random.default_rng(round(noise * 100))
    shape = (20, SIZE[1] + 32, SIZE[0] + 32, 3)
    return tuple(np.round(rng.standard_normal(shape, dtype=np.float32) * noise).astype(np.int16))


def sensed(image: Image, rng: np.random.Generator, *, gain: float = 1.0, noise: float = 2.0, quality: int = 70) -> Image:
    """The picture with light, the sensor's noise and a codec's artefacts."""
    curve = np.clip(np.arange(256) * gain, 0, 255).astype(np.uint8)
    which, y, x = (int(n) for n in rng.integers((20, 32, 32)))
    grain = grains(noise)[which][y : y + SIZE[1], x : x + SIZE[0]]
    lit = cv2.add(cv2.LUT(image, curve), grain, dtype=cv2.CV_8U)
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", lit, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1), dtype=np.uint8)


def still(seconds: int, seed: int = 1) -> Iterator[Image]:
    """An empty office from morning to evening: the light drifts, a cloud passes, and for a third of the time the codec sends
    the very same picture for up to six seconds, as codecs do that skip what does not change."""
    rng = np.random.default_rng(seed)
    last, again = place(), 0
    for second in range(seconds):
        day = 0.35 + 0.85 * np.sin(np.pi * (second + 600) / (seconds + 1200))
        cloud = 0.8 if second // 240 % 7 == 3 else 1.0
        if again:
            again -= 1
        else:
            last = sensed(place(), rng, gain=day * cloud * rng.normal(1, 0.01), quality=int(rng.integers(40, 90)))
            again = int(rng.integers(1, 7)) if second // 600 % 3 == 1 else 0
        yield last


def dark(seconds: int, seed: int = 2) -> Iterator[Image]:
    """A night: lights are switched off and on at once, now and then somebody walks through; the picture is noisy."""
    rng = np.random.default_rng(seed)
    gain, until, x = 1.0, 120, -100.0
    for second in range(seconds):
        if second >= until:
            gain = float(rng.choice([0.06, 0.1, 0.15])) if gain > 0.5 else 1.0
            until = second + int(rng.integers(60, 1800))
        image = place().copy()
        x = x + rng.uniform(10, 40) if x < SIZE[0] + 60 else -float(rng.integers(100, 8000))
        put(image, second // 200, x, 230, 1.2)
        seen = sensed(image, rng, gain=gain, noise=5.0 if gain < 0.5 else 2.0, quality=60 if gain > 0.5 else 35)
        seen[20:26, 300:312] = rng.integers(225, 240, (6, 12, 3))  # the sign above the way out is lit at night, too
        yield seen


def crowded(seconds: int, seed: int = 3) -> Iterator[Image]:
    """A crowd that fills the picture: up to ninety people who queue, shuffle, sit down for long and go, and now and then one
    who stands right before the lens for up to half a minute."""
    rng = np.random.default_rng(seed)
    here: list[list[float]] = []  # who, x, y, scale, until
    close: list[float] = []
    for second in range(seconds):
        wanted = 45 + 45 * np.sin(second / 900)
        here = [p for p in here if second < p[4]]
        for _ in range(3 if second > 60 else 1):
            if len(here) < wanted:
                y = rng.uniform(50, 330)
                stays = second + rng.pareto(1.5) * 60 + 20
                here.append([rng.integers(0, 20), rng.uniform(0, SIZE[0]), y, max(y, 70) / 130, stays])
        if not close and second > 60 and rng.random() < 1 / 300:
            close = [rng.integers(0, 20), rng.uniform(120, 260), 430, rng.uniform(5, 7), second + rng.uniform(5, 30)]
        if close and second >= close[4]:
            close = []
        image = place().copy()
        for person in sorted([*here, close] if close else here, key=lambda p: p[2]):
            person[1] += rng.normal(0, 1.5 * person[3])
            put(image, int(person[0]), person[1], person[2] + rng.normal(0, 0.5), person[3])
        yield sensed(image, rng, gain=rng.normal(1, 0.02))


def filmed(seconds: int, seed: int = 4) -> Iterator[Image]:
    """The video itself, over and over."""
    rng = np.random.default_rng(seed)
    for second in range(seconds):
        yield sensed(film()[second % len(film())], rng)


def _noisy(image: NDArray[np.generic], rng: np.random.Generator, sigma: float = 2.0) -> Image:
    return np.clip(np.asarray(image, dtype=np.float32) + rng.normal(0, sigma, image.shape), 0, 255).astype(np.uint8)


def black(image: Image, rng: np.random.Generator) -> Image:
    return _noisy(np.zeros_like(image), rng, 6.0)


def blurred(image: Image, rng: np.random.Generator) -> Image:
    return _noisy(cv2.GaussianBlur(image, (0, 0), 3), rng)


def out_of_focus(image: Image, rng: np.random.Generator) -> Image:
    return _noisy(cv2.GaussianBlur(image, (0, 0), 8), rng)


def _covered(image: Image, rng: np.random.Generator, share: float, colour: tuple[int, int, int], tremble: float) -> Image:
    covered = image.astype(np.float32)
    edge = round(image.shape[1] * share + rng.normal(0, tremble))
    light = np.linspace(0.8, 1.2, image.shape[0])[:, None, None]  # no cover is lit evenly
    covered[:, :edge] = np.asarray(colour, dtype=np.float32) * light
    soft = cv2.GaussianBlur(covered, (0, 0), 6)  # and its rim is out of focus
    rim = slice(max(0, edge - 20), edge + 20)
    covered[:, rim] = soft[:, rim]
    return _noisy(covered, rng)


def tape(image: Image, rng: np.random.Generator) -> Image:
    return _covered(image, rng, 1.1, (120, 120, 125), 0)


def hand(image: Image, rng: np.random.Generator) -> Image:
    return _covered(image, rng, 0.92, (90, 110, 170), 4)


def half_a_cloth(image: Image, rng: np.random.Generator) -> Image:
    return _covered(image, rng, 0.5, (70, 60, 50), 0)


def turned_a_little(image: Image, rng: np.random.Generator) -> Image:
    return _noisy(cv2.warpAffine(image, np.array([[1, 0, 14], [0, 1, 4.0]]), SIZE, borderMode=cv2.BORDER_REFLECT), rng)


def turned_away(image: Image, rng: np.random.Generator) -> Image:
    return _noisy(cv2.resize(np.ascontiguousarray(image[::-1][40:240, 60:330]), SIZE), rng)


def tilted(image: Image, rng: np.random.Generator) -> Image:
    turn = cv2.getRotationMatrix2D((SIZE[0] / 2, SIZE[1] / 2), 6, 1)
    return _noisy(cv2.warpAffine(image, turn, SIZE, borderMode=cv2.BORDER_REFLECT), rng)


def flooded(image: Image, rng: np.random.Generator) -> Image:
    return _noisy(image.astype(np.float32) * 1.3 + 170, rng)


def flooded_whole(image: Image, rng: np.random.Generator) -> Image:
    return _noisy(image.astype(np.float32) * 0.02 + 300, rng)


def half_flooded(image: Image, rng: np.random.Generator) -> Image:
    return _noisy(image.astype(np.float32) + np.linspace(400, 0, SIZE[0])[None, :, None], rng)

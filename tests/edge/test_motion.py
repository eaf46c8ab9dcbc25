"""What counts as movement, with known answers: light and noise never do, people who come, walk or creep always do."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.edge.geometry import Image
from motcua.edge.motion import moved, sight, small

WIDTH, HEIGHT = 384, 288
FPS = 7.0
PERSON = (12, 35)  # px, of somebody far away

_random = np.random.default_rng(1)
GROUND = cv2.GaussianBlur(_random.uniform(0, 255, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 3)
GROUND = cv2.normalize(GROUND, None, 60.0, 180.0, cv2.NORM_MINMAX)[..., None] * np.float32([0.95, 1.0, 1.05])


def seen(
    people: tuple[tuple[float, float, int], ...] = (), *, light: object = 1.0, noise: float = 0.0, seed: int = 0
) -> Image:
    """The ground with people (left, top in px, grey level) as a camera sees it; light: factors that can be broadcast."""
    picture = GROUND.copy()
    for left, top, level in people:
        x0, y0, x1, y1 = round(left), round(top), round(left) + PERSON[0], round(top) + PERSON[1]
        picture[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = level
    picture = picture * np.asarray(light, np.float32)
    if noise:
        picture = picture + np.random.default_rng(seed).normal(0, noise, picture.shape)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def differ(a: Image, b: Image) -> bool:
    return moved(small(b), sight(small(a)))


@pytest.mark.parametrize("noise", [2.0, 6.0])
def test_noise_alone_is_no_movement_in_a_hundred_frames(noise: float) -> None:
    standing = ((150.0, 100.0, 20),)
    before = sight(small(seen(standing, noise=noise, seed=1000)))
    assert not any(moved(small(seen(standing, noise=noise, seed=k)), before) for k in range(100))


def test_lamps_that_flicker_drift_or_go_out_are_no_movement() -> None:
    standing = ((150.0, 100.0, 20),)
    before = seen(standing, noise=3)
    rows = np.arange(HEIGHT)[:, None, None]
    bands = [1 + 0.08 * np.sin(2 * np.pi * (rows / 95 + phase)) for phase in (0.0, 0.3, 0.7)]  # a rolling shutter's
    tints = [np.array([0.9, 1.0, 1.08]), np.array([1.1, 0.95, 0.9])]
    for k, light in enumerate([0.8, 0.9, 1.1, 1.25, *bands, *tints]):
        assert not differ(before, seen(standing, light=light, noise=3, seed=k + 1)), light


def test_what_is_too_bright_already_may_get_darker_or_brighter() -> None:
    glaring, duller = seen(light=1.9, noise=3), seen(light=1.6, noise=3, seed=1)
    assert (glaring == 255).mean() > 0.1
    assert not differ(glaring, duller)
    assert not differ(duller, glaring)


def test_somebody_who_walks_in_is_seen_within_two_frames() -> None:
    """At a tenth of the picture's width a second, from the moment at which their first pixel is in it."""
    before = sight(small(seen(noise=4, seed=99)))
    step = 0.1 * WIDTH / FPS
    frames = [seen(((step * k - PERSON[0], 125.0, 40),), noise=4, seed=k) for k in range(1, 4)]
    assert any(moved(small(frame), before) for frame in frames[:2])
    assert moved(small(frames[2]), before)


def test_somebody_who_leaves_is_seen_too() -> None:
    assert differ(seen(((250.0, 150.0, 30),), noise=4), seen(noise=4, seed=1))


def test_slow_creep_adds_up() -> None:
    """One pixel a second is less than noise from frame to frame; against the last look it is not."""
    before = sight(small(seen(((150.0, 125.0, 30),), noise=3, seed=50)))
    found_at_px = next(
        k / FPS for k in range(100) if moved(small(seen(((150 + k / FPS, 125.0, 30),), noise=3, seed=k)), before)
    )
    assert 1 <= found_at_px <= 6


def test_swaying_by_a_pixel_is_standing() -> None:
    before = sight(small(seen(((150.0, 125.0, 30),), noise=3, seed=50)))
    places = [150 + np.sin(k) for k in range(30)]
    assert not any(moved(small(seen(((x, 125.0, 30),), noise=3, seed=k)), before) for k, x in enumerate(places))


@settings(max_examples=30, deadline=None)
@given(
    left=st.integers(0, WIDTH - PERSON[0]),
    top=st.integers(0, HEIGHT - PERSON[1]),
    level=st.sampled_from([0, 20, 235, 255]),
    light=st.floats(0.85, 1.15),
    noise=st.floats(0, 5),
)
def test_who_is_there_anew_is_seen_wherever_in_any_light(
    left: int, top: int, level: int, light: float, noise: float
) -> None:
    empty = seen(noise=noise, seed=1)
    assert differ(empty, seen(((left, top, level),), light=light, noise=noise, seed=2))
    assert not differ(empty, seen(light=light, noise=noise, seed=2))


@pytest.mark.parametrize("size", [(1920, 1080), (640, 480), (90, 160), (64, 48)])
def test_a_picture_of_any_size_becomes_small_and_grey(size: tuple[int, int]) -> None:
    grey = small(np.full((size[1], size[0], 3), 77, np.uint8))
    assert max(grey.shape) == 192
    assert grey.dtype == np.uint8
    assert np.unique(grey).tolist() == [77]
    assert not moved(grey, sight(grey))

"""Who stands undetected is still there while the picture there stays as it was, and only then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from motcua.edge import standing
from motcua.edge.geometry import Detections, Image, no_detections
from motcua.edge.track import ByteTracker, TrackSettings

FPS = 7.0
BOX = np.array([[100, 60, 130, 140]], np.float32)
CHANCE = np.random.default_rng(5)
FLOOR = CHANCE.integers(60, 140, (240, 320, 3), np.uint8)
COAT = CHANCE.integers(20, 230, (80, 30, 3), np.uint8)
OTHER = CHANCE.integers(20, 230, (80, 30, 3), np.uint8)


def picture(x: float | None, coat: NDArray[np.uint8] = COAT, light: float = 0.0, noise: float = 0.0) -> Image:
    """The floor, and somebody whose left edge is at ``x``."""
    image = FLOOR.astype(np.float64)
    if x is not None:
        image[60:140, round(x) : round(x) + 30] = coat
    image += light + np.random.default_rng(1).normal(0, noise, image.shape) if noise else light
    return image.clip(0, 255).astype(np.uint8)


def seen(x: float) -> Detections:
    return Detections(BOX + np.array([x - 100, 0, x - 100, 0], np.float32), np.array([0.8], np.float32))


def walk_in(tracker: ByteTracker, to: float = 100.0) -> float:
    """Somebody walks 90 px to there, and stands for two seconds; the time after it."""
    way = [*np.linspace(to - 90, to, 21), *[to] * 14]
    for k, x in enumerate(way):
        tracker.update(seen(x), k / FPS, picture(x))
    return len(way) / FPS


def ids_over(
    tracker: ByteTracker, from_s: float, seconds: float, image: Image, found: Detections | None = None
) -> list[int]:
    """How many are there in each frame of that time."""
    nobody = found or no_detections()
    return [len(tracker.update(nobody, from_s + k / FPS, image)) for k in range(round(seconds * FPS))]


@pytest.mark.parametrize(("light", "noise"), [(0.0, 0.0), (15.0, 0.0), (-15.0, 4.0), (0.0, 8.0)])
def test_who_stands_undetected_is_there_as_long_as_the_picture_stays(light: float, noise: float) -> None:
    tracker = ByteTracker()
    at_s = walk_in(tracker)
    assert ids_over(tracker, at_s, 60, picture(100, light=light, noise=noise)) == [1] * 420
    back = tracker.update(seen(100), at_s + 60, picture(100))
    assert back.ids.tolist() == [1]


def test_they_are_where_they_were_with_little_confidence() -> None:
    tracker = ByteTracker()
    at_s = walk_in(tracker)
    there = tracker.update(no_detections(), at_s, picture(100))
    assert there.boxes == pytest.approx(BOX)
    assert there.confidence == pytest.approx([0.1])
    assert there.looks is not None
    assert there.looks.shape == (1, 48)


def test_nobody_stands_for_ever_undetected() -> None:
    tracker = ByteTracker(replace(TrackSettings(), stand_s=20.0))
    at_s = walk_in(tracker)
    there = ids_over(tracker, at_s, 40, picture(100))
    assert sum(there) == pytest.approx(20 * FPS, abs=1)


@pytest.mark.parametrize("gone", [picture(None), picture(100, OTHER)])
def test_where_they_are_not_seen_any_more_they_are_not(gone: Image) -> None:
    tracker = ByteTracker()
    at_s = walk_in(tracker)
    assert ids_over(tracker, at_s, 5, gone) == [0] * 35


def test_who_is_covered_for_a_while_is_there_again_under_the_same_name() -> None:
    tracker = ByteTracker()
    at_s = walk_in(tracker)
    assert ids_over(tracker, at_s, 2, picture(100)) == [1] * 14
    assert ids_over(tracker, at_s + 2, 8, picture(100, OTHER)) == [0] * 56
    assert ids_over(tracker, at_s + 10, 2, picture(100)) == [1] * 14
    assert ids_over(tracker, at_s + 12, 14, picture(100, OTHER))[-1] == 0
    assert ids_over(tracker, at_s + 26, 2, picture(100)) == [0] * 14  # too long


def test_who_walks_on_undetected_is_not_kept_where_they_were() -> None:
    tracker = ByteTracker()
    for k in range(28):
        tracker.update(seen(10 + 6.0 * k), k / FPS, picture(10 + 6.0 * k))
    assert ids_over(tracker, 4.0, 1, picture(10 + 6.0 * 27)) == [0] * 7


def test_what_never_walked_is_not_kept() -> None:
    """A coat on a stand that was taken for a person for a while."""
    tracker = ByteTracker()
    for k in range(35):
        tracker.update(seen(100), k / FPS, picture(100))
    assert ids_over(tracker, 5.0, 2, picture(100)) == [0] * 14


def test_without_pictures_nobody_stands() -> None:
    tracker = ByteTracker()
    at_s = walk_in(tracker)
    assert len(tracker.update(no_detections(), at_s)) == 0


def test_where_somebody_else_is_detected_nobody_is_added() -> None:
    tracker = ByteTracker()
    at_s = walk_in(tracker)
    both = Detections(
        np.concatenate([BOX + np.array([3, 0, 3, 0], np.float32), BOX]).astype(np.float32), np.array([0.9, 0.8], np.float32)
    )
    for k in range(7):
        assert len(tracker.update(both, at_s + k / FPS, picture(100))) <= 2
    assert ids_over(tracker, at_s + 1, 1, picture(100), seen(100)) == [1] * 7


def test_patches_of_boxes_outside_tell_nothing() -> None:
    boxes = np.array([[-50, -50, -10, -10], [100, 60, 130, 140], [100, 60, 103, 140], [318, 0, 400, 100]], np.float32)
    found = standing.patches(picture(100), boxes)
    assert found.shape == (4, standing.SIZE)
    assert np.isnan(found).all(axis=1).tolist() == [True, False, True, True]
    assert standing.same(found, found).tolist() == [False, True, False, False]


def test_light_is_no_change_but_a_lamp_that_goes_out_is() -> None:
    before = standing.patches(picture(100), BOX)
    for light, is_same in ((0, True), (20, True), (-20, True), (90, False), (-90, False)):
        assert standing.same(standing.patches(picture(100, light=light), BOX), before).tolist() == [is_same]

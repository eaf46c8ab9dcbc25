"""When the detector runs: where something moved, when two looks differ, and after ``still_s``; what is repeated in between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from motcua.edge.gate import Gate
from motcua.edge.geometry import Box, Detections, Image, Tiled, no_detections
from motcua.edge.pipeline import Pipeline
from motcua.edge.track import ByteTracker

WIDTH, HEIGHT = 192, 96
TILES: list[Box] = [(0, 0, 112, HEIGHT), (80, 0, WIDTH, HEIGHT)]
FPS = 7.0


def picture(*people: int) -> Image:
    """White columns of 12 x 40 px from these on, on grey."""
    frame = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for x in people:
        frame[40:80, x : x + 12] = 230
    return frame


class Eyes:
    """Finds the white columns of a tile, and notes which tiles it looked at. Who stands at ``doubted`` is found every other time."""

    name, version, turns = "eyes", "1", 1

    def __init__(self, doubted: int | None = None) -> None:
        self.looks: list[list[int]] = []
        self._doubted, self._count = doubted, 0

    def detect(self, frame: Image) -> Detections:
        return self.merged(self.look(frame, TILES))

    def tiles(self, width: int, height: int) -> list[Box]:
        assert (width, height) == (WIDTH, HEIGHT)
        return TILES

    def look(self, frame: Image, tiles: Sequence[Box]) -> list[Detections]:
        self.looks.append([TILES.index(tile) for tile in tiles])
        self._count += TILES[0] in tiles
        return [self._one(frame, tile) for tile in tiles]

    def merged(self, found: Sequence[Detections]) -> Detections:
        boxes = np.concatenate([f.boxes for f in found])
        _, first = np.unique(boxes[:, 0], return_index=True)
        return Detections(boxes[first], np.concatenate([f.confidence for f in found])[first])

    def _one(self, frame: Image, tile: Box) -> Detections:
        columns = np.flatnonzero(frame[60, tile[0] : tile[2], 0] > 200) + tile[0]
        if not len(columns):
            return no_detections()
        runs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
        left = [int(r[0]) for r in runs if int(r[0]) != self._doubted or self._count % 2]
        boxes = np.array([(x, 40, x + 12, 80) for x in left], np.float32).reshape(-1, 4)
        return Detections(boxes, np.full(len(boxes), 0.9, np.float32))


class WholeEyes:
    """A detector without tiles."""

    name, version = "whole", "1"

    def __init__(self) -> None:
        self.looks = 0

    def detect(self, frame: Image) -> Detections:
        self.looks += 1
        return Detections(np.array([[1, 2, 30, 40]], np.float32), np.array([0.8], np.float32))


def play(gate: Gate, frames: Sequence[Image], from_s: float = 0.0) -> list[Detections]:
    return [gate.detect(frame, from_s + k / FPS) for k, frame in enumerate(frames)]


def lefts(found: Detections) -> list[int]:
    return sorted(int(x) for x in found.boxes[:, 0])


def test_a_still_picture_is_looked_at_twice_and_then_every_still_s() -> None:
    eyes = Eyes()
    gate = Gate(eyes, 2.0)
    found = play(gate, [picture(20, 150)] * 60)
    assert all(lefts(f) == [20, 150] and (f.confidence == np.float32(0.9)).all() for f in found)
    looked = [0, 1, *range(1 + 14, 60, 14)]
    assert eyes.looks == [[0, 1]] * len(looked)
    assert gate.looked == 2 * len(looked)
    assert gate.shown == 120


def test_the_refresh_comes_on_time_at_any_rate() -> None:
    eyes = Eyes()
    gate, at_s, looked = Gate(eyes, 2.0), 0.0, list[float]()
    chance = np.random.default_rng(3)
    for _ in range(400):
        before = len(eyes.looks)
        gate.detect(picture(20), at_s)
        if len(eyes.looks) > before:
            looked.append(at_s)
        at_s += float(chance.uniform(0.05, 0.3))
    assert max(np.diff(looked)) < 2.3
    assert min(np.diff(looked[1:])) >= 2.0 - 1e-9


def test_only_the_tile_that_changed_is_looked_at() -> None:
    eyes = Eyes()
    gate = Gate(eyes, 2.0)
    play(gate, [picture(20, 150)] * 2)
    found = gate.detect(picture(20, 165), 2 / FPS)
    assert eyes.looks[-1] == [1]
    assert lefts(found) == [20, 165]
    found = gate.detect(picture(40, 165), 3 / FPS)
    assert 0 in eyes.looks[-1]
    assert lefts(found) == [40, 165]


def test_whoever_comes_is_detected_in_that_very_frame() -> None:
    gate = Gate(Eyes(), 2.0)
    play(gate, [picture()] * 10)
    assert lefts(gate.detect(picture(30), 10 / FPS)) == [30]


def test_whoever_walks_is_looked_at_in_every_frame() -> None:
    eyes = Eyes()
    frames = [picture(10 + 4 * k) for k in range(15)]  # in the left tile
    assert [lefts(f) for f in play(Gate(eyes, 2.0), frames)] == [[10 + 4 * k] for k in range(15)]
    assert all(0 in looked for looked in eyes.looks)
    assert len(eyes.looks) == 15


def test_two_looks_that_differ_are_followed_by_another_but_not_for_ever() -> None:
    eyes = Eyes(doubted=20)
    gate = Gate(eyes, 2.0)
    play(gate, [picture(20)] * 29)
    left = [k for k in eyes.looks if 0 in k]
    assert len(left) == 6  # three at once, and three again after two seconds


def test_after_a_reset_a_jump_of_the_clock_or_another_size_everything_is_new() -> None:
    eyes = Eyes()
    gate = Gate(eyes, 2.0)
    play(gate, [picture(20)] * 5)
    before = len(eyes.looks)
    gate.reset()
    gate.detect(picture(20), 5 / FPS)
    assert eyes.looks[before:] == [[0, 1]]
    play(gate, [picture(20)] * 3, 1.0)
    before = len(eyes.looks)
    gate.detect(picture(20), 0.0)
    assert eyes.looks[before:] == [[0, 1]]

    whole = WholeEyes()
    gate = Gate(whole, 2.0)
    for size in (50, 50, 50, 60):
        gate.detect(np.full((size, 80, 3), 100, np.uint8), 0.1)
    assert whole.looks == 3  # twice the first size, once the second


def test_a_detector_without_tiles_looks_at_the_whole_frame() -> None:
    eyes = WholeEyes()
    assert not isinstance(eyes, Tiled)
    found = play(Gate(eyes, 1.0), [picture(20)] * 16)
    assert eyes.looks == 4
    assert all(f.boxes.tolist() == [[1, 2, 30, 40]] for f in found)


class Blinking(Eyes):
    """Looks in four turns; whoever stands right of the middle of a tile is found in the first of them alone."""

    turns = 4

    def _one(self, frame: Image, tile: Box) -> Detections:
        found = super()._one(frame, tile)
        return found if len(self.looks) % 4 == 1 else found[found.boxes[:, 0] < (tile[0] + tile[2]) / 2]


def test_what_was_found_in_one_of_the_last_turns_is_repeated_in_turns() -> None:
    eyes = Blinking()
    gate = Gate(eyes, 2.0)
    found = [lefts(f) for f in play(gate, [picture(10, 60)] * 100)]
    assert all(10 in f for f in found)
    seen = [60 in f for f in found]
    assert (
        max(np.diff(np.flatnonzero([True, *seen[8:], True]))) <= 4
    )  # in every fourth frame at the least, as without a gate
    assert gate.looked < 0.5 * gate.shown


def test_of_the_earlier_turns_whoever_moved_since_is_left_out() -> None:
    eyes = Blinking()
    gate = Gate(eyes, 2.0)
    play(gate, [picture(10, 60)] * 8)
    left = play(gate, [picture(10)] * 30, 8 / FPS)
    assert all(lefts(f) == [10] for f in left)
    there = play(gate, [picture(10, 66)] * 30, 38 / FPS)
    assert {x for f in there for x in lefts(f)} == {10, 66}


@pytest.mark.parametrize("still_s", [0.0, 2.0])
def test_who_stands_for_long_keeps_one_track(still_s: float) -> None:
    eyes = Eyes()
    pipeline = Pipeline(eyes, ByteTracker(), still_s=still_s)
    steps = [pipeline.process(picture(20, 150), k / FPS) for k in range(25 * 7)]
    final = [f for s in steps for f in s.final] + list(pipeline.finish())
    assert {len(f.tracks) for f in final} == {2}
    assert len({int(i) for f in final for i in f.tracks.ids}) == 2
    assert len(steps[-1].found) == 2
    assert (len(eyes.looks) < 25) == (still_s > 0)

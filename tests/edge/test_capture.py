from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clips import NetworkCamera, number_in, write_clip
from edge_tools import free_port, wait_for

from motcua.edge.capture import Capture, CaptureError, Frame
from motcua.edge.clock import SteadyClock
from motcua.edge.settings import CameraSettings


def camera(url: object, **fields: Any) -> CameraSettings:
    return CameraSettings.model_validate({"source_id": "cam-1", "url": str(url), "zones": "zones.json"} | fields)


@pytest.fixture
def capture() -> Iterator[Callable[..., Capture]]:
    made: list[Capture] = []

    def make(url: object, **fields: Any) -> Capture:
        made.append(Capture(camera(url, **fields), SteadyClock(), back_off_s=(0.1, 0.2)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def all_frames(source: Capture, limit: int = 1000) -> list[Frame]:
    frames: list[Frame] = []
    while len(frames) < limit and not (source.ended and frames):
        frame = source.newest(10)
        if frame is None:
            break
        frames.append(frame)
    return frames


def test_plays_a_file_by_the_clock_and_ends(tmp_path: Path, capture: Any) -> None:
    clip = write_clip(tmp_path / "a.avi", frames=10, fps=20)
    before = datetime.now(UTC)
    source = capture(clip)
    frames = all_frames(source)
    assert [number_in(f.image) for f in frames] == list(range(10))
    assert [f.number for f in frames] == list(range(10))
    assert [(f.at - frames[0].at) for f in frames] == [timedelta(seconds=n / 20) for n in range(10)]
    assert before <= frames[0].at <= frames[-1].at <= datetime.now(UTC) + timedelta(seconds=0.1)
    wait_for(lambda: source.ended)
    assert source.newest(0) is None
    assert source.problem is None


def test_the_given_frame_rate_counts_not_the_files(tmp_path: Path, capture: Any) -> None:
    frames = all_frames(capture(write_clip(tmp_path / "a.avi", frames=4, fps=20), fps=10))
    assert frames[-1].at - frames[0].at == timedelta(seconds=0.3)


def test_a_looped_file_says_which_lap(tmp_path: Path, capture: Any) -> None:
    frames = all_frames(capture(write_clip(tmp_path / "a.avi", frames=5, fps=40), loop=True), limit=12)
    assert [(f.lap, number_in(f.image)) for f in frames] == [(n // 5, n % 5) for n in range(12)]
    assert all(a.at < b.at for a, b in itertools.pairwise(frames))


def test_who_is_slow_gets_the_newest_frame(tmp_path: Path, capture: Any) -> None:
    source = capture(write_clip(tmp_path / "a.avi", frames=30, fps=60))
    assert source.newest(10) is not None
    wait_for(lambda: source.ended)
    last = source.newest(0)
    assert last is not None
    assert number_in(last.image) == 29
    assert source.newest(0) is None


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def garble(path: Path) -> None:
    path.write_bytes(os.urandom(5000))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (remove, "is not there: name an existing file"),
        (garble, "is not a video that can be read"),
        (empty, "is not a video that can be read"),
        (cut, r"breaks off after \d+ of 60 frames: it is truncated"),
    ],
)
def test_a_spoilt_file_is_one_sentence(spoil: Callable[[Path], None], says: str, tmp_path: Path, capture: Any) -> None:
    clip = write_clip(tmp_path / "a.avi", frames=60, fps=200)
    spoil(clip)
    source = capture(clip)
    with pytest.raises(CaptureError, match=says) as caught:
        all_frames(source)
    assert str(caught.value) == source.problem
    assert "\n" not in str(caught.value)


def test_a_stream_comes_back_by_itself(capture: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    device = NetworkCamera(free_port())
    source = capture(device.url)
    wait_for(lambda: source.problem and "cannot be opened" in source.problem)
    assert source.newest(0) is None
    for _ in range(2):
        device.start()
        try:
            assert isinstance(source.newest(20), Frame)
            assert source.problem is None
            frame = source.newest(20)
            assert isinstance(frame, Frame)
            assert abs(frame.at - datetime.now(UTC)) < timedelta(seconds=5)
        finally:
            device.stop()
        wait_for(lambda: source.problem is not None)
        source.newest(0)  # the last one before the plug was pulled
    assert source.newest(0.5) is None  # time for several attempts
    assert caplog.text.count("delivers no frames any more") == 2
    assert caplog.text.count(" delivers\n") == 2
    assert "secret" not in caplog.text


def test_a_usb_camera_that_is_not_there_is_tried_for_ever(capture: Any) -> None:
    source = capture("63")
    wait_for(lambda: source.problem == "camera 63 cannot be opened: check its address, power and network")
    assert source.newest(0.3) is None
    assert not source.ended


def test_closing_does_not_wait_for_the_film_to_end(tmp_path: Path, capture: Any) -> None:
    source = capture(write_clip(tmp_path / "a.avi", frames=10, fps=20), fps=0.1)
    assert source.newest(10)
    source.close()
    assert not source._thread.is_alive()


class Clocks:
    wall = 1_800_000_000.0
    monotonic = 50.0

    def advance(self, seconds: float, slip: float = 0.0) -> None:
        self.monotonic += seconds
        self.wall += seconds + slip


def test_the_clock_ignores_small_corrections_and_follows_big_ones() -> None:
    clocks = Clocks()
    clock = SteadyClock(wall=lambda: clocks.wall, monotonic=lambda: clocks.monotonic)
    start = clock.now()
    assert start == datetime.fromtimestamp(1_800_000_000, UTC)
    clocks.advance(10, slip=-1.5)
    assert clock.now() == start + timedelta(seconds=10)
    clocks.advance(10, slip=-3600)
    assert clock.now() == datetime.fromtimestamp(clocks.wall, UTC)
    clocks.advance(10)
    assert clock.now() == datetime.fromtimestamp(clocks.wall, UTC)

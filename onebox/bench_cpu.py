"""The CPU time of the agent's work on a video, part by part, beside decoding and a bare detector on the same frames.

Both sides take turns, a dozen frames each, so that whatever else slows the machine down slows both. The agent's side is its own
``Camera`` with an outbox on disk: tracks, late correction, visits, samples and health messages are in it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from motcua.edge.camera import Camera, Observer
from motcua.edge.capture import Frame
from motcua.edge.geometry import Detector, Image, foot
from motcua.edge.outbox import Outbox
from motcua.edge.pace import Pace
from motcua.edge.pipeline import Pipeline, Step, TimedTracks
from motcua.edge.settings import CameraSettings
from motcua.edge.track import ByteTracker
from motcua.edge.zones import Zones
from motcua.onebox.plain import PlainClocks, PlainTracker
from motcua.onebox.playing import Timed, video_frames

_TURN = 12  # frames of one side in a row
_START = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(slots=True)
class Clock:
    """Adds up the CPU time of this process in one part of the work."""

    spent_s: float = 0.0

    @contextmanager
    def on(self) -> Iterator[None]:
        """While it runs."""
        mark = time.process_time()
        yield
        self.spent_s += time.process_time() - mark


@dataclass(slots=True)
class Spent:
    """CPU seconds. bare: decoding and the detector alone; work: the agent's, of which tracking is ``track`` and all that comes
    after it ``visits``; plain: the plain pipeline's tracker and clocks."""

    frames: int = 0
    wall_s: float = 0.0
    bare: Clock = field(default_factory=Clock)
    decode: Clock = field(default_factory=Clock)
    track: Clock = field(default_factory=Clock)
    work: Clock = field(default_factory=Clock)
    plain: Clock = field(default_factory=Clock)
    detect_s: float = 0.0
    final: list[TimedTracks] = field(default_factory=list)
    plainly: list[TimedTracks] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The agent's work over decoding and the bare detector."""
        return (self.decode.spent_s + self.work.spent_s) / self.bare.spent_s

    @property
    def ratio_plain(self) -> float:
        """The same of the plain pipeline."""
        return (self.bare.spent_s + self.plain.spent_s) / self.bare.spent_s

    def parts_ms(self) -> dict[str, float]:
        """Milliseconds a frame of each part."""
        track_s = self.track.spent_s - self.detect_s
        parts = {"decode": self.decode.spent_s, "detect": self.detect_s, "track": track_s}
        parts["visits"] = self.work.spent_s - self.track.spent_s
        return {name: spent / self.frames * 1e3 for name, spent in parts.items()}


class _Watched:
    """The pipeline with a clock, and with the plain one beside it on the same detections, outside every clock but its own."""

    def __init__(self, detector: Timed, zones: Zones, spent: Spent) -> None:
        self.detector: Detector = detector
        self._pipeline = Pipeline(detector, ByteTracker())
        self._plain, self._clocks, self._spent = PlainTracker(), PlainClocks(zones), spent
        self.outside_s = 0.0

    def process(self, frame: Image, at_s: float) -> Step:
        with self._spent.track.on():
            step = self._pipeline.process(frame, at_s)
        self._spent.final += step.final
        before = self._spent.plain.spent_s
        with self._spent.plain.on():
            tracks = self._plain.update(step.found)
            points = foot(tracks.boxes.astype(np.float64)) / np.array([frame.shape[1], frame.shape[0]])
            self._clocks.take(tracks.ids, np.clip(points, 0, 1), at_s)
        self.outside_s += self._spent.plain.spent_s - before
        self._spent.plainly.append(TimedTracks(at_s, tracks))
        return step

    def finish(self) -> tuple[TimedTracks, ...]:
        final = self._pipeline.finish()
        self._spent.final += final
        return final


def measure(
    video: Path,
    zones: Zones,
    detector: Detector,
    instants: Callable[[int], float],
    *,
    observer: Observer | None = None,
    pace_fps: float | None = None,
    from_s: float = 0.0,
    frames: int | None = None,
    tick: Callable[[], None] | None = None,
) -> Spent:
    """Play the video once for either side. instants: the second of each frame by its number; pace_fps: frames that are left out
    are decoded on both sides all the same; from_s: what comes before is skipped and not counted. Motion gating is off.

    ``tick`` is called after each analysed frame. Raises VideoError.
    """
    spent, timed = Spent(), Timed(detector)
    pipeline = _Watched(timed, zones, spent)
    settings = CameraSettings(source_id="bench", url=str(video), zones=video, still_s=0)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as folder:
        outbox = Outbox(Path(folder) / "bench.db", now=_START)
        camera = Camera(settings, "BENCH", zones, pipeline, outbox, now=_START, observer=observer)
        alone, ours = (_numbered(video, instants, from_s) for _ in range(2))
        paces = Pace(pace_fps or 1000.0), Pace(pace_fps or 1000.0)
        while frames is None or spent.frames < frames:
            for _, image, _at in _turn(alone, spent.bare, paces[0]):
                with spent.bare.on():
                    detector.detect(image)
            before = spent.frames
            for number, image, at in _turn(ours, spent.decode, paces[1]):
                outside_s = pipeline.outside_s
                with spent.work.on():
                    camera.take(Frame(image, at, number))
                    camera.took(Frame(image, at, number), at)
                    camera.tick(at)
                spent.work.spent_s -= pipeline.outside_s - outside_s
                spent.frames += 1
                if tick:
                    tick()
            if spent.frames == before:
                break
        camera.finish(_START + timedelta(seconds=1e6))
        outbox.close()
    spent.detect_s, spent.wall_s = timed.cpu_s, time.perf_counter() - began
    return spent


def _numbered(video: Path, instants: Callable[[int], float], from_s: float) -> Iterator[tuple[int, Image, datetime]]:
    number = -1
    for number, image in enumerate(video_frames(video)):
        at_s = instants(number)
        if at_s >= from_s:
            yield number, image, _START + timedelta(seconds=at_s)


def _turn(source: Iterator[tuple[int, Image, datetime]], clock: Clock, pace: Pace) -> Iterator[tuple[int, Image, datetime]]:
    """The frames of one turn that are to be analysed; reading them is on the clock."""
    for _ in range(_TURN):
        with clock.on():
            taken: Any = next(islice(source, 1), None)
        if taken is None:
            return
        if pace.lets(taken[2]):
            yield taken

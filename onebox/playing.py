"""Run a whole video through the edge's pipeline, as fast as it can, and keep its final tracks and the time that each part took."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from motcua.edge.geometry import Box, Detections, Detector, Image, tiled
from motcua.edge.pipeline import Pipeline, TimedTracks
from motcua.onebox.truth import Boxes
from motcua.onebox.video import VideoError

_WHOLE = 0.9  # a file that breaks off before this share of the frames it declares is truncated


class Timed:
    """A detector that keeps its time, whole or tile by tile. ``looked`` counts the tiles that it looked at."""

    def __init__(self, detector: Detector) -> None:
        self.name, self.version = detector.name, detector.version
        self.wall_s = self.cpu_s = 0.0
        self.looked = 0
        self._detector = tiled(detector)
        self.turns = self._detector.turns

    def detect(self, frame: Image) -> Detections:
        """As the detector does."""
        return self.merged(self.look(frame, self.tiles(frame.shape[1], frame.shape[0])))

    def tiles(self, width: int, height: int) -> list[Box]:
        """As the detector cuts a frame."""
        return self._detector.tiles(width, height)

    def look(self, frame: Image, tiles: Sequence[Box]) -> list[Detections]:
        """As the detector does."""
        self.looked += len(tiles)
        with self._timed():
            return self._detector.look(frame, tiles)

    def merged(self, found: Sequence[Detections]) -> Detections:
        """As the detector does."""
        with self._timed():
            return self._detector.merged(found)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall_s += time.perf_counter() - wall
        self.cpu_s += time.process_time() - cpu


@dataclass(slots=True)
class Replayed:
    """A detector that finds what was found before, frame by frame."""

    found: Sequence[Detections]
    name: str = "replayed"
    version: str = "1"
    _next: int = 0

    def detect(self, frame: Image) -> Detections:
        """The next row."""
        self._next += 1
        return self.found[self._next - 1]


@dataclass(frozen=True, slots=True)
class Played:
    """final: all final tracks; size: width and height, px; times in seconds for all frames,
    ``pipeline_s`` with detection; found: what was detected in each frame."""

    final: Boxes
    frames: int
    size: tuple[int, int]
    decode_s: float
    detect_s: float
    pipeline_s: float
    found: tuple[Detections, ...] = ()


def video_frames(path: Path) -> Iterator[Image]:
    """Every frame, (h, w, 3) uint8 BGR. Raises VideoError, also after the last one of a file that breaks off."""
    if not path.is_file():
        raise VideoError(f"video {path} is not there: name an existing file")
    video = cv2.VideoCapture(str(path))
    try:
        count, declared = 0, video.get(cv2.CAP_PROP_FRAME_COUNT) if video.isOpened() else 0
        while video.isOpened():
            ok, image = video.read()
            if not ok:
                break
            count += 1
            yield np.asarray(image, dtype=np.uint8)
    finally:
        video.release()
    if not count:
        raise VideoError(f"video {path} cannot be read: is it a video file?")
    if count < _WHOLE * declared:
        raise VideoError(f"video {path} breaks off after {count} of {int(declared)} frames: get a whole copy")


def frame_count(path: Path) -> int | None:
    """How many frames a file declares; None where it does not."""
    video = cv2.VideoCapture(str(path))
    count = int(video.get(cv2.CAP_PROP_FRAME_COUNT)) if video.isOpened() else 0
    video.release()
    return count if count > 0 else None


def play(
    video: Path,
    detector: Detector,
    fps: float,
    build: Callable[[Detector], Pipeline],
    tick: Callable[[], None] | None = None,
    *,
    every: int = 1,
) -> Played:
    """Run the video, every so many of its frames; frame k of these is taken to be of second k / fps. ``tick`` is called after each.
    Raises VideoError."""
    timed = Timed(detector)
    pipeline = build(timed)
    final, found = list[TimedTracks](), list[Detections]()
    decode_s = pipeline_s = 0.0
    size, count = (0, 0), 0
    mark = time.perf_counter()
    for frame in itertools.islice(video_frames(video), 0, None, every):
        decoded = time.perf_counter()
        step = pipeline.process(frame, count / fps)
        final += step.final
        found.append(step.found)
        now = time.perf_counter()
        decode_s, pipeline_s = decode_s + decoded - mark, pipeline_s + now - decoded
        size, count = (frame.shape[1], frame.shape[0]), count + 1
        if tick:
            tick()
        mark = time.perf_counter()
    final += pipeline.finish()
    return Played(as_boxes(final, fps), count, size, decode_s, timed.wall_s, pipeline_s, tuple(found))


def as_boxes(final: list[TimedTracks], fps: float) -> Boxes:
    """Final tracks as a table; frame k is that of second k / fps."""
    frames = np.array([round(step.at_s * fps) for step in final], np.int64)
    return Boxes(
        np.repeat(frames, [len(step.tracks) for step in final]),
        np.concatenate([step.tracks.ids for step in final]),
        np.concatenate([step.tracks.boxes for step in final]),
    )

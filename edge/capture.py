"""Frames from a file, a stream or a USB camera: always the newest one, with the instant at which it was taken.

A thread reads as fast as frames come and keeps only the last, so that slow analysis costs frames, never lag. A file is played
by the clock, as a camera would deliver it. Streams and USB cameras are reconnected for ever; a file that is missing or broken
is an error.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from motcua.edge.clock import SteadyClock
from motcua.edge.geometry import Image
from motcua.edge.settings import CameraSettings, redacted

log = logging.getLogger(__name__)

_BACK_OFF_S = (1.0, 30.0)
_TIMEOUT_MS = 10_000
_WHOLE = 0.9  # a file that breaks off before this share of the frames it declares is truncated


class CaptureError(Exception):
    """A source that cannot be used; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Frame:
    """image: (h, w, 3) uint8 BGR. at: when it was taken. number: 0, 1, 2 … of this source, frames left out counted too.
    lap: how often a looped file has begun anew."""

    image: Image
    at: datetime
    number: int
    lap: int = 0


class FrameSource(Protocol):
    """Where a camera's process gets its frames from."""

    problem: str | None
    ended: bool

    def newest(self, timeout_s: float) -> Frame | None:
        """The newest frame not yet given; None when none came in time. Raises CaptureError."""
        ...

    def close(self) -> None:
        """Let go of the source."""
        ...


class Capture:
    """The real source. ``problem`` says what is wrong at the moment; ``ended`` that a file is over."""

    def __init__(self, camera: CameraSettings, clock: SteadyClock, *, back_off_s: tuple[float, float] = _BACK_OFF_S) -> None:
        """Begin to read, in a thread of its own."""
        self._camera, self._clock, self._back_off_s = camera, clock, back_off_s
        self._latest: Frame | None = None
        self._news = threading.Condition()
        self._closed = threading.Event()
        self._error: CaptureError | None = None
        self._number = 0
        self.problem: str | None = "no frame yet"
        self.ended = False
        run = self._play if camera.kind == "file" else self._follow
        self._thread = threading.Thread(target=self._guarded, args=(run,), name=f"capture {camera.source_id}", daemon=True)
        self._thread.start()

    def newest(self, timeout_s: float) -> Frame | None:
        """The newest frame not yet given; None when none came in time or the file is over. Raises CaptureError."""
        with self._news:
            self._news.wait_for(lambda: self._latest or self._error or self.ended, timeout_s)
            frame, self._latest = self._latest, None
            if frame is None and self._error is not None:
                raise self._error
            return frame

    def close(self) -> None:
        """Let go of the source; a read that hangs is left to end by itself."""
        self._closed.set()
        self._thread.join(2)

    def _guarded(self, run: Callable[[], None]) -> None:
        try:
            run()
        except CaptureError as error:
            self._fail(error)
        except Exception as error:  # whatever the video library throws in this thread must not pass unseen
            log.exception("%s: reading failed", self._camera.source_id)
            self._fail(CaptureError(f"{redacted(self._camera.url)} cannot be read ({error}): check the source"))

    def _fail(self, error: CaptureError) -> None:
        with self._news:
            self._error, self.problem = error, str(error)
            self._news.notify_all()

    def _give(self, image: Image, at: datetime, lap: int = 0) -> None:
        with self._news:
            self._latest = Frame(image, at, self._number, lap)
            self.problem = None
            self._news.notify_all()
        self._number += 1

    def _play(self) -> None:
        """A file, by the clock, over and over if it loops."""
        lap = 0
        while not self._closed.is_set():
            with opened(self._camera) as video:
                fps = self._camera.fps or frame_rate(video, self._camera.url)
                declared = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
                frames = self._play_once(video, fps, lap)
            if self._closed.is_set():
                return
            check_whole(self._camera.url, frames, declared)
            if not self._camera.loop:
                with self._news:
                    self.ended = True
                    self._news.notify_all()
                return
            lap += 1

    def _play_once(self, video: cv2.VideoCapture, fps: float, lap: int) -> int:
        """Show every frame at its time; the number of frames in the file."""
        start, frames = self._clock.now(), 0
        while True:
            ok, image = video.read()
            due = start + timedelta(seconds=frames / fps)
            if self._closed.wait(max(0.0, (due - self._clock.now()).total_seconds())) or not ok:
                return frames
            self._give(np.asarray(image, dtype=np.uint8), due, lap)
            frames += 1

    def _follow(self) -> None:
        """A stream or USB camera, for ever."""
        wait_s, name = self._back_off_s[0], redacted(self._camera.url)
        while not self._closed.is_set():
            delivered = False
            try:
                with opened(self._camera) as video:
                    while not self._closed.is_set():
                        ok, image = video.read()
                        if not ok:
                            break
                        if not delivered:
                            log.info("%s: camera %s delivers", self._camera.source_id, name)
                            delivered, wait_s = True, self._back_off_s[0]
                        self._give(np.asarray(image, dtype=np.uint8), self._clock.now())
                problem = f"camera {name} delivers no frames any more: check its power and network"
            except CaptureError as error:
                problem = str(error)
            if self._closed.is_set():
                return
            if problem != self.problem:
                log.warning("%s: %s; trying again for ever", self._camera.source_id, problem)
            self.problem = problem
            self._closed.wait(wait_s)
            wait_s = min(2 * wait_s, self._back_off_s[1])


@contextmanager
def opened(camera: CameraSettings) -> Iterator[cv2.VideoCapture]:
    """The opened source, closed in the end. Raises CaptureError where it cannot be opened."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what is wrong is said once, by us
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    name = redacted(camera.url)
    if camera.kind == "file" and not Path(camera.url).is_file():
        raise CaptureError(f"video {name} is not there: name an existing file in 'url'")
    if camera.kind == "usb":
        video = cv2.VideoCapture(int(camera.url))
    elif camera.kind == "stream":
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
        video = cv2.VideoCapture(camera.url, cv2.CAP_FFMPEG, limits)
    else:
        video = cv2.VideoCapture(camera.url)
    try:
        if not video.isOpened():
            if camera.kind == "file":
                raise CaptureError(f"{name} is not a video that can be read: it is damaged or of an unknown format")
            raise CaptureError(f"camera {name} cannot be opened: check its address, power and network")
        yield video
    finally:
        video.release()


def frame_rate(video: cv2.VideoCapture, name: str) -> float:
    """Frames per second as the file declares them. Raises CaptureError where that makes no sense."""
    fps = float(video.get(cv2.CAP_PROP_FPS))
    if not 0.1 <= fps <= 240:
        raise CaptureError(f"video {name} declares no usable frame rate ({fps:g}): give it in 'fps'")
    return fps


def check_whole(name: str, frames: int, declared: int) -> None:
    """Raises CaptureError for a file that gave no frames, or far fewer than it declares."""
    if frames == 0:
        raise CaptureError(f"{name} holds no frame that can be read: it is damaged, fetch or record it again")
    if declared > 0 and frames < _WHOLE * declared:
        raise CaptureError(f"{name} breaks off after {frames} of {declared} frames: it is truncated, fetch it again")

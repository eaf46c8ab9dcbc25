"""Frames from a file, a stream or a USB camera: always the newest one, with the instant at which it was taken.

A thread reads as fast as frames come and keeps only the last, so that slow analysis costs frames, never lag. A file is played
by the clock, as a camera would deliver it. Streams and USB cameras are reconnected for ever; a file that is missing or broken
is an error. A stream that falls behind is connected anew, so that its lag stays bounded; a thread that hangs in the video
library is left behind and another one takes its place.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from motcua.edge.clock import SteadyClock, StreamClock
from motcua.edge.geometry import Image
from motcua.edge.settings import CameraSettings, redacted

log = logging.getLogger(__name__)

_BACK_OFF_S = (1.0, 30.0)
_HUNG = 3.0  # a read that takes this many times the timeout will never return
_MOST_HUNG = 4  # threads left behind before the whole process is given up; the supervisor starts another
_LATE_S = 2.0  # late frames for so long: the connection is given up for a fresh one
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
        self._hung: list[threading.Thread] = []
        self.problem: str | None = "no frame yet"
        self.ended = False
        self._start()

    def newest(self, timeout_s: float) -> Frame | None:
        """The newest frame not yet given; None when none came in time or the file is over. Raises CaptureError."""
        with self._news:
            self._news.wait_for(lambda: self._latest or self._error or self.ended, timeout_s)
            frame, self._latest = self._latest, None
            if frame is None and self._error is not None:
                raise self._error
        if frame is None:
            self._watch()
        return frame

    def close(self) -> None:
        """Let go of the source; a read that hangs is left to end by itself."""
        self._closed.set()
        self._thread.join(2)

    def _start(self) -> None:
        self._touched = time.monotonic()
        run = self._play if self._camera.kind == "file" else self._follow
        name = f"capture {self._camera.source_id}"
        self._thread = threading.Thread(target=self._guarded, args=(run,), name=name, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        """Leave a thread that hangs in the video library behind. Raises CaptureError when there are too many of them."""
        if self._camera.kind == "file" or time.monotonic() - self._touched < _HUNG * self._camera.timeout_s:
            return
        name = redacted(self._camera.url)
        self._hung = [thread for thread in (*self._hung, self._thread) if thread.is_alive()]
        if len(self._hung) > _MOST_HUNG:
            raise CaptureError(f"camera {name} hangs again and again: the process is started anew")
        self.problem = f"camera {name} hangs: it is opened anew"
        log.warning("%s: %s", self._camera.source_id, self.problem)
        self._start()

    def _mine(self) -> bool:
        """Whether the calling thread is the one that reads, and is still wanted."""
        self._touched = time.monotonic() if threading.current_thread() is self._thread else self._touched
        return threading.current_thread() is self._thread and not self._closed.is_set()

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
            if threading.current_thread() is self._thread:
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
        wait_s = self._back_off_s[0]
        while self._mine():
            given = self._number
            try:
                with opened(self._camera) as video:
                    problem = self._read(video)
            except CaptureError as error:
                problem = str(error)
            if not self._mine():
                return
            if self._number > given:
                wait_s = self._back_off_s[0]
            if problem != self.problem:
                log.warning("%s: %s; trying again for ever", self._camera.source_id, problem)
            self.problem = problem
            self._rest(wait_s)
            wait_s = min(2 * wait_s, self._back_off_s[1])

    def _rest(self, wait_s: float) -> None:
        """Wait between two attempts, showing that the thread lives."""
        until = time.monotonic() + wait_s
        while self._mine() and (left := until - time.monotonic()) > 0:
            self._closed.wait(min(left, 1.0))

    def _read(self, video: cv2.VideoCapture) -> str:
        """Give frames while the stream delivers; what ended it."""
        name, stamps, delivered, late_since = redacted(self._camera.url), StreamClock(), False, None
        while self._mine():
            ok, image = video.read()
            arrived = self._clock.now()
            if not ok or not self._mine():
                break
            at = arrived
            if self._camera.stamped:
                at = stamps.taken(video.get(cv2.CAP_PROP_POS_MSEC) / 1000, arrived)
            if not delivered:
                log.info("%s: camera %s delivers", self._camera.source_id, name)
                delivered = True
            self._give(np.asarray(image, dtype=np.uint8), at)
            late_s = (arrived - at).total_seconds()
            late_since = None if late_s <= self._camera.max_lag_s else late_since or arrived
            if late_since is not None and (arrived - late_since).total_seconds() >= _LATE_S:
                return f"camera {name} lags by {late_s:.0f} s: its network is slower than its stream, it is connected anew"
        return f"camera {name} delivers no frames any more: check its power and network"


@contextmanager
def opened(camera: CameraSettings) -> Iterator[cv2.VideoCapture]:
    """The opened source, closed in the end. Raises CaptureError where it cannot be opened."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what is wrong is said once, by us
    # Without counting frames to guess a rate that nobody asks for, a stream is open in 0.6 s instead of 2 s.
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp|fpsprobesize;0")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    name = redacted(camera.url)
    if camera.kind == "file" and not Path(camera.url).is_file():
        raise CaptureError(f"video {name} is not there: name an existing file in 'url'")
    if camera.kind == "usb":
        video = cv2.VideoCapture(int(camera.url))
    elif camera.kind == "stream":
        timeout_ms = round(camera.timeout_s * 1000)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms]
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

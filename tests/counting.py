"""A camera's process that looks at nothing and writes down every frame that it was given: for rates, lags and memory."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rtsp_camera import age_s

from motcua.edge.geometry import Detections, Detector, Image, Tracks, no_detections
from motcua.edge.pipeline import Step, TimedTracks
from motcua.edge.process import run_camera
from motcua.edge.settings import CameraSettings, EdgeSettings

NOBODY = Tracks(np.empty(0, dtype=np.int64), np.empty((0, 4), dtype=np.float32), np.empty(0, dtype=np.float32))


@dataclass(frozen=True)
class Looked:
    """One analysed frame: when (monotonic seconds), how old the picture truly was, and the process's memory."""

    at_s: float
    age_s: float | None
    pid: int
    memory_mb: float


class _Counter:
    name, version = "counter", "1"

    def __init__(self, path: Path) -> None:
        self.detector: Detector = self
        self._file = path.open("a", buffering=1)
        self._process = psutil.Process()

    def detect(self, frame: Image) -> Detections:
        return no_detections()

    def process(self, frame: Image, at_s: float) -> Step:
        age = age_s(frame, time.time())
        memory = self._process.memory_info().rss / 2**20
        self._file.write(f"{time.monotonic()} {'-' if age is None else age} {os.getpid()} {memory}\n")
        return Step(NOBODY, (TimedTracks(at_s, NOBODY),))

    def finish(self) -> tuple[TimedTracks, ...]:
        return ()


def run_counting(settings: EdgeSettings, camera: CameraSettings, stop: Event, beat: Any) -> None:
    """A camera's main function."""
    run_camera(settings, camera, stop, beat, lambda one: _Counter(note_of(settings, one.source_id)))


def note_of(settings: EdgeSettings, source_id: str) -> Path:
    """Where a camera's process writes."""
    return settings.outbox.parent / f"{source_id}.looked"


def looked(settings: EdgeSettings, source_id: str, since_s: float = 0.0) -> list[Looked]:
    """What it wrote since an instant of the monotonic clock."""
    path = note_of(settings, source_id)
    rows = []
    for line in path.read_text().splitlines(keepends=True) if path.exists() else []:
        if line.endswith("\n"):
            at, age, pid, memory = line.split()
            rows.append(Looked(float(at), None if age == "-" else float(age), int(pid), float(memory)))
    return [row for row in rows if row.at_s >= since_s]

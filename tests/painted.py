"""People painted as grey squares, each person in a grey of their own, so that a picture tells exactly who is where."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scenes import Stay, positions

from motcua.edge.geometry import Detections, Detector, Image, Tracks, no_detections
from motcua.edge.pipeline import Step, TimedTracks
from motcua.edge.process import run_camera
from motcua.edge.settings import CameraSettings, EdgeSettings

WIDTH, HEIGHT, PERSON = 320, 240, 16
_GREY = 40


def paint(stays: Sequence[Stay], seconds: float) -> Image:
    """The picture at an instant: a person's square stands on its foot point. Ids 1 to 6."""
    image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    seen = positions(stays, seconds)
    for track_id, (x, y) in zip(seen.ids, seen.points, strict=True):
        left, bottom = round(x * WIDTH) - PERSON // 2, round(y * HEIGHT)
        image[max(0, bottom - PERSON) : bottom, max(0, left) : left + PERSON] = _GREY * int(track_id)
    return image


def write_film(path: Path, stays: Sequence[Stay], *, seconds: float, fps: float) -> Path:
    """The same as a video."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (WIDTH, HEIGHT))
    assert writer.isOpened()
    for frame in range(round(seconds * fps)):
        writer.write(paint(stays, frame / fps))
    writer.release()
    return path


class Painted:
    """The detector's name; it is the pipeline below that looks."""

    name, version = "painted", "1"

    def detect(self, frame: Image) -> Detections:
        return no_detections()


class PaintedPipeline:
    """Reads painted pictures. Final tracks come ``late`` frames late."""

    def __init__(self, late: int = 0) -> None:
        self.detector: Detector = Painted()
        self.finished = 0
        self._late = late
        self._held: list[TimedTracks] = []

    def process(self, frame: Image, at_s: float) -> Step:
        assert not self._held or at_s > self._held[-1].at_s
        tracks = read(frame)
        self._held.append(TimedTracks(at_s, tracks))
        final, self._held = self._held[: -self._late or None], self._held[-self._late :] if self._late else []
        return Step(tracks, tuple(final))

    def finish(self) -> tuple[TimedTracks, ...]:
        final, self._held = tuple(self._held), []
        self.finished += 1
        return final


def read(frame: Image) -> Tracks:
    grey = frame[:, :, 0].astype(int)
    ids, boxes = [], []
    for track_id in range(1, 7):
        rows, columns = np.nonzero(np.abs(grey - _GREY * track_id) < _GREY // 3)
        if len(rows) >= PERSON * PERSON // 2:
            ids.append(track_id)
            # Compression frays the edges: the middle of the mass is firm.
            x, y = float(np.median(columns)) + 0.5, float(np.median(rows)) + 0.5
            boxes.append([x - PERSON / 2, y - PERSON / 2, x + PERSON / 2, y + PERSON / 2])
    return Tracks(
        np.array(ids, dtype=np.int64), np.array(boxes, dtype=np.float32).reshape(-1, 4), np.ones(len(ids), dtype=np.float32)
    )


def build_painted(camera: CameraSettings) -> PaintedPipeline:
    """For a camera's process."""
    return PaintedPipeline()


def run_painted(settings: EdgeSettings, camera: CameraSettings, stop: Event, beat: Any) -> None:
    """A camera's process that reads painted pictures."""
    run_camera(settings, camera, stop, beat, build_painted)

"""Ground truth and results as one table of boxes, and the files that truth comes in.

Two kinds of file are read: MOT text (``frame,id,x,y,w,h,flag,…``, frames from 1; flag 0: to be left out) and the project's own
JSON of visits (``{"fps", "visits": [{"zone", "enter_frame", "exit_frame"}]}``, frames from 0, both ends included), which knows
nothing of boxes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Floats, Ids
from motcua.onebox.dwell import Visit

_MOT16_COLUMNS, _PEDESTRIAN = 9, 1


class TruthError(ValueError):
    """A file of ground truth that cannot be used; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """Who was where, a row a box. frames: (n,) int64 from 0; ids: (n,) int64; boxes: (n, 4) float32 xyxy px."""

    frames: Ids
    ids: Ids
    boxes: Floats

    def __len__(self) -> int:
        return len(self.frames)

    def at(self, frame: int) -> NDArray[np.bool_]:
        """(n,) mask of the rows of one frame."""
        return np.asarray(self.frames == frame)

    def between(self, first: int, end: int) -> Boxes:
        """The rows of frames ``first`` to ``end`` - 1, numbered from 0 again."""
        rows = (self.frames >= first) & (self.frames < end)
        return Boxes(self.frames[rows] - first, self.ids[rows], self.boxes[rows])

    def every(self, step: int) -> Boxes:
        """The rows of every ``step``-th frame, numbered one by one."""
        rows = self.frames % step == 0
        return Boxes(self.frames[rows] // step, self.ids[rows], self.boxes[rows])


@dataclass(frozen=True, slots=True)
class VisitTruth:
    """Visits seen by eye: in which zone, from which frame to which. fps: frames per second of the clock they were timed by."""

    fps: float
    visits: tuple[Visit, ...]


def read_truth(path: Path) -> Boxes | VisitTruth:
    """Boxes from MOT text or visits from JSON. Raises TruthError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TruthError(f"truth file {path} cannot be read ({error}): name a file in MOT format or JSON") from None
    if text.lstrip()[:1] == "{":
        return _visits(text, path)
    return _mot(text, path)


def _mot(text: str, path: Path) -> Boxes:
    try:
        rows = np.array([line.split(",") for line in text.splitlines() if line.strip()], dtype=np.float64)
    except ValueError as error:
        raise TruthError(f"truth file {path} is not MOT text ({error}): expected frame,id,x,y,w,h,flag") from None
    if rows.ndim != 2 or rows.shape[1] < 6:
        raise TruthError(f"truth file {path} is not MOT text: expected at least frame,id,x,y,w,h in each line")
    keep = np.ones(len(rows), dtype=bool)
    if rows.shape[1] > 6:
        keep &= rows[:, 6] != 0
    if rows.shape[1] == _MOT16_COLUMNS:  # since MOT16: class and visibility; before, places in the world
        keep &= rows[:, 7] == _PEDESTRIAN
    rows = rows[keep]
    corners = np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1)
    return Boxes(rows[:, 0].astype(np.int64) - 1, rows[:, 1].astype(np.int64), corners.astype(np.float32))


def _visits(text: str, path: Path) -> VisitTruth:
    try:
        data: dict[str, Any] = json.loads(text)
        visits = tuple(
            Visit(str(item["zone"]), number, int(item["enter_frame"]), int(item["exit_frame"]))
            for number, item in enumerate(data["visits"])
        )
        truth = VisitTruth(float(data["fps"]), visits)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TruthError(
            f"truth file {path} is no list of visits ({error!r}): it needs fps and visits with zone,"
            " enter_frame and exit_frame"
        ) from None
    if truth.fps <= 0 or any(v.last < v.first for v in visits):
        raise TruthError(f"truth file {path} has a visit that ends before it begins, or no frame rate: correct it there")
    return truth

"""Faces of the people being served, seen through a camera's eyes: which to look at, how often, what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.edge.faces import ExpressionReader, Face, FaceGate, Image, crop
from motcua.edge.sentiment import Period, SentimentSums


@dataclass(frozen=True, slots=True)
class Served:
    """A person in a counter's service zone. box: (4,) xyxy px, of the whole person."""

    counter_id: str
    box: NDArray[np.floating[Any]]


class FaceWatch:
    """Looks at each counter's citizen ``every`` so often and collects what their face says.

    Who stands on the staff's side never gets here: only people in service zones do. Two people at one counter are left
    alone, since a reading could not be told to be of the one whose visit it would count for.
    """

    def __init__(
        self,
        finder: Any,
        reader: ExpressionReader,
        *,
        gate: FaceGate | None = None,
        every: timedelta = timedelta(milliseconds=500),
    ) -> None:
        self.reader = reader
        self.seen: Counter[str] = Counter()  # good, none, small, cut, turned, blurred, crowded
        self._finder = finder
        self._gate = gate or FaceGate()
        self._every = every
        self._sums = SentimentSums(reader.labels)
        self._looked_at: dict[str, datetime] = {}

    def look(self, frame: Image, at: datetime, served: Sequence[Served]) -> None:
        """Take one frame in. frame: BGR (h, w, 3)."""
        at_counter = Counter(person.counter_id for person in served)
        for person in served:
            last = self._looked_at.get(person.counter_id)
            if last is not None and timedelta(0) <= at - last < self._every:
                continue
            if at_counter[person.counter_id] > 1:
                self._looked_at[person.counter_id] = at
                self.seen["crowded"] += 1
                continue
            self._looked_at[person.counter_id] = at
            self._read(frame, at, person)

    def close(self, counter_id: str, service_start_at: datetime, departure_at: datetime) -> None:
        """A visit with service is over: its readings count as one."""
        self._sums.close(counter_id, service_start_at, departure_at)

    def due(self, at: datetime) -> list[Period]:
        """What may leave the office now."""
        return self._sums.due(at)

    def summary(self) -> str:
        """How many faces could be read and why the others could not, in one line for the health message."""
        total = sum(self.seen.values())
        if not total:
            return "faces: nobody was looked at yet"
        rest = ", ".join(f"{count} {reason}" for reason, count in self.seen.most_common() if reason != "good")
        return f"faces: {self.seen['good']} of {total} good enough to read" + (f" ({rest})" if rest else "")

    def _read(self, frame: Image, at: datetime, person: Served) -> None:
        head = _head(frame, person.box)
        face: Face | None = self._finder.find(head) if head is not None else None
        reason = "none" if head is None or face is None else self._gate.reason(head, face)
        self.seen[reason or "good"] += 1
        if reason is None and head is not None and face is not None:
            self._sums.add(person.counter_id, at, self.reader.read(crop(head, face)))


def _head(frame: Image, box: NDArray[np.floating[Any]]) -> Image | None:
    """The upper two thirds of a person with some air around them, as BGR (h, w, 3); None where nothing of it is in the picture."""
    x0, y0, x1, y1 = (float(v) for v in box)
    air = 0.15 * (y1 - y0)
    height, width = frame.shape[:2]
    left, right = int(max(0, x0 - air)), int(min(width, x1 + air))
    top, bottom = int(max(0, y0 - air)), int(min(height, y0 + (y1 - y0) * 2 / 3))
    return frame[top:bottom, left:right] if right - left > 1 and bottom - top > 1 else None

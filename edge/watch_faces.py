"""Faces of the people at the counters, seen through a camera's eyes: which to look at, how often, what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.edge.allowance import Allowance
from motcua.edge.calibration import soften
from motcua.edge.expressions import ExpressionReader
from motcua.edge.faces import Face, FaceGate, Image, crop, light
from motcua.edge.sentiment import Period, Reading, SentimentSums, valence

_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Served:
    """A person at a counter. box: (4,) xyxy px, of the whole person. person: their track."""

    counter_id: str
    box: NDArray[np.floating[Any]]
    person: int | None = None


class FaceWatch:
    """Looks at each counter's citizen ``every`` so often, never oftener at one person, and collects what their face says.

    Who stands on the staff's side never gets here: only people in service zones do. Two people at one counter are left alone, since a
    reading could not be told to be of the one whose visit it would count for. temperature: of ``soften``; None: uncalibrated (T = 1).
    allowance: of CPU time; while it is used up nobody is looked at, and whoever has waited longest for a look comes first.
    """

    def __init__(
        self,
        finder: Any,
        reader: ExpressionReader,
        *,
        gate: FaceGate | None = None,
        every: timedelta = timedelta(seconds=1),
        temperature: float | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        self.reader, self.temperature = reader, temperature
        self.seen: Counter[str] = Counter()  # good, none, small, cut, turned, dark, bright, blurred, crowded
        self._finder, self._allowance = finder, allowance
        self._gate = gate or FaceGate()
        self._every = every
        self._sums = SentimentSums(reader.labels)
        self._looked_at: dict[str | int, datetime] = {}
        self._turn: dict[str, datetime] = {}  # when each counter was looked at last

    def look(self, frame: Image, at: datetime, served: Sequence[Served]) -> None:
        """Take one frame in. frame: BGR (h, w, 3)."""
        at_counter = Counter(person.counter_id for person in served)
        self._looked_at = {who: last for who, last in self._looked_at.items() if timedelta(0) <= at - last < self._every}
        for person in sorted(served, key=lambda p: self._turn.get(p.counter_id, _NEVER)):
            if person.counter_id in self._looked_at or person.person in self._looked_at:
                continue
            if self._allowance is not None and not self._allowance.lets():
                return
            self._looked_at[person.counter_id] = self._turn[person.counter_id] = at
            if person.person is not None:
                self._looked_at[person.person] = at
            with self._allowance.spent() if self._allowance is not None else nullcontext():
                reason = "crowded" if at_counter[person.counter_id] > 1 else self._read(frame, at, person)
            self.seen[reason or "good"] += 1
            if reason is not None:
                self._sums.miss(person.counter_id, at, reason)

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

    def _read(self, frame: Image, at: datetime, person: Served) -> str | None:
        """Why nothing could be read, or None."""
        head = _head(frame, person.box)
        face: Face | None = self._finder.find(head) if head is not None else None
        if head is None or face is None:
            return "none"
        reason = self._gate.reason(head, face)
        if reason is not None:
            return reason
        cut = crop(head, face)
        shown = self.reader.read(cut)
        probabilities = soften(shown.probabilities, self.temperature or 1.0)
        value = valence(probabilities, self.reader.labels) if shown.valence is None else shown.valence
        width_px = float(face.box[2] - face.box[0])
        self._sums.add(person.counter_id, Reading(at, probabilities, value, shown.arousal, light(cut), width_px))
        return None


def _head(frame: Image, box: NDArray[np.floating[Any]]) -> Image | None:
    """The upper two thirds of a person with some air around them, as BGR (h, w, 3); None where nothing of it is in the picture."""
    x0, y0, x1, y1 = (float(v) for v in box)
    air = 0.15 * (y1 - y0)
    height, width = frame.shape[:2]
    left, right = int(max(0, x0 - air)), int(min(width, x1 + air))
    top, bottom = int(max(0, y0 - air)), int(min(height, y0 + (y1 - y0) * 2 / 3))
    return frame[top:bottom, left:right] if right - left > 1 and bottom - top > 1 else None

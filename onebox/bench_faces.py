"""What a sampled face costs: finding it, judging it, reading it; and what that adds to a camera's work."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from motcua.edge.build import build_reader
from motcua.edge.camera import Observer
from motcua.edge.expressions import Image
from motcua.edge.faces import Face, FaceFinder, FaceGate, crop
from motcua.edge.sentiment import Period
from motcua.models.fetch import fetch

Report = dict[str, Any]
_REPEAT = 100


def face_cost(readers: Sequence[str] = ("fer",), repeat: int = _REPEAT) -> Report:
    """CPU milliseconds on one thread, median and 95th percentile. What a picture shows changes none of it, so noise stands for a person
    whose face, 110 px wide, passes every test. Raises ModelError, BuildError."""
    head: Image = np.random.default_rng(1).integers(0, 240, (420, 300, 3), dtype=np.uint8)
    points = np.array([[120, 130], [170, 130], [145, 155], [145, 180], [95, 140], [195, 140]], np.float32)
    face = Face(np.array([90, 95, 200, 205], np.float32), points, 1.0)
    gate, finder, cut = FaceGate(), FaceFinder(fetch("blazeface")), crop(head, face)
    assert gate.reason(head, face) is None
    parts = {"find": _timed(lambda: finder.find(head), repeat), "gate": _timed(lambda: gate.reason(head, face), repeat)}
    for name in readers:
        reader = build_reader(name)
        parts[name] = _timed(lambda reader=reader: reader.read(cut), repeat)  # type: ignore[misc]
    costs: Report = {name: {"p50": float(np.median(ms)), "p95": float(np.quantile(ms, 0.95))} for name, ms in parts.items()}
    for name in readers:
        whole = parts["find"] + parts["gate"] + parts[name]
        costs[f"whole_{name}"] = {"p50": float(np.median(whole)), "p95": float(np.quantile(whole, 0.95))}
    return costs


def rise(spent_s: float, looks_s: float, looks: int, read_ms: float) -> Report:
    """By how much faces raise a camera's CPU. spent_s: all of its work; looks_s: the part of that in looks at people; read_ms: what each
    look costs more where every face is good enough to be read."""
    rest = spent_s - looks_s
    return {
        "looks": looks,
        "look_ms": looks_s / looks * 1e3 if looks else None,
        "cpu_rise": looks_s / rest,
        "cpu_rise_if_all_are_read": (looks_s + looks * read_ms / 1e3) / rest,
    }


class TimedObserver:
    """An observer and the CPU seconds that its looks take."""

    def __init__(self, inner: Observer) -> None:
        self._inner, self.spent_s = inner, 0.0
        self.reader, self.temperature = inner.reader, inner.temperature

    def look(self, frame: Image, at: datetime, served: Sequence[Any]) -> None:
        """As the observer's own."""
        mark = time.process_time()
        self._inner.look(frame, at, served)
        self.spent_s += time.process_time() - mark

    def close(self, counter_id: str, service_start_at: datetime, departure_at: datetime) -> None:
        """As the observer's own."""
        self._inner.close(counter_id, service_start_at, departure_at)

    def due(self, at: datetime) -> list[Period]:
        """As the observer's own."""
        return self._inner.due(at)

    def summary(self) -> str:
        """As the observer's own."""
        return self._inner.summary()

    @property
    def looks(self) -> int:
        """How often somebody was looked at."""
        return int(sum(getattr(self._inner, "seen", {}).values()))


def _timed(what: Callable[[], object], repeat: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    what()  # the first one loads
    spent = []
    for _ in range(repeat):
        mark = time.process_time()
        what()
        spent.append((time.process_time() - mark) * 1e3)
    return np.array(spent)

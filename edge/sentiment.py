"""Readings of faces become sums over visits, counters and hours: pure, with time as an argument.

Only sums ever leave: per counter, over full hours, from ``MIN_VISITS`` visits on. Hours with fewer are added to the next
ones until there are enough. Everything lives in memory only: what a restart finds unfinished is forgotten, because a file of it
would be a figure about fewer people than may be told.

Valence of one reading is the model's own, else Σ p(class) · weight(class), with weights from -1 (unpleasant) to 1 (pleasant).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

MIN_VISITS = 5
MIN_READINGS = 3  # fewer good faces than this say nothing about a visit
MIN_THIRD = 2  # nor do fewer in the first or the last third about its change
SETTLED = timedelta(minutes=1)  # an hour is closed this much after its end: visits close some seconds late
KEPT = timedelta(hours=3)  # readings whose visit never closed
HOUR = timedelta(hours=1)
UNSEEN = "unseen"  # nobody was looked at in the whole visit

VALENCE: Mapping[str, float] = {
    "happy": 1.0,
    "surprise": 0.0,
    "neutral": 0.0,
    "sad": -1.0,
    "fear": -1.0,
    "angry": -1.0,
    "disgust": -1.0,
    "contempt": -1.0,
}


def valence(probabilities: NDArray[np.floating[Any]], labels: Sequence[str]) -> float:
    """Expected valence of class probabilities (k,), in -1..1. Raises KeyError for a label without a weight."""
    return float(np.clip(np.dot(probabilities, [VALENCE[label] for label in labels]), -1.0, 1.0))


@dataclass(frozen=True, slots=True)
class Reading:
    """One good face. probabilities: (k,), summing to 1; light: mean grey of the face, 0..1; face_px: its width."""

    at: datetime
    probabilities: NDArray[np.float64]
    valence: float
    arousal: float | None
    light: float
    face_px: float


@dataclass(frozen=True, slots=True)
class Value:
    """What one visit showed. It never leaves the process: only sums of five and more do."""

    probabilities: NDArray[np.float64]
    valence: float
    change: float | None  # valence in the last third less that in the first
    arousal: float | None
    light: float
    face_px: float


@dataclass(frozen=True, slots=True)
class Moments:
    """n, sum and sum of squares over visits."""

    n: int
    sum: float
    sum2: float


@dataclass(frozen=True, slots=True)
class Beside:
    """A condition of the pictures: its sum and sum of squares over the visits, and the sum of its products with their valence."""

    sum: float
    sum2: float
    valence_sum: float


@dataclass(frozen=True, slots=True)
class Period:
    """What may leave: the sums over visits of one counter; see ``motcua.edge.messages.Sentiment``."""

    counter_id: str
    start: datetime
    end: datetime
    n: int
    valence_sum: float
    valence_sum2: float
    class_sums: dict[str, float]
    change: Moments | None = None
    arousal: Moments | None = None
    light: Beside | None = None
    face_px: Beside | None = None
    unread: Mapping[str, int] = field(default_factory=dict)


def value_of(readings: Sequence[Reading], start: datetime, end: datetime, labels: Sequence[str]) -> Value | None:
    """One visit from its good faces between ``start`` and ``end``; None where there are too few."""
    own = [r for r in readings if start <= r.at <= end]
    if len(own) < MIN_READINGS:
        return None
    third = (end - start) / 3
    first, last = ([r.valence for r in own if r.at <= start + third], [r.valence for r in own if r.at >= end - third])
    enough = min(len(first), len(last)) >= MIN_THIRD
    aroused = [r.arousal for r in own if r.arousal is not None]
    mean = np.mean([r.probabilities for r in own], axis=0)
    return Value(
        mean / mean.sum(),
        float(np.clip(np.mean([r.valence for r in own]), -1.0, 1.0)),
        float(np.mean(last) - np.mean(first)) if enough else None,
        float(np.mean(aroused)) if aroused else None,
        float(np.mean([r.light for r in own])),
        float(np.mean([r.face_px for r in own])),
    )


@dataclass(slots=True)
class SentimentSums:
    """Collects readings, folds them into visits when these close, gives the periods that may leave.

    labels: the reader's classes, in the order of its probabilities.
    """

    labels: tuple[str, ...]
    _readings: dict[str, list[Reading]] = field(default_factory=dict)
    _missed: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    _hours: dict[str, dict[datetime, list[Value]]] = field(default_factory=dict)
    _unread: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, counter_id: str, reading: Reading) -> None:
        """One good face of the person at a counter."""
        readings = self._readings.setdefault(counter_id, [])
        readings.append(reading)
        while readings[0].at < reading.at - KEPT:
            readings.pop(0)

    def miss(self, counter_id: str, at: datetime, reason: str) -> None:
        """A look that gave no good face."""
        missed = self._missed.setdefault(counter_id, [])
        missed.append((at, reason))
        while missed[0][0] < at - KEPT:
            missed.pop(0)

    def close(self, counter_id: str, start: datetime, end: datetime) -> bool:
        """A service ended: its readings become one visit. False where there were too few of them, and the reason is counted."""
        readings, missed = self._readings.get(counter_id, []), self._missed.get(counter_id, [])
        value = value_of(readings, start, end, self.labels)
        why = Counter(reason for at, reason in missed if start <= at <= end)
        self._readings[counter_id] = [r for r in readings if not start <= r.at <= end]
        self._missed[counter_id] = [(at, reason) for at, reason in missed if not start <= at <= end]
        if value is None:
            reason = max(sorted(why), key=lambda r: why[r]) if why else UNSEEN
            self._unread.setdefault(counter_id, Counter())[reason] += 1
            return False
        hour = end.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        self._hours.setdefault(counter_id, {}).setdefault(hour, []).append(value)
        return True

    def due(self, at: datetime) -> list[Period]:
        """The periods that are over and hold enough visits. Each is given once; the rest goes on collecting."""
        periods = []
        for counter_id, hours in self._hours.items():
            over = sorted(hour for hour in hours if hour + HOUR + SETTLED <= at)
            if sum(len(hours[hour]) for hour in over) < MIN_VISITS:
                continue
            values = [value for hour in over for value in hours.pop(hour)]
            periods.append(self._period(counter_id, over[0], over[-1] + HOUR, values))
        return periods

    def _period(self, counter_id: str, start: datetime, end: datetime, values: Sequence[Value]) -> Period:
        unread = self._unread.get(counter_id, Counter())
        told = {reason: unread.pop(reason) for reason in sorted(unread) if unread[reason] >= MIN_VISITS}
        valences = [v.valence for v in values]
        classes = np.sum([v.probabilities for v in values], axis=0)
        return Period(
            counter_id=counter_id,
            start=start,
            end=end,
            n=len(values),
            valence_sum=sum(valences),
            valence_sum2=sum(v * v for v in valences),
            class_sums={label: float(p) for label, p in zip(self.labels, classes, strict=True)},
            change=_moments([v.change for v in values]),
            arousal=_moments([v.arousal for v in values]),
            light=_beside([v.light for v in values], valences),
            face_px=_beside([v.face_px for v in values], valences),
            unread=told,
        )


def _moments(given: Sequence[float | None]) -> Moments | None:
    """None where fewer visits have the figure than may be told."""
    known = [x for x in given if x is not None]
    return Moments(len(known), sum(known), sum(x * x for x in known)) if len(known) >= MIN_VISITS else None


def _beside(given: Sequence[float], valences: Sequence[float]) -> Beside:
    products = (x * v for x, v in zip(given, valences, strict=True))
    return Beside(sum(given), sum(x * x for x in given), sum(products))

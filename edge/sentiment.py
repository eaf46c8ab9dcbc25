"""Readings of citizens' faces become sums over visits, counters and hours: pure, with time as an argument.

Only sums ever leave: per counter, over full hours, from ``MIN_VISITS`` visits on. Hours with fewer are added to the next ones
until there are enough. Readings live in memory only; what a restart finds unfinished is forgotten.

Valence of one reading is Σ p(class) · weight(class), with weights from -1 (unpleasant) to 1 (pleasant).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

MIN_VISITS = 5
MIN_READINGS = 3  # fewer good faces than this say nothing about a visit
SETTLED = timedelta(minutes=1)  # an hour is closed this much after its end: visits close some seconds late
KEPT = timedelta(hours=3)  # readings whose visit never closed

VALENCE: Mapping[str, float] = {
    "happy": 1.0,
    "surprise": 0.0,
    "neutral": 0.0,
    "sad": -1.0,
    "fear": -1.0,
    "angry": -1.0,
    "disgust": -1.0,
}


def valence(probabilities: NDArray[np.floating], labels: Sequence[str]) -> float:
    """Expected valence of class probabilities (k,), in -1..1. Raises KeyError for a label without a weight."""
    return float(np.clip(np.dot(probabilities, [VALENCE[label] for label in labels]), -1.0, 1.0))


@dataclass(frozen=True, slots=True)
class Period:
    """What may leave: one counter's sums over visits; see ``motcua.edge.messages.Sentiment``."""

    counter_id: str
    start: datetime
    end: datetime
    n: int
    valence_sum: float
    valence_sum2: float
    class_sums: dict[str, float]


@dataclass(slots=True)
class _Sums:
    n: int
    valence: float
    valence2: float
    classes: NDArray[np.float64]


@dataclass(slots=True)
class SentimentSums:
    """Collects readings, folds them into visits when these close, gives the periods that may leave.

    labels: the reader's classes, in the order of its probabilities.
    """

    labels: tuple[str, ...]
    _readings: dict[str, list[tuple[datetime, NDArray[np.float64]]]] = field(default_factory=dict)
    _hours: dict[str, dict[datetime, _Sums]] = field(default_factory=dict)

    def add(self, counter_id: str, at: datetime, probabilities: NDArray[np.floating]) -> None:
        """One good face of the person at a counter. probabilities: (k,), summing to 1."""
        readings = self._readings.setdefault(counter_id, [])
        readings.append((at, np.asarray(probabilities, dtype=np.float64)))
        while readings[0][0] < at - KEPT:
            readings.pop(0)

    def close(self, counter_id: str, service_start_at: datetime, departure_at: datetime) -> bool:
        """A service ended: its readings become one visit. False where there were too few of them."""
        readings = self._readings.get(counter_id, [])
        own = [p for at, p in readings if service_start_at <= at <= departure_at]
        self._readings[counter_id] = [(at, p) for at, p in readings if at > departure_at]
        if len(own) < MIN_READINGS:
            return False
        mean = np.mean(own, axis=0)
        mean = mean / mean.sum()
        value = valence(mean, self.labels)
        hour = departure_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        sums = self._hours.setdefault(counter_id, {}).setdefault(hour, _Sums(0, 0.0, 0.0, np.zeros(len(self.labels))))
        sums.n += 1
        sums.valence += value
        sums.valence2 += value * value
        sums.classes = sums.classes + mean
        return True

    def due(self, at: datetime) -> list[Period]:
        """The periods that are over and hold enough visits. Each is given once; the rest goes on collecting."""
        periods = []
        for counter_id, hours in self._hours.items():
            over = sorted(hour for hour in hours if hour + timedelta(hours=1) + SETTLED <= at)
            if sum(hours[hour].n for hour in over) < MIN_VISITS:
                continue
            sums = [hours.pop(hour) for hour in over]
            classes = np.sum([s.classes for s in sums], axis=0)
            periods.append(
                Period(
                    counter_id,
                    over[0],
                    over[-1] + timedelta(hours=1),
                    sum(s.n for s in sums),
                    sum(s.valence for s in sums),
                    sum(s.valence2 for s in sums),
                    {label: float(p) for label, p in zip(self.labels, classes, strict=True)},
                )
            )
        return periods

"""Readings to sums: known answers, the minimum of five visits, full hours, and nothing counted twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from builders import NOON
from hypothesis import given
from hypothesis import strategies as st

from motcua.edge.messages import ModelInfo, Sentiment, uuid7
from motcua.edge.sentiment import MIN_READINGS, SentimentSums, valence

LABELS = ("happy", "neutral", "angry")
GLAD, CALM, CROSS = (np.eye(3)[i] for i in range(3))


def served(sums: SentimentSums, at: datetime, face: np.ndarray, *, counter: str = "q1", readings: int = 4) -> bool:
    """One visit of a minute that ends at ``at`` and shows one face."""
    for i in range(readings):
        sums.add(counter, at - timedelta(seconds=50 - 10 * i), face)
    return sums.close(counter, at - timedelta(seconds=60), at)


def test_valence_is_the_weighted_sum_of_the_classes() -> None:
    assert valence(np.array([0.5, 0.2, 0.3]), LABELS) == pytest.approx(0.2)
    with pytest.raises(KeyError):
        valence(np.array([1.0]), ("bored",))


def test_five_visits_of_an_hour_leave_as_their_sums() -> None:
    sums = SentimentSums(LABELS)
    for minute, face in enumerate([GLAD, GLAD, CALM, CALM, CROSS]):
        assert served(sums, NOON + timedelta(minutes=5 * minute + 5), face)
    assert sums.due(NOON + timedelta(minutes=59)) == []
    (period,) = sums.due(NOON + timedelta(minutes=62))
    assert (period.counter_id, period.start, period.end, period.n) == ("q1", NOON, NOON + timedelta(hours=1), 5)
    assert (period.valence_sum, period.valence_sum2) == pytest.approx((1.0, 3.0))
    assert period.class_sums == pytest.approx({"happy": 2.0, "neutral": 2.0, "angry": 1.0})
    assert sums.due(NOON + timedelta(hours=9)) == []


def test_four_visits_wait_for_a_fifth_and_the_period_covers_both_hours() -> None:
    sums = SentimentSums(LABELS)
    for minute in range(4):
        served(sums, NOON + timedelta(minutes=minute + 2), GLAD)
    assert sums.due(NOON + timedelta(hours=2)) == []
    served(sums, NOON + timedelta(hours=2, minutes=30), CROSS)
    assert sums.due(NOON + timedelta(hours=2, minutes=45)) == []
    (period,) = sums.due(NOON + timedelta(hours=3, minutes=1))
    assert (period.start, period.end, period.n) == (NOON, NOON + timedelta(hours=3), 5)


def test_counters_are_not_added_to_each_other() -> None:
    sums = SentimentSums(LABELS)
    for minute in range(4):
        served(sums, NOON + timedelta(minutes=minute + 2), GLAD, counter="q1")
        served(sums, NOON + timedelta(minutes=minute + 2), GLAD, counter="q2")
    assert sums.due(NOON + timedelta(hours=2)) == []


def test_a_visit_with_too_few_good_faces_counts_for_nothing() -> None:
    sums = SentimentSums(LABELS)
    assert not served(sums, NOON, GLAD, readings=MIN_READINGS - 1)
    assert served(sums, NOON + timedelta(minutes=5), GLAD, readings=MIN_READINGS)


def test_readings_before_the_service_are_not_of_this_visit() -> None:
    sums = SentimentSums(LABELS)
    for i in range(5):
        sums.add("q1", NOON - timedelta(seconds=90 + i), CROSS)
    assert not sums.close("q1", NOON - timedelta(seconds=60), NOON)


def test_what_was_read_of_a_visit_that_never_closed_is_forgotten() -> None:
    sums = SentimentSums(LABELS)
    for i in range(4):
        sums.add("q1", NOON + timedelta(seconds=i), CROSS)
    sums.add("q1", NOON + timedelta(hours=4), GLAD)
    assert not sums.close("q1", NOON, NOON + timedelta(minutes=1))


@given(
    st.lists(
        st.tuples(st.integers(0, 60 * 12), st.lists(st.floats(0.01, 1), min_size=3, max_size=3)),
        min_size=1,
        max_size=40,
    )
)
def test_every_period_is_a_valid_message_and_no_visit_is_counted_twice(visits: list[tuple[int, list[float]]]) -> None:
    sums = SentimentSums(LABELS)
    told = 0
    for minute, weights in sorted(visits):
        face = np.array(weights) / sum(weights)
        at = NOON + timedelta(minutes=minute)
        for period in sums.due(at):
            told += period.n
            Sentiment(
                id=uuid7(at), epoch=1, seq=1, at=at, office_id="o", source_id="s", provenance="camera",
                counter_id=period.counter_id, period_start=period.start, period_end=period.end, n=period.n,
                valence_sum=period.valence_sum, valence_sum2=period.valence_sum2, class_sums=period.class_sums,
                model=ModelInfo(name="fer", version="1"),
            )  # fmt: skip
        served(sums, at, face)
    told += sum(period.n for period in sums.due(NOON + timedelta(days=2)))
    assert told in range(len(visits) - 4, len(visits) + 1)

"""Readings to sums: known answers, the minimum of five visits, full hours, any order of visits, and nothing counted twice."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pytest
from builders import NOON
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.edge.compose import Source, sentiment_message
from motcua.edge.messages import ModelInfo, Sentiment, dump, parse, topic
from motcua.edge.sentiment import HOUR, MIN_READINGS, MIN_VISITS, Period, Reading, SentimentSums, valence, value_of

LABELS = ("happy", "neutral", "angry")
GLAD, CALM, CROSS = (np.eye(3)[i] for i in range(3))
FER = ModelInfo(name="fer", version="1")


def reading(at: datetime, face: np.ndarray, *, light: float = 0.5, face_px: float = 80.0) -> Reading:
    return Reading(at, face, valence(face, LABELS), None, light, face_px)


def served(
    sums: SentimentSums, at: datetime, face: np.ndarray, *, counter: str = "q1", readings: int = 4, light: float = 0.5
) -> bool:
    """One visit of a minute that ends at ``at`` and shows one face."""
    for i in range(readings):
        sums.add(counter, reading(at - timedelta(seconds=50 - 10 * i), face, light=light))
    return sums.close(counter, at - timedelta(seconds=60), at)


def message(period: Period) -> Sentiment:
    return sentiment_message(Source("o", "s", "camera"), period, FER)


def test_valence_is_the_weighted_sum_of_the_classes() -> None:
    assert valence(np.array([0.5, 0.2, 0.3]), LABELS) == pytest.approx(0.2)
    with pytest.raises(KeyError):
        valence(np.array([1.0]), ("bored",))


def test_five_visits_of_an_hour_leave_as_their_sums() -> None:
    sums = SentimentSums(LABELS)
    for minute, face in enumerate([GLAD, GLAD, CALM, CALM, CROSS]):
        assert served(sums, NOON + timedelta(minutes=5 * minute + 5), face, light=0.1 * (minute + 1))
    assert sums.due(NOON + timedelta(minutes=59)) == []
    assert sums.due(NOON + timedelta(minutes=60, seconds=59)) == []
    (period,) = sums.due(NOON + timedelta(minutes=61))
    assert (period.counter_id, period.start, period.end) == ("q1", NOON, NOON + HOUR)
    assert (period.n, period.valence_sum, period.valence_sum2) == (5, pytest.approx(1.0), pytest.approx(3.0))
    assert period.class_sums == pytest.approx({"happy": 2.0, "neutral": 2.0, "angry": 1.0})
    assert period.light is not None
    # Light .1 to .5 beside valence 1, 1, 0, 0, -1.
    assert (period.light.sum, period.light.sum2, period.light.valence_sum) == pytest.approx((1.5, 0.55, -0.2))
    assert period.face_px is not None
    assert period.face_px.valence_sum == pytest.approx(80.0)
    assert sums.due(NOON + timedelta(hours=9)) == []


def test_what_leaves_has_no_instant_finer_than_an_hour_and_no_id_of_a_visit() -> None:
    sums = SentimentSums(LABELS)
    for minute in range(6):
        served(sums, NOON + timedelta(minutes=7 * minute + 3, seconds=13), GLAD)
    (period,) = sums.due(NOON + timedelta(minutes=75, seconds=3))
    sent = message(period)
    for instant in (sent.at, sent.period_start, sent.period_end):
        assert (instant.minute, instant.second, instant.microsecond) == (0, 0, 0)
    assert int(sent.id.hex[:12], 16) == int(sent.at.timestamp() * 1000), "nor is there one in the message's id"
    assert set(sent.model_dump(exclude_none=True)) == {
        "schema_version", "id", "epoch", "seq", "at", "office_id", "source_id", "provenance", "type", "counter_id",
        "period_start", "period_end", "n", "valence_sum", "valence_sum2", "class_sums", "light", "face_px", "unread",
        "temperature", "calibrated", "model",
    }  # fmt: skip
    assert (sent.temperature, sent.calibrated) == (1.0, False)


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
        at = NOON + timedelta(minutes=2 * minute + 2)
        served(sums, at, GLAD, counter="q1")
        served(sums, at, GLAD, counter="q2")
    assert sums.due(NOON + timedelta(hours=2)) == []
    served(sums, NOON + timedelta(minutes=30), GLAD)
    (period,) = sums.due(NOON + timedelta(hours=2))
    assert (period.counter_id, period.valence_sum) == ("q1", 5.0)


def test_the_change_is_the_last_third_less_the_first_and_known_of_five_visits_or_not_told() -> None:
    sums = SentimentSums(LABELS)

    def changing(at: datetime, faces: Sequence[np.ndarray]) -> None:
        for i, face in enumerate(faces):
            sums.add("q1", reading(at - timedelta(seconds=60 - 10 * i), face))
        sums.close("q1", at - timedelta(seconds=60), at)

    for minute in range(4):
        changing(NOON + timedelta(minutes=2 * minute + 2), [CROSS, CROSS, CALM, CALM, GLAD, GLAD, GLAD])
    changing(NOON + timedelta(minutes=20), [CALM] * 4)  # nothing of its last third
    (period,) = sums.due(NOON + timedelta(hours=2))
    assert (period.n, period.change) == (5, None)
    for minute in range(5):
        changing(NOON + timedelta(minutes=2 * minute + 62), [CROSS, CROSS, CROSS, CALM, CALM, GLAD, GLAD])
    (period,) = sums.due(NOON + timedelta(hours=3))
    assert period.change is not None
    # First third (0-20 s): three cross faces; last third (40-60 s): calm, glad, glad.
    assert (period.change.n, period.change.sum, period.change.sum2) == (5, pytest.approx(25 / 3), pytest.approx(125 / 9))


def test_a_visit_with_too_few_good_faces_counts_for_nothing_and_its_reason_is_told_from_five_on() -> None:
    sums = SentimentSums(LABELS)
    assert served(sums, NOON + timedelta(minutes=1), GLAD, readings=MIN_READINGS)
    for minute in range(2, 7):
        at = NOON + timedelta(minutes=2 * minute)
        for i in range(5):
            sums.miss("q1", at - timedelta(seconds=10 * i), "small" if i else "turned")
        assert not served(sums, at, GLAD, readings=MIN_READINGS - 1)
    assert not sums.close("q1", NOON + timedelta(minutes=20), NOON + timedelta(minutes=21))  # nobody was looked at
    assert sums.due(NOON + timedelta(hours=2)) == [], "reasons alone do not leave"
    for minute in range(4):
        served(sums, NOON + timedelta(minutes=2 * minute + 130), GLAD)
    (period,) = sums.due(NOON + timedelta(hours=4))
    assert (period.n, period.unread) == (5, {"small": 5}), "one unseen visit is not told"


def test_readings_before_the_service_are_not_of_this_visit() -> None:
    sums = SentimentSums(LABELS)
    for i in range(5):
        sums.add("q1", reading(NOON - timedelta(seconds=90 - i), CROSS))
    assert not sums.close("q1", NOON - timedelta(seconds=60), NOON)


def test_what_was_read_of_a_visit_that_never_closed_is_forgotten() -> None:
    sums = SentimentSums(LABELS)
    for i in range(4):
        sums.add("q1", reading(NOON + timedelta(seconds=i), CROSS))
    sums.add("q1", reading(NOON + timedelta(hours=4), GLAD))
    assert not sums.close("q1", NOON, NOON + timedelta(minutes=1))


def test_models_with_valence_and_arousal_of_their_own_are_taken_at_their_word() -> None:
    own = [Reading(NOON + timedelta(seconds=i), CALM, 0.5, 0.1 * i, 0.5, 80) for i in range(4)]
    value = value_of(own, NOON, NOON + timedelta(seconds=9), LABELS)
    assert value is not None
    assert (value.valence, value.arousal) == (pytest.approx(0.5), pytest.approx(0.15))


faces = st.lists(st.floats(0.01, 1), min_size=3, max_size=3)
days = st.lists(st.tuples(st.integers(0, 60 * 12), faces), min_size=1, max_size=40, unique_by=lambda v: v[0])


@given(days, st.sets(st.integers(0, 60 * 12), max_size=3))
def test_a_restart_loses_fewer_than_five_visits_a_counter_and_an_unfinished_hour_and_tells_nothing_twice(
    visits: list[tuple[int, list[float]]], restarts: set[int]
) -> None:
    sums, told = SentimentSums(LABELS), []
    for minute, weights in sorted(visits):
        at = NOON + timedelta(minutes=minute)
        if any(r <= minute for r in restarts):
            restarts = {r for r in restarts if r > minute}
            sums = SentimentSums(LABELS)
        told += sums.due(at)
        served(sums, at, np.array(weights) / sum(weights))
    told += sums.due(NOON + timedelta(days=2))
    for period in told:
        sent = message(period)  # valid, or it raises
        assert sent.n >= MIN_VISITS
        assert sent.period_end - sent.period_start >= HOUR
        assert len(dump(sent)) < 2000
    assert sum(period.n for period in told) <= len(visits)
    spans = sorted((period.start, period.end) for period in told)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans)), "periods do not overlap"
    inside = [sum(period.start <= NOON + timedelta(minutes=m) < period.end for m, _ in visits) for period in told]
    assert all(period.n <= most for period, most in zip(told, inside, strict=True))


@given(days, st.randoms(use_true_random=False))
def test_the_order_in_which_visits_close_changes_nothing(
    visits: list[tuple[int, list[float]]], chance: random.Random
) -> None:
    def told(order: Sequence[tuple[int, list[float]]]) -> list[Period]:
        sums = SentimentSums(LABELS)
        for minute, weights in sorted(visits):
            at, face = NOON + timedelta(minutes=minute), np.array(weights) / sum(weights)
            for i in range(4):
                sums.add("q1", reading(at - timedelta(seconds=50 - 10 * i), face))
        # Only what KEPT still holds can be closed late.
        for minute, _ in order:
            at = NOON + timedelta(minutes=minute)
            sums.close("q1", at - timedelta(seconds=59), at)
        return sums.due(NOON + timedelta(days=2))

    shuffled = list(visits)
    chance.shuffle(shuffled)
    for one, other in zip(told(sorted(visits)), told(shuffled), strict=True):
        assert (one.n, one.start, one.end) == (other.n, other.start, other.end)
        assert math.isclose(one.valence_sum, other.valence_sum, abs_tol=1e-9)
        assert one.class_sums == pytest.approx(other.class_sums)


numbers = st.floats(-1, 1)
looks = st.tuples(faces, numbers, st.none() | numbers, st.floats(0, 1), st.floats(64, 4000))


@settings(max_examples=30)
@given(st.lists(st.lists(looks, min_size=3, max_size=7), min_size=5, max_size=9), st.sampled_from([None, 0.5, 3.0]))
def test_whatever_faces_show_what_leaves_is_a_message_that_the_border_takes(
    visits: list[list[tuple[list[float], float, float | None, float, float]]], temperature: float | None
) -> None:
    sums = SentimentSums(LABELS)
    for minute, shown in enumerate(visits):
        start = NOON + timedelta(minutes=2 * minute)
        for second, (weights, value, arousal, light, face_px) in enumerate(shown):
            p = np.array(weights) / sum(weights)
            sums.add("q1", Reading(start + timedelta(seconds=9 * second), p, value, arousal, light, face_px))
        assert sums.close("q1", start, start + timedelta(seconds=63))
    (period,) = sums.due(NOON + timedelta(hours=2))
    sent = sentiment_message(Source("o", "s", "camera"), period, FER, temperature)
    assert parse(topic("o", "s", "sentiment"), dump(sent)) == [sent]
    assert (sent.n, sent.calibrated) == (len(visits), temperature is not None)
    for given_sums in (sent.change, sent.arousal):
        assert given_sums is None or 5 <= given_sums.n <= sent.n

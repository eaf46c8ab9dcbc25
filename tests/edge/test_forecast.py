"""Forecasts of a newcomer's wait: each predictor, what is learned, and the interval that adapts."""

from __future__ import annotations

import json
import logging
import random
from datetime import timedelta
from pathlib import Path
from statistics import fmean

import pytest
from builders import queue as queue_message
from hypothesis import example, given
from hypothesis import strategies as st
from scenes import START, at

from motcua.edge.forecast import (
    SHARES,
    Adaptive,
    Learned,
    Quantiles,
    Seen,
    features,
    parse_weights,
    predictors,
    seen,
    shipped,
)
from motcua.edge.forecast_file import load_forecast, save_forecast
from motcua.edge.visits import ClosedVisit, Person, VisitState

WIDTH = len(shipped().weights[0])


def found(**fields: object) -> Seen:
    """Four services ahead at two counters of 300 s."""
    base: dict[str, object] = {
        "ahead": 4, "counters": 2, "services_s": (300.0,) * 8, "pace_s": 150.0, "headway_s": 150.0,
        "last_wait_s": 500.0, "oldest_s": 450.0, "given_up": 0.0,
    }  # fmt: skip
    return Seen(**(base | fields))  # type: ignore[arg-type]


def visit(arrival: float, start: float | None, end: float) -> ClosedVisit:
    outcome = "reneged" if start is None else "served"
    began = None if start is None else at(start)
    return ClosedVisit(at(arrival), began, at(end), at(end + 4), outcome, "A", "ordinary", 0.0)  # type: ignore[arg-type]


def person(number: int, arrival: float, start: float | None = None) -> Person:
    role = "queue" if start is None else "service"
    began = None if start is None else at(start)
    return Person(number, (0.5, 0.5), at(0), at(0), role, arrival_at=at(arrival), service_start_at=began)  # type: ignore[arg-type]


def test_what_a_newcomer_finds() -> None:
    history = [visit(0, 200, 500), visit(100, 300, 600), visit(400, None, 650), visit(550, 550, 700)]
    state = VisitState({1: person(1, 500, 680), 2: person(2, 600), 3: person(3, 640)}, at(760))
    now = seen(state, [v for v in history if v.service_start_at], history, at(760), 2)
    assert now.ahead == 2, "two wait, one of the two counters is free"
    assert now.services_s == (300, 300, 150)
    assert now.pace_s == pytest.approx((750 + 80) / 3 / 2), "the service that goes on counts with its 80 s so far"
    assert now.headway_s == pytest.approx((760 - 200) / 3)
    assert (now.last_wait_s, now.oldest_s) == (180, 160)
    assert now.given_up == pytest.approx(1 / 4)


@pytest.mark.parametrize(
    ("waiting", "serving", "counters", "ahead"),
    [(0, 0, 2, 0), (0, 1, 2, 0), (0, 2, 2, 1), (3, 2, 2, 4), (1, 0, 2, 0), (2, 0, 2, 1), (0, 3, 2, 1), (5, 1, 1, 6)],
)
def test_a_newcomer_waits_for_as_many_services_as_there_are_people_ahead(
    waiting: int, serving: int, counters: int, ahead: int
) -> None:
    people = [person(i, 0) for i in range(waiting)] + [person(100 + i, 0, 50) for i in range(serving)]
    now = seen(VisitState({p.track_id: p for p in people}, at(60)), [visit(0, 0, 60)], [], at(60), counters)
    assert now.ahead == ahead


@pytest.mark.parametrize("name", sorted(predictors()))
def test_nobody_waits_for_a_free_counter(name: str) -> None:
    assert predictors()[name](found(ahead=0)) == (0, 0, 0)


@pytest.mark.parametrize("name", sorted(predictors()))
def test_a_plain_queue_is_foretold_by_all(name: str) -> None:
    low, expected, high = predictors()[name](found(last_wait_s=600.0, oldest_s=600.0))
    assert expected == pytest.approx(600, rel=0.25)
    assert low < 600 < high


@given(
    st.integers(0, 200), st.integers(1, 20), st.lists(st.floats(0, 5000), min_size=1, max_size=40),
    st.floats(0, 7200), st.floats(0, 7200), st.floats(0, 0.9), st.floats(0.3, 3), st.sampled_from(sorted(predictors())),
)  # fmt: skip
@example(1, 1, [0.0, 2.8e-288], 0.0, 0.0, 0.0, 1.0, "queue_length")
def test_every_forecast_makes_a_valid_message(
    ahead: int, counters: int, services: list[float], last: float, oldest: float, gone: float, pace: float, name: str
) -> None:
    one = fmean(services) / counters
    now = found(
        ahead=ahead, counters=counters, services_s=tuple(services), pace_s=one, headway_s=one * pace, last_wait_s=last,
        oldest_s=oldest, given_up=gone,
    )  # fmt: skip
    for widening in (-1.5, 0.0, 1.5):
        low, expected, high = Adaptive(predictors()[name], widening)(now)
        queue_message(state="ok", waiting=ahead, expected_wait_s=expected, low_s=low, high_s=high)


@given(st.floats(0.1, 10))
def test_the_learned_forecast_scales_with_the_services(scale: float) -> None:
    one, other = (
        found(),
        found(
            services_s=(300.0 * scale,) * 8,
            pace_s=150 * scale,
            headway_s=150 * scale,
            last_wait_s=500 * scale,
            oldest_s=450 * scale,
        ),
    )
    assert shipped()(other) == pytest.approx([q * scale for q in shipped()(one)])
    assert len(features(one)) == WIDTH


def test_the_interval_of_the_queues_length_holds_what_happens_in_a_textbook_queue() -> None:
    chance, held, guessed, true = random.Random(1), 0, [], []
    for _ in range(1500):
        sample = tuple(chance.expovariate(1 / 300) for _ in range(12))
        low, expected, high = predictors()["queue_length"](found(services_s=sample))
        wait = sum(chance.expovariate(2 / 300) for _ in range(4))
        held += low <= wait <= high
        guessed.append(expected)
        true.append(wait)
    assert 0.74 <= held / 1500 <= 0.86
    assert fmean(guessed) == pytest.approx(fmean(true), rel=0.06)


def fixed(_: Seen) -> Quantiles:
    return 90.0, 100.0, 110.0


@pytest.mark.parametrize("spread", [0.05, 0.15, 0.3])
def test_the_interval_becomes_as_wide_as_the_office_needs(spread: float) -> None:
    chance, forecast, held = random.Random(2), Adaptive(fixed), 0
    for number in range(3000):
        told = forecast(found())
        wait = 100 * chance.lognormvariate(0, spread)
        forecast.correct(told, wait, served=True)
        held += number >= 1000 and told[0] <= wait <= told[2]
    assert 0.77 <= held / 2000 <= 0.83
    assert forecast(found())[1] == 100


def test_a_wait_is_compared_with_what_was_told_at_the_time() -> None:
    forecast = Adaptive(fixed)
    for second in range(0, 600, 5):
        forecast.told(at(second), (100.0, 200.0, 300.0) if second < 300 else (0.0, 0.0, 0.0))
    forecast.learn(at(102), 200, served=True)
    assert forecast.widening == pytest.approx(-0.2 * forecast.rate)
    forecast.learn(at(102), 400, served=True)
    assert forecast.widening == pytest.approx(0.6 * forecast.rate)
    before = forecast.widening
    forecast.learn(at(102), 250, served=False)  # gave up within the interval: nobody knows
    forecast.learn(at(402), 250, served=True)  # was told that a counter is free
    forecast.learn(at(900), 250, served=True)  # nothing was told at that time
    forecast.learn(at(-10), 250, served=True)
    assert forecast.widening == before
    forecast.learn(at(102), 350, served=False)  # gave up later than the interval ends: outside
    assert forecast.widening > before


def test_what_was_told_hours_ago_is_forgotten() -> None:
    forecast = Adaptive(fixed)
    for minute in range(60 * 24):
        forecast.told(START + timedelta(minutes=minute), (1.0, 2.0, 3.0))
    assert len(forecast._told) <= 8 * 60 + 1


def test_an_office_keeps_what_it_learned(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cam.forecast.json"
    assert load_forecast(path) == Adaptive()
    save_forecast(path, Adaptive(widening=0.25))
    assert (load_forecast(path).widening, load_forecast(path).predictor) == (0.25, shipped())
    own = Learned(tuple((share,) * WIDTH for share in SHARES))
    save_forecast(path, Adaptive(own, 0.1))
    assert load_forecast(path) == Adaptive(own, 0.1)
    for text in ("{", "[]", '{"widening": "x"}', '{"widening": NaN}', '{"version": 1, "weights": [[1]]}', "null"):
        path.write_text(text)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert load_forecast(path) == Adaptive()
        assert "begins as it is shipped" in caplog.text
    save_forecast(tmp_path / "nowhere" / "x.json", Adaptive())
    assert "cannot be written" in caplog.text


@pytest.mark.parametrize("data", [{}, {"version": 2, "weights": []}, {"version": 1, "weights": [[1.0] * WIDTH] * 2}])
def test_weights_of_another_version_are_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        parse_weights(json.loads(json.dumps(data)))

"""The last hour and the counters, from sums."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from motcua.analytics import closeups

AT = datetime(2026, 3, 2, 5, 7, 31, tzinfo=UTC)


def step(minutes_ago: int, ok_n: int, expected_sum: float, **more: Any) -> dict[str, Any]:
    return {"step": datetime(2026, 3, 2, 5, 5, tzinfo=UTC) - timedelta(minutes=minutes_ago), "ok_n": ok_n} | {
        "expected_sum": expected_sum,
        **more,
    }


def queue(source_id: str, *counters: str, part: str | None = None) -> dict[str, Any]:
    return {"source_id": source_id, "sample": {"part": part, "counters": [{"counter_id": c} for c in counters]}}


def test_an_hour_has_twelve_steps_and_the_last_one_is_now() -> None:
    found = closeups.steps(AT)
    assert len(found) == 12
    assert found[-1] <= AT < found[-1] + closeups.STEP
    assert found[0] == datetime(2026, 3, 2, 4, 10, tzinfo=UTC)


def test_a_trend_weighs_sources_by_their_samples_and_leaves_gaps() -> None:
    points = closeups.trend([step(0, 30, 9000.0), step(0, 10, 9000.0), step(10, 2, 120.0), step(600, 1, 1.0)], AT)
    assert points == [None] * 9 + [60.0, None, 450.0]


def test_a_counter_serves_the_queue_that_names_it() -> None:
    queues = [queue("a", "q1", "q2"), queue("b", "q3")]
    assert [q["source_id"] for q in closeups.holders(queues, "q1")] == ["a"]
    assert closeups.shared_with(queues, "q1") == ["q2"]
    assert closeups.shared_with(queues, "q3") == []
    assert closeups.sources_of(queues, "q3") == ["b"]


def test_where_a_camera_sees_counters_alone_the_halls_queue_is_theirs() -> None:
    queues = [queue("hall", part="arrivals"), queue("desk", "q1", "q2", part="services")]
    assert [q["source_id"] for q in closeups.holders(queues, "q1")] == ["hall"]
    assert closeups.sources_of(queues, "q1") == ["desk"]
    assert closeups.shared_with(queues, "q1") == ["q2"]


def test_means_add_up_over_hours_and_without_squares_there_is_no_interval() -> None:
    hours = [
        {"wait_n": 2, "wait_sum": 600.0, "wait_sum2": 200000.0},
        {"wait_n": 2, "wait_sum": 1000.0, "wait_sum2": 520000.0},
    ]
    found = closeups.mean(hours, "wait")
    assert found is not None
    assert (found.n, found.mean) == (4, 400.0)
    assert found.high == pytest.approx(400 + 3.182 * (80000 / 3 / 4) ** 0.5, rel=1e-3)
    counted = closeups.mean([{"service_n": 4, "service_sum": 800.0}], "service")
    assert counted is not None
    assert (counted.mean, counted.low) == (200.0, None)
    assert closeups.mean([], "wait") is None

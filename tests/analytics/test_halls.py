"""An office seen by several cameras: figures by lane from counts, what is not known, and an independent simulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import ciw
import pytest
from counted import OPENING, Person, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.analytics.halls import HallFigures, hall

LATER = OPENING + timedelta(days=2)
SPAN = (OPENING - timedelta(hours=8), OPENING + timedelta(hours=16))  # Viet Nam's day of the opening


def figures(people: Sequence[Person], tickets: Sequence[Any] = (), **options: Any) -> HallFigures:
    found = hall(rows(people, **options), tickets, *SPAN, LATER)
    assert found is not None
    return found


def ciw_day(seed: int, hours: float = 9) -> list[Person]:
    """A day of Ciw: two counters for a priority class, served first, and an ordinary one."""
    ciw.seed(seed)
    network = ciw.create_network(
        arrival_distributions={"priority": [ciw.dists.Exponential(1 / 900)], "ordinary": [ciw.dists.Exponential(1 / 200)]},
        service_distributions={c: [ciw.dists.Lognormal(5.35, 0.6)] for c in ("priority", "ordinary")},
        priority_classes={"priority": 0, "ordinary": 1},
        number_of_servers=[2],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(hours * 3600 * 2)
    return [
        Person(r.arrival_date, r.service_start_date, r.customer_class, f"q{r.server_id}")
        for r in simulation.get_all_records()
        if r.arrival_date < hours * 3600
    ]


def mean(people: Sequence[Person], lane: str | None = None) -> float:
    waits = [p.queued_s for p in people if p.counter is not None and lane in (None, p.lane)]
    return sum(waits) / len(waits)


def test_an_independent_simulator_gets_its_waits_back_by_lane() -> None:
    true, told = {}, {}
    for seed in range(6):
        people = ciw_day(seed)
        found = figures(people)
        assert (found.state, found.drift_share, found.joined) == ("ok", 0, len(people))
        assert found.curves is not None
        assert found.fifo is not None
        assert found.curves.mean_s == pytest.approx(mean(people), rel=0.06, abs=15)
        assert found.fifo.mean_s == pytest.approx(mean(people), rel=0.06, abs=15)
        for lane in found.lanes:
            true[lane.lane] = true.get(lane.lane, 0) + mean(people, lane.lane) * lane.n
            told[lane.lane] = told.get(lane.lane, 0) + lane.mean_s * lane.n
    assert set(told) == {"priority", "ordinary"}
    for lane_name, seconds in told.items():
        assert seconds == pytest.approx(true[lane_name], rel=0.05)
    assert told["priority"] < told["ordinary"] / 3


@settings(max_examples=15, deadline=None)
@given(hours=st.integers(-6, 40), seed=st.integers(0, 20))
def test_a_shift_in_time_changes_nothing(hours: int, seed: int) -> None:
    people = ciw_day(seed, hours=2)
    shift = timedelta(hours=hours if (OPENING + timedelta(hours=hours)).hour < 14 else 0)
    moved = OPENING + shift
    there = hall(rows(people, opening=moved), [], SPAN[0] + shift, SPAN[1] + shift, LATER + timedelta(days=3))
    assert there is not None
    here = figures(people)
    assert there.curves == here.curves
    assert there.fifo == here.fifo


def test_tickets_tell_the_lane_where_a_counter_serves_several() -> None:
    people = ciw_day(3)
    started = [
        {"at": OPENING + timedelta(seconds=p.gone_s + 8), "event": "started", "counter_id": p.counter, "lane": p.lane}
        for p in people
    ]
    known, by_ticket, not_told = figures(people), figures(people, started, mixed=True), figures(people, mixed=True)
    assert (known.lanes_assumed_share, by_ticket.lanes_assumed_share, not_told.lanes_assumed_share) == (0, 0, 1)
    for a, b, c in zip(known.lanes, by_ticket.lanes, not_told.lanes, strict=True):
        assert b.mean_s == pytest.approx(a.mean_s, rel=0.05, abs=10)
        assert c.low_s is not None
        assert c.high_s is not None
        assert a.low_s is not None
        assert a.high_s is not None
        assert c.high_s - c.low_s > 1.1 * (a.high_s - a.low_s), "what is assumed makes the interval wider"
        assert c.low_s <= mean(people, c.lane) <= c.high_s
    assert known.fifo is not None
    assert not_told.fifo is not None
    assert not_told.fifo.mean_s == pytest.approx(known.fifo.mean_s, rel=0.03), "together the lane does not matter"


def test_arrivals_of_a_shared_hall_get_their_lane_from_the_tickets_drawn() -> None:
    people = ciw_day(4)
    shared = rows([replace(p, lane="unknown") for p in people])
    for row, by_lane in zip(shared, rows(people), strict=True):
        row["started"] = by_lane["started"]
    drawn = [
        {"at": OPENING + timedelta(seconds=p.arrival_s), "event": "issued", "counter_id": None, "lane": p.lane}
        for p in people
    ]
    with_tickets, without = hall(shared, drawn, *SPAN, LATER), hall(shared, [], *SPAN, LATER)
    assert with_tickets is not None
    assert {lane.lane for lane in with_tickets.lanes} == {"priority", "ordinary"}
    assert without is not None
    assert without.lanes == (), "where nothing tells lanes apart there are none"
    assert without.fifo is not None
    assert without.fifo.mean_s == pytest.approx(mean(people), rel=0.06)


def test_who_leaves_by_the_door_is_in_the_time_in_queue_and_not_among_the_received() -> None:
    people = [Person(60.0 * i, 60.0 * i + 600) for i in range(100)]
    people += [Person(120.0 * i + 5, 120.0 * i + 305, counter=None) for i in range(50)]
    found = figures(people)
    assert found.curves is not None
    assert found.fifo is not None
    assert (found.left, found.fifo.n) == (50, 100)
    assert found.curves.n == pytest.approx(150, abs=1)
    assert found.curves.mean_s == pytest.approx(500, rel=0.06)


def test_without_a_door_who_left_is_unknown_and_what_is_missing_shows_as_drift() -> None:
    people = [Person(60.0 * i, 60.0 * i + 600) for i in range(100)]
    people += [Person(600.0 * i + 5, 600.0 * i + 305, counter=None) for i in range(10)]
    found = figures(people, door=False)
    assert found.left is None
    assert found.drift_share == pytest.approx(-10 / 110, abs=0.001)
    assert found.curves is not None
    assert found.curves.low_s is not None
    assert found.curves.high_s is not None
    assert found.curves.low_s <= 573 <= found.curves.high_s


def test_counts_that_contradict_each_other_give_no_figure() -> None:
    people = [Person(60.0 * i, 60.0 * i + 600) for i in range(200)]
    counted = [{**r, "started": r["started"] if k < 140 else []} for k, r in enumerate(rows(people))]
    found = hall(counted, [], *SPAN, LATER)
    assert found is not None
    assert (found.state, found.curves, found.fifo, found.lanes) == ("contradict", None, None, ())
    assert found.drift_share == pytest.approx(-0.7, abs=0.01)


@pytest.mark.parametrize(
    ("keep", "state"),
    [
        (lambda r: r["part"] == "arrivals", "unseen"),
        (lambda r: r["part"] == "services", "unseen"),
        (lambda r: r["part"] == "arrivals" or r["period_start"] < OPENING + timedelta(minutes=40), "unseen"),
    ],
    ids=["nobody counts services", "nobody counts arrivals", "the counters' camera stopped"],
)
def test_what_no_camera_saw_is_unknown(keep: Any, state: str) -> None:
    people = [Person(60.0 * i, 60.0 * i + 600) for i in range(200)]
    found = hall([r for r in rows(people) if keep(r)], [], *SPAN, LATER)
    assert found is not None
    assert (found.state, found.curves, found.fifo) == (state, None, None)


def test_too_few_and_none_at_all() -> None:
    assert figures([Person(10, 20), Person(90, 300)]).state == "too_few"
    assert hall([], [], *SPAN, LATER) is None


def test_a_camera_that_was_away_for_a_while_widens_the_interval() -> None:
    people = ciw_day(9)
    away = [
        r for r in rows(people) if not (r["part"] == "services" and 3 <= (r["period_start"] - OPENING).seconds / 3600 < 3.4)
    ]
    found, whole = hall(away, [], *SPAN, LATER), figures(people)
    assert found is not None
    assert found.curves is not None
    assert whole.curves is not None
    assert found.measured_share < 0.97 < whole.measured_share
    assert found.curves.high_s - found.curves.low_s > whole.curves.high_s - whole.curves.low_s  # type: ignore[operator]


def test_a_day_that_goes_on_counts_who_was_received_so_far() -> None:
    people = [Person(60.0 * i, 60.0 * i + 600) for i in range(300)]
    now = OPENING + timedelta(hours=3)
    found = hall(rows(people, until_s=3 * 3600), [], *SPAN, now)
    assert found is not None
    assert found.drift_share == pytest.approx(0, abs=0.01), "who still waits is no drift"
    assert found.fifo is not None
    assert found.curves is not None
    assert found.fifo.n == pytest.approx(170, abs=2)
    assert found.fifo.mean_s == pytest.approx(600, rel=0.08)
    assert found.curves.mean_s == pytest.approx(600, rel=0.08)


def test_a_span_of_several_days_holds_each_day_and_a_part_of_a_day_its_own() -> None:
    short, long = ([Person(60.0 * i, 60.0 * i + w) for i in range(120)] for w in (300, 900))
    both = rows(short) + rows(long, opening=OPENING + timedelta(days=1))
    two = hall(both, [], SPAN[0], SPAN[1] + timedelta(days=1), LATER + timedelta(days=1))
    one = hall(both[: len(rows(short))], [], SPAN[0], SPAN[1], LATER)
    assert two is not None
    assert one is not None
    assert two.curves is not None
    assert one.curves is not None
    assert two.curves.mean_s == pytest.approx(600, rel=0.06)
    assert one.curves.mean_s == pytest.approx(300, rel=0.06)
    hour = hall(rows(long), [], OPENING + timedelta(hours=1), OPENING + timedelta(hours=2), LATER)
    assert hour is not None
    assert hour.fifo is not None
    assert (hour.joined, hour.fifo.n) == (60, pytest.approx(60, abs=1))

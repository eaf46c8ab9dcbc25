from __future__ import annotations

from datetime import timedelta

import pytest
from scenes import OFFICE, OUT, QUEUE, A, B, at, play, walk

from motcua.edge.flow import FlowSums
from motcua.edge.forecast import Quantiles, Seen
from motcua.edge.queue import QueueSettings, figures, measured, recent
from motcua.edge.visits import ClosedVisit, VisitState

SETTINGS = QueueSettings()


def served(start: float, end: float, counter: str = "A", arrival: float | None = None) -> ClosedVisit:
    return ClosedVisit(
        at(start if arrival is None else arrival), at(start), at(end), at(end + 4), "served", counter, "ordinary", 0.0
    )


def look(state: VisitState, history: list[ClosedVisit], seconds: float, since: float = -7200):  # type: ignore[no-untyped-def]
    return figures(state, history, at(seconds), counters=OFFICE.counters, watching_since=at(since), settings=SETTINGS)


def crowd(until: float = 60) -> VisitState:
    """At ``until``: one served at A, one asking at B for 1 s yet, two waiting, one who just came in."""
    stays = (
        walk(1, (10, QUEUE), (99, A))
        + walk(2, (59.5, (0.35, 0.6)), (99, B))
        + walk(3, (99, (0.4, 0.4)), start=20)
        + walk(4, (99, (0.4, 0.6)), start=59)
        + walk(5, (99, OUT))
    )
    return play(stays, until=until)[0]


def test_counts_who_waits_and_who_is_served() -> None:
    now = look(crowd(), [], 60)
    assert (now.waiting, now.in_service, now.oldest_wait_s) == (2, 1, 60)
    assert [(c.counter_id, c.in_service, c.open) for c in now.counters] == [("A", 1, True), ("B", 0, False)]
    assert now.open_counters == 1
    assert now.arrivals_per_h == 3
    assert (now.state, now.n, now.services_per_h, now.expected_wait_s) == ("too_few", 0, 0, None)


def test_an_empty_room_is_known_to_be_empty() -> None:
    now = look(play([], until=60)[0], [], 60)
    assert (now.waiting, now.in_service, now.open_counters, now.oldest_wait_s) == (0, 0, 0, None)


def test_what_was_not_watched_long_enough_is_unknown() -> None:
    now = look(play([], until=30)[0], [], 30, since=0)
    assert (now.open_counters, now.arrivals_per_h, now.services_per_h) == (None, None, None)
    assert [c.open for c in now.counters] == [None, None]
    now = look(crowd(), [served(0, 30)], 60, since=0)
    assert now.open_counters == 1
    assert now.arrivals_per_h == pytest.approx(4 * 60)
    assert now.services_per_h == pytest.approx(60)


def test_blind_without_frames_and_unknown_before_the_first() -> None:
    state = crowd()
    assert look(state, [], 68).state == "too_few"
    blind = look(state, [served(0, 30)], 70.5)
    assert (blind.state, blind.waiting, blind.in_service, blind.open_counters, blind.counters) == (
        "blind",
        None,
        None,
        None,
        (),
    )
    assert look(VisitState(), [], 1, since=0).state == "unknown"
    assert look(VisitState(), [], 11, since=0).state == "blind"


def test_foretells_from_five_services_on() -> None:
    history = [served(-100 * n - 60, -100 * n) for n in range(5)]
    assert look(crowd(), history[:4], 60).state == "too_few"
    now = look(crowd(), history, 60)
    assert (now.state, now.n, now.open_counters) == ("ok", 5, 1)
    assert now.expected_wait_s == pytest.approx(3 * 60, rel=0.3)  # one in service, two ahead, one counter of 60 s
    assert now.low_s < 180 < now.high_s
    assert now.waited_min == {0: 1, 1: 1}


def test_any_forecast_may_stand_in_and_sees_what_a_newcomer_finds() -> None:
    found = []

    def forecast(now: Seen) -> Quantiles:
        found.append(now)
        return 1.0, 2.0, 3.0

    history = [served(-100 * n - 60, -100 * n) for n in range(5)]
    now = figures(
        crowd(), history, at(60), counters=OFFICE.counters, watching_since=at(-7200), settings=SETTINGS, forecast=forecast
    )
    assert (now.low_s, now.expected_wait_s, now.high_s) == (1, 2, 3)
    (seen,) = found
    assert (seen.ahead, seen.counters, seen.services_s, seen.oldest_s) == (3, 1, (60.0,) * 5, 60)


def test_what_was_counted_stands_beside_every_state() -> None:
    blind = measured(look(crowd(), [], 100), FlowSums(4.0, 9.5, 2, 1))
    assert blind.state == "blind"
    assert (blind.measured_s, blind.waiting_person_s, blind.queue_arrivals, blind.queue_departures) == (4.0, 9.5, 2, 1)


def test_services_without_an_open_counter_foretell_nothing() -> None:
    history = [served(-2000 - n, -1940 - n) for n in range(5)]
    now = look(play([], until=60)[0], history, 60)
    assert (now.state, now.open_counters, now.expected_wait_s) == ("unknown", 0, None)


def test_old_services_count_no_more() -> None:
    history = [served(-4000, -3600 + n) for n in (-1, 61)]
    now = look(crowd(), history, 60)
    assert (now.n, now.services_per_h) == (1, 1)
    assert recent([served(-4000, -3650), *history[1:]], at(60), SETTINGS) == history[1:]


def test_arrivals_of_the_closed_and_the_present_add_up() -> None:
    stays = [s for n in range(12) for s in walk(n, (20, QUEUE), (9, A), (2, OUT), start=60 * n)]
    state, closed = play(stays, until=700, fps=2)
    now = look(state, closed, 700, since=0)
    assert now.arrivals_per_h == pytest.approx(12 * 3600 / 700)
    assert now.n == 12
    assert state.at == at(0) + timedelta(seconds=700)

from __future__ import annotations

import json
import pickle
import random
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import (
    A_RIM,
    DOOR,
    HALL,
    OFFICE,
    OUT,
    PLANT,
    QUEUE,
    QUEUE_RIM,
    STAFF,
    START,
    A,
    B,
    Place,
    Stay,
    at,
    play,
    play_to_end,
    positions,
    walk,
)

from motcua.edge.visits import Positions, VisitSettings, VisitState, flush, step

# name, one track's stops (seconds, place), expected (outcome, arrival, service start, departure, counter) or None
STORIES: list[tuple[str, list[tuple[float, Place | None]], tuple[str, float, float | None, float, str | None] | None]] = [
    ("is served", [(1, DOOR), (20, QUEUE), (30, A), (2, OUT)], ("served", 1, 21, 50.9, "A")),
    ("walks straight to a counter", [(1, DOOR), (30, B), (2, OUT)], ("served", 1, 1, 30.9, "B")),
    ("crosses the queue on the way", [(1, DOOR), (1, QUEUE), (30, A), (2, OUT)], ("served", 2, 2, 31.9, "A")),
    ("gives up", [(1, DOOR), (20, QUEUE), (2, DOOR)], ("reneged", 1, None, 20.9, None)),
    ("gives up, last seen at the rim", [(20, QUEUE), (1, QUEUE_RIM)], ("reneged", 0, None, 20.9, None)),
    ("passes by", [(1, DOOR), (1.5, QUEUE), (2, OUT)], None),
    ("glances at a counter", [(1, DOOR), (2, A), (2, OUT)], None),
    ("never comes in", [(60, OUT)], None),
    ("is lost in the queue", [(1, DOOR), (20, QUEUE)], ("lost", 1, None, 20.9, None)),
    ("is lost at the counter", [(20, QUEUE), (30, A)], ("lost", 0, 20, 49.9, "A")),
    ("is last seen at the counter's outer rim", [(20, QUEUE), (30, A), (1, A_RIM)], ("served", 0, 20, 50.9, "A")),
    ("leaves through the queue, unseen", [(20, QUEUE), (30, A), (1, QUEUE)], ("served", 0, 20, 50.9, "A")),
    ("goes out and comes back in time", [(9, QUEUE), (3, DOOR), (8, QUEUE), (9, A), (2, OUT)], ("served", 0, 20, 28.9, "A")),
    ("goes from counter to counter", [(9, QUEUE), (10, A), (3, DOOR), (10, B), (2, OUT)], ("served", 0, 9, 31.9, "A")),
    ("asks at a counter, then queues", [(2, A), (9, QUEUE), (9, B), (2, OUT)], ("served", 2, 11, 19.9, "B")),
    ("flickers before arriving", [(1, QUEUE), (1, None), (1, QUEUE), (9, A), (2, OUT)], ("served", 0, 3, 11.9, "A")),
    ("flickers at the counter", [(9, QUEUE), (2, A), (1, None), (9, A), (2, OUT)], ("served", 0, 9, 20.9, "A")),
    ("is away too long before arriving", [(1.5, QUEUE), (2.5, DOOR), (1.5, QUEUE), (2, OUT)], None),
    ("works here", [(60, STAFF)], None),
    ("works here and leans over the counter", [(60, STAFF), (1, A), (60, STAFF)], None),
    ("works here and walks through the queue", [(30, STAFF), (20, QUEUE), (5, A), (30, STAFF)], None),
    ("comes through the queue to work", [(1, DOOR), (15, QUEUE), (60, STAFF)], None),
    ("leans over to the staff's side", [(9, QUEUE), (9, A), (1, STAFF), (9, A), (2, OUT)], ("served", 0, 9, 27.9, "A")),
    ("is served, and the officer gets the track", [(9, QUEUE), (9, A), (60, STAFF)], ("lost", 0, 9, 17.9, "A")),
    ("is a plant", [(60, PLANT)], None),
    ("only looks", [(1, OUT), (15, HALL), (2, OUT)], ("balked", 1, None, 15.9, None)),
    ("only walks through the hall", [(1, OUT), (5, HALL), (2, OUT)], None),
    ("is lost in the hall", [(30, HALL)], None),
    ("stands in the hall, then queues", [(20, HALL), (9, QUEUE), (9, A), (2, OUT)], ("served", 20, 29, 37.9, "A")),
    ("waits on in the hall, leaves", [(9, QUEUE), (20, HALL), (2, OUT)], ("reneged", 0, None, 28.9, None)),
]


@pytest.mark.parametrize(("stops", "expected"), [s[1:] for s in STORIES], ids=[s[0] for s in STORIES])
def test_one_person_who(
    stops: list[tuple[float, Place | None]], expected: tuple[str, float, float | None, float, str | None] | None
) -> None:
    state, closed = play(walk(7, *stops))
    assert state.people == {}
    if expected is None:
        assert closed == []
        return
    (visit,) = closed
    outcome, arrival, start, departure, counter = expected
    assert (visit.outcome, visit.counter_id) == (outcome, counter)
    assert visit.arrival_at == at(arrival)
    assert visit.service_start_at == (None if start is None else at(start))
    assert visit.departure_at == at(departure)
    assert visit.closed_at >= visit.departure_at
    assert visit.stitched_s == 0


def test_a_person_back_after_the_grace_is_a_new_visit() -> None:
    _, closed = play(walk(7, (9, QUEUE), (6, DOOR), (9, QUEUE), (2, DOOR)))
    assert [(v.outcome, v.arrival_at) for v in closed] == [("reneged", at(0)), ("reneged", at(15))]


def test_the_lane_is_the_queues_own() -> None:
    zones = [z for z in OFFICE.zones if z.role != "queue"]
    queue = next(z for z in OFFICE.zones if z.role == "queue")
    priority = type(OFFICE)((*zones, type(queue)("queue", "queue", queue.polygon, lane="priority")))
    stays = walk(1, (9, QUEUE), (9, A), (2, OUT)) + walk(2, (9, B), (2, OUT))
    _, closed = play(stays, zones=priority)
    assert {(v.counter_id, v.lane) for v in closed} == {("A", "priority"), ("B", "ordinary")}


def test_a_broken_track_is_stitched_and_says_so() -> None:
    broken = walk(1, (1, DOOR), (10, QUEUE)) + walk(2, (10, (0.32, 0.51)), (9, A), (2, OUT), start=13)
    (visit,) = play_to_end(broken)
    assert (visit.outcome, visit.arrival_at, visit.service_start_at) == ("served", at(1), at(23))
    assert visit.stitched_s == pytest.approx(2.1)


def test_who_vanishes_in_the_queue_is_missing_until_a_track_near_them_carries_on() -> None:
    broken = walk(1, (1, DOOR), (10, QUEUE)) + walk(2, (60, (0.33, 0.52)), (9, A), (2, OUT), start=35)
    state, closed = play(broken, until=34)
    assert closed == []
    assert len(state.people) == 1
    (visit,) = play_to_end(broken)
    assert (visit.outcome, visit.arrival_at, visit.service_start_at) == ("served", at(1), at(95))
    assert visit.stitched_s == pytest.approx(24.1)


def test_who_stood_still_at_the_rim_and_vanishes_has_not_left_but_who_walked_out_has() -> None:
    (stood,) = play_to_end(walk(1, (20, QUEUE_RIM)))
    assert (stood.outcome, stood.departure_at) == ("lost", at(19.9))
    out = [Stay(1, 20 + k / 10, 20.1 + k / 10, (0.3 - 0.01 * k, 0.5)) for k in range(21)]
    (left,) = play_to_end([*walk(1, (20, QUEUE)), *out])
    assert left.outcome == "reneged"


def test_a_track_that_begins_in_the_middle_of_the_picture_carries_on_who_was_called() -> None:
    """They vanish in the queue and are seen again on the way to the counter."""
    called = walk(1, (30, QUEUE)) + walk(2, (1, OUT), (20, A), (2, OUT), start=32)
    (visit,) = play_to_end(called, settings=VisitSettings(stitch_distance=0.5, stitch_most=0.6))
    assert (visit.outcome, visit.arrival_at, visit.service_start_at) == ("served", at(0), at(33))


@pytest.mark.parametrize(
    "second",
    [
        walk(2, (10, (0.45, 0.6)), (2, OUT), start=13),  # too far away
        walk(2, (2, DOOR), (10, QUEUE), (2, OUT), start=11),  # seen walking in
        walk(2, (10, QUEUE), (2, OUT), start=45),  # too late
    ],
)
def test_a_stranger_does_not_take_over_a_broken_track(second: list[Stay]) -> None:
    first, other = sorted(play_to_end(walk(1, (1, DOOR), (10, QUEUE)) + second), key=lambda v: v.arrival_at)
    assert (first.outcome, first.stitched_s) == ("lost", 0)
    assert (other.outcome, other.stitched_s) == ("reneged", 0)


def test_two_broken_tracks_go_to_their_nearest_heirs() -> None:
    left, right = (0.3, 0.5), (0.33, 0.5)
    stays = [
        *walk(1, (10, left)),
        *walk(2, (5, None), (5, right)),
        *walk(3, (10, (0.34, 0.5)), (9, A), (2, OUT), start=11),
        *walk(4, (10, (0.29, 0.5)), (9, B), (2, OUT), start=11),
    ]
    _, closed = play(stays)
    assert {(v.counter_id, v.arrival_at) for v in closed} == {("A", at(5)), ("B", at(0))}


def test_flush_loses_who_is_still_there() -> None:
    stays = walk(1, (9, QUEUE), (99, A)) + walk(2, (99, QUEUE)) + walk(3, (38.5, None), (9, QUEUE)) + walk(4, (99, HALL))
    state, closed = play(stays, until=40)
    assert closed == []
    visits = flush(state, at(40))
    # The third has not dwelled yet, the fourth never joined the queue.
    assert {(v.outcome, v.arrival_at, v.service_start_at, v.departure_at) for v in visits} == {
        ("lost", at(0), None, at(40)),
        ("lost", at(0), at(9), at(40)),
    }


def test_a_frame_from_the_past_is_refused() -> None:
    state, _ = play(walk(1, (9, QUEUE)), until=5)
    with pytest.raises(ValueError, match="start a new state"):
        step(state, positions([], 0), at(4), OFFICE, VisitSettings())


@pytest.mark.parametrize("wrong", [{"grace_s": 1.0}, {"min_dwell_s": -1.0}, {"stitch_distance": -0.1}])
def test_settings_that_contradict_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        VisitSettings(**wrong)


def test_the_state_is_plain_data() -> None:
    state, _ = play(walk(1, (9, QUEUE)), until=5)
    assert pickle.loads(pickle.dumps(state)) == state
    assert json.loads(json.dumps(asdict(state), default=str))["people"]["1"]["arrival_at"] == str(START)


def test_step_leaves_the_state_it_was_given() -> None:
    state, _ = play(walk(1, (9, QUEUE)), until=5)
    before = pickle.dumps(state)
    step(state, positions([], 0), at(60), OFFICE, VisitSettings())
    assert pickle.dumps(state) == before


places = st.sampled_from([OUT, DOOR, QUEUE, QUEUE_RIM, A, A_RIM, B, HALL, STAFF, PLANT, None])
people = st.lists(
    st.tuples(st.integers(0, 20), st.lists(st.tuples(st.integers(1, 12), places), min_size=1, max_size=6)), max_size=4
)


@settings(max_examples=80, deadline=None)
@given(people, st.sampled_from([2.0, 5.0]))
def test_every_arrival_gives_one_visit_in_order(crowd: list[tuple[int, list[tuple[int, Place | None]]]], fps: float) -> None:
    stays = [s for n, (start, stops) in enumerate(crowd) for s in walk(n, *stops, start=start)]
    # Nobody inherits: an arrival is known by its track and instant. Nobody works here, whose visits would be taken back.
    settings_ = VisitSettings(stitch_distance=0, min_staff_s=1e6)
    arrivals, state, closed = set(), VisitState(), []
    for frame in range(int(100 * fps)):
        state, visits = step(state, positions(stays, frame / fps), at(frame / fps), OFFICE, settings_)
        arrivals |= {(p.track_id, p.arrival_at) for p in state.people.values() if p.arrival_at}
        closed += visits
    closed += flush(state, at(100))
    came = [v for v in closed if v.outcome != "balked"]
    assert sorted(v.arrival_at for v in came) == sorted(a for _, a in arrivals)
    for v in closed:
        assert v.arrival_at <= (v.service_start_at or v.arrival_at) <= v.departure_at <= v.closed_at
        assert (v.service_start_at is None) == (v.counter_id is None)
        assert v.outcome != "served" or v.service_start_at
        assert v.outcome not in ("reneged", "balked") or v.service_start_at is None


@settings(max_examples=60, deadline=None)
@given(people, st.floats(0.01, 0.5))
def test_stitched_visits_are_in_order_too(crowd: list[tuple[int, list[tuple[int, Place | None]]]], distance: float) -> None:
    stays = [s for n, (start, stops) in enumerate(crowd) for s in walk(n, *stops, start=start)]
    # Ids are taken over from those who went: tracks break whenever somebody else appears near by.
    state, closed = play(stays, fps=2, until=100, settings=VisitSettings(stitch_distance=distance))
    for v in closed + flush(state, at(100)):
        assert v.arrival_at <= (v.service_start_at or v.arrival_at) <= v.departure_at <= v.closed_at
        assert 0 <= v.stitched_s <= (v.departure_at - v.arrival_at).total_seconds() + VisitSettings().grace_s


@settings(max_examples=30, deadline=None)
@given(people, st.just(2.0), st.sampled_from([5.0, 10.0]))
def test_the_frame_rate_changes_nothing(
    crowd: list[tuple[int, list[tuple[int, Place | None]]]], slow: float, fast: float
) -> None:
    # Every stay lasts whole seconds and thresholds lie half-way between, so that no rate decides a tie.
    settings_ = VisitSettings(
        min_dwell_s=1.3,
        min_service_s=2.3,
        min_balk_s=9.3,
        min_staff_s=2.3,
        grace_s=3.3,
        bridge_s=0.4,
        stitch_distance=0,
    )
    stays = [s for n, (start, stops) in enumerate(crowd) for s in walk(n, *stops, start=start)]
    runs = []
    for fps in (slow, fast):
        _, closed = play(stays, fps=fps, until=110, settings=settings_)
        runs.append(sorted((v.arrival_at, v.outcome, v.service_start_at or START, v.counter_id or "") for v in closed))
    assert len(runs[0]) == len(runs[1])
    assert runs[0] == runs[1]


def test_a_simulated_queue_gives_its_true_waits_back() -> None:
    """M/M/2, first come, first served, played as points that walk from the queue to their counter."""
    random_ = random.Random(20260302)
    free = {"A": 0.0, "B": 0.0}
    truth, stays, clock = [], [], 0.0
    for number in range(120):
        clock += random_.expovariate(1 / 40)
        counter = min(free, key=lambda c: free[c])
        start = max(clock, free[counter])
        service = 10 + random_.expovariate(1 / 60)
        free[counter] = start + service
        truth.append((clock, start, counter, start + service))
        queue_place = (0.28 + 0.2 * random_.random(), 0.35 + 0.3 * random_.random())
        stays.append(Stay(number, clock - 5, clock, DOOR))
        stays.append(Stay(number, clock, start, queue_place))
        stays.append(Stay(number, start, start + service, A if counter == "A" else B))
        stays.append(Stay(number, start + service, start + service + 2, OUT))
    fps = 4.0
    _, closed = play(stays, fps=fps)
    assert {v.outcome for v in closed} == {"served"}
    assert len(closed) == len(truth)
    measured = sorted(closed, key=lambda v: v.service_start_at or START)
    expected = sorted(truth, key=lambda t: t[1])
    assert [v.counter_id for v in measured] == [t[2] for t in expected]
    short = VisitSettings().min_dwell_s
    for visit, (arrival, start, _, end) in zip(measured, expected, strict=True):
        assert visit.service_start_at is not None
        wait = (visit.service_start_at - visit.arrival_at).total_seconds()
        # Who reaches the counter before having dwelled did not queue: waits 0.
        assert wait == pytest.approx(start - arrival, abs=2 / fps) or (wait == 0 and start - arrival < short + 1 / fps)
        assert (visit.departure_at - at(end)).total_seconds() == pytest.approx(0, abs=1 / fps)
    mean = sum((v.service_start_at - v.arrival_at).total_seconds() for v in measured if v.service_start_at) / len(measured)
    assert mean == pytest.approx(sum(t[1] - t[0] for t in truth) / len(truth), abs=0.5)
    assert mean > 10


def test_nobody_in_the_picture() -> None:
    nobody = Positions(np.empty(0, dtype=np.int64), np.empty((0, 2)))
    state, closed = step(VisitState(), nobody, START, OFFICE, VisitSettings())
    assert (state, closed) == (VisitState({}, START, frozenset()), [])

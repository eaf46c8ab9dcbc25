"""Person-seconds and departures of a queue, counted frame by frame, against known scripts and simulated queues."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import takewhile
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import HALL, OFFICE, OUT, QUEUE, QUEUE_RIM, STAFF, A, B, Stay, at, play, positions, walk

from motcua.edge.flow import FlowSums, QueueFlow
from motcua.edge.visits import VisitSettings
from motcua.onebox.queue_sim import Customer, QueueModel, customers


def count(stays: Sequence[Stay], *, fps: float = 10, until: float | None = None) -> FlowSums:
    """Every frame until the last person has been gone for long."""
    flow = QueueFlow(OFFICE, VisitSettings())
    end = max((s.end for s in stays), default=0.0) + 45 if until is None else until
    for frame in range(int(end * fps + 1e-6) + 1):
        flow.take(positions(stays, frame / fps), at(frame / fps))
    return flow.take_out()


def test_who_queues_and_is_served_waits_until_the_counter() -> None:
    sums = count(walk(1, (60, QUEUE), (2, OUT), (30, A), (5, OUT)))
    assert (sums.arrivals, sums.departures) == (1, 1)
    assert sums.waiting_person_s == pytest.approx(62, abs=0.2), "the walk to the counter is waiting, as for a visit"
    assert sums.measured_s == pytest.approx(97 + 45, abs=0.2)


def test_who_gives_up_waited_until_they_left_the_queue() -> None:
    sums = count(walk(1, (60, QUEUE), (20, OUT)))
    assert (sums.departures, sums.waiting_person_s) == (1, pytest.approx(60, abs=0.2))


def test_who_sits_down_in_the_hall_still_waits() -> None:
    sums = count(walk(1, (20, QUEUE), (100, HALL), (30, A), (5, OUT)))
    assert (sums.departures, sums.waiting_person_s) == (1, pytest.approx(120, abs=0.2))


@pytest.mark.parametrize(
    "stays",
    [
        walk(1, (1.5, QUEUE), (9, OUT)),
        walk(1, (60, A), (9, OUT)),
        walk(1, (60, A), (20, QUEUE), (20, A), (5, OUT)),
        walk(1, (60, HALL), (9, OUT)),
        [],
    ],
    ids=["passes by", "walks straight to a counter", "steps back from the counter", "sits in the hall", "nobody"],
)
def test_who_never_queues_is_not_counted(stays: list[Stay]) -> None:
    sums = count(stays)
    assert (sums.arrivals, sums.departures, sums.waiting_person_s, sums.wait_s) == (0, 0, 0, None)


def test_a_broken_track_is_no_departure_and_its_gap_is_waiting() -> None:
    sums = count(walk(1, (40, QUEUE)) + walk(2, (30, QUEUE), (20, A), (5, OUT), start=50))
    assert (sums.arrivals, sums.departures) == (1, 1)
    assert sums.waiting_person_s == pytest.approx(80, abs=0.2)


def test_a_track_that_breaks_on_the_way_to_the_counter_is_taken_up_there() -> None:
    near_the_counter = (0.46, 0.4)
    sums = count(walk(1, (40, near_the_counter)) + walk(2, (20, (0.53, 0.4)), (5, OUT), start=42))
    assert (sums.departures, sums.waiting_person_s) == (1, pytest.approx(42, abs=0.2))


def test_who_vanishes_for_good_has_left_and_who_was_walking_out_has_left_at_once() -> None:
    deep, rim = walk(1, (40, QUEUE)), walk(1, (40, QUEUE_RIM))
    assert (count(deep, until=60).departures, count(deep).departures) == (0, 1)
    assert (count(rim, until=60).departures, count(rim).departures) == (0, 1), "who stood at the rim stands there still"
    out = [*walk(1, (40, QUEUE)), *(Stay(1, 40 + k / 10, 40.1 + k / 10, (0.3, 0.5 - 0.01 * k)) for k in range(20))]
    assert count(out, until=48).departures == 1


NEAR = (QUEUE[0] + 0.02, QUEUE[1])


def test_a_second_track_beside_somebody_that_takes_their_place_is_the_same_person() -> None:
    old = walk(1, (5, OUT), (60, QUEUE))
    new = walk(2, (50, NEAR), (20, A), (5, OUT), start=50)
    sums = count(old + new + walk(3, (5, OUT), (40, QUEUE_RIM), (5, OUT), start=120))
    assert (sums.arrivals, sums.departures) == (2, 2)
    assert sums.waiting_person_s == pytest.approx(95 + 40, abs=1)


def test_a_track_that_begins_and_ends_beside_somebody_is_nobody() -> None:
    whole = walk(1, (5, OUT), (90, QUEUE), (20, A), (5, OUT))
    sums = count(whole + walk(2, (20, NEAR), start=30) + walk(3, (5, OUT), (40, QUEUE_RIM), (5, OUT), start=120))
    assert (sums.arrivals, sums.departures) == (2, 2)
    assert sums.waiting_person_s == pytest.approx(90 + 40, abs=1)


def test_who_walked_in_beside_somebody_that_vanishes_is_another_person() -> None:
    sums = count(walk(1, (5, OUT), (60, QUEUE)) + walk(2, (5, OUT), (50, NEAR), (20, A), (5, OUT), start=45))
    assert (sums.arrivals, sums.departures) == (2, 2)


def test_who_works_here_is_not_in_the_queue() -> None:
    assert count(walk(1, (30, STAFF), (60, QUEUE), (30, STAFF))).arrivals == 0
    sums = count(walk(1, (9, QUEUE), (30, STAFF)) + walk(2, (60, QUEUE), (5, OUT)))
    assert sums.departures == 1, "only the other one leaves"


def test_standing_at_the_rim_of_the_zone_is_one_stay() -> None:
    stays = [s for n in range(20) for s in walk(1, (2.5, (0.3, 0.32)), (0.5, (0.3, 0.28)), start=3 * n)]
    sums = count(stays + walk(1, (20, A), (5, OUT), start=60))
    assert (sums.arrivals, sums.departures) == (1, 1)
    assert sums.waiting_person_s == pytest.approx(60, abs=0.3)


def test_time_without_frames_is_not_measured() -> None:
    flow = QueueFlow(OFFICE, VisitSettings())
    stays = walk(1, (200, QUEUE))
    for second in [*range(60), *range(120, 180)]:
        flow.take(positions(stays, second), at(second))
    sums = flow.take_out()
    assert sums.measured_s == pytest.approx(118)
    assert sums.waiting_person_s == pytest.approx(118)
    assert sums.departures == 0
    assert flow.take_out() == FlowSums()


def an_hour(seed: int, *, hours: float = 1.0, counters: int = 2, load: float = 0.95) -> list[Customer]:
    """People whose services and patience are short enough for a test."""
    model = QueueModel(counters, load, service_mean_s=120, patience_mean_s=500)
    return list(takewhile(lambda c: c.arrival_s < 3600 * hours, customers(model, seed)))


def tracks(people: Sequence[Customer], chance: random.Random, broken: float) -> list[Stay]:
    """Their stays: a place of their own in the queue, then a counter or the door; a share of them broken once while they wait."""
    stays, track_id = [], 1
    for c in people:
        place = (chance.uniform(0.12, 0.48), chance.choice([chance.uniform(0.32, 0.39), chance.uniform(0.52, 0.68)]))
        end = c.arrival_s + c.waiting_s
        if chance.random() < broken and c.waiting_s > 20:
            cut = c.arrival_s + chance.uniform(0.1, 0.9) * c.waiting_s
            gap = min(chance.choice([0.5, 6.0, 9.0]), (end - cut) / 2)
            stays.append(Stay(track_id, c.arrival_s, cut, place))
            track_id += 1
            stays.append(Stay(track_id, cut + gap, end, place))
        else:
            stays.append(Stay(track_id, c.arrival_s, end, place))
        if c.start_s is not None:
            stays.append(Stay(track_id, end, c.departure_s, A if c.counter == 0 else B))
            end = c.departure_s
        stays.append(Stay(track_id, end, end + 6, OUT))
        track_id += 1
    return stays


@pytest.mark.parametrize("broken", [0.0, 0.5])
def test_littles_wait_is_the_true_one_even_when_half_of_the_tracks_break(broken: float) -> None:
    people = [c for seed in range(2) for c in an_hour(seed)]
    sums, bare, held, true = FlowSums(), [], [], []
    for seed in range(2):
        people = an_hour(seed)
        stays = tracks(people, random.Random(seed), broken)
        sums += count(stays, fps=1)
        bare += queued(stays, VisitSettings(settle_s=VisitSettings().grace_s, stitch_distance=0))
        held += queued(stays, VisitSettings())
        true += [c.waiting_s for c in people if c.waiting_s > 0]
    assert sums.wait_s == pytest.approx(fmean(true), rel=0.05)
    assert sums.departures == pytest.approx(len(true), rel=0.05)
    assert fmean(held) == pytest.approx(fmean(true), rel=0.05), "whoever vanishes is waited for"
    if broken:
        assert fmean(bare) < 0.9 * fmean(true), "otherwise these breaks prove nothing"
    else:
        assert fmean(bare) == pytest.approx(fmean(true), rel=0.05)


def queued(stays: list[Stay], settings: VisitSettings) -> list[float]:
    """The times in queue that visits tell, seconds."""
    return [
        ((v.service_start_at or v.departure_at) - v.arrival_at).total_seconds()
        for v in play(stays, fps=1, settings=settings)[1]
        if v.outcome in ("served", "reneged") and v.arrival_at != v.service_start_at
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(5, 120), st.booleans()), min_size=1, max_size=12))
def test_l_is_lambda_w_whatever_comes(people: list[tuple[int, int, bool]]) -> None:
    """Person-seconds are the sum of the waits, and everybody who came has left."""
    stays, waits = [], 0.0
    for track_id, (start, wait_s, is_served) in enumerate(people):
        place = (0.12 + 0.03 * track_id, 0.6)
        stays += walk(track_id, (wait_s, place), (20, A) if is_served else (6, OUT), (6, OUT), start=start)
        waits += wait_s
    sums = count(stays, fps=2)
    assert sums.arrivals == sums.departures == len(people)
    assert sums.waiting_person_s == pytest.approx(waits, abs=1.1 * len(people))

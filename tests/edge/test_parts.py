"""What cameras that see a part of a queue count: people as moving points, played through the zones."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from scenes import Stay, at, positions, walk

from motcua.edge.messages import CounterState, Part
from motcua.edge.parts import PartCounter, PeriodCounts, seen_in_part
from motcua.edge.queue import QueueFigures
from motcua.edge.starts import ServiceStarts
from motcua.edge.visits import VisitSettings
from motcua.edge.zones import Zones, ZonesError, parse_zones


def _zone(name: str, role: str, x1: float, x2: float, **more: str) -> dict[str, object]:
    return {"name": name, "role": role, "polygon": [[x1, 0.2], [x2, 0.2], [x2, 0.8], [x1, 0.8]], **more}


HALL = parse_zones(
    {
        "version": 1,
        "zones": [
            _zone("door", "door", 0.0, 0.15),
            _zone("seats", "queue", 0.15, 0.4),
            _zone("priority seats", "queue", 0.4, 0.6, lane="priority"),
        ],
    }
)
COUNTERS = parse_zones(
    {
        "version": 1,
        "zones": [
            _zone("1", "service", 0.1, 0.3, counter_id="q1"),
            _zone("2", "service", 0.4, 0.6, counter_id="q2", lane="priority"),
            _zone("3", "service", 0.7, 0.9, counter_id="q3", lane="mixed"),
        ],
    }
)
OUT, DOOR, SEATS, PRIORITY, BEYOND = (0.5, 0.1), (0.05, 0.5), (0.3, 0.5), (0.5, 0.5), (0.8, 0.5)
Q1, Q2, Q3, ASIDE = (0.2, 0.5), (0.5, 0.5), (0.8, 0.5), (0.35, 0.9)


def count(
    part: Part, zones: Zones, stays: Sequence[Stay], *, until: float | None = None, fps: float = 5
) -> list[PeriodCounts]:
    """Every frame, then everything that was counted."""
    counter = PartCounter(part, zones, VisitSettings())
    end = max((s.end for s in stays), default=0.0) + 45 if until is None else until
    for frame in range(int(end * fps) + 1):
        counter.take(positions(stays, frame / fps), at(frame / fps))
    return counter.take_out(everything=True)


def summed(periods: Sequence[PeriodCounts], what: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for p in periods:
        total.update(getattr(p, what) or {})
    return dict(total)


def starts(periods: Sequence[PeriodCounts]) -> list[tuple[str, str | None, int, int]]:
    return [(s.counter_id, s.lane, s.started, s.finished) for p in periods for s in p.started]


def test_the_hall_counts_who_joined_by_lane_and_who_left_by_the_door() -> None:
    stays = [
        *walk(1, (1, DOOR), (90, SEATS), (5, BEYOND)),  # goes on to a counter
        *walk(2, (1, DOOR), (40, PRIORITY), (5, BEYOND), start=5),
        *walk(3, (1, DOOR), (70, SEATS), (2, DOOR), start=3),  # gives up
        *walk(4, (1, DOOR), (1, SEATS), (3, BEYOND), start=20),  # walks through
        *walk(5, (1, BEYOND), (1, SEATS), (2, DOOR), start=30),  # was served, and walks out
    ]
    periods = count("arrivals", HALL, stays)
    assert summed(periods, "joined") == {"ordinary": 2, "priority": 1}
    assert summed(periods, "left") == {"ordinary": 1}
    waited = {lane: sum((p.waiting_person_s or {}).get(lane, 0.0) for p in periods) for lane in ("ordinary", "priority")}
    # A track that ends beyond the zones has left at once; the first two seconds count once the person has stayed.
    assert waited == {"ordinary": pytest.approx(160, abs=12), "priority": pytest.approx(40, abs=6)}
    assert [p.start.second for p in periods] == [0] * len(periods)
    assert sum(p.measured_s for p in periods) == pytest.approx(100 - 4 + 45, abs=6)


def test_an_arrival_counts_in_the_minute_in_which_the_person_came() -> None:
    periods = count("arrivals", HALL, walk(1, (59, OUT), (30, SEATS)))
    assert [(p.start, dict(p.joined)) for p in periods if p.joined] == [(at(0), {"ordinary": 1})]


def test_without_a_door_zone_who_left_is_unknown_and_not_zero() -> None:
    zones = Zones(tuple(z for z in HALL.zones if z.role != "door"))
    periods = count("arrivals", zones, walk(1, (1, DOOR), (30, SEATS), (3, DOOR)))
    assert {p.left for p in periods} == {None}


def test_a_person_who_comes_back_from_the_door_has_not_left() -> None:
    periods = count("arrivals", HALL, walk(1, (20, SEATS), (2, DOOR), (20, SEATS), (9, BEYOND)))
    assert (summed(periods, "joined"), summed(periods, "left")) == ({"ordinary": 1}, {})


def test_counters_count_starts_with_the_lane_of_their_zone() -> None:
    stays = [
        *walk(1, (2, ASIDE), (50, Q1), (8, ASIDE)),
        *walk(2, (30, Q2), (8, ASIDE), start=4),
        *walk(3, (30, Q3), (8, ASIDE), start=9),
        *walk(4, (1, Q1), (8, ASIDE), start=55),  # passes by
    ]
    found = starts(count("services", COUNTERS, stays))
    assert sorted(found, key=str) == [("q1", "ordinary", 1, 1), ("q2", "priority", 1, 1), ("q3", None, 1, 1)]


@pytest.mark.parametrize("gap", [0.4, 3.0, 20.0])
def test_a_track_that_breaks_at_a_counter_is_one_start(gap: float) -> None:
    stays = walk(1, (20, Q1)) + walk(2, (20, Q1), (9, ASIDE), start=20 + gap)
    assert starts(count("services", COUNTERS, stays)) == [("q1", "ordinary", 1, 1)]


def test_who_steps_back_or_goes_on_to_a_second_counter_starts_once() -> None:
    stays = walk(1, (20, Q1), (2, ASIDE), (20, Q1), (3, ASIDE), (20, Q2), (9, ASIDE))
    assert sum(s[2] for s in starts(count("services", COUNTERS, stays))) == 1


def test_the_next_person_is_a_start_of_their_own() -> None:
    stays = walk(1, (20, Q1), (6, ASIDE)) + walk(2, (5, ASIDE), (20, Q1), (6, ASIDE), start=20)
    assert sum(s[2] for s in starts(count("services", COUNTERS, stays))) == 2


def test_a_minute_is_handed_over_once_nothing_more_will_be_told_of_it() -> None:
    counter = PartCounter("services", COUNTERS, VisitSettings())
    stays = walk(1, (50, Q1), (9, ASIDE)) + walk(2, (200, Q2), start=70)
    taken: list[PeriodCounts] = []
    for frame in range(5 * 260):
        counter.take(positions(stays, frame / 5), at(frame / 5))
        taken += counter.take_out()
    assert [p.start for p in taken] == [at(0), at(60), at(120)], "the newest two are still open"
    assert [s[:3] for s in starts(taken)] == [("q1", "ordinary", 1), ("q2", "priority", 1)]
    assert len({p.start for p in taken + counter.take_out(everything=True)}) == 5


def test_a_simulated_morning_is_counted_exactly() -> None:
    """Two counters, people one after the other with gaps of 8 s and more between them."""
    chance, stays, true, free = random.Random(4), list[Stay](), Counter[str](), {"q1": 0.0, "q2": 0.0}
    for i in range(40):
        name, place = chance.choice([("q1", Q1), ("q2", Q2)])
        start = free[name] + chance.uniform(8, 40)
        length = chance.uniform(5, 60)
        stays += walk(i, (2, ASIDE), (length, place), (6, ASIDE), start=start)
        free[name], true[name] = start + length + 8, true[name] + 1
    found: Counter[str] = Counter()
    for counter_id, _, started, _ in starts(count("services", COUNTERS, stays)):
        found[counter_id] += started
    assert found == true


def test_a_part_foretells_nothing_and_a_counter_sees_no_queue() -> None:
    known = QueueFigures(
        "ok", 4, 2, 2, 9.0, 8.0, 300.0, 0.0, 0.0, 60.0, n=7, counters=(CounterState(counter_id="q1", in_service=1),)
    )
    hall, counters = seen_in_part(known, "arrivals"), seen_in_part(known, "services")
    for told in (hall, counters):
        assert (told.state, told.expected_wait_s, told.low_s, told.high_s) == ("too_few", None, None, None)
    assert (hall.waiting, hall.in_service, hall.counters) == (4, None, ())
    assert (counters.waiting, counters.oldest_wait_s, counters.in_service, len(counters.counters)) == (None, None, 2, 1)
    assert seen_in_part(QueueFigures("blind"), "services").state == "blind"


def test_a_mixed_zone_knows_no_lane_and_a_wrong_one_is_told() -> None:
    assert [z.known_lane for z in COUNTERS.zones] == ["ordinary", "priority", None]
    with pytest.raises(ZonesError, match="mixed"):
        parse_zones({"version": 1, "zones": [_zone("x", "queue", 0, 0.2, lane="vip")]})


def test_starts_forget_everybody_at_a_reset() -> None:
    machine = ServiceStarts(COUNTERS, VisitSettings())
    for frame in range(50):
        machine.take(positions(walk(1, (60, Q1)), frame / 5), at(frame / 5))
    machine.reset()
    assert machine.take(positions([], 0), at(100)) == ([], [])

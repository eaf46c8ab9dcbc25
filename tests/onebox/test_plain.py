"""The plain pipeline does what the published one does: nothing more, nothing less."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import OFFICE, QUEUE, A

from motcua.edge.geometry import Detections, no_detections
from motcua.edge.track import PAPER, ByteTracker
from motcua.onebox.plain import PlainClocks, PlainTracker


def seen(*rows: tuple[float, float, float]) -> Detections:
    """(left, top, confidence): people of 30 x 80 px."""
    boxes = [(x, y, x + 30, y + 80) for x, y, _ in rows]
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.array([c for *_, c in rows], np.float32))


def ids(tracker: PlainTracker, *frames: Detections) -> list[list[int]]:
    return [tracker.update(f).ids.tolist() for f in frames]


def test_a_person_keeps_their_id_while_walking_and_over_doubtful_detections() -> None:
    frames = [seen((20 + 4 * k, 100, 0.9 if k % 4 else 0.3)) for k in range(1, 30)]
    assert ids(PlainTracker(), *frames) == [[1]] * 29


def test_a_newcomer_shows_once_seen_twice_and_must_be_sure() -> None:
    tracker = PlainTracker()
    tracker.update(no_detections())
    assert ids(tracker, seen((50, 50, 0.9)), seen((50, 50, 0.9))) == [[], [1]]
    assert ids(tracker, *[seen((50, 50, 0.9), (300, 50, 0.55))] * 5) == [[1]] * 5


def test_whoever_is_seen_once_is_forgotten() -> None:
    tracker = PlainTracker()
    assert ids(tracker, no_detections(), seen((50, 50, 0.9)), no_detections(), seen((50, 50, 0.9))) == [[]] * 4


@pytest.mark.parametrize(("unseen", "same"), [(30, True), (31, False)])
def test_a_lost_person_is_kept_for_30_frames(unseen: int, same: bool) -> None:
    tracker = PlainTracker()
    tracker.update(seen((50, 50, 0.9)))
    tracker.update(seen((50, 50, 0.9)))
    for _ in range(unseen):
        assert not len(tracker.update(no_detections()))
    tracker.update(seen((50, 50, 0.9)))
    assert (tracker.update(seen((50, 50, 0.9))).ids.tolist() == [1]) is same


def test_a_lost_person_takes_no_doubtful_detection() -> None:
    tracker = PlainTracker()
    ids(tracker, seen((50, 50, 0.9)), seen((50, 50, 0.9)), no_detections())
    assert ids(tracker, seen((50, 50, 0.3)), seen((50, 50, 0.9))) == [[], [1]]


def test_ids_go_on_after_a_reset() -> None:
    tracker = PlainTracker()
    tracker.update(seen((50, 50, 0.9)))
    tracker.reset()
    assert ids(tracker, seen((50, 50, 0.9))) == [[2]]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_it_tracks_as_the_product_s_own_tracker_does_with_the_paper_s_settings(seed: int, people: int) -> None:
    """An independent implementation of the same method: who is shown, and who is the same person, agree on random walks."""
    chance = np.random.default_rng(seed)
    place, pace = chance.uniform(50, 500, (people, 2)), chance.normal(0, 4, (people, 2))
    place[:, 0] = 20 + 120 * np.arange(people)
    plain, paper = PlainTracker(), ByteTracker(PAPER)
    pairs = set()
    for k in range(40):
        place += pace
        there = chance.random(people) > 0.15
        rows = [(x, y, c) for (x, y), c in zip(place[there], chance.uniform(0.2, 0.95, people)[there], strict=True)]
        a, b = plain.update(seen(*rows)), paper.update(seen(*rows), k / 7)
        assert len(a) == len(b)
        where_a = {tuple(box): i for box, i in zip(a.boxes.tolist(), a.ids.tolist(), strict=True)}
        where_b = {tuple(box): i for box, i in zip(b.boxes.tolist(), b.ids.tolist(), strict=True)}
        assert where_a.keys() == where_b.keys()
        pairs |= {(where_a[box], where_b[box]) for box in where_a}
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)


def _clocks(*spans: tuple[int, float, float, tuple[float, float]]) -> PlainClocks:
    """(id, from, to, place), at 4 frames a second."""
    clocks = PlainClocks(OFFICE)
    for k in range(int(max(s[2] for s in spans) * 4) + 1):
        here = [s for s in spans if s[1] <= k / 4 <= s[2]]
        clocks.take(np.array([s[0] for s in here], np.int64), np.array([s[3] for s in here]).reshape(-1, 2), k / 4)
    return clocks


def test_the_clock_runs_from_the_queue_to_the_counter() -> None:
    (visit,) = _clocks((1, 0, 60, QUEUE), (1, 62, 90, A)).visits()
    assert (visit.arrival_s, visit.service_start_s, visit.departure_s, visit.outcome, visit.counter_id) == (
        0,
        62,
        90,
        "served",
        "A",
    )


def test_a_new_id_starts_a_new_clock() -> None:
    """The fault that it is there to show: a wait of 62 s becomes one who gave up and one who waited for 12 s."""
    first, second = _clocks((1, 0, 50, QUEUE), (2, 50, 60, QUEUE), (2, 62, 90, A)).visits()
    assert (first.outcome, second.outcome) == ("reneged", "served")
    assert second.service_start_s is not None
    assert second.service_start_s - second.arrival_s == 12


def test_whoever_crosses_the_queue_is_no_visit() -> None:
    clocks = _clocks((1, 0, 1.5, QUEUE))
    assert clocks.visits() == []
    assert clocks.queue_s() == {}

"""The tracker on scenes with known answers, at any frame rate."""

from __future__ import annotations

import numpy as np
import pytest
from walkers import Walker, detections, picture

from motcua.edge.geometry import Detections, no_detections
from motcua.edge.track import PAPER, ByteTracker, TrackSettings, assign, widened_iou

RED, BLUE = (40, 40, 200), (200, 60, 40)


def _ids(
    people: list[Walker], until_s: float, fps: float = 7.0, settings: TrackSettings | None = None
) -> dict[int, set[int]]:
    """Which ids each walker had, by the place in the list."""
    tracker, ids = ByteTracker(settings), {i: set() for i in range(len(people))}
    for k in range(int(until_s * fps)):
        at_s = k / fps
        tracks = tracker.update(detections(people, at_s), at_s, picture(people, at_s))
        assert len(set(tracks.ids.tolist())) == len(tracks)
        for track_id, box in zip(tracks.ids.tolist(), tracks.boxes, strict=True):
            (owner,) = (i for i, p in enumerate(people) if p.detected(at_s) and np.allclose(p.box(at_s), box, atol=0.01))
            ids[owner].add(track_id)
    return ids


@pytest.mark.parametrize("settings", [TrackSettings(), PAPER])
@pytest.mark.parametrize("fps", [3.0, 7.0, 25.0])
def test_people_who_walk_apart_keep_their_ids(fps: float, settings: TrackSettings) -> None:
    people = [Walker(30, 100, (12, 0)), Walker(200, 200, (-9, 0), BLUE), Walker(160, 120)]
    assert [len(ids) for ids in _ids(people, 6, fps, settings).values()] == [1, 1, 1]


def test_people_who_meet_unseen_and_turn_round_are_told_apart_by_their_clothes() -> None:
    meet, apart = 4.0, 5.0
    people = [
        Walker(30, 120, (30, 0), RED, until_s=meet),
        Walker(300, 120, (-30, 0), RED, since_s=apart),  # at 150 px when seen again, and on the way back
        Walker(290, 122, (-30, 0), BLUE, until_s=meet),
        Walker(20, 122, (30, 0), BLUE, since_s=apart),  # at 170 px
    ]
    ids = _ids(people, 8)
    assert ids[0] == ids[1]
    assert ids[2] == ids[3]
    assert len(ids[0] | ids[2]) == 2


def test_people_in_other_clothes_who_meet_are_not_exchanged() -> None:
    people = [Walker(260, 98, (-20, 0), BLUE, hidden=((4.4, 5.8),)), Walker(60, 100, (20, 0), RED)]  # the second in front
    ids = _ids(people, 10)
    assert [len(found) for found in ids.values()] == [1, 1]
    assert ids[0] != ids[1]


@pytest.mark.parametrize("fps", [4.0, 7.0, 15.0])
def test_a_person_unseen_for_a_while_keeps_the_id_whatever_the_frame_rate(fps: float) -> None:
    assert len(_ids([Walker(60, 150, (8, 0), hidden=((3, 5),))], 9, fps)[0]) == 1
    assert len(_ids([Walker(60, 150, (8, 0), hidden=((3, 7),))], 12, fps)[0]) == 2


def test_a_newcomer_shows_when_seen_twice_and_the_first_frame_at_once() -> None:
    tracker, person = ByteTracker(), [Walker(60, 150)]
    assert len(tracker.update(detections(person, 0), 0.0)) == 1
    assert len(tracker.update(no_detections(), 10.0)) == 0
    assert len(tracker.update(detections(person, 0), 20.0)) == 0
    assert len(tracker.update(detections(person, 0), 20.1)) == 1


def test_a_doubtful_detection_goes_on_with_a_track_but_begins_none() -> None:
    doubtful = [Walker(60, 150, confidence=0.2)]
    assert _ids(doubtful, 3) == {0: set()}
    tracker = ByteTracker()
    tracker.update(detections([Walker(60, 150)], 0), 0.0)
    assert tracker.update(detections(doubtful, 0), 0.14).ids.tolist() == [1]


def test_nobody_is_matched_over_a_standstill_of_the_source() -> None:
    tracker, person = ByteTracker(), [Walker(60, 150)]
    for k in range(5):
        before = tracker.update(detections(person, 0), k / 7)
    tracker.update(detections(person, 0), 60.0)
    after = tracker.update(detections(person, 0), 60.1)
    assert len(before) == len(after) == 1
    assert before.ids[0] != after.ids[0]


def test_ids_go_on_after_a_reset_and_are_each_trackers_own() -> None:
    a, b, person = ByteTracker(), ByteTracker(), [Walker(60, 150)]
    assert a.update(detections(person, 0), 0.0).ids.tolist() == [1]
    a.reset()
    assert a.update(detections(person, 0), 0.0).ids.tolist() == [2]
    assert b.update(detections(person, 0), 0.0).ids.tolist() == [1]


def test_time_does_not_run_backwards() -> None:
    tracker = ByteTracker()
    tracker.update(no_detections(), 5.0)
    with pytest.raises(ValueError, match="time ran backwards"):
        tracker.update(no_detections(), 4.0)


def test_odd_boxes_do_no_harm() -> None:
    tracker = ByteTracker()
    odd = Detections(np.array([[5, 5, 5, 5], [-900, 0, 900, 9e4], [9, 9, 3, 3]], np.float32), np.full(3, 0.9, np.float32))
    for k in range(4):
        tracks = tracker.update(odd, k / 7, np.zeros((48, 64, 3), np.uint8))
        assert np.isfinite(tracks.boxes).all()


def test_assignment_never_goes_over_the_limit() -> None:
    cost = np.array([[0.1, 0.9], [0.2, 5.0]])
    rows, columns = assign(cost, 1.0)
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) in ([(0, 1), (1, 0)], [(0, 0)])
    assert [len(part) for part in assign(cost, 0.05)] == [0, 0]
    assert [len(part) for part in assign(np.empty((0, 3)), 1.0)] == [0, 0]


def test_widening_lets_distant_boxes_meet() -> None:
    a, b = np.array([[0, 0, 20, 60.0]]), np.array([[25, 0, 45, 60.0]])
    assert widened_iou(a, b, np.array([0.0]))[0, 0] == 0
    assert widened_iou(a, b, np.array([0.5]))[0, 0] == pytest.approx((15 * 90) / (2 * 40 * 90 - 15 * 90))


def test_a_doubtful_double_of_a_person_is_not_given_to_a_lost_neighbour() -> None:
    there, lost = Walker(100, 150), Walker(112, 150, hidden=((2.0, 9.0),))
    tracker = ByteTracker(TrackSettings(colour=0))
    for k in range(14):
        tracks = tracker.update(detections([there, lost], k / 7), k / 7)
    assert len(tracks) == 2
    both = detections([there], 2.0)
    double = Detections(
        np.vstack([both.boxes, both.boxes + [4, 0, 4, 0]]).astype(np.float32), np.array([0.9, 0.3], np.float32)
    )
    assert len(tracker.update(double, 2.0)) == 1

"""The late correction: every frame once, in order, in time; broken tracks joined, swapped ones put right, strangers left apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from walkers import SIZE, Walker, picture

from motcua.edge.geometry import Tracks
from motcua.edge.refine import Refiner, RefineSettings, TimedTracks

FPS = 7.0
RED, BLUE = (40, 40, 200), (200, 60, 40)


def _tracks(people: dict[int, Walker], at_s: float, confidence: float = 0.8) -> Tracks:
    seen = {i: p for i, p in people.items() if p.detected(at_s)}
    boxes = np.array([p.box(at_s) for p in seen.values()], np.float32).reshape(-1, 4)
    return Tracks(np.array(list(seen), np.int64), boxes, np.full(len(seen), confidence, np.float32))


def _run(people: dict[int, Walker], until_s: float, refiner: Refiner | None = None) -> list[TimedTracks]:
    """The final frames of a tracker that gives each walker the id that they are filed under."""
    refiner = refiner or Refiner()
    final: list[TimedTracks] = []
    for k in range(int(until_s * FPS)):
        at_s = k / FPS
        ready = refiner.push(at_s, _tracks(people, at_s), picture(list(people.values()), at_s))
        assert all(
            at_s - refiner.settings.late_s - 1 / FPS < step.at_s <= at_s - refiner.settings.late_s + 1e-6 for step in ready
        )
        final += ready
    final += refiner.finish()
    assert [round(step.at_s * FPS) for step in final] == list(range(int(until_s * FPS)))
    return final


def _ids(final: list[TimedTracks], walker: Walker, near: float = 6.0) -> dict[int, int]:
    """frame → the id of the track at the walker's place."""
    found = {}
    for step in final:
        if len(step.tracks):
            apart = np.abs(step.tracks.boxes - np.array(walker.box(step.at_s))).max(axis=1)
            if apart.min() < near:
                found[round(step.at_s * FPS)] = int(step.tracks.ids[apart.argmin()])
    return found


def _frames(since_s: float, until_s: float) -> list[int]:
    return [k for k in range(int(until_s * FPS)) if k / FPS >= since_s]


def test_whole_tracks_come_out_as_they_went_in() -> None:
    people = {4: Walker(20, 100, (9, 0), until_s=8), 9: Walker(250, 200, (-5, 2), BLUE, since_s=2)}
    final = _run(people, 12)
    for step in final:
        expected = _tracks(people, step.at_s)
        assert len(step.tracks) == len(expected)
    for walker in people.values():
        ids = _ids(final, walker, near=0.05)
        assert list(ids) == _frames(walker.since_s, min(walker.until_s, 12))
        assert len(set(ids.values())) == 1


def test_a_gap_is_filled_along_the_way_with_confidence_nought() -> None:
    people = {1: Walker(40, 100, (12, 3), hidden=((3.0, 5.5),))}
    final = _run(people, 10)
    assert len(set(_ids(final, people[1], near=0.05).values())) == 1
    for step in final:
        assert step.tracks.boxes[0] == pytest.approx(people[1].box(step.at_s), abs=0.05)
        assert (step.tracks.confidence[0] == 0) == (not people[1].detected(step.at_s))


def test_a_gap_too_long_stays_open_and_makes_two_of_one() -> None:
    ids = _ids(_run({1: Walker(100, 100, hidden=((3.0, 8.0),))}, 12), Walker(100, 100))
    assert sorted(ids) == _frames(0, 3) + _frames(8, 12)
    assert len(set(ids.values())) == 2


def test_a_broken_track_is_one_again() -> None:
    walk = Walker(40, 100, (10, 0), RED)
    people = {3: Walker(40, 100, (10, 0), RED, until_s=4), 8: Walker(40, 100, (10, 0), RED, since_s=6)}
    ids = _ids(_run(people, 10), walk)
    assert sorted(ids) == _frames(0, 10)
    assert len(set(ids.values())) == 1


def test_a_track_broken_twice_is_one() -> None:
    spans = ((0, 3), (4, 5), (6.5, 10))
    people = {i: Walker(40, 100, (10, 0), RED, since_s=a, until_s=b) for i, (a, b) in enumerate(spans, start=1)}
    ids = _ids(_run(people, 10), Walker(40, 100, (10, 0), RED))
    assert sorted(ids) == _frames(0, 10)
    assert len(set(ids.values())) == 1


@pytest.mark.parametrize(
    "other",
    [
        Walker(40, 100, (10, 0), BLUE, since_s=6),  # in other clothes
        Walker(220, 200, (10, 0), RED, since_s=6),  # too far away
        Walker(40, 100, (10, 0), RED, since_s=9),  # too late
    ],
)
def test_somebody_else_is_not_joined(other: Walker) -> None:
    first = Walker(40, 100, (10, 0), RED, until_s=4)
    final = _run({3: first, 8: other}, 13)
    before, after = (set(_ids(final, walker).values()) for walker in (first, other))
    assert not any(step.tracks.ids.size for step in final if 4.3 < step.at_s < other.since_s - 0.3)
    assert len(set(final[7].tracks.ids) | set(final[-1].tracks.ids)) == 2, (before, after)


def test_two_who_meet_and_whom_the_tracker_swaps_keep_their_own_ids() -> None:
    red, blue = Walker(60, 100, (20, 0), RED), Walker(260, 101, (-20, 0), BLUE)
    refiner, final = Refiner(), []
    for k in range(70):
        at_s = k / FPS
        swapped = {1: red, 2: blue} if at_s < 5 else {2: red, 1: blue}  # they meet at 5 s
        final += refiner.push(at_s, _tracks(swapped, at_s), picture([red, blue], at_s))
    final += refiner.finish()
    apart = [k for k in range(70) if abs(k / FPS - 5) > 1]
    for walker in (red, blue):
        ids = _ids(final, walker)
        assert len({ids[k] for k in apart}) == 1


def test_two_who_meet_and_whom_the_tracker_keeps_apart_are_left_as_they_are() -> None:
    red, blue = Walker(60, 100, (20, 0), RED), Walker(260, 101, (-20, 0), RED)
    final = _run({1: red, 2: blue}, 10)
    for walker in (red, blue):
        ids = _ids(final, walker)
        assert len({i for k, i in ids.items() if abs(k / FPS - 5) > 1}) == 1


def test_someone_who_stands_still_for_minutes_in_a_crowd_keeps_one_id() -> None:
    still = Walker(150, 150, colour=RED)
    passing = {10 + i: Walker(20, 152, (25, 0), BLUE, since_s=12.0 * i, until_s=12.0 * i + 11) for i in range(10)}
    people: dict[int, Walker] = {1: still}
    for i, walker in passing.items():  # each starts at the left at their time, and hides the one who stands for a second
        people[i] = Walker(20 - 25 * walker.since_s, 152, (25, 0), BLUE, since_s=walker.since_s, until_s=walker.until_s)
    final = _run(people, 120)
    assert len(set(_ids(final, still, near=3.0).values()) & {int(final[0].tracks.ids[0])}) == 1
    assert {int(final[0].tracks.ids[0])} == {i for k, i in _ids(final, still, near=1.0).items()}


def test_a_shape_that_is_hardly_ever_seen_is_no_person() -> None:
    refiner, final = Refiner(), []
    person, ghost = Walker(60, 100), Walker(200, 100, colour=BLUE, since_s=3, until_s=4)
    for k in range(70):
        at_s = k / FPS
        sure, doubtful = _tracks({1: person}, at_s), _tracks({2: ghost}, at_s, confidence=0.12)
        both = Tracks(
            np.concatenate([sure.ids, doubtful.ids]),
            np.concatenate([sure.boxes, doubtful.boxes]),
            np.concatenate([sure.confidence, doubtful.confidence]),
        )
        final += refiner.push(at_s, both, picture([person, ghost], at_s))
    final += refiner.finish()
    assert [len(step.tracks) for step in final] == [1] * 70


def test_two_people_never_share_an_id_even_if_the_tracker_takes_an_old_one_up_again() -> None:
    people = {3: Walker(60, 100, until_s=2), 8: Walker(60, 100, since_s=3)}
    refiner = Refiner()
    final: list[TimedTracks] = []
    for k in range(120):
        tracks = _tracks(people, k / FPS)
        if k > 70:  # long gone, and there again
            tracks = Tracks(
                np.append(tracks.ids, 3),
                np.vstack([tracks.boxes, [[200, 40, 220, 100]]]).astype(np.float32),
                np.ones(2, np.float32),
            )
        final += refiner.push(k / FPS, tracks, picture(list(people.values()), k / FPS))
    final += refiner.finish()
    assert max(len(step.tracks) for step in final) == 2
    for step in final:
        assert len(set(step.tracks.ids.tolist())) == len(step.tracks)


def test_without_pictures_nothing_is_joined() -> None:
    refiner, final = Refiner(), []
    people = {3: Walker(60, 100, until_s=2), 8: Walker(60, 100, since_s=3)}
    for k in range(60):
        final += refiner.push(k / FPS, _tracks(people, k / FPS))
    final += refiner.finish()
    assert len({int(i) for step in final for i in step.tracks.ids}) == 2


def test_an_end_forgets_everyone() -> None:
    refiner = Refiner()
    before = _ids(_run({1: Walker(60, 100)}, 3, refiner), Walker(60, 100))
    after = _ids(_run({1: Walker(60, 100)}, 3, refiner), Walker(60, 100))
    assert list(after) == list(range(21))
    assert not set(before.values()) & set(after.values())
    assert refiner.finish() == ()


def test_a_correction_later_than_allowed_is_refused() -> None:
    with pytest.raises(ValueError, match="late_s"):
        Refiner(RefineSettings(late_s=2))


def test_memory_stays_bounded_over_a_long_run() -> None:
    refiner = Refiner()
    picture_ = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for k in range(3000):  # a newcomer every second who continues the one before, and one who stays for ever
        ids = np.array([1, 2 + k // 7], np.int64)
        boxes = np.array([[100, 40, 120, 100], [200, 40, 220, 100]], np.float32)
        refiner.push(k / FPS, Tracks(ids, boxes, np.ones(2, np.float32)), picture_)
    assert len(refiner._people) < 12
    assert len(refiner._now) < 80
    assert max(len(p.piece.times) for p in refiner._people) < 25 * FPS


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 5), unique=True, max_size=4), max_size=80),
    st.floats(0.05, 1.0),
    st.floats(0.0, 30.0),
)
def test_whatever_comes_in_each_frame_comes_out_once_with_each_id_once(
    frames: list[list[int]], step_s: float, apart: float
) -> None:
    refiner, final = Refiner(), []
    for k, ids in enumerate(frames):
        boxes = np.array([[apart * i, 20, apart * i + 20, 80] for i in ids], np.float32).reshape(-1, 4)
        tracks = Tracks(np.array(ids, np.int64), boxes, np.ones(len(ids), np.float32))
        final += refiner.push(k * step_s, tracks, np.zeros((120, 320, 3), np.uint8))
    final += refiner.finish()
    assert [step.at_s for step in final] == [k * step_s for k in range(len(frames))]
    for step in final:
        assert len(set(step.tracks.ids.tolist())) == len(step.tracks)
        assert np.isfinite(step.tracks.boxes).all()

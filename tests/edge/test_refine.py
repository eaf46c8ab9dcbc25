"""The late correction: every frame once, in order, in time; broken tracks joined, gaps filled, strangers left apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from walkers import Walker, picture

from motcua.edge.geometry import Tracks
from motcua.edge.refine import Refiner, RefineSettings, TimedTracks

FPS = 7.0
RED, BLUE = (40, 40, 200), (200, 60, 40)


def _tracks(people: dict[int, Walker], at_s: float) -> Tracks:
    seen = {i: p for i, p in people.items() if p.detected(at_s)}
    boxes = np.array([p.box(at_s) for p in seen.values()], np.float32).reshape(-1, 4)
    return Tracks(np.array(list(seen), np.int64), boxes, np.full(len(seen), 0.8, np.float32))


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


def _when(final: list[TimedTracks], track_id: int) -> list[int]:
    return [round(step.at_s * FPS) for step in final if track_id in step.tracks.ids]


def test_whole_tracks_come_out_as_they_went_in() -> None:
    people = {4: Walker(20, 100, (9, 0), until_s=8), 9: Walker(250, 200, (-5, 2), BLUE, since_s=2)}
    final = _run(people, 12)
    for step in final:
        expected = _tracks(people, step.at_s)
        assert sorted(step.tracks.ids.tolist()) == sorted(expected.ids.tolist())
        for track_id, box in zip(step.tracks.ids.tolist(), step.tracks.boxes, strict=True):
            assert box == pytest.approx(people[track_id].box(step.at_s), abs=0.05)


def test_a_gap_is_filled_along_the_way_with_confidence_nought() -> None:
    people = {1: Walker(20, 100, (12, 3), hidden=((3.0, 5.5),))}
    final = _run(people, 10)
    assert _when(final, 1) == list(range(70))
    for step in final:
        assert step.tracks.boxes[0] == pytest.approx(people[1].box(step.at_s), abs=0.05)
        assert (step.tracks.confidence[0] == 0) == (not people[1].detected(step.at_s))


def test_a_gap_too_long_stays_open_though_the_person_is_the_same() -> None:
    final = _run({1: Walker(100, 100, hidden=((3.0, 6.5),))}, 10)
    assert set(range(70)) - set(_when(final, 1)) == set(range(21, 46))


def test_a_broken_track_is_joined_under_the_older_id() -> None:
    walk = Walker(20, 100, (10, 0), RED, until_s=4)
    people = {3: walk, 8: Walker(20, 100, (10, 0), RED, since_s=6)}
    final = _run(people, 10)
    assert _when(final, 3) == list(range(70))
    assert _when(final, 8) == []


def test_a_track_broken_twice_is_one() -> None:
    spans = ((0, 3), (4, 5), (6.5, 10))
    people = {i: Walker(20, 100, (10, 0), RED, since_s=a, until_s=b) for i, (a, b) in enumerate(spans, start=1)}
    assert _when(_run(people, 10), 1) == list(range(70))


@pytest.mark.parametrize(
    "other",
    [
        Walker(20, 100, (10, 0), BLUE, since_s=6),  # in other clothes
        Walker(200, 100, (10, 0), RED, since_s=6),  # too far away
        Walker(20, 100, (10, 0), RED, since_s=8.5),  # too late
    ],
)
def test_somebody_else_is_not_joined(other: Walker) -> None:
    final = _run({3: Walker(20, 100, (10, 0), RED, until_s=4), 8: other}, 12)
    assert _when(final, 3) == list(range(28))
    assert _when(final, 8)[0] == round(other.since_s * FPS + 0.4)


def test_someone_who_is_still_there_is_not_continued_by_a_newcomer_beside_them() -> None:
    people = {3: Walker(100, 100, hidden=((3, 5),)), 8: Walker(112, 100, since_s=3.2)}
    final = _run(people, 9)
    assert _when(final, 3) == list(range(63))
    assert _when(final, 8) == list(range(23, 63))


def test_two_people_never_share_an_id_even_if_the_tracker_takes_a_joined_one_up_again() -> None:
    people = {3: Walker(60, 100, until_s=2), 8: Walker(60, 100, since_s=3)}
    refiner = Refiner()
    final: list[TimedTracks] = []
    for k in range(84):
        tracks = _tracks(people, k / FPS)
        if k > 70:  # long gone, and there again
            tracks = Tracks(
                np.append(tracks.ids, 3),
                np.vstack([tracks.boxes, [[200, 40, 220, 100]]]).astype(np.float32),
                np.ones(2, np.float32),
            )
        final += refiner.push(k / FPS, tracks, picture(list(people.values()), k / FPS))
    final += refiner.finish()
    for step in final:
        assert len(set(step.tracks.ids.tolist())) == len(step.tracks)


def test_without_pictures_nothing_is_joined() -> None:
    refiner, final = Refiner(), []
    people = {3: Walker(60, 100, until_s=2), 8: Walker(60, 100, since_s=3)}
    for k in range(40):
        final += refiner.push(k / FPS, _tracks(people, k / FPS))
    final += refiner.finish()
    assert _when(final, 8)


def test_an_end_forgets_everyone() -> None:
    refiner = Refiner()
    _run({1: Walker(60, 100)}, 3, refiner)
    assert _when(_run({2: Walker(60, 100)}, 3, refiner), 2) == list(range(21))
    assert refiner.finish() == ()


def test_a_correction_later_than_allowed_is_refused() -> None:
    with pytest.raises(ValueError, match="late_s"):
        Refiner(RefineSettings(late_s=2))


def test_memory_stays_bounded_over_a_long_run() -> None:
    refiner = Refiner()
    for k in range(3000):  # a newcomer every second who continues the one before, and one who stays for ever
        ids = np.array([1, 2 + k // 7], np.int64)
        boxes = np.array([[100, 40, 120, 100], [200, 40, 220, 100]], np.float32)
        refiner.push(k / FPS, Tracks(ids, boxes, np.ones(2, np.float32)), np.zeros((240, 320, 3), np.uint8))
    held = refiner._people, refiner._heir
    assert [len(part) < 40 for part in held] == [True, True]
    assert max(len(p.times) for p in refiner._people.values()) < 120


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 5), unique=True, max_size=4), max_size=80),
    st.floats(0.05, 1.0),
)
def test_whatever_comes_in_each_frame_comes_out_once_with_each_id_once(frames: list[list[int]], step_s: float) -> None:
    refiner, final = Refiner(), []
    for k, ids in enumerate(frames):
        boxes = np.array([[40.0 * i, 20, 40 * i + 20, 80] for i in ids], np.float32).reshape(-1, 4)
        tracks = Tracks(np.array(ids, np.int64), boxes, np.ones(len(ids), np.float32))
        final += refiner.push(k * step_s, tracks, np.zeros((120, 320, 3), np.uint8))
    final += refiner.finish()
    assert [step.at_s for step in final] == [k * step_s for k in range(len(frames))]
    for step in final:
        assert len(set(step.tracks.ids.tolist())) == len(step.tracks)
        assert np.isfinite(step.tracks.boxes).all()

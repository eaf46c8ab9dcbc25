"""A camera knows that it is blind: real views, everything that can spoil them, and hours in which nothing does."""

from __future__ import annotations

import copy
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice, pairwise
from statistics import median

import cv2
import numpy as np
import pytest
import views
from scenes import at
from views import Image, Spoil

from motcua.edge.sight import BACK_S, Sight, Sighting, SightSettings

SETTINGS = SightSettings()
SCENES: dict[str, Callable[..., Iterator[Image]]] = {
    "still": views.still,
    "filmed": views.filmed,
    "crowded": views.crowded,
    "dark": views.dark,
}
SPOILS: dict[str, tuple[Spoil, set[str]]] = {
    "black": (views.black, {"black"}),
    "blurred": (views.blurred, {"blurred"}),
    "out of focus": (views.out_of_focus, {"blurred"}),
    "tape": (views.tape, {"covered"}),
    "hand": (views.hand, {"covered"}),
    "half a cloth": (views.half_a_cloth, {"covered"}),
    "turned a little": (views.turned_a_little, {"moved"}),
    "turned away": (views.turned_away, {"moved"}),
    "tilted": (views.tilted, {"moved"}),
    "flooded": (views.flooded, {"flooded"}),
    "half flooded": (views.half_flooded, {"flooded"}),
    "frozen": (lambda image, rng: image, {"frozen"}),
}
UNTOLD_IN_THE_DARK = {"blurred", "half a cloth"}
"""With the lights off, noise is as strong as fine structure, and half of the place may be too dark to show."""
OTHER_REASONS = {
    "dark": {
        "out of focus": {"black", "covered"},
        **{spoiled: {"black", "moved"} for spoiled in ("turned a little", "turned away", "tilted")},
    },
    "crowded": {
        "turned away": {"moved", "covered"},  # nothing of the place is seen, and all that is seen moves
        "turned a little": {"moved", "covered"},
        "tilted": {"moved", "covered"},
        "out of focus": {"blurred", "moved", "covered"},
        "half flooded": {"flooded", "covered"},
    },
}


def look(sight: Sight, pictures: Iterable[Image], start: float) -> list[Sighting]:
    """A picture a second from ``start`` on."""
    return [sight.look(image, at(start + second)) for second, image in enumerate(pictures)]


@cache
def learned(scene: str, seed: int, seconds: int) -> tuple[Sight, tuple[Image, ...]]:
    """A sight that has looked at a scene for so long, and the 30 pictures that follow."""
    pictures = SCENES[scene](seconds + 30, seed)
    sight = Sight(SETTINGS)
    seen = look(sight, islice(pictures, seconds), 0)
    assert [s.blind for s in seen if s.blind is not None] == []
    return sight, tuple(pictures)


def detection(scene: str, seed: int, seconds: int, spoiled: str) -> tuple[int | None, str | None]:
    """(seconds from the spoiling of the view to the alarm, its reason). The view is spoiled right after a look: the worst case."""
    known, pictures = learned(scene, seed, seconds)
    sight, rng = copy.deepcopy(known), np.random.default_rng(seed)
    spoil, _ = SPOILS[spoiled]
    for second, image in enumerate(pictures[:20]):
        seen = spoil(pictures[0] if spoiled == "frozen" else image, rng)
        sighting = sight.look(seen, at(seconds + second))
        if sighting.blind is not None:
            return second + 1, sighting.blind
    return None, None


def is_dark(scene: str, seed: int, seconds: int) -> bool:
    return float(learned(scene, seed, seconds)[1][0].mean()) < 30


def check_detection(scene: str, seed: int, seconds: int, spoiled: str) -> int | None:
    delay, reason = detection(scene, seed, seconds, spoiled)
    dark = is_dark(scene, seed, seconds)
    if dark and spoiled in UNTOLD_IN_THE_DARK:
        return None
    assert delay is not None
    assert delay <= 10
    lit = "dark" if dark else scene
    assert reason in SPOILS[spoiled][1] | OTHER_REASONS.get(lit, {}).get(spoiled, set())
    return delay


@pytest.mark.parametrize("spoiled", SPOILS)
@pytest.mark.parametrize(("scene", "seconds"), [("filmed", 20), *((scene, 200) for scene in SCENES)])
def test_a_spoiled_view_is_told_within_ten_seconds(scene: str, seconds: int, spoiled: str) -> None:
    assert is_dark(scene, 1, seconds) is (scene == "dark" and seconds == 200)
    check_detection(scene, 1, seconds, spoiled)


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
def test_a_spoiled_view_is_told_whatever_the_seed(scene: str, capsys: pytest.CaptureFixture[str]) -> None:
    told: dict[str, list[int]] = {}
    for seed, seconds, spoiled in itertools.product(range(1, 6), (20, 300, 900), SPOILS):
        name = f"{spoiled}, lights off" if is_dark(scene, seed, seconds) else spoiled
        delay = check_detection(scene, seed, seconds, spoiled)
        told.setdefault(name, []).extend([] if delay is None else [delay])
    learned.cache_clear()
    with capsys.disabled():
        for name, delays in told.items():
            figures = f"median {median(delays):g} s, worst {max(delays)} s" if delays else "not told"
            print(f"\n{scene}, {name}: {figures} (n = {len(delays)})", end="")


PASSAGES = {"still": 660, "filmed": 200, "crowded": 200, "dark": 300}
"""Seconds: a cloud and pictures that the codec repeats; a lap and a half; people who come; the lights go out."""


@pytest.mark.parametrize("scene", SCENES)
def test_nothing_is_told_while_all_is_well(scene: str) -> None:
    """A sight that is too hasty shows that these passages hold what can be mistaken."""
    sight, hasty = Sight(SETTINGS), Sight(SightSettings(frozen_s=3))
    seen = [(sight.look(image, at(s)), hasty.look(image, at(s))) for s, image in enumerate(SCENES[scene](PASSAGES[scene]))]
    assert {s.blind for s, _ in seen} == {None}
    assert {s.suspect for s, _ in seen} <= {None, "frozen"}
    assert {s.blind for _, s in seen} == ({None, "frozen"} if scene == "still" else {None})


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 1 + int(os.environ.get("MOTCUA_TEST_SEEDS", "1"))))
@pytest.mark.parametrize("scene", SCENES)
def test_nothing_is_told_in_eight_hours_while_all_is_well(scene: str, seed: int) -> None:
    sight = Sight(SETTINGS)
    for second, image in enumerate(SCENES[scene](8 * 3600, seed)):
        assert sight.look(image, at(second)).blind is None, f"after {second} s"


@pytest.mark.parametrize("spoiled", [s for s in SPOILS if SPOILS[s][1] != {"moved"}])
def test_sight_comes_back_within_seconds_once_the_view_is_free(spoiled: str) -> None:
    known, pictures = learned("filmed", 1, 200)
    sight, rng = copy.deepcopy(known), np.random.default_rng(1)
    spoil, (reason,) = SPOILS[spoiled]
    blind = [
        sight.look(spoil(pictures[0] if spoiled == "frozen" else image, rng), at(200 + s))
        for s, image in enumerate(pictures)
    ]
    assert blind[-1].blind == reason
    assert blind[-1].seen_until <= at(200)
    after = look(sight, pictures, 230)
    assert [s.blind for s in after[:3]] == [reason] * 3
    assert {s.blind for s in after[5:]} == {None}
    assert after[-1].seen_until == at(259)


def turned() -> Sight:
    """A sight whose camera was turned a little after 200 s, and which knows it 30 s later."""
    known, pictures = learned("filmed", 1, 200)
    sight, rng = copy.deepcopy(known), np.random.default_rng(1)
    assert look(sight, (views.turned_a_little(image, rng) for image in pictures), 200)[-1].blind == "moved"
    assert sight.moved
    return sight


def test_a_moved_camera_stays_blind_until_it_shows_the_old_view_again() -> None:
    sight, rng = turned(), np.random.default_rng(2)
    still_elsewhere = look(sight, (views.turned_a_little(image, rng) for image in views.filmed(80)), 230)
    assert {s.blind for s in still_elsewhere} == {"moved"}
    back = [s.blind for s in look(sight, views.filmed(70), 310)]
    assert back[: round(BACK_S)] == ["moved"] * round(BACK_S)
    assert set(back[round(BACK_S) + 2 :]) == {None}
    assert not sight.moved


def test_a_moved_camera_sees_again_once_somebody_confirms_the_new_view() -> None:
    sight, rng = turned(), np.random.default_rng(2)
    sight.confirm()
    seen = look(sight, (views.turned_a_little(image, rng) for image in views.filmed(100)), 230)
    assert {s.blind for s in seen} == {None}
    assert look(sight, views.filmed(12), 330)[-1].blind == "moved", "the new view is the one that counts"


def test_a_moved_camera_that_is_covered_as_well_is_still_moved_when_the_cover_is_gone() -> None:
    sight, rng = turned(), np.random.default_rng(2)
    assert look(sight, (views.tape(image, rng) for image in views.filmed(20)), 230)[-1].blind == "covered"
    assert look(sight, (views.turned_a_little(image, rng) for image in views.filmed(20)), 250)[-1].blind == "moved"


def test_a_camera_found_moved_before_a_restart_is_blind_until_somebody_confirms() -> None:
    sight = Sight(SETTINGS, moved=True)
    assert {s.blind for s in look(sight, views.filmed(150), 0)} == {"moved"}
    sight.confirm()
    assert {s.blind for s in look(sight, views.filmed(30), 150)} == {None}


def test_a_camera_that_sinks_bit_by_bit_is_found_moved() -> None:
    sight, blind = Sight(SightSettings(learn_s=60)), list[str | None]()
    for second, image in enumerate(views.still(600)):
        sunk = max(0.0, second - 120) / 40  # pixels: hardly anything from one minute to the next
        image = cv2.warpAffine(image, np.array([[1, 0, 0], [0, 1, -sunk]]), views.SIZE, borderMode=cv2.BORDER_REFLECT)
        blind.append(sight.look(np.asarray(image, dtype=np.uint8), at(second)).blind)
    assert blind[120] is None
    assert blind[-1] == "moved"


def test_who_stands_before_the_lens_for_a_while_hides_nothing_for_good() -> None:
    known, pictures = learned("filmed", 1, 200)
    sight, rng = copy.deepcopy(known), np.random.default_rng(5)

    def close(seconds: int) -> Iterator[Image]:
        for image in islice(itertools.cycle(pictures), seconds):
            body, sways = image.copy(), round(float(rng.normal(0, 12)))
            folds = 60 + 30 * np.sin((np.arange(200) + sways) / 25)  # clothes: soft shades, and never quite at rest
            body[:, 60:260] = folds[None, :, None].astype(np.uint8)
            yield np.asarray(cv2.add(body, views.grains(2.0)[0][: views.SIZE[1], : views.SIZE[0]], dtype=cv2.CV_8U))

    assert {s.blind for s in look(sight, close(40), 200)} == {None}
    assert {s.blind for s in look(sight, views.filmed(20), 240)} == {None}
    assert look(sight, close(70), 260)[-1].blind == "covered", "who does not walk on hides the place"


@pytest.mark.parametrize(
    ("spoil", "reason"), [(views.black, "black"), (views.tape, "covered"), (views.flooded_whole, "flooded")]
)
def test_a_camera_that_begins_blind_knows_it(spoil: Spoil, reason: str) -> None:
    rng = np.random.default_rng(1)
    seen = look(Sight(SETTINGS), (spoil(image, rng) for image in views.filmed(10)), 0)
    assert seen[5].blind is None
    assert seen[-1].blind == reason


def test_what_a_mask_hides_neither_freezes_nor_moves_the_picture() -> None:
    """A clock that the camera writes into its picture goes on while the picture stands still."""
    mask = np.ones((9, 12), dtype=bool)
    mask[0, :4] = False
    with_clock, without = Sight(SETTINGS, mask), Sight(SETTINGS)
    shown = views.film()[0].copy()
    for second in range(20):
        shown[4:20, 8:100] = second * 10
        seen = with_clock.look(shown.copy(), at(second)), without.look(shown.copy(), at(second))
    assert [s.blind for s in seen] == ["frozen", None]


def test_a_stream_that_comes_back_is_looked_at_afresh() -> None:
    known, pictures = learned("filmed", 1, 200)
    sight, rng = copy.deepcopy(known), np.random.default_rng(1)
    first = sight.look(views.black(pictures[0], rng), at(260))
    assert (first.blind, first.suspect, first.seen_until) == (None, "black", at(260)), (
        "a minute without frames is no fault of this one"
    )
    back = sight.look(views.black(pictures[0], rng), at(10))
    assert (back.blind, back.seen_until) == (None, at(10)), "a clock that went back"


def test_between_two_looks_the_last_answer_stands() -> None:
    known, pictures = learned("filmed", 1, 200)
    sight, rng = copy.deepcopy(known), np.random.default_rng(1)
    answers = [sight.look(views.black(pictures[0], rng), at(200 + tenth / 10)) for tenth in range(61)]
    assert all(one is other for one, other in pairwise(answers[:9]))
    assert len({id(answer) for answer in answers}) == 7


@pytest.mark.parametrize("wrong", [{"confirm_s": 0}, {"clear_s": -1}, {"close_s": 5}])
def test_settings_that_make_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="settings of sight"):
        SightSettings(**wrong)  # type: ignore[arg-type]

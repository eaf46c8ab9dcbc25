"""A place compared with itself: known pictures, known answers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import views
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from views import Image

from motcua.edge import picture
from motcua.edge.picture import COLUMNS, HEIGHT, ROWS, WIDTH, Difference, Fault, Grey, bare, compare, small

ALL = np.ones((ROWS, COLUMNS), dtype=bool)


def sharp() -> float:
    known = picture.sharpness_of(small(views.place()), ALL)
    assert known is not None
    return known


def against_place(image: Image, last: Image | None = None, counted: NDArray[np.bool_] = ALL) -> Difference:
    """A picture of the sample film's place against the place without people."""
    now = small(image)
    before = now if last is None else small(last)
    return compare(now, before, now, small(views.place()), sharp(), counted)


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_a_place_is_itself() -> None:
    same = against_place(views.place())
    assert (same.fault, same.kept, same.flat, same.dimmed, same.moving) == (None, 1.0, 0.0, False, False)
    assert same.same.all()
    assert same.sharpness == pytest.approx(sharp())


@settings(max_examples=40, deadline=None)
@given(gain=st.floats(0.08, 1.3), noise=st.floats(0, 3), seed=st.integers(0, 1000))
def test_light_and_noise_are_no_faults(gain: float, noise: float, seed: int) -> None:
    grain = np.random.default_rng(seed).normal(0, noise * min(1.0, gain), views.place().shape)
    lit = np.clip(views.place() * gain + grain, 0, 255).astype(np.uint8)
    found = against_place(lit)
    assert found.fault is None
    assert found.kept > 0.6
    assert found.dimmed is (gain < 0.5) or 0.45 < gain < 0.55


@settings(max_examples=40, deadline=None)
@given(
    people=st.lists(
        st.tuples(st.integers(0, 19), st.floats(0, 384), st.floats(60, 300), st.floats(0.6, 2.0)), min_size=0, max_size=40
    )
)
def test_people_are_no_faults(people: list[tuple[int, float, float, float]]) -> None:
    image = views.place().copy()
    for who, x, y, scale in people:
        views.put(image, who, x, y, scale)
    assert against_place(image).fault is None


@settings(max_examples=30, deadline=None)
@given(dx=st.floats(-35, 35), dy=st.floats(-30, 30))
def test_a_shift_of_a_fortieth_of_the_picture_or_more_is_a_move(dx: float, dy: float) -> None:
    shift = np.array([[1, 0, dx], [0, 1, dy]])
    image = cv2.warpAffine(views.place(), shift, views.SIZE, borderMode=cv2.BORDER_REFLECT)
    found = against_place(np.asarray(image, dtype=np.uint8)).fault
    far = np.hypot(dx / views.SIZE[0], dy / views.SIZE[1] * HEIGHT / WIDTH)
    if far >= 0.025:
        assert found == "moved"
    elif far <= 0.008:
        assert found is None


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (views.black, "black"),
        (views.blurred, "blurred"),
        (views.out_of_focus, "blurred"),
        (views.tape, "covered"),
        (views.half_a_cloth, "covered"),
        (views.turned_away, "moved"),
        (views.tilted, "moved"),
        (views.flooded, "flooded"),
        (views.half_flooded, "flooded"),
    ],
)
def test_each_way_to_spoil_a_picture_has_its_name(spoil: views.Spoil, fault: Fault) -> None:
    found = against_place(spoil(views.place(), rng()), spoil(views.place(), np.random.default_rng(2)))
    assert found.fault == fault
    assert not found.moving


def test_what_hides_a_part_and_moves_is_told_from_what_stands() -> None:
    def hidden(shade: int) -> Image:
        image = views.sensed(views.place(), rng())
        image[:, :200] = shade
        return image

    assert (against_place(hidden(60), hidden(60)).fault, against_place(hidden(60), hidden(60)).moving) == ("covered", False)
    assert against_place(hidden(60), hidden(70)).moving


def test_what_fills_the_picture_and_moves_hides_it_but_a_picture_that_stands_elsewhere_is_a_move() -> None:
    one, other = (views.turned_away(image, rng()) for image in (views.film()[3], views.film()[3][:, ::-1].copy()))
    assert against_place(one, one).fault == "moved"
    assert against_place(one, other).fault == "covered"


def test_nothing_to_see_is_told_without_knowing_the_place() -> None:
    def plain(level: float, noise: float = 0.6) -> Grey:
        return np.clip(rng().normal(level, noise, (HEIGHT, WIDTH)), 0, 255).astype(np.float32)

    assert [bare(plain(level), ALL) for level in (4, 120, 255)] == ["black", "covered", "flooded"]
    assert bare(plain(4, noise=2.0), ALL) == "black", "a sensor without light is noisy"
    assert bare(small(views.place()), ALL) is None
    assert bare(small(views.sensed(views.place(), rng(), gain=0.1)), ALL) is None, "a dark room is not a black picture"


def test_masked_cells_do_not_count() -> None:
    image = views.place().copy()
    image[:, :192] = 60
    counted = ALL.copy()
    counted[:, :6] = False
    assert against_place(image).fault == "covered"
    assert against_place(image, counted=counted).fault is None


def test_a_bare_place_cannot_be_compared_but_its_black_picture_is_black() -> None:
    wall = np.full((HEIGHT, WIDTH), 120, dtype=np.float32)
    other = wall + 3
    assert compare(other, other, other, wall, None, ALL).fault == "covered", (
        "a place that shows nothing is as good as hidden"
    )
    wall[:16, :64] += np.tile([0, 40], 32)[None, :]
    wall[80:84] += 60
    assert compare(wall, wall, wall, wall, None, ALL).fault is None
    black = np.zeros_like(wall)
    assert compare(black, black, black, wall, None, ALL).fault == "black"


def test_sharpness_falls_with_blur_and_not_with_light() -> None:
    blurs = [
        picture.sharpness_of(small(np.asarray(cv2.GaussianBlur(views.place(), (0, 0), s))), ALL) for s in (0.5, 1, 2, 3)
    ]
    assert blurs == sorted(blurs, key=lambda value: -(value or 0.0))
    dim = picture.sharpness_of(small(views.place() // 2), ALL)
    assert dim == pytest.approx(sharp(), rel=0.15)
    assert picture.sharpness_of(np.full((HEIGHT, WIDTH), 9, dtype=np.float32), ALL) is None


@pytest.mark.parametrize("size", [(1920, 1080), (768, 576), (384, 288), (200, 120)])
def test_pictures_of_any_size_become_the_same_small_one(size: tuple[int, int]) -> None:
    found = small(np.asarray(cv2.resize(views.place(), size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8))
    assert found.shape == (HEIGHT, WIDTH)
    assert found.dtype == np.float32
    assert np.corrcoef(found.ravel(), small(views.place()).ravel())[0, 1] > 0.97

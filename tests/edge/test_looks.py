"""The colours of clothes: alike with alike, apart from others, whatever the box."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.edge.looks import SIZE, blend, looks


def _scene() -> np.ndarray:
    """A grey floor with a red person, a blue one, and a red one in a little less light."""
    image = np.full((100, 300, 3), 128, np.uint8)
    for x, colour in ((20, (40, 40, 200)), (120, (200, 60, 40)), (220, (35, 35, 185))):
        image[20:80, x : x + 20] = colour
    return image


BOXES = np.array([[20, 20, 40, 80], [120, 20, 140, 80], [220, 20, 240, 80]], np.float32)


def test_the_same_clothes_in_less_light_are_more_alike_than_others() -> None:
    red, blue, darker = looks(_scene(), BOXES)
    assert red @ red == pytest.approx(1, abs=1e-5)
    assert red @ darker > 0.9
    assert red @ blue < 0.6


def test_what_is_worn_above_and_below_is_told_apart() -> None:
    image = np.full((100, 200, 3), 128, np.uint8)
    image[0:50, 0:100] = image[50:100, 100:200] = (40, 40, 200)
    one, other = looks(image, np.array([[0, 0, 100, 100], [100, 0, 200, 100]], np.float32))
    assert one @ other < 0.9


@given(st.lists(st.tuples(*[st.floats(-500, 900, allow_nan=False)] * 4), max_size=6))
def test_any_box_gives_a_look_of_length_one(boxes: list[tuple[float, ...]]) -> None:
    found = looks(_scene(), np.array(boxes, np.float32).reshape(-1, 4))
    assert found.shape == (len(boxes), SIZE)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-4)


def test_blending_moves_towards_the_new_look() -> None:
    red, blue = looks(_scene(), BOXES[:2])[:, None]
    mixed = blend(red, blue, np.array([0.3]))
    assert (red @ blue.T).item() < (mixed @ blue.T).item() < (mixed @ red.T).item()
    assert np.linalg.norm(mixed) == pytest.approx(1, abs=1e-5)
    assert blend(red, blue, np.array([0.0])) == pytest.approx(red, abs=1e-6)

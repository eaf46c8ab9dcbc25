"""Exactly one OpenCV is left, whichever packages brought theirs."""

from __future__ import annotations

import re

import cv2
import pytest

from motcua.onebox.one_opencv import CONSTRAINTS, OTHERS, WANTED, installed, others


@pytest.mark.parametrize(
    ("found", "gone"),
    [
        ({}, []),
        ({WANTED: "4.14"}, []),
        ({WANTED: "4.14", "opencv-python": "5.0"}, ["opencv-python"]),
        (dict.fromkeys((WANTED, *OTHERS), "4.14"), sorted(OTHERS)),
    ],
)
def test_the_others_have_to_go(found: dict[str, str], gone: list[str]) -> None:
    assert others(found) == gone


def test_this_environment_has_one_working_opencv_of_version_four() -> None:
    assert list(installed()) == [WANTED], "set-up leaves one: ./setup.sh"
    assert cv2.__version__.startswith("4.")


def test_every_opencv_is_held_to_the_same_version() -> None:
    pins = dict(re.findall(r"^(opencv[\w-]*)==(\S+)$", CONSTRAINTS.read_text(), re.MULTILINE))
    assert set(pins) == {WANTED, *OTHERS}
    assert len(set(pins.values())) == 1

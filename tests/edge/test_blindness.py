from __future__ import annotations

from typing import get_args

import pytest
from scenes import START, at

from motcua.edge.blindness import Arrivals, way_out
from motcua.edge.messages import BlindReason


def test_every_reason_has_one_plain_sentence_with_a_way_out() -> None:
    said = {reason: way_out(reason, "cam-1", 8.0) for reason in get_args(BlindReason)}
    assert len(set(said.values())) == len(said) == 8
    assert all(": " in text and "{" not in text and len(text) < 200 for text in said.values())
    assert said["no_frames"].startswith("no frame for over 8 s")
    assert "--camera cam-1" in said["moved"]


def test_frames_that_do_not_come() -> None:
    arrivals = Arrivals(START, 8.0)
    assert [arrivals.problem(at(s)) for s in (0, 8, 8.1)] == [None, None, "no_frames"]
    arrivals.count(at(9), at(9.1))
    assert [arrivals.problem(at(s)) for s in (10, 17.1, 17.2)] == [None, None, "no_frames"]


@pytest.mark.parametrize("lag", [5.5, 30.0])
def test_frames_that_come_late_for_a_while_are_told_within_ten_seconds(lag: float) -> None:
    arrivals, told = Arrivals(START, 8.0), list[float]()
    for tenth in range(100):
        now = tenth / 10
        arrivals.count(at(now - lag), at(now))
        told += [now] if arrivals.problem(at(now)) == "lagging" else []
    assert told[0] == 3.0
    assert told[-1] == 9.9
    arrivals.count(at(9.5), at(10))
    assert arrivals.problem(at(10)) is None


def test_a_hiccup_is_not_lagging() -> None:
    arrivals = Arrivals(START, 8.0)
    for now, taken in ((6.0, 0.5), (6.5, 1.0), (7.0, 6.9)):
        arrivals.count(at(taken), at(now))
        assert arrivals.problem(at(now)) is None

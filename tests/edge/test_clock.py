from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from scenes import at

from motcua.edge.clock import StreamClock


def test_a_backlog_keeps_its_distances_in_time() -> None:
    clock = StreamClock()
    assert [clock.taken(n / 10, at(5 + n / 10)) for n in range(3)] == [at(5), at(5.1), at(5.2)]
    burst = [clock.taken(n / 10, at(8 + n / 1000)) for n in range(3, 30)]  # held up until the 8th second
    assert max(abs(t - at(5 + n / 10)) for n, t in enumerate(burst, 3)) < timedelta(milliseconds=2)


def test_a_slow_start_is_put_right_by_the_first_fast_picture() -> None:
    clock = StreamClock()
    assert clock.taken(0.0, at(2)) == at(2)  # in truth two seconds old
    assert clock.taken(2.0, at(2.1)) == at(2.1)
    assert clock.taken(2.5, at(3.6)) == at(2.6) + timedelta(seconds=1.5 * 2e-4)


def test_a_timestamp_that_does_not_grow_says_nothing() -> None:
    clock = StreamClock()
    for stamp, second in ((5.0, 1), (5.0, 2), (0.0, 3), (float("nan"), 4), (1.0, 5), (1.5, 5.5)):
        assert clock.taken(stamp, at(second)) == at(second)


def test_a_camera_whose_clock_is_slow_does_not_seem_to_lag() -> None:
    clock = StreamClock()
    lags = [at(n) - clock.taken(n * (1 - 1e-4), at(n)) for n in range(20_000)]
    assert max(lags) < timedelta(milliseconds=1)


@given(st.lists(st.tuples(st.floats(0.001, 5), st.floats(0, 5)), min_size=1, max_size=50))
def test_never_after_the_arrival_and_never_backwards(steps: list[tuple[float, float]]) -> None:
    clock, stamp, second, last = StreamClock(), 0.0, 0.0, at(-1)
    for more, wait in steps:
        stamp, second = stamp + more, second + wait
        taken = clock.taken(stamp, at(second))
        assert last <= taken <= at(second)
        last = taken

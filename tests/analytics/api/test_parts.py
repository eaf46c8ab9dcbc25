"""The pure parts of the API."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from motcua.analytics.api.limits import Limiter
from motcua.analytics.api.live import encode
from motcua.analytics.api.views import subtree


@given(st.lists(st.floats(0, 600), min_size=1, max_size=200), st.integers(1, 60))
def test_no_more_than_the_limit_gets_through(times: list[float], per_minute: int) -> None:
    limiter = Limiter(per_minute)
    passed = [at for at in sorted(times) if limiter.wait_s("k", at) == 0]
    for start in passed:
        within = [at for at in passed if start <= at < start + 60]
        assert len(within) <= 2 * per_minute
    assert passed[0] == min(times)


def test_one_key_does_not_use_up_another_and_the_wait_is_told() -> None:
    limiter = Limiter(6)
    assert [limiter.wait_s("a", 0) for _ in range(6)] == [0] * 6
    assert limiter.wait_s("a", 0) == 10
    assert limiter.wait_s("b", 0) == 0
    assert limiter.wait_s("a", 10.01) == 0


def test_memory_stays_bounded_under_a_flood_of_keys() -> None:
    limiter = Limiter(6)
    for i in range(60_000):
        limiter.wait_s(f"k{i}", 0)
    assert len(limiter._levels) <= 20_001


def test_a_subtree_is_the_office_and_all_below_even_in_a_circle() -> None:
    offices = [
        {"office_id": i, "parent_id": p}
        for i, p in [("a", None), ("b", "a"), ("c", "b"), ("d", None), ("e", "f"), ("f", "e")]
    ]
    assert subtree(offices, "a") == {"a", "b", "c"}
    assert subtree(offices, "e") == {"e", "f"}
    assert subtree(offices, None) == set("abcdef")


def test_events_are_encoded_as_the_standard_has_it() -> None:
    assert encode(["vl-1"]).startswith('event: office\ndata: {"office_id": "vl-1", "at": "')
    assert encode(["vl-1"]).endswith("\n\n")
    assert encode([]).startswith("event: ping\n")

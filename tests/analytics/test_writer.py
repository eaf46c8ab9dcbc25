"""Ranges of confirmations, by property."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from motcua.analytics.writer import Written, to_ranges


@given(st.sets(st.integers(1, 200)))
def test_ranges_hold_exactly_the_numbers(numbers: set[int]) -> None:
    ranges = to_ranges(numbers)
    assert {n for low, high in ranges for n in range(low, high + 1)} == numbers
    assert all(high + 1 < low for (_, high), (low, _) in itertools.pairwise(ranges))


def test_many_ranges_are_told_in_several_confirmations() -> None:
    written = Written()
    written.seqs["o", "s", 1] = set(range(1, 5001, 2))
    told = [r for _, c in written.confirmations() for r in c.ranges]
    assert len(told) == 2500
    assert all(len(c.ranges) <= 1000 for _, c in written.confirmations())

"""Corrected curves and first-come-first-served matching: exact where counts are, against theory, and bounded where they are not."""

from __future__ import annotations

import heapq
import random
from itertools import takewhile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.analytics.curves import Counted, corrected
from motcua.analytics.fifo import match
from motcua.onebox.queue_sim import Customer, QueueModel, customers

STEP_S = 60.0


def counted(people: list[Customer], *, watching: bool = True) -> Counted:
    """Exact minutes, until a minute after the last one has left the queue."""
    n = int(max(c.arrival_s + c.waiting_s for c in people) // STEP_S) + 2
    joined, started, left, seen = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    ends = np.arange(n + 1) * STEP_S
    for c in people:
        gone_s = c.arrival_s + c.waiting_s
        joined[int(c.arrival_s // STEP_S)] += 1
        (left if c.start_s is None else started)[int(gone_s // STEP_S)] += 1
        seen += np.clip(np.minimum(ends[1:], gone_s) - np.maximum(ends[:-1], c.arrival_s), 0, None) / STEP_S
    return Counted(joined, started, left, seen if watching else np.full(n, np.nan), np.zeros(n))


def morning(model: QueueModel, seed: int, hours: float = 4) -> list[Customer]:
    return list(takewhile(lambda c: c.arrival_s < hours * 3600, customers(model, seed)))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), load=st.floats(0.5, 1.2), counters=st.integers(1, 6), watching=st.booleans())
def test_with_exact_counts_nothing_is_corrected_and_the_matching_agrees_with_the_area(
    seed: int, load: float, counters: int, watching: bool
) -> None:
    people = morning(QueueModel(counters, load=load, patience_mean_s=1e9), seed)
    curve = corrected(counted(people, watching=watching), over=True)
    area_s = curve.waiting.sum() * STEP_S / curve.gone.sum()
    by_match = match(curve.waiting, curve.started, curve.left, STEP_S)
    assert curve.drift == pytest.approx(0)
    assert curve.scale == pytest.approx(1)
    assert by_match.mean_s == pytest.approx(area_s, rel=0.03, abs=10)
    assert by_match.n == pytest.approx(len(people))


@pytest.mark.parametrize("watching", [True, False])
def test_with_exact_counts_the_area_is_the_truth(watching: bool) -> None:
    """Over many mornings; what the counts' coarse steps do to a single one with few people is chance."""
    true, area = [], []
    for seed in range(24):
        people = morning(QueueModel(1 + seed % 6, load=0.5 + 0.03 * seed, patience_mean_s=1e9), seed)
        curve = corrected(counted(people, watching=watching), over=True)
        true.append(sum(c.waiting_s for c in people) / len(people))
        area.append(curve.waiting.sum() * STEP_S / curve.gone.sum())
    assert sum(area) == pytest.approx(sum(true), rel=0.02)
    assert np.median(np.abs(np.array(area) - true) / true) < 0.03


def test_exact_waits_come_back_one_by_one() -> None:
    """Everybody waits for ten minutes: so say mean, quantiles and shares."""
    people = [Customer(60.0 * i + 30, 60.0 * i + 630, 60.0 * i + 900, 0) for i in range(120)]
    curve = corrected(counted(people), over=True)
    found = match(curve.waiting, curve.started, curve.left, STEP_S)
    for share in (0.1, 0.5, 0.9):
        assert found.quantile_s(share) == pytest.approx(600, abs=30)
    assert (found.within(900), found.within(300)) == (pytest.approx(1), pytest.approx(0, abs=0.05))
    assert curve.waiting[20:100] == pytest.approx(10, abs=0.3)


def test_the_matching_gives_erlangs_wait_back() -> None:
    """M/M/2 at a load of 0.6: Wq = C(2, 1.2) / (2 μ − λ) = 0.45 / 0.8 × 300 s (Erlang 1917)."""
    model = QueueModel(2, load=0.6, service_mean_s=300, patience_mean_s=1e9, swing=0.0, law="exponential")
    total_s, true_s, n = 0.0, 0.0, 0.0
    for seed in range(12):
        people = morning(model, seed, hours=50)
        curve = corrected(counted(people, watching=False), over=True)
        found = match(curve.waiting, curve.started, curve.left, STEP_S)
        total_s, n = total_s + (found.mean_s or 0) * found.n, n + found.n
        true_s += sum(c.waiting_s for c in people)
    assert total_s == pytest.approx(true_s, rel=0.01)
    assert total_s / n == pytest.approx(168.8, rel=0.12)


def test_who_gives_up_is_taken_from_among_the_waiting() -> None:
    """With exponential patience the wait of the received comes back, though nobody knows who left."""
    true_s, told_s, n = 0.0, 0.0, 0.0
    for seed in range(8):
        people = _impatient(seed)
        curve = corrected(counted(people), over=True)
        found = match(curve.waiting, curve.started, curve.left, STEP_S)
        received = [c.waiting_s for c in people if c.start_s is not None]
        assert sum(c.start_s is None for c in people) > 0.1 * len(people)
        true_s, told_s, n = true_s + sum(received), told_s + (found.mean_s or 0) * found.n, n + len(received)
    assert told_s == pytest.approx(true_s, rel=0.05)


def _impatient(seed: int) -> list[Customer]:
    """One counter after the other, patience exponential with a mean of 20 minutes, too many people."""
    chance, free, found, at = random.Random(seed), [0.0, 0.0, 0.0], [], 0.0
    while (at := at + chance.expovariate(3 * 1.2 / 300)) < 6 * 3600:
        patience, soonest = chance.expovariate(1 / 1200), free[0]
        start = max(at, soonest)
        if start - at > patience:
            found.append(Customer(at, None, at + patience, None))
            continue
        end = start + chance.expovariate(1 / 300)
        heapq.heapreplace(free, end)
        found.append(Customer(at, start, end, 0))
    return found


@pytest.mark.parametrize(("hall", "counters"), [(0.9, 1.0), (1.0, 0.9), (1.1, 1.0), (0.9, 0.9)])
def test_a_camera_that_misses_people_evenly_changes_little(hall: float, counters: float) -> None:
    """Every tenth person missed at one camera: the bare curves drift apart by tens of people, the corrected ones do not."""
    people = morning(QueueModel(3, load=1.0, patience_mean_s=1e9), 5, hours=8)
    exact = counted(people)
    true_s = sum(c.waiting_s for c in people) / len(people)
    off = Counted(exact.joined * hall, exact.started * counters, exact.left, exact.seen * hall, exact.unseen)
    curve = corrected(off, over=True)
    assert curve.waiting.sum() * STEP_S / curve.gone.sum() == pytest.approx(true_s, rel=0.05)
    bare = np.cumsum(off.joined - off.started)
    assert hall == counters or abs(bare[-1]) > 20


def test_nothing_counted_is_unknown_and_does_not_fail() -> None:
    none = Counted(*(np.zeros(30) for _ in range(3)), np.full(30, np.nan), np.zeros(30))
    curve = corrected(none, over=False)
    assert curve.drift is None
    assert match(curve.waiting, curve.started, curve.left, STEP_S).mean_s is None

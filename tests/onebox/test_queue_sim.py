"""The simulated queue against theory: Erlang C, Little's law, conservation, and the same seed twice."""

from __future__ import annotations

import math
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.onebox.queue_sim import QueueModel, QueueNow, customers


def erlang_c_wait(arrivals: float, service_mean: float, counters: int) -> float:
    """Mean wait of M/M/c (Erlang 1917), in the unit of ``service_mean``."""
    offered = arrivals * service_mean
    top = offered**counters / math.factorial(counters) / (1 - offered / counters)
    bottom = sum(offered**k / math.factorial(k) for k in range(counters)) + top
    return top / bottom * service_mean / (counters - offered)


@pytest.mark.parametrize(("counters", "load"), [(1, 0.5), (2, 0.7), (4, 0.8)])
def test_waits_of_m_m_c_are_erlangs(counters: int, load: float) -> None:
    model = QueueModel(counters, load, patience_mean_s=1e12, swing=0.0, law="exponential")
    means = []
    for seed in range(12):
        people = list(islice(customers(model, seed), 12_000))[1000:]
        means.append(sum(c.waiting_s for c in people) / len(people))
    mean = sum(means) / len(means)
    spread = (sum((m - mean) ** 2 for m in means) / (len(means) - 1) / len(means)) ** 0.5
    assert abs(mean - erlang_c_wait(model.arrivals_per_s, model.service_mean_s, counters)) < 4 * spread


def test_littles_law_holds() -> None:
    model = QueueModel(3, 0.9)
    people = list(islice(customers(model, 5), 20_000))
    span = people[-1].arrival_s
    area = sum(min(c.arrival_s + c.waiting_s, span) - c.arrival_s for c in people)
    mean_wait = sum(c.waiting_s for c in people) / len(people)
    assert area / span == pytest.approx(len(people) / span * mean_wait, rel=0.01)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.floats(0.3, 1.5), st.integers(0, 10_000))
def test_nobody_is_lost_nobody_overtakes_and_no_counter_serves_two(counters: int, load: float, seed: int) -> None:
    people = list(islice(customers(QueueModel(counters, load), seed), 400))
    served = [c for c in people if c.start_s is not None]
    assert [c.start_s for c in served] == sorted(c.start_s for c in served if c.start_s is not None)
    for counter in range(counters):
        spans = sorted((c.start_s, c.departure_s) for c in served if c.counter == counter and c.start_s is not None)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    queue = QueueNow(QueueModel(counters, load), seed)
    gone = []
    for step in range(60):
        gone += queue.advance(300.0 * step)
        at = 300.0 * step
        assert len(queue.serving(at)) <= counters
        arrived = sum(c.arrival_s <= at for c in people)
        assert arrived == len(gone) + len(queue.inside) or arrived == 400


def test_the_same_seed_gives_the_same_people() -> None:
    model = QueueModel()
    assert list(islice(customers(model, 3), 500)) == list(islice(customers(model, 3), 500))
    assert list(islice(customers(model, 3), 500)) != list(islice(customers(model, 4), 500))

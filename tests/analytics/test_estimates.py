"""Periods' waits against lifelines, and Little's law against queues simulated by Ciw and known theory."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from statistics import fmean, stdev

import ciw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time

from motcua.analytics.estimates import (
    MIN_HOURS,
    Cell,
    Figure,
    Flow,
    Little,
    cell_of,
    differ,
    figure,
    little,
    merged,
    still_waiting,
)
from motcua.onebox.queue_sim import QueueModel, customers

HOUR = 3600.0


@dataclass(frozen=True)
class Person:
    """When they came, when they left the queue, and how; seconds."""

    arrival: float
    left: float
    how: str  # served, reneged, lost

    @property
    def wait(self) -> float:
        return self.left - self.arrival


def known(cells: Sequence[Cell]) -> Figure:
    found = figure(cells)
    assert found is not None
    return found


def censored_waits(seed: int, n: int, patience_s: float) -> list[tuple[float, bool]]:
    chance = random.Random(seed)
    pairs = [(chance.lognormvariate(6.3, 0.8), chance.expovariate(1 / patience_s)) for _ in range(n)]
    return [(min(pair), pair[0] <= pair[1]) for pair in pairs]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("patience_s", [800, 2000, 20_000])
@pytest.mark.parametrize("seed", range(3))
def test_bins_give_the_figures_of_the_rows_to_within_a_bin(seed: int, patience_s: float) -> None:
    rows = censored_waits(seed, 500, patience_s)
    got = known([cell_of(wait, event) for wait, event in rows])
    exact = KaplanMeierFitter().fit([w for w, _ in rows], [e for _, e in rows])
    assert got.mean_s == pytest.approx(restricted_mean_survival_time(exact, t=got.restricted_to_s), abs=30)
    assert abs((got.median_s or math.inf) - exact.median_survival_time_) <= 30
    if math.isfinite(exact.percentile(0.1)):
        assert abs((got.p90_s or math.inf) - exact.percentile(0.1)) <= 60
    bands = exact.confidence_interval_
    for mine, column in ((got.median_low_s, 0), (got.median_high_s, 1)):
        theirs = bands.index[bands.iloc[:, column] <= 0.5][0]
        assert mine is not None
        assert abs(mine - theirs) <= 60
    assert (got.n, got.censored) == (500, sum(not e for _, e in rows))


def test_without_censoring_mean_and_interval_are_the_plain_ones() -> None:
    waits = [w for w, _ in censored_waits(1, 400, 1e12) if w < 7200]
    got = known([cell_of(w) for w in waits])
    half = 1.966 * stdev(waits) / math.sqrt(len(waits))
    assert got.mean_s == pytest.approx(fmean(waits), abs=0.01)
    assert got.high_s == pytest.approx(fmean(waits) + half, rel=0.01)
    assert got.beyond_share == 0


def test_the_interval_of_the_restricted_mean_holds_the_truth_nineteen_times_in_twenty() -> None:
    chance, held = random.Random(7), 0
    for _ in range(400):
        pairs = [(chance.expovariate(1 / 600), chance.expovariate(1 / 2500)) for _ in range(150)]
        got = known([cell_of(min(p), p[0] <= p[1]) for p in pairs])
        true = 600 * (1 - math.exp(-got.restricted_to_s / 600))
        held += (got.low_s or 0) <= true <= (got.high_s or 0)
    assert 0.91 <= held / 400 <= 0.98


def test_waits_beyond_two_hours_are_known_to_be_that_long() -> None:
    got = known([cell_of(600), cell_of(9000), cell_of(9000, known=False), cell_of(1200)])
    assert (got.restricted_to_s, got.beyond_share) == (7200, 0.5)
    assert got.mean_s == pytest.approx((600 + 1200 + 7200 + 7200) / 4)
    assert got.p90_s is None


def test_what_cannot_be_known_is_none() -> None:
    assert figure([]) is None
    assert figure([cell_of(600, known=False)]) is None
    one = known([cell_of(600)])
    assert (one.mean_s, one.low_s, one.high_s) == (600, None, None)
    assert little([]) is None
    assert little([Flow(3600, 500, 0)]) is None
    assert differ([]) is None


@given(st.lists(st.tuples(st.floats(0, 9000), st.booleans()), min_size=1, max_size=80), st.randoms(use_true_random=False))
def test_figures_are_in_order_and_the_way_of_adding_up_changes_nothing(
    rows: list[tuple[float, bool]], chance: random.Random
) -> None:
    cells = [cell_of(wait, event) for wait, event in rows]
    got = figure(cells)
    chance.shuffle(cells)
    again = figure(merged(cells))
    if got is None:
        assert again is None
        return
    assert again is not None
    assert got.mean_s == pytest.approx(again.mean_s)
    assert 0 <= (got.low_s or 0) <= got.mean_s <= (got.high_s or 7200) + 1e-6 <= 7200 + 1e-3
    assert got.mean_s <= got.restricted_to_s <= 7200
    ordered = [got.median_low_s or 0, got.median_s or math.inf, got.median_high_s or math.inf]
    assert ordered == sorted(ordered)
    assert (got.p90_s or math.inf) >= (got.median_s or 0)


def hours_of(people: Sequence[Person], seen: Sequence[Person], hours: int) -> list[tuple[Flow, list[Cell]]]:
    """Little's sums from who was really there, the cells from what the tracks say, hour by hour."""
    found = []
    for h in range(hours):
        low, high = h * HOUR, (h + 1) * HOUR
        area = sum(max(0.0, min(p.left, high) - max(p.arrival, low)) for p in people)
        flow = Flow(HOUR, area, sum(low <= p.left < high for p in people))
        found.append((flow, [cell_of(p.wait, p.how != "lost") for p in seen if low <= p.arrival < high]))
    return found


def ciw_day(
    seed: int, *, hours: int = 10, counters: int = 3, load: float = 0.95, service_s: float = 300, patience_s: float | None
) -> list[Person]:
    """Ciw's M/M/c (+M) day from empty; everybody who queued at all."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(load * counters / service_s)],
        service_distributions=[ciw.dists.Exponential(1 / service_s)],
        reneging_time_distributions=None if patience_s is None else [ciw.dists.Exponential(1 / patience_s)],
        number_of_servers=[counters],
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time((hours + 4) * HOUR)
    people = []
    for r in simulation.get_all_records():
        reneged = r.record_type == "renege"
        left = r.exit_date if reneged else r.service_start_date
        if left > r.arrival_date and r.arrival_date < hours * HOUR:
            people.append(Person(r.arrival_date, left, "reneged" if reneged else "served"))
    return people


def broken(people: Sequence[Person], chance: random.Random, share: float) -> list[Person]:
    """What the tracks say when a share of them breaks once, at any moment of the wait."""
    seen = []
    for p in people:
        if chance.random() < share:
            cut = chance.uniform(p.arrival, p.left)
            seen += [Person(p.arrival, cut, "lost"), Person(cut, p.left, p.how)]
        else:
            seen.append(p)
    return seen


def law(people: Sequence[Person], hours: int = 14) -> Little:
    found = little([flow for flow, _ in hours_of(people, people, hours)])
    assert found is not None
    return found


def test_littles_wait_of_m_m_c_is_the_known_one() -> None:
    """Whoever queues in M/M/c waits 1 / (c mu - lambda) in the mean (Erlang 1917)."""
    counters, service_s, load = 3, 300, 0.8
    expected = service_s / (counters * (1 - load))
    days = [law(ciw_day(seed, hours=40, load=load, patience_s=None), 44) for seed in range(12)]
    means = [d.mean_s for d in days]
    assert abs(fmean(means) - expected) < 3 * stdev(means) / math.sqrt(len(means))
    held = sum((d.low_s or 0) <= expected <= (d.high_s or 0) for d in days)
    assert held >= 8, "the jackknife's interval over hours is of the right size"


@pytest.mark.parametrize("patience_s", [None, 400, 1500])
def test_l_is_lambda_w_and_reneging_alone_raises_no_flag(patience_s: float | None) -> None:
    for seed in range(8):
        people = ciw_day(seed, load=1.0 if patience_s is None else 1.3, patience_s=patience_s)
        reneged = sum(p.how == "reneged" for p in people)
        assert (reneged > 0.15 * len(people)) == (patience_s is not None)
        assert law(people).mean_s == pytest.approx(fmean(p.wait for p in people), rel=1e-6)
        assert differ(hours_of(people, people, 14)) is False, seed


def test_the_wait_of_the_served_is_no_measure_for_little() -> None:
    """Like with like: with many who give up, the wait of the served alone differs from Little's by far."""
    people = ciw_day(3, load=1.6, patience_s=500)
    served = fmean(p.wait for p in people if p.how == "served")
    assert abs(served / law(people).mean_s - 1) > 0.1


@pytest.mark.parametrize("patience_s", [None, 1500])
def test_half_of_the_tracks_broken_raises_the_flag_and_littles_stays_right(patience_s: float | None) -> None:
    raised = 0
    for seed in range(8):
        people = ciw_day(seed, load=1.0 if patience_s is None else 1.3, patience_s=patience_s)
        hours = hours_of(people, broken(people, random.Random(seed), 0.5), 14)
        true = fmean(p.wait for p in people)
        found = little([flow for flow, _ in hours])
        assert found is not None
        assert found.mean_s == pytest.approx(true, rel=0.05)
        censored = known([c for _, cells in hours for c in cells]).mean_s
        assert censored == pytest.approx(true, rel=0.15), "with the lost as censored most of the harm is mended"
        raised += differ(hours) is True
    assert raised == 8


def test_too_few_hours_tell_nothing() -> None:
    people = ciw_day(1, patience_s=None)
    hours = [h for h in hours_of(people, people, 14) if h[1]]
    assert differ(hours[: MIN_HOURS - 1]) is None
    assert differ(hours[: MIN_HOURS + 1]) is not None


def growing(seed: int, until: float) -> tuple[list[float], list[float], list[tuple[float, bool]], list[float]]:
    """A queue that grows: (true waits of all who came, finished waits, waits with those still waiting cut, as foretold)."""
    model = QueueModel(3, 1.5, service_mean_s=300, patience_mean_s=1e12, swing=0.0)
    people = list(takewhile(lambda c: c.arrival_s < until, customers(model, seed)))
    true = [c.waiting_s for c in people]
    finished = [c.waiting_s for c in people if c.arrival_s + c.waiting_s <= until]
    waiting = [c for c in people if c.arrival_s + c.waiting_s > until]
    minutes: dict[int, int] = {}
    for c in waiting:
        minute = int((until - c.arrival_s) // 60)
        minutes[minute] = minutes.get(minute, 0) + 1
    at = datetime(2026, 3, 2, tzinfo=UTC)
    newcomer_s = (len(waiting) + 1) * 100.0  # three counters of 300 s
    foretold = still_waiting(at, minutes, newcomer_s)
    assert all(w.arrival_at <= at for w in foretold)
    cut = [(w, True) for w in finished] + [(until - c.arrival_s, False) for c in waiting]
    return true, finished, cut, finished + [w.wait_s for w in foretold]


def test_in_a_growing_queue_the_mean_of_the_finished_is_far_too_low_and_ours_is_not() -> None:
    true, naive, cut, ours = [], [], [], []
    for seed in range(20):
        all_true, finished, censored, foretold = growing(seed, 2.5 * HOUR)
        true.append(fmean(all_true))
        naive.append(fmean(finished))
        cut.append(known([cell_of(*c) for c in censored]).mean_s)
        ours.append(known([cell_of(w) for w in foretold]).mean_s)
    assert fmean(naive) < 0.75 * fmean(true)
    assert fmean(naive) < fmean(cut) < 0.95 * fmean(true), (
        "those who wait are not censored at random: bins alone mend a part"
    )
    assert fmean(ours) == pytest.approx(fmean(true), rel=0.05)


def test_people_who_give_up_are_censored_and_the_wait_until_service_is_that_of_everybody() -> None:
    """The truth is what each would have waited; the served alone are those for whom it was short."""
    served_only, ours, true = [], [], []
    for seed in range(20):
        model = QueueModel(3, 1.5, service_mean_s=300, patience_mean_s=1200, swing=0.6)
        people = list(takewhile(lambda c: c.arrival_s < 8 * HOUR, customers(model, seed)))
        free_at = [0.0] * 3
        would_wait = []
        for c in people:
            would_wait.append(max(0.0, free_at[0] - c.arrival_s))
            if c.start_s is not None:
                heapq.heapreplace(free_at, c.departure_s)
        true.append(fmean(would_wait))
        served_only.append(fmean(c.waiting_s for c in people if c.start_s is not None))
        ours.append(known([cell_of(c.waiting_s, c.start_s is not None) for c in people]).mean_s)
    assert fmean(served_only) < 0.85 * fmean(true)
    assert fmean(ours) == pytest.approx(fmean(true), rel=0.05)


def test_who_waits_is_told_with_the_first_in_line_first() -> None:
    at = datetime(2026, 3, 2, 5, tzinfo=UTC)
    line = still_waiting(at, {0: 1, 12: 1}, 600)
    assert [(w.arrival_at, w.wait_s, w.known) for w in line] == [
        (at - timedelta(seconds=750), 950, True),
        (at - timedelta(seconds=30), 430, True),
    ]
    assert [(w.wait_s, w.known) for w in still_waiting(at, {120: 2}, None)] == [(7230, False)] * 2


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 1.4), st.integers(1, 4))
def test_little_holds_for_any_queue_that_empties(seed: int, load: float, counters: int) -> None:
    model = QueueModel(counters, load)
    people = [
        Person(c.arrival_s, c.arrival_s + c.waiting_s, "served")
        for c in takewhile(lambda c: c.arrival_s < 6 * HOUR, customers(model, seed))
        if c.waiting_s > 0
    ]
    found = little([flow for flow, _ in hours_of(people, people, 24)])
    if people:
        assert found is not None
        assert found.mean_s == pytest.approx(fmean(p.wait for p in people), rel=1e-9)

"""Figures of long spans: known answers, and intervals that hold the truth although days differ."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.analytics import history, kpis
from motcua.analytics.history import Interval, Moments
from motcua.analytics.waits import wilson


def test_a_quantile_lies_evenly_within_its_minute_and_is_unknown_beyond_two_hours() -> None:
    bins = [(0, 10), (5, 10), (30, 20)]
    assert history.quantile(bins, 0.25) == 60
    assert history.quantile(bins, 0.5) == 360
    assert history.quantile(bins, 0.75) == 30.5 * 60
    assert history.quantile([(0, 1), (120, 9)], 0.5) is None
    assert history.quantile([], 0.5) is None


@given(st.lists(st.tuples(st.integers(0, 119), st.integers(0, 40)), min_size=1, max_size=30), st.floats(0.01, 0.99))
def test_a_quantile_splits_the_people(given_bins: list[tuple[int, int]], p: float) -> None:
    bins = sorted(dict(given_bins).items())
    at, total = history.quantile(bins, p), sum(n for _, n in bins)
    if total == 0:
        assert at is None
        return
    assert at is not None
    assert sum(n for i, n in bins if (i + 1) * 60 <= at) <= p * total + 1e-6
    assert sum(n for i, n in bins if i * 60 < at) >= p * total - 1e-6


def days_of(rng: np.random.Generator, days: int, spread: float) -> list[np.ndarray]:
    """Waits by day; each day has a level of its own."""
    return [rng.exponential(600 * np.exp(spread * rng.normal() - spread**2 / 2), rng.integers(30, 60)) for _ in range(days)]


def figures(days: list[np.ndarray]) -> tuple[Interval, Interval, Interval]:
    """Mean, share within 900 s, and P90."""
    waits = np.concatenate(days)
    mean = history.mean(Moments.of((len(d), d.sum()) for d in days), float((waits**2).sum()))
    share = history.share(Moments.of((len(d), (d <= 900).sum()) for d in days))
    bins = sorted(
        {int(i): int(n) for i, n in zip(*np.unique(np.minimum(waits // 60, 120), return_counts=True), strict=True)}.items()
    )
    edge = (history.quantile_bin(bins, 0.9) + 1) * 60
    p90 = history.quantile_between(bins, 0.9, Moments.of((len(d), (d < edge).sum()) for d in days))
    assert mean is not None
    assert share is not None
    assert p90 is not None
    return mean[0], share, p90


def test_intervals_hold_the_truth_where_days_differ_and_those_of_independent_visits_would_not() -> None:
    rng = np.random.default_rng(1)
    truth = np.concatenate(days_of(rng, 20_000, 0.4))
    true = (truth.mean(), (truth <= 900).mean(), np.quantile(truth, 0.9))
    runs, held, naive = 300, np.zeros(3), 0
    for _ in range(runs):
        days = days_of(rng, 25, 0.4)
        found = figures(days)
        held += [f.low is not None and f.high is not None and f.low <= t <= f.high for f, t in zip(found, true, strict=True)]
        waits = np.concatenate(days)
        simple = wilson(float((waits <= 900).sum()), len(waits))
        assert simple is not None
        naive += simple[1] <= true[1] <= simple[2]
    assert all(held / runs >= 0.88), held / runs
    assert naive / runs < 0.75, "the test would not see intervals that are too narrow"


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 5000)), min_size=1, max_size=40))
def test_the_products_of_days_add_up_as_the_database_adds_them(days: list[tuple[int, float]]) -> None:
    whole, half = Moments.of(days), len(days) // 2
    rows = [
        {"wait_days": m.m, "wait_n": m.n, "wait_sum": m.s, "wait_nn": m.nn, "wait_sn": m.sn, "wait_ss": m.ss, "wait_max": w}
        for m, w in ((Moments.of(days[:half]), None), (Moments.of(days[half:]), 7.0))
    ]
    added = history.moments(history.total(rows), "wait")
    assert (added.m, added.n) == (whole.m, whole.n)
    assert added.ss == pytest.approx(whole.ss)
    assert history.total(rows)["wait_max"] == 7.0


def test_few_days_count_as_independent_and_nothing_is_unknown() -> None:
    assert history.mean(Moments.of([]), 0.0) is None
    assert history.ratio(Moments.of([(0, 0)])) is None
    found = history.mean(Moments.of([(2, 300.0), (1, 300.0)]), 100**2 + 200**2 + 300**2)
    assert found is not None
    assert found[1] == "independent"
    assert (found[0].value, round(found[0].low or 0), round(found[0].high or 0)) == (200, 0, 448)


def test_a_difference_of_two_figures_has_the_interval_of_both() -> None:
    found = history.difference(Interval(10, 7, 13), Interval(6, 2, 10))
    assert found == Interval(4, -1, 9)
    assert history.difference(Interval(10, None, None), Interval(6, 2, 10)) is None


def work(n: int, **fields: float | None) -> list[dict[str, object]]:
    base = {"received": None, "served": 40, "officers": None, "counters": 4}
    return [base | fields | {"day": date(2026, 1, 5) + timedelta(days=i)} for i in range(n)]


def test_productivity_is_of_files_where_a_feed_tells_them_else_of_visits() -> None:
    by_visits = kpis.productivity(work(30), 250)
    assert by_visits is not None
    assert (by_visits.of, by_visits.by, by_visits.days, by_visits.office_year) == ("visits", "counters", 30, 10_000)
    assert by_visits.figure == Interval(2500, 2500, 2500)
    by_files = kpis.productivity(work(30, received=20, officers=5), 250)
    assert by_files is not None
    assert (by_files.of, by_files.by, by_files.office_year) == ("files", "roster", 5000)
    assert by_files.figure is not None
    assert by_files.figure.value == 1000
    few = kpis.productivity(work(19), 250)
    assert few is not None
    assert few.figure is None
    assert kpis.productivity([], 250) is None
    mixed = work(25) + work(3, received=20)
    assert (kpis.productivity(mixed, 250) or few).of == "visits", "three days of a feed say nothing about a year"


def test_working_days_are_mondays_to_fridays_less_holidays() -> None:
    assert kpis.working_days(2026, []) == 261 - 11
    closed = [date(2026, 1, 1), date(2026, 2, 21), date(2025, 1, 1)]
    assert kpis.working_days(2026, closed) == 260, "a Saturday and another year do not count"

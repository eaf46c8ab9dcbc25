"""The bench of the live page: its world, and a short run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from motcua.dashboard.answers import Live, Trends
from motcua.onebox.bench_dashboard import World, bench_dashboard

AT = datetime(2026, 3, 2, 3, tzinfo=UTC)


def test_every_figure_of_the_world_changes_and_the_pages_understand_it() -> None:
    world = World(40)
    before = Live.model_validate(world.live(AT))
    world.step()
    after = Live.model_validate(world.live(AT))
    pairs = list(zip(before.offices, after.offices, strict=True))
    assert all(a.oldest_wait_s != b.oldest_wait_s for a, b in pairs)
    for _ in range(50):
        world.step()
    states = {o.wait.state for o in Live.model_validate(world.live(AT)).offices}
    assert {"ok", "blind"} <= states
    assert len(Trends.model_validate(world.trends(AT)).trends) == 40


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(("view", "whole", "rows"), [("table", False, 150), ("panels", True, 200)])
def test_a_short_run_counts_updates_work_and_memory(view: str, whole: bool, rows: int) -> None:
    report = bench_dashboard(200, 6, lambda _: None, view, whole)
    assert (report["offices"], report["rows"], report["view"]) == (200, rows, view)
    assert report["updates"] >= 1
    assert 0 < report["work_ms"]["p50"] <= report["work_ms"]["max"]
    assert 1 < report["heap_mb"]["last"] < 60

"""The live bench: its clock, and the whole way once."""

from __future__ import annotations

import threading

import pytest

from motcua.onebox import bench_live as bench


def test_an_event_stream_is_read_as_a_browser_does() -> None:
    lines = ["retry: 2000", "", "event: ping", 'data: {"at": "x"}', "", "event: office", 'data: {"office_id": "a"}', ""]
    assert list(bench._events(iter(lines))) == [("ping", '{"at": "x"}'), ("office", '{"office_id": "a"}')]


def test_a_second_event_of_the_same_sample_counts_for_nothing() -> None:
    watch = bench.Watch()
    watch.put("a")
    watch.arrived("b")
    assert watch.took_s == []
    threading.Timer(0.01, watch.arrived, ["a"]).start()
    watch.wait("a")
    watch.arrived("a")
    assert len(watch.took_s) == 1


def test_an_event_that_never_comes_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_LATEST_S", 0.01)
    watch = bench.Watch()
    watch.put("a")
    with pytest.raises(bench.LiveError, match="of a was not seen"):
        watch.wait("a")


@pytest.mark.slow
def test_every_sample_is_seen_at_the_end_of_the_real_path() -> None:
    report = bench.bench_live(events=12, offices=3, every_s=0.05)
    assert report["events"] == 12
    assert 0 < report["p50_ms"] <= report["p95_ms"] <= report["max_ms"]

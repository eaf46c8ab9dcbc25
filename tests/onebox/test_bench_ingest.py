"""`motcua bench ingest` gives every figure; what they are is no matter of a test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from motcua.onebox.bench import app
from motcua.onebox.bench_publisher import events, payloads


@pytest.mark.slow
def test_every_figure_is_there(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    result = CliRunner().invoke(app, ["ingest", "--events", "1000", "--rounds", "1", "--json", str(target)])
    assert result.exit_code == 0, result.output
    report = json.loads(target.read_text())
    assert report["copy_rows_per_s"] > 0
    for kind in ("single", "batched", "two_ingestors"):
        assert report[kind]["events_per_s"] > 0
        assert report[kind]["ratio"] == report[kind]["events_per_s"] / report["copy_rows_per_s"]
    assert report["edge_publish_cpu_us"]["publish"] > 0


def test_single_and_batched_carry_the_same_events() -> None:
    made = events(1000, 1)
    for batch, most in ((1, 1), (100, 20)):
        sent = list(payloads(made, batch))
        assert sum(n for _, _, n in sent) == 1000
        assert max(n for _, _, n in sent) <= most

"""`motcua bench edge` gives every figure, and they fit each other."""

from __future__ import annotations

import json

import pytest
from clips import write_clip
from typer.testing import CliRunner

from motcua.onebox.bench import app


def test_the_figures_of_a_short_clip(tmp_path) -> None:
    clip = write_clip(tmp_path / "clip.avi", frames=12)
    result = CliRunner().invoke(app, ["edge", "--video", str(clip), "--json", str(tmp_path / "out.json")])
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "out.json").read_text())
    assert figures["frames"] == 12
    assert figures["ratio"] >= 1
    assert figures["peak_memory_mb"] > 10
    parts = [figures[f"{part}_ms"] for part in ("decode", "detect", "track", "visits")]
    assert min(parts) >= 0
    assert figures["fps_per_core"] == pytest.approx(1000 / sum(parts))


def test_a_video_that_is_not_there_is_one_sentence(tmp_path) -> None:
    result = CliRunner().invoke(app, ["edge", "--video", str(tmp_path / "none.avi")])
    assert result.exit_code == 1
    assert "is not there" in result.output

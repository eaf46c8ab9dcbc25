"""`motcua bench edge` gives every figure, and they fit each other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from clips import write_clip
from painted_film import SMALL, PaintFinder, painted_film
from typer.testing import CliRunner

from motcua.onebox.bench import app
from motcua.onebox.bench_still import compare_gating
from motcua.onebox.scene import read_scene, render
from motcua.onebox.scene_light import CameraFaults


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small one under calm light."""
    folder = tmp_path_factory.mktemp("scene")
    render(folder, replace(SMALL, faults=CameraFaults(drift=0, flicker=0, noise=2, gap=0)), painted_film())
    return folder


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, scene: Path) -> dict[str, object]:
    """Of a short clip and the small scene."""
    folder = tmp_path_factory.mktemp("bench")
    clip = write_clip(folder / "clip.avi", frames=12)
    arguments = ["--video", str(clip), "--scene", str(scene), "--watch", "3", "--json", str(folder / "out.json")]
    result = CliRunner().invoke(app, ["edge", *arguments])
    assert result.exit_code == 0, result.output
    return json.loads((folder / "out.json").read_text())


@pytest.mark.slow
def test_the_parts_of_a_frame_add_up(report: dict[str, float]) -> None:
    assert report["frames"] == 12
    parts = [report[f"{part}_ms"] for part in ("decode", "detect", "track", "visits")]
    assert min(parts) >= 0
    assert report["fps_per_core"] == pytest.approx(1000 / sum(parts))
    assert report["ratio"] > 0
    assert report["ratio_faces"] > 0
    whole = report["face_ms"]["whole_fer"]  # type: ignore[index]
    assert whole["p50"] > report["face_ms"]["find"]["p50"] > 0  # type: ignore[index]
    assert report["faces_rise"]["looks"] >= 0  # type: ignore[index]
    assert report["faces_rise"]["cpu_rise_if_all_are_read"] >= report["faces_rise"]["cpu_rise"]  # type: ignore[index]
    assert report["peak_memory_mb"] > 10


@pytest.mark.slow
def test_gating_is_compared_on_the_scene_and_the_plain_pipeline_stands_beside_it(report: dict[str, object]) -> None:
    assert 0 <= report["inferences_saved"] < 1
    assert set(report["plain"]) == {"mean_dwell_error", "visits_error", "cpu_ratio"}
    assert report["plain"]["cpu_ratio"] > 0  # how much is a timing: the bench tells it
    for key in ("dwell_loss", "visits_loss", "mean_dwell_error", "visits_error"):
        assert key in report


@pytest.mark.slow
def test_whole_camera_processes_are_measured(report: dict[str, object]) -> None:
    assert set(report["cameras_per_core"]) == {"still", "busy"}
    assert all(v is None or v > 0 for v in report["cameras_per_core"].values())
    assert report["analysis_fps"] == 5
    assert report["memory_mb_per_camera"] > report["private_memory_mb_per_camera"] > 10


def test_a_gate_that_is_never_shut_saves_and_loses_nothing(scene: Path) -> None:
    figures = compare_gating(read_scene(scene), PaintFinder(), 0.001, 7.0)
    assert (figures["inferences_saved"], figures["dwell_loss"], figures["visits_loss"]) == (0, 0, 0)
    assert figures["mean_dwell_error"] == figures["ungated"]["mean_dwell_error"] > 0


def test_a_video_that_is_not_there_is_one_sentence(tmp_path) -> None:
    result = CliRunner().invoke(app, ["edge", "--video", str(tmp_path / "none.avi")])
    assert result.exit_code == 1
    assert "is not there" in result.output

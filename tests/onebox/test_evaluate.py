"""`motcua evaluate` on painted scenes whose truth is known, as a user calls it; and what it says to bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner
from walkers import SIZE, Walker, picture
from yolo_files import always, end_to_end

from motcua.edge.detect import DETECTORS
from motcua.edge.geometry import Detections
from motcua.onebox.evaluate import evaluate
from motcua.onebox.evaluate_steps import variants, worst

FPS, SECONDS = 7.0, 16
PEOPLE = [
    Walker(20, 120, (14, 0)),
    Walker(300, 200, (-12, 0), (200, 60, 40), since_s=1),
    Walker(160, 110, (0, 3), (40, 180, 40), since_s=2, until_s=13),
    Walker(20, 210, (11, 0), (30, 160, 200), since_s=4),
    Walker(80, 220, (0, -4), (160, 30, 160), since_s=3, until_s=15),
    Walker(240, 130, (1, 2), (20, 20, 20), since_s=2),
]
ZONES = {
    "version": 1,
    "zones": [
        {"name": "left", "role": "queue", "polygon": [[0.1, 0.3], [0.5, 0.3], [0.5, 1], [0.1, 1]]},
        {"name": "right", "role": "service", "counter_id": "1", "polygon": [[0.5, 0.3], [0.9, 0.3], [0.9, 1], [0.5, 1]]},
        {"name": "wall", "role": "mask", "polygon": [[0, 0], [1, 0], [1, 0.1], [0, 0.1]]},
    ],
}


class PaintFinder:
    """Finds everyone by the colour that they are painted in."""

    name, version = "paint", "1"

    def __init__(self, *, threads: int = 1) -> None:
        self.threads = threads

    def detect(self, frame: np.ndarray) -> Detections:
        boxes = []
        for person in PEOPLE:
            near = cv2.inRange(cv2.absdiff(frame, np.full_like(frame, person.colour)), (0, 0, 0), (24, 24, 24))
            count, _, stats, _ = cv2.connectedComponentsWithStats(near)
            boxes += [(x, y, x + w, y + h) for x, y, w, h, area in stats[1:count] if area > 300]
        return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), 0.9, np.float32))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with video.avi, gt.txt, visits.json and zones.json."""
    folder = tmp_path_factory.mktemp("scene")
    writer = cv2.VideoWriter(str(folder / "video.avi"), cv2.VideoWriter.fourcc(*"MJPG"), FPS, SIZE)
    assert writer.isOpened()
    lines = []
    for k in range(int(SECONDS * FPS)):
        writer.write(picture(PEOPLE, k / FPS))
        for number, person in enumerate(PEOPLE, start=1):
            x0, y0, x1, y1 = person.box(k / FPS)
            if person.there(k / FPS) and x1 > 5 and x0 < SIZE[0] - 5:
                lines.append(f"{k + 1},{number},{x0},{y0},{x1 - x0},{y1 - y0},1,-1,-1,-1")
    writer.release()
    (folder / "gt.txt").write_text("\n".join(lines))
    (folder / "zones.json").write_text(json.dumps(ZONES))
    visits = [{"zone": "left", "enter_frame": 30, "exit_frame": 70}, {"zone": "right", "enter_frame": 5, "exit_frame": 40}]
    (folder / "visits.json").write_text(json.dumps({"fps": FPS, "visits": visits}))
    return folder


@pytest.fixture(autouse=True)
def paint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DETECTORS, "paint", PaintFinder)


def _run(scene: Path, **changes: Any) -> Any:
    """The command with the options of a good call, changed as said; None leaves one out."""
    options: dict[str, Any] = {
        "--video": scene / "video.avi",
        "--truth": scene / "gt.txt",
        "--zones": scene / "zones.json",
        "--fps": FPS,
        "--detector": "paint",
        "--json": scene / "out.json",
        "--random-zones": 10,
        "--still": 0,  # some are painted as bright as the ground, which gating does not see move
    } | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    app = typer.Typer()
    app.command()(evaluate)
    return CliRunner().invoke(app, [str(part) for pair in options.items() if pair[1] is not None for part in pair])


def test_weights_of_ones_own_go_to_the_detector(scene, tmp_path) -> None:
    """A network that never sees anybody."""
    file = always(tmp_path / "own.onnx", end_to_end([]))
    result = _run(scene, detector="yolo", detector_weights=file)
    assert result.exit_code == 0, result.output
    report = json.loads((scene / "out.json").read_text())
    assert report["tracking"]["ids"] == 0
    assert [zone["visits"] for zone in report["zones"]] == [0, 0]
    result = _run(scene, detector="yolo", detector_weights=tmp_path / "none.onnx")
    assert result.exit_code == 1
    assert "none.onnx of the detector 'yolo' are not there" in result.output.replace("\n", "")


def test_a_scene_without_difficulties_is_measured_right(scene) -> None:
    result = _run(scene)
    assert result.exit_code == 0, result.output
    report = json.loads((scene / "out.json").read_text())
    halves = {"first_half", "second_half"}
    assert set(report) == {"tracking", "zones", "summary", "random_zones", "visits", "speed"} | halves
    assert all(report[half]["tracking"]["ids_true"] <= len(PEOPLE) for half in halves)
    assert set(report["tracking"]) == {"mota", "idf1", "hota", "id_switches", "ids", "ids_true"}
    assert report["tracking"]["ids_true"] == len(PEOPLE)
    assert report["tracking"]["mota"] > 0.9
    assert report["tracking"]["idf1"] > 0.9
    assert [zone["name"] for zone in report["zones"]] == ["left", "right"]
    for zone in report["zones"]:
        assert set(zone) == {
            "name",
            "visits_true",
            "visits",
            "mean_dwell_true_s",
            "mean_dwell_s",
            "person_seconds_true",
            "person_seconds",
        }
        assert zone["visits"] == zone["visits_true"] > 2
    assert set(report["summary"]) == {"mean_dwell_error", "mean_dwell_bias", "visits_error", "person_seconds_error"}
    assert report["summary"]["mean_dwell_error"] < 0.05
    assert report["summary"]["visits_error"] == 0
    assert {"median_error", "p90_error", "bias", "visits_error"} <= set(report["random_zones"])
    assert report["random_zones"]["median_error"] < 0.1
    assert report["visits"]["missed"] == report["visits"]["false"] == 0
    assert report["visits"]["dwell_abs_error_median_s"] < 0.3
    assert report["speed"]["frames"] == SECONDS * FPS
    assert report["speed"]["threads"] == 1
    assert report["speed"]["pipeline_ms"] > report["speed"]["detect_ms"] > 0
    assert "mean_dwell_error" in result.output


def test_the_same_seed_gives_the_same_figures_and_another_one_other_zones(scene) -> None:
    figures = []
    for seed in (0, 0, 1):
        assert _run(scene, seed=seed).exit_code == 0
        figures.append({k: v for k, v in json.loads((scene / "out.json").read_text()).items() if k != "speed"})
    assert figures[0] == figures[1]
    assert figures[0]["random_zones"] != figures[2]["random_zones"]


def test_several_seeds_are_pooled_and_half_the_frames_are_half_the_rate(scene) -> None:
    assert _run(scene, seeds=3).exit_code == 0
    assert json.loads((scene / "out.json").read_text())["random_zones"]["zones"] == 30
    assert _run(scene, every=2).exit_code == 0
    report = json.loads((scene / "out.json").read_text())
    assert report["speed"]["frames"] == SECONDS * FPS / 2
    assert report["summary"]["mean_dwell_error"] < 0.1, "a dwell lasts as long at half the rate"
    refused = _run(scene, every=2, truth=scene / "visits.json")
    assert refused.exit_code == 1
    assert "--every needs a truth of boxes" in refused.output


def test_each_setting_is_changed_alone_and_the_worst_is_told(scene, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [name for name, _, _ in variants()]
    assert len(names) == len(set(names)) > 40
    assert {"high 0.4 → 0.32", "smooth_s 0.7 → 0.84", "reach 0.25 → 0.3"} <= set(names)
    chosen = [v for v in variants() if v[0].startswith(("start", "late_s"))]
    monkeypatch.setattr("motcua.onebox.evaluate_steps.variants", lambda: iter(chosen))
    app = typer.Typer()
    app.command()(evaluate)
    files = ["--video", "video.avi", "--truth", "gt.txt", "--zones", "zones.json", "--json", "out.json"]
    files = [str(scene / part) if "." in part else part for part in files]
    result = CliRunner().invoke(app, [*files, "--fps", str(FPS), "--detector", "paint", "--random-zones", "5", "--steps"])
    assert result.exit_code == 0, result.output
    steps = json.loads((scene / "out.json").read_text())["steps"]
    assert set(steps["each"]) == {"start 0.5 → 0.4", "start 0.5 → 0.6", "late_s 5 → 6"}, "too short a delay is refused"
    assert set(steps["worst"]) == {"mean_dwell_error", "median_error", "visits_error", "idf1", "mota", "hota"}
    assert "one step: mean_dwell_error at worst" in result.output


def test_the_worst_is_the_greatest_error_and_the_least_score() -> None:
    figures = {"median_error": 0.1, "idf1": 0.9}
    known = dict.fromkeys(("mean_dwell_error", "visits_error", "mota", "hota")) | figures
    found = worst({"a": known, "b": known | {"median_error": 0.2, "idf1": 0.8}, "c": known | {"median_error": None}})
    assert found == {"median_error": {"value": 0.2, "step": "b"}, "idf1": {"value": 0.8, "step": "b"}}


def test_truth_of_visits_gives_the_figures_that_need_no_boxes(scene) -> None:
    result = _run(scene, truth=scene / "visits.json", fps=None)
    assert result.exit_code == 0, result.output
    report = json.loads((scene / "out.json").read_text())
    assert report["tracking"]["mota"] is None
    assert report["random_zones"]["median_error"] is None
    assert [zone["visits_true"] for zone in report["zones"]] == [1, 1]
    assert report["visits"]["matched"] == 2
    assert report["visits"]["false"] > 0
    assert report["zones"][0]["mean_dwell_true_s"] == pytest.approx(41 / FPS)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"video": "none.avi"}, "video none.avi is not there"),
        ({"truth": "none.txt"}, "truth file none.txt cannot be read"),
        ({"zones": "none.json"}, "zones file none.json is not there"),
        ({"detector": "eye"}, "no detector is called 'eye'"),
        ({"fps": None}, "give --fps"),
        ({"json": "/nowhere/out.json"}, "/nowhere/out.json"),
    ],
)
def test_bad_input_is_one_sentence(scene, changes: dict[str, Any], says: str) -> None:
    result = _run(scene, **changes)
    assert result.exit_code == 1
    assert says in result.output
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_a_file_that_is_no_video_and_one_that_breaks_off_are_told_apart(scene, tmp_path) -> None:
    (tmp_path / "text.avi").write_text("no video")
    assert "cannot be read: is it a video file?" in _run(scene, video=tmp_path / "text.avi").output
    whole = (scene / "video.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) // 2])
    assert "breaks off after" in _run(scene, video=tmp_path / "cut.avi").output

"""Waits on rendered scenes: known answers for every figure, then the command from end to end; the pooled run by itself (slow)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from painted_film import SMALL, PaintFinder, painted_film
from typer.testing import CliRunner

from motcua.edge.detect import DETECTORS
from motcua.edge.flow import FlowSums
from motcua.edge.geometry import Detections, Tracks
from motcua.edge.pipeline import TimedTracks
from motcua.onebox.evaluate import evaluate
from motcua.onebox.scene import Scene, film_of, plan_of, read_scene, render
from motcua.onebox.scene_detections import detector_figures
from motcua.onebox.scene_light import CameraFaults
from motcua.onebox.scene_place import SIZE
from motcua.onebox.scene_play import MeasuredVisit, broken, counted, counted_plainly, play_scene
from motcua.onebox.scene_queue import Crowd
from motcua.onebox.scene_truth import TrueVisit
from motcua.onebox.scene_waits import Counted, causes, compared, kept_identity, waits
from motcua.onebox.video import sample_video

WAITS = {
    "served_true",
    "served",
    "reneged_true",
    "reneged",
    "mean_wait_true_s",
    "mean_wait_s",
    "mean_wait_error",
    "visit_error_median",
    "little_error",
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A minute and a half of a calm camera on a short queue."""
    folder = tmp_path_factory.mktemp("scene")
    crowd = Crowd(arrivals_s=50, longest_s=150, service_mean_s=14, least_service_s=5, patience_scale_s=60, passers_per_min=1)
    render(folder, replace(SMALL, crowd=crowd, faults=CameraFaults(drift=0, flicker=0, noise=2, gap=0)), painted_film())
    return read_scene(folder)


def true_tracks(scene: Scene) -> list[TimedTracks]:
    """What a perfect tracker would give."""
    rows = [scene.boxes.at(k) for k in range(len(scene.times))]
    ones = [np.ones(int(r.sum()), np.float32) for r in rows]
    return [
        TimedTracks(t, Tracks(scene.boxes.ids[r], scene.boxes.boxes[r], c))
        for t, r, c in zip(scene.times.tolist(), rows, ones, strict=True)
    ]


def test_perfect_tracks_give_the_true_waits_back(scene: Scene) -> None:
    report = waits([compared(scene, *counted(true_tracks(scene), scene.zones))])
    assert set(report) >= WAITS
    assert report["served"] == report["served_true"] >= 4
    assert report["reneged"] == report["reneged_true"]
    assert report["mean_wait_error"] < 0.06
    assert report["visit_error_median_s"] < 1
    assert report["little_error"] < 0.08
    assert kept_identity(scene, np.arange(len(scene.times)), true_tracks(scene), 10) | {"people": 0, "kept": 0} == {
        "people": 0,
        "kept": 0,
        "broken": 0,
        "swapped": 0,
        "seen": 1.0,
    }


def test_broken_tracks_change_ids_and_nothing_else(scene: Scene) -> None:
    whole = true_tracks(scene)
    cut, again, all_cut = broken(whole, 0.5, 1), broken(whole, 0.5, 1), broken(whole, 1.0, 1)
    count = len(np.unique(np.concatenate([t.tracks.ids for t in whole])))

    def names(tracks: Sequence[TimedTracks]) -> np.ndarray:
        return np.concatenate([t.tracks.ids for t in tracks])

    assert (names(cut) == names(again)).all()
    assert 1.2 * count < len(np.unique(names(cut))) < 1.8 * count
    assert len(np.unique(names(all_cut))) > 1.9 * count
    for a, b in zip(whole, cut, strict=True):
        assert (a.tracks.boxes == b.tracks.boxes).all()
    assert (names(broken(whole, 0.0, 1)) == names(whole)).all()
    identity = kept_identity(scene, np.arange(len(scene.times)), all_cut, 10)
    assert identity["broken"] > 0
    assert identity["swapped"] == 0


def test_little_s_estimate_holds_where_half_of_the_tracks_break_and_the_plain_clock_does_not(scene: Scene) -> None:
    cut = broken(true_tracks(scene), 0.5, 3)
    assert waits([compared(scene, *counted(cut, scene.zones))])["little_error"] < 0.08
    assert waits([compared(scene, counted_plainly(cut, scene.zones))])["mean_wait_error"] > 0.15


def visit(arrival: float, start: float | None, end: float, outcome: str = "served") -> TrueVisit:
    return TrueVisit(1, arrival, start, end, outcome, "1" if start is not None else None)  # type: ignore[arg-type]


def like(v: TrueVisit, **changes: Any) -> MeasuredVisit:
    known = {"arrival_s": v.arrival_s, "service_start_s": v.service_start_s, "departure_s": v.departure_s}
    return MeasuredVisit(**(known | {"outcome": v.outcome, "counter_id": v.counter_id, "trail": {}} | changes))  # type: ignore[arg-type]


A, B, C = visit(0, 100, 150), visit(10, 210, 260), visit(20, None, 80, "reneged")
EXACT = Counted((A, B, C), (like(A), like(B), like(C)), ((0, 0), (1, 1), (2, 2)), FlowSums(300, 360, 3, 3))


def test_the_figures_of_a_known_case() -> None:
    late = Counted(
        (A, B, C), (like(A, arrival_s=40), like(B, service_start_s=190)), ((0, 0), (1, 1)), FlowSums(300, 180, 3, 2)
    )
    report = waits([late])
    assert report["mean_wait_true_s"] == 150
    assert report["mean_wait_s"] == 120
    assert report["mean_wait_error"] == pytest.approx(0.2)
    assert report["visit_error_median"] == pytest.approx((0.4 + 0.1) / 2)
    assert report["visit_error_median_s"] == pytest.approx(30)
    assert (report["reneged_true"], report["reneged"]) == (1, 0)
    assert report["little_true_s"] == pytest.approx(120)
    assert report["little_error"] == pytest.approx(0.25)
    assert causes([late]) == {"reneged: missed": 1, "served: right": 1, "served: wait begun late": 1}


def test_scenes_are_pooled_by_their_people_not_by_their_means() -> None:
    other = Counted((A, A), (like(A), like(A)), ((0, 0), (1, 1)), FlowSums(200, 200, 2, 2))
    report = waits([EXACT, other])
    assert report["served"] == report["served_true"] == 4
    assert report["mean_wait_s"] == pytest.approx((100 + 200 + 100 + 100) / 4)
    assert report["little_s"] == pytest.approx(560 / 5)
    assert report["mean_wait_error"] == report["visit_error_median"] == report["little_error"] == 0


def test_nothing_measured_is_no_zero() -> None:
    report = waits([Counted((A, C), (), (), None)])
    assert report["mean_wait_s"] is None
    assert report["mean_wait_error"] == 1
    assert report["visit_error_median"] is report["little_error"] is None
    assert waits([])["mean_wait_error"] is None
    assert causes([Counted((A, C), (like(B),), (), None)]) == {
        "made up: served": 1,
        "reneged: missed": 1,
        "served: missed": 1,
    }


@pytest.mark.parametrize(
    ("changes", "fate"),
    [
        ({}, "served: right"),
        ({"outcome": "lost"}, "served: taken for lost"),
        ({"arrival_s": 60.0}, "served: wait begun late"),
        ({"arrival_s": -60.0}, "served: wait begun early"),
        ({"service_start_s": 160.0}, "served: wrong start of service"),
    ],
)
def test_the_causes_of_errors(changes: dict[str, Any], fate: str) -> None:
    assert causes([Counted((A,), (like(A, **changes),), ((0, 0),), None)]) == {fate: 1}


def test_visits_elsewhere_at_the_same_time_are_not_the_same(scene: Scene) -> None:
    visits, _ = counted(true_tracks(scene), scene.zones)
    moved = [replace(v, trail={s: (x, y - 0.3) for s, (x, y) in v.trail.items()}) for v in visits]
    assert len(compared(scene, visits).pairs) >= 4
    assert compared(scene, moved).pairs == ()


def test_the_detector_s_figures_of_a_known_case(scene: Scene) -> None:
    frames = np.arange(0, len(scene.times), 7)
    boxes = [scene.boxes.boxes[scene.boxes.at(int(k))] for k in frames]
    perfect = [Detections(b, np.full(len(b), 0.5, np.float32)) for b in boxes]
    assert detector_figures([(scene, frames, perfect)]) == {
        "ap50": pytest.approx(1.0),
        "recall_10": 1.0,
        "recall_40": 1.0,
        "recall_60": 0.0,
    }
    nobody = [Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32)) for _ in frames]
    assert detector_figures([(scene, frames, nobody)])["ap50"] == 0
    aside = [Detections(b + 300, np.full(len(b), 0.5, np.float32)) for b in boxes]
    assert detector_figures([(scene, frames, aside)])["recall_10"] == 0
    assert detector_figures([])["ap50"] is None


def _run(*arguments: str | Path) -> Any:
    app = typer.Typer()
    app.command()(evaluate)
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_command_from_end_to_end(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DETECTORS, "paint", PaintFinder)
    out = tmp_path / "out.json"
    arguments = ("--scene", scene.folder, "--detector", "paint", "--json", out)
    done = _run(*arguments, "--plain", "--break-tracks", "0.5", "--seed", "2")
    assert done.exit_code == 0, done.output
    report = json.loads(out.read_text())
    assert report["provenance"] == "simulated"
    assert set(report["waits"]) >= WAITS
    assert set(report["plain"]) >= WAITS - {"little_error"}
    assert report["waits"]["broken_tracks"] == 0.5
    assert report["waits"]["served_true"] == report["scenes"][0]["waits"]["served_true"] >= 4
    assert report["unbroken"]["mean_wait_true_s"] == report["waits"]["mean_wait_true_s"]
    assert report["detector"]["recall_10"] > 0.5
    assert "mean_wait_error" in done.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--scene", "nowhere"), "nowhere is no scene"),
        (("--plain",), "give --video, --truth and --zones together, or --scene"),
        (("--video", "a.avi", "--truth", "b.txt"), "give --video, --truth and --zones together, or --scene"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], says: str) -> None:
    done = _run(*arguments)
    assert done.exit_code == 1
    assert says in done.output


def test_a_video_that_does_not_fit_its_times_is_refused(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DETECTORS, "paint", PaintFinder)
    for path in scene.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    times = (tmp_path / "times.txt").read_text().splitlines()
    gt = [line for line in (tmp_path / "gt.txt").read_text().splitlines() if int(line.split(",")[0]) <= len(times) - 9]
    (tmp_path / "times.txt").write_text("\n".join(times[:-9]))
    (tmp_path / "gt.txt").write_text("\n".join(gt))
    done = _run("--scene", tmp_path, "--detector", "paint")
    assert done.exit_code == 1
    assert "as many frames as" in done.output


def test_frames_are_thinned_to_the_agent_s_rate_with_their_own_times(scene: Scene) -> None:
    from motcua.edge.pipeline import Pipeline
    from motcua.edge.track import ByteTracker

    played = play_scene(scene, PaintFinder(), lambda d: Pipeline(d, ByteTracker()), plain=True)
    assert [t.at_s for t in played.final] == played.times.tolist() == scene.times[played.frames].tolist()
    assert len(played.plain) == len(played.detections) == len(played.final)
    assert len(played.final) < len(scene.times)
    assert np.diff(played.times).min() > 0.08
    assert max(t.tracks.boxes[:, 2].max(initial=0) for t in played.final) <= SIZE[0] + 40


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_waits_on_rendered_scenes_are_measured_and_the_plain_pipeline_fails(tmp_path: Path) -> None:
    """A dozen scenes of 15 minutes and more from the sample film. The bounds guard against getting worse; docs/accuracy.md has the figures."""
    film = film_of(sample_video())
    folders = [tmp_path / f"seed{seed}" for seed in range(100, 112)]
    for seed, folder in zip(range(100, 112), folders, strict=True):
        render(folder, plan_of(seed, 15), film)
    out = tmp_path / "out.json"
    done = _run(*(a for f in folders for a in ("--scene", f)), "--plain", "--json", out)
    assert done.exit_code == 0, done.output
    report = json.loads(out.read_text())
    assert report["waits"]["served_true"] >= 200
    assert report["waits"]["reneged_true"] >= 40
    assert report["plain"]["mean_wait_error"] >= 0.20
    assert report["waits"]["mean_wait_error"] < report["plain"]["mean_wait_error"]

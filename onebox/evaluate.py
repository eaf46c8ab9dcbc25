"""`motcua evaluate`: the agent's own pipeline on a video with known truth, and how far its figures are off."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from motcua.edge.geometry import foot
from motcua.edge.zones import Zone, contains, load_zones
from motcua.onebox.dwell import (
    Visit,
    ZoneFigures,
    figures,
    find_visits,
    in_rectangle,
    random_zones,
    summarise,
    summarise_random,
)
from motcua.onebox.pairing import by_boxes, pair
from motcua.onebox.playing import Played
from motcua.onebox.truth import Boxes, VisitTruth

Report = dict[str, Any]

_PARTS = ("tracking", "summary", "random_zones", "visits", "waits", "unbroken", "plain", "identity", "detector", "speed")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison: boxes, and their foot points as fractions of the picture."""

    boxes: Boxes
    points: NDArray[np.float64]

    @classmethod
    def of(cls, boxes: Boxes, size: tuple[int, int]) -> Side:
        """size: width and height of the picture, px."""
        return cls(boxes, foot(boxes.boxes.astype(np.float64)) / np.array(size, dtype=np.float64))

    def visits(self, name: str, inside: NDArray[np.bool_], fps: float) -> list[Visit]:
        """The visits of one zone; inside: (n,)."""
        return find_visits(name, self.boxes.frames, self.boxes.ids, inside, fps)


def compare(
    truth: Boxes | VisitTruth, played: Played, zones: tuple[Zone, ...], fps: float, random: int = 40, seed: int = 0
) -> Report:
    """Every figure but the speed. What boxes of truth are needed for is None where there are only visits."""
    measured = Side.of(played.final, played.size)
    found = {z.name: measured.visits(z.name, contains(z.polygon, measured.points), fps) for z in zones}
    tracking: Report
    if isinstance(truth, VisitTruth):
        true = {z.name: [v for v in truth.visits if v.zone == z.name] for z in zones}
        pairs = pair(_all(true), _all(found))
        tracking = dict.fromkeys(("mota", "idf1", "hota", "id_switches", "ids_true"))
        tracking["ids"] = len(np.unique(played.final.ids))
        at_random = summarise_random([])
    else:
        from motcua.onebox.tracking import tracking_metrics

        side = Side.of(truth, played.size)
        true = {z.name: side.visits(z.name, contains(z.polygon, side.points), fps) for z in zones}
        pairs = pair(_all(true), _all(found), by_boxes(truth, played.final))
        tracking = tracking_metrics(truth, played.final, max(played.frames, int(truth.frames.max(initial=-1)) + 1))
        at_random = _at_random(side, measured, fps, random, seed)
    per_zone = [figures(z.name, true[z.name], found[z.name], fps) for z in zones]
    return {
        "tracking": tracking,
        "zones": [asdict(z) for z in per_zone],
        "summary": summarise(per_zone),
        "random_zones": at_random,
        "visits": pairs.summary(fps),
    }


def speed(played: Played, threads: int) -> Report:
    """Frames per second with everything counted; ms per frame of the detector and of the whole pipeline, detector included."""
    return {
        "frames": played.frames,
        "fps": played.frames / (played.decode_s + played.pipeline_s),
        "detect_ms": played.detect_s / played.frames * 1e3,
        "pipeline_ms": played.pipeline_s / played.frames * 1e3,
        "threads": threads,
    }


def _at_random(true: Side, measured: Side, fps: float, count: int, seed: int) -> Report:
    boxes = random_zones(count, seed, true.boxes.frames, true.boxes.ids, true.points, fps)
    per_zone: list[ZoneFigures] = []
    for box in boxes:
        a, b = (side.visits("", in_rectangle(box, side.points), fps) for side in (true, measured))
        per_zone.append(figures("", a, b, fps))
    return summarise_random(per_zone)


def _all(by_zone: dict[str, list[Visit]]) -> list[Visit]:
    return [visit for visits in by_zone.values() for visit in visits]


def run(
    video: Path,
    truth: Boxes | VisitTruth,
    zones: tuple[Zone, ...],
    fps: float,
    *,
    detector: str = "ssdlite",
    weights: str | None = None,
    threads: int = 1,
    random: int = 40,
    seed: int = 0,
    progress: bool = False,
) -> Report:
    """Play the video and compare. Raises VideoError, ModelError, TruthError."""
    import cv2
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from motcua.edge.detect import build_detector
    from motcua.edge.pipeline import Pipeline
    from motcua.edge.track import ByteTracker
    from motcua.onebox.playing import frame_count, play

    cv2.setNumThreads(threads)
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not progress, transient=True) as bar:
        task = bar.add_task("frames", total=frame_count(video) if video.is_file() else None)
        played = play(
            video,
            build_detector(detector, threads=threads, weights=weights),
            fps,
            lambda timed: Pipeline(timed, ByteTracker()),
            lambda: bar.advance(task),
        )
    return compare(truth, played, zones, fps, random, seed) | {"speed": speed(played, threads)}


def evaluate(
    video: Annotated[Path | None, typer.Option(help="The video to play.", show_default=False)] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Ground truth: MOT text, or JSON of visits.", show_default=False)
    ] = None,
    zones: Annotated[Path | None, typer.Option(help="Zones file.", show_default=False)] = None,
    fps: Annotated[float | None, typer.Option(min=0.1, help="Frames per second; JSON of visits brings its own.")] = None,
    scene: Annotated[
        list[Path] | None,
        typer.Option(help="A folder of 'motcua simulate scene'; give several to pool them.", show_default=False),
    ] = None,
    break_tracks: Annotated[
        float, typer.Option(min=0, max=1, help="With --scene: cut this share of the tracks in two at random.")
    ] = 0.0,
    plain: Annotated[
        bool, typer.Option("--plain", help="With --scene: a plain pipeline beside it, on the same detections.")
    ] = False,
    random_zones: Annotated[int, typer.Option(min=0, help="How many random rectangles to measure as well.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random rectangles and of the tracks to break.")] = 0,
    detector: Annotated[str, typer.Option(help="Name of the detector.")] = "ssdlite",
    detector_weights: Annotated[
        str | None, typer.Option(help="Weights for the detectors 'yolo' and 'ultralytics': a file, or a registered name.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads that the detector may use.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write every figure.")] = None,
) -> None:
    """Run the agent's own pipeline on a video with known truth, or on rendered scenes, and say how far its figures are off.

    Example: motcua evaluate --video v.avi --truth gt.txt --fps 7 --zones zones.json --json out.json

    Example: motcua evaluate --scene scenes/seed0 --scene scenes/seed1 --plain --json out.json
    """
    from motcua.edge.zones import ZonesError
    from motcua.models.errors import ModelError
    from motcua.onebox.scene import SceneError
    from motcua.onebox.truth import TruthError
    from motcua.onebox.video import VideoError

    if (video is None) != (truth is None) or (video is None) != (zones is None) or (video is None and not scene):
        typer.echo("give --video, --truth and --zones together, or --scene", err=True)
        raise typer.Exit(1)
    try:
        report: Report = {}
        if video is not None and truth is not None and zones is not None:
            report = _of_video(video, truth, zones, fps, detector, detector_weights, threads, random_zones, seed)
        if scene:
            from motcua.onebox.scene_evaluate import evaluate_scenes

            options: Report = {
                "detector": detector,
                "weights": detector_weights,
                "threads": threads,
                "seed": seed,
                "progress": True,
            }
            report = evaluate_scenes(scene, break_tracks=break_tracks, plain=plain, **options) | report
        if json_file:
            json_file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    except (TruthError, SceneError, VideoError, ZonesError, ModelError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    _show(report)


def _of_video(
    video: Path,
    truth: Path,
    zones: Path,
    fps: float | None,
    detector: str,
    weights: str | None,
    threads: int,
    random: int,
    seed: int,
) -> Report:
    from motcua.onebox.truth import TruthError, read_truth

    known = read_truth(truth)
    rate = fps or (known.fps if isinstance(known, VisitTruth) else None)
    if rate is None:
        raise TruthError("MOT text does not say how fast the video was taken: give --fps")
    drawn = tuple(z for z in load_zones(zones).zones if z.role != "mask")
    options: Report = {"detector": detector, "weights": weights, "threads": threads}
    return run(video, known, drawn, rate, **options, random=random, seed=seed, progress=True)


def _show(report: Report) -> None:
    """For people."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("zone", "visits true", "visits", "mean dwell true, s", "mean dwell, s")
    for zone in report.get("zones", ()):
        table.add_row(
            zone["name"],
            str(zone["visits_true"]),
            str(zone["visits"]),
            _short(zone["mean_dwell_true_s"]),
            _short(zone["mean_dwell_s"]),
        )
    if "zones" in report:
        console.print(table)
    for part in _PARTS:
        if part in report:
            figures_ = {key: value for key, value in report[part].items() if not isinstance(value, dict)}
            console.print(f"{part}: " + ", ".join(f"{key} {_short(v)}" for key, v in figures_.items()), highlight=False)


def _short(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)

"""`motcua evaluate`: the agent's own pipeline on a video with known truth, and how far its figures are off."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from motcua.edge.geometry import foot
from motcua.edge.settings import STILL_S
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
from motcua.onebox.truth import Boxes, TruthError, VisitTruth

Report = dict[str, Any]

_PARTS = ("tracking", "summary", "random_zones", "visits", "waits", "unbroken", "plain", "identity", "detector", "speed")
HALVES = ("first_half", "second_half")


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
    truth: Boxes | VisitTruth,
    played: Played,
    zones: tuple[Zone, ...],
    fps: float,
    random: int = 40,
    seeds: Sequence[int] = (0,),
) -> Report:
    """Every figure but the speed. What boxes of truth are needed for is None where there are only visits. Random zones of several
    seeds are pooled."""
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
        at_random = _at_random(side, measured, fps, random, seeds)
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


def halves(
    truth: Boxes, played: Played, zones: tuple[Zone, ...], fps: float, random: int = 40, seeds: Sequence[int] = (0,)
) -> Report:
    """The figures of the first and of the second half of the frames, each on its own."""
    middle = played.frames // 2
    spans = zip(HALVES, ((0, middle), (middle, played.frames)), strict=True)
    report: Report = {}
    for name, (first, end) in spans:
        part = replace(played, final=played.final.between(first, end), frames=end - first)
        found = compare(truth.between(first, end), part, zones, fps, random, seeds)
        report[name] = {key: found[key] for key in ("tracking", "summary", "random_zones")}
    return report


def _at_random(true: Side, measured: Side, fps: float, count: int, seeds: Sequence[int]) -> Report:
    boxes = [box for seed in seeds for box in random_zones(count, seed, true.boxes.frames, true.boxes.ids, true.points, fps)]
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
    still_s: float = STILL_S,
    random: int = 40,
    seeds: Sequence[int] = (0,),
    every: int = 1,
    steps: bool = False,
    progress: bool = False,
) -> Report:
    """Play the video and compare; its halves apart where there are boxes of truth.

    still_s: as in the camera's settings. every: analyse every so many frames only. steps: say also how the figures change with each single setting.
    Raises VideoError, ModelError, TruthError.
    """
    import cv2
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from motcua.edge.detect import build_detector
    from motcua.edge.pipeline import Pipeline
    from motcua.edge.track import ByteTracker
    from motcua.onebox.playing import frame_count, play

    cv2.setNumThreads(threads)
    if every > 1 and isinstance(truth, VisitTruth):
        raise TruthError("visits are numbered by frames of the whole video: --every needs a truth of boxes")
    known, rate = truth.every(every) if isinstance(truth, Boxes) else truth, fps / every
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not progress, transient=True) as bar:
        total = frame_count(video) if video.is_file() else None
        task = bar.add_task("frames", total=None if total is None else -(-total // every))
        played = play(
            video,
            build_detector(detector, threads=threads, weights=weights),
            rate,
            lambda timed: Pipeline(timed, ByteTracker(), still_s=still_s),
            lambda: bar.advance(task),
            every=every,
        )
        report = compare(known, played, zones, rate, random, seeds) | {"speed": speed(played, threads)}
        if isinstance(known, Boxes):
            report |= halves(known, played, zones, rate, random, seeds)
        if steps and isinstance(known, Boxes):
            from motcua.onebox.evaluate_steps import one_step_each

            report["steps"] = one_step_each(video, played.found, known, zones, rate, random, seeds, every, bar)
    return report


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
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds of random rectangles to pool, from --seed on.")] = 1,
    every: Annotated[int, typer.Option(min=1, help="Analyse every so many frames of --video only.")] = 1,
    steps: Annotated[
        bool, typer.Option("--steps", help="With --video: also change each setting by a fifth up and down (minutes).")
    ] = False,
    detector: Annotated[str, typer.Option(help="Name of the detector.")] = "ssdlite",
    detector_weights: Annotated[
        str | None, typer.Option(help="Weights for the detectors 'yolo' and 'ultralytics': a file, or a registered name.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads that the detector may use.")] = 1,
    still_s: Annotated[
        float,
        typer.Option("--still", min=0, max=10, help="As still_s in the camera's settings; 0: the detector looks at all."),
    ] = STILL_S,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write every figure.")] = None,
) -> None:
    """Run the agent's own pipeline on a video with known truth, or on rendered scenes, and say how far its figures are off.

    Example: motcua evaluate --video v.avi --truth gt.txt --fps 7 --zones zones.json --json out.json

    Example: motcua evaluate --scene scenes/seed0 --scene scenes/seed1 --plain --json out.json
    """
    from motcua.edge.zones import ZonesError
    from motcua.models.errors import ModelError
    from motcua.onebox.scene import SceneError
    from motcua.onebox.video import VideoError

    if (video is None) != (truth is None) or (video is None) != (zones is None) or (video is None and not scene):
        typer.echo("give --video, --truth and --zones together, or --scene", err=True)
        raise typer.Exit(1)
    common: Report = {"detector": detector, "weights": detector_weights, "threads": threads, "still_s": still_s}
    try:
        report: Report = {}
        if video is not None and truth is not None and zones is not None:
            options = common | {"random": random_zones, "seeds": range(seed, seed + seeds), "every": every, "steps": steps}
            report = _of_video(video, truth, zones, fps, options)
        if scene:
            from motcua.onebox.scene_evaluate import evaluate_scenes

            options = common | {"break_tracks": break_tracks, "plain": plain, "seed": seed, "progress": True}
            report = evaluate_scenes(scene, **options) | report
        if json_file:
            json_file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    except (TruthError, SceneError, VideoError, ZonesError, ModelError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    _show(report)


def _of_video(video: Path, truth: Path, zones: Path, fps: float | None, options: Report) -> Report:
    from motcua.onebox.truth import read_truth

    known = read_truth(truth)
    rate = fps or (known.fps if isinstance(known, VisitTruth) else None)
    if rate is None:
        raise TruthError("MOT text does not say how fast the video was taken: give --fps")
    drawn = tuple(z for z in load_zones(zones).zones if z.role != "mask")
    return run(video, known, drawn, rate, **options, progress=True)


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
    for half in HALVES:
        if half in report:
            both = report[half]["tracking"] | report[half]["summary"] | report[half]["random_zones"]
            console.print(f"{half}: " + ", ".join(f"{key} {_short(v)}" for key, v in both.items()), highlight=False)
    for name, worst in report.get("steps", {}).get("worst", {}).items():
        console.print(f"one step: {name} at worst {_short(worst['value'])} ({worst['step']})", highlight=False)


def _short(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)

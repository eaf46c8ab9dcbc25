"""`motcua bench`: what the product costs on this machine."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, help="Measure what the product costs on this machine.")

Report = dict[str, Any]
Tick = Callable[[], None]

_ANALYSIS_FPS = 5.0  # of the cameras per core
_FACES_FROM_S, _FACES_FRAMES = 60.0, 350


@app.callback()
def _group() -> None:
    """Measure what the product costs on this machine."""


def bench_edge(
    video: Path,
    zones_file: Path,
    scene_folder: Callable[[], Path],
    *,
    fps: float,
    threads: int,
    frames: int | None = None,
    watch_s: float = 45.0,
    truth: Path | None = None,
    progress: bool = False,
) -> Report:
    """CPU milliseconds per frame of decoding, detection, tracking (with the late correction) and visits; what faces add; what
    motion gating saves and loses on a rendered scene; a plain pipeline beside it; CPU and memory of whole camera processes.

    ``face_ms`` is what a sampled face costs, ``faces_rise`` by how much faces raise the CPU of the agent's work on the scene.
    ``ratio`` is the agent's work on the video over decoding and the bare detector on the same frames, ``ratio_faces`` that on the
    scene with faces read, both without gating. scene_folder: gives a folder of ``motcua simulate scene``. Raises VideoError, ModelError, ZonesError, SceneError, TruthError, BuildError.
    """
    import cv2

    from motcua.edge.build import build_observer
    from motcua.edge.detect import build_detector
    from motcua.edge.settings import STILL_S, CameraSettings, SentimentSettings
    from motcua.edge.zones import load_zones
    from motcua.onebox.bench_cpu import measure
    from motcua.onebox.bench_faces import TimedObserver, face_cost, rise
    from motcua.onebox.bench_process import watch_cameras
    from motcua.onebox.bench_still import FPS, compare_gating
    from motcua.onebox.playing import frame_count
    from motcua.onebox.scene import read_scene
    from motcua.onebox.scene_play import ANALYSIS_FPS

    cv2.setNumThreads(threads)
    detector, zones = build_detector("ssdlite", threads=threads), load_zones(zones_file)
    with _bar("video", frame_count(video) if frames is None else frames, progress) as tick:
        busy = measure(video, zones, detector, lambda k: k / fps, frames=frames, tick=tick)
    peak_mb = _peak_memory_mb()  # before a scene is rendered, which takes more than any camera
    scene = read_scene(scene_folder())
    with _bar("gating", len(scene.times), progress) as tick:
        still = compare_gating(scene, detector, STILL_S, ANALYSIS_FPS, tick)
    built = build_observer(SentimentSettings(enabled=True, notice="bench", lawful_basis="bench"))
    observer = None if built is None else TimedObserver(built)
    served_s = min(_FACES_FROM_S, float(scene.times[-1]) / 2)
    with _bar("faces", None, progress) as tick:
        faces = measure(
            scene.video,
            scene.zones,
            detector,
            lambda k: float(scene.times[k]),
            observer=observer,
            pace_fps=ANALYSIS_FPS,
            from_s=served_s,
            frames=frames or _FACES_FRAMES,
            tick=tick,
        )
    usual: Report = {"threads": threads, "analysis_fps": _ANALYSIS_FPS, "loop": True}
    cameras = {
        "still": CameraSettings(
            source_id="still", url=str(scene.video), zones=scene.folder / "zones.json", fps=FPS, **usual
        ),
        "busy": CameraSettings(source_id="busy", url=str(video), zones=zones_file, fps=fps, **usual),
    }
    with _bar("cameras", None, progress) as tick:
        costs = watch_cameras(cameras, watch_s, lambda _: tick())
    face_ms = face_cost()
    faces_s = faces.decode.spent_s + faces.work.spent_s
    plain = still.pop("plain") | {"cpu_ratio": busy.ratio_plain}
    parts = busy.parts_ms()
    report: Report = {
        "frames": busy.frames,
        "threads": threads,
        **{f"{name}_ms": spent for name, spent in parts.items()},
        "fps_per_core": 1000 / sum(parts.values()),
        "fps": busy.frames / busy.wall_s,
        "ratio": busy.ratio,
        "ratio_faces": faces.ratio,
        "faces": observer.summary() if observer else "",
        "face_ms": face_ms,
        "faces_rise": rise(faces_s, observer.spent_s, observer.looks, face_ms["fer"]["p50"]) if observer else None,
        **still,
        "cameras_per_core": {name: cost.per_core for name, cost in costs.items()},
        "analysis_fps": _ANALYSIS_FPS,
        "memory_mb_per_camera": max((c.resident_mb for c in costs.values() if c.resident_mb), default=None),
        "private_memory_mb_per_camera": max((c.private_mb for c in costs.values() if c.private_mb), default=None),
        "peak_memory_mb": peak_mb,
        "plain": plain,
    }
    if truth:
        report["with_truth"] = _with_truth(truth, zones_file, busy, fps)
    return report


def _with_truth(truth: Path, zones_file: Path, busy: Any, fps: float) -> Report:
    """Dwell and visits of the video, ours and the plain pipeline's on the same detections, against its truth."""
    from motcua.edge.zones import load_zones
    from motcua.onebox.evaluate import compare
    from motcua.onebox.playing import Played, as_boxes
    from motcua.onebox.scene_place import SIZE
    from motcua.onebox.truth import read_truth

    drawn, known = tuple(z for z in load_zones(zones_file).zones if z.role != "mask"), read_truth(truth)
    report: Report = {}
    for name, tracks in (("ours", busy.final), ("plain", busy.plainly)):
        played = Played(as_boxes(tracks, fps), busy.frames, SIZE, 0.0, 0.0, 0.0)
        summary = compare(known, played, drawn, fps, random=0)["summary"]
        report[name] = {key: summary[key] for key in ("mean_dwell_error", "visits_error")}
    return report


@app.command()
def edge(
    video: Annotated[Path | None, typer.Option(help="A busy video; default: the sample video.", show_default=False)] = None,
    zones: Annotated[Path | None, typer.Option(help="Its zones; default: the demo's.", show_default=False)] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Its truth (as for evaluate), to compare dwell with.", show_default=False)
    ] = None,
    scene: Annotated[
        Path | None,
        typer.Option(
            help="A folder of 'motcua simulate scene'; default: a mostly still one is rendered.", show_default=False
        ),
    ] = None,
    fps: Annotated[float, typer.Option(min=0.1, help="Frames per second of the video's clock.")] = 7.0,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads that the detector may use.")] = 1,
    watch_s: Annotated[
        float, typer.Option("--watch", min=1, max=3600, help="Seconds to measure whole camera processes for.")
    ] = 45.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    """Measure what a camera costs: CPU of every part and beside a bare detector, with faces and without, what motion gating saves
    and loses, cameras per core, memory, and a plain pipeline beside it. It takes about five minutes.

    Example: motcua bench edge --json bench.json
    """
    from motcua.edge.build import BuildError
    from motcua.edge.zones import ZonesError
    from motcua.models.errors import ModelError
    from motcua.onebox.scene import SceneError
    from motcua.onebox.truth import TruthError
    from motcua.onebox.video import VideoError

    try:
        with tempfile.TemporaryDirectory(prefix="motcua-bench-") as name:
            options: Report = {"fps": fps, "threads": threads, "watch_s": watch_s, "truth": truth, "progress": True}
            report = bench_edge(
                video or _sample(), zones or _demo_zones(), lambda: scene or _rendered(Path(name)), **options
            )
        if json_file:
            json_file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    except (VideoError, ModelError, ZonesError, SceneError, TruthError, BuildError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    _show(report)


@app.command()
def ingest(
    events: Annotated[int, typer.Option(min=1000, help="Events of a run; half as many as single messages.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds; the medians are given.")] = 5,
    batch: Annotated[int, typer.Option(min=1, max=500, help="Messages in a payload of the batched runs.")] = 100,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    """Measure the data path: events per second that one ingestor commits and confirms, with a broker, a publisher and a PostgreSQL of
    its own beside it, over a bare COPY of the same rows; two ingestors; CPU per message at the edge. It takes about a minute.

    Example: motcua bench ingest --json ingest.json
    """
    from motcua.onebox.bench_ingest import BenchError, bench_ingest

    try:
        report = bench_ingest(events, rounds, batch, lambda line: typer.echo(line, err=True))
        if json_file:
            json_file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    except (BenchError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    _show(report)


@app.command()
def queries(
    visits: Annotated[int, typer.Option(min=1000, help="Visits of three years.")] = 10_000_000,
    counters: Annotated[int, typer.Option(min=4, help="Counters, four an office.")] = 500,
    repeat: Annotated[int, typer.Option(min=5, help="How often each question is asked.")] = 30,
    folder: Annotated[
        Path | None,
        typer.Option(help="Where the data stay for the next run; default: below the data folder.", show_default=False),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    """Measure every question of the pages and the API over three years of hours and 90 days of minutes, on the embedded
    PostgreSQL. The data are generated in it at the first run, which takes a quarter of an hour and about 20 GB.

    Example: motcua bench queries --json queries.json
    """
    from motcua.onebox.bench_queries import Scale, bench_queries
    from motcua.onebox.places import data_folder

    place = folder or data_folder() / "bench"
    report = bench_queries(place, Scale(visits, counters), repeat, lambda step: typer.echo(step, err=True))
    if json_file:
        json_file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for one in report.pop("queries"):
        typer.echo(f"{one['name']:>30} {one['p95_ms']:9.2f} ms")
    _show(report)


@app.command()
def api(
    seconds: Annotated[float, typer.Option(min=0.2, max=60, help="Of each turn; there are five of each kind.")] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """The public list of offices beside a bare endpoint of the same server that sends the same bytes, in turns.

    Example: motcua bench api --json
    """
    from motcua.onebox.bench_api import bench_api

    report = bench_api(seconds)
    typer.echo(json.dumps(report)) if as_json else _show(report)


@app.command()
def page(
    runs: Annotated[int, typer.Option(min=1, max=20, help="First visits; the median counts.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """The public page's first visit in Chromium on a throttled phone: largest paint, blocking time, layout shift.

    Example: motcua bench page --json
    """
    from motcua.onebox.bench_page import bench_page

    report = bench_page(runs)
    typer.echo(json.dumps(report)) if as_json else _show(report)


@app.command()
def live(
    events: Annotated[int, typer.Option(min=1, help="Samples to send.")] = 300,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    """Measure from the edge's outbox to a page's event stream, through the real publisher, broker, ingestor, database and API.

    Example: motcua bench live --json live.json
    """
    from motcua.onebox.bench_live import LiveError, bench_live

    try:
        report = bench_live(events)
    except LiveError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if json_file:
        json_file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    _show(report)


@app.command()
def dashboard(
    offices: Annotated[int, typer.Option(min=1, max=5000, help="Offices on the page; each changes at every update.")] = 500,
    for_s: Annotated[float, typer.Option("--for", min=5, max=86400, help="Seconds to watch.")] = 600.0,
    panels: Annotated[bool, typer.Option("--panels", help="Small multiples in place of the table.")] = False,
    whole: Annotated[bool, typer.Option("--all", help="List all, not the first 150.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """The staff's live page in Chromium while every figure on it changes each second: work of the main thread for each update, and memory.

    Example: motcua bench dashboard --for 60 --json
    """
    from motcua.onebox.bench_dashboard import bench_dashboard
    from motcua.onebox.bench_server import BenchError

    try:
        report = bench_dashboard(
            offices, for_s, lambda line: typer.echo(line, err=True), "panels" if panels else "table", whole
        )
    except BenchError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(json.dumps(report)) if as_json else _show(report)


def _show(report: Report, before: str = "") -> None:
    for name, value in report.items():
        if isinstance(value, dict):
            _show(value, f"{before}{name}.")
        else:
            typer.echo(
                f"{before + name:>30} {f'{value:.3f}' if isinstance(value, float) else '-' if value is None else value}"
            )


def _rendered(folder: Path) -> Path:
    from motcua.onebox.bench_still import still_scene
    from motcua.onebox.scene import film_of

    with _bar("scene", None, True) as tick:
        still_scene(folder, film_of(_sample()), lambda done, of: tick())
    return folder


def _sample() -> Path:
    from motcua.onebox.video import sample_video

    return sample_video()


def _demo_zones() -> Path:
    return Path(__file__).with_name("data") / "demo_zones.json"


@contextmanager
def _bar(name: str, total: int | None, shown: bool) -> Iterator[Tick]:
    """A line of progress on stderr, where somebody watches and where nobody does."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as bar:
        task = bar.add_task(name, total=total)
        yield lambda: bar.advance(task)


def _peak_memory_mb() -> float:
    """The greatest resident size of this process so far; the unit of the kernel's figure differs between systems."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)

"""`motcua bench`: what the edge costs on this machine."""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, help="Measure what the product costs on this machine.")


@app.callback()
def _group() -> None:
    """Measure what the product costs on this machine."""


@dataclass(slots=True)
class _Clock:
    """Adds up the CPU time of this process in one part of the work."""

    spent_s: float = 0.0
    _mark: float = 0.0

    def __enter__(self) -> None:
        self._mark = time.process_time()

    def __exit__(self, *_: object) -> None:
        self.spent_s += time.process_time() - self._mark


def bench_edge(
    video: Path, zones_file: Path | None, *, fps: float, threads: int, frames: int | None = None
) -> dict[str, Any]:
    """CPU milliseconds per frame of decoding, detection, tracking (with the late correction) and visits, in one run.

    ``ratio`` is all of them over decoding and detection alone. Raises VideoError, ModelError, ZonesError.
    """
    import cv2
    import numpy as np

    from motcua.edge.detect import build_detector
    from motcua.edge.geometry import foot
    from motcua.edge.pipeline import Pipeline
    from motcua.edge.track import ByteTracker
    from motcua.edge.visits import Positions, VisitSettings, VisitState, step
    from motcua.edge.zones import Zones, load_zones
    from motcua.onebox.playing import Timed, video_frames

    cv2.setNumThreads(threads)
    detector = Timed(build_detector("ssdlite", threads=threads))
    pipeline = Pipeline(detector, ByteTracker())
    zones = load_zones(zones_file) if zones_file else Zones(())
    decode, track, visit = _Clock(), _Clock(), _Clock()
    source, state, count = video_frames(video), VisitState(), 0
    start, began = datetime(2026, 1, 1, tzinfo=UTC), time.perf_counter()
    while frames is None or count < frames:
        with decode:
            frame = next(source, None)
        if frame is None:
            break
        with track:
            final = pipeline.process(frame, count / fps).final
        with visit:
            size = np.array([frame.shape[1], frame.shape[0]])
            for late in final:
                people = Positions(late.tracks.ids, foot(late.tracks.boxes) / size)
                state, _ = step(state, people, start + timedelta(seconds=late.at_s), zones, VisitSettings())
        count += 1
    wall_s = time.perf_counter() - began
    tracking_s = track.spent_s - detector.cpu_s
    parts = {"decode": decode.spent_s, "detect": detector.cpu_s, "track": tracking_s, "visits": visit.spent_s}
    return {
        "frames": count,
        "threads": threads,
        **{f"{name}_ms": spent / count * 1e3 for name, spent in parts.items()},
        "fps_per_core": count / sum(parts.values()),
        "fps": count / wall_s,
        "ratio": sum(parts.values()) / (decode.spent_s + detector.cpu_s),
        "peak_memory_mb": _peak_memory_mb(),
    }


@app.command()
def edge(
    video: Annotated[Path | None, typer.Option(help="A video; default: the sample video.")] = None,
    zones: Annotated[Path | None, typer.Option(help="Zones file, for counting visits.")] = None,
    fps: Annotated[float, typer.Option(min=0.1, help="Frames per second of the video's clock.")] = 7.0,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads that the detector may use.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    """Measure decoding, detection, tracking and visits: milliseconds of CPU per frame, frames per second per core, memory.

    Example: motcua bench edge --json bench.json
    """
    from motcua.edge.zones import ZonesError
    from motcua.models.errors import ModelError
    from motcua.onebox.video import VideoError

    try:
        figures = bench_edge(video or _sample(), zones, fps=fps, threads=threads)
        if json_file:
            json_file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    except (VideoError, ModelError, ZonesError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    for name, value in figures.items():
        typer.echo(f"{name:>15} {value:.2f}" if isinstance(value, float) else f"{name:>15} {value}")


def _sample() -> Path:
    from motcua.onebox.video import sample_video

    return sample_video()


def _peak_memory_mb() -> float:
    """The greatest resident size of this process so far; the unit of the kernel's figure differs between systems."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)

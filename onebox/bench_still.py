"""What motion gating saves and costs on a rendered scene where people mostly stand, beside the plain pipeline on the same detections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Box, Detections, Detector, Image, foot, tiled
from motcua.edge.pace import Pace
from motcua.edge.pipeline import Pipeline, TimedTracks
from motcua.edge.track import ByteTracker
from motcua.edge.zones import Zone, contains
from motcua.onebox.dwell import ZoneFigures, figures, find_visits, summarise
from motcua.onebox.plain import PlainTracker
from motcua.onebox.playing import video_frames
from motcua.onebox.scene import Film, Plan, Scene, render
from motcua.onebox.scene_light import CameraFaults
from motcua.onebox.scene_place import SIZE
from motcua.onebox.scene_queue import Crowd

Report = dict[str, Any]

FPS = 10.0  # of the camera
# One counter; whoever comes waits for minutes and is served for one or two; hardly anybody passes by. Light that flickers and
# drifts, noise, lost frames and the codec are those of every rendered scene.
PLAN = Plan(
    seed=3,
    kind="area",
    counters=1,
    crowd=Crowd(
        arrivals_s=180,
        longest_s=240,
        load=1.2,
        service_mean_s=80,
        service_spread=0.5,
        least_service_s=40,
        passers_per_min=0.4,
    ),
    faults=CameraFaults(rates=(FPS,)),
)
_START = datetime(2026, 1, 5, tzinfo=UTC)


def still_scene(folder: Path, film: Film, tick: Callable[[int, int], None] | None = None) -> None:
    """Render the mostly still scene into a folder. Raises SceneError."""
    render(folder, PLAN, film, tick)


class _Once:
    """Looks at every tile of a frame once, for as many pipelines as ask."""

    def __init__(self, detector: Detector) -> None:
        self.name, self.version = detector.name, detector.version
        self._detector = tiled(detector)
        self.turns = self._detector.turns
        self._found: dict[Box, Detections] = {}

    def take(self, frame: Image) -> None:
        places = self.tiles(frame.shape[1], frame.shape[0])
        self._found = dict(zip(places, self._detector.look(frame, places), strict=True))

    def detect(self, frame: Image) -> Detections:
        return self.merged(list(self._found.values()))

    def tiles(self, width: int, height: int) -> list[Box]:
        return self._detector.tiles(width, height)

    def look(self, frame: Image, tiles: Sequence[Box]) -> list[Detections]:
        return [self._found[tile] for tile in tiles]

    def merged(self, found: Sequence[Detections]) -> Detections:
        return self._detector.merged(found)


@dataclass(frozen=True, slots=True)
class _Feet:
    """Foot points on a clock of the camera's frames. frames, ids: (n,); points: (n, 2), fractions of the picture."""

    frames: NDArray[np.int64]
    ids: NDArray[np.int64]
    points: NDArray[np.float64]

    def zone(self, zone: Zone) -> list[Any]:
        return find_visits(zone.name, self.frames, self.ids, contains(zone.polygon, self.points), FPS)


def compare_gating(
    scene: Scene, detector: Detector, still_s: float, fps: float, tick: Callable[[], None] | None = None
) -> Report:
    """Play the scene once through the pipeline with gating, without it, and through the plain one, on the same detections.

    fps: frames analysed per second. Dwell and visits of the scene's zones by :mod:`motcua.onebox.dwell`. Raises VideoError.
    """
    once, pace = _Once(detector), Pace(fps)
    whole, gated = Pipeline(once, ByteTracker()), Pipeline(once, ByteTracker(), still_s=still_s)
    assert gated.gate is not None
    plain = PlainTracker()
    ours, theirs, plainly = list[TimedTracks](), list[TimedTracks](), list[TimedTracks]()
    for number, image in enumerate(video_frames(scene.video)):
        at_s = float(scene.times[number])
        if pace.lets(_START + timedelta(seconds=at_s)):
            once.take(image)
            step = whole.process(image, at_s)
            theirs += step.final
            ours += gated.process(image, at_s).final
            plainly.append(TimedTracks(at_s, plain.update(step.found)))
        if tick:
            tick()
    ours += gated.finish()
    theirs += whole.finish()
    true = _Feet(
        np.round(scene.times[scene.boxes.frames] * FPS).astype(np.int64), scene.boxes.ids, _points(scene.boxes.boxes)
    )
    with_gating, without, plain_ = (_zones(scene, true, _feet(t)) for t in (ours, theirs, plainly))
    return {
        "inferences_saved": 1 - gated.gate.looked / gated.gate.shown,
        "dwell_loss": _loss(with_gating, without),
        "visits_loss": _lost_visits(with_gating, without),
        **_short(with_gating),
        "ungated": _short(without),
        "plain": _short(plain_),
    }


def _zones(scene: Scene, true: _Feet, measured: _Feet) -> list[ZoneFigures]:
    return [figures(z.name, true.zone(z), measured.zone(z), FPS) for z in scene.zones.zones]


def _short(zones: Sequence[ZoneFigures]) -> dict[str, float | None]:
    summary = summarise(zones)
    return {key: summary[key] for key in ("mean_dwell_error", "visits_error")}


def _loss(gated: Sequence[ZoneFigures], whole: Sequence[ZoneFigures]) -> float | None:
    """The mean over the zones of the relative difference in mean dwell."""
    pairs = [(g.mean_dwell_s, w.mean_dwell_s) for g, w in zip(gated, whole, strict=True)]
    losses = [abs((g or 0.0) - w) / w for g, w in pairs if w]
    return float(np.mean(losses)) if losses else None


def _lost_visits(gated: Sequence[ZoneFigures], whole: Sequence[ZoneFigures]) -> float | None:
    total = sum(w.visits for w in whole)
    return sum(abs(g.visits - w.visits) for g, w in zip(gated, whole, strict=True)) / total if total else None


def _feet(tracks: Sequence[TimedTracks]) -> _Feet:
    frames = np.array([round(t.at_s * FPS) for t in tracks], np.int64)
    ids = np.concatenate([t.tracks.ids for t in tracks])
    boxes = np.concatenate([t.tracks.boxes for t in tracks])
    return _Feet(np.repeat(frames, [len(t.tracks) for t in tracks]), ids, _points(boxes))


def _points(boxes: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.clip(foot(boxes.astype(np.float64)) / np.array(SIZE), 0, 1), np.float64)

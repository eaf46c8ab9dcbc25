"""Play a scene through the agent's own path, frame times and all: thinned to the analysed rate, detected, tracked, corrected,
counted as visits. The plain pipeline may run beside it on the same detections."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.edge.flow import FlowSums, QueueFlow
from motcua.edge.geometry import Detections, Detector, Tracks, foot
from motcua.edge.pace import Pace
from motcua.edge.pipeline import Pipeline, TimedTracks
from motcua.edge.visits import ClosedVisit, Person, Positions, VisitSettings, VisitState, flush, step
from motcua.edge.zones import Zones
from motcua.onebox.plain import PlainClocks, PlainTracker
from motcua.onebox.playing import video_frames
from motcua.onebox.scene import Scene, SceneError
from motcua.onebox.scene_place import SIZE

ANALYSIS_FPS = 7.0  # the agent's default
START = datetime(2026, 1, 5, 0, 0, tzinfo=UTC)

Trail = dict[float, tuple[float, float]]
"""second → foot point, fractions of the picture"""


@dataclass(frozen=True, slots=True)
class Played:
    """One scene's result. frames: (n,) numbers of the analysed frames; final: their tracks, in order; plain: those of the plain
    pipeline, empty if it did not run; wall time in seconds."""

    frames: NDArray[np.int64]
    times: NDArray[np.float64]
    detections: tuple[Detections, ...]
    final: tuple[TimedTracks, ...]
    plain: tuple[TimedTracks, ...]
    wall_s: float


@dataclass(frozen=True, slots=True)
class MeasuredVisit:
    """A visit as the agent (or the plain pipeline) would tell it, in seconds since the beginning, and where it was."""

    arrival_s: float
    service_start_s: float | None
    departure_s: float
    outcome: str
    counter_id: str | None
    trail: Trail

    @property
    def queue_s(self) -> float:
        """Time in the queue, served or not."""
        return (self.departure_s if self.service_start_s is None else self.service_start_s) - self.arrival_s


def play_scene(
    scene: Scene,
    detector: Detector,
    build: Callable[[Detector], Pipeline],
    *,
    plain: bool = False,
    tick: Callable[[], None] | None = None,
) -> Played:
    """Run the scene as fast as it goes. ``tick`` is called after each frame. Raises VideoError, SceneError where frames and their
    times do not agree in number."""
    pace, other, pipeline = Pace(ANALYSIS_FPS), PlainTracker(), build(detector)
    frames, found, final, plainly = list[int](), list[Detections](), list[TimedTracks](), list[TimedTracks]()
    began, count = time.perf_counter(), 0
    for number, image in enumerate(video_frames(scene.video)):
        count += 1
        if number >= len(scene.times):
            break
        at_s = float(scene.times[number])
        if pace.lets(_at(at_s)):
            result = pipeline.process(image, at_s)
            final += result.final
            frames.append(number)
            found.append(result.found)
            if plain:
                plainly.append(TimedTracks(at_s, other.update(result.found)))
        if tick:
            tick()
    if count != len(scene.times):
        raise SceneError(f"{scene.video} has not as many frames as {len(scene.times)} times: make the scene anew")
    final += pipeline.finish()
    numbers = np.array(frames, np.int64)
    wall_s = time.perf_counter() - began
    return Played(numbers, scene.times[numbers], tuple(found), tuple(final), tuple(plainly), wall_s)


def broken(tracks: Sequence[TimedTracks], share: float, seed: int) -> tuple[TimedTracks, ...]:
    """The same tracks, that share of them cut in two at a random instant: a new id from there on."""
    chance = np.random.default_rng([seed, 11])
    life: dict[int, list[float]] = {}
    for timed in tracks:
        for i in timed.tracks.ids.tolist():
            life.setdefault(i, [timed.at_s, timed.at_s])[1] = timed.at_s
    cut_s = {i: chance.uniform(span[0], span[1]) for i, span in life.items() if chance.random() < share}
    new = {i: max(life) + 1 + k for k, i in enumerate(cut_s)}
    out = []
    for timed in tracks:
        ids = [new[i] if i in cut_s and timed.at_s >= cut_s[i] else i for i in timed.tracks.ids.tolist()]
        out.append(TimedTracks(timed.at_s, Tracks(np.array(ids, np.int64), timed.tracks.boxes, timed.tracks.confidence)))
    return tuple(out)


def counted(tracks: Sequence[TimedTracks], zones: Zones) -> tuple[list[MeasuredVisit], FlowSums]:
    """Visits, and what Little's law needs, as the agent's camera counts them from its final tracks."""
    settings = VisitSettings()
    state, flow, trails = VisitState(), QueueFlow(zones, settings), _Trails()
    visits: list[MeasuredVisit] = []
    for timed in tracks:
        seen = Positions(timed.tracks.ids, points_of(timed.tracks))
        at = _at(timed.at_s)
        flow.take(seen, at)
        before = state.people
        state, closed = step(state, seen, at, zones, settings)
        visits += [_measured(v, trails.of(v, before)) for v in closed]
        trails.take(before, state.people, timed.at_s)
    if state.at is not None:
        visits += [_measured(v, trails.of(v, state.people)) for v in flush(state, state.at)]
    return visits, flow.take_out()


def counted_plainly(tracks: Sequence[TimedTracks], zones: Zones) -> list[MeasuredVisit]:
    """Visits by the clocks of the track ids."""
    clocks = PlainClocks(zones)
    trails: dict[int, Trail] = {}
    for timed in tracks:
        points = points_of(timed.tracks)
        clocks.take(timed.tracks.ids, points, timed.at_s)
        for i, (x, y) in zip(timed.tracks.ids.tolist(), points.tolist(), strict=True):
            trails.setdefault(i, {})[timed.at_s] = (x, y)
    return [
        MeasuredVisit(v.arrival_s, v.service_start_s, v.departure_s, v.outcome, v.counter_id, trails[v.track_id])
        for v in clocks.visits()
    ]


def points_of(tracks: Tracks) -> NDArray[np.float64]:
    """(n, 2) foot points, fractions of the picture."""
    return np.asarray(np.clip(foot(tracks.boxes.astype(np.float64)) / np.array(SIZE), 0.0, 1.0))


class _Trails:
    """Where each person of the visits' state was; a person who got a new track keeps their trail."""

    def __init__(self) -> None:
        self._of: dict[int, Trail] = {}

    def take(self, before: Any, now: Any, at_s: float) -> None:
        gone = [i for i in before if i not in now]
        for i, p in now.items():
            if i not in before and p.stitched_s > 0:
                old = [j for j in gone if before[j].arrival_at == p.arrival_at and before[j].stitched_s < p.stitched_s]
                if old and i not in self._of:
                    self._of[i] = self._of.pop(old[0], {})
            self._of.setdefault(i, {})[at_s] = p.point

    def of(self, visit: ClosedVisit, people: Any) -> Trail:
        def fits(p: Person) -> bool:
            return p.zone_at == visit.departure_at and (p.arrival_at or p.hall_since) == visit.arrival_at

        return next((self._of.get(i, {}) for i, p in people.items() if fits(p)), {})


def _measured(visit: ClosedVisit, trail: Trail) -> MeasuredVisit:
    start = visit.service_start_at
    return MeasuredVisit(
        _s(visit.arrival_at),
        None if start is None else _s(start),
        _s(visit.departure_at),
        visit.outcome,
        visit.counter_id,
        trail,
    )


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def _s(at: datetime) -> float:
    return (at - START).total_seconds()

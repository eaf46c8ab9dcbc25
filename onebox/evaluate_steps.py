"""How far the figures move when a single setting does: each one a fifth up and a fifth down, all others as they are.

A figure that holds only at one value of a setting was found by tuning to the video; the worst of the steps says more than the best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from rich.progress import Progress

from motcua.edge.geometry import Detections, Detector
from motcua.edge.pipeline import Pipeline
from motcua.edge.refine import Refiner, RefineSettings
from motcua.edge.track import ByteTracker, TrackSettings
from motcua.edge.zones import Zone
from motcua.onebox.playing import Replayed, play
from motcua.onebox.truth import Boxes

Report = dict[str, Any]

STEP = 0.2
_NOT_CHOSEN = {"frame_s"}  # a unit, not a setting
_WORST = (("summary", "mean_dwell_error"), ("random_zones", "median_error"), ("random_zones", "visits_error"))
_LEAST = (("tracking", "idf1"), ("tracking", "mota"), ("tracking", "hota"))


def one_step_each(
    video: Path,
    found: Sequence[Detections],
    truth: Boxes,
    zones: tuple[Zone, ...],
    fps: float,
    random: int,
    seeds: Sequence[int],
    every: int,
    bar: Progress,
) -> Report:
    """``each``: the figures after each step; ``worst``: each figure at its worst, and the step that did it.

    found: what the detector saw in each analysed frame, seen again by every variant. A step that the settings refuse is left out.
    """
    from motcua.onebox.evaluate import compare

    each: dict[str, Report] = {}
    steps = list(variants())
    task = bar.add_task("one setting at a time", total=len(steps))
    for name, track, refine in steps:
        bar.advance(task)
        try:
            refiner = Refiner(refine)
        except ValueError:
            continue
        pipeline = Pipeline(Replayed(found), ByteTracker(track), refiner)
        played = play(video, pipeline.detector, fps, _always(pipeline), every=every)
        figures = compare(truth, played, zones, fps, random, seeds)
        each[name] = {key: figures[part][key] for part, key in (*_WORST, *_LEAST)}
    return {"step": STEP, "each": each, "worst": worst(each)}


def _always(pipeline: Pipeline) -> Callable[[Detector], Pipeline]:
    return lambda _: pipeline


def variants() -> Iterator[tuple[str, TrackSettings, RefineSettings]]:
    """Each number among the settings of tracking, correction and linking, one step down and one up."""
    track, refine = TrackSettings(), RefineSettings()
    for part in (track, refine, refine.link):
        for f in fields(part):
            value: Any = getattr(part, f.name)
            if not isinstance(value, float) or f.name in _NOT_CHOSEN or value == 0:
                continue
            for share in (1 - STEP, 1 + STEP):
                to: Any = {f.name: value * share}
                changed: Any = replace(part, **to)
                name = f"{f.name} {value:g} → {value * share:g}"
                if part is track:
                    yield name, changed, refine
                else:
                    yield name, track, changed if part is refine else replace(refine, link=changed)


def worst(each: dict[str, Report]) -> Report:
    """Each figure's worst value, and the step that did it."""
    found: Report = {}
    for keys, choose in ((_WORST, max), (_LEAST, min)):
        for _, key in keys:
            known = {name: figures[key] for name, figures in each.items() if figures[key] is not None}
            if known:
                value, name = choose((value, name) for name, value in known.items())
                found[key] = {"value": value, "step": name}
    return found

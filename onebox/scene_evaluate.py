"""``motcua evaluate --scene``: the agent's own pipeline on rendered scenes, and how far its waits are off."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from motcua.edge.settings import STILL_S
from motcua.onebox.scene import read_scene
from motcua.onebox.scene_detections import detector_figures
from motcua.onebox.scene_play import Played, broken, counted, counted_plainly, play_scene
from motcua.onebox.scene_waits import causes, compared, kept_identity, waits

Report = dict[str, Any]


def evaluate_scenes(
    folders: Sequence[Path],
    *,
    detector: str = "ssdlite",
    weights: str | None = None,
    threads: int = 1,
    still_s: float = STILL_S,
    break_tracks: float = 0.0,
    seed: int = 0,
    plain: bool = False,
    progress: bool = False,
) -> Report:
    """Play each scene and pool the figures; what is in ``scenes`` is of one alone.

    break_tracks: that share of the tracks is cut in two at random before anything is counted; ``unbroken`` then holds what was
    measured without it. plain: run the plain pipeline beside it, on the same detections.
    still_s: as in the camera's settings. Raises SceneError, ZonesError, TruthError, VideoError, ModelError.
    """
    import cv2
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from motcua.edge.detect import build_detector
    from motcua.edge.pipeline import Pipeline
    from motcua.edge.track import ByteTracker

    cv2.setNumThreads(threads)
    scenes = [read_scene(folder) for folder in folders]
    finder = build_detector(detector, threads=threads, weights=weights)
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    played: list[Played] = []
    with Progress(*columns, console=Console(stderr=True), disable=not progress, transient=True) as bar:
        task = bar.add_task("frames", total=sum(len(s.times) for s in scenes))
        for scene in scenes:
            result = play_scene(
                scene,
                finder,
                lambda d: Pipeline(d, ByteTracker(), still_s=still_s),
                plain=plain,
                tick=lambda: bar.advance(task),
            )
            played.append(result)
    whole = [compared(s, *counted(p.final, s.zones)) for s, p in zip(scenes, played, strict=True)]
    ours = whole
    if break_tracks:
        cut = [broken(p.final, break_tracks, seed) for p in played]
        ours = [compared(s, *counted(c, s.zones)) for s, c in zip(scenes, cut, strict=True)]
    report: Report = {
        "provenance": "simulated",
        "waits": waits(ours) | {"broken_tracks": break_tracks},
        "causes": causes(ours),
        "identity": _summed([kept_identity(s, p.frames, p.final) for s, p in zip(scenes, played, strict=True)]),
        "detector": detector_figures([(s, p.frames, p.detections) for s, p in zip(scenes, played, strict=True)]),
        "speed": {
            "frames": sum(len(p.frames) for p in played),
            "fps": sum(len(p.frames) for p in played) / sum(p.wall_s for p in played),
            "threads": threads,
        },
        "scenes": [
            {"folder": str(f), "waits": waits([c]), "causes": causes([c])} for f, c in zip(folders, ours, strict=True)
        ],
    }
    if break_tracks:
        report["unbroken"] = waits(whole)
    if plain:
        others = [compared(s, counted_plainly(p.plain, s.zones)) for s, p in zip(scenes, played, strict=True)]
        report["plain"] = waits(others) | {
            "causes": causes(others),
            "identity": _summed([kept_identity(s, p.frames, p.plain) for s, p in zip(scenes, played, strict=True)]),
        }
    return report


def _summed(identities: Sequence[Report]) -> Report:
    """One for all scenes; ``seen`` weighs them by their people."""
    total = {key: sum(i[key] for i in identities) for key in ("people", "kept", "broken", "swapped")}
    seen = sum(i["seen"] * i["people"] for i in identities if i["seen"] is not None)
    return total | {"seen": seen / total["people"] if total["people"] else None}

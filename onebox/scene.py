"""A rendered scene as a folder: video, times of its frames, truth of boxes and of visits, zones, and how it was made.

``video.mp4``    the frames, without a clock of their own
``times.txt``    seconds since the beginning, a line a frame
``gt.txt``       boxes in MOT16's format: frame, id, x, y, w, h, 1, 1, visible
``visits.json``  every true visit, by the definitions in ``docs/definitions.md``
``zones.json``   queue and counters
``scene.json``   seed and settings; its provenance is ``simulated``
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.edge.zones import Zones, load_zones, parse_zones
from motcua.onebox.playing import video_frames
from motcua.onebox.scene_light import CameraFaults, Light, frame_times
from motcua.onebox.scene_people import SourcePerson, median_background, source_people
from motcua.onebox.scene_place import POST, SIZE, TRIPOD, Kind, height_px, place_of, zones_data
from motcua.onebox.scene_queue import CROWDED, Crowd, crowd_walks
from motcua.onebox.scene_render import Painter, rendered
from motcua.onebox.scene_truth import TrueVisit, true_visits
from motcua.onebox.truth import Boxes, read_truth

_LEAST_PICTURES = 12  # of a source person
_DECLARED_FPS = 10.0  # the container must say something; times.txt counts
_EVERY = 24  # frames of the film that the background is taken from


class SceneError(ValueError):
    """A scene that cannot be made or read; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to render. kind: people wait in a line or in an area."""

    seed: int = 0
    kind: Kind = "line"
    counters: int = 2
    crowd: Crowd = field(default_factory=Crowd)
    faults: CameraFaults = field(default_factory=CameraFaults)


def plan_of(
    seed: int, minutes: float, kind: Kind | None = None, counters: int | None = None, *, crowded: bool = False
) -> Plan:
    """The usual plan of a seed: where kind or counters are left open, they go in turn with the seed."""
    chosen: Kind = kind or ("line", "area")[seed % 2]
    crowd = Crowd(arrivals_s=minutes * 60, longest_s=minutes * 120)
    if crowded:
        crowd = replace(crowd, **CROWDED)
    return Plan(seed, chosen, counters or (2, 2, 1)[seed % 3], crowd)


@dataclass(frozen=True, slots=True)
class Film:
    """What scenes are made of: the empty place, and the people cut out of the film."""

    background: NDArray[np.uint8]
    people: tuple[SourcePerson, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A folder that was read. times: (n,) s; boxes with frames from 0; visible: (m,) of each box, 0..1."""

    folder: Path
    times: NDArray[np.float64]
    zones: Zones
    visits: tuple[TrueVisit, ...]
    boxes: Boxes
    visible: NDArray[np.float64]

    @property
    def video(self) -> Path:
        """The frames."""
        return self.folder / "video.mp4"


def film_of(video: Path) -> Film:
    """The people and the background of the sample film. Raises VideoError, SceneError where it shows too few people."""
    frames = list(video_frames(video))
    if frames[0].shape[1::-1] != SIZE:
        raise SceneError(f"{video} is not the sample film: scenes are made from it alone")
    background = median_background(frames[::_EVERY])
    people = tuple(p for p in source_people(frames, background, height_px, POST) if p.pictures >= _LEAST_PICTURES)
    if len(people) < 2:
        raise SceneError(f"{video} shows too few people who stand alone: scenes are made from the sample film")
    return Film(_without_tripod(background), people)


def _without_tripod(background: NDArray[np.uint8]) -> NDArray[np.uint8]:
    x0, y0, x1, y1 = TRIPOD
    part = background[y0:y1, x0:x1]
    around = cv2.medianBlur(part, 31)
    darker = (cv2.absdiff(part, around).max(axis=2) > 18).astype(np.uint8)
    mask = np.zeros(background.shape[:2], np.uint8)
    mask[y0:y1, x0:x1] = cv2.dilate(darker, np.ones((5, 5), np.uint8))
    return np.asarray(cv2.inpaint(background, mask, 4, cv2.INPAINT_TELEA), dtype=np.uint8)


def render(folder: Path, plan: Plan, film: Film, tick: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """Write the scene into ``folder``; what ``scene.json`` holds. ``tick`` is called after each frame: how many are done, of how many.

    Raises SceneError where the video cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = place_of(plan.kind, plan.counters)
    zones = zones_data(place)
    walkers = crowd_walks(place, plan.crowd, plan.seed)
    times = frame_times(plan.faults, max((w.until_s for w in walkers), default=0.0), plan.seed)
    visits = true_visits(walkers, parse_zones(zones), float(times[-1]))
    writer = cv2.VideoWriter(str(folder / "video.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), _DECLARED_FPS, SIZE)
    if not writer.isOpened():
        raise SceneError(f"no video can be written in {folder}: check that the folder is writable")
    painter = Painter(film.background, film.people, walkers, place, plan.seed)
    lines = []
    for number, (image, painted) in enumerate(rendered(painter, Light(plan.faults, SIZE, plan.seed), times), start=1):
        writer.write(image)
        for person, (x0, y0, x1, y1), visible in zip(painted.ids, painted.boxes, painted.visible, strict=True):
            lines.append(f"{number},{person},{x0:.0f},{y0:.0f},{x1 - x0:.0f},{y1 - y0:.0f},1,1,{visible:.2f}")
        if tick:
            tick(number, len(times))
    writer.release()
    about = {"version": 1, "provenance": "simulated", "frames": len(times), "size": list(SIZE)} | asdict(plan)
    about |= {"source_people": len(film.people), "visits": len(visits)}
    (folder / "gt.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "times.txt").write_text("".join(f"{t:.3f}\n" for t in times), encoding="utf-8")
    _write(folder / "zones.json", zones)
    _write(folder / "visits.json", {"version": 1, "provenance": "simulated", "visits": [asdict(v) for v in visits]})
    _write(folder / "scene.json", about)
    return about


def read_scene(folder: Path) -> Scene:
    """Read what :func:`render` wrote. Raises SceneError, ZonesError, TruthError."""
    try:
        times = np.loadtxt(folder / "times.txt", dtype=np.float64, ndmin=1)
        data = json.loads((folder / "visits.json").read_text(encoding="utf-8"))
        visits = tuple(TrueVisit(**v) for v in data["visits"])
        columns = np.loadtxt(folder / "gt.txt", delimiter=",", ndmin=2)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SceneError(f"{folder} is no scene ({error}): make one with 'motcua simulate scene'") from None
    if not len(times) or (np.diff(times) <= 0).any():
        raise SceneError(f"{folder / 'times.txt'} does not grow from line to line: make the scene anew")
    boxes = read_truth(folder / "gt.txt")
    if not isinstance(boxes, Boxes) or len(boxes) != len(columns):
        raise SceneError(f"{folder / 'gt.txt'} holds no boxes: make the scene anew")
    return Scene(folder, times, load_zones(folder / "zones.json"), visits, boxes, columns[:, 8])


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")

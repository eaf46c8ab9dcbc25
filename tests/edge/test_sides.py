"""Whose face may be read: with the mode off nobody's behind the counter, whatever the picture; with a mode on, only theirs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from painted import PERSON, PaintedPipeline, paint
from scenes import START, Stay, at, walk

from motcua.edge.build import build_officer_watch
from motcua.edge.camera import Camera, OfficerWatch
from motcua.edge.capture import Frame
from motcua.edge.expressions import Expression
from motcua.edge.faces import Face, FaceGate
from motcua.edge.messages import OfficerExpression, OfficerMode
from motcua.edge.outbox import Outbox
from motcua.edge.settings import CameraSettings, EdgeSettings, OfficerSettings
from motcua.edge.sides import hidden
from motcua.edge.watch_faces import FaceWatch
from motcua.edge.zones import parse_zones

FPS = 2
SETTINGS = CameraSettings.model_validate(
    {"source_id": "cam-1", "url": "clip.avi", "zones": "z.json", "sight": {"enabled": False}}
)
ZONES = parse_zones(
    {
        "version": 1,
        "zones": [
            {"name": "A", "role": "service", "counter_id": "A", "polygon": [[0.3, 0.3], [0.6, 0.3], [0.6, 0.7], [0.3, 0.7]]},
            {
                "name": "behind",
                "role": "staff",
                "counter_id": "A",
                "polygon": [[0.6, 0.3], [0.9, 0.3], [0.9, 0.7], [0.6, 0.7]],
            },
            {"name": "aisle", "role": "staff", "polygon": [[0.0, 0.0], [0.2, 0.0], [0.2, 0.2], [0.0, 0.2]]},
        ],
    }
)
AT_COUNTER, BEHIND, AISLE, FAR = (0.58, 0.5), (0.61, 0.5), (0.1, 0.1), (0.05, 0.95)
CITIZEN, OFFICER = 40, 80  # the greys of tracks 1 and 2 in the painted pictures


class Finds:
    """Finds a face wherever anything is painted, and writes down every grey that it was shown."""

    def __init__(self) -> None:
        self.greys: set[int] = set()

    def find(self, image: Any) -> Face | None:
        self.greys |= set(np.unique(image).tolist())
        height, width = image.shape[:2]
        return Face(np.array([0, 0, width, height], np.float32), np.zeros((6, 2), np.float32), 1.0)


class Anything(FaceGate):
    def reason(self, image: Any, face: Face) -> str | None:
        return None


class Reads:
    """Glad, whoever it is; remembers which greys it read."""

    name, version, labels = "fer", "1", ("happy", "neutral")

    def __init__(self) -> None:
        self.greys: set[int] = set()

    def read(self, face: Any) -> Any:
        self.greys |= set(np.unique(face).tolist())
        return Expression(np.array([1.0, 0.0], np.float32))


def watch() -> tuple[FaceWatch, Finds, Reads]:
    finds, reads = Finds(), Reads()
    return FaceWatch(finds, reads, gate=Anything()), finds, reads


def play(folder: Path, stays: Sequence[Stay], seconds: float, end: datetime, **parts: Any) -> list[str]:
    """The story through a camera, then the time until ``end``; returns what was sent, as types, with officers' rows checked."""
    outbox = Outbox(folder / "o.db", now=START)
    camera = Camera(SETTINGS, "vl-1", ZONES, PaintedPipeline(), outbox, now=START, **parts)
    for number in range(round(seconds * FPS)):
        frame = Frame(paint(stays, number / FPS), at(number / FPS), number)
        camera.take(frame)
        camera.took(frame, frame.at)
        camera.tick(frame.at)
    camera.tick(end)
    rows = outbox.pending(10_000)
    outbox.close()
    return [row.body.decode() for row in rows if row.type in ("sentiment", "officer_expression")]


def story(visits: int) -> tuple[list[Stay], float]:
    """Citizens come to the counter one after the other, shoulder to shoulder with the officer behind it."""
    stays: list[Stay] = []
    for visit in range(visits):
        stays += walk(1, (10, AT_COUNTER), (6, FAR), (14, None), start=30.0 * visit)
    return stays + walk(2, (30.0 * visits, BEHIND)), 30.0 * visits


def test_with_the_mode_off_no_pixel_of_an_officer_reaches_the_readers_of_citizens(tmp_path: Path) -> None:
    citizens, finds, reads = watch()
    stays, seconds = story(6)
    sent = play(tmp_path, stays, seconds, START + timedelta(hours=2), observer=citizens)
    assert CITIZEN in finds.greys & reads.greys, "the citizen was read"
    assert OFFICER not in finds.greys | reads.greys
    assert [s for s in sent if "officer_expression" in s] == []
    assert len(sent) == 1, "the citizens' sums alone"


def test_with_a_mode_on_the_officer_is_read_and_no_pixel_of_a_citizen(tmp_path: Path) -> None:
    officers, finds, reads = watch()
    stays, seconds = story(6)
    sent = play(tmp_path, stays, seconds, START + timedelta(hours=2), officers=OfficerWatch("self", officers))
    assert OFFICER in finds.greys & reads.greys
    assert CITIZEN not in finds.greys | reads.greys
    (row,) = [OfficerExpression.model_validate_json(s) for s in sent]
    assert (row.mode, row.counter_id, row.n, row.valence_sum) == ("self", "A", 6, 6.0)
    assert row.period_end - row.period_start >= timedelta(hours=1)


def test_four_services_leave_nothing_of_the_officer(tmp_path: Path) -> None:
    officers, _, _ = watch()
    stays, seconds = story(4)
    assert play(tmp_path, stays, seconds, START + timedelta(hours=5), officers=OfficerWatch("evidence", officers)) == []


def test_who_works_here_is_no_citizen_wherever_they_stand_and_no_officer_outside_a_counter(tmp_path: Path) -> None:
    """Behind the counter for a while, then round in front of it; and in an aisle that belongs to no counter."""
    citizens, finds, reads = watch()
    officers, found, read = watch()
    stays = walk(2, (40, BEHIND), (10, (0.4, 0.5))) + walk(3, (50, AISLE))
    play(tmp_path, stays, 50, START + timedelta(hours=2), observer=citizens)
    assert reads.greys | finds.greys == set()
    (tmp_path / "o.db").unlink()
    play(tmp_path, stays, 50, START + timedelta(hours=2), officers=OfficerWatch("self", officers))
    assert 120 not in found.greys | read.greys


def test_hidden_boxes_are_grey_to_the_last_pixel_and_the_picture_itself_stays() -> None:
    image = paint(walk(2, (1, BEHIND)), 0.5)
    ys, xs = np.nonzero(image[:, :, 0] == OFFICER)
    box = np.array([xs.min() + 0.4, ys.min() + 0.4, xs.max() + 0.6, ys.max() + 0.6])
    shown = hidden(image, [box, np.array([-50.0, -50.0, -1.0, -1.0])])
    assert OFFICER not in shown
    assert (image == OFFICER).sum() == 3 * PERSON * PERSON
    assert hidden(image, []) is image


def test_off_builds_nothing_and_a_mode_needs_its_notice() -> None:
    base: dict[str, Any] = {"office_id": "vl-1", "outbox": "o", "cameras": [SETTINGS]}
    assert build_officer_watch(EdgeSettings(**base)) is None
    modes: tuple[OfficerMode, ...] = ("self", "aggregate", "evidence")
    for mode in modes:
        with pytest.raises(ValueError, match="needs the notice"):
            OfficerSettings(mode=mode, notice="  ")
    with pytest.raises(ValueError, match="mode"):
        OfficerSettings.model_validate({"mode": "on", "notice": "x"})

"""A real video that is spoiled from a known second on, through the agent's own pipeline, to the messages in the outbox."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import views
from edge_tools import free_port
from scenes import START, at
from views import Image

from motcua.edge.build import build_pipeline
from motcua.edge.camera import Camera
from motcua.edge.capture import Frame
from motcua.edge.outbox import Outbox
from motcua.edge.pace import Pace
from motcua.edge.process import run, watch
from motcua.edge.settings import BrokerSettings, CameraSettings, EdgeSettings, outbox_path
from motcua.edge.zones import load_zones
from motcua.models.fetch import fetch
from motcua.onebox.video import FPS, sample_video

GOOD_S, BAD_S = 15, 13
SPOILS = {
    "black": views.black,
    "blurred": views.blurred,
    "covered": views.hand,
    "moved": views.turned_a_little,
    "flooded": views.flooded,
    "frozen": None,
}
FIGURES = ("waiting", "in_service", "open_counters", "oldest_wait_s", "expected_wait_s", "arrivals_per_h", "waited_min")
ZONES = {
    "version": 1,
    "zones": [{"name": "all", "role": "queue", "polygon": [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]]}],
}


def frames(seconds: float) -> Iterator[Image]:
    video = cv2.VideoCapture(str(sample_video()))
    for _ in range(round(seconds * FPS)):
        ok, image = video.read()
        assert ok
        yield np.asarray(cv2.resize(image, views.SIZE, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def write_spoiled(path: Path, reason: str) -> None:
    """The sample video at its true rate, spoiled after ``GOOD_S`` seconds."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, views.SIZE)
    rng, spoil, last = np.random.default_rng(1), SPOILS[reason], None
    for number, image in enumerate(frames(GOOD_S + BAD_S)):
        if number >= GOOD_S * FPS:
            image = last if spoil is None and last is not None else image if spoil is None else spoil(image, rng)
        writer.write(image)
        last = image
    writer.release()


class Film:
    """A file as fast as it can be analysed, dated by its own clock; the clock of the test goes by it."""

    problem = None

    def __init__(self, path: Path) -> None:
        self._video, self._numbers, self.ended, self._now = cv2.VideoCapture(str(path)), itertools.count(), False, START

    def newest(self, timeout_s: float) -> Frame | None:
        ok, image = self._video.read()
        if not ok:
            self.ended = True
            return None
        number = next(self._numbers)
        taken = at(number / FPS)
        self._now = taken + timedelta(seconds=0.05)
        return Frame(np.asarray(image, dtype=np.uint8), taken, number)

    def now(self) -> datetime:
        return self._now

    def close(self) -> None:
        self._video.release()


@pytest.fixture
def camera(tmp_path: Path) -> CameraSettings:
    fetch("ssdlite")
    (tmp_path / "zones.json").write_text(json.dumps(ZONES))
    return CameraSettings(source_id="cam-1", url=str(tmp_path / "film.avi"), zones=tmp_path / "zones.json")


def check(sent: list[dict[str, Any]], reason: str, begin: datetime) -> None:
    """begin: the instant of the first frame."""
    spoiled = begin + timedelta(seconds=GOOD_S)
    samples, visits = ([m for m in sent if m["type"] == t] for t in ("queue", "visit"))
    assert any(q.get("waiting", 0) > 0 for q in samples), "there is something to lose sight of"
    blind = [q for q in samples if q["state"] == "blind"]
    assert {q["blind"] for q in blind} == {reason}
    delay_s = (datetime.fromisoformat(blind[0]["at"]) - spoiled).total_seconds()
    assert 0 < delay_s <= 10
    assert samples[-1]["state"] == "blind"
    assert [name for q in blind for name in FIGURES if name in q] == []
    health = [m for m in sent if m["type"] == "health" and m.get("blind") == reason]
    assert health[0]["status"] == "degraded"
    assert "lost" in {v["outcome"] for v in visits}
    seen_until = spoiled + timedelta(seconds=1.1)
    for visit in visits:
        assert datetime.fromisoformat(visit["departure_at"]) <= seen_until, "nothing is known of the time after that"
        assert datetime.fromisoformat(visit["at"]) <= seen_until
    measured_s = sum(q.get("measured_s", 0) for q in samples)
    assert GOOD_S - 2 <= measured_s <= GOOD_S + 1.1


def stored(path: Path) -> list[dict[str, Any]]:
    outbox = Outbox(path, now=START)
    sent = [json.loads(row.body) | {"type": row.type} for row in outbox.pending(10_000)]
    outbox.close()
    return sorted(sent, key=lambda m: m["seq"])


@pytest.mark.parametrize("reason", ["frozen", *(pytest.param(r, marks=pytest.mark.slow) for r in SPOILS if r != "frozen")])
def test_a_spoiled_film_is_blind_within_ten_seconds_and_no_wait_spans_it(
    reason: str, camera: CameraSettings, tmp_path: Path
) -> None:
    write_spoiled(tmp_path / "film.avi", reason)
    outbox, film = Outbox(tmp_path / "cam-1.db", now=START), Film(tmp_path / "film.avi")
    watching = Camera(camera, "vl-1", load_zones(camera.zones), build_pipeline(camera), outbox, now=START)
    watch(watching, film, film, Pace(camera.analysis_fps), lambda: True, lambda: 1)
    film.close()
    outbox.close()
    check(stored(tmp_path / "cam-1.db"), reason, START)
    left = {p.name for p in tmp_path.iterdir()} - {"film.avi", "zones.json"}
    assert all(name.startswith("cam-1.db") or name in ("cam-1.sight.json", "cam-1.forecast.json") for name in left)


@pytest.mark.slow
@pytest.mark.parametrize("reason", SPOILS)
def test_a_whole_camera_process_tells_it_in_real_time(reason: str, camera: CameraSettings, tmp_path: Path) -> None:
    write_spoiled(tmp_path / "film.avi", reason)
    settings = EdgeSettings(
        office_id="vl-1", outbox=tmp_path / "outbox", broker=BrokerSettings(port=free_port()), cameras=(camera,)
    )
    run(settings, camera, lambda: True, build_pipeline)
    sent = stored(outbox_path(settings, camera))
    firsts = [datetime.fromisoformat(m["at"]) for m in sent if m["type"] == "queue" and "waiting" in m]
    check(sent, reason, min(firsts))

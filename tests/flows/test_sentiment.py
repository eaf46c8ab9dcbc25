"""Faces on a video → sums at the edge → outbox → broker → database → the day's figure; and not one picture on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from builders import NOON
from photographs import HEIGHT, WIDTH, Image, frame, person

from motcua.analytics import db, store
from motcua.analytics.api import views
from motcua.analytics.ingest import Ingestor
from motcua.analytics.settings import IngestSettings
from motcua.edge.build import build_observer
from motcua.edge.camera import Camera
from motcua.edge.capture import Frame
from motcua.edge.geometry import Tracks
from motcua.edge.outbox import Outbox
from motcua.edge.pipeline import Step, TimedTracks
from motcua.edge.publish import Publisher
from motcua.edge.settings import BrokerSettings, CameraSettings, SentimentSettings
from motcua.edge.sight import SightSettings
from motcua.edge.zones import Zone, Zones
from motcua.models.fetch import fetch
from motcua.onebox.broker import Broker

LEFT = ((0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (0.0, 1.0))
RIGHT = ((0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0))
ZONES = Zones((Zone("counter", "service", LEFT, "q1"), Zone("queue", "queue", RIGHT)))


class Known:
    """Tracks known from the making of the video: where people are is not what is tested here."""

    class detector:
        name, version = "known", "1"

    def __init__(self) -> None:
        self.now = Tracks(np.zeros(0, np.int64), np.zeros((0, 4), np.float32), np.zeros(0, np.float32))

    def process(self, image: Image, at_s: float) -> Step:
        return Step(self.now, (TimedTracks(at_s, self.now),))

    def finish(self) -> tuple[TimedTracks, ...]:
        return ()


def through_a_codec(path: Path, image: Image) -> Image:
    """What a real video file makes of a picture."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 5, (WIDTH, HEIGHT))
    writer.write(image)
    writer.release()
    ok, back = cv2.VideoCapture(str(path)).read()
    path.unlink()
    assert ok
    return np.asarray(back, dtype=np.uint8)


def play(camera: Camera, known: Known, picture: Image, visits: int, folder: Path) -> datetime:
    """People come one after the other: 4 s in the queue, 10 s at the counter, then out of the picture. Returns the end."""
    empty = through_a_codec(folder / "v.avi", frame()[0])
    at_queue, (queue_box,) = frame((picture, 380))
    at_counter, (counter_box,) = frame((picture, 0))
    scenes = [(at_queue, queue_box, 8), (at_counter, counter_box, 20)]
    films = [(through_a_codec(folder / "v.avi", image), box, count) for image, box, count in scenes]
    aside = np.array([1, 0, 1, 0], np.float32) * (counter_box[0] + counter_box[2]) / 2
    films += [(empty, counter_box - aside * step / 4, 1) for step in range(1, 5)] + [(empty, None, 12)]
    at = NOON
    for visit in range(visits):
        at = NOON + timedelta(minutes=5 * visit)
        for image, box, count in films:
            for _ in range(count):
                at += timedelta(seconds=0.5)
                ids = np.array([] if box is None else [visit], dtype=np.int64)
                boxes = np.zeros((0, 4), np.float32) if box is None else box[None]
                known.now = Tracks(ids, boxes, np.ones(len(ids), np.float32))
                camera.take(photograph := Frame(image, at, 0))
                camera.took(photograph, at)
                camera.tick(at)
    return at


@pytest.mark.parametrize(
    ("name", "visits", "picture", "state"),
    [
        ("astronaut", 6, {"face_px": 80}, "ok"),
        ("astronaut", 4, {"face_px": 80}, "insufficient"),
        ("astronaut", 6, {"face_px": 40}, "insufficient"),
    ],
    ids=["enough", "too few visits", "faces too small"],
)
def test_the_days_figure_stands_on_five_visits_or_is_not_there(
    migrated: str,
    broker: Broker,
    tmp_path: Path,
    eventually: Callable[..., object],
    name: str,
    visits: int,
    picture: dict[str, Any],
    state: str,
) -> None:
    fetch("blazeface"), fetch("fer")
    observer = build_observer(
        SentimentSettings(
            enabled=True, notice="Ở đây có đo cảm xúc, không nhận dạng.", lawful_basis="Quyết định thử", max_cpu_share=10
        )
    )
    (tmp_path / "frames").mkdir()
    outbox = Outbox(tmp_path / "outbox.db", now=NOON)
    known = Known()
    still = SightSettings(enabled=False)  # one photograph is shown over and over
    settings = CameraSettings(source_id="cam-1", url="0", zones=tmp_path / "zones.json", sight=still)
    camera = Camera(settings, "vl-1", ZONES, known, outbox, now=NOON, observer=observer)  # type: ignore[arg-type]
    play(camera, known, person(name, **picture), visits, tmp_path / "frames")
    camera.tick(NOON + timedelta(hours=2))
    stored = {p.name for p in tmp_path.rglob("*") if p.is_file()}
    assert {file for file in stored if not file.startswith("outbox.db")} <= {"outbox.forecast.json"}, "no picture is written"
    asked, stop, ready = (
        IngestSettings(dsn=migrated, broker_port=broker.port, broker_password="secret"),
        threading.Event(),
        threading.Event(),
    )  # type: ignore[arg-type]
    ingest = threading.Thread(target=Ingestor(asked, stop).run, args=(ready.set,))
    ingest.start()
    publisher = Publisher(
        outbox,
        BrokerSettings(port=broker.port, username="edge", password="secret"),
        "vl-1",
        "cam-1",
        resend_s=1.0,  # type: ignore[arg-type]
    )
    try:
        assert ready.wait(20)
        publisher.start()
        eventually(lambda: outbox.size().rows == 0, timeout=30)
    finally:
        publisher.stop()
        stop.set()
        ingest.join(20)
        outbox.close()
    with db.connect(migrated) as conn:
        counts = store.counts(conn, NOON - timedelta(hours=1), NOON + timedelta(hours=3), "vl-1")
        assert [row["served"] for row in counts] == [visits]
        details = [str(row[0]) for row in conn.execute("select body->>'detail' from health").fetchall()]
        rows, sources = store.sentiment_day(conn, "vl-1", store.day_of(NOON)), store.sources(conn, "vl-1")
    shown = views.sentiment_today(rows, sources)
    assert shown.state == state
    if state == "ok":
        assert shown.n == visits
        assert shown.valence is not None
        assert shown.valence > 0.8
    else:
        assert shown.valence is None
    if picture["face_px"] < 64:
        assert any(d.startswith("faces: 0 of") and "small" in d for d in details), details

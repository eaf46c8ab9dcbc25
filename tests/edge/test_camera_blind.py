"""What a camera's process says and counts while its camera does not see."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import views
from painted import Painted
from scenes import OFFICE, OUT, QUEUE, START, A, Stay, at, positions, walk
from views import Image, Spoil

from motcua.edge.camera import Camera
from motcua.edge.capture import Frame
from motcua.edge.geometry import Detector, Tracks
from motcua.edge.outbox import Outbox
from motcua.edge.pipeline import Step, TimedTracks
from motcua.edge.settings import CameraSettings

SETTINGS = CameraSettings.model_validate({"source_id": "cam-1", "url": "clip.avi", "zones": "z.json"})
FPS, SIDE = 4, 0.04
STORY = walk(1, (5, OUT), (40, QUEUE), (80, A), (2, OUT)) + walk(2, (200, (0.4, 0.6)), start=3)
FIGURES = ("waiting", "in_service", "open_counters", "oldest_wait_s", "expected_wait_s", "arrivals_per_h", "waited_min")


class Told:
    """Knows from a story who is where; sees nobody in a picture that shows nothing. Final tracks come ``late`` frames late."""

    def __init__(self, stays: Sequence[Stay], late: int) -> None:
        self.detector: Detector = Painted()
        self._stays, self._late, self._held = stays, late, list[TimedTracks]()

    def process(self, frame: Image, at_s: float) -> Step:
        seen = positions(self._stays, at_s)
        ids, points = (seen.ids, seen.points) if frame.std() > 25 else (seen.ids[:0], seen.points[:0])
        (x, y), (w, h) = points.T, views.SIZE
        boxes = np.stack([(x - SIDE) * w, (y - SIDE) * h, (x + SIDE) * w, y * h], axis=1).astype(np.float32)
        tracks = Tracks(ids, boxes, np.ones(len(ids), dtype=np.float32))
        self._held.append(TimedTracks(at_s, tracks))
        final, self._held = self._held[: -self._late or None], self._held[-self._late :] if self._late else []
        return Step(tracks, tuple(final))

    def finish(self) -> tuple[TimedTracks, ...]:
        final, self._held = tuple(self._held), []
        return final


class Rig:
    """A camera that looks at the sample film while a story goes on."""

    def __init__(self, folder: Path, late: int = 12) -> None:
        self.outbox = Outbox(folder / "cam-1.db", now=START)
        self.camera = Camera(SETTINGS, "vl-1", OFFICE, Told(STORY, late), self.outbox, now=START)
        self._pictures = views.filmed(10_000)
        self._rng = np.random.default_rng(1)

    def show(
        self, begin: float, end: float, spoil: Spoil | None = None, *, lag_s: float = 0.1, freeze: bool = False
    ) -> None:
        """Frames taken from ``begin`` to ``end``, and a tick after each."""
        frozen = next(self._pictures)
        for number in takewhile(lambda n: begin + n / FPS < end - 1e-9, count()):
            if number % FPS == 0:
                image = frozen if freeze else next(self._pictures)
                image = image if spoil is None else spoil(image, self._rng)
            taken = at(begin + number / FPS)
            frame = Frame(image, taken, number)
            self.camera.take(frame)
            self.camera.took(frame, taken + timedelta(seconds=lag_s))
            self.camera.tick(taken + timedelta(seconds=lag_s), connections=1)

    def wait(self, begin: float, end: float) -> None:
        """No frames."""
        for tenth in range(round(10 * (end - begin))):
            self.camera.tick(at(begin + tenth / 10), connections=1, problem="camera X delivers no frames any more: check it")

    def sent(self, type_: str) -> list[dict[str, Any]]:
        return [json.loads(row.body) for row in self.outbox.pending(10_000) if row.type == type_]

    def total(self, name: str) -> float:
        return float(sum(q.get(name) or 0 for q in self.sent("queue")))


@pytest.fixture
def rig(tmp_path: Path) -> Any:
    made: list[Rig] = []

    def make(**options: Any) -> Rig:
        made.append(Rig(tmp_path, **options))
        return made[-1]

    yield make
    for one in made:
        one.outbox.close()


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def check_lost_at(rig: Rig, seconds: float) -> None:
    """Both are lost at the last instant at which they were seen, to within the second between two looks; the one's wait was over."""
    waiting, in_service = sorted(rig.sent("visit"), key=lambda v: v["arrival_at"])
    assert [v["outcome"] for v in (waiting, in_service)] == ["lost", "lost"]
    assert "service_start_at" not in waiting
    assert instant(in_service["service_start_at"]) == at(45)
    for visit in (waiting, in_service):
        assert at(seconds - 1.5) <= instant(visit["departure_at"]) <= at(seconds + 1)


@pytest.mark.parametrize(
    ("spoil", "reason", "late"),
    [(views.black, "black", 0), (views.tape, "covered", 12), (views.flooded, "flooded", 12), (views.blurred, "blurred", 12)],
)
def test_a_blind_camera_says_so_within_ten_seconds_and_gives_no_figure(
    rig: Callable[..., Rig], spoil: Spoil, reason: str, late: int
) -> None:
    one = rig(late=late)
    one.show(0, 60.3)
    one.show(60.3, 100, spoil)
    samples = [q for q in one.sent("queue") if instant(q["at"]) > at(60.3)]
    blind = [q for q in samples if q["state"] == "blind"]
    assert blind == samples[-len(blind) :]
    assert instant(blind[0]["at"]) <= at(70.3)
    assert len(blind) >= 6
    assert {q["blind"] for q in blind} == {reason}
    assert [name for q in blind for name in FIGURES if name in q] == []
    health = [h for h in one.sent("health") if h.get("blind") == reason]
    assert {h["status"] for h in health} == {"degraded"}
    assert instant(health[0]["at"]) <= at(70.3)
    assert ": " in health[0]["detail"]
    check_lost_at(one, 60.3)
    assert one.total("measured_s") == pytest.approx(60.3, abs=1.3)
    assert one.total("waiting_person_s") == pytest.approx(40 + 57.3, abs=2.6)
    assert one.total("queue_departures") == 1, "who was in the queue when sight was lost neither left it nor stayed"


def test_what_is_seen_again_begins_anew(rig: Callable[..., Rig]) -> None:
    one = rig()
    one.show(0, 60)
    one.show(60, 100, views.black)
    one.show(100, 150)
    one.camera.finish(at(150))
    sure = [q for q in one.sent("queue") if instant(q["at"]) > at(105)]
    assert {q["state"] for q in sure} == {"too_few"}
    assert [h["status"] for h in one.sent("health")][-2:] == ["online", "stopping"]
    assert sure[0]["oldest_wait_s"] < 10, "what is known of a wait begins when sight comes back"
    assert "arrivals_per_h" not in sure[0], "a rate over the time that was not watched would be too low"
    after = [v for v in one.sent("visit") if instant(v["arrival_at"]) > at(100)]
    assert [v["outcome"] for v in sorted(after, key=lambda v: v["departure_at"])] == ["served", "lost"]
    one.camera.tick(at(156))
    assert one.total("measured_s") == pytest.approx(60 + 47, abs=2)
    spanning = [v for v in one.sent("visit") if instant(v["arrival_at"]) < at(66) and instant(v["departure_at"]) > at(60)]
    assert spanning == []


def test_a_fright_of_a_few_seconds_costs_nobody_their_visit(rig: Callable[..., Rig]) -> None:
    one = rig()
    one.show(0, 60)
    one.show(60, 63, views.black)
    one.show(63, 140)
    assert {q["state"] for q in one.sent("queue")} == {"too_few"}
    (visit,) = one.sent("visit")
    assert visit["outcome"] == "served"
    assert [instant(visit[k]) for k in ("arrival_at", "service_start_at")] == [at(5), at(45)]
    assert instant(visit["departure_at"]) == at(124.75)


def test_a_picture_that_stands_still_for_a_few_seconds_counts_whole(rig: Callable[..., Rig]) -> None:
    one = rig(late=0)
    one.show(0, 30)
    one.show(30, 36, freeze=True)
    one.show(36, 60)
    one.camera.tick(at(65))
    assert {q["state"] for q in one.sent("queue")} == {"too_few"}
    assert one.total("measured_s") == pytest.approx(60 - 1 / FPS, abs=0.2)
    assert one.total("waiting_person_s") == pytest.approx(40 + 57, abs=0.6)


@pytest.mark.parametrize("late", [0, 12])
def test_a_frozen_picture_is_not_counted_from_its_first_second_on(rig: Callable[..., Rig], late: int) -> None:
    one = rig(late=late)
    one.show(0, 60)
    one.show(60, 80, freeze=True)
    (first, *_) = [q for q in one.sent("queue") if q["state"] == "blind"]
    assert first["blind"] == "frozen"
    assert instant(first["at"]) <= at(70)
    assert one.sent("queue")[-1]["state"] == "blind"
    check_lost_at(one, 61)
    assert one.total("measured_s") == pytest.approx(60.5, abs=1)


def test_a_stretch_without_frames_ends_visits_too(rig: Callable[..., Rig]) -> None:
    one = rig(late=0)
    one.show(0, 60)
    one.wait(60, 90)
    (first, *_) = [q for q in one.sent("queue") if q["state"] == "blind"]
    assert first["blind"] == "no_frames"
    assert instant(first["at"]) <= at(70)
    assert one.sent("health")[-1]["blind"] == "no_frames"
    assert "delivers no frames" in one.sent("health")[-1]["detail"]
    one.show(90, 100)
    check_lost_at(one, 60)
    assert one.sent("queue")[-1]["state"] == "too_few"


def test_frames_that_come_late_tell_nothing_of_now_but_their_visits_are_right(rig: Callable[..., Rig]) -> None:
    one = rig(late=0)
    one.show(0, 50)
    one.show(50, 130, lag_s=7)
    late = [q for q in one.sent("queue") if instant(q["at"]) > at(60)]
    assert {(q["state"], q["blind"]) for q in late} == {("blind", "lagging")}
    assert [name for q in late for name in FIGURES if name in q] == []
    assert one.sent("health")[-1]["blind"] == "lagging"
    (visit,) = one.sent("visit")
    assert (visit["outcome"], instant(visit["service_start_at"])) == ("served", at(45))
    assert one.total("measured_s") == pytest.approx(130, abs=5.5), "the frames are dated by when they were taken"


def test_a_moved_camera_stays_blind_over_a_restart(rig: Callable[..., Rig], tmp_path: Path) -> None:
    one = rig()
    one.show(0, 30)
    one.show(30, 45, views.turned_a_little)
    assert one.sent("queue")[-1]["blind"] == "moved"
    assert "confirm-view --camera cam-1" in one.sent("health")[-1]["detail"]
    one.camera.finish(at(45))
    one.outbox.close()
    stored = {p.name for p in tmp_path.iterdir() if not p.name.startswith("cam-1.db")}
    assert stored <= {"cam-1.sight.json", "cam-1.forecast.json"}
    again = rig()
    again.show(60, 80, views.turned_a_little)
    assert again.sent("queue")[-1]["blind"] == "moved"
    assert "waiting" not in again.sent("queue")[-1]

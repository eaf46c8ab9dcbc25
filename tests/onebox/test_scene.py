"""Rendered scenes: the truth says what the pictures show, the laws are what they claim to be, the same seed gives the same scene."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from painted_film import BLUE, RED, SMALL, painted_film
from scenes import START
from typer.testing import CliRunner

from motcua.edge.visits import Positions, VisitSettings, VisitState, step
from motcua.edge.zones import parse_zones
from motcua.onebox.playing import video_frames
from motcua.onebox.scene import Scene, SceneError, film_of, plan_of, read_scene, render
from motcua.onebox.scene_cast import cast
from motcua.onebox.scene_light import CameraFaults, Light, frame_times
from motcua.onebox.scene_people import median_background, source_people
from motcua.onebox.scene_place import SIZE, Kind, height_px, place_of, project, zones_data
from motcua.onebox.scene_queue import TICK_S, Crowd, Walker, crowd_walks
from motcua.onebox.scene_truth import TrueVisit, true_visits
from motcua.onebox.simulate_cli import app
from motcua.onebox.video import VideoError


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("scene")
    render(folder, SMALL, painted_film())
    return read_scene(folder)


def test_every_box_of_the_truth_holds_a_person_and_nothing_else_differs_from_the_ground(tmp_path: Path) -> None:
    calm = replace(SMALL, faults=CameraFaults(noise=0, drift=0, flicker=0))
    render(tmp_path, calm, painted_film())
    scene, empty = read_scene(tmp_path), None
    checked = 0
    for number, image in enumerate(video_frames(scene.video)):
        boxes = scene.boxes.boxes[scene.boxes.at(number)]
        if empty is None and not len(boxes):
            empty = image.astype(int)
        if number % 20 or empty is None:
            continue
        different = (np.abs(image.astype(int) - empty).max(axis=2) > 40).astype(np.uint8)
        left = different.copy()
        for (x0, y0, x1, y1), visible in zip(boxes.astype(int), scene.visible[scene.boxes.at(number)], strict=True):
            if visible > 0.9 and y1 - y0 > 50:
                assert different[y0:y1, x0:x1].mean() > 0.6
                checked += 1
            left[max(y0 - 3, 0) : y1 + 3, max(x0 - 3, 0) : x1 + 3] = 0
        assert left.sum() < 60
    assert checked > 20


def test_the_truth_of_visits_is_what_the_definitions_make_of_the_true_boxes(scene: Scene) -> None:
    """Foot points of the boxes through the product's own visits: within a frame and half a metre's walk of the paths' truth."""
    state, found = VisitState(), []
    for number, at_s in enumerate(scene.times.tolist()):
        rows = scene.boxes.at(number)
        boxes = scene.boxes.boxes[rows]
        feet = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1) / SIZE
        state, closed = step(
            state, Positions(scene.boxes.ids[rows], feet), START + timedelta(seconds=at_s), scene.zones, VisitSettings()
        )
        found += closed
    served = [v for v in found if v.outcome == "served"]
    true = [v for v in scene.visits if v.outcome == "served"]
    assert len(true) >= 3
    assert len(served) == len(true)
    by_service = (
        sorted(served, key=lambda v: v.service_start_at or START),
        sorted(true, key=lambda v: v.service_start_s or 0),
    )
    for measured, t in zip(*by_service, strict=True):
        assert (measured.arrival_at - START).total_seconds() == pytest.approx(t.arrival_s, abs=1.2)
        assert t.service_start_s is not None
        assert measured.service_start_at is not None
        assert (measured.service_start_at - START).total_seconds() == pytest.approx(t.service_start_s, abs=1.2)
        assert measured.counter_id == t.counter_id


def test_a_scene_is_read_as_it_was_written_and_says_that_it_is_simulated(scene: Scene) -> None:
    assert '"provenance": "simulated"' in (scene.folder / "scene.json").read_text()
    assert '"provenance": "simulated"' in (scene.folder / "visits.json").read_text()
    assert len(list(video_frames(scene.video))) == len(scene.times)
    assert scene.boxes.frames.max() < len(scene.times)
    assert scene.zones.counters == ("1", "2")
    assert (scene.boxes.boxes[:, :2] >= 0).all()
    assert (scene.boxes.boxes[:, 2:] <= SIZE).all()
    assert ((scene.visible >= 0) & (scene.visible <= 1)).all()


def test_the_same_seed_gives_the_same_scene_and_another_one_another(tmp_path: Path) -> None:
    short = replace(SMALL, crowd=replace(SMALL.crowd, arrivals_s=8, longest_s=12))
    for name, plan in (("a", short), ("b", short), ("c", replace(short, seed=6))):
        render(tmp_path / name, plan, painted_film())
    a, b, c = ((tmp_path / name / "gt.txt").read_text() for name in "abc")
    assert a == b != c
    assert (tmp_path / "a" / "video.mp4").read_bytes() == (tmp_path / "b" / "video.mp4").read_bytes()


def _standing(x: float, z: float, seconds: float, since_s: float = 0.0) -> Walker:
    return Walker(1, since_s, np.tile([x, z], (int(seconds / TICK_S) + 1, 1)), True)


def _then(*parts: Walker) -> Walker:
    return Walker(1, parts[0].since_s, np.concatenate([p.points for p in parts]), True)


PLACE = place_of("line", 2)
ZONES = parse_zones(zones_data(PLACE))
QUEUE, SPOT, OUT = PLACE.slots[3], PLACE.spots[0], (0.0, 30.0)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param([(OUT, 5), (QUEUE, 60), (SPOT, 30), (OUT, 9)], (5.05, 65.1, 95.1, "served"), id="served"),
        pytest.param([(QUEUE, 60), (OUT, 9)], (0.0, None, 60.0, "reneged"), id="reneged"),
        pytest.param([(QUEUE, 1.9), (OUT, 9)], None, id="passer-by"),
        pytest.param([(SPOT, 20), (OUT, 9)], (0.0, 0.0, 20.0, "served"), id="straight to the counter"),
        pytest.param([(QUEUE, 10), (SPOT, 2.8), (OUT, 9)], (0.0, None, 12.8, "reneged"), id="only looked at the counter"),
        pytest.param([(QUEUE, 10), (OUT, 1.3), (QUEUE, 10), (OUT, 9)], (0.0, None, 21.4, "reneged"), id="a step aside"),
        pytest.param([(OUT, 5), (QUEUE, 40)], (5.05, None, 45.05, "lost"), id="still there at the end"),
    ],
)
def test_the_definitions_case_by_case(
    path: list[tuple[tuple[float, float], float]], expected: tuple[float, float | None, float, str] | None
) -> None:
    walker = _then(*(_standing(*spot, seconds) for spot, seconds in path))
    visits = true_visits([walker], ZONES, walker.until_s)
    assert [(v.arrival_s, v.service_start_s, v.departure_s, v.outcome) for v in visits] == ([expected] if expected else [])


def test_whoever_comes_back_after_a_while_is_a_new_visit() -> None:
    walker = _then(_standing(*QUEUE, 10), _standing(*OUT, 6), _standing(*QUEUE, 10), _standing(*OUT, 9))
    assert [v.outcome for v in true_visits([walker], ZONES, walker.until_s)] == ["reneged", "reneged"]


@pytest.mark.parametrize("kind", ["line", "area"])
@pytest.mark.parametrize("counters", [1, 2])
def test_every_place_to_wait_and_to_be_served_lies_in_its_zone_and_in_the_picture(kind: Kind, counters: int) -> None:
    place = place_of(kind, counters)
    zones = parse_zones(zones_data(place))
    slots, spots = project(np.array(place.slots)), project(np.array(place.spots))
    assert ((slots > 20) & (slots < np.array(SIZE) - 20)).all()
    assert [zones.zones[i].role for i in zones.locate(slots / SIZE)] == ["queue"] * len(slots)
    assert [zones.zones[i].counter_id for i in zones.locate(spots / SIZE)] == [str(i + 1) for i in range(counters)]
    with pytest.raises(ValueError):
        place_of(kind, 3)


def _many(kind: Kind = "line", crowd: Crowd | None = None) -> list[TrueVisit]:
    crowd, place = crowd or Crowd(), place_of(kind, 2)
    zones = parse_zones(zones_data(place))
    return [v for seed in range(6) for v in true_visits(crowd_walks(place, crowd, seed), zones, crowd.longest_s)]


@pytest.mark.parametrize("kind", ["line", "area"])
def test_people_wait_for_minutes_some_give_up_and_services_have_a_heavy_tail(kind: Kind) -> None:
    visits = _many(kind)
    served = [v for v in visits if v.outcome == "served"]
    waits = np.array([v.queue_s for v in served])
    services = np.array([v.departure_s - (v.service_start_s or 0) for v in served])
    assert len(served) > 80
    assert sum(v.outcome == "reneged" for v in visits) > 10
    assert np.mean(waits) > 60
    assert np.max(waits) > 240
    assert np.max(services) > 3 * np.median(services)


def test_an_office_that_cannot_cope_has_more_of_everything() -> None:
    usual, crowded = _many(), _many(crowd=plan_of(0, 14, crowded=True).crowd)
    assert len(crowded) > 1.5 * len(usual)
    assert np.mean([v.queue_s for v in crowded]) > 100


def test_passers_by_are_no_visits() -> None:
    crowd, place = Crowd(), place_of("line", 2)
    walkers = crowd_walks(place, crowd, 1)
    passing = [w for w in walkers if not w.joined]
    assert len(passing) > 40
    assert len(true_visits(passing, parse_zones(zones_data(place)), crowd.longest_s)) <= 0.02 * len(passing)


def test_frames_come_at_an_uneven_rate_with_gaps() -> None:
    times = frame_times(CameraFaults(), 1200, 0)
    gaps = np.diff(times)
    assert (gaps > 0).all()
    assert np.percentile(gaps, 2) < 0.13
    assert 0.4 < np.percentile(gaps, 95) < 0.7
    assert gaps.max() > 0.9


def test_the_light_drifts_and_flickers_and_the_sensor_is_noisy() -> None:
    grey = np.full((60, 80, 3), 120, np.uint8)
    light = Light(CameraFaults(), (80, 60), 0)
    frames = [light.expose(grey, t).astype(float) for t in np.arange(0, 600, 2.0)]
    means = np.array([f.mean() for f in frames])
    assert 0.03 < means.std() / means.mean() < 0.2
    assert 2 < np.mean([f.std(axis=(0, 1)).mean() for f in frames]) < 8


def test_nobody_meets_their_double_in_the_same_clothes() -> None:
    walkers = crowd_walks(place_of("line", 2), Crowd(), 3)
    parts = cast(walkers, 11, 3)
    for i, a in enumerate(walkers):
        for b in walkers[:i]:
            if a.since_s < b.until_s and b.since_s < a.until_s and parts[a.number].source == parts[b.number].source:
                assert parts[a.number].clothes != parts[b.number].clothes


def test_people_are_cut_out_of_a_film_each_once() -> None:
    """Two painted people walk across; one of them is hidden by a post for a while and is the same person after it."""
    rng = np.random.default_rng(0)
    ground = rng.integers(90, 130, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    ground = cv2.GaussianBlur(ground, (0, 0), 2)
    frames = []
    for k in range(90):
        frame = ground.copy()
        cv2.rectangle(frame, (40 + 6 * k, 220), (70 + 6 * k, 300), RED, -1)
        cv2.rectangle(frame, (690 - 5 * k, 320), (725 - 5 * k, 420), BLUE, -1)
        frame[:, 424:438] = ground[:, 424:438]
        frames.append(frame)
    people = source_people(frames, median_background(frames[::3]), height_px, [(424, 0, 438, 500)])
    assert len(people) == 2
    for person in people:
        colours = [c.colour[c.alpha > 0.9].mean(axis=0) for w in person.walks for c in w.cutouts]
        assert np.ptp(colours, axis=0).max() < 12
    assert {int(np.argmax(p.walks[0].cutouts[0].colour[40, 15])) for p in people} == {0, 2}


def test_a_film_without_people_is_refused(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "empty.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 7, SIZE)
    for _ in range(30):
        writer.write(np.full((SIZE[1], SIZE[0], 3), 100, np.uint8))
    writer.release()
    with pytest.raises(SceneError, match="too few people"):
        film_of(tmp_path / "empty.mp4")
    with pytest.raises(VideoError):
        film_of(tmp_path / "none.mp4")


@pytest.mark.parametrize("file", ["times.txt", "visits.json", "gt.txt"])
def test_a_folder_that_is_no_scene_is_one_sentence(tmp_path: Path, scene: Scene, file: str) -> None:
    for path in scene.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / file).unlink()
    with pytest.raises(SceneError, match="is no scene"):
        read_scene(tmp_path)


def test_kinds_and_counters_go_in_turn_with_the_seed() -> None:
    plans = [plan_of(seed, 20) for seed in range(6)]
    assert [p.kind for p in plans] == ["line", "area"] * 3
    assert [p.counters for p in plans] == [2, 2, 1, 2, 2, 1]
    assert plan_of(0, 20, "area", 1).counters == 1


@pytest.mark.slow
def test_the_command_renders_the_sample_film_s_people(tmp_path: Path) -> None:
    """From the real film: what is pasted in is found by its colours, and the folder can be read."""
    out = tmp_path / "scene"
    done = CliRunner().invoke(app, ["scene", "--out", str(out), "--seed", "1", "--minutes", "0.5", "--counters", "2"])
    assert done.exit_code == 0, done.output
    assert "simulated" in done.output
    scene = read_scene(out)
    assert len(scene.boxes) > 30
    assert 10 <= int((out / "scene.json").read_text().split('"source_people": ')[1].split(",")[0]) <= 19


def test_a_video_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["scene", "--out", str(tmp_path / "s"), "--video", str(tmp_path / "none.avi")])
    assert done.exit_code == 1
    assert "none.avi is not there" in done.output
    assert "Traceback" not in done.output

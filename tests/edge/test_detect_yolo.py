"""The reader of exported YOLO files on networks whose output is known: both layouts, odd frames, other classes, wrong files."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from yolo_files import COCO, SIDE, Seen, always, colours, end_to_end, raw

from motcua.edge.build import BuildError, build_camera_detector, build_pipeline
from motcua.edge.detect import build_detector
from motcua.edge.detect_yolo import YoloDetector
from motcua.edge.pipeline import Pipeline
from motcua.edge.settings import CameraSettings, EdgeSettings, SettingsError, load_settings
from motcua.edge.track import ByteTracker
from motcua.edge.weights import fetch_weights, weights_of
from motcua.models.errors import MissingError, ModelError

LAYOUTS = pytest.mark.parametrize("layout", [raw, end_to_end])
FRAME = np.zeros((576, 768, 3), np.uint8)  # in 640 x 640: at 5/6 of its size, 80 px lower

SEEN: list[Seen] = [
    ((100, 180, 150, 330), 0.9, 0),
    ((400, 100, 460, 200), 0.3, 0),
    ((300, 300, 350, 400), 0.8, 1),  # a bicycle
    ((10, 300, 60, 420), 0.05, 0),  # too doubtful
    ((600, 500, 700, 640), 0.6, 0),  # reaches out of the frame
]
THERE = [[120, 120, 180, 300], [720, 504, 768, 576], [480, 24, 552, 144]]


@LAYOUTS
def test_people_come_in_the_frames_pixels_best_first(tmp_path: Path, layout: Any) -> None:
    found = YoloDetector(str(always(tmp_path / "net.onnx", layout(SEEN)))).detect(FRAME)
    assert found.boxes == pytest.approx(np.array(THERE), abs=1e-3)
    assert found.confidence == pytest.approx([0.9, 0.6, 0.3])
    assert found.boxes.dtype == found.confidence.dtype == np.float32


@LAYOUTS
@pytest.mark.parametrize("size", [(333, 517), (101, 37), (1920, 1080), (640, 640), (1, 900)])
def test_any_size_of_frame_has_its_people_where_they_are(tmp_path: Path, layout: Any, size: tuple[int, int]) -> None:
    """The whole frame is one person: by hand, the scale of the longer side and half of what the other one leaves."""
    width, height = size
    scale = 640 / max(size)
    half = (640 - round(width * scale)) / 2, (640 - round(height * scale)) / 2
    box = (half[0], half[1], 640 - half[0], 640 - half[1])
    found = YoloDetector(str(always(tmp_path / "net.onnx", layout([(box, 0.5, 0)])))).detect(
        np.zeros((height, width, 3), np.uint8)
    )
    assert found.boxes == pytest.approx(np.array([[0, 0, width, height]]), abs=0.51 / scale)


@LAYOUTS
def test_nobody_is_no_detection(tmp_path: Path, layout: Any) -> None:
    found = YoloDetector(str(always(tmp_path / "net.onnx", layout([])))).detect(FRAME)
    assert (len(found), found.boxes.shape) == (0, (0, 4))


def test_whoever_is_rather_something_else_is_no_person(tmp_path: Path) -> None:
    output = raw([((100, 180, 150, 330), 0.4, 0), ((300, 180, 350, 330), 0.4, 0)])
    output[0, 4 + 16, 0] = 0.5  # rather a dog
    found = YoloDetector(str(always(tmp_path / "net.onnx", output))).detect(FRAME)
    assert found.boxes == pytest.approx(np.array([[360, 120, 420, 300]]), abs=1e-3)


OVERLAPPING: list[Seen] = [
    ((100, 100, 200, 200), 0.5, 0),
    ((100, 110, 200, 210), 0.9, 0),  # IoU 0.82 with the first
    ((100, 150, 200, 250), 0.7, 0),  # IoU 0.43 with the second
    ((102, 110, 202, 210), 0.95, 1),  # a bicycle suppresses no person
]


def test_of_two_boxes_of_one_person_the_better_one_is_kept(tmp_path: Path) -> None:
    file = str(always(tmp_path / "net.onnx", raw(OVERLAPPING)))
    assert YoloDetector(file).detect(FRAME).confidence == pytest.approx([0.9, 0.7])
    assert YoloDetector(file, overlap=0.4).detect(FRAME).confidence == pytest.approx([0.9])
    assert YoloDetector(file, overlap=0.9).detect(FRAME).confidence == pytest.approx([0.9, 0.7, 0.5])


def test_an_end_to_end_network_has_done_that_itself(tmp_path: Path) -> None:
    found = YoloDetector(str(always(tmp_path / "net.onnx", end_to_end(OVERLAPPING)))).detect(FRAME)
    assert found.confidence == pytest.approx([0.9, 0.7, 0.5])


@LAYOUTS
def test_what_counts_as_doubtful_can_be_chosen(tmp_path: Path, layout: Any) -> None:
    file = str(always(tmp_path / "net.onnx", layout(SEEN)))
    assert len(YoloDetector(file, min_confidence=0.01).detect(FRAME)) == 4
    assert len(YoloDetector(file, min_confidence=0.5).detect(FRAME)) == 2


def test_a_crowd_is_cut_at_three_hundred(tmp_path: Path) -> None:
    crowd: list[Seen] = [((k * 2, 0, k * 2 + 1, 640), 0.2 + k / 1000, 0) for k in range(310)]
    found = YoloDetector(str(always(tmp_path / "net.onnx", raw(crowd, 310)))).detect(FRAME)
    assert len(found) == 300
    assert found.confidence.min() == pytest.approx(0.21)


def test_the_network_sees_red_green_blue_from_0_to_1_with_grey_bars(tmp_path: Path) -> None:
    frame = np.full((100, 200, 3), (51, 102, 255), np.uint8)  # blue .2, green .4, red 1; half of the input is grey
    detector = YoloDetector(str(colours(tmp_path / "net.onnx", 400, 400)))
    grey = 114 / 255
    found = detector.detect(frame)
    red, green, blue = ((value + grey) / 2 for value in (1, 0.4, 0.2))
    assert found.confidence == pytest.approx([green], abs=1e-4)
    assert found.boxes == pytest.approx(np.array([[0, 0, red * 500 / 2, (blue * 500 - 100) / 2]]), abs=0.02)


def test_the_size_of_the_input_is_the_files_own(tmp_path: Path) -> None:
    file = always(tmp_path / "net.onnx", raw([((0, 0, 640, 384), 0.9, 0)]), shape=(1, 3, 384, 640))
    found = YoloDetector(str(file)).detect(np.zeros((1080, 1920, 3), np.uint8))
    assert found.boxes == pytest.approx(np.array([[0, 0, 1920, 1080]]), abs=0.5)


@pytest.mark.parametrize(
    ("frame", "inside"),
    [
        ((768, 576), (640, 480)),
        ((1920, 1080), (640, 352)),
        ((576, 768), (480, 640)),
        ((50, 50), (640, 640)),
        ((900, 1), (640, 32)),
    ],
)
def test_a_network_that_takes_any_size_gets_the_shape_of_the_frame(
    tmp_path: Path, frame: tuple[int, int], inside: tuple[int, int]
) -> None:
    """It sees the whole frame with hardly a bar around it, 640 px on the longer side."""
    file = always(tmp_path / "net.onnx", raw([((0, 0, *inside), 0.9, 0)]), shape=("batch", 3, "height", "width"))
    detector = YoloDetector(str(file))
    found = detector.detect(np.zeros((frame[1], frame[0], 3), np.uint8))
    assert found.boxes == pytest.approx(np.array([[0, 0, *frame]]), abs=0.5)
    assert detector.input_px(*frame) == inside


def test_the_frame_is_left_as_it_was(tmp_path: Path) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (640, 640, 3), np.uint8)
    before = frame.copy()
    YoloDetector(str(always(tmp_path / "net.onnx", raw(SEEN)))).detect(frame)
    assert (frame == before).all()


def test_its_people_are_tracked(tmp_path: Path) -> None:
    pipeline = Pipeline(YoloDetector(str(always(tmp_path / "net.onnx", end_to_end(SEEN)))), ByteTracker())
    live = [pipeline.process(FRAME, k / 7).live for k in range(8)]
    assert len(live[-1]) >= 2
    assert live[-1].ids.tolist() == live[-2].ids.tolist()


def test_messages_name_the_file_and_its_sum(tmp_path: Path) -> None:
    detector = build_detector("yolo", weights=str(always(tmp_path / "hall.onnx", raw(SEEN))))
    assert detector.name == "yolo"
    assert detector.version.startswith("hall-")
    assert len(detector.version) == len("hall-") + 12


@pytest.mark.parametrize("names", [None, {k: str(k) for k in range(80)}])
def test_a_raw_network_of_80_classes_needs_no_names(tmp_path: Path, names: dict[int, str] | None) -> None:
    assert len(YoloDetector(str(always(tmp_path / "net.onnx", raw(SEEN), names=names))).detect(FRAME)) == 3


TWO = {0: "helmet", 1: "vest"}


@pytest.mark.parametrize(
    ("outputs", "options", "says"),
    [
        ([raw([], classes=2)], {"names": TWO}, "gives 1 x 6 x 50, not 1 x 84 x n"),
        ([raw([])], {"names": TWO}, "knows 2 classes of which the first is 'helmet'"),
        ([end_to_end([])], {"names": TWO}, "knows 2 classes of which the first is 'helmet'"),
        ([raw([])], {"names": COCO | {0: "cat"}}, "knows 80 classes of which the first is 'cat'"),
        ([end_to_end([])], {"names": None}, "does not say which classes it knows"),
        ([end_to_end([])], {"names": "['person'"}, "does not say in a readable way"),
        ([raw([], classes=112), np.zeros((1, 32, 160, 160), np.float32)], {}, "gives 1 x 116 x 50, 1 x 32 x 160 x 160, not"),
        ([np.zeros((1, 300, 57), np.float32)], {}, "gives 1 x 300 x 57, not"),
        ([np.zeros((1, 1000), np.float32)], {}, "gives 1 x 1000, not"),
        ([np.zeros((2, 84, 50), np.float32)], {}, "gives 2 x 84 x 50, not"),
        ([raw([])], {"shape": (1, 3, "height", SIDE)}, "not one at a time: export it with batch=1"),
        ([raw([])], {"shape": (8, 3, SIDE, SIDE)}, "not one at a time: export it with batch=1"),
        ([raw([])], {"shape": (1, SIDE, SIDE, 3)}, "not one picture of 1 x 3 x height x width"),
        ([raw([])], {"kind": TensorProto.FLOAT16}, r"takes tensor\(float16\)"),
    ],
)
def test_another_network_is_refused_in_one_sentence(tmp_path: Path, outputs: Any, options: Any, says: str) -> None:
    file = always(tmp_path / "net.onnx", *outputs, **options)
    with pytest.raises(ModelError, match=says) as caught:
        YoloDetector(str(file))
    assert not isinstance(caught.value, MissingError)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("contents", [b"", b"not a network", b"PK\x03\x04" + bytes(500)])
def test_a_file_that_is_no_network_is_refused_in_one_sentence(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "yolo11n.pt").write_bytes(contents)
    with pytest.raises(ModelError, match=r"yolo11n\.pt is no ONNX network .*ultralytics exported with format=onnx"):
        YoloDetector(str(tmp_path / "yolo11n.pt"))


def test_a_network_cut_short_is_refused(tmp_path: Path) -> None:
    file = always(tmp_path / "net.onnx", raw(SEEN))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(ModelError, match="is no ONNX network"):
        YoloDetector(str(file))


def test_weights_that_are_not_here_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_CACHE", str(tmp_path))
    for weights, name in ((None, "yolo11n-onnx"), ("yolo26n", "yolo26n")):
        with pytest.raises(MissingError, match=f"run 'motcua models fetch {name}'"):
            build_detector("yolo", weights=weights)
    with pytest.raises(MissingError, match=r"none\.onnx of the detector 'yolo' are not there"):
        build_detector("yolo", weights=str(tmp_path / "none.onnx"))


def test_the_default_detector_has_weights_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="'ssdlite' has weights of its own: take 'yolo'"):
        build_detector(weights=str(always(tmp_path / "net.onnx", raw(SEEN))))


# What a camera's settings make of it.


def _camera(tmp_path: Path, **fields: Any) -> CameraSettings:
    return CameraSettings(source_id="cam-1", url="rtsp://camera.local/1", zones=tmp_path / "zones.json", **fields)


def test_a_camera_may_have_a_file_of_its_own(tmp_path: Path) -> None:
    always(tmp_path / "hall.onnx", raw(SEEN))
    (tmp_path / "edge.toml").write_text(
        """office_id = "vl-1"
outbox = "outbox"
[[cameras]]
source_id = "a"
url = "0"
zones = "zones.json"
detector = "yolo"
detector_weights = "hall.onnx"
[[cameras]]
source_id = "b"
url = "1"
zones = "zones.json"
detector = "yolo"
detector_weights = "yolo26n"
[[cameras]]
source_id = "c"
url = "2"
zones = "zones.json"
detector = "yolo"
"""
    )
    settings = load_settings(tmp_path / "edge.toml")
    assert [c.detector_weights for c in settings.cameras] == [str(tmp_path / "hall.onnx"), "yolo26n", None]
    assert weights_of(settings) == ["yolo11n-onnx", "yolo26n"]
    assert build_camera_detector(settings.cameras[0]).version.startswith("hall-")


def test_settings_give_the_default_detector_no_other_weights(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text(
        'office_id = "vl-1"\noutbox = "o"\n[[cameras]]\nsource_id = "a"\nurl = "0"\nzones = "z"\ndetector_weights = "x.onnx"\n'
    )
    with pytest.raises(SettingsError, match="detector_weights are for the detectors 'yolo' and 'ultralytics'"):
        load_settings(tmp_path / "edge.toml")


@pytest.mark.parametrize("fields", [{"detector": "yolo"}, {"detector": "yolo", "detector_weights": "/none.onnx"}])
def test_without_its_weights_a_camera_is_measured_by_the_default_detector(
    weights: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fields: dict[str, Any]
) -> None:
    monkeypatch.setattr("motcua.edge.detect_yolo.path", _nothing_fetched)
    with caplog.at_level(logging.WARNING):
        assert build_pipeline(_camera(tmp_path, **fields)).detector.name == "ssdlite"
    (said,) = caplog.messages
    assert said.startswith("cam-1: ")
    assert said.endswith("until the agent starts anew, ssdlite measures instead")


def _nothing_fetched(name: str) -> Path:
    raise MissingError(f"the weights of {name!r} are not here yet: run 'motcua models fetch {name}'")


def test_with_a_wrong_file_a_camera_is_not_measured(tmp_path: Path) -> None:
    (tmp_path / "wrong.onnx").write_bytes(b"not a network")
    with pytest.raises(BuildError, match="is no ONNX network"):
        build_pipeline(_camera(tmp_path, detector="yolo", detector_weights=str(tmp_path / "wrong.onnx")))


@pytest.mark.parametrize("chosen", ["yolo11n-onnx", "yolo26n"])
def test_no_agent_fetches_weights_under_agpl_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str) -> None:
    monkeypatch.setenv("MOTCUA_CACHE", str(tmp_path))

    def asked(*_: Any) -> None:
        raise AssertionError("it was fetched")

    monkeypatch.setattr("motcua.edge.weights.fetch", asked)
    settings = EdgeSettings(
        office_id="vl-1", outbox=tmp_path, cameras=(_camera(tmp_path, detector="yolo", detector_weights=chosen),)
    )
    fetch_weights(settings)
    assert weights_of(settings) == [chosen]

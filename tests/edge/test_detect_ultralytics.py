"""The adapter of Ultralytics' YOLO against a stand-in of the same signature; the library itself is an extra."""

from __future__ import annotations

import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from motcua.edge.detect import build_detector
from motcua.edge.detect_ultralytics import UltralyticsDetector
from motcua.models.errors import MissingError

FRAME = np.zeros((48, 64, 3), np.uint8)


class _Tensor:
    """As torch's: it must come to the CPU before it is an array."""

    def __init__(self, values: Any) -> None:
        self._values, self._on_cpu = np.array(values), False

    def cpu(self) -> _Tensor:
        self._on_cpu = True
        return self

    def numpy(self) -> np.ndarray:
        assert self._on_cpu
        return self._values


class _Boxes:
    def __init__(self, boxes: list[list[float]], confidence: list[float]) -> None:
        self.xyxy, self.conf, self._count = _Tensor(boxes), _Tensor(confidence), len(boxes)

    def __len__(self) -> int:
        return self._count


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the adapter sets is put back after each test."""
    for variable in ("YOLO_OFFLINE", "YOLO_AUTOINSTALL", "YOLO_CONFIG_DIR"):
        monkeypatch.setenv(variable, "true")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A stand-in for torch and ultralytics; ``asked`` holds what they were called with, ``boxes`` what is answered."""
    seen = SimpleNamespace(asked={}, boxes=_Boxes([[1, 2, 3, 4]], [0.7]))

    class YOLO:
        def __init__(self, model: str) -> None:
            seen.asked["model"] = model

        def predict(self, source: Any, **options: Any) -> list[SimpleNamespace]:
            assert source is FRAME
            seen.asked |= options
            return [SimpleNamespace(boxes=seen.boxes)]

    ultralytics, torch = ModuleType("ultralytics"), ModuleType("torch")
    vars(ultralytics).update(YOLO=YOLO, __version__="8.4.1")
    vars(torch).update(set_num_threads=lambda n: seen.asked.update(threads=n))
    monkeypatch.setitem(sys.modules, "ultralytics", ultralytics)
    monkeypatch.setitem(sys.modules, "torch", torch)
    return seen


def test_people_only_are_asked_for_and_come_as_arrays(library) -> None:
    detector = UltralyticsDetector("some.pt", threads=3)
    found = detector.detect(FRAME)
    assert found.boxes.tolist() == [[1, 2, 3, 4]]
    assert found.boxes.dtype == found.confidence.dtype == np.float32
    assert found.confidence.tolist() == pytest.approx([0.7])
    assert (detector.name, detector.version) == ("ultralytics", "8.4.1")
    assert library.asked == {"model": "some.pt", "threads": 3, "classes": [0], "conf": 0.1, "imgsz": 640, "verbose": False}


@pytest.mark.parametrize("nobody", [None, _Boxes([], [])])
def test_nobody_is_no_detection(library, nobody: Any) -> None:
    library.boxes = nobody
    assert len(UltralyticsDetector("some.pt").detect(FRAME)) == 0


def test_without_the_extra_it_says_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(MissingError, match=r"pip install 'motcua\[ultralytics\]'"):
        build_detector("ultralytics")


def test_registered_weights_are_those_that_were_fetched(library, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MOTCUA_CACHE", str(tmp_path))
    with pytest.raises(MissingError, match="run 'motcua models fetch yolo11n'"):
        build_detector("ultralytics")
    for name, weights in (("yolo11n", None), ("yolo26n", "yolo26n")):
        file = tmp_path / "models" / name / f"{name}.pt"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"weights")
        build_detector("ultralytics", weights=weights)
        assert library.asked["model"] == str(file)


def test_the_library_is_kept_from_the_network(library, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MOTCUA_CACHE", str(tmp_path))
    for variable in ("YOLO_AUTOINSTALL", "YOLO_CONFIG_DIR"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("YOLO_OFFLINE", "false")  # the environment's own word stands
    UltralyticsDetector("some.pt")
    assert os.environ["YOLO_OFFLINE"] == "false"
    assert os.environ["YOLO_AUTOINSTALL"] == "false"
    assert os.environ["YOLO_CONFIG_DIR"] == str(tmp_path / "ultralytics")

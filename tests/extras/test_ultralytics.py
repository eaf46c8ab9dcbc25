"""Ultralytics itself: the adapter predicts and tracks, and the reader of exported files finds the same people.

Tolerances: of the same ONNX file, what the library's own reading gives, to the last bit; of the network in PyTorch, 0.25 px and
0.002 of confidence (PyTorch and ONNX Runtime sum in another order).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from untrained import difference, film, overlapping

from motcua.edge.detect import build_detector
from motcua.edge.geometry import Detections, Detector, Tracks
from motcua.edge.pipeline import Pipeline
from motcua.edge.track import ByteTracker
from motcua.models import fetch as weights_cache
from motcua.models.errors import MissingError
from motcua.models.registry import Url, Weights

pytestmark = [
    pytest.mark.extras,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of torch's exporter, which ultralytics chooses
    pytest.mark.filterwarnings("ignore:Converting a tensor"),
]

NETWORKS = pytest.mark.parametrize("kind", ["yolo11n", "yolo26n"])
LAYOUTS = pytest.mark.parametrize(("kind", "nms"), [("yolo11n", None), ("yolo26n", None), ("yolo26n", False)])
NEAR_PX, NEAR = 0.25, 0.002


@pytest.fixture(scope="module")
def frames() -> list[NDArray[np.uint8]]:
    return film(6, 37)


def reader(file: Path) -> Detector:
    return build_detector("yolo", weights=str(file))


def people(model: Any, frame: NDArray[np.uint8], **options: Any) -> Detections:
    """What the library's own prediction says."""
    (result,) = model.predict(frame, conf=0.1, classes=[0], verbose=False, **options)
    return Detections(result.boxes.xyxy.cpu().numpy(), result.boxes.conf.cpu().numpy())


@NETWORKS
def test_the_adapter_predicts_with_a_network_from_its_plan(kind: str, frames: Any) -> None:
    """``YOLO("yolo11n.yaml")``: random weights see nobody for certain, and any box is a box."""
    found = of_plan(kind).detect(frames[0])
    assert found.boxes.shape == (len(found), 4)
    assert found.boxes.dtype == found.confidence.dtype == np.float32


def of_plan(kind: str) -> Detector:
    from motcua.edge.detect_ultralytics import UltralyticsDetector

    return UltralyticsDetector(f"{kind}.yaml", min_confidence=1e-7)


@NETWORKS
def test_the_adapter_predicts_people_only_and_many(kind: str, frames: Any, weights_of: Any) -> None:
    import ultralytics

    detector = build_detector("ultralytics", weights=str(weights_of(kind)))
    assert detector.version == ultralytics.__version__
    for frame in frames:
        found = detector.detect(frame)
        assert len(found) > 20
        assert overlapping(found) > 20
        assert (found.confidence > 0.1).all()
    (all_classes,) = ultralytics.YOLO(weights_of(kind)).predict(frames[0], conf=0.1, verbose=False)
    assert set(all_classes.boxes.cls.tolist()) > {0.0}, "there is something to filter out"


@LAYOUTS
@pytest.mark.parametrize("size", [(640, 640), (480, 640), (384, 640)])
def test_the_reader_gives_what_the_library_reads_from_the_same_file(
    kind: str, nms: bool | None, size: tuple[int, int], frames: Any, exported: Any
) -> None:
    import ultralytics

    file = exported(kind, size, nms=nms)
    model, ours, seen = ultralytics.YOLO(file, task="detect"), reader(file), 0
    for frame in frames:
        expected, found = people(model, frame), ours.detect(frame)
        assert difference(expected, found) == (0.0, 0.0)
        seen += len(found)
    assert seen > 50


@LAYOUTS
@pytest.mark.parametrize("size", [(333, 517), (101, 37), (1920, 1080), (1279, 721), (640, 640), (64, 900)])
def test_frames_of_odd_sizes_as_well(kind: str, nms: bool | None, size: tuple[int, int], frames: Any, exported: Any) -> None:
    import ultralytics

    file = exported(kind, nms=nms)
    model, frame = ultralytics.YOLO(file, task="detect"), cv2.resize(frames[3], size)
    expected, found = people(model, frame), reader(file).detect(frame)
    assert difference(expected, found) == (0.0, 0.0)
    assert len(found) > 0


@LAYOUTS
def test_the_reader_gives_what_pytorch_computes(
    kind: str, nms: bool | None, frames: Any, exported: Any, weights_of: Any
) -> None:
    """The library pads a frame of 768 x 576 to 640 x 480, so that is the size exported here."""
    import ultralytics

    model, ours, seen = ultralytics.YOLO(weights_of(kind)), reader(exported(kind, (480, 640), nms=nms)), 0
    for frame in frames:
        expected, found = people(model, frame, nms=nms), ours.detect(frame)
        px, confidence = difference(expected, found, border=NEAR)
        assert px < NEAR_PX
        assert confidence < NEAR
        seen += len(found)
    assert seen > 50


@NETWORKS
def test_the_reader_gives_what_the_adapter_does(kind: str, frames: Any, exported: Any, weights_of: Any) -> None:
    adapter, ours = build_detector("ultralytics", weights=str(weights_of(kind))), reader(exported(kind))
    for frame in frames:
        square = frame[:, 100:676]  # where both pad alike
        px, confidence = difference(adapter.detect(square), ours.detect(square), border=NEAR)
        assert px < NEAR_PX
        assert confidence < NEAR


def tracked(detector: Detector) -> list[Tracks]:
    pipeline = Pipeline(detector, ByteTracker())
    return [pipeline.process(frame, k / 7).live for k, frame in enumerate(film(15, 1))]


@NETWORKS
def test_adapter_and_reader_are_tracked_alike_by_the_products_tracker(kind: str, exported: Any, weights_of: Any) -> None:
    ours = tracked(reader(exported(kind, (480, 640))))
    theirs = tracked(build_detector("ultralytics", weights=str(weights_of(kind))))
    assert len(ours[-1]) > 5
    assert set(ours[-1].ids.tolist()) & set(ours[5].ids.tolist()), "somebody keeps an id"
    for a, b in zip(ours, theirs, strict=True):
        assert a.ids.tolist() == b.ids.tolist()
        assert a.boxes == pytest.approx(b.boxes, abs=2 * NEAR_PX)


@NETWORKS
def test_the_librarys_own_tracking_runs(kind: str, weights_of: Any) -> None:
    """The product does not use it; that it runs shows that the extra is whole (it needs ``lap``)."""
    import ultralytics

    model, ids = ultralytics.YOLO(weights_of(kind)), []
    for frame in film(6, 1):
        (result,) = model.track(frame, persist=True, tracker="bytetrack.yaml", classes=[0], conf=0.1, verbose=False)
        ids.append(set() if result.boxes.id is None else set(result.boxes.id.int().tolist()))
    assert len(ids[-1]) > 5
    assert len(ids[-1] & ids[-2]) > 5


@pytest.mark.parametrize(("kind", "end_to_end"), [("yolo11n", False), ("yolo26n", True)])
def test_fetch_downloads_checks_and_exports_what_both_detectors_then_load(
    kind: str, end_to_end: bool, cache: Path, known: Any, file_server: Any, weights_of: Any, frames: Any, monkeypatch: Any
) -> None:
    """From a server that breaks off: the real weights file of an untrained network, under the registry's own name."""
    monkeypatch.setattr("motcua.models.download.time.sleep", lambda _s: None)
    file_server.body = weights_of(kind).read_bytes()
    file_server.plan = [1_000_000, "503"]
    sha256 = hashlib.sha256(file_server.body).hexdigest()
    address = file_server.address.replace("weights.bin", f"{kind}.pt")
    known(Weights(kind, "person detector", Url(address), "AGPL-3.0", "pictures", sha256, "yolo"))
    with pytest.raises(MissingError, match=f"motcua models fetch {kind}"):
        build_detector("yolo", weights=kind)
    file = weights_cache.fetch(kind)
    assert file_server.asked == [None, "bytes=1000000-", "bytes=1000000-"]
    assert weights_cache.verify(kind) == file
    from motcua.models.yolo import open_yolo

    assert open_yolo(file, kind).end_to_end is end_to_end
    ours, theirs = build_detector("yolo", weights=kind), build_detector("ultralytics", weights=kind)
    assert ours.version.startswith(f"{kind}-")
    square = frames[2][:, 100:676]
    assert len(ours.detect(square)) > 5
    if not end_to_end:  # the library itself reads yolo26n with suppression, unless it is told otherwise
        px, confidence = difference(theirs.detect(square), ours.detect(square), border=NEAR)
        assert px < NEAR_PX
        assert confidence < NEAR


def test_a_camera_with_exported_weights_is_measured_end_to_end(exported: Any, tmp_path: Path) -> None:
    """The agent's own wiring, from the settings file to tracks."""
    from motcua.edge.build import build_pipeline
    from motcua.edge.settings import load_settings

    (tmp_path / "edge.toml").write_text(
        f'office_id = "vl-1"\noutbox = "o"\n[[cameras]]\nsource_id = "a"\nurl = "0"\nzones = "z"\n'
        f'detector = "yolo"\ndetector_weights = "{exported("yolo26n", nms=False)}"\n'
    )
    pipeline = build_pipeline(load_settings(tmp_path / "edge.toml").cameras[0])
    assert pipeline.detector.version.startswith("yolo26n-640-False-")
    live = [pipeline.process(frame, k / 7).live for k, frame in enumerate(film(6, 1))]
    assert len(live[-1]) > 0
    assert set(live[-1].ids.tolist()) & set(live[-2].ids.tolist())

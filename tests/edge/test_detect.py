"""The default detector on a photograph of nobody, on people cut from the sample video, on frames of odd sizes; the seam."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from motcua.edge.detect import DETECTORS, SsdliteDetector, build_detector
from motcua.edge.geometry import iou
from motcua.edge.pipeline import Pipeline
from motcua.edge.track import ByteTracker
from motcua.models.errors import ModelError
from motcua.onebox.video import sample_video


@pytest.fixture(scope="module")
def detector(weights: None) -> SsdliteDetector:
    return SsdliteDetector()


@pytest.fixture(scope="module")
def frames() -> list[NDArray[np.uint8]]:
    """Every fifth frame of a stretch of the sample video in which seven people are about."""
    video, found = cv2.VideoCapture(str(sample_video())), []
    for k in range(101):
        ok, image = video.read()
        assert ok
        if k % 5 == 0:
            found.append(image)
    video.release()
    return found


def test_the_people_of_the_sample_video_are_found(detector, frames) -> None:
    sure = [detector.detect(frame) for frame in frames]
    counts = [int((found.confidence > 0.5).sum()) for found in sure]
    assert 3 <= np.median(counts) <= 8
    for found in sure:
        assert found.boxes.dtype == found.confidence.dtype == np.float32
        assert (found.confidence >= 0.1).all()
        assert (np.diff(found.confidence) <= 0).all()
        height, width = found.boxes[:, 3] - found.boxes[:, 1], found.boxes[:, 2] - found.boxes[:, 0]
        assert 1.2 < np.median(height / width) < 4


def test_a_person_is_found_where_they_are_moved_to(detector, frames) -> None:
    frame = frames[0]
    best = detector.detect(frame).boxes[0]
    moved = np.roll(frame, 40, axis=1)
    assert iou((best + [40, 0, 40, 0])[None], detector.detect(moved).boxes).max() > 0.6


@pytest.mark.parametrize("size", [(768, 576), (1920, 1080), (640, 640), (480, 854)])
def test_any_size_of_frame_gives_the_same_people_in_its_own_pixels(weights, frames, size: tuple[int, int]) -> None:
    before, scaled = SsdliteDetector().detect(frames[0]), SsdliteDetector().detect(cv2.resize(frames[0], size))
    back = scaled.boxes / np.tile(np.array(size) / (768, 576), 2)
    assert iou(before.boxes[before.confidence > 0.8], back).max(axis=1).min() > 0.4


@pytest.mark.parametrize("shape", [(576, 768), (1, 1), (2, 3000), (3000, 2)])
def test_a_frame_without_people_gives_nobody(detector, shape: tuple[int, int]) -> None:
    found = detector.detect(np.full((*shape, 3), 90, np.uint8))
    assert (found.confidence > 0.5).sum() == 0
    assert found.boxes.shape == (len(found), 4)


def test_the_frame_is_left_as_it_was(detector, frames) -> None:
    before = frames[0].copy()
    detector.detect(frames[0])
    assert (frames[0] == before).all()


def test_detectors_are_picked_by_name(weights: None) -> None:
    assert build_detector("ssdlite", threads=2).name == "ssdlite"
    assert build_detector().version == "0.2"
    assert set(DETECTORS) == {"ssdlite", "ultralytics", "yolo"}
    with pytest.raises(ModelError, match="no detector is called 'yolo9': take one of ssdlite, ultralytics, yolo"):
        build_detector("yolo9")


def test_the_pipeline_gives_live_tracks_at_once_and_final_ones_in_time(detector, frames) -> None:
    pipeline = Pipeline(detector, ByteTracker())
    live, final = [], []
    for k, frame in enumerate(frames):
        step = pipeline.process(frame, k * 5 / 7)
        live.append(step.live)
        final += step.final
        assert len(final) == max(0, k + 1 - 7)  # 7 frames are 5 s
    final += pipeline.finish()
    assert len(final) == len(frames)
    assert max(len(tracks) for tracks in live) >= 3
    assert max(len(step.tracks) for step in final) >= 3
    assert pipeline.finish() == ()

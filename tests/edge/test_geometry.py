"""Boxes: known answers and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from motcua.edge.geometry import clip, foot, iou, nms, no_detections, no_tracks

coordinates = st.floats(-50, 50, allow_nan=False, width=32)


@st.composite
def many_boxes(draw: st.DrawFn, least: int = 0) -> np.ndarray:
    n = draw(st.integers(least, 8))
    corner = draw(arrays(np.float32, (n, 2), elements=coordinates))
    size = draw(arrays(np.float32, (n, 2), elements=st.floats(1, 40, width=32)))
    return np.concatenate([corner, corner + size], axis=1)


def test_the_foot_is_the_middle_of_the_bottom() -> None:
    assert foot(np.array([[10, 20, 30, 80]])).tolist() == [[20, 80]]
    assert foot(no_detections().boxes).shape == (0, 2)
    assert len(no_tracks()) == 0


def test_overlap_of_known_boxes() -> None:
    a = np.array([[0, 0, 10, 10], [0, 0, 0, 0]], np.float32)
    b = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], np.float32)
    assert iou(a, b) == pytest.approx(np.array([[1, 1 / 3, 0], [0, 0, 0]]))


@given(many_boxes(), many_boxes())
def test_overlap_is_a_share_and_does_not_care_for_order(a: np.ndarray, b: np.ndarray) -> None:
    overlap = iou(a, b)
    assert overlap.shape == (len(a), len(b))
    assert ((overlap >= 0) & (overlap <= 1 + 1e-5)).all()
    assert overlap == pytest.approx(iou(b, a).T, abs=1e-5)
    assert np.diag(iou(a, a)) == pytest.approx(1, abs=1e-5)


def test_clip_cuts_at_the_frame() -> None:
    assert clip(np.array([[-5.0, -5, 400, 300]]), 320, 240).tolist() == [[0, 0, 320, 240]]


@given(many_boxes(least=1), st.floats(0.1, 0.9), st.randoms())
def test_suppression_keeps_the_best_and_no_two_that_overlap(boxes: np.ndarray, overlap: float, random) -> None:
    scores = np.array([random.random() for _ in boxes])
    keep = nms(boxes, scores, overlap)
    assert scores[keep[0]] == scores.max()
    assert (np.diff(scores[keep]) <= 0).all()
    kept = iou(boxes[keep], boxes[keep])
    assert (kept[~np.eye(len(keep), dtype=bool)] <= overlap).all()
    for gone in set(range(len(boxes))) - set(keep.tolist()):
        better = keep[scores[keep] >= scores[gone]]
        assert iou(boxes[[gone]], boxes[better]).max() > overlap


def test_suppression_of_many_boxes_is_that_of_all_at_once() -> None:
    random = np.random.default_rng(4)
    corner = random.uniform(0, 600, (900, 2))
    boxes = np.concatenate([corner, corner + random.uniform(10, 200, (900, 2))], axis=1)
    scores = random.random(900)
    kept: list[int] = []
    for one in np.argsort(-scores):
        if not kept or iou(boxes[[one]], boxes[kept]).max() <= 0.5:
            kept.append(int(one))
    assert 256 < len(kept) < 900
    assert nms(boxes, scores, 0.5).tolist() == kept
    assert nms(boxes, scores, 0.5, 300).tolist() == kept[:300]
    assert nms(boxes[:0], scores[:0], 0.5).tolist() == []

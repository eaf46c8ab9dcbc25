"""YOLO from an ONNX file that ultralytics exported, read with ONNX Runtime alone: no torch, no ultralytics on the box.

Such files are licensed under AGPL-3.0, as the weights are that they were exported from.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motcua.edge.geometry import Detections, Floats, Image, nms, no_detections
from motcua.edge.letterbox import fitted, put_in
from motcua.models.download import file_sha256
from motcua.models.fetch import path
from motcua.models.registry import REGISTRY
from motcua.models.yolo import open_yolo

DEFAULT = "yolo11n-onnx"
_PERSON = 0  # COCO
_MOST = 300  # people in one frame


class YoloDetector:
    """YOLO on whole frames, people only, in either layout of its output; doubtful people are given too, from .1 on."""

    name = "yolo"

    def __init__(
        self, weights: str | None = None, *, threads: int = 1, min_confidence: float = 0.1, overlap: float = 0.7
    ) -> None:
        """``weights``: an ONNX file, or the name of registered weights that were fetched; none: ``yolo11n-onnx``.

        ``overlap``: of two boxes whose IoU is greater the weaker one goes, unless the network sees to that itself. Raises
        MissingError without weights, ModelError for a file that is none of ours.
        """
        weights = weights or DEFAULT
        file = path(weights) if weights in REGISTRY else Path(weights)
        self._net = open_yolo(file, weights, threads=threads)
        self.version = f"{Path(weights).stem[:40]}-{file_sha256(file)[:12]}"
        self._min_confidence, self._overlap = min_confidence, overlap

    def input_px(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of what the network sees of such a frame, px."""
        height_px, width_px = self._net.size_for(width, height)
        return width_px, height_px

    def detect(self, frame: Image) -> Detections:
        """frame: (h, w, 3) uint8 BGR, of any size; boxes are in its pixels, cut at its borders."""
        width_px, height_px = self.input_px(frame.shape[1], frame.shape[0])
        box = fitted(frame.shape[1], frame.shape[0], width_px, height_px)
        inside = put_in(frame, box, width_px, height_px)[..., ::-1].transpose(2, 0, 1)
        output = self._net.run(np.ascontiguousarray(inside, np.float32)[None] / np.float32(255))
        read = _finished if self._net.end_to_end else _raw
        boxes, confidence = read(output, self._min_confidence)
        if not len(boxes):
            return no_detections()
        if not self._net.end_to_end:
            keep = nms(boxes, confidence, self._overlap, _MOST)
            boxes, confidence = boxes[keep], confidence[keep]
        return Detections(box.boxes_in_frame(boxes), confidence)


def _raw(output: Floats, min_confidence: float) -> tuple[Floats, Floats]:
    """(84, n) → boxes (m, 4) xyxy px of the input and confidence (m,) of everything that is a person before anything else."""
    scores = output[4:]
    row = np.flatnonzero(scores[_PERSON] > min_confidence)
    row = row[scores[:, row].argmax(axis=0) == _PERSON]
    centre, half = output[:2, row].T, output[2:4, row].T / 2
    return np.concatenate([centre - half, centre + half], axis=1), scores[_PERSON, row]


def _finished(output: Floats, min_confidence: float) -> tuple[Floats, Floats]:
    """(n, 6) → the same of what needs no suppression, best first."""
    people = output[(output[:, 4] > min_confidence) & (output[:, 5] == _PERSON)]
    people = people[np.argsort(-people[:, 4], kind="stable")][:_MOST]
    return people[:, :4], people[:, 4]

"""Person detectors by name. A new one is an entry in :data:`DETECTORS`; heavy imports stay in its module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from motcua.edge.geometry import Box, Detections, Detector, Floats, Image, iou, nms, no_detections
from motcua.edge.ssd import anchors, decode, probability, tiles
from motcua.edge.stature import Stature
from motcua.edge.tile_view import TURNS, View, view_of
from motcua.models.errors import MissingError, ModelError
from motcua.models.fetch import fetch
from motcua.models.registry import REGISTRY, weights_named

_SIDE_PX = 300
# The network's boxes are too wide and hang too low, on PETS and on other scenes alike: width, height, shift in heights.
_WIDTH, _HEIGHT, _DOWN = 0.87, 0.985, -0.012
_TALLEST = 1.3  # of the usual height at that place: more are two people, one above the other in the picture
_SURE, _ALONE = 0.6, 0.1  # the usual height is learned from people found with that confidence, and covered by so little
_MOST_TILES = 16  # whose turns are remembered: the sizes of frames hardly ever change


class SsdliteDetector:
    """SSDLite-MobileNetV2 for pedestrians on two overlapping tiles of the frame. Doubtful people are given too, from .1 on.

    Each look at a tile is from a little elsewhere than the one before (``edge/tile_view.py``). How tall people are at each place is
    learned from what is seen (``edge/stature.py``): one detector looks through one camera.
    """

    name = "ssdlite"
    turns = len(TURNS)

    def __init__(
        self, weights: Path | None = None, *, threads: int = 1, min_confidence: float = 0.1, overlap: float = 0.6
    ) -> None:
        """``overlap``: of two boxes whose IoU is greater the weaker one goes. Raises ModelError without weights."""
        self.version = weights_named(self.name).version
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = weights or fetch(self.name)
        self._net = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._anchors = anchors()
        self._min_confidence, self._overlap = min_confidence, overlap
        odds = min_confidence / (1 - min_confidence)
        self._min_logit = float(np.log(odds))
        self._turns: dict[Box, int] = {}
        self._stature = Stature()
        self._shape = (0, 0)

    def detect(self, frame: Image) -> Detections:
        """frame: (h, w, 3) uint8 BGR, of any size; boxes are in its pixels and may reach over its border."""
        return self.merged(self.look(frame, self.tiles(frame.shape[1], frame.shape[0])))

    def tiles(self, width: int, height: int) -> list[Box]:
        """The two tiles of a frame, px."""
        return tiles(width, height)

    def look(self, frame: Image, tiles: Sequence[Box]) -> list[Detections]:
        """What the network gives for each of these tiles, in pixels of the frame, doubles and all."""
        if frame.shape[:2] != self._shape:
            self._shape, self._stature = frame.shape[:2], Stature()
        batch = np.empty((len(tiles), _SIDE_PX, _SIDE_PX, 3), np.uint8)
        views = [self._next_view(tile) for tile in tiles]
        for picture, view in zip(batch, views, strict=True):
            cv2.cvtColor(view.of(frame, _SIDE_PX), cv2.COLOR_BGR2RGB, dst=picture)
        encoded, logits = self._net.run(["boxes", "logits"], {"frames": batch})
        return [self._read(e, z[:, 1], view) for e, z, view in zip(encoded, logits, views, strict=True)]

    def merged(self, found: Sequence[Detections]) -> Detections:
        """The people of all tiles, once each, with the network's habit taken out of their boxes."""
        boxes = np.concatenate([f.boxes for f in found])
        if not len(boxes):
            return no_detections()
        confidence = np.concatenate([f.confidence for f in found])
        self._learn(boxes[confidence >= _SURE], confidence[confidence >= _SURE])
        likely = self._stature.taller(boxes) <= _TALLEST
        boxes, confidence = boxes[likely], confidence[likely]
        keep = nms(boxes, confidence, self._overlap)
        return Detections(_correct(boxes[keep]).astype(np.float32), confidence[keep])

    def _learn(self, boxes: Floats, confidence: Floats) -> None:
        """From all who are surely there, too tall or not: a camera that was turned is learned anew."""
        boxes = boxes[nms(boxes, confidence, self._overlap)]
        self._stature.learn(boxes[iou(boxes, boxes).sum(axis=1) - 1 < _ALONE])

    def _next_view(self, tile: Box) -> View:
        """Each tile's own turn, so that one that was left out by the caller does not miss any."""
        turn = self._turns.get(tile, 0)
        self._turns = (self._turns if len(self._turns) < _MOST_TILES else {}) | {tile: turn + 1}
        return view_of(tile, turn)

    def _read(self, encoded: NDArray[Any], logits: NDArray[Any], view: View) -> Detections:
        rows = np.flatnonzero(logits >= self._min_logit)
        boxes = view.to_frame(decode(encoded[rows], self._anchors[rows]))
        return Detections(boxes.astype(np.float32), probability(logits[rows]).astype(np.float32))


def _correct(boxes: NDArray[Any]) -> NDArray[Any]:
    """Take the network's habit out of its boxes."""
    centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    centre[:, 1] += _DOWN * size[:, 1]
    half = size * np.array([_WIDTH, _HEIGHT]) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _ultralytics(**options: Any) -> Detector:
    from motcua.edge.detect_ultralytics import UltralyticsDetector

    return UltralyticsDetector(**options)


def _yolo(**options: Any) -> Detector:
    from motcua.edge.detect_yolo import YoloDetector

    return YoloDetector(**options)


DEFAULT = "ssdlite"
DETECTORS: dict[str, Callable[..., Detector]] = {DEFAULT: SsdliteDetector, "ultralytics": _ultralytics, "yolo": _yolo}


def build_detector(name: str = DEFAULT, *, threads: int = 1, weights: str | None = None) -> Detector:
    """The detector of that name. ``weights``: a file, or the name of registered weights, for detectors that can take others than
    their own.

    Raises ModelError for an unknown one, and MissingError where its weights or its library are not here.
    """
    if name not in DETECTORS:
        raise ModelError(f"no detector is called {name!r}: take one of {', '.join(sorted(DETECTORS))}")
    if weights is None:
        return DETECTORS[name](threads=threads)
    if name == DEFAULT:
        raise ModelError(f"the detector {name!r} has weights of its own: take 'yolo' or 'ultralytics' with others")
    if weights not in REGISTRY and not Path(weights).is_file():
        raise MissingError(f"the weights {weights} of the detector {name!r} are not there: name an existing file")
    return DETECTORS[name](threads=threads, weights=weights)

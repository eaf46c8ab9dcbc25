"""Ultralytics' YOLO behind the detector's seam. The library is AGPL-3.0 and comes with the extra ``ultralytics`` only."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from motcua.edge.geometry import Detections, Image, no_detections
from motcua.models.errors import ModelError
from motcua.models.fetch import fetch

_PERSON = 0  # COCO


class UltralyticsDetector:
    """YOLO on whole frames, people only. ``weights`` is any file that the library loads; default: ``yolo11n``."""

    name = "ultralytics"

    def __init__(
        self, weights: str | None = None, *, threads: int = 1, min_confidence: float = 0.1, side_px: int = 640
    ) -> None:
        """Raises ModelError where the extra is not installed or the weights cannot be had."""
        try:
            torch, ultralytics = import_module("torch"), import_module("ultralytics")
        except ImportError as error:
            raise ModelError("the detector 'ultralytics' needs its extra: pip install 'motcua[ultralytics]'") from error
        torch.set_num_threads(threads)
        self._model = ultralytics.YOLO(weights or str(fetch("yolo11n")))
        self.version = str(ultralytics.__version__)
        self._min_confidence, self._side_px = min_confidence, side_px

    def detect(self, frame: Image) -> Detections:
        """frame: (h, w, 3) uint8 BGR; boxes are in its pixels."""
        (result,) = self._model.predict(
            frame, classes=[_PERSON], conf=self._min_confidence, imgsz=self._side_px, verbose=False
        )
        if result.boxes is None or not len(result.boxes):
            return no_detections()
        boxes = result.boxes.xyxy.cpu().numpy()
        return Detections(boxes.astype(np.float32), result.boxes.conf.cpu().numpy().astype(np.float32))

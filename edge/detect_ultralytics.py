"""Ultralytics' YOLO behind the detector's seam. The library is AGPL-3.0 and comes with the extra ``ultralytics`` only."""

from __future__ import annotations

import os
from importlib import import_module

import numpy as np

from motcua.edge.geometry import Detections, Image, no_detections
from motcua.models.errors import MissingError
from motcua.models.fetch import cache_folder, published_path
from motcua.models.quiet import quiet
from motcua.models.registry import REGISTRY

_DEFAULT = "yolo11n"
_PERSON = 0  # COCO


class UltralyticsDetector:
    """YOLO on whole frames, people only. ``weights``: any file that the library loads, or the name of registered weights that
    were fetched; none: ``yolo11n``."""

    name = "ultralytics"

    def __init__(
        self, weights: str | None = None, *, threads: int = 1, min_confidence: float = 0.1, side_px: int = 640
    ) -> None:
        """Raises MissingError where the extra is not installed or the weights were not fetched.

        The library is kept from the network, unless the environment says otherwise.
        """
        for variable, value in quiet(cache_folder()).items():
            os.environ.setdefault(variable, value)
        try:
            torch, ultralytics = import_module("torch"), import_module("ultralytics")
        except ImportError as error:
            raise MissingError("the detector 'ultralytics' needs its extra: pip install 'motcua[ultralytics]'") from error
        torch.set_num_threads(threads)
        weights = weights or _DEFAULT
        self._model = ultralytics.YOLO(str(published_path(weights)) if weights in REGISTRY else weights)
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

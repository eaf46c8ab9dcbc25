"""Parts by name: what the settings call for. Heavy libraries are loaded only where they are called for."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from motcua.edge.camera import Observer, OfficerWatch, Tracking
from motcua.edge.geometry import Detector
from motcua.edge.settings import CameraSettings, EdgeSettings, SentimentSettings
from motcua.models.errors import MissingError, ModelError
from motcua.models.fetch import path, version_of

if TYPE_CHECKING:
    from motcua.edge.expressions import ExpressionReader

log = logging.getLogger(__name__)

READERS = ("deepface", "fer", "hsemotion")


class BuildError(Exception):
    """A part that cannot be had; the message is one sentence with the way out."""


def build_camera_detector(camera: CameraSettings) -> Detector:
    """The detector that a camera's settings name. Raises BuildError."""
    from motcua.edge.detect import build_detector

    try:
        return build_detector(camera.detector, threads=camera.threads, weights=camera.detector_weights)
    except ModelError as error:
        raise BuildError(str(error)) from error


def build_pipeline(camera: CameraSettings) -> Tracking:
    """The detector and tracker of a camera. Raises BuildError.

    Where an optional detector's weights or library are not here, the default one measures instead and the log says so: its
    figures are good ones and name it as their model, and a day without figures would be lost. What is wrong is refused.
    """
    import cv2

    from motcua.edge.detect import DEFAULT
    from motcua.edge.pipeline import Pipeline
    from motcua.edge.track import ByteTracker

    cv2.setNumThreads(camera.threads)
    try:
        detector = build_camera_detector(camera)
    except BuildError as error:
        if camera.detector == DEFAULT or not isinstance(error.__cause__, MissingError):
            raise
        log.warning("%s: %s; until the agent starts anew, %s measures instead", camera.source_id, error, DEFAULT)
        detector = build_camera_detector(camera.model_copy(update={"detector": DEFAULT, "detector_weights": None}))
    return Pipeline(detector, ByteTracker(), still_s=camera.still_s)


def build_reader(name: str) -> ExpressionReader:
    """A reader of expressions by its name. Raises BuildError."""
    from motcua.edge.expressions import DeepfaceReader, FerReader, HsemotionReader

    try:
        if name == "fer":
            return FerReader(path("fer"), version_of("fer"))
        if name == "hsemotion":
            return HsemotionReader(path("hsemotion"), version_of("hsemotion"))
        if name == "deepface":
            return DeepfaceReader()
    except RuntimeError as error:  # missing weights, or a missing extra
        raise BuildError(str(error)) from error
    raise BuildError(f"no reader of expressions is called {name!r}: take one of {', '.join(READERS)}")


def build_observer(sentiment: SentimentSettings) -> Observer | None:
    """The reader of citizens' faces, where a deployment has switched it on. Raises BuildError."""
    if not sentiment.enabled:
        return None
    from motcua.edge.allowance import Allowance
    from motcua.edge.faces import FaceFinder
    from motcua.edge.watch_faces import FaceWatch

    reader = build_reader(sentiment.reader)
    try:
        finder = FaceFinder(path("blazeface"))
    except RuntimeError as error:
        raise BuildError(str(error)) from error
    every = timedelta(seconds=sentiment.every_s)
    allowance = Allowance(sentiment.max_cpu_share)
    return FaceWatch(finder, reader, every=every, temperature=sentiment.temperature, allowance=allowance)


def build_officer_watch(settings: EdgeSettings) -> OfficerWatch | None:
    """The reader of officers' faces; None while their mode is off: then there is nothing that could read them. Raises BuildError."""
    if settings.officers.mode == "off":
        return None
    observer = build_observer(settings.sentiment.model_copy(update={"enabled": True}))
    return None if observer is None else OfficerWatch(settings.officers.mode, observer)

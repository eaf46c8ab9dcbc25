"""Parts by name: what the settings call for. Heavy libraries are loaded only where they are called for."""

from __future__ import annotations

from motcua.edge.camera import Observer, Tracking
from motcua.edge.settings import CameraSettings, SentimentSettings
from motcua.models.errors import ModelError
from motcua.models.fetch import path
from motcua.models.registry import weights_named

READERS = ("deepface", "fer")


class BuildError(Exception):
    """A part that cannot be had; the message is one sentence with the way out."""


def build_pipeline(camera: CameraSettings) -> Tracking:
    """The detector and tracker of a camera. Raises BuildError."""
    import cv2

    from motcua.edge.detect import build_detector
    from motcua.edge.pipeline import Pipeline
    from motcua.edge.track import ByteTracker

    cv2.setNumThreads(camera.threads)
    try:
        return Pipeline(build_detector(camera.detector, threads=camera.threads), ByteTracker())
    except ModelError as error:
        raise BuildError(str(error)) from error


def build_observer(sentiment: SentimentSettings) -> Observer | None:
    """The reader of citizens' faces, where a deployment has switched it on. Raises BuildError."""
    if not sentiment.enabled:
        return None
    from motcua.edge.faces import DeepfaceReader, ExpressionReader, FaceFinder, FerReader
    from motcua.edge.watch_faces import FaceWatch

    reader: ExpressionReader
    try:
        if sentiment.reader == "fer":
            reader = FerReader(path("fer"), weights_named("fer").version)
        elif sentiment.reader == "deepface":
            reader = DeepfaceReader()
        else:
            raise BuildError(f"no reader of expressions is called {sentiment.reader!r}: take one of {', '.join(READERS)}")
        return FaceWatch(FaceFinder(path("blazeface")), reader)
    except RuntimeError as error:  # missing weights, or a missing extra
        raise BuildError(str(error)) from error

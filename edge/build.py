"""Parts by name: what the settings call for, loaded only where it is called for."""

from __future__ import annotations

from motcua.edge.camera import Observer, Tracking
from motcua.edge.settings import CameraSettings, SentimentSettings


class BuildError(Exception):
    """A part that cannot be had; the message is one sentence with the way out."""


def build_pipeline(camera: CameraSettings) -> Tracking:
    """The detector and tracker of a camera. Raises BuildError."""
    raise BuildError(camera.detector)


def build_observer(sentiment: SentimentSettings, camera: CameraSettings) -> Observer | None:
    """The reader of faces where a deployment has switched it on. Raises BuildError."""
    if not sentiment.enabled:
        return None
    raise BuildError(sentiment.reader)

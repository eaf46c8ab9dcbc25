"""The weights that an agent's settings call for."""

from __future__ import annotations

import logging

from motcua.edge.settings import CameraSettings, EdgeSettings
from motcua.models.errors import ModelError
from motcua.models.fetch import fetch, fetched
from motcua.models.registry import REGISTRY, weights_named

log = logging.getLogger(__name__)

_OPTIONAL = {"yolo": "yolo11n-onnx", "ultralytics": "yolo11n"}


def weights_of(settings: EdgeSettings) -> list[str]:
    """The registered weights that these settings need."""
    names = {weights for c in settings.cameras if (weights := weights_of_camera(c))}
    if settings.sentiment.enabled or settings.officers.mode != "off":
        names |= {"blazeface", settings.sentiment.reader} & set(REGISTRY)
    return sorted(names)


def weights_of_camera(camera: CameraSettings) -> str | None:
    """The registered weights of a camera's detector; None where it has a file of its own, or an unknown detector."""
    name = camera.detector_weights or _OPTIONAL.get(camera.detector, camera.detector)
    return name if name in REGISTRY else None


def fetch_weights(settings: EdgeSettings) -> None:
    """Get what is missing once, before the cameras start; what cannot be had, each camera says for itself.

    Weights under AGPL-3.0 are left to 'motcua models fetch': whoever installs the box takes on that licence, or does not.
    """
    for name in weights_of(settings):
        if not fetched(name) and "AGPL" not in weights_named(name).licence:
            log.info("fetching the weights of %s", name)
            try:
                fetch(name)
            except ModelError as error:
                log.error("%s", error)

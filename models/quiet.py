"""Ultralytics' library without the network: it would install packages, look for newer versions and report its use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def quiet(folder: Path) -> Mapping[str, str]:
    """What its environment has to say before it is imported; it keeps its own settings in ``folder``."""
    return {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_CONFIG_DIR": str(folder / "ultralytics")}

"""Ultralytics' library without the network: it would install packages, look for newer versions and report its use."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from motcua.models.errors import MissingError

NEEDS = "run: make extras EXTRAS=ultralytics (or pip install 'motcua[ultralytics]'; the library is AGPL-3.0)"


def quiet(folder: Path) -> Mapping[str, str]:
    """What its environment has to say before it is imported; it keeps its own settings in ``folder``."""
    return {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_CONFIG_DIR": str(folder / "ultralytics")}


def need_ultralytics(purpose: str) -> None:
    """Raises MissingError where the extra is not installed; ``purpose`` begins the sentence. Imports nothing."""
    if find_spec("torch") is None or find_spec("ultralytics") is None:
        raise MissingError(f"{purpose} needs the extra 'ultralytics': {NEEDS}")

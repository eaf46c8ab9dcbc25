"""The agent with a fault planted in each camera's process: faces that it reads leave. python leaking_agent.py EDGE.toml FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2

from motcua.edge.agent import run_agent
from motcua.edge.settings import load_settings


def camera(settings: Any, camera: Any, stop: Any, beat: Any) -> None:
    """A camera process that writes a picture for debugging, as native code does, and puts one into its log."""
    from motcua.edge import faces, process, watch_faces

    def crop(image: Any, face: Any) -> Any:
        cut = faces.crop(image, face)
        cv2.imwrite(str(Path(sys.argv[2]) / "debug.png"), cut)
        print(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY).tobytes().hex(), flush=True)
        return cut

    watch_faces.crop = crop  # type: ignore[attr-defined]
    process.run_camera(settings, camera, stop, beat)


if __name__ == "__main__":
    run_agent(load_settings(Path(sys.argv[1])), camera)

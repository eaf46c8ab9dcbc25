"""Export weights of ultralytics to ONNX, in a process of its own, and compare what both compute.

The library unpickles the weights, which can run code: only a file whose sum is known gets here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motcua.models.errors import MissingError, ModelError
from motcua.models.quiet import quiet
from motcua.models.recorded import reference_picture
from motcua.models.yolo import open_yolo

SIDE_PX = 640
_TIMEOUT_S = 900
_SCORE, _BOX_PX = 0.02, 2.0  # the greatest differences: sums in another order are off by less, a wrong layer by far more


def need_exporter(name: str) -> None:
    """Raises MissingError where the library is not installed. Imports nothing."""
    if find_spec("torch") is None or find_spec("ultralytics") is None:
        raise MissingError(
            f"the weights {name!r} have to be exported to ONNX, which needs the extra 'ultralytics' (AGPL-3.0): install it "
            "(make extras EXTRAS=ultralytics, or pip install 'motcua[ultralytics]'), or export them elsewhere and give the "
            "ONNX file in the camera's detector_weights"
        )


def export_yolo(weights: Path, name: str, folder: Path) -> bytes:
    """The ONNX file's contents. ``folder``: where the library keeps its settings. Raises ModelError, MissingError, OSError."""
    need_exporter(name)
    with tempfile.TemporaryDirectory(prefix="motcua-export-") as place:
        work = Path(place)
        shutil.copyfile(weights, work / "weights.pt")
        np.save(work / "picture.npy", reference_picture(SIDE_PX))
        _run(work, name, folder)
        model, computed = (work / "weights.onnx").read_bytes(), np.load(work / "computed.npy")
    _compare(model, computed, name)
    return model


def _run(work: Path, name: str, folder: Path) -> None:
    command = [sys.executable, "-m", "motcua.models.export_child", str(work)]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **quiet(folder)},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"the export of {name!r} to ONNX took over {_TIMEOUT_S} s: try it on a faster machine") from error
    if done.returncode or not (work / "weights.onnx").is_file():
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1][:200]
        raise ModelError(f"the weights {name!r} cannot be exported to ONNX ({last}): fetch them again, with --again")


def _compare(model: bytes, computed: NDArray[np.float32], name: str) -> None:
    """What the exported network computes from the reference picture against what PyTorch did."""
    picture = reference_picture(SIDE_PX).transpose(0, 3, 1, 2).astype(np.float32) / 255
    net = open_yolo(model, f"the exported {name!r}")
    found = net.run(np.ascontiguousarray(picture))
    if found.shape != computed.shape:
        raise ModelError(
            f"the exported {name!r} gives {found.shape}, PyTorch {computed.shape}: fetch it again, with --again"
        )
    if net.end_to_end:
        # Rows come by score, and nearly equal ones may change places: the scores alone.
        box_px, score = 0.0, float(np.abs(np.sort(found[:, 4]) - np.sort(computed[:, 4])).max())
    else:
        off = np.abs(found - computed)
        box_px, score = float(off[:4].max()), float(off[4:].max())
    if not (box_px <= _BOX_PX and score <= _SCORE):
        raise ModelError(
            f"the exported {name!r} computes other values than PyTorch (boxes {box_px:.2g} px, scores {score:.2g} off): "
            "fetch it again, with --again"
        )

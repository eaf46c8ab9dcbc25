"""Check a converted network against outputs that TensorFlow gave for the same picture."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from motcua.models.errors import ModelError

_TOLERANCE = 1e-3


def reference_picture(side_px: int = 300) -> NDArray[np.uint8]:
    """(1, side, side, 3) uint8: a picture with edges of all kinds, the same everywhere."""
    y, x, channel = np.mgrid[:side_px, :side_px, :3]
    return np.asarray(((x * x // 7 + y * (channel + 3) + x * y // 31) % 256).astype(np.uint8)[None])


def check_ssd(model: bytes, name: str) -> float:
    """The greatest difference from the recorded outputs. Raises ModelError above 1e-3."""
    recorded = json.loads(files("motcua.models").joinpath("recorded_ssdlite.json").read_text(encoding="utf-8"))
    try:
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        outputs = dict(
            zip(("boxes", "logits"), session.run(["boxes", "logits"], {"frames": reference_picture()}), strict=True)
        )
        worst = max(_difference(outputs[output], recorded[output], recorded["rows"]) for output in outputs)
    except Exception as error:  # onnxruntime raises its own kinds, without a common base
        raise ModelError(f"the converted weights of {name!r} do not run ({error}): fetch them again") from error
    if not worst <= _TOLERANCE:
        raise ModelError(f"the converted weights of {name!r} compute other values ({worst:.2g} off): fetch them again")
    return worst


def _difference(output: NDArray[Any], expected: dict[str, Any], rows: list[int]) -> float:
    """Over chosen rows, and over the means of all rows in 16 blocks, so that no part can be wrong unseen."""
    blocks = np.array([block.mean(axis=0) for block in np.array_split(output[0].astype(np.float64), 16)])
    at_rows = np.abs(output[0][rows] - np.array(expected["rows"])).max()
    return float(max(at_rows, np.abs(blocks - np.array(expected["blocks"])).max()))

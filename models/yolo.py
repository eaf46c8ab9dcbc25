"""A YOLO detector in the ONNX form that ultralytics exports: opened, and refused where it is something else.

=======  ==============================  =========================================================================
images   float32 (1, 3, height, width)   input: RGB in 0..1, of a fixed size or of any
raw      float32 (1, 84, n)              output: centre x, centre y, width, height in px, then a score a class
end2end  float32 (1, n, 6)               output: left, top, right, bottom in px, score, class; suppression is done
=======  ==============================  =========================================================================

The classes are the 80 of COCO, in which a person is number 0. The library itself is not needed for this.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from motcua.models.errors import MissingError, ModelError

CLASSES = 80
LONG_PX, _STRIDE = 640, 32  # longer side of an input whose size is free, and what both sides are multiples of
_EXPORT = "give one that ultralytics exported with format=onnx"


@dataclass(frozen=True, slots=True)
class YoloNet:
    """An opened network with its input's size, if it has but one, and its output's layout."""

    fixed_px: tuple[int, int] | None
    end_to_end: bool
    _session: Any
    _input: str

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """Height and width of the input, px, for a frame of that size: one that takes any gets the frame's own shape, 640 px on
        the longer side."""
        if self.fixed_px:
            return self.fixed_px
        scale = LONG_PX / max(width, height)
        return _whole(height * scale), _whole(width * scale)

    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """(1, 3, height, width) RGB in 0..1 → (84, n), or (n, 6) where ``end_to_end``."""
        return np.asarray(self._session.run(None, {self._input: images})[0][0])


def open_yolo(source: Path | bytes, name: str, *, threads: int = 1) -> YoloNet:
    """Open a file, or its contents; ``name`` stands in messages. Runs it once. Raises ModelError, MissingError."""
    if isinstance(source, Path) and not source.is_file():
        raise MissingError(f"the detector's weights {name} are not there: name an existing file, or fetch them")
    session = _opened(source, name, threads)
    entry, fixed_px = _input(session, name)
    try:
        outputs = session.run(None, {entry: np.zeros((1, 3, *(fixed_px or (_STRIDE, _STRIDE))), np.float32)})
    except Exception as error:  # onnxruntime raises its own kinds, without a common base
        raise ModelError(f"the network in {name} does not run ({_line(error)}): {_EXPORT}") from error
    end_to_end = _end_to_end([np.shape(output) for output in outputs], name)
    _check_classes(session.get_modelmeta().custom_metadata_map, end_to_end, name)
    return YoloNet(fixed_px, end_to_end, session, entry)


def _opened(source: Path | bytes, name: str, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        network = source if isinstance(source, bytes) else str(source)
        return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"{name} is no ONNX network ({_line(error)}): {_EXPORT}") from error


def _whole(side_px: float) -> int:
    return max(round(side_px / _STRIDE), 1) * _STRIDE


def _input(session: Any, name: str) -> tuple[str, tuple[int, int] | None]:
    """Name of the only input, and its height and width, px; none where any will do."""
    inputs = session.get_inputs()
    shape = inputs[0].shape if inputs else []
    if len(inputs) != 1 or len(shape) != 4 or shape[1] != 3 or inputs[0].type != "tensor(float)":
        said = ", ".join(f"{i.type} {i.shape}" for i in inputs) or "nothing"
        raise ModelError(f"{name} takes {said}, not one picture of 1 x 3 x height x width in float32: {_EXPORT}")
    batch, _, height_px, width_px = shape
    sides = height_px, width_px
    if not (batch == 1 or isinstance(batch, str)) or len({isinstance(side, int) for side in sides}) > 1:
        raise ModelError(f"{name} takes pictures of {shape}, not one at a time: export it with batch=1")
    return inputs[0].name, (height_px, width_px) if isinstance(height_px, int) else None


def _end_to_end(shapes: list[tuple[int, ...]], name: str) -> bool:
    """Which of the two layouts it is."""
    if len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][0] == 1:
        if shapes[0][2] == 6:
            return True
        if shapes[0][1] == 4 + CLASSES:
            return False
    said = ", ".join(" x ".join(map(str, shape)) or "a number" for shape in shapes)
    raise ModelError(
        f"{name} gives {said}, not 1 x {4 + CLASSES} x n or 1 x n x 6: take a detector of the {CLASSES} classes of COCO"
    )


def _check_classes(metadata: Mapping[str, str], end_to_end: bool, name: str) -> None:
    """By the names that ultralytics writes into the file; a network that was never given names has numbers there."""
    try:
        names = dict(ast.literal_eval(metadata["names"]))
    except KeyError:
        if end_to_end:  # the raw layout tells the number by its width
            raise ModelError(f"{name} does not say which classes it knows: {_EXPORT}") from None
        return
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise ModelError(f"{name} does not say in a readable way which classes it knows: {_EXPORT}") from None
    if len(names) != CLASSES or names.get(0) not in ("person", "0"):
        raise ModelError(
            f"{name} knows {len(names)} classes of which the first is {names.get(0)!r}: "
            f"take a detector of the {CLASSES} classes of COCO, which begin with 'person'"
        )


def _line(error: Exception) -> str:
    """The first line of a foreign error."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]

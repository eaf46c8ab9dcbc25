"""Small ONNX files in the form of exported YOLO networks, with outputs that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE = 640
COCO = dict(enumerate(["person", "bicycle", *(f"thing {k}" for k in range(2, 80))]))

Seen = tuple[tuple[float, float, float, float], float, int]
"""A box xyxy px of the input, its score, its class."""


def raw(seen: Sequence[Seen], places: int = 50, classes: int = 80) -> NDArray[np.float32]:
    """(1, 4 + classes, places): a column each, the rest empty."""
    output = np.zeros((1, 4 + classes, places), np.float32)
    for column, ((x0, y0, x1, y1), score, number) in enumerate(seen):
        output[0, :4, column] = (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0
        output[0, 4 + number, column] = score
    return output


def end_to_end(seen: Sequence[Seen], places: int = 300) -> NDArray[np.float32]:
    """(1, places, 6): a row each, the rest empty."""
    output = np.zeros((1, places, 6), np.float32)
    for row, (box, score, number) in enumerate(seen):
        output[0, row] = *box, score, number
    return output


def always(
    file: Path,
    *outputs: NDArray[Any],
    shape: Sequence[int | str | None] = (1, 3, SIDE, SIDE),
    kind: int = TensorProto.FLOAT,
    names: Mapping[int, str] | str | None = COCO,
) -> Path:
    """A network that gives the same whatever it sees."""
    nodes = []
    constants = []
    for k, output in enumerate(outputs):
        constants.append(numpy_helper.from_array(output, f"constant{k}"))
        nodes.append(helper.make_node("Identity", [f"constant{k}"], [f"output{k}"]))
    graph = helper.make_graph(
        nodes,
        "always",
        [helper.make_tensor_value_info("images", kind, shape)],
        [
            helper.make_tensor_value_info(f"output{k}", helper.np_dtype_to_tensor_dtype(output.dtype), output.shape)
            for k, output in enumerate(outputs)
        ],
        constants,
    )
    return _written(graph, file, names)


def colours(file: Path, width: int = SIDE, height: int = SIDE) -> Path:
    """An end-to-end network whose one person reaches from the origin to (mean red · 500, mean blue · 500), score mean green."""
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Gather", ["means", "which"], ["picked"], axis=1),
        helper.make_node("Mul", ["picked", "scale"], ["row"]),
        helper.make_node("Reshape", ["row", "to"], ["output0"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([0, 0, 0, 2, 1, 0]), "which"),
        numpy_helper.from_array(np.array([0, 0, 500, 500, 1, 0], np.float32), "scale"),
        numpy_helper.from_array(np.array([1, 1, 6]), "to"),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, height, width])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 1, 6])],
        constants,
    )
    return _written(graph, file, COCO)


def _written(graph: onnx.GraphProto, file: Path, names: Mapping[int, str] | str | None) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if names is not None:
        helper.set_model_props(model, {"names": str(names), "license": "AGPL-3.0"})
    onnx.checker.check_model(model)
    file.write_bytes(model.SerializeToString())
    return file

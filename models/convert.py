"""Rebuild a frozen SSD graph of TensorFlow's object detection API as ONNX, without TensorFlow.

Kept are the network's own operations between the prepared picture and the raw outputs. Resizing, anchors and suppression of
overlaps stay outside: the detector does them. Inside, everything is NCHW, as ONNX wants it; outputs are as TensorFlow's.

=========  ============================  ==================================================================
frames     uint8 (n, 300, 300, 3) RGB    input
boxes      float32 (n, anchors, 4)       encoded: ty, tx, th, tw
logits     float32 (n, anchors, 2)       background, person
=========  ============================  ==================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from motcua.models.errors import ModelError
from motcua.models.frozen import Node, read_graph

SIDE_PX = 300
_OPSET = 17
_PICTURE = "Preprocessor/sub"  # the picture scaled to -1..1
_OUTPUTS = {"boxes": "Squeeze", "logits": "concat_1"}


def convert_ssd(frozen: Path) -> bytes:
    """The ONNX model of a frozen graph file. Raises ModelError where the graph is another one, OSError."""
    build = _Builder(read_graph(frozen.read_bytes()))
    build.prepare_picture()
    try:
        for name, source in _OUTPUTS.items():
            build.add("Identity", [build.tensor(source)], name)
    except (KeyError, IndexError, AttributeError, ValueError, TypeError) as error:
        raise ModelError(f"the weights {frozen} hold another network than expected ({error!r}): fetch them again") from error
    graph = helper.make_graph(
        build.nodes,
        "ssd",
        [helper.make_tensor_value_info("frames", TensorProto.UINT8, ["n", SIDE_PX, SIDE_PX, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", "anchors", None]) for name in _OUTPUTS],
        build.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9, producer_name="motcua")
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


class _Builder:
    """Walks back from an output and adds each node once, inputs first."""

    def __init__(self, source: dict[str, Node]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._source = source
        self._done = {_PICTURE: _PICTURE}
        self._rules: dict[str, Callable[[Node], str]] = {
            "Conv2D": lambda n: self._conv(n, self._value(n.inputs[1]).transpose(3, 2, 0, 1), 1),
            "DepthwiseConv2dNative": self._depthwise,
            "FusedBatchNorm": self._normalise,
            "Relu6": lambda n: self.add("Clip", [self.tensor(n.inputs[0]), *self._limits()], n.name),
            "Add": lambda n: self.add("Add", [self.tensor(n.inputs[0]), self.tensor(n.inputs[1])], n.name),
            "BiasAdd": self._bias,
            "Identity": lambda n: self.tensor(n.inputs[0]),
            "Reshape": self._rows,
            "ConcatV2": lambda n: self.add("Concat", [self.tensor(i) for i in n.inputs[:-1]], n.name, axis=1),
            "Squeeze": lambda n: self.tensor(n.inputs[0]),  # the rows are flat already
        }

    def add(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """One ONNX node; returns its output's name."""
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, values: Any) -> str:
        """A constant tensor."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def prepare_picture(self) -> None:
        """0..255 RGB rows → -1..1 planes."""
        picture = self.add("Cast", ["frames"], "as_float", to=TensorProto.FLOAT)
        picture = self.add("Mul", [picture, self.constant("scale", np.float32(2 / 255))], "scaled")
        picture = self.add("Sub", [picture, self.constant("one", np.float32(1))], "centred")
        self.add("Transpose", [picture], _PICTURE, perm=[0, 3, 1, 2])

    def tensor(self, name: str) -> str:
        """The name of the tensor that a node of the frozen graph becomes, which is added on the way if need be."""
        if name not in self._done:
            node = self._source[name]
            if node.op not in self._rules:
                raise ValueError(f"operation {node.op}")
            self._done[name] = self._rules[node.op](node)
        return self._done[name]

    def _value(self, name: str) -> Any:
        node = self._source[name]
        while node.op == "Identity":
            node = self._source[node.inputs[0]]
        return node.attributes["value"]

    def _limits(self) -> list[str]:
        if "zero" not in self._done:
            self._done["zero"] = self.constant("zero", np.float32(0))
            self._done["six"] = self.constant("six", np.float32(6))
        return ["zero", "six"]

    def _conv(self, node: Node, weights: Any, groups: int) -> str:
        if node.attributes["padding"] != b"SAME" or node.attributes.get("dilations", [1] * 4) != [1] * 4:
            raise ValueError(f"padding or dilation of {node.name}")
        return self.add(
            "Conv",
            [self.tensor(node.inputs[0]), self.constant(f"{node.name}/w", weights)],
            node.name,
            auto_pad="SAME_UPPER",
            group=groups,
            strides=node.attributes["strides"][1:3],
        )

    def _depthwise(self, node: Node) -> str:
        weights = self._value(node.inputs[1])  # rows, columns, channels, multiplier
        channels = weights.shape[2]
        return self._conv(node, weights.transpose(2, 3, 0, 1).reshape(-1, 1, *weights.shape[:2]), channels)

    def _normalise(self, node: Node) -> str:
        source, *parameters = node.inputs
        names = [self.constant(f"{node.name}/{i}", self._value(p)) for i, p in enumerate(parameters)]
        return self.add("BatchNormalization", [self.tensor(source), *names], node.name, epsilon=node.attributes["epsilon"])

    def _bias(self, node: Node) -> str:
        bias = self.constant(f"{node.name}/b", self._value(node.inputs[1]).reshape(1, -1, 1, 1))
        return self.add("Add", [self.tensor(node.inputs[0]), bias], node.name)

    def _rows(self, node: Node) -> str:
        """A predictor's map as rows: one an anchor, with 4 box numbers or 2 classes. The shape's last entry tells which."""
        width = int(self._value(self._source[node.inputs[1]].inputs[-1]))
        rows = self.add("Transpose", [self.tensor(node.inputs[0])], f"{node.name}/nhwc", perm=[0, 2, 3, 1])
        return self.add("Reshape", [rows, self.constant(f"{node.name}/to", np.array([0, -1, width], np.int64))], node.name)

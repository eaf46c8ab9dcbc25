"""Read a frozen TensorFlow graph (a GraphDef protobuf) without TensorFlow.

Only what a convolutional network needs: nodes with their inputs, and attributes that are numbers, texts, lists of integers or
tensors of floats and 32-bit integers. Field numbers are those of TensorFlow's ``graph.proto``, ``node_def.proto``,
``attr_value.proto`` and ``tensor.proto``; the wire format is protobuf's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.models.errors import ModelError

_DTYPES = {1: np.dtype("<f4"), 3: np.dtype("<i4")}
_FLOAT_VALUES, _INT_VALUES = 5, 7


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: ``inputs`` are names of other nodes, without control inputs."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: dict[str, Any]


def read_graph(data: bytes) -> dict[str, Node]:
    """The graph's nodes by name. Raises ModelError where ``data`` is no GraphDef."""
    try:
        nodes = [_node(body) for field, body in _fields(memoryview(data)) if field == 1]
    except (ValueError, IndexError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"the weights are no frozen graph ({error}): fetch them again") from error
    if not nodes:
        raise ModelError("the weights are no frozen graph (it has no nodes): fetch them again")
    return {node.name: node for node in nodes}


def _node(data: memoryview) -> Node:
    name, op, inputs, attributes = "", "", [], {}
    for field, body in _fields(data):
        if field == 1:
            name = _text(body)
        elif field == 2:
            op = _text(body)
        elif field == 3 and not _text(body).startswith("^"):
            inputs.append(_text(body).removesuffix(":0"))
        elif field == 5:
            entry = dict(_fields(body))
            attributes[_text(entry[1])] = _attribute(entry[2])
    return Node(name, op, tuple(inputs), attributes)


def _attribute(data: memoryview) -> Any:
    for field, body in _fields(data):
        if field == 1:  # a list; only lists of integers are asked for
            return [value for item, packed in _fields(body) if item == 3 for value in _integers(packed)]
        if field == 2:
            return bytes(body)
        if field == 4:
            return float(np.frombuffer(body, "<f4")[0])
        if field in (3, 5, 6):
            return body
        if field == 8:
            return _tensor(body)
    return None


def _tensor(data: memoryview) -> NDArray[Any] | None:
    """The array, or None for a type that no converted node uses."""
    dtype, shape, content = None, [], b""
    floats: list[float] = []
    integers: list[int] = []
    for field, body in _fields(data):
        if field == 1:
            dtype = _DTYPES.get(body)
        elif field == 2:
            shape = [dict(_fields(axis)).get(1, 0) for item, axis in _fields(body) if item == 2]
        elif field == 4:
            content = bytes(body)
        elif field == _FLOAT_VALUES:
            floats += np.frombuffer(body, "<f4").tolist()
        elif field == _INT_VALUES:
            integers += _integers(body)
    if dtype is None:
        return None
    if content:
        return np.frombuffer(content, dtype).reshape(shape)
    values = np.array(floats or integers or [0], dtype)
    return np.full(shape, values[0]) if values.size == 1 else values.reshape(shape)


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """(field number, value) one by one: an int for a varint, a memoryview for everything else."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if at + size > len(data):
            raise ValueError("it is cut short")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """(value, where the next field begins)."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _integers(data: memoryview | int) -> list[int]:
    """A packed list of varints, or a single one; 64-bit two's complement."""
    values, at = [], 0
    if isinstance(data, int):
        values = [data]
    else:
        while at < len(data):
            value, at = _varint(data, at)
            values.append(value)
    return [v - (1 << 64) if v >= 1 << 63 else v for v in values]


def _text(data: memoryview) -> str:
    return bytes(data).decode()

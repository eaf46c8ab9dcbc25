"""The reader with valence and arousal: its real download code and a network of the same signature, from a server of the test's own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from builders import NOON
from file_server import FileServer
from onnx import TensorProto, helper, numpy_helper
from photographs import frame, person

from motcua.edge.build import BuildError, build_reader
from motcua.edge.expressions import HsemotionReader
from motcua.edge.faces import FaceFinder
from motcua.edge.watch_faces import FaceWatch, Served
from motcua.models.errors import ModelError
from motcua.models.fetch import fetch, version_of
from motcua.models.registry import REGISTRY, Url, Weights


def stub(outputs: int = 10) -> bytes:
    """n x 3 x 224 x 224 in, ten figures out: the redder, the happier (the fifth class) and the more pleasant; arousal .25."""
    weights, bias = np.zeros((3, outputs), np.float32), np.zeros(outputs, np.float32)
    weights[0, 4] = 4.0
    if outputs == 10:
        weights[0, 8], bias[9] = 0.5, 0.25
    nodes = [
        helper.make_node("ReduceMean", ["input"], ["colour"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["colour", "weights"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "stub",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, 224, 224])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", outputs])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    return bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString())


def painted(red: int) -> np.ndarray:
    face = np.full((90, 80, 3), 124, np.uint8)
    face[..., 2] = red  # BGR
    return face


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    """From the user's own cache."""
    return FaceFinder(fetch("blazeface"))


@pytest.fixture
def published(cache: Path, known: Callable[[Weights], None], file_server: FileServer) -> FileServer:
    """The registry's entry, but for the address."""
    file_server.body = stub()
    known(replace(REGISTRY["hsemotion"], source=Url(file_server.address)))
    return file_server


def test_it_is_downloaded_once_and_reads_classes_valence_and_arousal(published: FileServer) -> None:
    published.plan = [100]  # the line breaks once
    fetch("hsemotion", None)
    reader = build_reader("hsemotion")
    fetch("hsemotion", None)
    assert len(published.asked) == 2
    assert published.asked[1] == "bytes=100-"
    assert reader.version == hashlib.sha256(published.body).hexdigest()[:12] == version_of("hsemotion")
    dull, red = reader.read(painted(0)), reader.read(painted(255))
    happy = reader.labels.index("happy")
    for shown in (dull, red):
        assert shown.probabilities.shape == (8,)
        assert shown.probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert shown.arousal == pytest.approx(0.25)
    # ImageNet's scale: red 255 is (1 - .485) / .229 = 2.249 and red 0 is -2.118; the stub's logit is four times that.
    assert red.valence == 1.0
    assert dull.valence == -1.0
    assert reader.read(painted(124)).valence == pytest.approx((124 / 255 - 0.485) / 0.229 / 2, abs=1e-4)
    odds = np.exp(4 * (124 / 255 - 0.485) / 0.229)
    assert reader.read(painted(124)).probabilities[happy] == pytest.approx(odds / (odds + 7), abs=1e-4)
    assert red.probabilities[happy] > 0.99 > dull.probabilities[happy]


def test_its_valence_and_not_its_classes_make_the_sums(finder: FaceFinder, published: FileServer) -> None:
    fetch("hsemotion")
    watch = FaceWatch(finder, build_reader("hsemotion"))
    image, (box,) = frame((person("astronaut", face_px=80), 0))
    for visit in range(5):
        start = NOON + timedelta(minutes=visit)
        for second in range(4):
            watch.look(image, start + timedelta(seconds=second), [Served("q1", box)])
        watch.close("q1", start, start + timedelta(seconds=5))
    (period,) = watch.due(NOON + timedelta(hours=2))
    assert set(period.class_sums) == set(HsemotionReader.labels)
    assert period.arousal is not None
    assert period.arousal.sum == pytest.approx(5 * 0.25)
    assert -1 < period.valence_sum / 5 < 1


def test_a_file_with_another_sum_is_refused(published: FileServer, known: Callable[[Weights], None]) -> None:
    known(replace(REGISTRY["hsemotion"], sha256="0" * 64))
    with pytest.raises(ModelError, match="another checksum"):
        fetch("hsemotion")


@pytest.mark.parametrize("outputs", [8, 12])
def test_a_network_of_another_kind_is_one_clear_sentence(published: FileServer, outputs: int) -> None:
    published.body = stub(outputs)
    fetch("hsemotion")
    with pytest.raises(BuildError, match=rf"it gives \({outputs},\), not 10 figures\): run 'motcua models fetch hsemotion"):
        build_reader("hsemotion")


def test_a_damaged_file_and_a_missing_one_are_one_clear_sentence(published: FileServer) -> None:
    with pytest.raises(BuildError, match="are not here yet: run 'motcua models fetch hsemotion'"):
        build_reader("hsemotion")
    published.body = b"<html>not found</html>"
    fetch("hsemotion")
    with pytest.raises(BuildError, match="is not the expression model with valence and arousal") as caught:
        build_reader("hsemotion")
    assert "\n" not in str(caught.value)

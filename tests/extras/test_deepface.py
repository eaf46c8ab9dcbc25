"""DeepFace itself: its real import and loading path with stand-in weights, and without any."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from motcua.edge.expressions import DeepfaceReader

pytestmark = pytest.mark.extras

WEIGHTS = Path(".deepface") / "weights" / "facial_expression_model_weights.onnx"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """DEEPFACE_HOME of this test alone; what the package keeps loaded is forgotten."""
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    monkeypatch.setenv("DEEPFACE_BACKEND_ENGINE", "")  # none: the reader has to choose, for torch is installed as well
    monkeypatch.delenv("DEEPFACE_BACKEND_ENGINE")
    (tmp_path / WEIGHTS).parent.mkdir(parents=True)
    for name in [name for name in sys.modules if name.split(".")[0] == "deepface"]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


def stand_in(file: Path) -> None:
    """The signature of DeepFace's own: n x 48 x 48 x 1 in, 7 classes out; the brighter, the happier (the fourth class)."""
    nodes = [
        helper.make_node("ReduceMean", ["faces"], ["bright"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["bright", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["emotions"], axis=1),
    ]
    weights = numpy_helper.from_array(np.array([[0, 0, 0, 5, 0, 0, 0]], np.float32), "weights")
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", 48, 48, 1])],
        [helper.make_tensor_value_info("emotions", TensorProto.FLOAT, ["n", 7])],
        [weights],
    )
    file.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString())


def test_the_package_loads_and_reads_through_the_products_reader(home: Path) -> None:
    stand_in(home / WEIGHTS)
    reader = DeepfaceReader()
    assert reader.version != "unknown"
    happy = reader.labels.index("happy")
    dark, bright = (reader.read(np.full((80, 70, 3), value, np.uint8)).probabilities for value in (10, 250))
    for read in (dark, bright):
        assert read.shape == (7,)
        assert read.sum() == pytest.approx(1, abs=1e-5)
    assert bright[happy] > 0.9 > dark[happy]


def test_without_its_weights_it_is_one_clear_sentence(home: Path) -> None:
    with pytest.raises(
        RuntimeError,
        match=r"^deepface has no weights \(.*facial_expression_model_weights\.onnx.*\): let it download them once, or put them below",
    ) as caught:
        DeepfaceReader()
    assert "\n" not in str(caught.value)


def test_with_damaged_weights_it_is_one_clear_sentence(home: Path) -> None:
    (home / WEIGHTS).write_bytes(b"not a network")
    with pytest.raises(RuntimeError, match="deepface"):
        DeepfaceReader()

"""The frozen graph of the default detector as ONNX, against what TensorFlow computed, and graphs that are none."""

from __future__ import annotations

import contextlib

import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

from motcua.models.convert import convert_ssd
from motcua.models.errors import ModelError
from motcua.models.fetch import fetch, verify
from motcua.models.frozen import read_graph
from motcua.models.recorded import check_ssd, reference_picture
from motcua.models.registry import weights_named


@pytest.fixture(scope="module")
def ssdlite() -> tuple[bytes, bytes]:
    """The published file and the converted model of the default detector."""
    converted = fetch("ssdlite")
    return converted.with_name(weights_named("ssdlite").source.file_name).read_bytes(), converted.read_bytes()


def test_the_converted_network_computes_what_tensorflow_does(ssdlite) -> None:
    assert check_ssd(ssdlite[1], "ssdlite") < 1e-4
    assert verify("ssdlite").suffix == ".onnx"


def test_the_network_takes_several_pictures_at_once(ssdlite) -> None:
    session = onnxruntime.InferenceSession(ssdlite[1], providers=["CPUExecutionProvider"])
    picture = reference_picture().repeat(3, axis=0)
    boxes, logits = session.run(["boxes", "logits"], {"frames": picture})
    assert boxes.shape == (3, 1917, 4)
    assert logits.shape == (3, 1917, 2)


@pytest.mark.parametrize("layer", [0, 60, -1])
def test_a_network_with_one_wrong_weight_tensor_is_refused(ssdlite, layer: int) -> None:
    model = onnx.load_model_from_string(ssdlite[1])
    kernels = [tensor for tensor in model.graph.initializer if tensor.name.endswith("/w")]
    wrong = numpy_helper.from_array(numpy_helper.to_array(kernels[layer]) * 1.2, kernels[layer].name)
    kernels[layer].CopyFrom(wrong)
    with pytest.raises(ModelError, match="compute other values"):
        check_ssd(model.SerializeToString(), "ssdlite")


def test_a_file_that_is_no_network_is_refused() -> None:
    with pytest.raises(ModelError, match="do not run"):
        check_ssd(b"not a model", "ssdlite")


@pytest.mark.parametrize("share", [0.999, 0.5, 0.01])
def test_a_graph_cut_short_is_one_sentence(ssdlite, tmp_path, share: float) -> None:
    (tmp_path / "cut.pb").write_bytes(ssdlite[0][: int(len(ssdlite[0]) * share)])
    with pytest.raises(ModelError, match="fetch them again"):
        convert_ssd(tmp_path / "cut.pb")


def test_a_graph_of_another_network_is_one_sentence(tmp_path) -> None:
    (tmp_path / "other.pb").write_bytes(b"\x0a\x0b\x0a\x01x\x12\x06NoSuch")  # one node: name x, operation NoSuch
    assert read_graph((tmp_path / "other.pb").read_bytes())["x"].op == "NoSuch"
    with pytest.raises(ModelError, match="another network"):
        convert_ssd(tmp_path / "other.pb")


@given(st.binary(max_size=300))
def test_no_bytes_whatever_end_in_anything_but_a_graph_or_a_sentence(data: bytes) -> None:
    with contextlib.suppress(ModelError):
        assert read_graph(data)

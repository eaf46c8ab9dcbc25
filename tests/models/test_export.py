"""Fetching YOLO's weights: downloaded, checked, exported by a stand-in for the library, which the child process really imports.

With the library itself: tests/extras.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner
from yolo_files import always, end_to_end, raw

from motcua.models import fetch as weights_cache
from motcua.models.errors import MissingError, ModelError
from motcua.models.registry import REGISTRY, Url, Weights
from motcua.onebox.models_cli import app

TORCH = """
import contextlib
class Tensor:
    def __init__(self, values): self.values = values
    def float(self): return Tensor(self.values.astype("float32"))
    def __truediv__(self, by): return Tensor(self.values / by)
    def __getitem__(self, k): return Tensor(self.values[k])
    def numpy(self): return self.values
from_numpy, inference_mode = Tensor, contextlib.nullcontext
"""
ULTRALYTICS = """
import json, os, pathlib, shutil, sys
import numpy, torch
HERE = pathlib.Path(__file__).parent
class Net:
    end2end = False
    def float(self): return self
    eval = float
    def fuse(self, verbose): return self
    def __call__(self, images):
        assert images.values.shape == (1, 3, 640, 640) and images.values.max() <= 1
        return torch.Tensor(numpy.load(HERE / "computed.npy"))
class YOLO:
    def __init__(self, weights):
        self.weights, self.model = pathlib.Path(weights), Net()
    def export(self, **options):
        if not self.weights.read_bytes().startswith(b"weights"):
            raise ValueError("not a checkpoint")
        told = {k: os.environ[k] for k in ("YOLO_OFFLINE", "YOLO_AUTOINSTALL", "YOLO_CONFIG_DIR")}
        (HERE / "asked.json").write_text(json.dumps([options, told]))
        return shutil.copyfile(HERE / "exported.onnx", self.weights.with_suffix(".onnx"))
"""
CONTENTS = b"weights of a network" * 5000


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with stand-ins for torch and ultralytics: the latter "exports" exported.onnx and "computes" computed.npy."""
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "torch.py").write_text(TORCH)
    (folder / "ultralytics.py").write_text(ULTRALYTICS)
    output = raw([((10, 20, 30, 40), 0.9, 0)])
    always(folder / "exported.onnx", output)
    np.save(folder / "computed.npy", output)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    return folder


@pytest.fixture
def toy(cache, known, file_server, monkeypatch) -> Path:
    """Registered weights on the file server; returns their folder in the cache. Pauses between tries are left out."""
    file_server.body = CONTENTS
    monkeypatch.setattr("motcua.models.download.time.sleep", lambda _s: None)
    sha256 = hashlib.sha256(CONTENTS).hexdigest()
    address = file_server.address.replace("weights.bin", "toy.pt")
    known(Weights("toy", "person detector", Url(address), "AGPL-3.0", "pictures", sha256, "yolo"))
    return cache / "models" / "toy"


def test_weights_are_downloaded_checked_and_exported(toy, library, file_server, cache) -> None:
    file = weights_cache.fetch("toy")
    assert file.read_bytes() == (library / "exported.onnx").read_bytes()
    assert weights_cache.published_path("toy").read_bytes() == CONTENTS
    assert weights_cache.verify("toy") == weights_cache.path("toy") == file
    options, told = json.loads((library / "asked.json").read_text())
    assert options == {
        "format": "onnx",
        "imgsz": 640,
        "simplify": False,
        "dynamic": False,
        "nms": False,
        "device": "cpu",
        "verbose": False,
    }
    assert told == {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_CONFIG_DIR": str(cache / "ultralytics")}
    file_server.asked.clear()
    assert weights_cache.fetch("toy") == file
    assert file_server.asked == []


def test_an_end_to_end_network_is_compared_by_its_scores(toy, library) -> None:
    seen = [((10.0, 20.0, 30.0, 40.0), 0.9, 0), ((50.0, 20.0, 70.0, 40.0), 0.9, 0)]
    always(library / "exported.onnx", end_to_end(seen))
    np.save(library / "computed.npy", end_to_end(seen[::-1]))
    weights_cache.fetch("toy")
    assert weights_cache.verify_all() == {"toy": None}


def test_a_broken_download_goes_on_where_it_broke(toy, library, file_server) -> None:
    file_server.plan = [30_000, "503", 20_000]
    weights_cache.fetch("toy")
    assert file_server.asked == [None, "bytes=30000-", "bytes=30000-", "bytes=50000-"]
    assert weights_cache.verify_all() == {"toy": None}


def test_wrong_contents_are_thrown_away_and_never_loaded(toy, library, file_server) -> None:
    file_server.body = b"weights of somebody else"
    with pytest.raises(ModelError, match="another checksum"):
        weights_cache.fetch("toy")
    assert not list(toy.iterdir())
    assert not (library / "asked.json").exists()


def test_a_server_that_fails_is_one_sentence_and_the_next_call_goes_on(toy, library, file_server) -> None:
    file_server.plan = [30_000, *["500"] * 4]
    with pytest.raises(ModelError, match=r"toy\.pt cannot be downloaded \(the server answered 500\): .*it continues"):
        weights_cache.fetch("toy")
    weights_cache.fetch("toy")
    assert file_server.asked[-1] == "bytes=30000-"


def test_without_the_extra_nothing_is_downloaded_and_both_ways_out_are_named(toy, file_server, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(
        MissingError, match=r"extra 'ultralytics' .*make extras EXTRAS=ultralytics.*or .*detector_weights"
    ) as caught:
        weights_cache.fetch("toy")
    assert "\n" not in str(caught.value)
    assert file_server.asked == []
    assert not weights_cache.fetched("toy")


def test_what_cannot_be_exported_is_one_sentence_with_the_librarys_own_word(toy, library) -> None:
    (library / "ultralytics.py").write_text(ULTRALYTICS.replace('b"weights"', 'b"other"'))
    with pytest.raises(
        ModelError, match=r"'toy' cannot be exported to ONNX \(ValueError: not a checkpoint\): fetch them again"
    ):
        weights_cache.fetch("toy")
    assert not weights_cache.fetched("toy")


@pytest.mark.parametrize(
    ("row", "by", "says"),
    [(0, 2.5, "boxes 2.5 px"), (4, 0.05, "scores 0.05 off"), (0, np.nan, "boxes nan px"), (0, 1.0, None), (4, 0.01, None)],
)
def test_an_export_that_computes_other_values_is_refused(toy, library, row: int, by: float, says: str | None) -> None:
    output = np.load(library / "computed.npy")
    output[0, row, 7] += by
    np.save(library / "computed.npy", output)
    if says is None:
        weights_cache.fetch("toy")
        return
    with pytest.raises(ModelError, match=f"computes other values than PyTorch .*{says}"):
        weights_cache.fetch("toy")
    assert not weights_cache.fetched("toy")


def test_an_export_of_another_network_is_refused(toy, library) -> None:
    always(library / "exported.onnx", raw([], classes=3))
    with pytest.raises(ModelError, match="exported 'toy' gives 1 x 7 x 50, not"):
        weights_cache.fetch("toy")
    assert not weights_cache.fetched("toy")


def test_damage_of_either_file_is_found(toy, library) -> None:
    file = weights_cache.fetch("toy")
    always(file, raw([((10, 20, 30, 41), 0.9, 0)]))  # a network as well, but not the one that was exported
    with pytest.raises(ModelError, match="damaged: run 'motcua models fetch toy --again'"):
        weights_cache.verify("toy")
    weights_cache.forget("toy")
    assert not list(toy.iterdir())
    weights_cache.fetch("toy")
    weights_cache.published_path("toy").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="damaged"):
        weights_cache.verify("toy")


def test_the_command_names_the_licence_and_the_list_both_networks(toy, library, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    result = CliRunner().invoke(app, ["fetch", "toy"])
    assert result.exit_code == 0
    assert str(toy / "exported-1.onnx") in result.output
    assert "toy is licensed under AGPL-3.0, exported or not" in result.output
    listed = CliRunner().invoke(app, ["list"]).output.splitlines()
    for name in ("yolo11n", "yolo26n"):
        (line,) = [line for line in listed if f" {name} " in line]
        assert "AGPL-3.0" in line


def test_the_command_fails_in_one_sentence(toy, library, file_server) -> None:
    file_server.plan = ["404"]
    result = CliRunner().invoke(app, ["fetch", "toy"])
    assert result.exit_code == 1
    assert "toy.pt cannot be downloaded: the server answered 404" in result.output.replace("\n", " ")
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", ["yolo11n", "yolo26n"])
def test_published_networks_have_a_known_sum(name: str) -> None:
    weights = REGISTRY[name]
    assert weights.sha256 is not None
    assert len(bytes.fromhex(weights.sha256)) == 32
    assert str(weights.source).endswith(f"/{name}.pt")

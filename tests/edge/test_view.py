from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import views
from scenes import OFFICE, at
from typer.testing import CliRunner
from views import Image

from motcua.edge import picture
from motcua.edge.sight import SightSettings
from motcua.edge.view import View, confirm_view, counted, sight_file, was_moved
from motcua.edge.zones import parse_zones
from motcua.onebox.edge_cli import app

SETTINGS = SightSettings()


def turned() -> Iterator[Image]:
    rng = np.random.default_rng(1)
    return (views.turned_a_little(image, rng) for image in views.filmed(1000))


def show(view: View, pictures: Iterator[Image], start: int, seconds: int) -> list[str | None]:
    return [view.look(next(pictures), at(start + second)).blind for second in range(seconds)]


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "cam-1.db"


def moved_view(outbox: Path) -> View:
    view = View(SETTINGS, OFFICE, sight_file(outbox))
    assert set(show(view, views.filmed(40), 0, 40)) == {None}
    assert not sight_file(outbox).exists()
    assert show(view, turned(), 40, 10)[-1] == "moved"
    return view


def test_that_a_camera_was_moved_outlives_a_restart_until_somebody_confirms(outbox: Path) -> None:
    moved_view(outbox)
    assert was_moved(outbox)
    again = View(SETTINGS, OFFICE, sight_file(outbox))
    pictures = turned()
    assert set(show(again, pictures, 100, 20)) == {"moved"}
    confirm_view(outbox, at(120))
    assert not was_moved(outbox)
    assert set(show(again, pictures, 120, 20)[3:]) == {None}
    assert set(show(View(SETTINGS, OFFICE, sight_file(outbox)), pictures, 200, 5)) == {None}


def test_a_camera_that_is_put_back_says_so_after_a_restart_too(outbox: Path) -> None:
    view = moved_view(outbox)
    show(view, views.filmed(100), 50, 70)
    assert not was_moved(outbox)


def test_a_confirmation_of_last_week_does_not_confirm_what_was_found_today(outbox: Path) -> None:
    confirm_view(outbox, at(-600_000))
    view = View(SETTINGS, OFFICE, sight_file(outbox))
    show(view, views.filmed(40), 0, 40)
    assert set(show(view, turned(), 40, 30)[10:]) == {"moved"}
    assert was_moved(outbox)


def test_nothing_but_a_flag_and_an_instant_is_written(outbox: Path, tmp_path: Path) -> None:
    moved_view(outbox)
    confirm_view(outbox, at(60))
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text()) == {"version": 1, "moved": False, "confirmed_at": at(60).isoformat()}


@pytest.mark.parametrize("text", ["", "[]", '{"moved": "yes"}', "\ufffd"])
def test_a_file_that_says_nothing_is_no_reason_to_be_blind(outbox: Path, text: str) -> None:
    sight_file(outbox).write_text(text)
    assert set(show(View(SETTINGS, OFFICE, sight_file(outbox)), views.filmed(5), 0, 5)) == {None}


def test_a_disk_that_refuses_leaves_the_camera_blind_all_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    view = moved_view(tmp_path / "missing" / "cam-1.db")
    assert "cannot be written" in caplog.text
    assert set(show(view, turned(), 50, 20)) == {"moved"}


def test_what_masks_hide_does_not_count() -> None:
    box = [[0.0, 0.0], [0.5, 0.0], [0.5, 0.25], [0.0, 0.25]]
    zones = [
        {"name": "clock", "role": "mask", "polygon": box},
        {"name": "q", "role": "queue", "polygon": [[0, 0], [1, 0], [1, 1]]},
    ]
    cells = counted(parse_zones({"version": 1, "zones": zones}))
    assert cells.shape == (picture.ROWS, picture.COLUMNS)
    assert not cells[:2, :6].any()
    assert cells.sum() == cells.size - 12


CONFIG = """office_id = "vl-1"
outbox = "outbox"
[[cameras]]
source_id = "cam-1"
url = "clip.avi"
zones = "zones.json"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "edge.toml"
    path.write_text(CONFIG)
    return path


def confirm(config: Path, camera: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["confirm-view", "--config", str(config), "--camera", camera])
    return result.exit_code, result.output


def test_the_command_confirms_a_view(config: Path, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox" / "cam-1.db"
    assert confirm(config, "cam-1") == (0, "cam-1: it was not found moved; its view is learned anew all the same\n")
    view = moved_view_after_confirmation(outbox)
    assert confirm(config, "cam-1") == (0, "cam-1: its new view counts from now on\n")
    assert set(show(view, turned(), 60, 20)[3:]) == {None}


def moved_view_after_confirmation(outbox: Path) -> View:
    view = View(SETTINGS, OFFICE, sight_file(outbox))
    show(view, views.filmed(40), 0, 40)
    assert show(view, turned(), 40, 10)[-1] == "moved"
    return view


def test_the_command_says_what_is_wrong(config: Path, tmp_path: Path) -> None:
    code, said = confirm(config, "cam-7")
    assert (code, said) == (1, "no camera is called 'cam-7': name one of cam-1 with --camera\n")
    (tmp_path / "outbox").write_text("")
    code, said = confirm(config, "cam-1")
    assert code == 1
    assert "cam-1.sight.json cannot be written" in said

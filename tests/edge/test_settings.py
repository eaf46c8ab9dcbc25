from __future__ import annotations

from pathlib import Path

import pytest

from motcua.edge.settings import EdgeSettings, SettingsError, kind_of, load_settings, outbox_path, redacted

GOOD = """office_id = "DEMO"
outbox = "out"
[broker]
host = "broker.example"
password_file = "secret"
[[cameras]]
source_id = "demo-camera"
url = "vtest.avi"
fps = 7
loop = true
zones = "zones.json"
[cameras.visits]
grace_s = 6
[[cameras]]
source_id = "door"
url = 0
zones = "/etc/zones.json"
"""


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOTCUA_EDGE_BROKER__PASSWORD", raising=False)


def read(folder: Path, text: str, name: str = "edge.toml") -> EdgeSettings:
    path = folder / name
    path.write_text(text)
    return load_settings(path)


def test_reads_a_file_with_paths_beside_it(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)
    film, door = settings.cameras
    assert (film.url, film.zones, film.kind) == (str(tmp_path / "vtest.avi"), tmp_path / "zones.json", "file")
    assert (film.provenance, film.fps, film.loop, film.visits.grace_s, film.analysis_fps) == ("replay", 7, True, 6, 7)
    assert (door.url, door.kind, door.provenance, str(door.zones)) == ("0", "usb", "camera", "/etc/zones.json")
    assert outbox_path(settings, film) == tmp_path / "out" / "demo-camera.db"
    assert settings.broker.password_file == tmp_path / "secret"
    (tmp_path / "secret").write_text("hush\n")
    assert settings.broker.secret() == "hush"


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_EDGE_BROKER__PASSWORD", "from outside")
    monkeypatch.setenv("MOTCUA_EDGE_BROKER__HOST", "other.example")
    monkeypatch.setenv("MOTCUA_EDGE_OFFICE_ID", "vl-2")
    settings = read(tmp_path, GOOD)
    assert (settings.office_id, settings.broker.host, settings.broker.secret()) == ("vl-2", "other.example", "from outside")
    assert "from outside" not in repr(settings)


def test_json_is_read_too(tmp_path: Path) -> None:
    text = '{"office_id": "x", "outbox": "o", "cameras": [{"source_id": "a", "url": "rtsp://u:p@h/1", "zones": "z"}]}'
    (camera,) = read(tmp_path, text, "edge.json").cameras
    assert (camera.kind, camera.provenance, camera.url) == ("stream", "camera", "rtsp://u:p@h/1")


CAMERA = '[[cameras]]\nsource_id = "a"\nurl = "v.avi"\nzones = "z.json"\n'
HEAD = 'office_id = "x"\noutbox = "o"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD, "cameras is missing: add it"),
        (HEAD + "cameras = []", "cameras: "),
        (HEAD + CAMERA + "colour = 1", "cameras.1.colour is no known entry"),
        (HEAD + CAMERA + "[cameras.visits]\ngrase_s = 1", "cameras.1.visits.grase_s is no known entry"),
        (HEAD + CAMERA + "[cameras.visits]\ngrace_s = 1", "grace_s must be greater than bridge_s"),
        (HEAD + CAMERA + 'provenance = "camera"', "a video file is a replay"),
        (HEAD + CAMERA + CAMERA, "two cameras have the source_id 'a'"),
        (HEAD + CAMERA + "fps = 0", "cameras.1.fps: "),
        (HEAD + CAMERA.replace('"v.avi"', '""'), "cameras.1.url: "),
        (HEAD + CAMERA.replace('"a"', '"a b"'), "cameras.1.source_id: "),
        (HEAD + "[sentiment]\nenabled = true\n" + CAMERA, "needs the notice that citizens are shown"),
        (HEAD + "[sentiment]\nenabled = true\nnotice = 'x'\n" + CAMERA, "sentiment needs its lawful basis: write into"),
        (HEAD + "[sentiment]\nevery_s = 0.5\n" + CAMERA, "sentiment.every_s"),
        (HEAD + '[broker]\npassword = "x"\n' + CAMERA, "put it into a file of its own"),
        (HEAD + "[broker]\nport = 99999\n" + CAMERA, "broker.port: "),
        ("office_id = ", "is not TOML"),
        ("\x00", "is not TOML"),
    ],
)
def test_says_in_one_sentence_what_is_wrong(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"settings file {tmp_path / 'edge.toml'}")
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not there"):
        load_settings(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path)
    with pytest.raises(SettingsError, match="holds no settings"):
        read(tmp_path, "[]", "edge.json")


@pytest.mark.parametrize(
    ("url", "kind", "shown"),
    [
        ("0", "usb", "0"),
        ("rtsp://me:secret@10.0.0.5/h264", "stream", "rtsp://10.0.0.5/h264"),
        ("rtsp://me:se@cret@10.0.0.5/h264", "stream", "rtsp://10.0.0.5/h264"),
        ("clip.avi", "file", "clip.avi"),
    ],
)
def test_kinds_and_what_is_shown_of_them(url: str, kind: str, shown: str) -> None:
    assert (kind_of(url), redacted(url)) == (kind, shown)

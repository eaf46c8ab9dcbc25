"""The command line: help everywhere, light to start, one clear sentence for what goes wrong."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from builders import NOON, queue, visit

from motcua.edge.outbox import Outbox
from motcua.onebox.cli import PARTS

ROOT = Path(__file__).parents[2]
COMMANDS = [
    *(["demo"], ["evaluate"], ["ingest"], ["api"], ["dashboard"]),
    *(["evaluate-forecast"], ["evaluate-halls"], ["evaluate-advice"]),
    *(["edge", "run"], ["edge", "check"], ["edge", "outbox"]),
    *(["models", "list"], ["models", "fetch"], ["models", "verify"]),
    *(["db", "migrate"], ["db", "status"], ["db", "retention"], ["db", "backup"], ["db", "restore"], ["recompute"]),
    *(["archive"], ["archive", "list"], ["archive", "restore"]),
    *(["simulate", "live"], ["simulate", "country"]),
    *(["ratings", c] for c in ("kiosk", "kiosks", "kiosk-off", "qr", "import")),
    ["evaluate-attitude"],
    ["evaluate-expressions"],
    *(["officer-faces", c] for c in ("list", "notice")),
    *(["offices", "import"], ["offices", "check"]),
    *(["hours", "import"], ["hours", "holidays"], ["hours", "access"]),
    *(["procedures", "import"], ["procedures", "list"]),
    *(["reports", "list"], ["reports", "done"]),
    *(["alerts", c] for c in ("run", "list", "channels", "test", "rules", "set")),
    *(["devices", c] for c in ("add", "ensure", "rotate", "revoke", "list", "write", "certificates")),
    *(["deadletters", c] for c in ("list", "show", "explain", "repair", "replay")),
    *(["users", "add"], ["users", "list"], ["users", "disable"]),
    *(["bench", "edge"], ["bench", "api"], ["bench", "page"], ["bench", "queries"], ["bench", "live"]),
]


def motcua(*arguments: str, timeout: float = 60, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MOTCUA_") or k == "MOTCUA_CACHE"}
    return subprocess.run(
        [sys.executable, "-m", "motcua.onebox.cli", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout,
        env=clean | {"NO_COLOR": "1", "COLUMNS": "200"} | env,
    )


def one_sentence(ran: subprocess.CompletedProcess[str]) -> str:
    """What a failed command said: one line, no traceback."""
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr + ran.stdout
    lines = ran.stderr.strip().splitlines()
    assert len(lines) == 1, ran.stderr
    return lines[0]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    ran = motcua(*command, "--help")
    assert ran.returncode == 0, ran.stderr
    assert "Example: " in ran.stdout
    assert f"motcua {' '.join(command)}" in ran.stdout


def test_every_part_is_tested_here() -> None:
    assert {command[0] for command in COMMANDS} == set(PARTS)


def test_the_list_of_commands_loads_none_of_them() -> None:
    code = (
        "import sys; sys.argv = ['motcua', '--help']; from motcua.onebox import cli\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "print([m for m in ('cv2', 'dash', 'fastapi', 'psycopg', 'onnxruntime', 'paho') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip().splitlines()[-1] == "[]"


def test_an_office_box_needs_the_edge_extra_only(tmp_path: Path) -> None:
    """Without the server's packages the edge commands work, and the others say what is missing."""
    for name in ("fastapi", "psycopg", "dash", "uvicorn", "jinja2", "argon2"):
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name}', name='{name}')")
    assert motcua("edge", "check", "--help", PYTHONPATH=str(tmp_path)).returncode == 0
    assert motcua("models", "list", PYTHONPATH=str(tmp_path)).returncode == 0
    assert "pip install 'motcua[server]'" in one_sentence(motcua("api", PYTHONPATH=str(tmp_path)))


def test_a_missing_setting_is_named() -> None:
    assert one_sentence(motcua("db", "status")).startswith("MOTCUA_DB_DSN is not set: docs/settings.md")
    assert one_sentence(motcua("ingest")).startswith("MOTCUA_INGEST_DSN is not set")
    assert "MOTCUA_API_PORT: Input should be" in one_sentence(motcua("api", MOTCUA_API_DSN="x", MOTCUA_API_PORT="99999"))


def test_a_port_in_use_is_said(pg_dsn: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = one_sentence(motcua("api", MOTCUA_API_DSN=pg_dsn, MOTCUA_API_PORT=port))
        assert f"port {port} is in use: stop what uses it, or set MOTCUA_API_PORT" in said


def test_a_database_of_somebody_else_is_left_alone(pg_dsn: str) -> None:
    with psycopg.connect(pg_dsn) as conn:
        conn.execute("create table invoices (id int)")
    assert "give motcua a database of its own" in one_sentence(motcua("db", "migrate", "--dsn", pg_dsn))
    assert "run 'motcua db migrate'" in one_sentence(motcua("db", "status", "--dsn", pg_dsn))


def test_a_folder_that_cannot_be_written_is_said() -> None:
    ran = motcua("demo", MOTCUA_DATA="/proc/nowhere")
    assert ran.returncode == 1
    assert "set MOTCUA_DATA to a folder of yours" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_video_that_is_not_there_is_said(open_folder: Path) -> None:
    ran = motcua("demo", "--video", "/nowhere.avi", MOTCUA_DATA=str(open_folder))
    assert ran.returncode == 1
    assert "the video /nowhere.avi is not there" in ran.stderr


def test_counting_without_an_end_is_refused() -> None:
    assert "add --for SECONDS" in one_sentence(motcua("demo", "--json", "x.json"))
    assert "add --for SECONDS" in one_sentence(motcua("simulate", "live", "--speed", "10"))


def test_accounts_from_first_to_last(pg_dsn: str) -> None:
    assert "run 'motcua db migrate'" in one_sentence(motcua("users", "list", "--dsn", pg_dsn))
    assert "up to date (plain)" in motcua("db", "migrate", "--dsn", pg_dsn).stdout
    assert "no account yet" in motcua("users", "list", "--dsn", pg_dsn).stdout
    made = motcua("users", "add", "chief", "--role", "supervisor", "--dsn", pg_dsn)
    assert re.search(r"^password: \S{12,}$", made.stdout, re.MULTILINE)
    assert "is there already" in one_sentence(motcua("users", "add", "chief", "--role", "hr", "--dsn", pg_dsn))
    assert "there is no role 'king'" in one_sentence(motcua("users", "add", "other", "--role", "king", "--dsn", pg_dsn))
    assert "there is no office 'vl-1'" in one_sentence(
        motcua("users", "add", "other", "--role", "hr", "--office", "vl-1", "--dsn", pg_dsn)
    )
    assert "is disabled" in motcua("users", "disable", "chief", "--dsn", pg_dsn).stdout
    assert "disabled" in motcua("users", "list", "--dsn", pg_dsn).stdout
    assert "'motcua users list' shows them" in one_sentence(motcua("users", "disable", "nobody", "--dsn", pg_dsn))
    status = motcua("db", "status", "--json", "--dsn", pg_dsn).stdout
    assert '"back_end": "plain"' in status


def test_offices_are_checked_and_imported(pg_dsn: str) -> None:
    assert motcua("db", "migrate", "--dsn", pg_dsn).returncode == 0
    file = str(ROOT / "map" / "data" / "offices.geojson")
    assert "125 offices" in motcua("offices", "check", file).stdout
    looked = motcua("offices", "import", file, "--preview", "--dsn", pg_dsn)
    assert "125 new, 0 changed" in looked.stdout, looked.stderr
    with psycopg.connect(pg_dsn) as conn:
        assert conn.execute("select count(*) from office").fetchone() == (0,)
    ran = motcua("offices", "import", file, "--yes", "--dsn", pg_dsn)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    with psycopg.connect(pg_dsn) as conn:
        assert conn.execute("select count(*) from office").fetchone() == (125,)
        assert conn.execute("select count(*) from audit where action = 'offices.add'").fetchone() == (125,)
    again = motcua("offices", "import", file, "--yes", "--dsn", pg_dsn)
    assert again.returncode == 0, again.stderr
    assert "125 unchanged" in again.stdout


def test_an_outbox_is_shown_in_hours_and_bytes(tmp_path: Path) -> None:
    config = tmp_path / "edge.toml"
    camera = '[[cameras]]\nsource_id = "cam-1"\nurl = "rtsp://camera/1"\nzones = "zones.json"\n'
    config.write_text(f'office_id = "vl-29734"\noutbox = "{tmp_path}"\n{camera}')
    assert "cam-1 has no outbox at" in one_sentence(motcua("edge", "outbox", "--config", str(config)))
    with closing(Outbox(tmp_path / "cam-1.db", now=NOON)) as outbox:
        outbox.put([queue(), visit()])
        shown = motcua("edge", "outbox", "--config", str(config), "--json")
    assert shown.returncode == 0, shown.stderr
    (camera_outbox,) = json.loads(shown.stdout)
    assert (camera_outbox["source_id"], camera_outbox["waiting"]) == ("cam-1", {"queue": 1, "visit": 1})

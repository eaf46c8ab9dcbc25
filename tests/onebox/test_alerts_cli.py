"""``motcua alerts`` on a real database and a real receiver."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from alert_feed import channels_file, fill, play, web_receiver
from typer.testing import CliRunner

from motcua.analytics import alert_notices, channels, db
from motcua.onebox import alerts_cli

SECRET = "geheim-7"


@pytest.fixture
def run(pg_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Runs a command on a filled database; exit code and output."""
    fill(pg_dsn)
    monkeypatch.setenv("MOTCUA_DB_DSN", pg_dsn)
    monkeypatch.setenv("COLUMNS", "250")

    def ran(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(alerts_cli.app, list(words))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return ran


def test_rules_are_set_listed_and_refused(run: Callable[..., tuple[int, str]], pg_dsn: str) -> None:
    assert run("list") == (0, "no alert stands\n")
    code, out = run("set", "wait_over", '{"raise_for_s": 0}', "--office", "vl-86", "--from", "2026-01-01", "--by", "chief")
    assert (code, out) == (0, "wait_over holds for vl-86 from 2026-01-01 on\n")
    assert "wait_over (set for vl-86 from 2026-01-01)" in run("rules", "--office", "vl-1")[1]
    assert "wait_over (the product's default)" in run("rules")[1]
    for words, says in (
        (("wait_over", "{"), "this is not JSON"),
        (("wait_over", "[1]"), "a rule is an object"),
        (("wait_over", '{"colour": 1}'), "no such rule: wait_over.colour"),
        (("nonsense", "{}"), "no such rule"),
        (("no_data", "{}", "--office", "nowhere"), "there is no office 'nowhere'"),
    ):
        code, out = run("set", *words)
        assert code == 1
        assert says in out
    with db.connect(pg_dsn) as conn:
        assert conn.execute("select username from audit where action = 'alert.rule'").fetchall() == [("chief",)]
        play(conn, [("vl-1", 30.0), ("vl-2", 20.0)], [])
    assert "Xã Hoà Hiệp" in run("list")[1]
    code, out = run("list", "--all", "--json", "--office", "vl-2")
    assert [row["office_name"] for row in json.loads(out)] == ["Phường Long Châu"]


def test_a_channel_is_tested_and_shown_without_its_address(
    run: Callable[..., tuple[int, str]], pg_dsn: str, tmp_path: Path
) -> None:
    with web_receiver() as web:
        address = f"json://u:{SECRET}@127.0.0.1:{web.port}/{SECRET}"
        entries = [{"name": "hook", "address": address, "internal": True}, {"name": "out", "address": address}]
        given = ("--channels", str(channels_file(tmp_path, *entries)))
        assert run("test", "hook", *given) == (0, "hook took the test message\n")
        assert "Thử kênh cảnh báo" in web.got[0]["title"]
        web.status = 403
        code, out = run("test", "hook", *given)
        assert (code, "the server answered with 403" in out) == (1, True)
    code, out = run("test", "out", *given)
    assert (code, "internal = true" in out) == (1, True)
    assert run("test", "none", *given)[1] == "there is no channel 'none': the file has hook, out\n"
    with db.connect(pg_dsn) as conn:
        alert_notices.know(conn, channels.read(Path(given[1])))
        alert_notices.failed(conn, "hook", [], "status:403", db_now := conn.execute("select now()").fetchone()[0])  # type: ignore[index]
        alert_notices.sent(conn, "out", [], db_now, 0)
    code, out = run("channels", *given)
    assert "failing (status:403)" in out
    assert SECRET not in out
    assert "alerts are on the page only" in run("channels")[1]

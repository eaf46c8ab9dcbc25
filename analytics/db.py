"""The database's schema: migrate it forward, say how it is.

A database is ours when its ``meta`` table says so. The core comes first, then what the server can do: TimescaleDB or plain
PostgreSQL. The choice is recorded at the first migration; a later silent switch is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from motcua.analytics.settings import DbSettings

MIGRATIONS = Path(__file__).parent / "sql" / "migrations"
FROZEN = MIGRATIONS / "frozen.txt"
_NEW_ROLLUPS = {2: ("wait_1h", "flow_1h")}  # by migration
_LOCK = 7_203_415_001  # advisory: one migration at a time


class DbError(RuntimeError):
    """The database cannot be used; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number, and the file that applies to this back end."""

    number: int
    name: str
    path: Path

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def migrations(back_end: str) -> list[Migration]:
    """The files ``NNNN_core.sql`` and ``NNNN_<back end>.sql``, in their order."""
    found = []
    for path in sorted(MIGRATIONS.glob("*.sql")):
        number, _, name = path.stem.partition("_")
        if name in ("core", back_end):
            found.append(Migration(int(number), name, path))
    return sorted(found, key=lambda m: (m.number, m.name != "core"))


@contextmanager
def connect(dsn: str) -> Iterator[psycopg.Connection]:
    """A connection in autocommit mode. Raises DbError with one sentence where the server cannot be reached."""
    try:
        conn = psycopg.connect(dsn, autocommit=True, connect_timeout=10, application_name="motcua")
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        raise DbError(f"the database cannot be reached ({reason}): check its address and that it runs") from error
    with conn:
        yield conn


def migrate(conn: psycopg.Connection, settings: DbSettings | None = None) -> list[Migration]:
    """Bring the schema up to date; returns what was applied. Sets the policies of TimescaleDB from the settings.

    Raises DbError where the database is not ours, belongs to a newer version, or would switch its back end.
    """
    if conn.execute("select pg_is_in_recovery()").fetchone() == (True,):
        raise DbError("the database is a read-only replica: migrate the primary")
    conn.execute("select pg_advisory_lock(%s)", [_LOCK])
    try:
        back_end = _back_end(conn)
        applied = _applied(conn)
        known = {f"{m.number:04}_{m.name}": m for m in migrations(back_end)}
        for name, digest in applied.items():
            if name not in known:
                raise DbError(f"the database holds migration {name}, which this version does not know: upgrade motcua")
            if known[name].sha256 != digest:
                raise DbError(f"migration {name} was changed after it was applied: restore the released file")
        done = [m for name, m in known.items() if name not in applied and _apply(conn, name, m)]
        if applied and back_end == "timescale":
            _fill(conn, done)
        if back_end == "timescale" and settings is not None:
            _set_policies(conn, settings)
        return done
    except psycopg.errors.InsufficientPrivilege as error:
        raise DbError(f"this user may not change the schema ({error}): connect as the owner of the database") from error
    finally:
        conn.execute("select pg_advisory_unlock(%s)", [_LOCK])


def back_end_of(conn: psycopg.Connection) -> str:
    """``timescale`` or ``plain``, as recorded. Raises DbError where the database is not migrated or not ours."""
    if not _exists(conn, "meta"):
        raise DbError("the database holds no motcua schema: run 'motcua db migrate'")
    row = conn.execute("select value from meta where key = 'back_end'").fetchone()
    if row is None:
        raise DbError("the table meta is not motcua's: give motcua a database of its own")
    return str(row[0])


def require_current(conn: psycopg.Connection) -> str:
    """The back end of an up-to-date schema. Raises DbError where a migration is missing."""
    back_end = back_end_of(conn)
    missing = [m for m in migrations(back_end) if f"{m.number:04}_{m.name}" not in _applied(conn)]
    if missing:
        raise DbError("the schema is older than this version: run 'motcua db migrate'")
    return back_end


def refresh_rollups(conn: psycopg.Connection) -> int:
    """Store the settled buckets on plain PostgreSQL; returns how many rows were written. TimescaleDB's jobs do it there."""
    if back_end_of(conn) != "plain":
        return 0
    written = 0
    lags = {"visit_1h": "2 hours", "queue_1m": "10 minutes", "wait_1h": "2 hours", "flow_1h": "2 hours"}
    for rollup, lag in lags.items():
        row = conn.execute("select refresh_rollup(%s, now() - %s::interval)", [rollup, lag]).fetchone()
        written += int(row[0]) if row else 0
    return written


def status(conn: psycopg.Connection) -> dict[str, Any]:
    """Back end, versions, applied migrations, sizes, newest rows, dead letters, gaps, jobs: what ``motcua db status`` shows."""
    back_end = back_end_of(conn)
    query = (Path(__file__).parent / "sql" / "queries" / "db_status.sql").read_bytes()
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query).fetchone()
        jobs: list[dict[str, Any]] = []
        if back_end == "timescale":
            jobs = cursor.execute(
                "select job_id, proc_name, hypertable_name, schedule_interval::text "
                "from timescaledb_information.jobs order by job_id"
            ).fetchall()
    return {"back_end": back_end, "migrations": sorted(_applied(conn)), **(row or {}), "jobs": jobs}


def _exists(conn: psycopg.Connection, table: str) -> bool:
    return conn.execute("select to_regclass(%s) is not null", [f"public.{table}"]).fetchone() == (True,)


def _back_end(conn: psycopg.Connection) -> str:
    """What is recorded, else what the server can do; makes ``meta`` in an empty database."""
    available = conn.execute("select 1 from pg_available_extensions where name = 'timescaledb'").fetchone()
    can = "timescale" if available else "plain"
    if not _exists(conn, "meta"):
        foreign = conn.execute(
            "select string_agg(relname, ', ' order by relname) from (select relname from pg_class c "
            "join pg_namespace s on s.oid = c.relnamespace where s.nspname = 'public' and relkind in ('r', 'p', 'v', 'm') "
            "and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e') limit 3) as t"
        ).fetchone()
        if foreign and foreign[0]:
            raise DbError(f"the database is not motcua's (it holds {foreign[0]}): give motcua a database of its own")
        with conn.transaction():
            if can == "timescale":
                conn.execute("create extension if not exists timescaledb")
            conn.execute("create table meta (key text primary key, value text not null)")
            conn.execute(
                "create table migration (name text primary key, sha256 text not null, applied_at timestamptz not null default now())"
            )
            conn.execute("insert into meta values ('product', 'motcua'), ('back_end', %s)", [can])
        return can
    recorded = back_end_of(conn)
    if recorded == "timescale" and can == "plain":
        raise DbError("the schema was made on TimescaleDB, which this server does not have: install the extension")
    return recorded


def _applied(conn: psycopg.Connection) -> Mapping[str, str]:
    return {str(name): str(digest) for name, digest in conn.execute("select name, sha256 from migration").fetchall()}


def _apply(conn: psycopg.Connection, name: str, migration: Migration) -> bool:
    with conn.transaction():
        conn.execute(migration.path.read_bytes())
        conn.execute("insert into migration (name, sha256) values (%s, %s)", [name, migration.sha256])
    return True


def _fill(conn: psycopg.Connection, done: list[Migration]) -> None:
    """Fill the rollups that are new to a database with rows in it: the jobs only look some days back."""
    for view in (view for m in done for view in _NEW_ROLLUPS.get(m.number, ()) if m.name == "timescale"):
        conn.execute(sql.SQL("call refresh_continuous_aggregate({}, null, null)").format(sql.Literal(view)))


def _set_policies(conn: psycopg.Connection, settings: DbSettings) -> None:
    """Refresh, columnstore and retention jobs of TimescaleDB, as the settings say; setting them twice changes nothing."""

    def run(statement: LiteralString, *values: object) -> None:
        conn.execute(sql.SQL(statement).format(*(sql.Literal(v) for v in values)))

    for view, start, end, every in (
        ("queue_1m", "3 days", "1 minute", "1 minute"),
        ("queue_1h", "7 days", "1 hour", "10 minutes"),
        ("visit_1h", "7 days", "1 hour", "10 minutes"),
        ("visit_1d", "14 days", "1 day", "1 hour"),
        ("wait_1h", "7 days", "1 hour", "10 minutes"),
        ("flow_1h", "7 days", "1 hour", "10 minutes"),
    ):
        run("select remove_continuous_aggregate_policy({}, if_exists => true)", view)
        run(
            "select add_continuous_aggregate_policy({}, start_offset => {}::interval, end_offset => {}::interval, "
            "schedule_interval => {}::interval)",
            view, start, end, every,
        )  # fmt: skip
    for table in ("visit", "queue_sample", "part_count"):
        run("call remove_columnstore_policy({}, if_exists => true)", table)
        run("call add_columnstore_policy({}, after => {}::interval)", table, f"{settings.compress_after_days} days")
    for table, days in (
        ("visit", settings.keep_visits_days),
        ("part_count", settings.keep_visits_days),
        ("queue_sample", settings.keep_queue_samples_days),
        ("health", settings.keep_health_days),
    ):
        run("select remove_retention_policy({}, if_exists => true)", table)
        if days is not None:
            run("select add_retention_policy({}, drop_after => {}::interval)", table, f"{days} days")

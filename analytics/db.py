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

import psycopg
from psycopg import sql

from motcua.analytics.settings import DbSettings

MIGRATIONS = Path(__file__).parent / "sql" / "migrations"
FROZEN = MIGRATIONS / "frozen.txt"
_NEW_ROLLUPS = {2: ("wait_1h", "flow_1h"), 4: ("queue_1d",), 13: ("wait_1d",), 19: ("office_1d",)}  # by migration
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
    """Bring the schema up to date; returns what was applied. Writes from the settings how long rows live, and sets
    the jobs of TimescaleDB.

    Raises DbError where the database is not ours, belongs to a newer version, or would switch its back end.
    """
    if conn.execute("select pg_is_in_recovery()").fetchone() == (True,):
        raise DbError("the database is a read-only replica: migrate the primary")
    conn.execute("select pg_advisory_lock(%s)", [_LOCK])
    try:
        back_end = _back_end(conn)
        done_before = applied(conn)
        known = {f"{m.number:04}_{m.name}": m for m in migrations(back_end)}
        for name, digest in done_before.items():
            if name not in known:
                raise DbError(f"the database holds migration {name}, which this version does not know: upgrade motcua")
            if known[name].sha256 != digest:
                raise DbError(f"migration {name} was changed after it was applied: restore the released file")
        done = [m for name, m in known.items() if name not in done_before and _apply(conn, name, m)]
        if done_before and back_end == "timescale":
            _fill(conn, done)
        if settings is not None:
            _set(conn, back_end, settings)
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
    missing = [m for m in migrations(back_end) if f"{m.number:04}_{m.name}" not in applied(conn)]
    if missing:
        raise DbError("the schema is older than this version: run 'motcua db migrate'")
    return back_end


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


def applied(conn: psycopg.Connection) -> Mapping[str, str]:
    """The applied migrations, with their hashes."""
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


def _set(conn: psycopg.Connection, back_end: str, settings: DbSettings) -> None:
    """What the settings say about rows' lives and jobs."""
    from motcua.analytics import policies, retention

    retention.keep(conn, settings)
    if back_end == "timescale":
        policies.set_policies(conn, settings)
    else:  # what a question reads is small, and what the planner fears of it large: compiling and workers cost more than they give
        name = sql.Identifier(conn.info.dbname)
        conn.execute(sql.SQL("alter database {} set jit = off").format(name))
        conn.execute(sql.SQL("alter database {} set max_parallel_workers_per_gather = 0").format(name))

"""Days leave the database as Parquet and come back: ``<folder>/<table>/province=<p>/day=<d>/part-<n>.parquet``.

A day is written, read back into the database, compared row by row, and only then deleted. A row that came after its day had left
goes into a further part. The province is what an office's id begins with, up to the first hyphen.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from motcua.analytics import retention
from motcua.analytics.db import DbError
from motcua.analytics.retention import Rule
from motcua.analytics.store import span_of

Connection = psycopg.Connection[Any]
Row = dict[str, Any]
_TYPES = {
    "uuid": "UUID", "timestamptz": "TIMESTAMPTZ", "text": "VARCHAR", "jsonb": "VARCHAR", "float8": "DOUBLE", "bool": "BOOLEAN",
    "int2": "SMALLINT", "int4": "INTEGER", "int8": "BIGINT", "date": "DATE",
}  # fmt: skip
_COPY = "format csv, header"


@dataclass(frozen=True, slots=True)
class Archived:
    """What left: rows of one table before an instant, how many of them were new to the archive, and in how many files."""

    table: str
    before: datetime
    rows: int
    fresh: int
    files: int


def archive(conn: Connection, folder: Path, now: datetime) -> list[Archived]:
    """Write, verify and delete what has lived long enough of the tables that go to the archive.

    Raises DbError where a file differs from its rows, is missing, or rows came meanwhile: nothing is deleted then.
    """
    return [_leave(conn, folder, rule, before, now) for rule, before in retention.due(conn, now, archived=True)]


def parts(conn: Connection, table: str | None = None, first: date | None = None, last: date | None = None) -> list[Row]:
    """The files: ``relation, day, province, part, path, rows, sha256, verified_at, restored_at``."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select * from archive_part where relation = coalesce(%s, relation) and day between coalesce(%s, day) "
            "and coalesce(%s, day) order by relation, day, province, part",
            [table, first, last],
        ).fetchall()


def restore(conn: Connection, folder: Path, table: str, first: date, last: date, now: datetime) -> int:
    """Bring the rows of these days back; how many were not there. They stay for a week, and rollups are left as they are.

    Raises DbError where nothing of the span was archived, or a file is missing or was changed.
    """
    found = parts(conn, _rule(table).table, first, last)
    if not found:
        raise DbError(f"no day of {table} from {first} to {last} is in the archive: see 'motcua archive list'")
    rows = 0
    with conn.transaction():
        for part in found:
            with _loaded(conn, table, [_checked(folder, part)]):
                statement = sql.SQL("insert into {} select * from archive_rows on conflict do nothing")
                rows += conn.execute(statement.format(sql.Identifier(table))).rowcount
        conn.execute(
            "update archive_part set restored_at = %s where relation = %s and day between %s and %s",
            [now, table, first, last],
        )
    return rows


def _leave(conn: Connection, folder: Path, rule: Rule, before: datetime, now: datetime) -> Archived:
    floor = conn.execute(
        "select case when isfinite(floor) then floor end from retention where relation = %s", [rule.table]
    ).fetchone()
    known, fresh, late, files = 0, 0, 0, 0
    for day, province, count in _days(conn, rule, before):
        new = _write(conn, folder, rule, day, province, now)
        known, fresh, files = known + count, fresh + new, files + bool(new)
        if floor and floor[0] and span_of(day)[0] < floor[0]:
            late += new
    gone = retention.delete(conn, rule, before, now, exactly=known, too_late=late)
    return Archived(rule.table, before, gone.rows, fresh, files)


def _days(conn: Connection, rule: Rule, before: datetime) -> list[tuple[date, str, int]]:
    return conn.execute(
        sql.SQL(
            "select ({at} at time zone 'Asia/Ho_Chi_Minh')::date, split_part(office_id, '-', 1), count(*) "
            "from {table} where {at} < %s group by 1, 2 order by 1, 2"
        ).format(at=sql.Identifier(rule.at), table=sql.Identifier(rule.table)),
        [before],
    ).fetchall()


def _write(conn: Connection, folder: Path, rule: Rule, day: date, province: str, now: datetime) -> int:
    """Write a day's rows that no part holds yet, and compare; how many."""
    if not re.fullmatch(r"\w+", province):
        raise DbError(f"{province!r} cannot name a folder of the archive: rename the office")
    there = [p for p in parts(conn, rule.table, day, day) if p["province"] == province]
    columns = _columns(conn, rule.table)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    since, until = span_of(day)
    with _loaded(conn, rule.table, [_checked(folder, p) for p in there]), tempfile.TemporaryDirectory() as scratch:
        wanted = sql.SQL(
            "select {names} from {table} as t where {at} >= {since} and {at} < {until} and split_part(office_id, '-', 1) = {province} "
            "and not exists (select from archive_rows as a where a.id = t.id and a.at = t.at)"
        ).format(
            names=names, table=sql.Identifier(rule.table), at=sql.Identifier(rule.at),
            since=sql.Literal(since), until=sql.Literal(until), province=sql.Literal(province),
        )  # fmt: skip
        csv = Path(scratch) / "rows.csv"
        with csv.open("wb") as file, conn.cursor() as cursor:
            with cursor.copy(sql.SQL("copy ({} order by {}, id) to stdout with ({})").format(
                wanted, sql.Identifier(rule.at), sql.SQL(_COPY)
            )) as out:  # fmt: skip
                for block in out:
                    file.write(block)
            rows = cursor.rowcount
        if rows == 0:
            return 0
        number = 1 + max((p["part"] for p in there), default=-1)
        path = Path(rule.table) / f"province={province}" / f"day={day}" / f"part-{number}.parquet"
        half = folder / path.with_suffix(".half")
        half.parent.mkdir(parents=True, exist_ok=True)
        _to_parquet(csv, half, columns)
        with _loaded(conn, rule.table, [half], "archive_check"):
            checked = sql.SQL("select {} from archive_check").format(names)
            row = conn.execute(
                sql.SQL("select (select count(*) from ({a} except all {b}) as x) + (select count(*) from ({b} except all {a}) as y)").format(
                    a=wanted, b=checked
                )
            ).fetchone()  # fmt: skip
        if row != (0,):
            raise DbError(f"{half} does not hold the rows of {day} (rows may have come meanwhile): try again")
        half.replace(folder / path)
        conn.execute(
            "insert into archive_part (relation, day, province, part, path, rows, sha256, verified_at) values (%s, %s, %s, %s, %s, %s, %s, %s)",
            [rule.table, day, province, number, str(path), rows, _sha256(folder / path), now],
        )
        return rows


@contextmanager
def _loaded(conn: Connection, table: str, files: list[Path], name: str = "archive_rows") -> Iterator[None]:
    """A temporary table with the rows of Parquet files."""
    target = sql.Identifier("pg_temp", name)
    conn.execute(sql.SQL("drop table if exists {}").format(target))
    conn.execute(
        sql.SQL("create temp table {} as select * from {} with no data").format(sql.Identifier(name), sql.Identifier(table))
    )
    for file in files:
        with tempfile.TemporaryDirectory() as scratch:
            csv = Path(scratch) / "rows.csv"
            names = _to_csv(file, csv)
            statement = sql.SQL("copy {} ({}) from stdin with ({})").format(
                target, sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(_COPY)
            )
            with csv.open("rb") as source, conn.cursor() as cursor, cursor.copy(statement) as into:
                while block := source.read(1 << 20):
                    into.write(block)
    yield
    conn.execute(sql.SQL("drop table if exists {}").format(target))


def _columns(conn: Connection, table: str) -> dict[str, str]:
    """Column and DuckDB's type."""
    found = conn.execute(
        "select attname, typname from pg_attribute join pg_type t on t.oid = atttypid "
        "where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
        [table],
    ).fetchall()
    return {name: _TYPES[kind] for name, kind in found}


def _to_parquet(csv: Path, file: Path, columns: dict[str, str]) -> None:
    with _duckdb() as duck:
        duck.execute(
            "copy (select * from read_csv(?, header = true, columns = ?, quote = '\"', escape = '\"', delim = ',', "
            f"allow_quoted_nulls = false, parallel = false)) to '{_quoted(file)}' (format parquet, compression zstd)",
            [str(csv), columns],
        )


def _to_csv(file: Path, csv: Path) -> list[str]:
    """Text is quoted throughout, so that an empty one is not null; returns the names of the columns."""
    with _duckdb() as duck:
        found = duck.execute("describe select * from read_parquet(?, hive_partitioning = false)", [str(file)]).fetchall()
        names = [str(row[0]) for row in found]
        texts = ", ".join(f'"{name}"' for name, kind, *_ in found if kind == "VARCHAR")
        force = f", force_quote ({texts})" if texts else ""
        duck.execute(
            f"copy (select * from read_parquet('{_quoted(file)}', hive_partitioning = false)) to '{_quoted(csv)}' (format csv, header{force})"
        )
    return names


@contextmanager
def _duckdb() -> Iterator[Any]:
    try:
        import duckdb
    except ModuleNotFoundError:
        raise DbError("the archive needs duckdb, which is not installed: pip install 'motcua[archive]'") from None
    with duckdb.connect() as duck:
        duck.execute("set timezone = 'UTC'; set threads = 1")
        yield duck


def _quoted(file: Path) -> str:
    return str(file).replace("'", "''")


def _checked(folder: Path, part: Row) -> Path:
    file = folder / str(part["path"])
    if not file.exists():
        raise DbError(f"{file} is missing: name the archive's folder, or bring the file back")
    if _sha256(file) != part["sha256"]:
        raise DbError(f"{file} was changed since it was verified: bring the right one back from a copy")
    return file


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _rule(table: str) -> Rule:
    for rule in retention.RULES:
        if rule.table == table and rule.archive:
            return rule
    raise DbError(f"{table} does not go to the archive: {', '.join(r.table for r in retention.RULES if r.archive)} do")

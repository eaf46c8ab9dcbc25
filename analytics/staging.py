"""Rows into a table by COPY: straight into it, or, where one of them is there already, by way of a staging table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import psycopg
from psycopg import sql

from motcua.analytics.rows import COLUMNS

NULL = "None"  # what f"{None}" gives; a text that reads so is escaped
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def line_of(row: Iterable[object]) -> str:
    """A row in COPY's text format, with ``NULL`` as above."""
    return "\t".join([_text(value) for value in row]) + "\n"


def _text(value: object) -> str:
    if isinstance(value, str):
        return "\\None" if value == NULL else value.translate(_ESCAPES)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def insert(cursor: psycopg.Cursor, table: str, lines: list[str]) -> int:
    """Insert the rows that are not there yet, inside a transaction; returns how many. Sorted, so that two writers of the same rows
    wait for each other instead of locking each other out."""
    lines.sort()
    body = "".join(lines).encode()
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))
    names = {"table": sql.Identifier(table), "stage": sql.Identifier(f"stage_{table}"), "columns": columns}
    try:
        with cursor.connection.transaction():
            _copy(cursor, sql.SQL("copy {table} ({columns}) from stdin (null 'None')").format(**names), body)
        return len(lines)
    except psycopg.errors.UniqueViolation:
        pass
    cursor.execute(
        sql.SQL(
            "create temp table if not exists {stage} on commit delete rows as select {columns} from {table} with no data"
        ).format(**names)
    )
    _copy(cursor, sql.SQL("copy {stage} ({columns}) from stdin (null 'None')").format(**names), body)
    cursor.execute(
        sql.SQL(
            "insert into {table} ({columns}) select distinct on (id, at) {columns} from {stage} order by id, at "
            "on conflict do nothing"
        ).format(**names)
    )
    return cursor.rowcount


def _copy(cursor: psycopg.Cursor, statement: sql.Composed, body: bytes) -> None:
    with cursor.copy(statement) as copy:
        copy.write(body)

"""How the database is: what ``motcua db status`` and the metrics show."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from motcua.analytics.db import applied, back_end_of
from motcua.analytics.rollups import LEVELS
from motcua.analytics.store import query

Connection = psycopg.Connection[Any]
Row = dict[str, Any]


def status(conn: Connection, now: datetime) -> Row:
    """Back end, versions, applied migrations, whole size, newest rows, dead letters, gaps, retention, jobs."""
    back_end = back_end_of(conn)
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query("db_status")).fetchone() or {}
        kept = cursor.execute(query("retention")).fetchall()
        jobs = cursor.execute(query("jobs_timescale")).fetchall() if back_end == "timescale" else []
    newest = row.get("newest_visit_at")
    return {
        "back_end": back_end,
        "migrations": sorted(applied(conn)),
        **row,
        "visit_age_s": None if newest is None else round((now - newest).total_seconds(), 1),
        "retention": kept,
        "jobs": jobs,
    }


def relations(conn: Connection, now: datetime) -> list[Row]:
    """Size and rows (an estimate) of every table and level; of a level also where its stored part ends and how far that lies
    behind (``lag_s``), and on plain PostgreSQL the buckets that late rows made dirty."""
    back_end = back_end_of(conn)
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query(f"sizes_{back_end}")).fetchall()
        if back_end == "timescale":
            ends = {level.name: _stored_until(cursor, level.name, level.width) for level in LEVELS}
            dirty: dict[str, int | None] = {}
        else:
            state = cursor.execute(
                "select name, case when isfinite(watermark) then watermark end as until, (select count(*) from rollup_dirty d "
                "where d.name = s.name) as dirty from rollup_state as s"
            ).fetchall()
            ends = {r["name"]: r["until"] for r in state}
            dirty = {r["name"]: r["dirty"] for r in state}
    for row in found:
        if row["name"] in ends:
            until = ends[row["name"]]
            row["stored_until"] = until
            row["lag_s"] = None if until is None else round((now - until).total_seconds(), 1)
            row["dirty"] = dirty.get(row["name"])
    return found


def _stored_until(cursor: psycopg.Cursor[Row], name: str, width: Any) -> datetime | None:
    place = cursor.execute(
        "select materialization_hypertable_schema as schema, materialization_hypertable_name as name "
        "from timescaledb_information.continuous_aggregates where view_name = %s",
        [name],
    ).fetchone()
    assert place is not None
    row = cursor.execute(
        sql.SQL("select max(bucket) + %s as until from {}").format(sql.Identifier(place["schema"], place["name"])), [width]
    ).fetchone()
    return row["until"] if row else None

"""How long rows live. ``motcua db migrate`` writes the settings into the table ``retention``; :func:`apply` does what it says.

A day of raw rows is deleted once its rollups are stored, so that they stay right; a row that comes later still is in no rollup
and is counted as ``too_late``. Cut is at the beginning of a Viet Nam day. TimescaleDB drops whole chunks, so that rows live up to one
chunk longer there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from motcua.analytics import rollups
from motcua.analytics.db import DbError, back_end_of
from motcua.analytics.settings import DbSettings
from motcua.analytics.store import day_of, span_of

Connection = psycopg.Connection[Any]
RESTORED_FOR = timedelta(days=7)  # what came back from the archive stays so long
_LOCK = 7_203_415_002  # advisory: one housekeeper at a time
_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Rule:
    """One table: which column dates its rows, which setting says for how long, whether TimescaleDB partitions it, whether the
    archive takes its days."""

    table: str
    at: str
    setting: str
    hypertable: bool = False
    archive: bool = False


RULES = (
    Rule("visit", "at", "keep_visits_days", hypertable=True, archive=True),
    Rule("queue_sample", "at", "keep_queue_samples_days", hypertable=True, archive=True),
    Rule("part_count", "at", "keep_visits_days", hypertable=True, archive=True),
    Rule("rating", "at", "keep_ratings_days", hypertable=True, archive=True),
    Rule("ticket", "at", "keep_tickets_days", hypertable=True, archive=True),
    Rule("sentiment", "at", "keep_sentiment_days", hypertable=True, archive=True),
    Rule("officer_expression", "at", "keep_officer_expression_days"),
    Rule("health", "at", "keep_health_days", hypertable=True),
    Rule("dead_letter", "last_at", "keep_dead_letters_days"),
    Rule("data_report", "at", "keep_reports_days"),
    Rule("rating_comment", "at", "keep_comments_days"),
    Rule("session", "expires_at", "keep_sessions_days"),
    Rule("alert", "cleared_at", "keep_alerts_days"),
    Rule("alert_notice", "at", "keep_alerts_days"),
)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What was deleted of one table: rows before ``before``; ``too_late`` of them were in no rollup."""

    table: str
    before: datetime
    rows: int
    too_late: int = 0


def keep(conn: Connection, settings: DbSettings) -> None:
    """Write what the settings say; what was deleted until now stays recorded."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into retention (relation, keep_days, archive) values (%s, %s, %s) "
            "on conflict (relation) do update set keep_days = excluded.keep_days, archive = excluded.archive",
            [(r.table, getattr(settings, r.setting), r.archive and settings.archive) for r in RULES],
        )


def apply(conn: Connection, now: datetime) -> list[Deleted]:
    """Keep house: store settled rollups on plain PostgreSQL, then delete what has lived long enough, once a day for each table.

    Returns what was deleted, and tells the audit log. Does nothing while another process keeps house. Tables that go to the
    archive are left to it.
    """
    if conn.execute("select pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
        return []
    try:
        if back_end_of(conn) == "plain":
            rollups.refresh(conn, now)
        deleted = []
        for rule, before in due(conn, now):
            deleted.append(delete(conn, rule, before, now))
        deleted = [d for d in deleted if d.rows]
        if deleted:
            _tell(conn, deleted, now)
        return deleted
    finally:
        conn.execute("select pg_advisory_unlock(%s)", [_LOCK])


def due(conn: Connection, now: datetime, *, archived: bool = False) -> list[tuple[Rule, datetime]]:
    """The tables with days that have lived long enough and are not deleted yet, and where to cut. archived: those that go to the
    archive, instead of the others. A table is left alone for a week after something of it was restored."""
    found = {
        relation: (days, archive, floor)
        for relation, days, archive, floor in conn.execute(
            "select relation, keep_days, archive, case when isfinite(floor) then floor end from retention as r "
            "where keep_days is not null and not exists (select from archive_part as p "
            "where p.relation = r.relation and p.restored_at > %s)",
            [now - RESTORED_FOR],
        ).fetchall()
    }
    answer = []
    for rule in RULES:
        days, archive, floor = found.get(rule.table, (None, False, None))
        if days is None or archive != archived:
            continue
        before = span_of(day_of(now - timedelta(days=days)))[0]
        if floor is None or floor < before:
            answer.append((rule, before))
    return answer


def count(conn: Connection, rule: Rule, before: datetime) -> int:
    """How many rows lie before an instant."""
    row = conn.execute(
        sql.SQL("select count(*) from {} where {} < %s").format(sql.Identifier(rule.table), sql.Identifier(rule.at)),
        [before],
    ).fetchone()
    return int(row[0]) if row else 0


def delete(
    conn: Connection, rule: Rule, before: datetime, now: datetime, *, exactly: int | None = None, too_late: int | None = None
) -> Deleted:
    """Delete a table's rows before an instant. Its rollups are stored first, and from then on final below it.

    exactly: so many rows and no more; raises DbError, deleting nothing, where others came meanwhile. too_late: how many of them are
    in no rollup, where the caller knows better.
    """
    names = rollups.names(rule.table)
    if names:
        rollups.refresh(conn, now, rule.table)
    late = _raise_floor(conn, rule, names, before, now)
    if exactly is not None:
        rows = _delete_exactly(conn, rule, before, exactly)
    elif rule.hypertable and back_end_of(conn) == "timescale":
        had = count(conn, rule, before)
        conn.execute(
            sql.SQL("select drop_chunks({}, older_than => {})").format(sql.Literal(rule.table), sql.Literal(before))
        )
        rows = had - count(conn, rule, before)
    else:
        rows = _delete(conn, rule, before)
    late = late if too_late is None else too_late
    conn.execute(
        "update retention set deleted = deleted + %s, too_late = too_late + %s where relation = %s",
        [rows, late, rule.table],
    )
    conn.execute("update archive_part set restored_at = null where relation = %s and day < %s", [rule.table, day_of(before)])
    return Deleted(rule.table, before, rows, late)


def _raise_floor(conn: Connection, rule: Rule, names: list[str], before: datetime, now: datetime) -> int:
    """From here on no row below ``before`` changes a rollup; returns how many rows below the old floor never did."""
    with conn.transaction():
        if back_end_of(conn) == "plain":
            for name in names:  # nobody writes meanwhile, and what was written is stored
                conn.execute("select refresh_rollup(%s, %s)", [name, before])
        row = conn.execute(
            sql.SQL("select count(*) from {table} where {at} < (select floor from retention where relation = %s)").format(
                table=sql.Identifier(rule.table), at=sql.Identifier(rule.at)
            ),
            [rule.table],
        ).fetchone()
        conn.execute("update retention set floor = %s, run_at = %s where relation = %s", [before, now, rule.table])
    return int(row[0]) if row and names else 0


def _delete_exactly(conn: Connection, rule: Rule, before: datetime, exactly: int) -> int:
    with conn.transaction():
        conn.execute(sql.SQL("lock table {} in share row exclusive mode").format(sql.Identifier(rule.table)))
        if (had := count(conn, rule, before)) != exactly:
            raise DbError(f"{had - exactly} rows of {rule.table} came while it was archived: run it again")
        statement = sql.SQL("delete from {} where {} < %s").format(sql.Identifier(rule.table), sql.Identifier(rule.at))
        conn.execute(statement, [before])
    return exactly


def _delete(conn: Connection, rule: Rule, before: datetime) -> int:
    """In batches, so that no transaction lasts long."""
    statement = sql.SQL(
        "delete from {table} where ctid = any(array(select ctid from {table} where {at} < %s limit %s))"
    ).format(table=sql.Identifier(rule.table), at=sql.Identifier(rule.at))
    rows = 0
    while True:
        found = conn.execute(statement, [before, _BATCH]).rowcount
        rows += found
        if found < _BATCH:
            return rows


def _tell(conn: Connection, deleted: list[Deleted], now: datetime) -> None:
    detail = {d.table: {"rows": d.rows, "before": d.before.isoformat(), "too_late": d.too_late} for d in deleted}
    conn.execute("insert into audit (at, action, detail) values (%s, 'retention', %s)", [now, json.dumps(detail)])

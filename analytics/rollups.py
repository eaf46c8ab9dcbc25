"""The rollups' levels on both back ends: store what has settled, and compute them anew from raw rows.

===========  ==========  =========  ==============================================================
raw rows     level       of         what it holds
===========  ==========  =========  ==============================================================
visit        visit_1h    visit      counts, sums and wait bins by counter and outcome
             visit_1d    visit_1h   the same by Viet Nam's days
             office_1d   visit_1d   counts and sums by office alone, by Viet Nam's days
             wait_1h     visit      wait bins by hour of arrival
             wait_1d     wait_1h    waits of the served by hour of arrival, by Viet Nam's days of departure
queue        queue_1m    samples    people waiting, expected waits
             queue_1h    queue_1m   the same by hour
             queue_1d    queue_1h   the same by Viet Nam's days
             flow_1h     samples    Little's sums
===========  ==========  =========  ==============================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from motcua.analytics.db import DbError, back_end_of
from motcua.analytics.store import day_of, span_of

Connection = psycopg.Connection[Any]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Level:
    """One level. lag: how long after its end a bucket is stored; every: how often TimescaleDB's job looks."""

    name: str
    raw: str
    width: timedelta
    lag: timedelta
    every: timedelta


# A level stands after the one that it is computed from.
LEVELS = (
    Level("visit_1h", "visit", HOUR, 2 * HOUR, timedelta(minutes=10)),
    Level("visit_1d", "visit", DAY, 2 * HOUR, HOUR),
    Level("office_1d", "visit", DAY, 2 * HOUR, HOUR),
    Level("wait_1h", "visit", HOUR, 2 * HOUR, timedelta(minutes=10)),
    Level("wait_1d", "visit", DAY, 2 * HOUR, HOUR),
    Level("queue_1m", "queue_sample", timedelta(minutes=1), timedelta(minutes=10), timedelta(minutes=1)),
    Level("queue_1h", "queue_sample", HOUR, HOUR, timedelta(minutes=10)),
    Level("queue_1d", "queue_sample", DAY, HOUR, HOUR),
    Level("flow_1h", "queue_sample", HOUR, 2 * HOUR, timedelta(minutes=10)),
)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What became of one level: its rows in the span, how many of them had been different, and why nothing was done."""

    name: str
    rows: int = 0
    changed: int = 0
    left: str | None = None


def refresh(conn: Connection, now: datetime, raw: str | None = None) -> int:
    """Store the settled buckets of every level, or of those of one raw table; how many rows were written (0 on TimescaleDB).

    There its own jobs do the same; by hand it serves tests and what is about to be deleted.
    """
    back_end, written = back_end_of(conn), 0
    for level in LEVELS:
        if raw not in (None, level.raw):
            continue
        if back_end == "plain":
            row = conn.execute("select refresh_rollup(%s, %s)", [level.name, now - level.lag]).fetchone()
            written += int(row[0]) if row else 0
        else:
            start, end = refresh_start(level, keep_days(conn, level.raw)), now - level.lag
            _timescale(conn, level, None if start is None else now - start, end, force=False)
    return written


def recompute(conn: Connection, first: date, last: date, now: datetime) -> list[Recomputed]:
    """Compute every level anew from raw rows, from Viet Nam's day ``first`` to ``last``, both included.

    A level whose raw rows were deleted within the span is left as it is. Raises DbError where the span is none.
    """
    since, until = span_of(first)[0], span_of(last)[1]
    if since >= until or since >= now:
        raise DbError(f"{first} to {last} is no span of the past: name a first and a last day")
    back_end, answer = back_end_of(conn), []
    for level in LEVELS:
        begin = floor(conn, level.raw, now)
        if since < begin and not _restored(conn, level.raw, first, min(last, day_of(begin - DAY))):
            answer.append(Recomputed(level.name, left=f"raw rows before {day_of(begin)} were deleted"))
            continue
        _remember(conn, level, since, until)
        if back_end == "plain":
            conn.execute("select recompute_rollup(%s, %s, %s)", [level.name, since, until])
        else:
            _timescale(conn, level, since, min(until, now), force=True)
        answer.append(_compared(conn, level, since, until))
    return answer


def floor(conn: Connection, raw: str, now: datetime) -> datetime:
    """Where the raw rows of a table begin: what lies before may have been deleted."""
    row = conn.execute(
        "select case when isfinite(floor) then floor end, keep_days, archive from retention where relation = %s", [raw]
    ).fetchone()
    if row is None:
        return NEVER
    found, days, archive = row
    begin: datetime = found or NEVER
    if days is not None and not archive and back_end_of(conn) == "timescale":  # its own job may have dropped that much
        begin = max(begin, span_of(day_of(now - timedelta(days=days)) + DAY)[0])
    return begin


def keep_days(conn: Connection, raw: str) -> int | None:
    """For how many days raw rows are kept; None: for ever."""
    row = conn.execute("select keep_days from retention where relation = %s", [raw]).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def refresh_start(level: Level, days: int | None) -> timedelta | None:
    """How far back a refresh looks: over everything whose raw rows are certainly there, so that no late row is missed and no
    bucket is computed from rows that are gone; None: from the beginning."""
    if days is None:
        return None
    return max((days - 1) * DAY, 12 * HOUR if level.width < DAY else 3 * DAY)


def _timescale(conn: Connection, level: Level, since: datetime | None, until: datetime, *, force: bool) -> None:
    """Refresh whole buckets of a continuous aggregate; nothing where there is none. force: unchanged buckets too."""
    begin = None if since is None else _bucket(level, since + level.width - timedelta(microseconds=1))
    end = _bucket(level, until)
    if begin is not None and end <= begin:
        return
    forced = sql.SQL(", force => true") if force else sql.SQL("")
    statement = sql.SQL("call refresh_continuous_aggregate({}, {}, {}{})")
    conn.execute(statement.format(sql.Literal(level.name), sql.Literal(begin), sql.Literal(end), forced))


def _bucket(level: Level, at: datetime) -> datetime:
    """The bucket of an instant: Viet Nam's days, and hours and minutes, which are the same everywhere in it."""
    if level.width == DAY:
        return span_of(day_of(at))[0]
    return at - (at - datetime(2000, 1, 3, tzinfo=UTC)) % level.width


def _restored(conn: Connection, raw: str, first: date, last: date) -> bool:
    """Whether everything that was deleted of these days has been brought back from the archive."""
    row = conn.execute(
        "select count(distinct day), bool_and(restored_at is not null) from archive_part "
        "where relation = %s and day between %s and %s",
        [raw, first, last],
    ).fetchone()
    return bool(row and row[0] == (last - first).days + 1 and row[1])


def _columns(conn: Connection, level: Level) -> sql.Composed:
    """Every column, sums rounded: they depend on the order of their terms in the last digits."""
    found = conn.execute(
        "select attname, atttypid in ('float8'::regtype, 'numeric'::regtype) from pg_attribute "
        "where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
        [level.name],
    ).fetchall()
    parts = [
        sql.SQL("round({}::numeric, 3) as {}" if number else "{}").format(*[sql.Identifier(name)] * (2 if number else 1))
        for name, number in found
    ]
    return sql.SQL(", ").join(parts)


def _remember(conn: Connection, level: Level, since: datetime, until: datetime) -> None:
    conn.execute("drop table if exists pg_temp.rollup_before")
    conn.execute(
        sql.SQL("create temp table rollup_before as select {} from {} where bucket >= {} and bucket < {}").format(
            _columns(conn, level), sql.Identifier(level.name), sql.Literal(since), sql.Literal(until)
        )
    )


def _compared(conn: Connection, level: Level, since: datetime, until: datetime) -> Recomputed:
    now_rows = sql.SQL("select {} from {} where bucket >= {} and bucket < {}").format(
        _columns(conn, level), sql.Identifier(level.name), sql.Literal(since), sql.Literal(until)
    )
    row = conn.execute(
        sql.SQL(
            "with now_rows as materialized ({}) select (select count(*) from now_rows), "
            "greatest((select count(*) from (select * from now_rows except all select * from rollup_before) as fresh), "
            "(select count(*) from (select * from rollup_before except all select * from now_rows) as gone))"
        ).format(now_rows)
    ).fetchone()
    conn.execute("drop table pg_temp.rollup_before")
    assert row is not None
    return Recomputed(level.name, int(row[0]), int(row[1]))


def names(raw: str | None = None) -> list[str]:
    """The levels, or those of one raw table."""
    return [level.name for level in LEVELS if raw in (None, level.raw)]

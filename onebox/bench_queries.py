"""``motcua bench queries``: how long the questions of pages and API take, over years of measurements made in the database."""

from __future__ import annotations

import hashlib
import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from motcua.analytics import db, rollups, store
from motcua.analytics.settings import DbSettings
from motcua.onebox import postgres

Connection = psycopg.Connection[Any]
Report = dict[str, Any]

NOW = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)  # noon of a working day in Viet Nam
DAYS = 1095
SETUP = Path(__file__).with_name("data") / "bench_queries.sql"
_DIRECT = ("queue_1m", "queue_1h", "flow_1h")  # whose raw rows would be a thousand millions


@dataclass(frozen=True, slots=True)
class Scale:
    """How much there is."""

    visits: int = 10_000_000
    counters: int = 500
    days: int = DAYS

    @property
    def name(self) -> str:
        """Of its folder: another scale, schema or set-up is another one."""
        digest = hashlib.sha256(db.FROZEN.read_bytes() + SETUP.read_bytes()).hexdigest()[:8]
        return f"queries-{self.visits}-{self.counters}-{self.days}-{digest}"


@dataclass(frozen=True, slots=True)
class Question:
    """A query of ``sql/queries`` with a span that pages or the API ask for. one_office: of a random one. paired: offices, each
    with a provenance; asked without a prepared plan, as the API does."""

    query: str
    span: timedelta | None = None
    one_office: bool = True
    more: tuple[tuple[str, Any], ...] = ()
    paired: bool = False

    @property
    def label(self) -> str:
        span = "" if self.span is None else f" {self.span.days} d" if self.span.days else f" {self.span.seconds // 3600} h"
        return f"{self.query}{span}{'' if self.one_office else ' all'}"

    def parameters(self, office: str, every: Sequence[str] = ()) -> dict[str, Any]:
        """What the query is given; spans end with the hour of ``NOW``, days of Viet Nam with its day."""
        ids = list(every) if self.paired and not self.one_office and every else [office]
        given: dict[str, Any] = {"office_id": office if self.one_office else None, "office_ids": ids, **dict(self.more)}
        if self.paired:
            given["provenances"] = ["camera"] * len(ids)
        if self.span is not None:
            until = NOW + timedelta(hours=1)
            given |= {"since": until - self.span, "until": until}
        return given


_DAY, _WEEK, _QUARTER, _YEARS = (timedelta(days=n) for n in (1, 7, 90, DAYS))
_YEAR = timedelta(days=365)
_CAMERA = (("provenance", "camera"),)
_BOUNDS = (("median_bin", 7), ("p90_bin", 22))
QUESTIONS = (
    Question("offices", one_office=False, more=(("day", NOW.date()),)),
    *(Question("queue_now", one_office=one) for one in (True, False)),
    *(Question("sources", one_office=one) for one in (True, False)),
    Question("dead_letters", more=(("limit", 50),)),
    *(Question("counts", _DAY, one_office=one) for one in (True, False)),
    Question("counts", _WEEK),
    *(Question("part_totals", span, one_office=one) for span, one in ((_DAY, True), (_DAY, False), (_WEEK, True))),
    Question("counters", _DAY),
    Question("part_counters", _DAY),
    *(Question(name, _DAY) for name in ("counter_hours", "part_counter_hours")),
    *(Question("queue_trend", timedelta(hours=1), one_office=one) for one in (True, False)),
    *(Question("provenances", span) for span in (_DAY, _WEEK)),
    *(
        Question(name, span, more=_CAMERA)
        for name in ("waits_by_hour", "wait_bins", "waits_by_arrival", "flow_by_hour")
        for span in (_DAY, _WEEK, _QUARTER)
    ),
    *(Question("part_counts", span, more=_CAMERA) for span in (_DAY, _WEEK)),
    *(Question("ticket_lanes", span, more=(("provenances", list(store.REAL)),)) for span in (_DAY, _WEEK)),
    Question("sentiment_day", _DAY),
    *(Question("daily", span) for span in (_QUARTER, _YEARS)),
    Question("departures", _DAY),
    Question("served_by_hour", _WEEK),
    Question("attitude_cells", _QUARTER, more=(("provenances", list(store.REAL)), ("visit_provenances", list(store.REAL)))),
    Question("targets"),
    Question("opening_hours"),
    Question("holidays", more=(("since", NOW.date()), ("until", NOW.date() + timedelta(days=10)))),
    Question("office_access"),
    Question("procedures"),
    Question("reports", more=(("offices", None), ("done", False), ("limit", 200))),
    *(
        Question("history_offices", span, one_office=one, paired=True)
        for span, one in ((_QUARTER, True), (_YEARS, True), (_YEAR, False))
    ),
    *(Question("history_steps", span, more=(("step", "week"),), paired=True) for span in (_QUARTER, _YEARS)),
    Question("history_steps", _YEAR, one_office=False, more=(("step", "month"),), paired=True),
    *(Question("history_bins", span, paired=True) for span in (_QUARTER, _YEAR, _YEARS)),
    Question("history_bins", _WEEK, one_office=False, paired=True),
    *(Question("history_below", span, more=_BOUNDS, paired=True) for span in (_QUARTER, _YEAR, _YEARS)),
    Question("history_below", _WEEK, one_office=False, more=_BOUNDS, paired=True),
    *(Question("history_heat", span, paired=True) for span in (_QUARTER, _YEARS)),
    Question("history_heat", 4 * _WEEK, one_office=False, paired=True),
    *(Question("history_hours", _DAY, one_office=one, paired=True) for one in (True, False)),
    *(Question("history_work", span, more=_CAMERA) for span in (_QUARTER, _YEAR)),
    Question("waits_by_week", 8 * _WEEK, one_office=False, more=(("provenances", list(store.REAL)),)),
)


def bench_queries(folder: Path, scale: Scale, repeat: int = 30, tick: Callable[[str], None] | None = None) -> Report:
    """Generate (or find) the data in ``folder``, and run each question ``repeat`` times for random offices.

    ``p95_ms`` is wall time of a client on this machine, rows fetched. Raises PostgresError, DbError.
    """
    say = tick or (lambda _: None)
    with opened(folder / scale.name, scale, say) as (conn, generated_s):
        say("measuring")
        offices = [f"bench-{i}" for i in range(1, scale.counters // 4 + 1)]
        draw, answers, slowest = random.Random(1), list[Report](), 0.0
        for question in QUESTIONS:
            times = sorted(_timed(conn, question, draw.choice(offices), offices) for _ in range(repeat + 1))
            p95_ms = round(times[int(0.95 * repeat)], 2)
            answers.append({"name": question.label, "p95_ms": p95_ms})
            slowest = max(slowest, p95_ms)
        sizes = _row(conn, "select pg_database_size(current_database())")
        return {
            "visits": _row(conn, "select count(*) from visit"),
            "rollup_rows": sum(_row(conn, f"select count(*) from {name}_stored") for name in rollups.names()),
            "counters": scale.counters,
            "database_bytes": sizes,
            "generated_s": generated_s,
            "repeat": repeat,
            "slowest_p95_ms": slowest,
            "queries": answers,
        }


@contextmanager
def opened(folder: Path, scale: Scale, say: Callable[[str], None]) -> Iterator[tuple[Connection, float | None]]:
    """A connection to the data, made where they are not there yet, and how long that took (None: they were there)."""
    done = folder / "done.json"
    server = postgres.start(folder)
    try:
        dsn = server.create("bench")
        generated_s = None
        if not done.exists():
            began = time.monotonic()
            with psycopg.connect(server.dsn, autocommit=True) as conn:
                conn.execute("drop database bench with (force)")
                conn.execute("alter system set max_wal_size = '8GB'")
                conn.execute("alter system set autovacuum = off")
                conn.execute("select pg_reload_conf()")
            dsn = server.create("bench")
            with db.connect(dsn) as conn:
                generate(conn, scale, say)
            generated_s = round(time.monotonic() - began, 1)
            done.write_text(json.dumps({"generated_s": generated_s}) + "\n")
        with db.connect(dsn) as conn:
            yield conn, generated_s
    finally:
        server.stop()


def generate(conn: Connection, scale: Scale, say: Callable[[str], None]) -> None:
    """Fill an empty database of plain PostgreSQL: raw visits with their rollups, and rollups of queues."""
    db.migrate(conn, DbSettings(dsn="postgresql://unused", keep_visits_days=None))
    for setting in ("synchronous_commit = off", "work_mem = '384MB'", "maintenance_work_mem = '512MB'", "jit = off"):
        conn.execute(f"set {setting}".encode())
    conn.execute("set session_replication_role = replica")  # no late rows while there are no rollups
    indexes = conn.execute(
        "select indexname, indexdef from pg_indexes where schemaname = 'public' and tablename ~ '_stored$'"
    ).fetchall()
    for name, _ in indexes:
        conn.execute(f"drop index {name}".encode())
    begin = store.span_of(store.day_of(NOW - timedelta(days=scale.days)))[0] + timedelta(hours=7)
    given = {"now": NOW, "begin": begin, "days": scale.days + 1, "counters": scale.counters}
    given["visits"] = scale.visits * (scale.days + 1) // scale.days  # the last day ends at noon
    for name, statement in _steps():
        say(name)
        conn.execute(statement.encode(), given)
    for name in _DIRECT:
        conn.execute("update rollup_state set watermark = %s where name = %s", [NOW - timedelta(hours=3), name])
    for level in rollups.LEVELS:
        say(level.name)
        conn.execute("select refresh_rollup(%s, %s)", [level.name, NOW - level.lag])
    for name, definition in indexes:
        say(name)
        conn.execute(definition.encode())
    conn.execute("set session_replication_role = origin")
    say("vacuum")
    conn.execute("vacuum analyze")


def _steps() -> list[tuple[str, str]]:
    parts = re.split(r"^-- step: (\w+)$", SETUP.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def plan(conn: Connection, question: Question, office: str) -> Mapping[str, Any]:
    """The plan as it ran."""
    row = conn.execute(
        b"explain (analyze, format json) " + store.query(question.query), question.parameters(office)
    ).fetchone()
    assert row is not None
    found: Mapping[str, Any] = row[0][0]["Plan"]
    return found


def _timed(conn: Connection, question: Question, office: str, every: Sequence[str]) -> float:
    given = question.parameters(office, every)
    began = time.perf_counter()
    conn.execute(store.query(question.query), given, prepare=False if question.paired else None).fetchall()
    return (time.perf_counter() - began) * 1000


def _row(conn: Connection, statement: str) -> int:
    row = conn.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0])

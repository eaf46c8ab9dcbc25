"""The questions' bench on a small scale, and the plans of what it asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from motcua.analytics import db, rollups
from motcua.onebox import bench_queries as bench

SCALE = bench.Scale(visits=10_000, counters=4, days=120)
QUERIES = db.MIGRATIONS.parent / "queries"


@pytest.fixture(scope="module")
def generated(pg_server: Any) -> Iterator[psycopg.Connection]:
    with db.connect(pg_server.create("bench_queries")) as conn:
        bench.generate(conn, SCALE, lambda _: None)
        yield conn
    with psycopg.connect(pg_server.dsn, autocommit=True) as conn:
        conn.execute("drop database bench_queries with (force)")


def test_the_generated_rollups_are_those_of_the_generated_visits(generated: psycopg.Connection) -> None:
    (visits,) = generated.execute("select count(*) from visit").fetchone() or (0,)
    assert SCALE.visits <= visits < 1.02 * SCALE.visits
    for level in ("visit_1h", "visit_1d"):
        assert generated.execute(f"select sum(n)::int from {level}".encode()).fetchone() == (visits,)
    minutes = generated.execute("select min(bucket), count(distinct source_id) from queue_1m").fetchone()
    assert minutes is not None
    assert bench.NOW - minutes[0] > timedelta(days=90)
    assert minutes[1] == SCALE.counters
    assert all(
        generated.execute(f"select exists (select from {n}_stored)".encode()).fetchone() == (True,) for n in rollups.names()
    )


@pytest.mark.parametrize("question", bench.QUESTIONS, ids=lambda q: q.label)
def test_a_question_runs_and_reads_no_settled_raw_row_for_more_than_a_day(
    generated: psycopg.Connection, question: bench.Question
) -> None:
    plan = bench.plan(generated, question, "bench-1")
    if question.span and question.span > timedelta(days=1):
        for table in ("visit", "queue_sample"):
            oldest = bench.NOW - timedelta(hours=3)
            (unsettled,) = generated.execute(
                f"select count(*) from {table} where at >= %s".encode(), [oldest]
            ).fetchone() or (0,)
            assert sum(read(node) for node in nodes(plan) if node.get("Relation Name") == table) <= unsettled


def read(node: Mapping[str, Any]) -> float:
    """Rows that a node looked at, those that it threw away included."""
    return float((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])


def nodes(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [plan, *(node for below in plan.get("Plans", []) for node in nodes(below))]


def test_every_query_of_visits_queues_and_rollups_is_asked() -> None:
    of_these = re.compile(r"(from|join) (visit|queue_sample|wait_1[hd]|flow_1h|(visit|queue)_1[mhd])\b")
    every = {path.stem for path in QUERIES.glob("*.sql") if of_these.search(path.read_text(encoding="utf-8"))}
    asked = {q.query for q in bench.QUESTIONS}
    assert len(every) > 8
    assert every - asked <= {"db_status", "demo_counts"}
    assert all((QUERIES / f"{name}.sql").exists() for name in asked)

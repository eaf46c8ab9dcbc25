"""Levels of rollups on both back ends: computed anew from raw rows, hierarchical, read without raw rows."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from builders import NOON, queue, visit

from motcua.analytics import db, inventory, retention, rollups, store
from motcua.analytics.settings import DbSettings
from motcua.analytics.writer import Delivery, write
from motcua.edge.messages import Message, dump, topic

SETTINGS = DbSettings(dsn="postgresql://unused")  # type: ignore[arg-type]
LATER = NOON + timedelta(days=5)
MONDAY = date(2026, 3, 2)


def store_all(conn: psycopg.Connection, messages: list[Message]) -> None:
    written = write(conn, [Delivery(topic(m.office_id, m.source_id, m.type), dump(m), NOON) for m in messages])
    assert not written.dead, store.dead_letters(conn)


def some_days() -> list[Message]:
    """Three days of visits and samples, the seconds of which do not add up exactly in every order."""
    messages: list[Message] = []
    for i in range(60):
        at = NOON - timedelta(days=i % 3, minutes=7 * i)
        start = at - timedelta(seconds=100.1 + i / 3)
        messages.append(
            visit(at=at, departure_at=at, service_start_at=start, arrival_at=start - timedelta(seconds=31.7 * i))
        )
        messages.append(
            queue(at=at, waiting=i % 7, measured_s=5.0, waiting_person_s=i / 3, queue_arrivals=1, queue_departures=1)
        )
    return messages


def levels(conn: psycopg.Connection) -> dict[str, list[Any]]:
    def plain(value: Any) -> Any:
        return round(float(value), 3) if hasattr(value, "as_tuple") or isinstance(value, float) else value

    return {
        name: sorted([tuple(map(plain, row)) for row in conn.execute(f"select * from {name}".encode()).fetchall()], key=str)
        for name in rollups.names()
    }


def corrupt(conn: psycopg.Connection) -> None:
    """Change, invent and lose stored rows of every level."""
    for name in rollups.names():
        place = f"{name}_stored"
        if db.back_end_of(conn) == "timescale":
            found = conn.execute(
                "select format('%%I.%%I', materialization_hypertable_schema, materialization_hypertable_name) "
                "from timescaledb_information.continuous_aggregates where view_name = %s",
                [name],
            ).fetchone()
            assert found
            place = found[0]
        conn.execute(f"insert into {place} select * from {place} where n = 1".encode())
        conn.execute(f"update {place} set n = n + 1000 where bucket < '2026-03-01 17:00+00'".encode())
        conn.execute(f"delete from {place} where bucket >= '2026-03-02'".encode())


def test_corrupted_rollups_are_equal_again_after_they_are_computed_anew(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)
        store_all(conn, some_days())
        rollups.refresh(conn, LATER)
        true = levels(conn)
        assert all(true.values())
        assert {r.changed for r in rollups.recompute(conn, date(2026, 2, 27), MONDAY, LATER)} == {0}
        assert levels(conn) == true
        corrupt(conn)
        assert all(levels(conn)[name] != true[name] for name in true)
        done = rollups.recompute(conn, date(2026, 2, 27), MONDAY, LATER)
        assert levels(conn) == true
        assert all(r.changed > 0 and r.rows == len(true[r.name]) for r in done)
        store_all(conn, [visit(at=NOON - timedelta(days=1), office_id="vl-2"), visit(at=NOON, office_id="vl-2")])
        rollups.refresh(conn, LATER)
        for name in ("visit_1h", "visit_1d", "office_1d"):
            late = [row for row in levels(conn)[name] if "vl-2" in row]
            assert len(late) == 2, "late rows still reach every level"


def test_a_span_of_the_future_is_refused(migrated: str) -> None:
    with db.connect(migrated) as conn, pytest.raises(db.DbError, match="no span of the past"):
        rollups.recompute(conn, date(2026, 3, 9), date(2026, 3, 2), LATER)


def test_the_hour_and_day_levels_hold_the_sums_of_the_level_below(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)
        store_all(conn, some_days())
        for at in (None, NOON - timedelta(days=1), LATER):
            if at:
                rollups.refresh(conn, at)
            for below, above in (
                ("queue_1m", "queue_1h"),
                ("queue_1h", "queue_1d"),
                ("visit_1h", "visit_1d"),
                ("visit_1d", "office_1d"),
            ):
                sums = [conn.execute(f"select sum(n)::int from {x}".encode()).fetchone() for x in (below, above)]
                assert sums == [(60,), (60,)]
        days = conn.execute("select bucket, sum(n)::int, max(waiting_max) from queue_1d group by 1 order by 1").fetchall()
        assert (
            days
            == conn.execute(
                "select date_trunc('day', at, 'Asia/Ho_Chi_Minh'), count(*)::int, max(waiting) from queue_sample group by 1 order by 1"
            ).fetchall()
        )


def test_the_inventory_names_every_level_with_size_and_lag(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)
        store_all(conn, some_days())
        rollups.refresh(conn, LATER)
        found = {row["name"]: row for row in inventory.relations(conn, LATER)}
        assert {"visit", "queue_sample", "audit", *rollups.names()} <= found.keys()
        assert all(found[name]["size_bytes"] > 0 for name in ("visit", *rollups.names()))
        assert 0 < found["visit_1h"]["lag_s"] <= 5 * 86400
        status = inventory.status(conn, LATER)
        assert status["visit_age_s"] == 5 * 86400
        assert {r["relation"]: r["keep_days"] for r in status["retention"]}["visit"] == 1095
        if status["back_end"] == "plain":
            store_all(conn, [visit(at=NOON - timedelta(days=2, seconds=9))])
            dirty = {row["name"]: row.get("dirty") for row in inventory.relations(conn, LATER)}
            assert (dirty["visit_1h"], dirty["visit_1d"], dirty["queue_1m"]) == (1, 1, 0)


def test_a_late_row_makes_its_bucket_of_every_level_dirty_until_it_is_stored(migrated: str) -> None:
    with db.connect(migrated) as conn:
        store_all(conn, some_days())
        rollups.refresh(conn, LATER)
        store_all(conn, [queue(at=NOON - timedelta(days=1), waiting=3), queue(at=LATER, waiting=1)])
        dirty = [name for (name,) in conn.execute("select name from rollup_dirty order by 1").fetchall()]
        assert dirty == ["flow_1h", "queue_1d", "queue_1h", "queue_1m"]
        assert rollups.refresh(conn, LATER) > 0
        assert conn.execute("select count(*) from rollup_dirty").fetchone() == (0,)


SPAN = (NOON - timedelta(days=7), NOON + timedelta(hours=1))
LONG_QUERIES = {
    "waits_by_hour": {"office_id": "vl-29734", "provenance": "camera"},
    "wait_bins": {"office_id": "vl-29734", "provenance": "camera"},
    "waits_by_arrival": {"office_id": "vl-29734", "provenance": "camera"},
    "flow_by_hour": {"office_id": "vl-29734", "provenance": "camera"},
    "provenances": {"office_id": "vl-29734"},
    "counters": {"office_id": "vl-29734"},
    "daily": {"office_id": "vl-29734"},
    "counts": {"office_id": None},
}


@pytest.mark.parametrize("name", LONG_QUERIES)
def test_no_question_about_more_than_a_day_reads_settled_raw_rows(migrated: str, name: str) -> None:
    """Only what is not stored yet may come from raw rows, and by an index on their instant, never by a scan."""
    with db.connect(migrated) as conn:
        store_all(conn, some_days())
        rollups.refresh(conn, NOON + timedelta(hours=2, minutes=1))
        conn.execute("set enable_seqscan = off")  # with so few rows a scan would be cheaper
        conn.execute("analyze")
        explained = conn.execute(
            b"explain (analyze, format json) " + store.query(name),
            {**LONG_QUERIES[name], "since": SPAN[0], "until": SPAN[1]},
        ).fetchone()
        assert explained
        raw = [node for node in nodes(explained[0][0]["Plan"]) if node.get("Relation Name") in ("visit", "queue_sample")]
        assert raw, "the real-time part stays in the plan"
        unsettled = sum(m.at >= NOON for m in some_days()) // 2
        for node in raw:
            assert re.search(r"\bat >=", node.get("Index Cond") or node.get("Recheck Cond") or ""), node["Node Type"]
            assert node["Actual Rows"] * node["Actual Loops"] <= unsettled


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for below in plan.get("Plans", []) for node in nodes(below))]


def test_no_rule_is_forgotten_when_settings_are_written(migrated: str) -> None:
    with db.connect(migrated) as conn:
        retention.keep(conn, SETTINGS)
        written = {relation for (relation,) in conn.execute("select relation from retention").fetchall()}
        assert written == {rule.table for rule in retention.RULES}

"""How long rows live: configured, deleted on both back ends, reported, and the rollups stay right."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from builders import NOON, health, queue, rating, visit

from motcua.analytics import db, inventory, retention, rollups
from motcua.analytics.retention import RULES
from motcua.analytics.settings import DbSettings
from motcua.analytics.writer import Delivery, write
from motcua.edge.messages import Message, dump, topic

SETTINGS = DbSettings(dsn="postgresql://unused")  # type: ignore[arg-type]
PAGE = (Path(__file__).parents[2] / "docs" / "retention.md").read_text(encoding="utf-8")
LONG_AGO = NOON - timedelta(days=1200)


def store_all(conn: psycopg.Connection, messages: list[Message]) -> None:
    write(conn, [Delivery(topic(m.office_id, m.source_id, m.type), dump(m), NOON) for m in messages])


def sums(conn: psycopg.Connection) -> dict[str, list[tuple[object, ...]]]:
    return {
        name: [
            (bucket, int(n))
            for bucket, n in conn.execute(f"select bucket, sum(n) from {name} group by 1 order by 1".encode()).fetchall()
        ]
        for name in rollups.names()
    }


def raw(conn: psycopg.Connection, table: str) -> int:
    row = conn.execute(f"select count(*) from {table}".encode()).fetchone()
    assert row
    return int(row[0])


def test_every_table_of_the_schema_is_named_in_the_documentation(migrated: str) -> None:
    with db.connect(migrated) as conn:
        tables = [
            name
            for (name,) in conn.execute(
                "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
            ).fetchall()
        ]
    assert len(tables) > 20
    assert [t for t in tables if not re.search(rf"^\|.*`{t.removesuffix('_stored')}`", PAGE, re.MULTILINE)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.table)
def test_a_rule_has_its_setting_with_the_documented_default(rule: retention.Rule) -> None:
    default = DbSettings.model_fields[rule.setting].default
    assert re.search(rf"^\|.*`{rule.table}`.*\| `{rule.setting}`, {default} \|", PAGE, re.MULTILINE)


def test_what_has_lived_long_enough_goes_and_the_rollups_stay_right(each_dsn: str) -> None:
    """Visits of 1200 days ago (kept 1095), samples of 200 (kept 90), health of 60 (kept 30); none of it stored in a rollup yet."""
    old = [
        *[visit(at=LONG_AGO + timedelta(minutes=i)) for i in range(5)],
        *[queue(at=NOON - timedelta(days=200, minutes=i)) for i in range(4)],
        health(at=NOON - timedelta(days=60)),
    ]
    young: list[Message] = [
        *[visit(at=NOON - timedelta(days=2, minutes=i)) for i in range(3)],
        *[queue(at=NOON - timedelta(days=2, minutes=i)) for i in range(2)],
        health(at=NOON - timedelta(days=2)),
        rating(at=NOON - timedelta(days=1000)),
    ]
    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)
        store_all(conn, old + young)
        conn.execute(
            "insert into rating_comment (rating_id, at, office_id, comment) values (gen_random_uuid(), %s, 'x', 'x'), "
            "(gen_random_uuid(), %s, 'x', 'x')",
            [NOON - timedelta(days=2000), NOON],
        )
        conn.execute(
            "insert into dead_letter (digest, topic, payload, reason, last_at) values ('a', 't', '', 'r', %s), ('b', 't', '', 'r', %s)",
            [NOON - timedelta(days=181), NOON - timedelta(days=179)],
        )
        for level in rollups.LEVELS:  # what TimescaleDB's own jobs have stored long since
            if db.back_end_of(conn) == "timescale":
                conn.execute(f"call refresh_continuous_aggregate('{level.name}', null, '2026-01-01')".encode())
        before = sums(conn)
        gone = {d.table: d.rows for d in retention.apply(conn, NOON)}
        assert gone == {"visit": 5, "queue_sample": 4, "health": 1, "rating_comment": 1, "dead_letter": 1}
        assert [raw(conn, t) for t in ("visit", "queue_sample", "health", "rating", "dead_letter")] == [3, 2, 1, 1, 1]
        assert sums(conn) == before
        told = conn.execute("select detail from audit where action = 'retention' and at = %s", [NOON]).fetchone()
        assert told
        assert {name: d["rows"] for name, d in told[0].items()} == gone
        shown = {r["relation"]: r["deleted"] for r in inventory.status(conn, NOON)["retention"]}
        assert (shown["visit"], shown["rating"]) == (5, 0)

        assert retention.apply(conn, NOON + timedelta(hours=1)) == [], "once a day"
        rollups.refresh(conn, NOON)
        assert sums(conn) == before, "a refresh does not lose what is final"


def test_a_row_that_comes_after_its_day_was_deleted_is_in_no_rollup_and_is_counted(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)
        store_all(conn, [visit(at=LONG_AGO), visit(at=NOON - timedelta(days=1))])
        if db.back_end_of(conn) == "timescale":
            for name in rollups.names("visit"):
                conn.execute(f"call refresh_continuous_aggregate('{name}', null, '2026-01-01')".encode())
        retention.apply(conn, NOON)
        before = sums(conn)
        store_all(conn, [visit(at=LONG_AGO + timedelta(minutes=1))])
        rollups.refresh(conn, NOON)
        assert sums(conn) == before
        gone = retention.apply(conn, NOON + timedelta(days=1))
        assert [(d.table, d.rows, d.too_late) for d in gone] == [("visit", 1, 1)]
        assert sums(conn) == before


def test_none_keeps_for_ever_and_a_dry_look_deletes_nothing(migrated: str) -> None:
    with db.connect(migrated) as conn:
        db.migrate(conn, SETTINGS.model_copy(update={"keep_visits_days": None}))
        store_all(conn, [visit(at=LONG_AGO), queue(at=LONG_AGO)])
        assert {rule.table for rule, _ in retention.due(conn, NOON)} == {r.table for r in RULES} - {"visit", "part_count"}
        assert raw(conn, "queue_sample") == 1
        assert [d.table for d in retention.apply(conn, NOON)] == ["queue_sample"]
        assert raw(conn, "visit") == 1


def test_two_housekeepers_do_not_meet(migrated: str) -> None:
    with db.connect(migrated) as conn, db.connect(migrated) as other:
        db.migrate(conn, SETTINGS)
        store_all(conn, [queue(at=LONG_AGO)])
        other.execute("select pg_advisory_lock(%s)", [retention._LOCK])
        assert retention.apply(conn, NOON) == []
        other.execute("select pg_advisory_unlock(%s)", [retention._LOCK])
        assert [d.rows for d in retention.apply(conn, NOON)] == [1]

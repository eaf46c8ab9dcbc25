"""Alerts in the database: what a feed leaves there; the history only grows. test_contract compares both back ends."""

from __future__ import annotations

import shutil
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from alert_feed import FIRST, HOOK, fill, play, send, waiting
from alert_feed import alert_day as a_day
from alert_feed import alert_rows as rows
from builders import NOON, health, queue, rating

from motcua.analytics import alert_notices, alert_store, db, facts, retention
from motcua.analytics.alert_look import Asked, look
from motcua.analytics.alert_rules import NoData, SatisfactionLow, Telling, WaitOver
from motcua.analytics.channels import Channel
from motcua.analytics.settings import DbSettings


def test_a_day_of_alerts(pg_dsn: str) -> None:
    fill(pg_dsn)
    with db.connect(pg_dsn) as conn:
        events, tables = a_day(conn), rows(conn)
        alerts, history = alert_store.alerts(conn), alert_store.history(conn, events[0].alert_id)
    assert [(e.key.office_id, e.event, e.again) for e in events] == [
        ("vl-1", "raised", False),
        ("vl-1", "cleared", False),
        ("vl-1", "raised", True),
        ("vl-2", "raised", False),
    ]
    assert all(tables.values())
    assert [(a["office_id"], a["times"], a["acknowledged_by"], a["assigned_to"]) for a in alerts] == [
        ("vl-2", 1, None, None),
        ("vl-1", 2, "chief", "local"),
    ]
    assert [h["event"] for h in history] == [
        "raised", "cleared", "raised", "acknowledged", "assigned", "commented", "notified",
    ]  # fmt: skip
    assert "geheim" not in str(tables)


@pytest.fixture
def conn(pg_dsn: str) -> Any:
    fill(pg_dsn)
    with db.connect(pg_dsn) as conn:
        yield conn


def test_history_cannot_be_changed_and_goes_only_with_an_old_alert(conn: psycopg.Connection) -> None:
    (event, *_) = a_day(conn)
    for statement in (
        "update alert_event set words = 'x'",
        "delete from alert_event",
        "truncate alert_event",
        "delete from alert",
        "update alert_setting set body = '{}'",
        "delete from alert_setting",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            conn.execute(statement.encode())
    retention.keep(conn, DbSettings(dsn="postgresql://unused", keep_alerts_days=40))  # type: ignore[arg-type]
    conn.execute("update alert set cleared_at = %s, cleared_because = 'good' where alert_id = %s", [NOON, event.alert_id])
    gone = {d.table: d.rows for d in retention.apply(conn, NOON + timedelta(days=42))}
    assert (gone["alert"], gone["alert_notice"]) == (1, 4)
    assert alert_store.history(conn, event.alert_id) == []
    assert [a["office_id"] for a in alert_store.alerts(conn)] == ["vl-2"], "what stands is never deleted"


def test_messages_hold_what_stands_and_no_more_than_k_an_hour(conn: psycopg.Connection) -> None:
    alert_store.add_setting(conn, "*", FIRST, WaitOver(raise_for_s=10, clear_for_s=60), "chief")
    alert_store.add_setting(conn, "*", FIRST, Telling(per_hour=3, quiet=()), "chief")
    alert_notices.know(conn, [HOOK])
    feed = ([("vl-1", 30.0)] * 3 + [("vl-1", 2.0)] * 8) * 12
    events = play(conn, feed, [HOOK])
    assert len(events) == 24
    notices = conn.execute("select at, alerts from alert_notice order by at").fetchall()
    assert len(notices) == 3, "22 minutes"
    assert len(alert_store.alerts(conn)) == 1, "what comes back is the same alert"
    assert [n[1][0]["said"] for n in notices[:3]] == ["raised", "cleared", "raised"]


def test_an_alert_that_no_channel_takes_stays_on_the_page(conn: psycopg.Connection) -> None:
    elsewhere = Channel.model_validate({"name": "far", "address": "json://x", "offices": ["vl-2"]})
    other = Channel.model_validate({"name": "blind", "address": "json://x", "kinds": ["camera_blind"]})
    alert_store.add_setting(conn, "*", FIRST, WaitOver(raise_for_s=0), "chief")
    assert len(play(conn, [("vl-1", 30.0)] * 2, [elsewhere, other])) == 1
    assert rows(conn)["alert_notice"] == []
    unit = Channel.model_validate({"name": "unit", "address": "json://x", "offices": ["vl-86"]})
    play(conn, [("vl-1", 30.0)], [elsewhere, other, unit], begin=NOON + timedelta(minutes=1))
    assert [r[1] for r in rows(conn)["alert_delivery"]] == ["unit"], "the unit above it is told"


def test_simulated_figures_leave_the_page_only_where_asked_for(conn: psycopg.Connection) -> None:
    alert_store.add_setting(conn, "*", FIRST, WaitOver(raise_for_s=0), "chief")
    asking = Channel.model_validate({"name": "tests", "address": "json://x", "not_real": True})
    send(conn, waiting("vl-1", 30.0, NOON, provenance="simulated"))
    look(conn, NOON, 30.0, [HOOK, asking], Asked())
    assert [r[1] for r in rows(conn)["alert_delivery"]] == ["tests"]
    assert alert_store.alerts(conn)[0]["provenance"] == "simulated"


def test_closed_hours_and_holidays_raise_nothing(conn: psycopg.Connection) -> None:
    alert_store.add_setting(conn, "*", FIRST, WaitOver(raise_for_s=0, clear_for_s=60), "chief")
    facts.import_hours(
        conn, [{"office_id": "vl-1", "weekday": d, "opens": time(7), "closes": time(12, 1), "source": None} for d in (1, 2)]
    )
    facts.import_holidays(conn, [{"office_id": "*", "day": date(2026, 3, 3), "name": "Lễ", "opens": None, "closes": None}])
    assert play(conn, [("vl-1", 30.0)] * 3, [], begin=NOON + timedelta(hours=2)) == []
    assert play(conn, [("vl-1", 30.0)] * 3, [], begin=NOON + timedelta(days=1)) == []
    events = play(conn, [("vl-1", 30.0)] * 20, [], begin=NOON)
    assert [(e.event, e.reason) for e in events] == [("raised", None), ("cleared", "closed")]


def test_cameras_boxes_counters_and_answers(conn: psycopg.Connection) -> None:
    """One look at each kind of trouble."""
    for setting in (NoData(raise_for_s=0), SatisfactionLow(days=30)):
        alert_store.add_setting(conn, "*", FIRST, setting, "chief")
    now = NOON
    counters = [{"counter_id": "q1", "in_service": 1, "open": True}, {"counter_id": "q2", "in_service": 0, "open": False}]
    seen = []
    for i in range(40):
        now = NOON + timedelta(seconds=10 * i)
        send(
            conn,
            queue(office_id="vl-1", at=now, state="blind", waiting=None, blind="covered", source_id="cam-1"),
            health(office_id="vl-2", source_id="cam-3", at=now),
            queue(office_id="vl-2", at=now, waiting=9, counters=counters, source_id="cam-2"),
        )
        if i == 0:
            kiosk = [rating(office_id="vl-2", source_id="k", score=1 + 4 * (n % 2), at=now) for n in range(60)]
            send(conn, *kiosk, *[rating(office_id="vl-1", source_id="k", score=1, at=now) for _ in range(10)])
        conn.execute(
            "update source set last_seen_at = %s - case source_id when 'cam-3' then interval '5 min' else interval '1 s' end",
            [now],
        )
        seen += look(conn, now, 30.0, [], Asked())
    found = {(e.key.office_id, e.key.kind, e.key.subject): dict(e.facts) for e in seen}
    assert set(found) == {
        ("vl-1", "camera_blind", "cam-1"),
        ("vl-2", "no_data", "cam-3"),
        ("vl-2", "counter_closed", ""),
        ("vl-2", "satisfaction_low", ""),
    }
    assert found["vl-1", "camera_blind", "cam-1"] == {"blind": "covered"}
    assert found["vl-2", "counter_closed", ""] == {"waiting": 9, "counters": ["q2"]}
    assert found["vl-2", "satisfaction_low", ""]["n"] == 60
    assert all(e.event == "raised" for e in seen)


def test_a_migration_may_come_after_a_later_one(pg_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(db.MIGRATIONS, folder, ignore=shutil.ignore_patterns("0014_*"))
    (folder / "0099_core.sql").write_text("create table later (id int);")
    monkeypatch.setattr(db, "MIGRATIONS", folder)
    with db.connect(pg_dsn) as conn:
        db.migrate(conn)
        shutil.copy(Path(db.__file__).parent / "sql" / "migrations" / "0014_core.sql", folder)
        assert [m.number for m in db.migrate(conn)] == [14]
        assert alert_store.counts(conn) == {"standing": 0, "unacknowledged": 0}


def test_nobody_acts_on_what_is_not_there(conn: psycopg.Connection) -> None:
    nowhere = UUID(int=7)
    assert not alert_store.acknowledge(conn, nowhere, "chief", NOON)
    assert not alert_store.assign(conn, nowhere, "chief", "local", NOON)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        alert_store.comment(conn, nowhere, "chief", "?", NOON)


def test_what_reached_nobody_is_told_again_as_it_stands(conn: psycopg.Connection) -> None:
    other = Channel.model_validate({"name": "other", "address": "json://x"})
    alert_store.add_setting(conn, "*", FIRST, WaitOver(raise_for_s=0, clear_for_s=60), "chief")
    alert_notices.know(conn, [HOOK, other])
    play(conn, [("vl-1", 30.0), ("vl-2", 30.0)], [HOOK, other])
    hour = timedelta(hours=1)
    first, _ = alert_notices.waiting(conn, NOON, hour)["other"]
    alert_notices.sent(conn, "other", [first], NOON, 0)
    later = NOON + hour + timedelta(minutes=1)
    assert alert_notices.waiting(conn, later, hour) == {}
    assert {a["office_id"]: a["told"] for a in alert_store.alerts(conn)} == {"vl-1": "raised", "vl-2": "none"}
    play(conn, [("vl-2", 31.0)], [HOOK, other], begin=later)
    again = alert_notices.waiting(conn, later, hour)
    assert {name: [n["office_id"] for n in rows] for name, rows in again.items()} == {"hook": ["vl-2"], "other": ["vl-2"]}
    alert_notices.know(conn, [])
    assert [a["told"] for a in alert_store.alerts(conn, ["vl-2"])] == ["none"]


def test_what_is_raised_again_wants_to_be_acknowledged_again(conn: psycopg.Connection) -> None:
    alert_store.add_setting(conn, "*", FIRST, WaitOver(raise_for_s=0, clear_for_s=60), "chief")
    (event,) = play(conn, [("vl-1", 30.0)], [])
    assert alert_store.acknowledge(conn, event.alert_id, "chief", NOON)
    play(conn, [("vl-1", 3.0)] * 8 + [("vl-1", 30.0)], [], begin=NOON + timedelta(seconds=10))
    assert [(a["times"], a["acknowledged_by"]) for a in alert_store.alerts(conn)] == [(2, None)]

"""One suite on both back ends: the same messages in, the same rows out, from every relation and query."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alert_feed import OFFICES, alert_day, alert_rows
from builders import NOON, counts, health, officer_expression, queue, rating, sentiment, ticket, visit
from sentiment_rows import refused

from motcua.analytics import alert_store, attitude_store, db, inventory, officer_modes, rating_store, rollups, store
from motcua.analytics.api import accounts
from motcua.analytics.roster import Shift
from motcua.analytics.settings import DbSettings
from motcua.analytics.writer import Delivery, write
from motcua.edge.messages import Message, Offline, dump, topic

REFRESHED = datetime(2026, 3, 20, tzinfo=UTC)
DAY = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)  # midnight in Viet Nam
SETTINGS = DbSettings(dsn="postgresql://unused")  # type: ignore[arg-type]


def delivered(messages: Iterable[Message]) -> list[Delivery]:
    return [Delivery(topic(m.office_id, m.source_id, m.type), dump(m), NOON) for m in messages]


def a_day() -> list[Message]:
    """Visits around every edge of a day and an hour, late ones last, of two offices, outcomes and provenances."""
    waits: dict[str, Any] = {"stitched_s": 2.5}
    messages: list[Message] = [
        visit(at=DAY - timedelta(seconds=1), counter_id="q1"),  # 23:59:59 of the day before
        visit(at=DAY, counter_id="q1"),
        visit(at=datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC), counter_id="q2"),  # 06:59:59
        visit(at=datetime(2026, 3, 2, 0, 0, tzinfo=UTC), counter_id="q2", **waits),  # 07:00
        visit(at=DAY + timedelta(days=1) - timedelta(seconds=1)),
        visit(at=DAY + timedelta(days=1)),
        visit(at=NOON, outcome="reneged", service_start_at=None, counter_id=None),
        visit(at=NOON, outcome="lost", service_start_at=None, counter_id=None),
        visit(at=NOON, outcome="lost"),
        visit(at=NOON, provenance="simulated", source_id="sim"),
        visit(at=NOON, office_id="vl-2", lane="priority"),
        visit(at=NOON, arrival_at=NOON - timedelta(hours=3), service_start_at=NOON - timedelta(minutes=1)),
    ]
    sums: dict[str, Any] = {"measured_s": 5.0, "waiting_person_s": 21.5, "queue_arrivals": 2, "queue_departures": 1}
    messages += [queue(at=NOON + timedelta(seconds=5 * i), waiting=i, **sums, waited_min={0: i}) for i in range(30)]
    messages += [
        queue(at=NOON + timedelta(minutes=9), state="blind", waiting=None),
        *(
            counts(at=NOON + timedelta(minutes=m), joined={"priority": m % 2, "ordinary": 2}, left={"ordinary": m % 3})
            for m in range(5)
        ),
        counts(
            at=NOON,
            part="services",
            source_id="cam-2",
            started=[
                {"counter_id": "q1", "lane": "priority", "started": 1},
                {"counter_id": "q2", "started": 2, "finished": 1, "service_s": 300.5},
            ],
        ),
        counts(office_id="vl-2", at=DAY + timedelta(minutes=1), left=None),
        sentiment(),
        rating(served_at=NOON - timedelta(minutes=3), reason="waiting", counter_id="q1"),
        rating(counter_id="q1", score=1),
        rating(counter_id="q1", score=5, at=NOON + timedelta(hours=1), provenance="camera", channel="qr"),
        rating(counter_id=None, score=3),
        ticket(),
        ticket(event="started", counter_id="q2", lane="priority"),
        health(officer_faces="off", sentiment_on=False),
    ]
    return messages


def relations(conn: psycopg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that the queries see, in an order and with types that do not depend on the back end."""
    answer = {}
    for name in ("visit_1h", "visit_1d", "queue_1m", "queue_1h", "queue_1d", "wait_1h", "wait_1d", "flow_1h", "office_1d"):
        rows = conn.execute(f"select * from {name}".encode()).fetchall()
        plain = [tuple(float(v) if hasattr(v, "as_tuple") else v for v in row) for row in rows]
        answer[name] = sorted((tuple(round(v, 6) if isinstance(v, float) else v for v in row) for row in plain), key=str)
    return answer


def questions(conn: psycopg.Connection) -> dict[str, object]:
    since, until = store.span_of(date(2026, 3, 2))
    office = "vl-29734"
    drop = {"committed_at", "last_seen_at", "first_at", "last_at", "updated_at"}
    in_pairs = {"office_id": office, "provenance": "camera", "office_ids": [office], "provenances": ["camera"]}
    in_pairs |= {"since": since, "until": until}

    def clean(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{k: float(v) if hasattr(v, "as_tuple") else v for k, v in row.items() if k not in drop} for row in rows]

    return {
        "queue_now": clean(store.queue_now(conn)),
        "counts": clean(store.counts(conn, since, until)),
        "waits_by_hour": clean(store.waits_by_hour(conn, office, "camera", since, until)),
        "wait_bins": clean(store.wait_bins(conn, office, "camera", since, until)),
        "waits_by_arrival": clean(store.waits_by_arrival(conn, office, "camera", since, until)),
        "flow_by_hour": clean(store.flow_by_hour(conn, office, "camera", since, until)),
        "part_counts": clean(store.part_counts(conn, office, "camera", since, until)),
        "part_totals": clean(store.part_totals(conn, since, until)),
        "part_counters": clean(store.part_counters(conn, office, since, until)),
        "ticket_lanes": clean(store.ticket_lanes(conn, office, "camera", since, until)),
        "provenances": clean(store.provenances(conn, office, since, until)),
        "queue_trend": clean(store.queue_trend(conn, since, until)),
        "counter_hours": clean(store.counter_hours(conn, office, since, until)),
        "part_counter_hours": clean(store.part_counter_hours(conn, office, since, until)),
        "counters": clean(store.counters(conn, office, since, until)),
        "daily": clean(store.daily(conn, office, since, until)),
        "sources": clean(store.sources(conn)),
        "sentiment_day": clean(store.sentiment_day(conn, office, date(2026, 3, 2))),
        "dead_letters": clean(store.dead_letters(conn)),
        **{
            name: clean(store.rows(conn, name, **more, **in_pairs))
            for name, more in (
                ("history_offices", {}),
                ("history_steps", {"step": "week"}),
                ("history_bins", {}),
                ("history_below", {"median_bin": 4, "p90_bin": 9}),
                ("history_heat", {}),
                ("history_hours", {}),
                ("history_work", {}),
            )
        },
        "targets": clean(store.rows(conn, "targets")),
        "rating_days": clean(rating_store.days(conn, [office], since, until)),
        "rating_reasons": clean(rating_store.reasons(conn, [office], since, until, 4)),
        "rating_officers": clean(rating_store.officers(conn, [office], since, until)),
        "rating_answers": clean(rating_store.answers(conn, office, since, until)),
        "served_by_hour": clean(rating_store.served(conn, [office], since, until)),
        "departures": clean(rating_store.departures(conn, office, since, until)),
        "sentiment_days": clean(rating_store.sentiment(conn, [office], since, until)),
        "attitude_cells": attitude_store.cells(conn, [office], since, until, ["kiosk", "camera"]),
        "provenances_of": attitude_store.provenances_of(conn, [office], since, until),
        "officers": clean(attitude_store.officers(conn, [office])),
        "shifts": clean(attitude_store.shifts(conn, [office], since, until)),
        "has_roster": sorted(rating_store.offices_with_roster(conn, [office], since, until)),
        "qr_days": clean(store.rows(conn, "qr_days", office_id=office, since=since)),
        "rating_comments": clean(store.rows(conn, "rating_comments", office_id=office)),
        "officer_expression": clean(officer_modes.expression(conn, [office], since, until)),
        "officer_boxes": clean(officer_modes.boxes(conn, [office])),
    }


UNDER_A_MODE = [
    officer_expression(period_start=h, period_end=h + timedelta(hours=1), at=h + timedelta(hours=1), mode=mode)
    for h, mode in (
        (NOON - timedelta(hours=2), "evidence"), (NOON - timedelta(hours=1), "evidence"), (NOON, "evidence"), (NOON, "self"),
    )
]  # fmt: skip


def roster(conn: psycopg.Connection) -> None:
    """Two officers at one counter, the second from two minutes before noon on; a comment; and sums under a mode."""
    office, begin = "vl-29734", NOON - timedelta(hours=4)
    store.import_offices(conn, [{"office_id": office, "name": "Xã", "level": "commune"}])
    change = NOON - timedelta(minutes=2)
    attitude_store.add_shifts(
        conn,
        "test",
        [
            Shift("lan", "Lan", office, "q1", begin, change),
            Shift("hoa", "Hoà", office, "q1", change, change + timedelta(hours=4)),
        ],
    )
    (written,) = conn.execute("select id, at from rating where channel = 'qr'").fetchall()
    conn.execute(
        "insert into rating_comment (rating_id, at, office_id, comment) values (%s, %s, %s, 'Tốt')", [*written, office]
    )
    for name, role in (("hr1", "hr"), ("boss", "admin")):
        accounts.add(conn, name, role, "correct horse battery")
    key = officer_modes.ask(conn, office, "evidence", "Quyết định số 1", "hr1")
    officer_modes.confirm(conn, officer_modes.open_changes(conn, change_id=key)[0], "boss")
    conn.execute("alter table officer_mode disable trigger user")
    conn.execute("update officer_mode set valid_from = '2025-01-01'")
    assert write(conn, delivered(UNDER_A_MODE)).stored == 3


def fill(dsn: str, messages: list[Message]) -> dict[str, Any]:
    """Migrate, write a day in two parts with a refresh between them (so that the second part is late), ask everything."""
    with db.connect(dsn) as conn:
        db.migrate(conn, SETTINGS)
        assert db.migrate(conn, SETTINGS) == []
        write(conn, delivered(messages[::2]))
        rollups.refresh(conn, REFRESHED)
        early = relations(conn)
        write(conn, delivered(messages[1::2]))
        write(conn, delivered(messages))  # everything once more: nothing changes
        rollups.refresh(conn, REFRESHED)
        late = relations(conn)
        roster(conn)
        status = inventory.status(conn, NOON)
        return {"early": early, "late": late, "questions": questions(conn), "status": status}


def test_both_back_ends_hold_the_same_rows(pg_dsn: str, timescale_dsn: str) -> None:
    messages = a_day()
    plain, timescale = fill(pg_dsn, messages), fill(timescale_dsn, messages)
    assert (plain["status"]["back_end"], timescale["status"]["back_end"]) == ("plain", "timescale")
    assert len(timescale["status"]["jobs"]) >= 8
    for part in ("early", "late"):
        for relation, rows in plain[part].items():
            assert rows, relation
            assert rows == timescale[part][relation], (part, relation)
    for name, rows in plain["questions"].items():
        assert rows or name == "dead_letters", name
        assert rows == timescale["questions"][name], name
    cells, unassigned = plain["questions"]["attitude_cells"]
    assert [(c.officer_id, c.n, c.total) for c in cells] == [("hoa", 1, 5.0), ("lan", 1, 4.0)]
    assert unassigned == 1, "two officers could be meant"
    assert [r["officer_id"] for r in plain["questions"]["officer_expression"]] == ["lan", None, "hoa"]
    alerts = []
    for dsn in (pg_dsn, timescale_dsn):
        with db.connect(dsn) as conn:
            store.import_offices(conn, OFFICES)
            alerts.append((alert_day(conn), alert_rows(conn), alert_store.alerts(conn)))
            assert all(refused(conn, change) for change in ({"n": 4}, {"at": NOON + timedelta(seconds=1)}, {"change_n": 4}))
    assert all(alerts[0][1].values())
    assert alerts[0] == alerts[1]


def test_days_are_viet_nams_days(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)
        write(conn, delivered(m for m in a_day() if m.type == "visit" and m.outcome == "served"))
        days = conn.execute(
            "select bucket, sum(n)::int from visit_1d where office_id = 'vl-29734' and provenance = 'camera' "
            "group by 1 order by 1"
        ).fetchall()
        assert days == [(DAY - timedelta(days=1), 1), (DAY, 5), (DAY + timedelta(days=1), 1)]
        since, until = store.span_of(date(2026, 3, 2))
        assert (since, until) == (DAY, DAY + timedelta(days=1))
        (row,) = [r for r in store.counts(conn, since, until) if (r["office_id"], r["provenance"]) == ("vl-29734", "camera")]
        assert row["served"] == 5
        assert store.day_of(datetime(2026, 3, 1, 16, 59, 59, tzinfo=UTC)) == date(2026, 3, 1)
        assert store.day_of(datetime(2026, 3, 1, 17, 0, tzinfo=UTC)) == date(2026, 3, 2)


def test_the_same_message_twice_is_stored_once_and_both_times_confirmed(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)
        message = visit(seq=7, epoch=3)
        for _ in range(2):
            written = write(conn, delivered([message, message]))
            assert [(s, c.epoch, c.ranges) for s, c in written.confirmations()] == [(("vl-29734", "cam-1"), 3, ((7, 7),))]
        assert conn.execute("select count(*) from visit").fetchone() == (1,)


def test_gaps_in_the_sequence_are_counted(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)
        write(conn, delivered(visit(seq=n, epoch=1) for n in (1, 2, 5, 9)))
        (source,) = store.sources(conn)
        assert (source["gaps"], source["missing"]) == (2, 5)
        write(conn, delivered(visit(seq=n, epoch=1) for n in (3, 4, 6, 7, 8)))
        (source,) = store.sources(conn)
        assert (source["gaps"], source["missing"]) == (0, 0)


def test_a_row_that_the_database_refuses_does_not_take_the_batch_along(each_dsn: str) -> None:
    poison = health(detail="a\0b", seq=2, epoch=9)
    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)
        good = [visit(seq=1, epoch=9), poison, visit(seq=3, epoch=9)]
        written = write(conn, delivered(good))
        assert written.dead == 1
        (confirmed,) = [c.ranges for _, c in written.confirmations()]
        assert confirmed == ((1, 3),)
        assert conn.execute("select count(*) from visit").fetchone() == (2,)
        (letter,) = store.dead_letters(conn)
        assert "the database refused it" in letter["reason"]


def test_a_will_counts_for_the_newest_epoch_only(each_dsn: str) -> None:
    def status_after(will_epoch: int) -> str:
        write(
            conn, [Delivery("motcua/v1/vl-29734/cam-1/health", Offline(epoch=will_epoch).model_dump_json().encode(), NOON)]
        )
        return str(store.sources(conn)[0]["status"])

    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)
        write(conn, delivered([health(epoch=5, seq=1, at=NOON - timedelta(minutes=1))]))
        assert status_after(4) == "online"
        assert status_after(5) == "offline"
        write(conn, delivered([health(epoch=5, seq=2, at=NOON - timedelta(seconds=30))]))
        assert store.sources(conn)[0]["status"] == "offline", "older news does not bring it back"
        write(conn, delivered([health(epoch=5, seq=3, at=NOON + timedelta(seconds=1))]))
        assert store.sources(conn)[0]["status"] == "online"


def test_a_clock_that_went_back_hides_nothing_new_and_what_comes_late_hides_nothing_newer(each_dsn: str) -> None:
    """A new epoch is newer, whatever the instants say; the backlog of the old one comes after it."""
    hour = timedelta(hours=1)
    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)

        def told() -> tuple[object, ...]:
            (now,), (source,) = store.queue_now(conn), store.sources(conn)
            return now["sample"]["waiting"], source["last_at"], source["status"]

        write(conn, delivered([queue(epoch=5, seq=1, waiting=5), health(epoch=5, seq=2, status="degraded")]))
        assert told() == (5, NOON, "degraded")
        write(conn, delivered([queue(epoch=6, seq=1, at=NOON - hour, waiting=6), health(epoch=6, seq=2, at=NOON - hour)]))
        assert told() == (6, NOON - hour, "online")
        late = [queue(epoch=5, seq=3, at=NOON + hour, waiting=7), health(epoch=5, seq=4, at=NOON + hour, status="stopping")]
        write(conn, delivered(late))
        assert told() == (6, NOON - hour, "online")
        write(conn, delivered([queue(epoch=6, seq=3, at=NOON - 2 * hour, waiting=8)]))
        assert told() == (6, NOON - hour, "online")


def test_what_sources_gave_up_is_shown(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)
        assert inventory.status(conn, NOON)["dropped"] == {}
        write(
            conn,
            delivered([health(epoch=1, seq=4, dropped={"queue": 7, "visit": 1}), health(epoch=1, seq=9, source_id="b")]),
        )
        write(conn, delivered([health(epoch=1, seq=1, source_id="c", dropped={"queue": 2})]))
        assert [s["dropped"] for s in store.sources(conn)] == [0, 2, 8]
        status = inventory.status(conn, NOON)
        assert (status["dropped"], status["gaps"], status["missing"]) == ({"queue": 9, "visit": 1}, 2, 11)


def test_the_policies_are_taken_and_setting_them_again_changes_nothing(timescale_dsn: str) -> None:
    with db.connect(timescale_dsn) as conn:
        db.migrate(conn, SETTINGS)
        jobs = {job["proc_name"] for job in inventory.status(conn, NOON)["jobs"]}
        count = len(inventory.status(conn, NOON)["jobs"])
        db.migrate(conn, SETTINGS)
        assert len(inventory.status(conn, NOON)["jobs"]) == count
        assert {"policy_refresh_continuous_aggregate", "policy_compression", "policy_retention"} <= jobs


def test_an_older_database_keeps_its_past_when_it_is_migrated(
    each_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Visits of long before the jobs' window are in the new rollups, and new messages join them."""
    released = db.MIGRATIONS
    (tmp_path / "first").mkdir()
    for path in released.glob("0001_*"):
        shutil.copy(path, tmp_path / "first")
    long_ago = NOON - timedelta(days=300)
    with db.connect(each_dsn) as conn:
        with monkeypatch.context() as older:
            older.setattr(db, "MIGRATIONS", tmp_path / "first")
            assert len(db.migrate(conn)) == 2
        conn.execute(
            "insert into visit (id, at, office_id, source_id, counter_id, lane, arrival_at, service_start_at, departure_at, outcome, "
            "waiting_s, service_s, sojourn_s, stitched_s, provenance, epoch, seq) values (gen_random_uuid(), %(at)s, 'vl-29734', "
            "'cam-1', 'q1', 'ordinary', %(at)s::timestamptz - interval '10 min', %(at)s, %(at)s, 'served', 600, 0, 600, 0, "
            "'camera', 1, 1)",
            {"at": long_ago},
        )
        assert db.migrate(conn, SETTINGS) == [m for m in db.migrations(db.back_end_of(conn)) if m.number > 1]
        write(conn, delivered([visit(), queue(measured_s=5.0, waiting_person_s=9.0, queue_arrivals=1, queue_departures=0)]))
        if db.back_end_of(conn) == "timescale":
            conn.execute(
                "call refresh_continuous_aggregate('wait_1h', now() - interval '7 days', now() - interval '1 hour')"
            )
        for at in (long_ago, NOON):
            (row,) = store.waits_by_arrival(conn, "vl-29734", "camera", at - timedelta(hours=1), at + timedelta(hours=1))
            assert row["served_n"] == 1
        (flow,) = store.flow_by_hour(conn, "vl-29734", "camera", NOON, NOON + timedelta(hours=1))
        assert (flow["measured_s"], flow["waiting_person_s"], flow["arrivals"], flow["departures"]) == (5, 9, 1, 0)


def test_a_span_of_counts_is_told_by_lane_counter_and_door(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)
        write(conn, delivered(m for m in a_day() if m.type in ("counts", "ticket")))
        since, until = store.span_of(date(2026, 3, 2))
        (other, mine) = store.part_totals(conn, since, until)
        assert (mine["office_id"], mine["joined"], mine["left_unserved"], mine["started"]) == ("vl-29734", 12, 4, 3)
        assert (other["office_id"], other["joined"], other["left_unserved"]) == ("vl-2", 2, None), (
            "no door, so nothing is known"
        )
        assert [(r["counter_id"], r["served"]) for r in store.part_counters(conn, "vl-29734", since, until)] == [
            ("q1", 1),
            ("q2", 2),
        ]
        assert {r["event"] for r in store.ticket_lanes(conn, "vl-29734", "camera", since, until)} == {"issued", "started"}
        assert store.ticket_lanes(conn, "vl-29734", "simulated", since, until) == []

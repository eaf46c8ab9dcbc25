"""Hours, holidays, procedures and reports: stored, replaced and answered alike on both back ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from builders import visit

from motcua.analytics import db, facts, opening
from motcua.analytics.settings import DbSettings
from motcua.analytics.writer import Delivery, write
from motcua.edge.messages import dump, topic

MONDAY_8 = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 08:00 in Viet Nam
OFFICE = "vl-29734"
WEEK = [
    {"office_id": OFFICE, "weekday": day, "opens": opens, "closes": closes, "source": None}
    for day in range(1, 6)
    for opens, closes in ((time(7, 30), time(11, 30)), (time(13, 30), time(17, 0)))
]


def test_facts_are_stored_replaced_and_answered(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn, DbSettings(dsn="postgresql://unused"))  # type: ignore[arg-type]
        assert facts.import_hours(conn, WEEK) == 10
        facts.import_hours(conn, [WEEK[0] | {"office_id": "vl-2"}])
        assert len(facts.opening_hours(conn)) == 11, "another office's hours stay"
        facts.import_hours(conn, WEEK[:1])
        assert [row["weekday"] for row in facts.opening_hours(conn, OFFICE)] == [1], "an import replaces"

        tet = {"office_id": "*", "day": date(2026, 2, 17), "name": "Tết", "opens": None, "closes": None}
        facts.import_holidays(
            conn, [tet, tet | {"office_id": OFFICE, "name": "Tết, trực", "opens": time(8), "closes": time(9)}]
        )
        assert [h["name"] for h in facts.holidays(conn, date(2026, 2, 17), date(2026, 2, 18))] == ["Tết", "Tết, trực"]
        assert facts.holidays(conn, date(2026, 2, 18), date(2026, 3, 1)) == []

        access = {"office_id": OFFICE, "wheelchair": True, "priority_lane": None, "appointment_lane": False}
        facts.import_access(conn, [access | {"appointment_link": None, "source": "tỉnh"}])
        assert [(a["wheelchair"], a["priority_lane"], a["appointment_lane"]) for a in facts.access(conn)] == [
            (True, None, False)
        ]

        birth = {"procedure_id": "1.001", "name": "Đăng ký khai sinh", "field": "Hộ tịch", "link": None, "source": None}
        facts.import_procedures(conn, [(birth, [OFFICE, "vl-2"]), (birth | {"procedure_id": "1.002"}, [])])
        facts.import_procedures(conn, [(birth, ["vl-2"])])
        assert [(p["procedure_id"], p["offices"]) for p in facts.procedures(conn)] == [("1.001", ["vl-2"]), ("1.002", None)]


def test_a_report_is_kept_once_and_up_to_the_days_limit(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn, DbSettings(dsn="postgresql://unused"))  # type: ignore[arg-type]
        assert facts.add_report(conn, OFFICE, "phone", "Số này không gọi được", 3)
        assert not facts.add_report(conn, OFFICE, "phone", "Số này không gọi được", 3), "the same words wait already"
        assert facts.add_report(conn, "vl-2", "phone", "'; drop table data_report; --", 3)
        (newest, first) = facts.reports(conn)
        assert newest["message"] == "'; drop table data_report; --"
        assert [r["office_id"] for r in facts.reports(conn, offices={OFFICE})] == [OFFICE]
        assert not facts.report_done(conn, first["report_id"], "chief", {"vl-2"}), "not theirs"
        assert facts.report_done(conn, first["report_id"], "chief", {OFFICE})
        assert not facts.report_done(conn, first["report_id"], "chief")
        assert [r["office_id"] for r in facts.reports(conn)] == ["vl-2"]
        assert [r["done_by"] for r in facts.reports(conn, done=True)] == [None, "chief"]
        assert facts.add_report(conn, OFFICE, "phone", "Số này không gọi được", 3), "once dealt with, it may be told again"
        assert not facts.add_report(conn, OFFICE, "other", "còn nữa", 3), "the day is full"


def test_waits_by_week_go_by_viet_nams_hours_and_leave_simulated_ones_out(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn, DbSettings(dsn="postgresql://unused"))  # type: ignore[arg-type]
        messages = [
            visit(
                at=MONDAY_8 + timedelta(weeks=w, minutes=20),
                arrival_at=MONDAY_8 + timedelta(weeks=w, minutes=1),
                service_start_at=MONDAY_8 + timedelta(weeks=w, minutes=11),
                provenance=p,
            )
            for w in range(3)
            for p in ("camera", "simulated")
        ]
        write(conn, [Delivery(topic(m.office_id, m.source_id, m.type), dump(m), MONDAY_8) for m in messages])
        (row,) = facts.waits_by_week(conn, MONDAY_8 - timedelta(days=1), MONDAY_8 + timedelta(weeks=4))
        assert (row["office_id"], row["provenance"], row["weekday"], row["hour"]) == (OFFICE, "camera", 1, 8)
        assert (row["n"], float(row["wait_sum"])) == (3, 1800.0)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """March 2026 in Viet Nam; the second is a Monday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=opening.VIET_NAM)


@pytest.mark.parametrize(
    ("now", "open_now", "changes_at"),
    [
        (at(2, 7, 29), False, at(2, 7, 30)),
        (at(2, 7, 30), True, at(2, 11, 30)),
        (at(2, 11, 30), False, at(2, 13, 30)),
        (at(2, 16, 59), True, at(2, 17)),
        (at(2, 17), False, at(3, 7, 30)),
        (at(6, 18), False, at(9, 7, 30)),
        (at(7, 9), False, at(9, 7, 30)),
    ],
)
def test_open_and_shut_through_a_week(now: datetime, open_now: bool, changes_at: datetime) -> None:
    found = opening.opening(WEEK, [], OFFICE, now.astimezone(UTC))
    assert found == opening.Opening(open_now, changes_at, None)


def test_without_hours_nothing_is_said() -> None:
    assert opening.opening([], [], OFFICE, at(2, 9)) is None


def test_a_holiday_shuts_everybody_and_an_offices_own_day_goes_before_it() -> None:
    tet = {"office_id": "*", "day": date(2026, 3, 2), "name": "Tết", "opens": None, "closes": None}
    own = tet | {"office_id": OFFICE, "name": "trực", "opens": time(8), "closes": time(10)}
    assert opening.opening(WEEK, [tet], OFFICE, at(2, 9)) == opening.Opening(False, at(3, 7, 30), "Tết")
    for order in ([tet, own], [own, tet]):
        assert opening.opening(WEEK, order, OFFICE, at(2, 9)) == opening.Opening(True, at(2, 10), "trực")
    assert opening.opening(WEEK, [own | {"office_id": "vl-2"}], OFFICE, at(2, 7)) == opening.Opening(
        False, at(2, 7, 30), None
    )

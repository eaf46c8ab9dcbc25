"""What citizens get besides the wait: hours, weeks, procedures, lanes; and what they may say is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from builders import queue, visit

from motcua.analytics import db, facts
from motcua.analytics.store import VIET_NAM


def now() -> datetime:
    return datetime.now(UTC)


def office(api: Any, office_id: str = "vl-1") -> dict[str, Any]:
    found: dict[str, Any] = api.client().get(f"/api/v1/public/offices/{office_id}").json()
    return found


def test_what_nobody_has_told_is_unknown(api: Any) -> None:
    found = office(api)
    for key in (
        "hours",
        "open_now",
        "changes_at",
        "holiday",
        "wheelchair",
        "priority_lane",
        "appointment_lane",
        "usual_wait_s",
    ):
        assert found[key] is None, key
    assert found["lanes"] == []
    assert api.client().get("/api/v1/public/procedures").json() == {"procedures": [], "taken_by": []}
    assert api.client().get("/api/v1/public/offices/vl-1/week").status_code == 404


def test_hours_access_and_lanes_of_an_office(api: Any) -> None:
    span = {"office_id": "vl-1", "opens": time(0), "closes": time(23, 59, 59), "source": None}
    access = {"office_id": "vl-1", "wheelchair": False, "priority_lane": None, "appointment_lane": True, "source": None}
    with db.connect(api.dsn) as conn:
        facts.import_hours(conn, [span | {"weekday": day} for day in range(1, 8)])
        facts.import_access(conn, [access | {"appointment_link": "https://example.org/hen"}])
    api.write(queue(office_id="vl-1", at=now(), lane="priority", n=4), queue(office_id="vl-1", at=now()))
    found = office(api)
    assert found["open_now"] is True
    assert found["hours"][0] == {"weekday": 1, "opens": "00:00", "closes": "23:59"}
    assert (found["wheelchair"], found["priority_lane"], found["appointment_lane"]) == (False, True, True)
    (lane,) = found["lanes"]
    assert (lane["lane"], lane["wait"]["state"], lane["wait"]["expected_wait_s"]) == ("priority", "too_few", None)


def test_a_week_stands_on_k_real_visits_an_hour(api: Any) -> None:
    hour = now().replace(minute=0, second=0, microsecond=0) - timedelta(days=7)
    came = {"arrival_at": hour + timedelta(minutes=1), "service_start_at": hour + timedelta(minutes=11)}
    after = timedelta(minutes=20)
    api.write(*(visit(office_id="vl-1", at=hour + after, **came) for _ in range(5)))
    api.write(*(visit(office_id="vl-2", at=hour + after, **came) for _ in range(4)))
    api.write(*(visit(office_id="vl-86", at=hour + after, provenance="simulated", **came) for _ in range(9)))
    week = api.client().get("/api/v1/public/offices/vl-1/week").json()
    (cell,) = week["hours"]
    local = hour.astimezone(VIET_NAM)
    assert cell == {"weekday": local.isoweekday(), "hour": local.hour, "n": 5, "mean_s": 600.0}
    assert week["best"] == [], "one hour is nothing to choose from"
    assert api.client().get("/api/v1/public/offices/vl-2/week").json()["hours"] == []
    assert api.client().get("/api/v1/public/offices/vl-86/week").status_code == 404


def test_procedures_name_the_offices_of_today_once(api: Any) -> None:
    rows = [
        {"procedure_id": f"1.{n}", "name": f"Thủ tục {n}", "field": None, "link": None, "source": None} for n in range(4)
    ]
    with db.connect(api.dsn) as conn:
        facts.import_procedures(conn, zip(rows, (["vl-1", "old"], ["vl-1"], ["vl-2"], []), strict=True))
    first = api.client().get("/api/v1/public/procedures")
    answer = first.json()
    assert [p["taken_by"] for p in answer["procedures"]] == [0, 0, 1, None]
    assert answer["taken_by"] == [["vl-1"], ["vl-2"]]
    again = api.client().get("/api/v1/public/procedures", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_wrong_data_is_told_kept_and_seen_by_those_whose_office_it_is(api: Any) -> None:
    path = "/api/v1/public/offices/vl-1/reports"
    given = {"field": "phone", "message": "Số máy này <b>không</b> gọi được"}
    assert api.client().post(path, json=given).json() == {"kept": True}
    assert api.client().post(path, json=given).json() == {"kept": False}
    assert api.client().get("/api/v1/reports").status_code == 401
    (report,) = api.client("local").get("/api/v1/reports").json()
    assert (report["office_id"], report["message"]) == ("vl-1", given["message"])
    done = f"/api/v1/reports/{report['report_id']}/done"
    assert api.client("clerk").post(done, headers={"x-motcua-csrf": "1"}).status_code == 403
    assert api.client("local").post(done).status_code == 403, "no header, no change"
    assert api.client("local").post(done, headers={"x-motcua-csrf": "1"}).status_code == 204
    assert api.client("chief").get("/api/v1/reports").json() == []
    assert api.client("chief").post(done, headers={"x-motcua-csrf": "1"}).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        {},
        [],
        {"field": "phone"},
        {"field": "nose", "message": "wrong"},
        {"field": "phone", "message": "ab"},
        {"field": "phone", "message": "x" * 501},
        {"field": "phone", "message": "a\x00bc"},
        {"field": ["phone"], "message": {"a": 1}},
    ],
)
def test_a_report_that_is_none_is_refused_in_one_sentence(api: Any, given: Any) -> None:
    answer = api.client().post("/api/v1/public/offices/vl-1/reports", json=given)
    assert answer.status_code == 422
    assert len(answer.json()["detail"]) <= 300


def test_reports_are_limited_for_each_address(api: Any) -> None:
    client = api.client()
    path = "/api/v1/public/offices/vl-1/reports"
    codes = [client.post(path, json={"field": "other", "message": f"Sai số {n}"}).status_code for n in range(8)]
    assert codes == [202] * 6 + [429] * 2
    assert (
        api.client().post("/api/v1/public/offices/nowhere/reports", json={"field": "other", "message": "abc"}).status_code
        == 429
    )


def test_the_page_takes_a_report_without_a_script(api: Any) -> None:
    client = api.client()
    sent = client.post("/o/vl-1", data={"field": "hours", "message": "Mở cửa lúc 8 giờ"})
    assert sent.status_code == 200
    assert "Đã nhận" in sent.text
    with db.connect(api.dsn) as conn:
        (row,) = facts.reports(conn)
    assert (row["field"], row["message"]) == ("hours", "Mở cửa lúc 8 giờ")
    assert client.post("/o/vl-1", data={"field": "hours", "message": ""}).status_code == 422
    assert client.post("/o/nowhere", data={"field": "hours", "message": "abc"}).status_code == 404


def test_the_short_way_answers_as_the_long_one_does(api: Any) -> None:
    """The first answer is computed, the second is taken from what is held before it enters the application."""
    long_way, short = (api.client().get("/api/v1/public/offices") for _ in range(2))
    assert short.content == long_way.content

    def told(answer: Any) -> dict[str, str]:
        return {k: v for k, v in answer.headers.items() if k not in ("date", "vary", "access-control-allow-origin")}

    assert told(short) == told(long_way)
    assert "Accept-Encoding" in short.headers["vary"]
    assert short.headers["access-control-allow-origin"] == "*"
    again = api.client().get("/api/v1/public/offices", headers={"If-None-Match": short.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")

"""What HR and supervisors keep: the roster by week, comments that are hidden with a reason; and what of a comment's date may be told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from builders import rating
from hypothesis import given
from hypothesis import strategies as st

from motcua.analytics import db, rating_store
from motcua.analytics.api import accounts
from motcua.analytics.comments import MIN_ANSWERS, When, dated, key_of
from motcua.analytics.roster import Shift, copied

PASSWORD = "correct horse battery"
MONDAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([MONDAY] * 5, When("day", MONDAY, date(2026, 3, 3))),
        ([MONDAY] * 4 + [date(2026, 3, 8)], When("week", MONDAY, date(2026, 3, 9))),
        ([MONDAY] * 4 + [date(2026, 3, 9)], When("month", date(2026, 3, 1), date(2026, 4, 1))),
        ([MONDAY] * 4 + [date(2026, 4, 1)], When("none")),
        ([], When("none")),
    ],
)
def test_a_comment_is_dated_as_finely_as_five_answers_allow(answers: list[date], told: When) -> None:
    assert dated([MONDAY], answers) == [told]


@given(st.lists(st.dates(date(2026, 1, 1), date(2026, 4, 30)), max_size=40))
def test_behind_every_told_date_there_are_five_answers(answers: list[date]) -> None:
    for when in dated(answers, answers):
        if when.first is not None and when.until is not None:
            assert sum(when.first <= d < when.until for d in answers) >= MIN_ANSWERS


def shift(who: str, counter: str, day: int, hour: int = 1) -> Shift:
    start = datetime(2026, 3, day, hour, tzinfo=UTC)
    return Shift(who, who.title(), "vl-1", counter, start, start + timedelta(hours=4))


def test_a_week_is_copied_but_for_what_is_there_and_what_clashes() -> None:
    week = [shift("lan", "q1", 2), shift("hoa", "q2", 2), shift("mai", "q3", 3)]
    found, problems = copied(week, [shift("lan", "q1", 9), shift("tam", "q2", 9)])
    assert found == (shift("mai", "q3", 10),)
    assert [p.split(": ", 1)[1] for p in problems] == ["the counter has another officer then: shifts do not overlap"]


def comment(conn: Any, at: datetime, text: str, office: str = "vl-1") -> Any:
    one = rating(office_id=office, channel="qr", at=at, source_id="qr")
    rating_store.add(conn, [one])
    conn.execute(
        "insert into rating_comment (rating_id, at, office_id, comment) values (%s, %s, %s, %s)", [one.id, at, office, text]
    )
    return one


def test_the_roster_by_week_and_comments_hidden_with_a_reason(api: Any) -> None:
    with db.connect(api.dsn) as conn:
        for name, role, office in (("hr1", "hr", "vl-1"), ("hr-far", "hr", "vl-2"), ("analyst", "analyst", None)):
            accounts.add(conn, name, role, PASSWORD, office)
    people = {n: api.client(n) for n in ("local", "hr1", "hr-far", "analyst", "clerk", "boss")}
    for who in people.values():
        who.headers["x-motcua-csrf"] = "1"
    the_roster(api, people)
    the_comments(api, people)


def the_roster(api: Any, people: dict[str, Any]) -> None:
    local = people["local"]
    head = "officer_id;name;office_id;counter_id;start;end\n"
    lines = "lan;Lan;vl-1;q1;02/03/2026 07:30;02/03/2026 11:30\nhoa;Hoà;vl-1;q2;03/03/2026 07:30;03/03/2026 11:30\n"
    looked = local.post("/api/v1/roster/import", content=(head + lines).encode()).json()
    assert [(p["name"], p["counter_id"]) for p in looked["preview"]] == [("Lan", "q1"), ("Hoà", "q2")]
    assert looked["written"] is False
    wrong = local.post(
        "/api/v1/roster/import?write=true",
        content=(head + lines + "x;X;vl-1;q1;02/03/2026 08:00;02/03/2026 09:00\n").encode(),
    )
    assert ([e["line"] for e in wrong.json()["errors"]], wrong.json()["written"]) == ([4], False)
    assert local.post("/api/v1/roster/import?write=true", content=(head + lines).encode()).json()["imported"] == 2
    week = {"office_id": "vl-1", "monday": "2026-03-09"}
    assert len(local.post("/api/v1/roster/copy", json=week).json()["preview"]) == 2
    assert local.post("/api/v1/roster/copy?write=true", json=week).json()["imported"] == 2
    assert local.post("/api/v1/roster/copy?write=true", json=week).json()["shifts"] == 0, "twice changes nothing"
    assert local.post("/api/v1/roster/copy", json=week | {"monday": "2026-03-10"}).status_code == 422
    assert local.post("/api/v1/roster/copy", json=week | {"office_id": "vl-2"}).status_code == 404
    shifts = local.get("/api/v1/roster?since=2026-03-09&until=2026-03-16").json()["shifts"]
    assert [(s["officer_id"], s["counter_id"]) for s in shifts] == [("lan", "q1"), ("hoa", "q2")]
    path = f"/api/v1/roster/shifts/{shifts[0]['shift_id']}"
    moved = {"counter_id": "q2", "start": "10/03/2026 08:00", "end": "10/03/2026 09:00"}
    assert local.put(path, json=moved).status_code == 409, "Hoà is there then"
    assert local.put(path, json=moved | {"end": "09/03/2026 09:00"}).status_code == 422
    assert people["hr-far"].put(path, json=moved).status_code == 404
    for name in ("analyst", "clerk", "boss"):
        assert people[name].put(path, json=moved).status_code == 403
        assert people[name].post("/api/v1/roster/copy", json=week).status_code == 403
    assert local.get("/api/v1/roster?since=2026-03-09&until=2026-03-16").json()["shifts"] == shifts, "nothing was changed"
    assert local.put(path, json=moved | {"counter_id": "q7"}).status_code == 200
    assert local.put(path, json=moved).status_code == 404, "a shift that was moved is another one"
    after = local.get("/api/v1/roster?since=2026-03-09&until=2026-03-16").json()["shifts"]
    assert ("lan", "q7") in {(s["officer_id"], s["counter_id"]) for s in after}
    with db.connect(api.dsn) as conn:
        actions = [r[0] for r in conn.execute("select action from audit where action like 'roster.%' order by chain_no")]
    assert [a for a in actions if a != "roster.view"] == ["roster.import", "roster.copy", "roster.change"]


def the_comments(api: Any, people: dict[str, Any]) -> None:
    hr, noon = people["hr1"], datetime.now(UTC).replace(day=15, hour=5) - timedelta(days=60)
    with db.connect(api.dsn) as conn:
        lone = comment(conn, noon - timedelta(days=60), "Một mình trong tháng")
        many = [comment(conn, noon + timedelta(minutes=i), f"ý kiến {i}") for i in range(5)]
    path = "/api/v1/offices/vl-1/comments"
    got = hr.get(path)
    shown = got.json()["comments"]
    assert [c["fineness"] for c in shown] == ["day"] * 5 + ["none"]
    assert shown[-1]["first"] is None
    assert [c["key"] for c in shown[:5]] == sorted(key_of(r.id) for r in many), "in no order that tells who came first"
    assert not any(str(r.id) in got.text for r in (lone, *many)), "an id holds the instant"
    assert not {"score", "counter_id", "at"} & set(shown[0])
    narrow = {"since": str(noon.date() - timedelta(days=61)), "until": str(noon.date() - timedelta(days=59))}
    assert [c["fineness"] for c in hr.get(path, params=narrow).json()["comments"]] == ["none"], (
        "asking by the day tells no day"
    )
    for name, code in (("local", 403), ("analyst", 403), ("clerk", 403), ("boss", 403), ("hr-far", 404)):
        assert people[name].get(path).status_code == code
        assert people[name].post(f"{path}/{shown[0]['key']}/hide", json={"reason": "nêu tên người khác"}).status_code == code
    one = f"{path}/{shown[0]['key']}"
    assert hr.post(f"{one}/hide", json={"reason": "ngắn"}).status_code == 409
    assert hr.post(f"{one}/show", json={"reason": "không hề bị ẩn"}).status_code == 404
    assert hr.post(f"{path}/{'0' * 32}/hide", json={"reason": "nêu tên người khác"}).status_code == 404
    assert hr.post(f"{one}/hide", json={"reason": "nêu tên người khác"}).status_code == 204
    hidden = next(c for c in hr.get(path).json()["comments"] if c["key"] == shown[0]["key"])
    assert (hidden["comment"], hidden["hidden"]["by"], hidden["hidden"]["reason"]) == (None, "hr1", "nêu tên người khác")
    assert hr.post(f"{one}/show", json={"reason": "đã xem lại, không nêu tên"}).status_code == 204
    assert [c for c in hr.get(path).json()["comments"] if c["hidden"]] == []
    with db.connect(api.dsn) as conn:
        told = conn.execute("select detail::text from audit where action like 'comment.%'").fetchall()
    assert len(told) == 2
    assert not any("ý kiến" in row[0] for row in told), "the log holds no comment"
    assert hr.post(f"{path}/{uuid4()}/hide", json={"reason": "nêu tên người khác"}).status_code == 422

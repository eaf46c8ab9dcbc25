"""Every door of the due process: who gets through, who does not, and that it is all written down and cannot be unwritten."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from builders import rating

from motcua.analytics import audit_log, db
from motcua.analytics.api import accounts
from motcua.analytics.attitude_store import add_shifts, link_account
from motcua.analytics.roster import Shift

PASSWORD = "correct horse battery"
REASON = "Vì điểm nằm rõ trong mức này, xem căn cứ."
OFFICERS = {"lan": ("vl-1", "q1", 4), "hoa": ("vl-1", "q2", 5), "mai": ("vl-1", "q3", 3), "far": ("vl-2", "q1", 4)}


@pytest.fixture
def staffed(api: Any) -> Any:
    """Four officers with three weeks of shifts and answers; accounts of every role."""
    begin = (datetime.now(UTC) - timedelta(days=21)).replace(hour=1, minute=0, second=0, microsecond=0)
    shifts, ratings = [], []
    for who, (office, counter, score) in OFFICERS.items():
        for day in range(20):
            start = begin + timedelta(days=day)
            shifts.append(Shift(who, who.title(), office, counter, start, start + timedelta(hours=8)))
            ratings += [
                rating(
                    office_id=office,
                    counter_id=counter,
                    source_id=f"k-{counter}",
                    at=start + timedelta(minutes=40 * i + day),
                    score=max(1, min(5, score + (i + day) % 3 - 1)),
                )
                for i in range(4)
            ]
    api.write(*ratings)
    with db.connect(api.dsn) as conn:
        add_shifts(conn, "test", shifts)
        for name, role, office in [
            ("hr1", "hr", "vl-86"), ("hr2", "hr", None), ("hr-far", "hr", "vl-2"), ("a-lan", "officer", "vl-1"),
            ("a-hoa", "officer", "vl-1"), ("analyst", "analyst", None),
        ]:  # fmt: skip
            accounts.add(conn, name, role, PASSWORD, office)
        assert link_account(conn, "lan", "a-lan") is None
        assert link_account(conn, "hoa", "a-hoa") is None
    return api


def client(api: Any, name: str) -> httpx.Client:
    made: httpx.Client = api.client(name)
    made.headers["x-motcua-csrf"] = "1"
    return made


def period() -> dict[str, str]:
    today = datetime.now(UTC).date()
    return {"since": str(today - timedelta(days=30)), "until": str(today + timedelta(days=1))}


def propose(who: httpx.Client, officer: str = "lan") -> httpx.Response:
    return who.post("/api/v1/attitude/proposals", json={"officer_id": officer, **period()})


def step(who: httpx.Client, proposal: str, action: str, **more: Any) -> httpx.Response:
    return who.post(f"/api/v1/attitude/proposals/{proposal}/steps", json={"action": action, **more})


def test_hr_sees_scores_from_ratings_with_their_interval(staffed: Any) -> None:
    got = client(staffed, "hr1").get("/api/v1/attitude").json()
    rows = {o["officer_id"]: o for o in got["officers"]}
    assert set(rows) == set(OFFICERS)
    assert rows["hoa"]["score"] > rows["lan"]["score"] > rows["mai"]["score"]
    for row in rows.values():
        assert row["low"] < row["score"] < row["high"]
        assert (row["n"], row["state"]) == (80, "ok")
    assert {o["officer_id"] for o in client(staffed, "hr-far").get("/api/v1/attitude").json()["officers"]} == {"far"}


def test_the_whole_way_with_a_file_at_its_end(staffed: Any) -> None:
    hr1, hr2, lan = client(staffed, "hr1"), client(staffed, "hr2"), client(staffed, "a-lan")
    made = propose(hr1).json()
    key = made["proposal_id"]
    assert (made["state"], made["may"]) == ("proposed", [])
    assert step(hr1, key, "decide", band="good", words=REASON).status_code == 409, "the officer has not seen it"
    record = lan.get("/api/v1/my-record").json()
    assert [(p["state"], p["may"]) for p in record["proposals"]] == [("seen", ["comment"])]
    assert record["row"]["score"] == pytest.approx(
        client(staffed, "hr1").get("/api/v1/attitude/officers/lan").json()["row"]["score"]
    )
    assert step(lan, key, "comment", words="Tháng đó tôi làm hai quầy.").json()["state"] == "commented"
    assert step(hr1, key, "decide", band="good", words="kurz").status_code == 409
    assert step(hr1, key, "decide", band="good", words=REASON).json()["state"] == "decided"
    assert step(lan, key, "appeal", words="Xin xem lại.").json()["state"] == "appealed"
    assert step(hr1, key, "resolve", band="good", words=REASON).status_code == 409, "by another account"
    done = step(hr2, key, "resolve", band="excellent", words=REASON).json()
    assert (done["state"], done["decided_band"], done["may"]) == ("final", "excellent", [])
    for who in (hr1, lan):
        pdf = who.get(f"/api/v1/attitude/proposals/{key}/file.pdf")
        assert pdf.content.startswith(b"%PDF")
        assert b"Roboto" in pdf.content
        sheet = who.get(f"/api/v1/attitude/proposals/{key}/file.xlsx?lang=en").content
        texts = zipfile.ZipFile(io.BytesIO(sheet)).read("xl/sharedStrings.xml").decode()
        assert "Tháng đó tôi làm hai quầy." in texts
    with db.connect(staffed.dsn) as conn:
        actions = [row[0] for row in conn.execute("select action from audit order by chain_no").fetchall()]
        for action in ("propose", "see", "comment", "decide", "appeal", "resolve", "export"):
            assert f"proposal.{action}" in actions
        assert "attitude.own" in actions
        assert "attitude.view" in actions
        assert audit_log.verify(conn).broken_at is None


FORBIDDEN = [
    ("GET", "attitude"), ("GET", "attitude/officers/lan"), ("POST", "attitude/proposals"), ("GET", "attitude/proposals/{key}"),
    ("POST", "attitude/proposals/{key}/steps"), ("GET", "attitude/proposals/{key}/file.pdf"), ("GET", "attitude/proposals/{key}/file.xlsx"),
    ("POST", "attitude/rules"), ("GET", "attitude/rules"), ("GET", "my-record"), ("GET", "audit/export"), ("GET", "audit/chain"), ("GET", "roster"),
    ("POST", "roster/shifts"), ("POST", "roster/import"), ("PUT", "roster/officers/lan/account"), ("DELETE", "roster/shifts/{key}"),
    ("GET", "offices/vl-1/comments"), ("GET", "ratings"), ("GET", "offices/vl-1/ratings"),
]  # fmt: skip
OPEN = {
    "admin": {"audit/export", "audit/chain", "ratings", "offices/vl-1/ratings"},
    "analyst": {"ratings", "offices/vl-1/ratings"},
    "supervisor": {"roster", "roster/shifts", "roster/import", "roster/shifts/{key}", "ratings", "offices/vl-1/ratings"},
    "officer": {
        "my-record", "attitude/rules", "attitude/proposals/{key}", "attitude/proposals/{key}/steps",
        "attitude/proposals/{key}/file.pdf", "attitude/proposals/{key}/file.xlsx",
    },
}  # fmt: skip


def test_every_forbidden_door_is_shut(staffed: Any) -> None:
    key = propose(client(staffed, "hr1")).json()["proposal_id"]
    bodies: dict[str, Any] = {
        "attitude/proposals": {"officer_id": "lan", **period()},
        "attitude/proposals/{key}/steps": {"action": "decide", "band": "good", "words": REASON},
        "attitude/rules": {"valid_from": "2026-01-01", "rule": {}},
        "roster/officers/lan/account": {"username": "a-hoa"},
        "roster/shifts": dict.fromkeys(("officer_id", "name", "office_id", "counter_id", "start", "end"), "x"),
    }
    for name, role in (("boss", "admin"), ("analyst", "analyst"), ("local", "supervisor"), ("a-hoa", "officer")):
        who = client(staffed, name)
        for method, path in FORBIDDEN:
            got = who.request(method, f"/api/v1/{path.format(key=key)}", json=bodies.get(path))
            allowed = path in OPEN[role] and (method, path) != ("POST", "attitude/rules")
            theirs = "attitude/proposals/{key}" in path and role == "officer"  # a proposal about somebody else: not there
            assert got.status_code == 404 if theirs else (got.status_code != 403) == allowed, (
                name,
                method,
                path,
                got.status_code,
            )
    stranger = staffed.client()
    stranger.headers["x-motcua-csrf"] = "1"
    for method, path in FORBIDDEN:
        assert stranger.request(method, f"/api/v1/{path.format(key=key)}").status_code == 401, path
    far = client(staffed, "hr-far")
    assert far.get(f"/api/v1/attitude/proposals/{key}").status_code == 404
    assert far.get("/api/v1/attitude/officers/lan").status_code == 404
    assert propose(far).status_code == 404
    assert step(far, key, "decide", band="good", words=REASON).status_code == 404
    assert far.put("/api/v1/roster/officers/lan/account", json={"username": None}).status_code == 404
    assert far.post("/api/v1/attitude/rules", json={"valid_from": "2026-01-01", "rule": {}}).status_code == 403
    with db.connect(staffed.dsn) as conn:
        assert conn.execute("select count(*) from proposal_step").fetchone() == (1,), "nothing was done behind a shut door"


def test_no_name_of_an_officer_in_what_supervisors_and_analysts_see(staffed: Any) -> None:
    for name in ("local", "analyst", "boss"):
        who = client(staffed, name)
        text = who.get("/api/v1/ratings").text + who.get("/api/v1/offices/vl-1/ratings").text
        assert not any(f'"{officer}"' in text or officer.title() in text for officer in ("lan", "hoa", "mai"))


def test_few_answers_make_no_proposal_and_a_period_has_one(staffed: Any) -> None:
    hr1 = client(staffed, "hr1")
    assert propose(hr1).status_code == 201
    assert propose(hr1).status_code == 409
    today = datetime.now(UTC).date()
    days = {"since": str(today - timedelta(days=5)), "until": str(today)}
    short = hr1.post("/api/v1/attitude/proposals", json={"officer_id": "hoa", **days})
    assert short.status_code == 409
    assert "insufficient data" in short.json()["detail"]


def test_evidence_and_steps_are_frozen_in_the_database_itself(staffed: Any) -> None:
    key = propose(client(staffed, "hr1")).json()["proposal_id"]
    with db.connect(staffed.dsn) as conn:
        for statement in (
            "update proposal set band = 'weak'",
            "delete from proposal_step",
            "update proposal_step set username = 'x'",
            "truncate proposal_step",
            "update audit set action = 'x'",
            "delete from audit",
            "truncate audit",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement.encode())
    assert client(staffed, "hr1").get(f"/api/v1/attitude/proposals/{key}").json()["state"] == "proposed"


def test_tampering_with_the_audit_log_is_found(staffed: Any) -> None:
    boss = client(staffed, "boss")
    lines = boss.get("/api/v1/audit/export").text.splitlines()
    assert audit_log.check_export(lines) is None
    assert audit_log.check_export([lines[0], lines[1].replace("account", "acc0unt"), *lines[2:]]) == 2
    assert audit_log.check_export([lines[0], *lines[2:]]) == 2
    with db.connect(staffed.dsn) as conn:
        head = conn.execute("select chain_no, encode(hash, 'hex') from audit_head").fetchone()
        assert head is not None
        for forgery in (
            "update audit set username = 'nobody' where chain_no = 3",
            "delete from audit where chain_no = 3",
            "delete from audit where chain_no = (select max(chain_no) from audit)",
            "update audit set at = at + interval '1 second' where chain_no = 1",
        ):
            with conn.transaction(force_rollback=True):
                conn.execute("alter table audit disable trigger user")
                conn.execute(forgery.encode())
                assert audit_log.verify(conn).broken_at is not None, forgery
        whole = audit_log.verify(conn, (head[0], head[1]))
        assert whole.broken_at is None
        assert audit_log.verify(conn, (head[0], "0" * 64)).broken_at == head[0]
    assert boss.get("/api/v1/audit/chain").json()["broken_at"] is None


def test_the_roster_is_kept_by_those_whose_office_it_is(staffed: Any) -> None:
    local = client(staffed, "local")
    new = {"officer_id": "tam", "name": "Tâm", "office_id": "vl-1", "counter_id": "q9"}
    day = {"start": "02/03/2026 07:30", "end": "02/03/2026 11:30"}
    assert local.post("/api/v1/roster/shifts", json=new | day).status_code == 201
    assert local.post("/api/v1/roster/shifts", json=new | day | {"officer_id": "tu"}).status_code == 409
    assert local.post("/api/v1/roster/shifts", json=new | day | {"office_id": "vl-2"}).status_code == 422
    assert local.post("/api/v1/roster/shifts", json=new | day | {"officer_id": "far", "counter_id": "q8"}).status_code == 409
    data = "officer_id,name,office_id,counter_id,start,end\ntam,Tâm,vl-1,q9,03/03/2026 07:30,03/03/2026 11:30\n".encode()
    looked = local.post("/api/v1/roster/import", content=data).json()
    assert (looked["shifts"], looked["imported"], looked["errors"], looked["written"]) == (1, 0, [], False)
    assert local.post("/api/v1/roster/import?write=true", content=data).json()["imported"] == 1
    shown = local.get("/api/v1/roster?since=2026-03-01&until=2026-03-05").json()["shifts"]
    assert [s["counter_id"] for s in shown] == ["q9", "q9"]
    assert client(staffed, "hr-far").delete(f"/api/v1/roster/shifts/{shown[0]['shift_id']}").status_code == 404
    assert local.delete(f"/api/v1/roster/shifts/{shown[0]['shift_id']}").status_code == 204
    assert local.delete(f"/api/v1/roster/shifts/{uuid4()}").status_code == 404


def test_a_rule_is_set_from_a_date_and_stays(staffed: Any) -> None:
    hr2 = client(staffed, "hr2")
    strict = {"min_n": 500}
    assert hr2.post("/api/v1/attitude/rules", json={"valid_from": "2026-01-01", "rule": strict}).status_code == 201
    assert hr2.post("/api/v1/attitude/rules", json={"valid_from": "2026-01-01", "rule": {}}).status_code == 409
    assert {o["state"] for o in hr2.get("/api/v1/attitude").json()["officers"]} == {"insufficient"}
    wrong = {"bands": [{"name": "a", "from_points": 1}]}
    assert hr2.post("/api/v1/attitude/rules", json={"valid_from": "2027-01-01", "rule": wrong}).status_code == 422

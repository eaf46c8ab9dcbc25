"""Officers' faces: every door in every mode, HR and admin together, and scores that do not change by one bit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from builders import health, officer_expression, rating

from motcua.analytics import audit_log, db, expression_audits, store
from motcua.analytics.api import accounts
from motcua.analytics.attitude_store import add_shifts, link_account
from motcua.analytics.roster import Shift
from motcua.edge.messages import OfficerMode

PASSWORD = "correct horse battery"
BASIS = "Quyết định số 12/QĐ-UBND ngày 02/03/2026"
OFFICERS = {"lan": ("q1", 0.4), "hoa": ("q2", 0.1), "mai": ("q3", -0.2)}
MODES: tuple[OfficerMode, ...] = ("off", "self", "aggregate", "evidence")


def last_month() -> datetime:
    """07:00 in Viet Nam on the first day of the month before this one."""
    first = store.day_of(datetime.now(UTC)).replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    return store.span_of(before)[0] + timedelta(hours=7)


@pytest.fixture
def staffed(api: Any) -> Any:
    """Three officers at three counters over last month, with answers; accounts of every role."""
    shifts, ratings = [], []
    for who, (counter, _) in OFFICERS.items():
        for day in range(20):
            start = last_month() + timedelta(days=day)
            shifts.append(Shift(who, who.title(), "vl-1", counter, start, start + timedelta(hours=8)))
            scores = (4, 5, 3, 4)
            ratings += [
                rating(
                    office_id="vl-1", counter_id=counter, source_id=f"k-{counter}", at=start + timedelta(hours=i), score=s
                )
                for i, s in enumerate(scores)
            ]
    api.write(*ratings)
    with db.connect(api.dsn) as conn:
        add_shifts(conn, "test", shifts)
        for name, role, office in [
            ("hr1", "hr", "vl-86"), ("hr2", "hr", None), ("hr-far", "hr", "vl-2"), ("boss-far", "admin", "vl-2"),
            ("a-lan", "officer", "vl-1"), ("a-hoa", "officer", "vl-1"), ("a-new", "officer", "vl-1"), ("analyst", "analyst", None),
        ]:  # fmt: skip
            accounts.add(conn, name, role, PASSWORD, office)
        assert link_account(conn, "lan", "a-lan") is None
        assert link_account(conn, "hoa", "a-hoa") is None
    return api


def client(api: Any, name: str) -> httpx.Client:
    made: httpx.Client = api.client(name)
    made.headers["x-motcua-csrf"] = "1"
    return made


def ask(who: httpx.Client, mode: str, office: str = "vl-1", basis: str = BASIS) -> httpx.Response:
    return who.post(f"/api/v1/officer-faces/{office}/changes", json={"mode": mode, "legal_basis": basis})


def confirm(who: httpx.Client, key: str) -> httpx.Response:
    return who.post(f"/api/v1/officer-faces/changes/{key}/confirm")


def switch(api: Any, mode: OfficerMode) -> None:
    """To a mode as people do it; then say that it has held for years, and let last month's sums come in."""
    if mode == "off":
        return
    key = ask(client(api, "hr1"), mode).json()["change"]["change_id"]
    assert confirm(client(api, "boss"), key).status_code == 201
    with db.connect(api.dsn) as conn:
        conn.execute("alter table officer_mode disable trigger user")
        conn.execute("update officer_mode set valid_from = valid_from - interval '3 years'")
        conn.execute("alter table officer_mode enable trigger user")
    rows = []
    for counter, valence in OFFICERS.values():
        for day in range(20):
            begin = last_month() + timedelta(days=day, hours=1)
            wobble = valence + (day % 5 - 2) / 20
            rows.append(
                officer_expression(
                    office_id="vl-1",
                    counter_id=counter,
                    mode=mode,
                    period_start=begin,
                    period_end=begin + timedelta(hours=1),
                    at=begin + timedelta(hours=1),
                    n=6,
                    valence_sum=6 * wobble,
                    valence_sum2=6 * wobble**2 + 0.5,
                )
            )
    api.write(*rows)


DOORS = {"own": "my-expression", "climate": "officer-faces/vl-1/climate", "officer": "attitude/officers/lan/expression"}
ROLES = {"own": {"a-lan"}, "climate": {"hr1", "hr2", "local", "chief"}, "officer": {"hr1", "hr2"}}
OPEN: dict[str, set[str]] = {"off": set(), "self": {"own"}, "aggregate": {"climate"}, "evidence": {"own", "officer"}}


def test_in_each_mode_its_own_doors_are_open_to_its_own_people_and_scores_do_not_move(staffed: Any) -> None:
    people = {n: client(staffed, n) for n in ("a-lan", "hr1", "hr2", "local", "chief", "boss", "analyst")}
    hr, lan = people["hr1"], people["a-lan"]

    def scores() -> list[bytes]:
        paths = ("attitude", "attitude/officers/lan", "ratings", "offices/vl-1/ratings")
        return [hr.get(f"/api/v1/{p}").content for p in paths] + [lan.get("/api/v1/my-record").content]

    before = scores()
    for mode in MODES:
        switch(staffed, mode)
        assert scores() == before, f"{mode}: not by one bit"
        for name, who in people.items():
            for look, path in DOORS.items():
                got = who.get(f"/api/v1/{path}")
                allowed = look in OPEN[mode] and name in ROLES[look]
                assert got.status_code == (200 if allowed else 403), (mode, name, path, got.text)
        with db.connect(staffed.dsn) as conn:
            count = conn.execute("select count(*), count(distinct mode) from officer_expression").fetchone()
        assert count == ((0, 0) if mode == "off" else (60, 1)), "of the mode that holds alone"
        if mode == "aggregate":
            the_office_s_months(hr)
    mine, theirs = lan.get(f"/api/v1/{DOORS['own']}").json(), hr.get(f"/api/v1/{DOORS['officer']}").json()
    assert mine == theirs, "the officer sees what HR sees"
    (month,) = theirs["months"]
    assert (month["state"], month["n"], month["periods"], month["valence"]) == ("ok", 120, 20, 0.4)
    assert month["low"] < 0.4 < month["high"]
    assert (month["right_low"], month["right_high"], month["model"]) == (0.45, 0.65, "fer 25.10.3")
    assert month["right_measured"] is False
    with db.connect(staffed.dsn) as conn:
        reader = {"version": "25.10.3", "temperature": 1.0, "calibrated": False, "labelled": 400}
        reader |= {"accuracy": {"value": 0.5, "low": 0.45, "high": 0.55, "n": 400}}
        rest: dict[str, Any] = {"pictures": 400, "labelled": 400, "faces": 400, "refused": {}, "refused_by_stratum": {}}
        report = rest | {"made_at": "2026-03-02T05:00:00+00:00", "readers": {"fer": reader}}
        expression_audits.add(conn, report, "a consented set", "boss")
    (measured,) = hr.get(f"/api/v1/{DOORS['officer']}").json()["months"]
    assert (measured["right_low"], measured["right_high"], measured["right_measured"]) == (0.45, 0.55, True)
    assert client(staffed, "a-hoa").get("/api/v1/my-expression").json()["months"][0]["valence"] == 0.1
    assert client(staffed, "a-new").get("/api/v1/my-expression").status_code == 404
    assert client(staffed, "hr-far").get(f"/api/v1/{DOORS['officer']}").status_code == 404
    today = datetime.now(UTC).date()
    body = {"officer_id": "lan", "since": str(today - timedelta(days=70)), "until": str(today)}
    made = hr.post("/api/v1/attitude/proposals", json=body)
    assert made.status_code == 201, made.text
    assert "expression" not in json.dumps(made.json()), "a proposal, and so its file, holds nothing of a face"


def the_office_s_months(hr: httpx.Client) -> None:
    got = hr.get(f"/api/v1/{DOORS['climate']}")
    (month,) = got.json()["months"]
    assert (month["state"], month["n"], month["valence"]) == ("ok", 360, 0.1)
    assert not any(name in got.text for name in OFFICERS)


def test_hr_and_admin_together_or_not_at_all(staffed: Any) -> None:
    hr1, hr2, boss = (client(staffed, n) for n in ("hr1", "hr2", "boss"))
    for name in ("local", "analyst", "a-lan"):
        assert ask(client(staffed, name), "self").status_code == 403
    assert ask(hr1, "self", basis="luật").status_code == 409
    assert ask(hr1, "on").status_code == 422
    assert ask(hr1, "off").status_code == 409
    assert ask(client(staffed, "hr-far"), "self").status_code == 404
    made = ask(hr1, "self").json()
    key = made["change"]["change_id"]
    assert (made["mode"], made["change"]["may"], made["may_ask"]) == ("off", ["withdraw"], False)
    assert "Dự kiến" in made["notice_planned"]
    assert BASIS in made["notice_planned"]
    assert confirm(hr1, key).status_code == 403
    assert confirm(hr2, key).status_code == 403, "another account, but of the same role"
    assert confirm(client(staffed, "local"), key).status_code == 403
    assert confirm(client(staffed, "boss-far"), key).status_code == 404
    assert confirm(staffed.client(), key).status_code == 403, "no header"
    assert ask(boss, "evidence").status_code == 409, "one at a time"
    assert boss.get("/api/v1/officer-faces/vl-1").json()["change"]["may"] == ["confirm", "withdraw"]
    done = confirm(boss, key).json()
    assert (done["mode"], done["change"], done["legal_basis"]) == ("self", None, BASIS)
    assert [(h["proposed_by"], h["confirmed_by"]) for h in done["history"]] == [("hr1", "boss")]
    assert confirm(boss, key).status_code == 404
    key = ask(boss, "off", basis="Kết thúc thí điểm tại xã").json()["change"]["change_id"]
    assert hr2.post(f"/api/v1/officer-faces/changes/{key}/withdraw").json()["mode"] == "self"
    key = ask(boss, "off", basis="Kết thúc thí điểm tại xã").json()["change"]["change_id"]
    assert confirm(hr2, key).json()["mode"] == "off"
    assert boss.post(f"/api/v1/officer-faces/changes/{uuid4()}/withdraw").status_code == 404
    with db.connect(staffed.dsn) as conn:
        told = conn.execute(
            "select username, action, detail from audit where action like 'officer_faces.%' order by chain_no"
        )
        rows = told.fetchall()
        assert [(r[0], r[1].split(".")[1], r[2].get("mode")) for r in rows] == [
            ("hr1", "ask", "self"), ("boss", "confirm", "self"), ("boss", "ask", "off"), ("hr2", "withdraw", None),
            ("boss", "ask", "off"), ("hr2", "confirm", "off"),
        ]  # fmt: skip
        assert rows[1][2]["legal_basis"] == BASIS
        assert audit_log.verify(conn).broken_at is None
    the_notice(staffed, hr1)


def the_notice(staffed: Any, hr: httpx.Client) -> None:
    """It says what the mode is to anybody; staff see a box that disagrees."""
    stranger = staffed.client()
    assert "Không đọc khuôn mặt cán bộ" in stranger.get("/api/v1/public/offices/vl-1/notice").json()["text"]
    assert "chưa báo về" in stranger.get("/api/v1/public/offices/vl-1/notice").json()["text"]
    staffed.write(health(office_id="vl-1", source_id="of-before"))  # says nothing of faces
    staffed.write(health(office_id="vl-1", officer_faces="evidence", sentiment_on=True))
    (box,) = client(staffed, "local").get("/api/v1/officer-faces/vl-1").json()["boxes"]
    assert (box["officer_faces"], box["agrees"]) == ("evidence", False)
    switch(staffed, "evidence")
    texts = {lang: stranger.get(f"/api/v1/public/offices/vl-1/notice?lang={lang}").json()["text"] for lang in ("vi", "en")}
    assert "bộ phận nhân sự xem" in texts["vi"]
    assert "shown to that officer and to HR" in texts["en"]
    assert "Expressions on citizens' faces are not read" not in texts["en"]
    assert all(BASIS in text for text in texts.values())
    page = stranger.get("/notice/vl-1?lang=en")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert '<html lang="en">' in page.text
    assert stranger.get("/notice/nowhere").status_code == 404
    assert stranger.get("/api/v1/officer-faces").status_code == 401
    assert client(staffed, "analyst").get("/api/v1/officer-faces").status_code == 403
    shown = hr.get("/api/v1/officer-faces").json()["offices"]
    assert {(o["office_id"], o["mode"]) for o in shown} >= {("vl-1", "evidence"), ("vl-2", "off")}

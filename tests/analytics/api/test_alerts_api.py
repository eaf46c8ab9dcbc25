"""Alerts on the API: scopes, roles, steps, and input that is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from alert_feed import play, waiting
from builders import NOON

from motcua.analytics import alert_notices, alert_store, db
from motcua.analytics.alert_rules import WaitOver
from motcua.analytics.api import accounts
from motcua.analytics.channels import Channel

CSRF = {"X-Motcua-Csrf": "1"}
SECRET = "geheim-7"
HOOK = Channel.model_validate({"name": "hook", "address": f"json://u:{SECRET}@example.org"})


@pytest.fixture
def standing(api: Any) -> dict[str, UUID]:
    """An alert at vl-1 and one at vl-2, by office."""
    with db.connect(api.dsn) as conn:
        alert_store.add_setting(conn, "*", date(2026, 1, 1), WaitOver(raise_for_s=0), "boss")
        alert_notices.know(conn, [HOOK])
        events = play(conn, [("vl-1", 27.0), ("vl-2", 40.0)], [HOOK])
        accounts.add(conn, "watcher", "analyst", "correct horse battery", "vl-86")
        accounts.add(conn, "other", "supervisor", "correct horse battery", "vl-2")
    return {e.key.office_id: e.alert_id for e in events}


def test_an_account_sees_its_own_part(api: Any, standing: dict[str, UUID]) -> None:
    def seen(name: str, query: str = "") -> list[str]:
        answer = api.client(name).get(f"/api/v1/alerts{query}")
        assert answer.status_code == 200, answer.text
        return [row["office_id"] for row in answer.json()["alerts"]]

    assert seen("boss") == seen("chief") == ["vl-2", "vl-1"]
    assert seen("local") == ["vl-1"]
    assert seen("local", "?office_id=vl-2") == []
    assert seen("boss", "?kind=no_data") == seen("boss", "?state=over") == seen("boss", "?mine=true") == []
    assert seen("boss", "?limit=1&skip=1") == ["vl-1"]
    local, clerk, nobody = api.client("local"), api.client("clerk"), api.client()
    assert local.get("/api/v1/alerts/counts").json() == {"standing": 1, "unacknowledged": 1}
    assert local.get(f"/api/v1/alerts/{standing['vl-2']}").status_code == 404
    assert [c.get("/api/v1/alerts").status_code for c in (clerk, nobody)] == [403, 401]
    answer = api.client("boss").get("/api/v1/alerts").json()
    assert answer["channels"][0]["channel"] == "hook"
    assert answer["channels"][0]["service"] == "json"
    assert SECRET not in str(answer)
    assert answer["alerts"][1]["figures"]["vi"].startswith("dự kiến chờ 27 phút (18–41 phút)")
    assert answer["looked_at"] is not None


def test_acknowledge_assign_comment(api: Any, standing: dict[str, UUID]) -> None:
    path = f"/api/v1/alerts/{standing['vl-1']}/steps"
    chief, local, watcher = api.client("chief"), api.client("local"), api.client("watcher")

    def act(client: Any, **body: object) -> Any:
        return client.post(path, json=body, headers=CSRF)

    assert act(watcher, action="acknowledge").status_code == 403
    assert local.post(path, json={"action": "acknowledge"}).status_code == 403, "without the header of our own pages"
    assert act(chief, action="acknowledge").json()["acknowledged_by"] == "chief"
    again = act(local, action="acknowledge")
    assert (again.status_code, again.json()["detail"]) == (409, "chief has acknowledged it already")
    detail = act(local, action="comment", words="  Đã mở quầy 3. <script>alert(1)</script> ").json()
    assert detail["assignees"] == ["boss", "chief", "local"]
    assert act(local, action="assign", assignee="other").status_code == 409, "may not see the office"
    assert act(local, action="assign", assignee="clerk").status_code == 409, "no role that acts"
    assert act(local, action="assign", assignee="local").json()["assigned_to"] == "local"
    assert act(local, action="assign", assignee="local").status_code == 409
    assert [a["office_id"] for a in local.get("/api/v1/alerts?mine=true").json()["alerts"]] == ["vl-1"]
    assert act(local, action="assign", assignee=None).json()["assigned_to"] is None
    history = watcher.get(path.removesuffix("/steps")).json()
    assert [(h["event"], h["username"]) for h in history["history"]] == [
        ("raised", None), ("acknowledged", "chief"), ("commented", "local"), ("assigned", "local"), ("assigned", "local"),
    ]  # fmt: skip
    assert history["history"][2]["words"] == "Đã mở quầy 3. <script>alert(1)</script>"
    assert (history["may_act"], history["assignees"]) == (False, [])
    assert local.get("/api/v1/alerts/counts").json() == {"standing": 1, "unacknowledged": 0}


HOSTILE: list[object] = [
    {}, {"action": "delete"}, {"action": "comment", "words": "x" * 2001}, {"action": "comment", "words": "\x00"},
    {"action": "comment", "words": 7}, {"action": "assign", "assignee": "x" * 65}, {"action": "comment", "more": 1}, [], "x",
]  # fmt: skip


def test_hostile_steps_are_refused(api: Any, standing: dict[str, UUID]) -> None:
    boss = api.client("boss")
    for body in HOSTILE:
        answer = boss.post(f"/api/v1/alerts/{standing['vl-1']}/steps", json=body, headers=CSRF)
        assert answer.status_code == 422, body
        assert len(answer.json()["detail"]) < 300


def test_hostile_addresses_are_refused(api: Any, standing: dict[str, UUID]) -> None:
    boss = api.client("boss")
    for path in (
        "/x", "/%27%20or%201=1--", "/..%2f..%2fetc", "?state=all", "?kind=%3Cscript%3E", "?office_id=../x", "?limit=0",
        "?limit=1e9", "?skip=-1", "/rules?scope=%00",
    ):  # fmt: skip
        assert boss.get(f"/api/v1/alerts{path}").status_code in (404, 422), path
    empty = boss.post(f"/api/v1/alerts/{standing['vl-1']}/steps", json={"action": "comment", "words": " "}, headers=CSRF)
    assert empty.status_code == 409
    assert boss.get(f"/api/v1/alerts/{UUID(int=1)}").status_code == 404


def test_rules_are_set_by_admins_for_their_own_part(api: Any, standing: dict[str, UUID]) -> None:
    def put(name: str, scope: str, **setting: object) -> int:
        body = {"scope_id": scope, "valid_from": "2026-01-01", "setting": setting}
        return int(api.client(name).post("/api/v1/alerts/rules", json=body, headers=CSRF).status_code)

    with db.connect(api.dsn) as conn:
        accounts.add(conn, "part", "admin", "correct horse battery", "vl-1")
    assert put("chief", "vl-1", kind="no_data") == 403
    assert put("part", "*", kind="no_data") == 403
    assert put("part", "vl-2", kind="no_data") == 404
    assert put("part", "vl-1", kind="no_data", raise_for_s=600) == 201
    assert put("boss", "*", kind="telling", per_hour=2) == 201
    assert put("boss", "*", kind="telling", per_hour=0) == 422
    assert put("boss", "*", kind="channel", address="json://x") == 422
    held = {r["kind"]: r for r in api.client("local").get("/api/v1/alerts/rules?scope=vl-1").json()}
    assert (held["no_data"]["scope_id"], held["no_data"]["setting"]["raise_for_s"]) == ("vl-1", 600)
    assert (held["telling"]["scope_id"], held["telling"]["setting"]["per_hour"]) == ("*", 2)
    assert held["camera_blind"]["valid_from"] is None
    assert api.client("local").get("/api/v1/alerts/rules?scope=vl-2").status_code == 404
    with db.connect(api.dsn) as conn:
        rows = conn.execute(
            "select username, detail ->> 'kind' from audit where action = 'alert.rule' order by 2"
        ).fetchall()
    assert rows == [("part", "no_data"), ("boss", "telling"), ("boss", "wait_over")]


def test_an_open_page_hears_of_a_step(api: Any, standing: dict[str, UUID], eventually: Callable[..., object]) -> None:
    chief = api.client("chief")
    with chief.stream("GET", "/api/v1/events") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        api.client("boss").post(f"/api/v1/alerts/{standing['vl-1']}/steps", json={"action": "acknowledge"}, headers=CSRF)
        assert any('"vl-1"' in line for line in lines)


def test_what_was_raised_in_the_past_stays_readable(api: Any, standing: dict[str, UUID]) -> None:
    with db.connect(api.dsn) as conn:
        play(conn, [("vl-1", 2.0)] * 40, [HOOK], begin=NOON.replace(hour=6))
        api.write(waiting("vl-1", 2.0, datetime.now(UTC)))
    over = api.client("local").get("/api/v1/alerts?state=over").json()["alerts"]
    assert [(a["office_id"], a["cleared_because"]) for a in over] == [("vl-1", "good")]

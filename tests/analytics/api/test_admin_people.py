"""Accounts, devices, cameras and the audit log, as administrators have them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from admin_site import PASSWORD, Site, running

from motcua.analytics import db, devices
from motcua.onebox.postgres import Postgres

ADMIN = "/api/v1/admin"


@pytest.fixture(scope="module")
def site(pg_server: Postgres) -> Iterator[Site]:
    with running(pg_server, "admin_people") as site:
        yield site


@pytest.fixture
def api(site: Site) -> Site:
    site.reset()
    with db.connect(site.dsn) as conn:
        conn.execute("delete from account where username not in ('boss', 'unit', 'chief', 'clerk')")
    return site


@pytest.fixture
def boss(api: Site) -> httpx.Client:
    return api.client("boss")


def listed(client: httpx.Client, what: str, name: str) -> dict[str, dict[str, Any]]:
    answer = client.get(f"{ADMIN}/{what}")
    assert answer.status_code == 200, answer.text
    return {row[name]: row for row in answer.json()[what]}


def codes(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(p["field"], p["code"]) for p in answer.json()["problems"]]


def test_only_administrators_get_in(api: Site) -> None:
    for path in ("users", "devices", "cameras", "audit", "audit/file.csv"):
        assert api.client().get(f"{ADMIN}/{path}").status_code == 401
        assert api.client("chief").get(f"{ADMIN}/{path}").status_code == 403


def test_an_account_is_made_changed_and_locked(api: Site, boss: httpx.Client) -> None:
    made = boss.post(f"{ADMIN}/users", json={"username": "lan", "role": "supervisor", "office_id": "vl-1"})
    assert made.status_code == 201, made.text
    secret = made.json()["secret"]
    login = {"username": "lan", "password": secret}
    lan = api.client()
    assert lan.post("/api/v1/auth/login", json=login).status_code == 200
    assert boss.post(f"{ADMIN}/users", json={"username": "lan", "role": "hr"}).status_code == 409
    seen = listed(boss, "users", "username")["lan"]
    body = {"version": seen["version"], "role": "hr", "office_id": "vl-2", "disabled": False}
    changed = boss.put(f"{ADMIN}/users/lan", json=body)
    assert (changed.json()["role"], changed.json()["office_id"]) == ("hr", "vl-2")
    assert lan.get("/api/v1/auth/me").status_code == 401, "who loses a right signs in again"
    assert boss.put(f"{ADMIN}/users/lan", json=body).status_code == 409, "somebody was sooner"
    fresh = boss.post(f"{ADMIN}/users/lan/password", json={"version": changed.json()["version"]})
    assert api.client().post("/api/v1/auth/login", json=login).status_code == 401
    login["password"] = fresh.json()["secret"]
    assert api.client().post("/api/v1/auth/login", json=login).status_code == 200
    body["version"] = listed(boss, "users", "username")["lan"]["version"]
    assert boss.put(f"{ADMIN}/users/lan", json={**body, "disabled": True}).json()["disabled"]
    assert api.client().post("/api/v1/auth/login", json=login).status_code == 401
    log = api.audit("account.%")
    assert [(who, what) for who, what, _ in log] == [
        ("boss", "account.add"),
        ("boss", "account.change"),
        ("boss", "account.password"),
        ("boss", "account.change"),
    ]
    assert secret not in str(log)
    assert login["password"] not in str(log)


def test_nobody_changes_their_own_account_or_gives_more_than_they_have(api: Site, boss: httpx.Client) -> None:
    me = listed(boss, "users", "username")["boss"]
    body = {"version": me["version"], "role": "hr", "office_id": None, "disabled": False}
    assert boss.put(f"{ADMIN}/users/boss", json=body).status_code == 403
    assert boss.post(f"{ADMIN}/users/boss/password", json={"version": me["version"]}).status_code == 403
    unit = api.client("unit")
    assert sorted(listed(unit, "users", "username")) == ["clerk", "unit"]
    assert unit.put(f"{ADMIN}/users/boss", json=body).status_code == 404
    assert codes(unit.post(f"{ADMIN}/users", json={"username": "new", "role": "admin"})) == [("office_id", "not_yours")]
    up = {"username": "new", "role": "admin", "office_id": "vl-86"}
    assert codes(unit.post(f"{ADMIN}/users", json=up)) == [("office_id", "not_yours")]
    odd = {"username": "'; drop table account", "role": "root", "office_id": "../x"}
    assert codes(boss.post(f"{ADMIN}/users", json=odd)) == [
        ("username", "username"),
        ("role", "choice"),
        ("office_id", "no_office"),
    ]
    assert boss.post(f"{ADMIN}/users", json={"username": "a\0b", "role": "hr"}).status_code == 422
    assert boss.put(f"{ADMIN}/users/%00", json=body).status_code == 404


def test_a_device_is_registered_given_a_new_secret_and_revoked(api: Site, boss: httpx.Client) -> None:
    new = {"device_id": "vl-1.cam", "kind": "camera_box", "office_id": "vl-1", "source_id": "cam", "note": "Sảnh"}
    secret = boss.post(f"{ADMIN}/devices", json=new).json()["secret"]
    with db.connect(api.dsn) as conn:
        assert devices.verifies(secret, devices.get(conn, "vl-1.cam").secret_hash)
    assert boss.post(f"{ADMIN}/devices", json=new).status_code == 409
    assert boss.post(f"{ADMIN}/devices", json={**new, "device_id": "other"}).status_code == 409, "one device a source"
    seen = listed(boss, "devices", "device_id")["vl-1.cam"]
    assert "secret_hash" not in seen
    again = boss.post(f"{ADMIN}/devices/vl-1.cam/rotate", json={"version": seen["version"]})
    assert again.json()["secret"] != secret
    assert boss.post(f"{ADMIN}/devices/vl-1.cam/revoke", json={"version": seen["version"]}).status_code == 409
    newest = listed(api.client("unit"), "devices", "device_id")["vl-1.cam"]["version"]
    assert api.client("unit").post(f"{ADMIN}/devices/vl-1.cam/revoke", json={"version": newest}).status_code == 204
    assert listed(boss, "devices", "device_id")["vl-1.cam"]["revoked_by"] == "unit"
    assert [a for _, a, _ in api.audit("device.%")] == ["device.add", "device.rotate", "device.revoke"]
    assert secret not in str(api.audit())
    wrong = {"device_id": "<script>", "kind": "toaster", "office_id": "nowhere", "source_id": "a b"}
    assert codes(boss.post(f"{ADMIN}/devices", json=wrong)) == [
        ("device_id", "pattern"),
        ("source_id", "pattern"),
        ("kind", "choice"),
        ("office_id", "no_office"),
    ]
    other = {**new, "device_id": "x", "office_id": "vl-2"}
    assert codes(api.client("unit").post(f"{ADMIN}/devices", json=other)) == [("office_id", "not_yours")]
    ingestor = {"device_id": "ingest-9", "kind": "ingestor"}
    assert codes(api.client("unit").post(f"{ADMIN}/devices", json=ingestor)) == [("kind", "not_yours")]
    assert boss.post(f"{ADMIN}/devices", json=ingestor).status_code == 201


def test_cameras_are_shown_with_state_provenance_and_device(api: Site, boss: httpx.Client) -> None:
    with db.connect(api.dsn) as conn:
        conn.execute("delete from source")
        conn.execute(
            "insert into source (source_id, office_id, status, provenance, health) values "
            "('cam', 'vl-1', 'degraded', 'camera', '{\"agent_version\": \"1\", \"blind\": \"covered\"}'), ('k', 'vl-2', 'online', null, null)"
        )
        devices.add(conn, "vl-1.cam", "camera_box", "test", office_id="vl-1", source_id="cam")
    cam, kiosk = boss.get(f"{ADMIN}/cameras").json()["sources"]
    assert (cam["status"], cam["provenance"], cam["blind"], cam["registered"]) == (
        "degraded",
        "camera",
        "covered",
        "vl-1.cam",
    )
    assert (kiosk["provenance"], kiosk["registered"]) == (None, None), "unknown is unknown"
    assert [s["office_id"] for s in api.client("unit").get(f"{ADMIN}/cameras").json()["sources"]] == ["vl-1"]


def test_the_log_is_filtered_exported_and_a_change_in_it_is_seen(api: Site, boss: httpx.Client) -> None:
    boss.post(f"{ADMIN}/users", json={"username": "=lan", "role": "hr"})
    boss.post(f"{ADMIN}/users", json={"username": "lan", "role": "hr"})
    api.client("unit").get(f"{ADMIN}/records/offices/file.csv")
    page = boss.get(f"{ADMIN}/audit", params={"action": "account.", "user": "boss", "text": "LAN", "limit": 1}).json()
    assert [(r["action"], r["detail"]["username"]) for r in page["rows"]] == [("account.add", "lan")]
    assert (page["chain"]["checked"], page["chain"]["broken_at"]) == (True, None)
    assert page["before"] == page["rows"][0]["number"]
    older = {"action": "account.", "user": "boss", "before": page["before"]}
    assert page["before"] not in [r["number"] for r in boss.get(f"{ADMIN}/audit", params=older).json()["rows"]]
    assert boss.get(f"{ADMIN}/audit", params={"since": "2031-01-01"}).json()["rows"] == []
    assert boss.get(f"{ADMIN}/audit", params={"since": "yesterday"}).status_code == 422
    assert {r["username"] for r in api.client("unit").get(f"{ADMIN}/audit").json()["rows"]} <= {"unit", "clerk"}
    with db.connect(api.dsn) as conn:
        conn.execute("insert into audit (username, action, detail) values ('=cmd', '@x', '{}')")
    text = boss.get(f"{ADMIN}/audit/file.csv", params={"action": "@x"}).text
    number, _, user, action, _, digest = next(iter(list(csv.reader(io.StringIO(text)))[1:]))
    assert (user, action, len(digest)) == ("'=cmd", "'@x", 64)
    with db.connect(api.dsn) as conn:
        conn.execute("alter table audit disable trigger user")
        conn.execute("update audit set detail = '{\"x\": 1}' where chain_no = %s", [int(number)])
        conn.execute("alter table audit enable trigger user")
    assert boss.get(f"{ADMIN}/audit").json()["chain"]["broken_at"] == int(number)
    assert api.client("boss").get("/api/v1/auth/me").json()["username"] == "boss"
    assert PASSWORD not in text

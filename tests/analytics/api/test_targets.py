"""Targets through the API: who may read them, who may set them, and the audit entry."""

from __future__ import annotations

from typing import Any

from motcua.analytics import db
from motcua.analytics.api import accounts

NEW = {"metric": "wait_mean_s", "scope": "*", "valid_from": "2026-01-01", "value": 600, "source": "Quyết định 1/QĐ-UBND"}
WRONG: tuple[dict[str, Any], ...] = (
    {"value": 5},
    {"value": "NaN"},
    {"metric": "'; drop table target"},
    {"scope": "office:vl-1\x00"},
    {"valid_from": "2026-13-01"},
    {"source": ""},
    {"value": None, "metric": "remote", "scope": "office:vl-1"},
    {"more": 1},
)


def test_an_admin_sets_a_target_that_everybody_reads_and_the_log_tells(api: Any) -> None:
    with db.connect(api.dsn) as conn:
        accounts.add(conn, "part", "admin", "correct horse battery", "vl-1")
    boss, chief, part = (api.client(name) for name in ("boss", "chief", "part"))
    assert api.client().get("/api/v1/targets").status_code == 401
    assert api.client("clerk").get("/api/v1/targets").status_code == 403
    assert boss.post("/api/v1/targets", json=NEW).status_code == 403, "no header that other sites cannot send"
    for one in (boss, chief, part):
        one.headers["x-motcua-csrf"] = "1"
    assert chief.post("/api/v1/targets", json=NEW).status_code == 403
    assert part.post("/api/v1/targets", json=NEW).status_code == 403
    assert part.post("/api/v1/targets", json=NEW | {"scope": "office:vl-2"}).status_code == 404
    assert part.post("/api/v1/targets", json=NEW | {"scope": "office:vl-1", "value": 1200}).status_code == 201
    made = boss.post("/api/v1/targets", json=NEW)
    assert (made.status_code, made.json()["set_by"], made.json()["value"]) == (201, "boss", 600)
    seen = chief.get("/api/v1/targets").json()
    assert {t["scope"] for t in seen["targets"]} >= {"*", "remote", "office:vl-1"}
    assert {(h["value"], h["carried"]) for h in seen["in_force"] if (h["metric"], h["scope"]) == ("wait_mean_s", "*")} == {
        (600, False)
    }
    local = api.client("local").get("/api/v1/targets").json()
    assert "office:vl-2" not in {t["scope"] for t in local["targets"]}
    with db.connect(api.dsn) as conn:
        told = conn.execute(
            "select username, detail ->> 'scope' from audit where action = 'target.set' order by 1"
        ).fetchall()
    assert told == [("boss", "*"), ("part", "office:vl-1")]


def test_what_is_no_target_is_refused_in_one_sentence(api: Any) -> None:
    boss = api.client("boss")
    boss.headers["x-motcua-csrf"] = "1"
    for wrong in WRONG:
        answer = boss.post("/api/v1/targets", json=NEW | wrong)
        assert answer.status_code == 422, wrong
        assert 5 < len(answer.json()["detail"]) < 300
    with db.connect(api.dsn) as conn:
        assert conn.execute("select count(*) from target where set_by = 'boss'").fetchone() == (0,)

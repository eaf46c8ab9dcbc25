"""What citizens, staff and strangers get from a running API."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import httpx
import psycopg
import pytest
from builders import health, queue, sentiment, visit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from motcua.analytics import db
from motcua.analytics.api import accounts
from motcua.edge.messages import BlindReason

NONE = {"blind": None, "expected_wait_s": None, "low_s": None, "high_s": None, "age_s": None, "as_of": None, "method": None}


def now() -> datetime:
    return datetime.now(UTC)


def public(api: Any) -> dict[str, Any]:
    answer = api.client().get("/api/v1/public/offices").json()
    return {o["office_id"]: o for o in answer["offices"]}


def test_without_data_every_public_wait_is_unknown_and_not_zero(api: Any) -> None:
    found = public(api)
    assert set(found) == {"vl-86", "vl-1", "vl-2"}, "no demo office, none of the past"
    for office in found.values():
        assert office["wait"]["state"] == "unknown"
        assert {k: office["wait"][k] for k in NONE} == NONE


def test_citizens_see_real_waits_with_interval_age_and_n(api: Any) -> None:
    api.write(queue(office_id="vl-1", at=now() - timedelta(seconds=3)))
    wait = public(api)["vl-1"]["wait"]
    assert (wait["state"], wait["expected_wait_s"], wait["low_s"], wait["high_s"], wait["n"]) == ("ok", 480, 300, 720, 12)
    assert 3 <= wait["age_s"] < 20
    assert (wait["method"], wait["provenance"]) == ("camera", "camera")


@pytest.mark.parametrize("provenance", ["replay", "simulated"])
def test_replayed_and_simulated_figures_never_become_public(api: Any, provenance: str) -> None:
    api.write(
        queue(office_id="vl-1", at=now(), provenance=provenance),
        queue(office_id="DEMO", at=now()),
        visit(office_id="vl-1", at=now()),
    )
    text = api.client().get("/api/v1/public/offices").text
    assert provenance not in text
    assert "DEMO" not in text
    assert public(api)["vl-1"]["wait"]["state"] == "unknown"
    assert api.client().get("/api/v1/public/offices/DEMO").status_code == 404


def test_a_public_figure_of_too_few_visits_is_withheld(api: Any) -> None:
    api.write(queue(office_id="vl-1", at=now(), n=4))
    wait = public(api)["vl-1"]["wait"]
    assert (wait["state"], wait["expected_wait_s"]) == ("too_few", None)


def test_an_old_figure_is_stale_and_says_how_old(api: Any) -> None:
    api.write(queue(office_id="vl-1", at=now() - timedelta(minutes=5)))
    wait = public(api)["vl-1"]["wait"]
    assert (wait["state"], wait["expected_wait_s"]) == ("stale", None)
    assert wait["age_s"] == pytest.approx(300, abs=20)


def test_the_public_answer_is_not_sent_twice(api: Any) -> None:
    client = api.client()
    first = client.get("/api/v1/public/offices")
    again = client.get("/api/v1/public/offices", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["cache-control"] == "public, max-age=5"


def test_staff_see_nothing_without_a_login(api: Any) -> None:
    client = api.client()
    for path in (
        "live",
        "offices/vl-1/live",
        "offices/vl-1/waits",
        "offices/vl-1/today",
        "sources",
        "dead-letters",
        "events",
        "auth/me",
    ):
        answer = client.get(f"/api/v1/{path}")
        assert (answer.status_code, list(answer.json())) == (401, ["detail"]), path


def test_each_sees_the_part_of_the_tree_that_is_theirs(api: Any) -> None:
    def seen(name: str) -> set[str]:
        return {o["office_id"] for o in api.client(name).get("/api/v1/live").json()["offices"]}

    assert seen("boss") == {"vl-86", "vl-1", "vl-2", "DEMO"}
    assert seen("chief") == {"vl-86", "vl-1", "vl-2"}
    assert seen("local") == {"vl-1"}
    assert api.client("local").get("/api/v1/offices/vl-2/live").status_code == 404
    assert api.client("clerk").get("/api/v1/live").status_code == 403
    assert api.client("chief").get("/api/v1/dead-letters").status_code == 403


def test_a_supervisor_sees_queue_counters_and_todays_visits(api: Any) -> None:
    counters = ({"counter_id": "q1", "in_service": 1, "open": True}, {"counter_id": "q2", "in_service": 0, "open": False})
    at = now()
    api.write(
        queue(office_id="vl-1", at=at, counters=counters, oldest_wait_s=700.0),
        visit(office_id="vl-1", at=at),
        visit(office_id="vl-1", at=at, outcome="reneged", service_start_at=None, counter_id=None),
        visit(office_id="vl-1", at=at, provenance="simulated", source_id="sim"),
        health(office_id="vl-1", at=at),
    )
    client = api.client("local")
    (office,) = client.get("/api/v1/live").json()["offices"]
    assert (office["visits_today"], office["served_today"], office["oldest_wait_s"]) == (2, 1, 700)
    detail = client.get("/api/v1/offices/vl-1/live").json()
    assert [(c["counter_id"], c["in_service"], c["open"], c["served_today"]) for c in detail["counters"]] == [
        ("q1", 1, True, 1),
        ("q2", 0, False, 0),
    ]
    assert {s["source_id"]: s["status"] for s in detail["sources"]} == {"cam-1": "online", "sim": "unknown"}
    today = client.get("/api/v1/offices/vl-1/today").json()
    assert (today["provenance"], today["visits"], today["served"], today["reneged"]) == ("camera", 2, 1, 1)
    assert today["wait"] == {
        "mean_s": 300, "low_s": None, "high_s": None, "n": 1, "within_15_share": 1, "censored_share": 0.5, "stitched_share": 0,
    }  # fmt: skip


@pytest.mark.parametrize("reason", get_args(BlindReason))
def test_a_supervisor_sees_why_a_camera_is_blind_and_the_public_does_not(api: Any, reason: str) -> None:
    at = now()
    unseen = dict.fromkeys(("waiting", "in_service", "open_counters"))
    api.write(
        queue(office_id="vl-1", at=at, state="blind", blind=reason, n=0, **unseen),
        health(office_id="vl-1", at=at, status="degraded", blind=reason),
    )
    detail = api.client("local").get("/api/v1/offices/vl-1/live").json()
    assert (detail["wait"]["state"], detail["wait"]["blind"], detail["wait"]["waiting"]) == ("blind", reason, None)
    assert [s["health"]["blind"] for s in detail["sources"]] == [reason]
    shown = public(api)["vl-1"]["wait"]
    assert (shown["state"], shown["blind"]) == ("blind", None)


def test_the_waits_of_twelve_hours_are_twelve_buckets_and_empty_ones_are_unknown(api: Any) -> None:
    at = now()
    api.write(*(visit(office_id="vl-1", at=at, seq=i + 1, epoch=4) for i in range(3)))
    answer = api.client("local").get("/api/v1/offices/vl-1/waits", params={"hours": 12}).json()
    assert len(answer["buckets"]) == 12
    last, empty = answer["buckets"][-1], answer["buckets"][0]
    assert (last["n"], last["mean_s"], last["low_s"], last["high_s"], last["max_s"]) == (3, 300, 300, 300, 300)
    assert (empty["n"], empty["mean_s"], empty["within_15_share"], empty["until_service"]) == (0, None, None, None)
    assert (answer["period"]["little"], answer["period"]["estimates_differ"]) == (None, None), "nothing was counted"
    for hours in (0, 169, "x"):
        assert api.client("local").get("/api/v1/offices/vl-1/waits", params={"hours": hours}).status_code == 422


def test_a_day_has_three_estimands_and_little_beside_them(api: Any) -> None:
    """Eight hours of a queue of known truth: one who gave up in four, one still waiting, the camera's own count beside it."""
    at = now()
    day = datetime.combine((at + timedelta(hours=7)).date(), datetime.min.time(), UTC) - timedelta(hours=7)
    base = at - timedelta(hours=9) if (at - day) > timedelta(hours=10) else day - timedelta(hours=10)
    hours = [base.replace(minute=0, second=0, microsecond=0) + timedelta(hours=h) for h in range(8)]
    for start in hours:
        for i, wait_s in enumerate((300, 600, 900, 1200)):
            arrival = start + timedelta(minutes=10 + i)
            left = arrival + timedelta(seconds=wait_s)
            if i == 3:
                end = {"departure_at": left, "outcome": "reneged", "service_start_at": None, "counter_id": None, "at": left}
            else:
                close = left + timedelta(seconds=240)
                end = {"service_start_at": left, "departure_at": close, "at": close}
            api.write(visit(office_id="vl-1", arrival_at=arrival, **end))
        sums = {"measured_s": 3600.0, "waiting_person_s": 3000.0, "queue_arrivals": 4, "queue_departures": 4}
        api.write(queue(office_id="vl-1", at=start + timedelta(minutes=59), **sums))
    api.write(queue(office_id="vl-1", at=at, waiting=1, waited_min={5: 1}, expected_wait_s=480.0))
    answer = api.client("local").get("/api/v1/offices/vl-1/waits", params={"hours": 24}).json()
    period = answer["period"]
    assert (period["served"]["n"], period["served"]["mean_s"]) == (24, 600)
    assert (period["still_waiting"], period["foretold"]) == (1, 1)
    waiting_s = 330 + 240  # five minutes and a half so far; the only one in line is half way to a newcomer's wait
    assert (period["in_queue"]["n"], period["in_queue"]["mean_s"]) == (
        33,
        pytest.approx((8 * 3000 + waiting_s) / 33, abs=0.1),
    )
    assert (period["until_service"]["n"], period["until_service"]["events"]) == (33, 25)
    assert period["until_service"]["mean_s"] > 600
    assert period["until_service"]["median_s"] == pytest.approx(640, abs=60)
    assert (period["little"]["mean_s"], period["little"]["departures"]) == (750, 32)
    assert period["estimates_differ"] is False
    of_the_hour = [b["until_service"]["n"] for b in answer["buckets"] if b["until_service"]]
    assert sum(of_the_hour) == 33
    broken = {"measured_s": 0.0, "waiting_person_s": 3000.0, "queue_arrivals": 0, "queue_departures": 0}
    api.write(*(queue(office_id="vl-1", at=start + timedelta(minutes=58), **broken) for start in hours))
    answer = api.client("local").get("/api/v1/offices/vl-1/waits", params={"hours": 24}).json()
    assert (answer["period"]["little"]["mean_s"], answer["period"]["estimates_differ"]) == (1500, True)
    assert answer["period"]["long_stays"] == 0
    came_at = at - timedelta(hours=5)
    api.write(visit(office_id="vl-1", arrival_at=came_at, service_start_at=came_at + timedelta(hours=3), at=at))
    answer = api.client("local").get("/api/v1/offices/vl-1/waits", params={"hours": 24}).json()
    assert (answer["period"]["long_stays"], answer["period"]["until_service"]["n"]) == (1, 34)
    today = api.client("local").get("/api/v1/offices/vl-1/today").json()
    assert set(today["period"]) == set(period)


def test_sentiment_is_off_until_it_is_on_insufficient_until_there_is_enough(api: Any) -> None:
    def state() -> dict[str, Any]:
        answer: dict[str, Any] = api.client("local").get("/api/v1/offices/vl-1/today").json()["sentiment"]
        return answer

    assert state()["state"] == "off"
    at = now()
    api.write(health(office_id="vl-1", at=at, sentiment_on=True))
    assert (state()["state"], state()["valence"]) == ("insufficient", None)
    end = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    period = {"period_start": end - timedelta(hours=1), "period_end": end, "at": end}
    api.write(sentiment(office_id="vl-1", **period), sentiment(office_id="vl-1", counter_id="q2", **period))
    found = state()
    assert (found["state"], found["n"], found["valence"]) == ("ok", 20, 0.2)
    assert found["low"] < 0.2 < found["high"]
    assert found["class_shares"] == {"happy": 0.4, "neutral": 0.6}


def test_a_page_hears_of_news_within_two_seconds_and_only_of_its_own_offices(
    api: Any, eventually: Callable[..., object]
) -> None:
    heard: list[str] = []
    client = api.client("local")

    def listen() -> None:
        try:
            with client.stream("GET", "/api/v1/events", timeout=30) as stream:
                heard.extend(stream.iter_lines())
        except httpx.HTTPError:
            pass

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    eventually(lambda: "event: ping" in heard)
    eventually(lambda: "motcua_live_pages 1" in api.client().get("/metrics").text)
    api.write(queue(office_id="vl-2", at=now()), queue(office_id="vl-1", at=now()))
    eventually(lambda: "event: office" in heard, timeout=2.0)
    data = json.loads(
        next(line for line in heard if line.startswith("data:") and "office_id" in line).removeprefix("data: ")
    )
    assert data["office_id"] == "vl-1"
    assert not any("vl-2" in line for line in heard)


def test_a_login_is_audited_and_ends_at_once_when_the_account_is_disabled(api: Any) -> None:
    client = api.client("local")
    assert client.get("/api/v1/auth/me").json() == {"username": "local", "role": "supervisor", "office_id": "vl-1"}
    wrong = api.client().post("/api/v1/auth/login", json={"username": "local", "password": "guess"})
    nobody = api.client().post("/api/v1/auth/login", json={"username": "nobody", "password": "guess"})
    assert (
        (wrong.status_code, wrong.json())
        == (nobody.status_code, nobody.json())
        == (401, {"detail": "wrong user name or password"})
    )
    with db.connect(api.dsn) as conn:
        accounts.disable(conn, "local")
        actions = [row[0] for row in conn.execute("select action from audit order by audit_id").fetchall()]
    assert actions[-4:] == ["login", "login.failed", "login.failed", "account.disable"]
    assert client.get("/api/v1/auth/me").status_code == 401
    assert (
        api.client().post("/api/v1/auth/login", json={"username": "local", "password": "correct horse battery"}).status_code
        == 401
    )


def test_logging_out_needs_the_header_and_ends_the_session(api: Any) -> None:
    client = api.client("boss")
    token = client.cookies["motcua_session"]
    assert client.post("/api/v1/auth/logout").status_code == 403
    assert client.post("/api/v1/auth/logout", headers={"X-Motcua-Csrf": "1"}).status_code == 204
    assert client.get("/api/v1/auth/me", cookies={"motcua_session": token}).status_code == 401
    with db.connect(api.dsn) as conn:
        stored = conn.execute("select count(*) from session where encode(token_hash, 'escape') like %s", [f"%{token}%"])
        assert stored.fetchone() == (0,), "the token itself is never stored"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(api: Any) -> None:
    answer = api.client().post("/api/v1/auth/login", json={"username": "boss", "password": "correct horse battery"})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_guessing_is_slowed_down(api: Any) -> None:
    client, began, codes = api.client(), time.monotonic(), list[int]()
    while 429 not in codes and len(codes) < 100:  # 20 at once, then one every three seconds, however slow this machine is
        answer = client.post("/api/v1/auth/login", json={"username": "chief", "password": f"p{len(codes)}"})
        codes.append(answer.status_code)
    assert codes[:20] == [401] * 20
    assert codes[-1] == 429
    assert len(codes) <= 22 + (time.monotonic() - began) / 3


def test_headers_protect_every_answer(api: Any) -> None:
    client = api.client()
    for path in ("/api/v1/public/offices", "/api/v1/live", "/healthz", "/nowhere"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert "uvicorn" not in headers.get("server", "")


def test_probes_tell_a_live_process_from_a_ready_one(api: Any, pg_server: Any) -> None:
    client = api.client()
    assert client.get("/readyz").json() == {"status": "ok", "back_end": "plain"}
    name = api.dsn.rsplit("/", 1)[1]
    with psycopg.connect(pg_server.dsn, autocommit=True) as admin:
        admin.execute(f"alter database {name} allow_connections false".encode())
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        answer = client.get("/readyz", timeout=20)
        assert (answer.status_code, answer.json()) == (
            503,
            {"detail": "the database cannot be reached: try again in a moment"},
        )
        assert client.get("/healthz").status_code == 200
        admin.execute(f"alter database {name} allow_connections true".encode())


def test_it_is_ready_again_once_the_database_is(api: Any, pg_server: Any, eventually: Callable[..., object]) -> None:
    name = api.dsn.rsplit("/", 1)[1]
    with psycopg.connect(pg_server.dsn, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
    eventually(lambda: api.client().get("/readyz").status_code == 200)


def test_the_dead_letters_are_there_for_the_admin(api: Any) -> None:
    with db.connect(api.dsn) as conn:
        conn.execute(
            "insert into dead_letter (digest, topic, payload, reason) values ('\\x01', 'motcua/v1/a/b/visit', %s, 'not JSON')",
            [b"\xff<script>"],
        )
    (letter,) = api.client("boss").get("/api/v1/dead-letters").json()
    assert (letter["reason"], letter["payload"], letter["times"]) == ("not JSON", "�<script>", 1)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300), st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=3))
def test_hostile_input_is_an_answer_and_never_an_error_of_ours(api: Any, text: str, query: dict[str, str]) -> None:
    client = _boss(api)
    for path in (f"/api/v1/offices/{text!r}/live", f"/api/v1/public/offices/{text!r}", f"/api/v1/offices/{text!r}/waits"):
        try:
            answer = client.get(path, params=query)
        except (httpx.InvalidURL, UnicodeEncodeError, ValueError):
            continue
        assert answer.status_code in (200, 404, 422), (path, answer.text)
        assert "Traceback" not in answer.text
    try:
        answer = client.post("/api/v1/auth/login", json={"username": text, "password": text})
    except UnicodeEncodeError:  # the client itself cannot send it
        return
    assert answer.status_code in (401, 422, 429), answer.text


_clients: dict[str, httpx.Client] = {}


def _boss(api: Any) -> httpx.Client:
    if api.url not in _clients:
        _clients[api.url] = api.client("boss")
    return _clients[api.url]


def test_openapi_describes_every_part(api: Any) -> None:
    paths = api.client().get("/openapi.json").json()["paths"]
    for path in (
        "/api/v1/public/offices",
        "/api/v1/live",
        "/api/v1/offices/{office_id}/waits",
        "/api/v1/auth/login",
        "/healthz",
    ):
        assert path in paths
    assert api.client().get("/docs").status_code == 200

"""Kiosks and QR pages of a running API, and what staff see of the answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from builders import rating, visit

from motcua.analytics import db, rating_store
from motcua.analytics.api import accounts
from motcua.analytics.api.app import create_app
from motcua.analytics.api.kiosk import QrDoor, address_of
from motcua.analytics.api.settings import ApiSettings

SECRET = "a secret of the tests, 32 characters"


def now() -> datetime:
    return datetime.now(UTC)


def kiosk(api: Any, office: str = "vl-1", counter: str | None = "q1", provenance: str = "kiosk") -> httpx.Client:
    with db.connect(api.dsn) as conn:
        token = rating_store.add_kiosk(conn, office, "k1", counter, provenance)
    client: httpx.Client = api.client()
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def answer(**fields: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "at": now().isoformat(), "epoch": 1, "seq": 1, "score": 5} | fields


def stored(api: Any) -> list[tuple[Any, ...]]:
    with db.connect(api.dsn) as conn:
        return conn.execute(
            "select office_id, counter_id, source_id, score, channel, provenance from rating order by at, score"
        ).fetchall()


def hr(api: Any, office: str | None = "vl-86") -> httpx.Client:
    with db.connect(api.dsn) as conn:
        if "people" not in [row[0] for row in accounts.listed(conn)]:
            accounts.add(conn, "people", "hr", "correct horse battery", office)
    client: httpx.Client = api.client("people")
    client.headers["x-motcua-csrf"] = "1"
    return client


def test_a_kiosks_answer_is_kept_once_however_often_it_is_sent(api: Any) -> None:
    client, one = kiosk(api), answer()
    for _ in range(3):
        sent = client.post("/api/v1/kiosk/ratings", json={"ratings": [one]})
        assert (sent.status_code, sent.json()["kept"], sent.json()["refused"]) == (200, [one["id"]], [])
    assert stored(api) == [("vl-1", "q1", "k1", 5, "kiosk", "kiosk")]


def test_a_kiosk_speaks_for_its_own_counter_only(api: Any) -> None:
    client = kiosk(api)
    client.post("/api/v1/kiosk/ratings", json={"ratings": [answer(office_id="vl-2", counter_id="q9", provenance="camera")]})
    assert stored(api) == [("vl-1", "q1", "k1", 5, "kiosk", "kiosk")]


def test_what_is_no_rating_is_refused_by_itself_and_kept_where_it_can_be_seen(api: Any) -> None:
    client = kiosk(api)
    items = [answer(score=9), answer(seq=2), answer(id="no"), {"nonsense": 1}]
    got = client.post("/api/v1/kiosk/ratings", json={"ratings": items}).json()
    assert got["kept"] == [items[1]["id"]]
    assert [r["index"] for r in got["refused"]] == [0, 2, 3]
    assert len(api.client("boss").get("/api/v1/dead-letters").json()) >= 1
    assert client.post("/api/v1/kiosk/ratings", json={"ratings": [answer()] * 101}).status_code == 422


def test_a_clock_that_runs_ahead_loses_nothing(api: Any) -> None:
    client, early = kiosk(api), answer(at=(now() + timedelta(days=2)).isoformat())
    for _ in range(2):
        assert client.post("/api/v1/kiosk/ratings", json={"ratings": [early]}).json()["kept"] == [early["id"]]
    with db.connect(api.dsn) as conn:
        ((at,),) = conn.execute("select at from rating").fetchall()
    assert abs((now() - at).total_seconds()) < 60


def test_strangers_and_ended_kiosks_give_nothing(api: Any) -> None:
    client = kiosk(api)
    with db.connect(api.dsn) as conn:
        rating_store.disable_kiosk(conn, "vl-1", "k1")
    for authorization in (client.headers["Authorization"], "Bearer x", "Basic x", ""):
        got = api.client().post(
            "/api/v1/kiosk/ratings", json={"ratings": [answer()]}, headers={"Authorization": authorization}
        )
        assert got.status_code == 401
    assert stored(api) == []


def test_a_kiosk_that_asks_too_often_is_held_up(api: Any) -> None:
    client = kiosk(api)
    codes = [client.get("/api/v1/kiosk").status_code for _ in range(70)]
    assert codes[0] == 200
    assert 429 in codes


@pytest.fixture
def door(api: Any) -> Iterator[Callable[..., QrDoor]]:
    """The QR page's part of an API that has a secret, on the same database."""
    opened = []

    def make(per_minute: int = 1000) -> QrDoor:
        app = create_app(ApiSettings(dsn=api.dsn, rating_secret=SECRET, qr_per_minute=per_minute))  # type: ignore[arg-type]
        opened.append(app.state.context.pool)
        opened[-1].open()
        return QrDoor(app.state.context)

    yield make
    for pool in opened:
        pool.close()


def token(**more: Any) -> str:
    fields = {"office_id": "vl-2", "counter_id": "q3", "at": now() - timedelta(minutes=4), "simulated": False} | more
    return address_of("http://x", SECRET, **fields).removeprefix("http://x/r/")


def test_a_qr_token_gives_one_rating_with_its_comment(api: Any, door: Callable[..., QrDoor]) -> None:
    asked, one = door(), token()
    assert asked.look(one, now()).outcome == "open"
    assert asked.give(one, "2", "waiting", "Gọi tôi: 0912345678", "a", now(), 0).outcome == "thanks"
    assert asked.give(one, "5", None, None, "a", now(), 0).outcome == "used"
    assert asked.look(one, now()).outcome == "used"
    assert stored(api) == [("vl-2", "q3", "qr", 2, "qr", "kiosk")]
    comments = hr(api).get("/api/v1/offices/vl-2/comments").json()["comments"]
    assert [c["comment"] for c in comments] == ["Gọi tôi: ***"]
    for name in ("chief", "boss", "clerk"):
        assert api.client(name).get("/api/v1/offices/vl-2/comments").status_code == 403


def test_a_qr_page_refuses_what_it_should(api: Any, door: Callable[..., QrDoor]) -> None:
    asked, one = door(5), token()
    assert asked.give("forged.token", "5", None, None, "a", now(), 0).outcome == "forged"
    assert asked.give(token(at=now() - timedelta(days=9)), "5", None, None, "a", now(), 0).outcome == "expired"
    for score in ("0", "6", "x", ""):
        assert asked.give(one, score, None, None, "b", now(), 0).outcome == "wrong"
    assert asked.give(one, "5", "nonsense", None, "c", now(), 0).outcome == "wrong"
    assert [asked.give(token(), "5", None, None, "d", now(), 0).outcome for _ in range(7)] == ["thanks"] * 5 + ["many"] * 2
    assert len(stored(api)) == 5


HOSTILE = ["", "\0", "' or 1=1 --", "<script>", "../../etc/passwd", "é" * 400, "x" * 100_000, "9" * 400, "NaN", "None"]


def test_no_answer_breaks_the_page(door: Callable[..., QrDoor]) -> None:
    asked = door()
    for text in HOSTILE:
        assert asked.look(text, now()).outcome == "forged"
        assert asked.give(text, text, text, text, "z", now(), 0).outcome == "forged"
        assert asked.give(token(), text, text, text, "y", now(), 0).outcome == "wrong"
        assert asked.give(token(), "5", None, text, "x", now(), 0).outcome == "thanks"


def fill(api: Any, office: str, counter: str, n: int, satisfied: int, **fields: Any) -> None:
    at = now() - timedelta(days=2)
    api.write(
        *(
            rating(
                office_id=office,
                counter_id=counter,
                at=at + timedelta(minutes=7 * i),
                score=5 if i < satisfied else 2,
                **fields,
            )
            for i in range(n)
        )
    )


def roster(api: Any, office: str, counter_officers: dict[str, str]) -> None:
    with db.connect(api.dsn) as conn:
        for counter, officer in counter_officers.items():
            conn.execute(
                "insert into officer (officer_id, name, office_id) values (%s, %s, %s) on conflict do nothing",
                [officer, officer, office],
            )
            for day in range(-1, 4):
                start = now() - timedelta(days=day)
                conn.execute(
                    "insert into shift (shift_id, officer_id, office_id, counter_id, start_at, end_at) values (%s, %s, %s, %s, %s, %s)",
                    [uuid4(), officer, office, counter, start, start + timedelta(hours=24)],
                )


def test_satisfaction_with_its_interval_and_response_rate(api: Any) -> None:
    fill(api, "vl-1", "q1", 40, 30)
    api.write(*(visit(office_id="vl-1", at=now() - timedelta(days=2, minutes=i)) for i in range(80)))
    got = api.client("chief").get("/api/v1/ratings").json()
    (office,) = [o["figure"] for o in got["offices"] if o["office_id"] == "vl-1"]
    assert (office["state"], office["n"], office["share"], office["verdict"]) == ("ok", 40, 0.75, "missed")
    assert (office["low"], office["high"]) == (0.5981, 0.8581)
    assert (office["served"], office["response_rate"]) == (80, 0.5)
    assert got["unit"]["n"] == 40
    assert [o["figure"]["state"] for o in got["offices"] if o["office_id"] == "vl-2"] == ["unknown"]


def test_few_answers_and_simulated_ones(api: Any) -> None:
    fill(api, "vl-1", "q1", 4, 4)
    fill(api, "vl-2", "q1", 40, 40, provenance="simulated")
    got = api.client("chief").get("/api/v1/ratings").json()
    figures = {o["office_id"]: o["figure"] for o in got["offices"]}
    assert (figures["vl-1"]["state"], figures["vl-1"]["share"]) == ("too_few", None)
    assert (figures["vl-2"]["state"], figures["vl-2"]["provenance"]) == ("ok", "simulated")
    assert got["unit"]["n"] == 4, "real and simulated answers are never added up"


def test_the_figure_of_one_officer_is_withheld_from_all_but_hr(api: Any) -> None:
    fill(api, "vl-1", "q1", 40, 30)
    fill(api, "vl-2", "q1", 30, 30)
    roster(api, "vl-1", {"q1": "lan"})
    chief, people = api.client("chief"), hr(api)
    shown = {o["office_id"]: o["figure"] for o in chief.get("/api/v1/ratings").json()["offices"]}
    assert shown["vl-1"]["state"] == "withheld"
    assert shown["vl-1"]["share"] is shown["vl-1"]["n"] is None
    assert shown["vl-2"]["state"] == "withheld", "else the total less this one tells the other"
    detail = chief.get("/api/v1/offices/vl-1/ratings").json()
    assert (detail["figure"]["state"], detail["counters"], detail["months"], detail["channels"]) == ("withheld", [], [], [])
    everything = people.get("/api/v1/offices/vl-1/ratings").json()
    assert (everything["figure"]["n"], everything["officers"]) == (40, 1)


def test_a_counter_of_one_officer_is_withheld_where_the_office_is_not(api: Any) -> None:
    for counter in ("q1", "q2", "q3"):
        fill(api, "vl-1", counter, 20, 15)
    roster(api, "vl-1", {"q1": "lan", "q2": "hoa", "q3": "mai"})
    got = api.client("chief").get("/api/v1/offices/vl-1/ratings").json()
    assert (got["figure"]["state"], got["figure"]["n"], got["officers"], got["largest_share"]) == ("ok", 60, 3, None)
    assert [c["figure"]["state"] for c in got["counters"]] == ["withheld"] * 3
    assert [c["figure"]["n"] for c in hr(api).get("/api/v1/offices/vl-1/ratings").json()["counters"]] == [20] * 3


def test_doors_of_the_ratings(api: Any) -> None:
    assert api.client().get("/api/v1/ratings").status_code == 401
    assert api.client("clerk").get("/api/v1/ratings").status_code == 403
    assert api.client("local").get("/api/v1/offices/vl-2/ratings").status_code == 404
    assert api.client("local").get("/api/v1/ratings?unit=vl-86").status_code == 404
    for query in ("since=2026-02-02&until=2026-02-01", "since=nonsense", "since=0001-01-01", "unit='; drop table rating"):
        assert api.client("chief").get(f"/api/v1/ratings?{query}").status_code == 422
    for name in ("chief", "clerk"):
        client = api.client(name)
        client.headers["x-motcua-csrf"] = "1"
        assert client.post("/api/v1/ratings/import", content=b"x").status_code == 403


def test_call_backs_are_looked_at_then_stored_once(api: Any) -> None:
    people = hr(api)
    data = b"at,office_id,score,phone\n02/03/2026 08:00,vl-1,5,0912345678\n02/03/2026 08:00,vl-2,3,\n"
    looked = people.post("/api/v1/ratings/import", content=data).json()
    assert (looked["written"], looked["imported"], looked["dropped_columns"]) == (False, 2, ["phone"])
    assert stored(api) == []
    assert people.post("/api/v1/ratings/import?write=true", content=data).json()["imported"] == 2
    again = people.post("/api/v1/ratings/import?write=true", content=data).json()
    assert (again["imported"], again["duplicates"]) == (0, 2)
    assert len(stored(api)) == 2
    wrong = people.post("/api/v1/ratings/import?write=true", content=data + b"x,y,z,\n").json()
    assert (wrong["written"], wrong["errors"][0]["line"]) == (False, 4)
    with db.connect(api.dsn) as conn:
        kept = str(conn.execute("select * from rating_import").fetchall()) + str(
            conn.execute("select * from rating").fetchall()
        )
    assert "0912" not in kept


def test_findings_stand_beside_the_figure(api: Any) -> None:
    at = now() - timedelta(days=1)
    api.write(*(rating(office_id="vl-1", counter_id="q1", at=at + timedelta(seconds=3 * i), score=5) for i in range(8)))
    found = api.client("chief").get("/api/v1/offices/vl-1/ratings").json()["findings"]
    assert [(f["kind"], f["n"], f["counter_id"]) for f in found if f["kind"] == "burst"] == [("burst", 8, "q1")]


def test_the_pages_of_the_kiosk_and_of_a_qr_code(api: Any) -> None:
    client = api.client()
    page = client.get("/kiosk")
    assert page.status_code == 200
    assert len(re.findall(r"data-score", page.text)) == 5
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert client.get("/r/forged").status_code == 404
    for name in ("rate.css", "kiosk.js"):
        assert client.get(f"/rate-assets/{name}").status_code == 200
    assert client.get("/rate-assets/..%2Frate.py").status_code == 404

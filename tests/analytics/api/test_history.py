"""History through the API: figures that one can add up by hand, kinds of data apart, doors, hostile addresses."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from builders import rating, visit

from motcua.analytics import db
from motcua.analytics.store import VIET_NAM

FIRST = date(2026, 2, 2)  # a Monday
ADDRESS = "/api/v1/history?since=2026-02-02&until=2026-03-02"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 2, 2, hour, minute, tzinfo=VIET_NAM) + timedelta(days=day)


def one(day: int, hour: int, wait_s: float, minute: int = 0, **fields: Any) -> Any:
    """A visit that came at an hour, waited so long and was served for 10 minutes at q1."""
    came = at(day, hour, minute)
    start = came + timedelta(seconds=wait_s)
    done = start + timedelta(seconds=600)
    base = {"office_id": "vl-1", "at": done, "arrival_at": came, "service_start_at": start, "departure_at": done}
    return visit(**base | fields)


def fill(api: Any) -> None:
    """vl-1: 24 days, mornings of 10 and 20 minutes; vl-2: a single visit; vl-86: simulated only."""
    visits = [
        one(day, 8, wait, minute=i, counter_id=f"q{1 + i % 2}")
        for day in range(28)
        if day % 7 < 6
        for i, wait in enumerate((600, 600, 600, 1200, 1200, 1200))
    ]
    visits += [one(3, 9, 4000, office_id="vl-2")]
    visits += [one(d, 10, 60, office_id="vl-86", provenance="simulated") for d in range(6)]
    api.write(*visits)


def test_a_month_of_an_office_is_what_its_visits_say(api: Any) -> None:
    fill(api)
    chief = api.client("chief")
    answer = chief.get(f"{ADDRESS}&office=vl-1&vs_since=2026-01-05&vs_until=2026-02-02").json()
    (series,) = answer["series"]
    figure = series["a"]["figure"]
    assert (figure["state"], figure["provenance"], figure["n"], figure["days"]) == ("ok", "camera", 144, 24)
    assert figure["mean_s"] == {"value": 900, "low": 850.4, "high": 949.6}
    assert (figure["within_15"]["value"], figure["within_30"]["value"]) == (0.5, 1)
    assert 0.41 < figure["within_15"]["low"] < 0.45
    assert (figure["median_s"]["value"], figure["quantiles"], figure["assumes"]) == (660, "ok", "days")
    assert figure["median_s"]["low"] <= 660 <= figure["median_s"]["high"]
    assert 1200 < figure["p90_s"]["value"] <= 1260
    assert figure["until_service_s"]["value"] == 900
    assert figure["handling_s"]["value"] == 600
    assert [s["start"] for s in series["a"]["steps"]][:2] == ["2026-02-02", "2026-02-03"]
    assert all(s["n"] == 6 and s["mean_s"]["value"] == 900 for s in series["a"]["steps"])
    cells = {(c["weekday"], c["hour"]): c for c in series["a"]["heat"]}
    assert set(cells) == {(w, 8) for w in range(1, 7)}
    assert (cells[1, 8]["n"], cells[1, 8]["hours"], cells[1, 8]["mean_s"]["value"]) == (24, 4, 900)
    assert (series["b"]["figure"]["state"], series["b"]["figure"]["mean_s"], series["difference"]) == ("unknown", None, None)
    cards = {k["metric"]: k for k in series["a"]["kpis"]}
    assert (cards["wait_mean_s"]["state"], cards["wait_mean_s"]["target"], cards["wait_mean_s"]["carried"]) == (
        "open",
        900,
        True,
    )
    assert (cards["handling_mean_s"]["state"], cards["satisfaction_share"]["state"]) == ("met", "unknown")
    work = cards["files_per_person_year"]
    assert (work["state"], work["reason"], work["of"], work["by"]) == ("not_applicable", "level", "visits", "counters")
    assert (work["days"], work["office_year"], work["figure"]["value"]) == (24, 1500, 750)


def test_a_unit_names_what_is_too_few_and_never_adds_up_kinds_of_data(api: Any) -> None:
    fill(api)
    answer = api.client("boss").get(ADDRESS).json()
    (series,) = answer["series"]
    assert (series["office_id"], series["offices"], series["left_out"], series["a"]["figure"]["n"]) == (None, 2, 1, 145)
    table = {r["office_id"]: r for r in answer["table"]}
    assert list(table)[:2] == ["vl-1", "vl-86"], "the longest wait first, unknown last"
    assert (table["vl-2"]["figure"]["state"], table["vl-2"]["figure"]["n"], table["vl-2"]["figure"]["mean_s"]) == (
        "too_few",
        1,
        None,
    )
    assert (table["vl-86"]["figure"]["provenance"], table["vl-86"]["wait"]["state"]) == ("simulated", "met")
    assert (table["DEMO"]["figure"]["state"], table["DEMO"]["wait"]["state"]) == ("unknown", "unknown")
    assert {c["office_id"] for c in answer["choices"]} == {"vl-86", "vl-1", "vl-2", "DEMO"}
    both = api.client("boss").get(f"{ADDRESS}&office=vl-1&office=vl-86&office=vl-1").json()
    assert [s["office_id"] for s in both["series"]] == ["vl-1", "vl-86"]
    assert both["table"] == []
    day = api.client("boss").get("/api/v1/history?since=2026-02-02&until=2026-02-03&office=vl-1").json()
    assert (day["step"], [s["start"] for s in day["series"][0]["a"]["steps"]]) == ("hour", ["2026-02-02T01:00:00Z"])


def test_files_and_ratings_decide_the_cards_where_there_are_any(api: Any) -> None:
    fill(api)
    api.write(*[rating(office_id="vl-1", at=at(d % 20, 9), score=5 if d % 3 else 2) for d in range(60)])
    with db.connect(api.dsn) as conn:
        conn.execute("update office set level = 'province' where office_id = 'vl-1'")
    boss, lines = api.client("boss"), [f"vl-1,{FIRST + timedelta(days=d):%d/%m/%Y},10" for d in range(24)]
    boss.headers["x-motcua-csrf"] = "1"
    wrong = "\n".join(
        ["office_id,day,received,officer", *lines, "vl-9,02/02/2026,1", "vl-1,1/1/2099,1", "vl-1,03/01/2026,=1", lines[0]]
    )
    looked = boss.post("/api/v1/files/import?write=true", content=wrong.encode()).json()
    assert (looked["written"], looked["dropped_columns"]) == (False, ["officer"])
    assert [e["line"] for e in looked["errors"]] == [26, 27, 28, 29]
    assert api.client("chief").post("/api/v1/files/import", content=b"x").status_code == 403
    kept = boss.post("/api/v1/files/import?write=true", content="\n".join(["office_id,day,received", *lines]).encode())
    assert (kept.json()["written"], kept.json()["imported"]) == (True, 24)
    cards = {k["metric"]: k for k in api.client("chief").get(f"{ADDRESS}&office=vl-1").json()["series"][0]["a"]["kpis"]}
    work = cards["files_per_person_year"]
    assert (work["of"], work["target"], work["state"]) == ("files", 1600, "missed")
    assert 1200 < work["figure"]["value"] < 1300
    asked = cards["satisfaction_share"]
    assert (asked["state"], asked["n"], asked["figure"]["value"], asked["target"]) == ("missed", 60, 0.6667, 0.95)
    assert asked["response_rate"] == round(60 / 144, 4)
    with db.connect(api.dsn) as conn:
        conn.execute("update file_day set received = 1")
    work = api.client("chief").get(f"{ADDRESS}&office=vl-1").json()["series"][0]["a"]["kpis"][3]
    assert (work["state"], work["reason"]) == ("not_applicable", "fewer_files")


def test_doors_and_addresses_that_are_none(api: Any) -> None:
    assert api.client().get(ADDRESS).status_code == 401
    assert api.client("clerk").get(ADDRESS).status_code == 403
    local = api.client("local")
    assert local.get(f"{ADDRESS}&office=vl-2").status_code == 404
    file = ADDRESS.replace("/history?", "/history/file.csv?")
    assert (local.get(f"{file}&office=vl-2").status_code, api.client("clerk").get(file).status_code) == (404, 403)
    assert local.get(f"{file}&lang=en").headers["content-disposition"].endswith('"motcua-2026-02-02-2026-03-01.csv"')
    with db.connect(api.dsn) as conn:
        assert conn.execute("select username from audit where action = 'history.export'").fetchall() == [("local",)]
    assert [c["office_id"] for c in local.get(ADDRESS).json()["choices"]] == ["vl-1"]
    for wrong in (
        "since=2026-02-02",
        "since=2026-03-02&until=2026-02-02",
        "since=2020-01-01&until=2026-01-01",
        "since=0001-01-01&until=2026-01-01",
        "since=2026-02-02&until=2026-03-02&vs_since=2026-01-01",
        "since=2026-02-02&until=2026-03-02&step=second",
        "since=2026-02-02&until=2026-03-02&office=%27;drop table visit",
        "since=2026-02-02&until=2026-03-02" + "".join(f"&office=o{i}" for i in range(7)),
        "since=<script>&until=2026-03-02",
    ):
        refused = local.get(f"/api/v1/history?{wrong}")
        assert (refused.status_code, len(refused.json()["detail"]) < 300) == (422, True), wrong

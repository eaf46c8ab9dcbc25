"""The last hour and an office's counters, from a running API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from builders import health, queue, visit

Q1, Q2 = ({"counter_id": c, "in_service": 1, "open": True} for c in ("q1", "q2"))


def now() -> datetime:
    return datetime.now(UTC)


def served(counter_id: str, n: int, at: datetime, **fields: Any) -> list[Any]:
    given = {"arrival_at": at - timedelta(seconds=900), "service_start_at": at - timedelta(seconds=300), "departure_at": at}
    return [visit(office_id="vl-1", counter_id=counter_id, at=at, **given, **fields) for _ in range(n)]


def test_the_last_hour_is_shown_to_whom_it_belongs_and_kinds_of_data_stay_apart(api: Any) -> None:
    at = now()
    api.write(
        queue(office_id="vl-1", at=at, expected_wait_s=480.0),
        queue(office_id="vl-1", at=at, source_id="sim", provenance="simulated", expected_wait_s=600.0),
        queue(office_id="vl-1", at=at - timedelta(minutes=33), expected_wait_s=700.0),
        queue(office_id="vl-2", at=at, state="blind", waiting=None),
    )
    answer = api.client("local").get("/api/v1/trends").json()
    found = {t["provenance"]: t["points"] for t in answer["trends"]}
    assert [p for p in found["camera"] if p is not None] == [700, 480]
    assert [p for p in found["simulated"] if p is not None] == [600]
    assert len(found["camera"]) == 12
    assert answer["step_s"] == 300
    assert {t["office_id"] for t in answer["trends"]} == {"vl-1"}
    assert api.client().get("/api/v1/trends").status_code == 401
    assert api.client("clerk").get("/api/v1/trends").status_code == 403


def test_a_counter_has_its_queue_its_hours_and_its_camera(api: Any) -> None:
    at = now()
    api.write(
        queue(office_id="vl-1", at=at, counters=(Q1, Q2)),
        queue(office_id="vl-1", at=at, source_id="sim", provenance="simulated", counters=(Q1,)),
        *served("q1", 6, at),
        *served("q2", 4, at),
        *served("q9", 7, at, source_id="sim", provenance="simulated"),
        health(office_id="vl-1", at=at, dropped={"queue": 12}),
    )
    answer = api.client("local").get("/api/v1/offices/vl-1/counters").json()
    assert (answer["provenance"], answer["k_min"]) == ("camera", 5)
    one, two = answer["counters"]
    assert (one["counter_id"], one["open"], one["served_today"]) == ("q1", True, 6)
    assert (one["wait"]["state"], one["wait"]["expected_wait_s"]) == ("ok", 480)
    assert (one["queue_shared_with"], one["source_ids"]) == (["q2"], ["cam-1"])
    assert [p for p in one["trend"] if p is not None] == [480]
    assert one["today"]["wait"] == {"n": 6, "mean_s": 600, "low_s": 600, "high_s": 600}
    assert one["today"]["service"]["mean_s"] == 300
    assert one["today"]["within_15_share"] == 1
    assert len(one["hours"]) == 12
    assert sum(h["served"] for h in one["hours"]) == 6
    assert two["today"]["wait"] == {"n": 4, "mean_s": None, "low_s": None, "high_s": None}, "a figure of four is withheld"
    assert two["today"]["within_15_share"] is None
    assert [s["dropped"] for s in answer["sources"] if s["source_id"] == "cam-1"] == [12]


def test_counters_belong_to_whoever_may_see_the_office(api: Any) -> None:
    for name, code in (("local", 404), ("clerk", 403)):
        assert api.client(name).get("/api/v1/offices/vl-2/counters").status_code == code
    assert api.client().get("/api/v1/offices/vl-1/counters").status_code == 401
    assert api.client("boss").get("/api/v1/offices/%3Cscript%3E/counters").status_code == 422
    assert api.client("local").get("/api/v1/offices/vl-1/counters").json()["counters"] == []

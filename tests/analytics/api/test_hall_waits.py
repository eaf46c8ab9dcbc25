"""What staff and citizens get of an office whose hall and counters are seen by different cameras."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import counts, queue

from motcua.analytics import store
from motcua.onebox.hall_counts import NOISES, messages, seen
from motcua.onebox.hall_day import Hall, day

OFFICE = Hall((("priority",), ("ordinary",), ("ordinary",)), 0.95, "lognormal", 300, priority_share=0.25)


def now() -> datetime:
    return datetime.now(UTC)


def test_waits_from_counts_stand_under_their_own_name(api: Any) -> None:
    """Yesterday's counts with every tenth person missed on both sides, asked for as a span of hours."""
    begin = store.span_of(store.day_of(now() - timedelta(days=1)))[0] + timedelta(hours=7)
    guests = day(OFFICE, 4)
    noise = NOISES["misses"]
    found = messages(guests, seen(guests, noise, 1), OFFICE, noise, begin=begin, office_id="vl-1", seed=1)
    api.write(*(m.model_copy(update={"provenance": "camera"}) for m in found))
    answer = api.client("local").get("/api/v1/offices/vl-1/waits?hours=72").json()
    period = answer["period"]
    assert (answer["provenance"], period["served"], period["in_queue"], period["until_service"]) == (
        "camera",
        None,
        None,
        None,
    )
    hall = period["hall"]
    assert (hall["method"], hall["state"], hall["joined"] > 0.8 * len(guests)) == ("cameras", "ok", True)
    true = sum(g.queued_s for g in guests) / len(guests)
    assert hall["curves"]["low_s"] <= true <= hall["curves"]["high_s"]
    assert hall["curves"]["mean_s"] == pytest.approx(true, rel=0.2)
    assert [lane["lane"] for lane in hall["lanes"]] == ["priority", "ordinary"]
    assert 0 <= hall["fifo"]["within_low"] <= hall["fifo"]["within_15_share"] <= hall["fifo"]["within_high"] <= 1
    assert api.client("local").get("/api/v1/offices/vl-2/waits").status_code == 404


def test_today_counts_people_without_a_wait_of_zero(api: Any) -> None:
    at = now()
    started = [{"counter_id": "q1", "lane": "ordinary", "started": 3}]
    api.write(
        counts(office_id="vl-1", at=at, joined={"ordinary": 4}, left=None),
        counts(office_id="vl-1", at=at, part="services", source_id="cam-2", started=started),
    )
    client = api.client("local")
    today = client.get("/api/v1/offices/vl-1/today").json()
    assert (today["visits"], today["served"], today["reneged"], today["wait"]) == (4, 3, None, None)
    assert (today["balked"], today["lost"]) == (None, None)
    assert (today["period"]["hall"]["state"], today["period"]["hall"]["curves"]) == ("too_few", None)
    live = client.get("/api/v1/offices/vl-1/live").json()
    assert (live["visits_today"], live["served_today"]) == (4, 3)
    assert [(c["counter_id"], c["served_today"]) for c in live["counters"]] == [("q1", 3)]


def test_a_counters_camera_never_says_how_long_the_office_waits(api: Any) -> None:
    """It sees people appear at the counter: the live wait stays unknown, and the hall says how many wait."""
    at = now()
    none: dict[str, Any] = {"state": "too_few", "n": 0}
    api.write(
        queue(office_id="vl-1", at=at, source_id="hall", part="arrivals", waiting=7, in_service=None, **none),
        queue(
            office_id="vl-1", at=at + timedelta(seconds=1), source_id="cam-2", part="services", state="blind", waiting=None
        ),
    )
    for wait in (
        api.client("local").get("/api/v1/offices/vl-1/live").json()["wait"],
        api.client().get("/api/v1/public/offices/vl-1").json()["wait"],
    ):
        assert (wait["state"], wait["expected_wait_s"], wait["waiting"]) == ("too_few", None, 7)


def test_an_office_without_such_cameras_has_no_such_figure(api: Any) -> None:
    api.write(queue(office_id="vl-1", at=now()))
    assert api.client("local").get("/api/v1/offices/vl-1/today").json()["period"]["hall"] is None

"""Satisfaction for everybody: whole quarters that have ended, enough officers behind them, published once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from builders import rating
from hypothesis import given
from hypothesis import strategies as st

from motcua.analytics import attitude_store, db, rating_store, store
from motcua.analytics.api.published import figure, may_publish, published, quarter_before
from motcua.analytics.roster import Shift
from motcua.analytics.rule import Rule

AT = datetime(2026, 5, 4, 3, tzinfo=UTC)
DAY = datetime(2026, 2, 10, 1, tzinfo=UTC)
QUARTER = (date(2026, 1, 1), date(2026, 4, 1))


def fill(
    conn: Any, office: str, counts: dict[str | None, int], day: datetime = DAY, roster: bool = True, **fields: Any
) -> None:
    """Answers by officer, each at a counter of their own; None: at the door, where no shift explains them."""
    shifts, ratings = [], []
    for officer, n in counts.items():
        counter = None if officer is None else f"c-{officer}"
        if officer is not None:
            shifts.append(Shift(f"{office}-{officer}", officer, office, str(counter), day, day + timedelta(hours=8)))
        for i in range(n):
            at = day + timedelta(minutes=10 + i)
            ratings.append(
                rating(id=uuid4(), office_id=office, counter_id=counter, at=at, score=2 if i == 0 else 5, **fields)
            )
    if roster:
        attitude_store.add_shifts(conn, "hr", shifts)
    rating_store.add(conn, ratings)


EVEN = {"an": 10, "binh": 10, "chi": 10}
FORBIDDEN: dict[str, tuple[dict[str | None, int], dict[str, Any]]] = {
    "two-officers": ({"an": 10, "binh": 10}, {}),
    "one-with-over-half": ({"an": 21, "binh": 10, "chi": 10}, {}),
    "the-door-may-be-one": ({"an": 10, "binh": 10, "chi": 10, None: 11}, {}),
    "no-roster": (EVEN, {"roster": False}),
    "too-few": ({"an": 1, "binh": 1, "chi": 2}, {}),
    "replayed": (EVEN, {"provenance": "replay"}),
    "simulated": (EVEN, {"provenance": "simulated"}),
    "running": (EVEN, {"day": datetime(2026, 4, 2, 1, tzinfo=UTC)}),
    "older": (EVEN, {"day": datetime(2025, 12, 30, 1, tzinfo=UTC)}),
}


def test_what_stands_for_a_person_is_unknown_and_the_rest_is_published(migrated: str) -> None:
    names = [*FORBIDDEN, "allowed", "nobody"]
    with db.connect(migrated) as conn:
        store.import_offices(conn, [{"office_id": o, "name": o, "level": "commune"} for o in names])
        fill(conn, "allowed", EVEN)
        for office, (counts, fields) in FORBIDDEN.items():
            fill(conn, office, counts, **fields)
        found = published(conn, names, AT, 15, 5)
    assert {o for o, told in found.items() if told.state == "ok"} == {"allowed"}
    told = found["allowed"]
    assert (told.since, told.until, told.n, told.share) == (*QUARTER, 30, 0.9)
    assert (told.low, told.high) == (0.74, 0.97), "Wilson for 27 of 30 is 0.7438 to 0.9654, outwards to the percent"
    for office in FORBIDDEN:
        hidden = found[office]
        assert (hidden.state, hidden.n, hidden.share, hidden.low, hidden.high) == ("unknown", None, None, None, None), office


def test_a_publication_is_not_reckoned_again(migrated: str) -> None:
    """A late answer, a corrected shift and the simulator change nothing: the difference of two publications tells nobody's answer."""
    with db.connect(migrated) as conn:
        store.import_offices(conn, [{"office_id": o, "name": o, "level": "commune"} for o in ("a", "late")])
        fill(conn, "a", EVEN)
        first = published(conn, ["a", "late"], AT, 15, 5)
        fill(conn, "a", {"an": 9})
        fill(conn, "late", EVEN)
        conn.execute("delete from shift where office_id = 'a'")
        later = published(conn, ["a", "late"], AT + timedelta(days=9), 15, 5)
        assert later["a"] == first["a"]
        assert (first["late"].state, later["late"].state) == ("unknown", "ok"), "a roster that comes late publishes once"
        with pytest.raises(Exception, match="append-only"):
            conn.execute("update satisfaction_published set n = n + 1")


def test_citizens_get_it_from_the_api_the_open_data_and_the_page(api: Any) -> None:
    since, _ = quarter_before(store.day_of(datetime.now(UTC)), 15)
    day = store.span_of(since)[0] + timedelta(days=9, hours=1)
    with db.connect(api.dsn) as conn:
        fill(conn, "vl-1", EVEN, day)
        store.import_offices(conn, [{"office_id": "DEMO", "name": "Demo", "level": "demo"}])
        fill(conn, "DEMO", {"x": 10, "y": 10, "z": 10}, day)
    client = api.client()
    offices = {o["office_id"]: o["satisfaction"] for o in client.get("/api/v1/public/offices").json()["offices"]}
    assert offices.keys() == {"vl-86", "vl-1", "vl-2"}
    assert (offices["vl-1"]["state"], offices["vl-1"]["share"], offices["vl-1"]["since"]) == ("ok", 0.9, since.isoformat())
    assert (offices["vl-2"]["state"], offices["vl-2"]["share"]) == ("unknown", None)
    data = client.get("/api/v1/public/open-data/offices.json").json()
    rows = {o["office_id"]: o for o in data["offices"]}
    assert (rows["vl-1"]["satisfaction_n"], rows["vl-2"]["satisfaction_n"]) == (30, None)
    assert "3 officers" in data["definitions"]["satisfaction_state"]
    assert "satisfaction_share" in client.get("/api/v1/public/open-data/offices.csv").text.partition("\r\n")[0]
    assert client.get("/api/v1/public/definitions").json()["satisfaction"]["vi"]
    quarter = f"{(since.month + 2) // 3}/{since.year}"
    page = client.get("/o/vl-1").text
    assert f"90 % hài lòng, quý {quarter} (30 lượt trả lời; khoảng tin cậy 95 %: từ 74 đến 97 %)" in page
    assert f"chưa biết, quý {quarter}" in client.get("/o/vl-2").text


@pytest.mark.parametrize(
    ("day", "since"),
    [
        (date(2026, 4, 1), date(2025, 10, 1)),
        (date(2026, 4, 15), date(2025, 10, 1)),
        (date(2026, 4, 16), date(2026, 1, 1)),
        (date(2026, 1, 16), date(2025, 10, 1)),
        (date(2026, 12, 31), date(2026, 7, 1)),
    ],
)
def test_the_newest_quarter_that_has_settled(day: date, since: date) -> None:
    assert quarter_before(day, 15)[0] == since


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d", None]), st.integers(1, 40)), st.booleans())
def test_nobody_can_have_given_over_half(counts: dict[str | None, int], has_roster: bool) -> None:
    rows = [{"officer_id": o, "n": n, "provenance": "kiosk"} for o, n in counts.items()]
    known = [n for o, n in counts.items() if o is not None]
    worst = max(known, default=0) + counts.get(None, 0)
    assert may_publish(rows, has_roster) == (has_roster and len(known) >= 3 and worst <= sum(counts.values()) / 2)
    if not may_publish(rows, has_roster):
        assert figure([], rows, has_roster, Rule(), 5) is None

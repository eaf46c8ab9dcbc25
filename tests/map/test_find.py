"""Finding by procedure and by the structure of 2021; what an office tells; reports of wrong data. Without a script."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from motcua.map.former import former_units, matching, offices_2021
from motcua.map.hours import tell_hours, tell_open, week_table
from motcua.map.procedures import procedures_of, search_procedures
from motcua.map.view import cards
from motcua.map.words import EN, VI

PROCEDURES = {
    "procedures": [
        {
            "procedure_id": "1.001",
            "name": "Đăng ký khai sinh",
            "field": "Hộ tịch",
            "link": "https://example.org/ks",
            "taken_by": 0,
        },
        {"procedure_id": "1.002", "name": "Cấp bản sao trích lục", "field": "Hộ tịch", "link": None, "taken_by": 1},
        {"procedure_id": "1.003", "name": "Chứng thực <b>chữ ký</b>", "field": None, "link": None, "taken_by": None},
    ],
    "taken_by": [["vl-29734", "vl-29719"], ["vl-86"]],
}
WEEK = {
    "since": "2026-01-05T17:00:00Z",
    "until": "2026-03-02T17:00:00Z",
    "k_min": 5,
    "provenance": "camera",
    "hours": [{"weekday": d, "hour": h, "n": 9, "mean_s": 60.0 * (d + h)} for d in (1, 2) for h in (8, 10)],
    "best": [{"weekday": 1, "hour": 8, "mean_s": 540.0}],
}


@pytest.fixture
def told(make_client: Callable[..., TestClient], build: Callable[..., dict[str, Any]], feeds: Any) -> TestClient:
    given = build()
    office = given["offices"][1]
    office |= {
        "hours": [{"weekday": d, "opens": "07:30", "closes": "11:30"} for d in range(1, 6)],
        "open_now": True,
        "changes_at": "2026-03-02T04:30:00Z",
        "wheelchair": True,
        "priority_lane": True,
        "appointment_lane": False,
        "appointment_link": "https://example.org/hen",
        "lanes": [{"lane": "priority", "wait": given["offices"][0]["wait"]}],
    }
    return make_client(feeds(lambda: given, PROCEDURES, WEEK))


def shown(html: str) -> list[str]:
    return re.findall(r'<article class="card" id="o-([^"]+)"(?:(?!hidden)[^>])*>', html)


def test_a_procedure_leads_to_the_offices_that_take_it(told: TestClient) -> None:
    html = told.get("/procedures", params={"q": "khai sinh"}).text
    assert 'href="/?procedure=1.001"' in html
    assert "1.002" not in html
    assert "https://example.org/ks" in html
    chosen = told.get("/?procedure=1.001").text
    assert shown(chosen) == ["vl-29734", "vl-29719"]
    assert "2 trên 2 nơi" in chosen
    assert "Đăng ký khai sinh" in chosen
    assert shown(told.get("/?procedure=1.001&q=tam+binh").text) == ["vl-29719"]
    assert shown(told.get("/embed?procedure=1.002").text) == ["vl-86"]
    assert 'href="/?procedure=1.001&amp;lang=en"' in chosen, "the other language keeps the procedure"


def test_who_takes_a_procedure_may_be_unknown_and_is_then_not_guessed(told: TestClient) -> None:
    html = told.get("/?procedure=1.003").text
    assert shown(html) == []
    assert VI["procedure_where_unknown"] in html
    assert "<b>chữ" not in html
    gone = told.get("/?procedure=9.999").text
    assert VI["procedure_gone"] in gone
    assert len(shown(gone)) == 125


def test_without_a_list_of_procedures_the_page_says_so(client: TestClient) -> None:
    assert VI["procedures_none"] in client.get("/procedures").text
    assert EN["procedures_none"] in client.get("/procedures?lang=en").text


def test_procedures_are_found_without_accents_the_best_first() -> None:
    every = procedures_of(PROCEDURES)
    assert [p.procedure_id for p in search_procedures(every, "cap ban sao")] == ["1.002"]
    assert [p.procedure_id for p in search_procedures(every, "hộ tịch")] == ["1.001", "1.002"]
    assert [p.procedure_id for p in search_procedures(every, "1 003")] == ["1.003"]
    assert len(search_procedures(every, "")) == 3


def test_an_office_tells_hours_lanes_weeks_and_access(told: TestClient) -> None:
    html = told.get("/o/vl-29734").text
    for text in (
        "Đang mở cửa, đến 11:30",
        "thứ Hai đến thứ Sáu",
        "thứ Bảy đến Chủ nhật",
        VI["wheelchair_yes"],
        "https://example.org/hen",
        "Thường chờ ít nhất: thứ Hai lúc 8 giờ (khoảng 9 phút)",
        "8 tuần qua",
        '<td class="fine">9</td>',
    ):
        assert text in html, text
    assert VI["wheelchair_unknown"] not in html


def test_what_is_not_known_of_an_office_is_said(client: TestClient) -> None:
    html = client.get("/o/vl-29734").text
    for key in ("hours_unknown", "wheelchair_unknown", "week_unknown", "lane_unknown"):
        assert VI[key] in html, key


@pytest.mark.parametrize(
    ("fields", "mark", "text"),
    [
        ({}, "unknown", "chưa rõ giờ làm việc"),
        ({"open_now": True}, "open", "Đang mở cửa"),
        ({"open_now": False, "changes_at": "2026-03-02T06:30:00Z"}, "shut", "Đang nghỉ, mở lại 13:30"),
        ({"open_now": False, "changes_at": "2026-03-09T00:30:00Z"}, "shut", "Đang nghỉ, mở lại 07:30 thứ Hai"),
        ({"open_now": False, "holiday": "Tết"}, "shut", "Đang nghỉ (Tết)"),
    ],
)
def test_open_and_shut_in_words(fields: dict[str, Any], mark: str, text: str) -> None:
    found = tell_open(fields, "2026-03-02T03:25:00Z", VI)
    assert (found.mark, found.text) == (mark, text)


def test_equal_days_are_told_together() -> None:
    spans = [{"weekday": d, "opens": "07:30", "closes": "11:30"} for d in (1, 2, 3, 6)]
    spans.append({"weekday": 2, "opens": "13:30", "closes": "17:00"})
    assert tell_hours(spans, EN) == (
        ("Monday", "07:30–11:30"),
        ("Tuesday", "07:30–11:30, 13:30–17:00"),
        ("Wednesday", "07:30–11:30"),
        ("Thursday to Friday", "closed"),
        ("Saturday", "07:30–11:30"),
        ("Sunday", "closed"),
    )
    assert tell_hours(None, EN) == tell_hours([], EN) == ()


def test_a_week_without_hours_is_no_table() -> None:
    assert week_table(WEEK | {"hours": [], "best": []}, VI) is None
    table = week_table(WEEK, EN)
    assert table is not None
    assert [hour for hour, _ in table.rows] == [8, 9, 10]
    assert table.rows[1][1] == (None,) * 7
    assert table.rows[0][1][:3] == (9, 10, None)


def test_the_structure_of_2021_leads_to_the_office_of_today(client: TestClient) -> None:
    html = client.get("/2021").text
    assert "116 trên 116 nơi" in html
    assert "geo:" not in html
    assert "google" not in html
    assert html.count(VI["history_unknown"]) == 3
    found = client.get("/2021", params={"q": "phuong 9"}).text
    assert re.search(r'Phường 9</span>.*?→\s*<a lang="vi" href="/o/[^"]+">Phường Long Châu</a>', found, re.DOTALL)
    assert "Trà Ôn" not in found
    assert VI["nothing"] in client.get("/2021?q=atlantis").text


def test_every_former_commune_stands_once_under_its_district(build: Callable[..., dict[str, Any]]) -> None:
    units = former_units(offices_2021(), cards(build(), VI))
    assert [u.office.level for u in units] == ["province"] + ["district"] * 8
    assert sum(len(u.communes) for u in units) == 107
    ids = [id for u in units for c in u.communes for _, id in c.today]
    assert None not in ids
    assert matching(units, "") == units
    assert [c.unit_name for u in matching(units, "thanh duc phuong 5") for c in u.communes] == ["Phường 5"]


def test_wrong_data_can_be_told(make_client: Callable[..., TestClient], build: Callable[..., Any], feeds: Any) -> None:
    given = feeds(build)
    client = make_client(given)
    sent = client.post("/o/vl-29734?lang=en", data={"field": "phone", "message": "<script>alert(1)</script> 0270"})
    assert (sent.status_code, EN["report_kept"] in sent.text, "<script>alert" in sent.text) == (200, True, False)
    assert given.reports == [("vl-29734", "phone", "<script>alert(1)</script> 0270")]
    assert (
        VI["report_limited"]
        in [client.post("/o/vl-29734", data={"field": "phone", "message": "abc"}) for _ in range(2)][1].text
    )


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"field=nose&message=long+enough", "application/x-www-form-urlencoded"),
        (b"field=phone&message=a", "application/x-www-form-urlencoded"),
        (b"field=phone&message=%ff%fe%fd", "application/x-www-form-urlencoded"),
        (b"message=" + b"a" * 9000, "application/x-www-form-urlencoded"),
        (b"&".join(b"a=1" for _ in range(50)), "application/x-www-form-urlencoded"),
        (b'{"field": "phone", "message": "long enough"}', "application/json"),
        (b"\x00\xff", "application/x-www-form-urlencoded"),
        (b"", ""),
    ],
)
def test_a_form_that_is_none_is_refused_and_says_what_to_do(client: TestClient, body: bytes, kind: str) -> None:
    sent = client.post("/o/vl-29734", content=body, headers={"Content-Type": kind})
    assert sent.status_code == 422
    assert VI["report_invalid"] in sent.text

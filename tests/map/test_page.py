"""The public page as a browser without scripts gets it."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi.testclient import TestClient

from motcua.map.page import PageSettings
from motcua.map.words import EN, VI

Make = Callable[..., TestClient]
Build = Callable[..., dict[str, Any]]


class Cards(HTMLParser):
    """Ids of the offices in their order, as far as they are not hidden."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "article" and "hidden" not in values:
            self.shown.append(str(values["data-id"]))


def card(html: str, office_id: str) -> str:
    found = re.search(rf'<article class="(?:card|one)"[^>]*data-id="{office_id}".*?</article>', html, re.DOTALL)
    assert found, office_id
    return found[0]


def test_all_offices_are_listed_with_everything_that_is_known(client: TestClient) -> None:
    html = client.get("/").text
    assert len(Cards(html).shown) == 125
    hoa_hiep = card(html, "vl-29734")
    for text in (
        "Xã Hoà Hiệp",
        "Trung tâm Phục vụ hành chính công xã Hoà Hiệp",
        "Ấp 2A, xã Hòa Hiệp, tỉnh Vĩnh Long",
        "địa chỉ chưa được tỉnh xác nhận",
        'href="tel:+842703860556">0270 3860 556<',
        "chưa rõ giờ làm việc",
        'Thay cho: <span lang="vi">Hòa Thạnh, Hòa Lộc, Hòa Hiệp<',
        "Chờ khoảng 12 phút",
        "8 trên 10 lượt: từ 8 đến 18 phút",
        "cập nhật 10 giây trước",
        'href="geo:10.085288,106.005660?q=',
        "https://www.openstreetmap.org/directions?route=%3B10.085288%2C106.005660",
        "https://www.google.com/maps/dir/?api=1&amp;destination=10.085288%2C106.005660",
    ):
        assert text in hoa_hiep, text
    assert html.count("chưa có số liệu") >= 124


def test_an_approximate_point_gets_no_directions(client: TestClient) -> None:
    centre = card(client.get("/").text, "vl-86")
    assert VI["approximate"] in centre
    assert "geo:" not in centre
    assert "chưa rõ địa chỉ" in centre


def test_once_the_province_has_confirmed_the_warning_goes(make_client: Make, build: Build) -> None:
    html = make_client(lambda: build(address_confirmed=True)).get("/").text
    assert 'class="flag"' not in html
    assert VI["confirmed_all"] in html


@pytest.mark.parametrize("path", ["/", "/embed"])
def test_search_works_without_a_script(client: TestClient, path: str) -> None:
    html = client.get(path, params={"q": "hoa hiep"}).text
    shown = Cards(html).shown
    assert shown[0] == "vl-29734"
    assert len(shown) < 10
    assert f"{len(shown)} trên 125 nơi" in html
    assert 'value="hoa hiep"' in html


def test_a_search_without_result_says_what_to_do(client: TestClient) -> None:
    html = client.get("/", params={"q": "atlantis"}).text
    assert Cards(html).shown == []
    assert f'<p id="nothing">{VI["nothing"]}' in html


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "\x00'; drop table"]
)
@pytest.mark.parametrize("path", ["/", "/embed", "/o/vl-29734"])
def test_a_hostile_query_stays_text(client: TestClient, path: str, hostile: str) -> None:
    html = client.get(path, params={"q": hostile, "lang": hostile}).text
    assert "<script>" not in html
    assert "<img" not in html


def test_hostile_facts_stay_text(make_client: Make, build: Build) -> None:
    given = build()
    given["offices"][1] |= {"unit_name": "<b>Xã", "address": '"><script>', "phone": '+84"onclick="', "office_id": 'x"y'}
    html = make_client(lambda: given).get("/").text
    assert "<b>Xã" not in html
    assert '"><script>' not in html
    assert 'onclick="' not in html


def test_a_very_long_query_is_cut(client: TestClient) -> None:
    assert f'value="{"a" * 100}"' in client.get("/", params={"q": "a" * 5000}).text


def test_english(client: TestClient) -> None:
    html = client.get("/?lang=en&q=hoa").text
    assert '<html lang="en">' in html
    assert "About 12 min wait" in html
    assert EN["unconfirmed"] in html
    assert "From joining the queue until service starts." in html
    assert 'href="/?q=hoa"' in html, "the way back to Vietnamese keeps the search"
    assert '<input type="hidden" name="lang" value="en">' in html


def test_every_office_has_an_address_of_its_own(client: TestClient) -> None:
    page = client.get("/o/vl-29734")
    assert page.status_code == 200
    assert "<title>Xã Hoà Hiệp" in page.text
    assert "Chờ khoảng 12 phút" in card(page.text, "vl-29734")
    assert len(Cards(page.text).shown) == 1


def test_an_unknown_office_is_not_found_but_the_way_back_is(client: TestClient) -> None:
    page = client.get("/o/vl-1?lang=en")
    assert page.status_code == 404
    assert EN["missing"] in page.text
    assert 'href="/?lang=en"' in page.text


def test_the_demonstration_and_replayed_figures_are_not_shown(make_client: Make, build: Build, wait_of: Build) -> None:
    given = build({"vl-29734": wait_of("ok", provenance="simulated")})
    given["offices"].append(
        given["offices"][0] | {"office_id": "DEMO", "level": "demo", "name": "Demo", "unit_name": "Demo"}
    )
    html = make_client(lambda: given).get("/").text
    assert "DEMO" not in html
    assert "chưa có số liệu" in card(html, "vl-29734")
    assert "phút" not in card(html, "vl-29734")


@pytest.mark.parametrize("broken", [RuntimeError("database away"), None, {}, {"offices": [{"office_id": "x"}]}])
@pytest.mark.parametrize("path", ["/", "/embed", "/o/vl-29734"])
def test_without_a_usable_list_the_page_says_so(make_client: Make, broken: Any, path: str) -> None:
    def given() -> Any:
        if isinstance(broken, Exception):
            raise broken
        return broken

    page = make_client(given).get(path)
    assert page.status_code == 503
    assert VI["unreachable"] in page.text
    assert "database away" not in page.text


def test_offices_without_points_or_none_at_all_are_still_a_page(make_client: Make, build: Build) -> None:
    given = build()
    for office in given["offices"]:
        office |= {"lat": None, "lon": None, "coordinate_quality": None}
    html = make_client(lambda: given).get("/").text
    assert len(Cards(html).shown) == 125
    assert "<svg" not in html
    assert make_client(lambda: build(offices=[])).get("/").status_code == 200


def test_headers_forbid_what_the_page_does_not_need(client: TestClient) -> None:
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["permissions-policy"] == "geolocation=(self)"
    assert "set-cookie" not in page.headers
    assert "frame-ancestors *" in client.get("/embed").headers["content-security-policy"]


def test_nothing_is_inline(client: TestClient) -> None:
    for path in ("/", "/embed", "/o/vl-29734", "/o/none"):
        html = client.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html), path


def test_tiles_are_offered_only_where_set(make_client: Make, build: Build, client: TestClient) -> None:
    assert "data-tiles" not in client.get("/").text
    tiles = PageSettings(tiles_url="https://tile.example.org/{z}/{x}/{y}.png")
    page = make_client(build, tiles).get("/")
    assert 'data-tiles="https://tile.example.org/{z}/{x}/{y}.png"' in page.text
    assert "img-src 'self' data: https://tile.example.org;" in page.headers["content-security-policy"]
    assert not re.search(r'id="tiles"[^>]*checked', page.text), "off until the visitor wants them"


def test_the_page_may_live_under_a_path(make_client: Make, build: Build) -> None:
    client = make_client(build, PageSettings(base="/map"))
    html = client.get("/map/?lang=en").text
    addresses = re.findall(r'(?:href|src|action)="(/[^"]*)"', html)
    assert addresses
    assert all(address.startswith(("/map/", "/api/")) for address in addresses)
    assert client.get("/map/o/vl-86").status_code == 200


def test_an_unchanged_page_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/")
    again = client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.head("/").status_code == 200


def test_landmarks_headings_and_labels(client: TestClient) -> None:
    html = client.get("/").text
    for needed in (
        "<main>",
        "<header>",
        "<footer>",
        'role="search"',
        '<a class="skip" href="#list">',
        '<label for="q">',
        "<h1>",
    ):
        assert html.count(needed) == 1, needed
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert VI["privacy"] in html
    assert VI["unconfirmed_all"] in html

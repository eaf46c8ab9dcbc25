"""History and the hall's screen in the browser, on a real API and a real database."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_core import axe
from history_site import LONG, Site, history_site, queue_now
from playwright.sync_api import Page, expect

from motcua.analytics import db

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("MOTCUA_TEST_SHOTS")
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def site(pg_server: Any, eventually: Callable[..., object]) -> Iterator[Site]:
    with history_site(pg_server.create("history_pages"), eventually) as found:
        yield found


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def opened(page: Page, site: Site, search: str = "") -> Page:
    page.goto(f"{site.url}/history{search}")
    expect(page.locator("#history-body h2").first).to_be_visible()
    return page


def test_the_address_holds_the_state_and_back_and_forward_work(site: Site) -> None:
    page = opened(site.signed_in("chief"), site)
    expect(page.locator(".kpi").first).to_contain_text("phút")
    expect(page.locator("#history-body")).to_contain_text("quá ít: 1 lượt")
    expect(page.locator("#history-body")).to_contain_text(LONG)
    expect(page.locator("#history-body .banner")).to_contain_text("không phải thật")
    shot(page, "history-unit")
    page.get_by_role("link", name="Xã Hoà Hiệp").click()
    page.wait_for_url("**/history?office=vl-1")
    expect(page.locator("#history-body h3").first).to_contain_text("Xã Hoà Hiệp")
    expect(page.locator("#history-heat .js-plotly-plot")).to_be_visible()
    page.get_by_role("link", name="7 ngày").click()
    page.wait_for_url("**/history?period=7d&office=vl-1")
    expect(page.locator(".presets [aria-current]")).to_have_text("7 ngày")
    page.go_back()
    page.wait_for_url("**/history?office=vl-1")
    expect(page.locator(".presets [aria-current]")).to_have_text("30 ngày")
    page.go_forward()
    expect(page.locator(".presets [aria-current]")).to_have_text("7 ngày")
    page.fill("#history-from", "2026-01-05")
    page.fill("#history-to", "2026-01-11")
    page.locator("#history-show").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**from=2026-01-05&to=2026-01-11**")
    expect(page.locator("#history-body")).to_contain_text("05/01/2026 – 11/01/2026")
    expect(page.locator(".presets [aria-current]")).to_have_count(0)
    href = page.locator("#lang").get_attribute("href") or ""
    assert "from%3D2026-01-05" in href, "the other language keeps the state"


@pytest.mark.slow
def test_two_spans_and_offices_are_compared_and_saved_as_they_are_seen(site: Site, tmp_path: Path) -> None:
    page = opened(site.signed_in("chief"), site, "?vs=before&office=vl-1&office=vl-4&office=vl-2")
    expect(page.locator("#history-body")).to_contain_text("chênh lệch")
    expect(page.locator("#history-trend .js-plotly-plot .subplot")).to_have_count(3)
    shot(page, "history-compare")
    strong = page.locator("#history-body table").first.locator("tbody tr").first.locator("td strong").first.inner_text()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Tải CSV").click()
    text = saved.value.path().read_text(encoding="utf-8-sig")
    lines = [line for line in csv.reader(io.StringIO(text)) if not line[0].startswith("#")]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    mean = next(r for r in rows if r["Bảng"] == "Số liệu trong kỳ" and r["Số liệu"] == "Chờ trung bình")
    assert f"{float(mean['Giá trị']):.1f}".replace(".", ",") in strong
    assert any("KHÔNG PHẢI THẬT" in line for line in text.splitlines())
    assert {r["Nguồn"] for r in rows if r["Bộ phận"] == "Phường Cái Vồn"} == {"mô phỏng"}
    assert all(not cell.startswith(("=", "@")) for r in rows for cell in r.values()), "no cell is a formula"
    assert any(r["Bộ phận"] == "'=HYPERLINK(1)" for r in rows)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Tải XLSX").click()
    book = zipfile.ZipFile(saved.value.path())
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert sheet.count("<row ") > len(rows), "the same rows"
    with page.expect_download() as saved:
        page.get_by_role("button", name="Tải ảnh PNG").first.click()
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_what_cannot_be_shown_is_told(site: Site) -> None:
    page = site.signed_in("chief")
    for search, said in (
        ("?from=2026-02-30&to=2026-03-01", "from"),
        ("?from=2026-03-01", "thiếu ngày"),
        ("?from=2026-03-02&to=2026-03-01", "nằm sau"),
        ("?period=<script>alert(1)</script>", "không có lựa chọn"),
        ("?office=%27;drop%20table%20visit", "không có bộ phận"),
        ("?office=" + "&office=".join(f"o{i}" for i in range(9)), "tối đa 6"),
        ("?from=1000-01-01&to=9999-01-01", "cần một ngày"),
        ("?" + "x=1&" * 100, "Không đọc được"),
        ("?office=vl-9", "Không có nơi nào"),
    ):
        opened_at = f"{site.url}/history{search}"
        page.goto(opened_at)
        expect(page.locator("#history-body [role=alert]")).to_contain_text(said)
    shot(page, "history-missing")
    opened(page, site, "?period=last_year")
    expect(page.locator("#history-body")).to_contain_text("Không có số liệu nào")
    shot(page, "history-empty")
    clerk = site.signed_in("clerk")
    clerk.goto(f"{site.url}/history")
    expect(clerk.locator("#history-body [role=alert]")).to_contain_text("Không có quyền")
    local = site.signed_in("local")
    opened(local, site)
    expect(local.locator("#history-body")).not_to_contain_text(LONG)
    out = site.signed_in(None)
    out.goto(f"{site.url}/history?period=7d&office=vl-1")
    assert "next=" in out.url
    assert "period%3D7d%26office%3Dvl-1" in out.url
    assert out.request.get(f"{site.url}/history-files/csv?office=vl-1", max_redirects=0).status == 303


def test_a_halls_screen_renews_itself_and_never_shows_an_old_figure_as_new(site: Site) -> None:
    with db.connect(site.dsn) as conn:
        queue_now(conn, "vl-1", waiting=7, expected_wait_s=1080.0, low_s=600.0, high_s=1500.0, open_counters=3)
        queue_now(conn, "vl-4", provenance="simulated", expected_wait_s=300.0, low_s=100.0, high_s=500.0)
    page = site.signed_in("chief", 1920, height=1080)
    page.goto(f"{site.url}/wall/vl-1")
    expect(page.locator("#value")).to_have_text("18")
    expect(page.locator("#waiting")).to_have_text("7")
    expect(page.locator("#counters")).to_have_text("3")
    expect(page.locator("#age")).to_contain_text("trước")
    shot(page, "wall")
    size = page.evaluate("getComputedStyle(document.getElementById('value')).fontSize")
    assert float(size.removesuffix("px")) > 300, "readable from five metres"
    with db.connect(site.dsn) as conn:
        queue_now(conn, "vl-1", waiting=2, expected_wait_s=240.0, low_s=60.0, high_s=500.0, seq=900_001)
    expect(page.locator("#value")).to_have_text("4", timeout=15_000)
    page.goto(f"{site.url}/wall/vl-4?lang=en")
    expect(page.locator("#flag")).to_have_text("SIMULATED – not real figures")
    shot(page, "wall-simulated")
    page.goto(f"{site.url}/wall/vl-3")
    expect(page.locator("#value")).to_have_text("Chưa có số liệu")
    shot(page, "wall-unknown")
    citizen = site.signed_in(None, 1280)
    citizen.goto(f"{site.url}/wall/vl-1")
    expect(citizen.locator("#value")).to_have_text("4")
    citizen.goto(f"{site.url}/wall/vl-4")
    expect(citizen.locator("#value")).to_have_text("Chưa có số liệu")
    for wrong in ("none", "%3Cscript%3E", "x" * 300):
        answer = citizen.goto(f"{site.url}/wall/{wrong}")
        assert answer is not None
        assert answer.status == 404
        expect(citizen.locator("#value")).to_have_text("Không có nơi này")
    page.goto(f"{site.url}/wall/vl-1")
    expect(page.locator("#value")).to_have_text("4")
    page.route("**/now?*", lambda route: route.abort())
    page.clock.install()
    page.goto(f"{site.url}/wall/vl-1")
    page.clock.fast_forward(40_000)
    expect(page.locator("#age")).to_contain_text("Mất kết nối")
    expect(page.locator("#value")).to_have_text("Chưa có số liệu")


@pytest.mark.slow
def test_axe_finds_nothing_serious_and_nothing_overflows(site: Site) -> None:
    source = axe()
    with db.connect(site.dsn) as conn:
        queue_now(conn, "vl-1", waiting=7, seq=900_002)
    for lang in ("vi", "en"):
        for width in (1280, 390):
            page = site.signed_in("chief", width, lang)
            for name, path in (
                ("unit", "/history"),
                ("two", "/history?vs=before&office=vl-1&office=vl-3"),
                ("empty", "/history?period=last_year"),
                ("bad", "/history?period=x"),
                ("wall", "/wall/vl-1"),
            ):
                page.goto(site.url + path)
                expect(page.locator("h2").first).to_be_visible()
                page.wait_for_timeout(900)
                shot(page, f"axe-{name}-{width}-{lang}")
                page.evaluate(f"{source}; 0")
                found = page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes[0].html]))")
                assert [v for v in found if v[0] in ("serious", "critical")] == [], (path, width, lang)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width, lang)

"""From all offices down to a counter in a real Chromium: addresses, ways back, small multiples, hostile values, accessibility."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from axe_core import axe
from dashboard_api import Fake, closeup, office, wait
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
HOA_HIEP, PROVINCE = "vl-29734", "vl-86"
MEANS: list[float | None] = [600.0, 1200.0, None, 300.0]
LONG = "Phường Nguyễn Thị Minh Khai và các xã sáp nhập từ ngày 01 tháng 7 năm 2025"


def filled(api: Fake) -> None:
    """An office with a figure, an hour and counters; others in every state and of every kind of data."""
    states = ("ok", "too_few", "stale", "blind", "closed")
    for row, state in zip(api.rows, states * 30, strict=False):
        row["wait"] = wait(state)
    api.set(HOA_HIEP, wait=wait("ok", expected_wait_s=2000.0), open_counters=2, unit_name=LONG)
    api.set("DEMO", wait=wait("ok", provenance="replay"))
    api.trends = [{"office_id": HOA_HIEP, "provenance": "camera", "points": [600.0] * 8 + [None, 1500.0, 1700.0, 2000.0]}]
    api.closeups = [
        closeup("q1", MEANS, queue_shared_with=["q2"]),
        closeup("q2", [None] * 4, open=None, in_service=None, state="blind", wait=wait("blind", blind="covered")),
    ]
    api.sources = [{"source_id": "cam-1", "status": "online", "missing": 3, "gaps": 1, "health": {"dropped": {"queue": 9}}}]


def test_down_to_a_counter_and_back_by_addresses_links_and_history(visit: Visit, api: Fake) -> None:
    filled(api)
    page = visit(f"/unit/{PROVINCE}?view=panels&by=office")
    expect(page.locator("#board-panels .panel")).to_have_count(125)
    expect(page).to_have_title("Tỉnh Vĩnh Long · motcua")
    page.get_by_label("Tìm nơi").fill("minh khai")
    panel = page.locator("#board-panels .panel")
    expect(panel).to_have_count(1)
    expect(panel).to_contain_text("33 phút")
    expect(panel.get_by_role("img")).to_have_attribute("aria-label", "Một giờ qua: 10–34 phút; đang tăng")
    expect(panel.locator(".line")).to_have_attribute("d", re.compile(r"^M0 [\d.]+L.*M.*L"))
    expect(page).to_have_url(re.compile(r"\?q=minh\+khai&by=office&view=panels$"))
    panel.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(LONG)
    expect(page.locator("#office-way")).to_contain_text("Bộ phận Một cửa")
    first, second = (page.locator(".panel-counter").nth(i) for i in (0, 1))
    expect(first).to_contain_text("đang phục vụ")
    expect(first.get_by_role("img")).to_have_attribute("alt", re.compile("Chờ trung bình theo giờ: .*10 phút.*20 phút"))
    expect(second).to_contain_text("camera không thấy")
    expect(page.locator("#office-rest")).to_contain_text("3 tin, 1 chỗ")
    expect(page.locator("#office-rest")).to_contain_text("9 (hàng chờ 9)")
    first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Quầy q1")
    expect(page).to_have_title(f"Quầy q1 · {LONG} · motcua")
    assert page.url.endswith(f"/office/{HOA_HIEP}/counter/q1")
    body = page.locator("#counter-body")
    expect(body).to_contain_text("hàng chung với quầy q2")
    expect(body).to_contain_text("Một giờ qua: 10–22 phút; đang tăng")
    expect(body.get_by_role("row").nth(2)).to_contain_text("chưa đủ dữ liệu")
    page.go_back()
    page.go_back()
    expect(page.locator("#board-panels .panel")).to_have_count(1)
    expect(page.get_by_label("Tìm nơi")).to_have_value("minh khai")
    page.go_forward()
    page.locator("#office-way").get_by_role("link", name=LONG).click()
    expect(page).to_have_url(re.compile(f"/unit/{HOA_HIEP}$"))
    expect(page.locator("#board-rows tr")).to_have_count(1)
    page.locator("#board-way").get_by_role("link", name="Tất cả các nơi").click()
    expect(page.locator("#board-rows tr")).to_have_count(126)


def test_order_stands_still_while_the_keyboard_is_in_the_list_and_says_so(visit: Visit, api: Fake) -> None:
    api.set("vl-86", wait=wait("ok", expected_wait_s=2000.0))
    api.set(HOA_HIEP, wait=wait("ok", expected_wait_s=1000.0))
    page = visit("/")
    first = page.locator("#board-rows tr").first
    expect(first).to_have_attribute("data-office", "vl-86")
    expect(page.locator("#connection-text")).to_have_text("Trực tiếp")
    first.get_by_role("link").focus()
    expect(page.locator('.pin[data-office="vl-86"]')).to_have_class(re.compile("pointed"))
    api.set(HOA_HIEP, wait=wait("ok", expected_wait_s=3000.0), tell=True)
    expect(page.locator(f'tr[data-office="{HOA_HIEP}"] td.wait')).to_contain_text("50 phút")
    expect(first).to_have_attribute("data-office", "vl-86")
    expect(page.locator("#board-held")).to_be_visible()
    expect(first.get_by_role("link")).to_be_focused()
    page.get_by_role("button", name="Cần xem trước").click()
    expect(first).to_have_attribute("data-office", HOA_HIEP)


def test_a_long_list_is_whole_at_a_click_and_what_is_out_of_sight_follows(visit: Visit, api: Fake) -> None:
    api.rows = [
        office({"office_id": f"n-{i:03}", "name": f"Nơi {i:03}", "lat": 10.0 + i / 1000, "lon": 106.0}, wait=wait("ok"))
        for i in range(400)
    ]
    page = visit("/?by=office")
    expect(page.locator("#board-rows tr")).to_have_count(150)
    expect(page.locator(".pin")).to_have_count(400)
    page.get_by_role("button", name="Hiện cả 400 nơi").click()
    expect(page.locator("#board-rows tr")).to_have_count(400)
    last = page.locator('tr[data-office="n-399"]')
    for _ in range(5):  # rows get their true height when they come into sight, which moves what is below them
        last.evaluate("(el) => el.scrollIntoView({ block: 'center' })")
        page.wait_for_timeout(100)
    expect(last).to_be_in_viewport()
    api.set("n-399", wait=wait("ok", expected_wait_s=1500.0), tell=True)
    expect(last).to_contain_text("25 phút")
    page.evaluate("() => window.scrollTo(0, 0)")
    api.set("n-399", wait=wait("ok", expected_wait_s=3000.0), tell=True)
    page.get_by_role("button", name="Cần xem trước").click()
    expect(page.locator("#board-rows tr").first).to_contain_text("50 phút")


HOSTILE = ("<script>alert(1)</script>", "'; drop table office; --", "../../etc/passwd", "x" * 3000, "%00", "𝔘nïcode")


def test_hostile_values_in_addresses_are_refused_in_words(visit: Visit, api: Fake, site: str) -> None:
    page = visit("/unit/none")
    said = page.locator("main [role=alert]")
    expect(said).to_contain_text("Không tìm thấy nơi này")
    pages = (
        ("/unit/{}", "Không tìm thấy nơi này"),
        ("/office/{}", "Không tìm thấy nơi này"),
        (f"/office/{HOA_HIEP}/counter/{{}}", "Không tìm thấy quầy này"),
    )
    for i, value in enumerate((*HOSTILE, HOSTILE[0])):
        path, says = pages[i % 3]
        page.evaluate("(href) => window.motcua.go(href)", path.format(quote(value, safe="")))
        expect(said).to_contain_text(value[:40] if value != "%00" else says, timeout=15_000)
        expect(said).to_contain_text(says)
        assert len(said.inner_text()) < 400, "what was asked for is not said again at length"
    assert not [p for p in api.asked if "passwd" in p or "script" in p or "drop" in p], (
        "the API is not asked for what can be no id"
    )
    page.goto(f"{site}/?q={quote(HOSTILE[0])}&by=__proto__&view=none&desc=x")
    expect(page.locator("#board-rows")).to_contain_text("Không nơi nào khớp với “<script>")
    expect(page.locator("th.office")).to_have_attribute("aria-sort", "none")


@pytest.mark.parametrize(("status", "says"), [(403, "Không có quyền xem"), (503, "Máy chủ dữ liệu không trả lời")])
def test_pages_say_why_there_is_nothing_to_see(visit: Visit, api: Fake, status: int, says: str) -> None:
    api.status = status
    page = visit(f"/unit/{PROVINCE}")
    expect(page.locator("main [role=alert]")).to_contain_text(says)
    page.evaluate("(href) => window.motcua.go(href)", f"/office/{HOA_HIEP}/counter/q1")
    expect(page.locator("#counter-notice [role=alert]")).to_contain_text(says)


def test_an_office_without_counters_says_so(visit: Visit, api: Fake) -> None:
    page = visit(f"/office/{HOA_HIEP}")
    expect(page.locator("#office-rest")).to_contain_text("Chưa có quầy nào được khai báo.")


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_axe_finds_nothing_serious(visit: Visit, api: Fake, lang: str, width: int) -> None:
    filled(api)
    source = axe()
    paths = {
        "/": "#board-rows tr",
        f"/unit/{PROVINCE}?view=panels": "#board-panels .panel",
        f"/unit/{HOA_HIEP}": "#board-rows tr",
        f"/office/{HOA_HIEP}": ".panel-counter",
        f"/office/{HOA_HIEP}/counter/q1": "#counter-body h1",
        f"/office/{HOA_HIEP}/counter/none": "main [role=alert]",
        "/unit/none": "main [role=alert]",
        "/?q=zzz": "#board-rows .nothing",
    }
    for path, there in paths.items():
        page = visit(path, width, 900, lang=lang)
        expect(page.locator(there).first).to_be_visible()
        if path == "/":
            page.locator("#board-signs summary").click()
        page.evaluate(source)
        found = page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes[0].html]))")
        assert [v for v in found if v[0] in ("serious", "critical")] == [], path
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), f"{path} hangs over the side"

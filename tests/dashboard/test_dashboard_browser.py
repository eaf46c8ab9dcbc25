"""The staff pages in a real Chromium: desktop and phone, live, by keyboard, and when things go wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dashboard_api import PASSWORD, TOKEN, USER, Fake, buckets, closeup, hall_day, iso, running, today, wait
from playwright.sync_api import Browser, Locator, Page, expect

from motcua.dashboard.app import build
from motcua.dashboard.settings import DashboardSettings

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
DESKTOP, PHONE = (1440, 900), (390, 844)
HOA_HIEP = "vl-29734"


def row(page: Page, office_id: str) -> Locator:
    return page.locator(f'#board-rows tr[data-office="{office_id}"]')


def loaded(page: Page) -> Page:
    expect(page.locator("#board-rows tr").first).to_be_visible()
    expect(page.locator("#board-map .pin").first).to_be_attached()
    return page


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_all_offices_stand_in_table_and_map_worst_first(visit: Visit, api: Fake, size: tuple[int, int]) -> None:
    api.set(HOA_HIEP, wait=wait("ok", expected_wait_s=2000.0, waiting=9), open_counters=3)
    api.set("vl-86", wait=wait("ok", expected_wait_s=95.0))
    page = loaded(visit("/", *size))
    expect(page.locator("#board-rows tr")).to_have_count(126)
    first = page.locator("#board-rows tr").first
    expect(first).to_have_attribute("data-office", HOA_HIEP)
    expect(first.locator("td.wait")).to_contain_text("33 phút")
    expect(first.locator("td.wait")).to_contain_text("8–18 phút")
    expect(first.locator("td.state")).to_have_text("vượt xa")
    expect(first.locator("td.counters")).to_have_text("3")
    expect(page.locator(".headline")).to_contain_text("1 nơi vượt 15 phút")
    expect(page.locator(".first")).to_contain_text("Xã Hoà Hiệp 33 phút")
    expect(page.locator("#board-map .pin")).to_have_count(126)
    silent = page.locator("#board-rows tr").last
    expect(silent).to_contain_text("chưa có số liệu")
    assert "0" not in re.sub(r"\d+ nơi", "", silent.inner_text())
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "nothing hangs over the side"
    expect(page).to_have_title("Hàng chờ lúc này · motcua")


def test_news_are_on_the_page_without_a_reload_and_before_it_asks_by_itself(
    visit: Visit, api: Fake, eventually: Callable[..., object]
) -> None:
    page = loaded(visit("/"))
    expect(page.locator("#connection-text")).to_have_text("Trực tiếp")
    page.evaluate("() => { window.keep = 1; }")
    eventually(lambda: api.streams == 1)
    page.evaluate("() => { document.querySelector('#board-rows tr').kept = document.querySelector('.pin').kept = 1; }")
    api.set(HOA_HIEP, wait=wait("ok", expected_wait_s=1260.0), tell=True)
    expect(row(page, HOA_HIEP).locator("td.wait")).to_contain_text("21 phút", timeout=8000)
    expect(page.locator(f'.pin[data-office="{HOA_HIEP}"]')).to_have_class("pin pin-over")
    expect(page.locator("#board-map .names")).to_contain_text("Xã Hoà Hiệp · 21 phút")
    assert page.evaluate("() => window.keep") == 1
    kept = "() => [...document.querySelectorAll('#board-rows tr, .pin')].filter((e) => e.kept).length"
    assert page.evaluate(kept) == 2, "what did not change stays the same element"


def test_without_a_stream_the_page_asks_by_itself_and_says_so(visit: Visit, api: Fake) -> None:
    api.streams_refused = True
    page = loaded(visit("/"))
    expect(page.locator("#connection-text")).to_contain_text("cập nhật mỗi 10 giây")
    api.set(HOA_HIEP, wait=wait("ok", expected_wait_s=1260.0))
    expect(row(page, HOA_HIEP).locator("td.wait")).to_contain_text("21 phút", timeout=15_000)


def test_an_api_that_goes_away_leaves_the_last_figures_and_says_how_old_they_are(visit: Visit, api: Fake) -> None:
    api.set(HOA_HIEP, wait=wait("ok", expected_wait_s=1260.0))
    page = loaded(visit("/"))
    page.clock.install()
    api.status = 500
    page.clock.run_for(31_000)
    expect(page.locator("#connection-text")).to_have_text("Mất kết nối, đang thử lại. Số liệu của", timeout=20_000)
    expect(page.locator("#connection-age")).to_contain_text("giây trước")
    expect(page.locator("#board-notice")).to_contain_text("Máy chủ dữ liệu không trả lời. Số liệu dưới đây là của lúc")
    expect(row(page, HOA_HIEP)).to_contain_text("21 phút")
    api.status = 200
    page.clock.run_for(12_000)
    expect(page.locator("#board-notice")).to_be_empty(timeout=20_000)
    expect(page.locator("#connection-text")).not_to_contain_text("Mất kết nối", timeout=20_000)


def test_ages_count_on_in_the_browser(visit: Visit, api: Fake) -> None:
    api.set(HOA_HIEP, wait=wait("ok", age_s=53.0))
    api.streams_refused = True
    page = loaded(visit("/"))
    age = row(page, HOA_HIEP).locator("td.age time")
    expect(age).to_have_text(re.compile(r"^5\d giây$"))
    expect(age).to_have_text("1 phút", timeout=15_000)


def test_search_without_accents(visit: Visit, api: Fake) -> None:
    page = loaded(visit("/"))
    page.get_by_label("Tìm nơi").fill("hoa hiep")
    expect(page.locator("#board-rows tr")).to_have_count(1)
    expect(page.locator("#board-rows")).to_contain_text("Xã Hoà Hiệp")
    expect(page.locator("#board-count")).to_have_text("1 trên 126 nơi")
    page.get_by_label("Tìm nơi").fill("không có đâu")
    expect(page.locator("#board-rows")).to_have_text("Không nơi nào khớp với “không có đâu”.")
    page.get_by_label("Tìm nơi").fill("")
    expect(page.locator("#board-rows tr")).to_have_count(126)


def test_sort_by_a_column_and_back(visit: Visit, api: Fake) -> None:
    api.set("vl-86", wait=wait("ok", expected_wait_s=1000.0, waiting=1))
    api.set(HOA_HIEP, wait=wait("ok", expected_wait_s=100.0, waiting=30))
    page = loaded(visit("/"))
    first = page.locator("#board-rows tr").first
    expect(first).to_have_attribute("data-office", "vl-86")
    page.get_by_role("button", name="Đang chờ").click()
    expect(first).to_have_attribute("data-office", HOA_HIEP)
    expect(page.locator("th.waiting")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name="Đang chờ").click()
    expect(first).to_have_attribute("data-office", "vl-86")
    expect(page.locator("th.waiting")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Cần xem trước").click()
    expect(page.locator("th.waiting")).to_have_attribute("aria-sort", "none")


def test_figures_that_are_not_real_are_named_on_every_page(visit: Visit, api: Fake) -> None:
    api.set("DEMO", wait=wait("ok", provenance="replay"))
    api.set(HOA_HIEP, wait=wait("ok", provenance="simulated"))
    page = loaded(visit("/"))
    banner = page.locator("#board-banner")
    expect(banner).to_contain_text("Có số liệu không phải thật. Phát lại video: Quầy thử nghiệm. Mô phỏng: Xã Hoà Hiệp.")
    expect(row(page, HOA_HIEP).locator(".tag.not-real")).to_have_text("mô phỏng")
    expect(row(page, HOA_HIEP).locator(".mark.hollow")).to_have_count(1)
    page.goto(page.url + "office/DEMO")
    expect(page.locator("#office-banner")).to_contain_text("Phát lại video: Quầy thử nghiệm.")
    api.set("DEMO", wait=wait())
    api.set(HOA_HIEP, wait=wait("ok"))
    page.goto(page.url.replace("office/DEMO", ""))
    expect(row(loaded(page), HOA_HIEP)).to_contain_text("camera")
    expect(banner).to_be_empty()


def with_figures(api: Fake) -> None:
    at = datetime.now(UTC)
    api.set(HOA_HIEP, wait=wait("ok"), open_counters=2, in_service=1, oldest_wait_s=400.0)
    api.hours = buckets(at, [None, 600.0, 1200.0])
    api.closeups = [closeup("Q1", [600.0, None, 1200.0]), closeup("Q2", [None] * 3, in_service=None, open=None)]
    last_at = iso(at - timedelta(seconds=70))
    source = {"source_id": "cam-1", "status": "offline", "last_at": last_at, "provenance": "camera", "gaps": 2}
    api.sources = [source | {"health": {"detail": "faces: 0 of 12 good enough to read (12 small)"}}]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_an_offices_page(visit: Visit, api: Fake, size: tuple[int, int]) -> None:
    with_figures(api)
    page = visit(f"/office/{HOA_HIEP}", *size)
    expect(page.get_by_role("heading", level=1)).to_have_text("Xã Hoà Hiệp")
    expect(page.locator("#office-address")).to_have_text(f"Ấp 2A, {HOA_HIEP}")
    now = page.locator("#office-now")
    expect(now).to_contain_text("12 phút")
    expect(now).to_contain_text("8 trên 10 lượt: 8–18 phút")
    expect(now).to_contain_text("tính từ 34 lượt, đo bằng camera")
    expect(now).to_contain_text(re.compile(r"số liệu cách đây \d+ giây"))
    expect(page.locator("#office-chart .errorbar")).to_have_count(2)
    expect(page.locator("#office-chart")).to_contain_text("mục tiêu 15 phút")
    rest = page.locator("#office-rest")
    expect(rest).to_contain_text("Hôm nay, 02/03/2026")
    for text in ("1.234", "1.180", "80 %", "trên 1.180 lượt", "4,3 % lượt bỏ về hoặc mất dấu", "đang tắt"):
        expect(rest).to_contain_text(text)
    for text in ("đang phục vụ", "chưa có số liệu", "cam-1", "mất liên lạc", "1 phút", "Máy cam-1 báo: faces: 0 of 12"):
        expect(rest).to_contain_text(text)
    expect(page).to_have_title("Xã Hoà Hiệp · motcua")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_an_office_nothing_was_heard_of_has_no_zeros(visit: Visit, api: Fake) -> None:
    nothing = dict.fromkeys(("visits", "served", "reneged", "balked", "lost"), 0)
    api.day = today(provenance=None, wait=None, **nothing)
    page = visit("/office/vl-86")
    expect(page.locator("#office-rest .cards")).to_contain_text("chưa có số liệu")
    expect(page.locator(".value")).to_have_count(0)
    expect(page.locator("#office-hours")).to_have_text("Chưa có lượt nào được phục vụ trong 12 giờ qua.")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"state": "insufficient", "n": 3}, "chưa đủ dữ liệu"),
        ({"state": "ok", "n": 34, "valence": 0.12, "low": -0.05, "high": 0.29}, "khoảng tin cậy −0,05 đến +0,29"),
    ],
)
def test_sentiment_says_what_stands_behind_it(visit: Visit, api: Fake, given: dict[str, Any], says: str) -> None:
    api.day = today(sentiment=given)
    page = visit(f"/office/{HOA_HIEP}")
    expect(page.locator(".card", has_text="Cảm xúc suy đoán")).to_contain_text(says)


def test_an_offices_page_hears_only_its_own_news(visit: Visit, api: Fake, eventually: Callable[..., object]) -> None:
    with_figures(api)
    page = visit(f"/office/{HOA_HIEP}")
    expect(page.locator("#office-now")).to_contain_text("12 phút")
    eventually(lambda: api.streams == 1)
    api.asked.clear()
    api.tell("vl-86")
    time.sleep(1.5)  # longer than the shortest pause between two refreshes: silence is what is tested
    assert [path for path in api.asked if path.endswith("/today")] == []
    api.set(HOA_HIEP, wait=wait("ok", expected_wait_s=1500.0), tell=True)
    expect(page.locator("#office-now")).to_contain_text("25 phút", timeout=8000)


def test_back_and_forward(visit: Visit, api: Fake) -> None:
    api.set(HOA_HIEP, wait=wait("ok"))
    page = loaded(visit("/"))
    page.get_by_role("link", name="Xã Hoà Hiệp").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xã Hoà Hiệp")
    assert page.url.endswith(f"/office/{HOA_HIEP}")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hàng chờ lúc này")
    loaded(page)
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xã Hoà Hiệp")


def test_a_click_on_the_map_opens_the_office(visit: Visit, api: Fake) -> None:
    page = loaded(visit("/"))
    page.get_by_label("Tìm nơi").fill("hoa hiep")
    expect(page.locator("#board-rows tr")).to_have_count(1)
    expect(page.locator("#board-map .pin")).to_have_count(1)
    point = page.locator("#board-map .pin").bounding_box()
    assert point
    page.mouse.move(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    expect(page.locator("#board-map .tip")).to_contain_text("Xã Hoà Hiệp")
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xã Hoà Hiệp")


def test_by_keyboard_from_login_to_an_office(visit: Visit, api: Fake) -> None:
    api.set(HOA_HIEP, wait=wait("ok", expected_wait_s=2000.0))
    page = visit("/", signed_in=False)
    expect(page.get_by_label("Tên đăng nhập")).to_be_focused()
    page.keyboard.type(USER)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    loaded(page)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".first a").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Xã Hoà Hiệp")
    expect(page.locator("main")).to_be_focused()
    meaning = page.locator("#office-now summary").first
    meaning.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#office-now .def-text").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#office-now .def-text").first).not_to_be_visible()


def test_english(visit: Visit, api: Fake) -> None:
    api.set(HOA_HIEP, wait=wait("ok", expected_wait_s=2000.0, waiting=1))
    page = loaded(visit("/"))
    page.get_by_role("link", name="English").click()
    loaded(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Queues now")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(".headline")).to_contain_text("1 office over 15 minutes")
    expect(row(page, HOA_HIEP).locator("td.wait")).to_contain_text("33 min")


def test_a_session_that_ends_hides_the_figures_and_leads_to_the_login(visit: Visit, api: Fake) -> None:
    page = loaded(visit("/"))
    api.status = 401
    api.tell(HOA_HIEP)
    expect(page.locator("#board-notice")).to_contain_text("Phiên làm việc đã hết", timeout=15_000)
    expect(page.locator("#board-rows")).not_to_be_visible()
    api.status = 200
    page.get_by_role("link", name="Đăng nhập lại").click()
    page.get_by_label("Tên đăng nhập").fill(USER)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    loaded(page)


@pytest.mark.parametrize(
    ("status", "path", "says"),
    [
        (403, "/", "Không có quyền xem"),
        (403, "/office/vl-86", "Không có quyền xem"),
        (503, "/", "Máy chủ dữ liệu không trả lời"),
        (503, "/office/vl-86", "Máy chủ dữ liệu không trả lời"),
        (200, "/office/nowhere", "Không tìm thấy nơi này"),
        (200, "/something/else", "Không có trang này"),
    ],
)
def test_what_is_wrong_is_said_in_words(visit: Visit, api: Fake, status: int, path: str, says: str) -> None:
    api.status = status
    page = visit(path)
    expect(page.locator("main")).to_contain_text(says)
    expect(page.locator("#board-rows, #office-now")).not_to_be_visible()


def test_an_account_without_offices(visit: Visit, api: Fake) -> None:
    api.rows = []
    page = visit("/")
    expect(page.locator("#board-notice")).to_contain_text("Tài khoản này chưa có nơi nào để xem.")


def test_a_phone_keeps_the_table_a_table(visit: Visit, api: Fake) -> None:
    api.set(HOA_HIEP, wait=wait("ok"))
    page = loaded(visit("/", *PHONE))
    expect(page.get_by_role("table", name="Hàng chờ lúc này")).to_be_visible()
    cells = page.get_by_role("row", name="Xã Hoà Hiệp").get_by_role("cell")
    expect(cells).to_have_count(7)
    page.get_by_role("link", name="Xã Hoà Hiệp").last.tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xã Hoà Hiệp")


def test_tiles_that_cannot_be_fetched_leave_the_plain_ground(api: Fake, browser: Browser) -> None:
    settings = DashboardSettings(api_url=api.url, tiles_url="http://127.0.0.1:9/{z}/{x}/{y}.png", tiles_credit="© tiles")
    with running(build(settings)) as address:
        page = browser.new_page()
        page.context.add_cookies([{"name": "motcua_session", "value": TOKEN, "url": address}])
        asked: list[str] = []
        page.on("request", lambda r: asked.append(r.url) if "127.0.0.1:9/" in r.url else None)
        page.goto(address)
        loaded(page)
        expect(page.locator("#board-map .pin")).to_have_count(126)
        expect(page.locator("#board-map .land circle")).not_to_have_count(0)
        expect(page.locator("#board-map")).to_contain_text("© tiles")
        assert any(url.startswith("http://127.0.0.1:9/10/") for url in asked), "the policy lets the tiles' host through"
        page.context.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("lang", "title"), [("vi", "Sảnh chờ và quầy"), ("en", "Hall and counters")])
def test_an_office_of_several_cameras_shows_waits_by_lane_with_their_method(
    visit: Visit, api: Fake, size: tuple[int, int], lang: str, title: str
) -> None:
    api.set(HOA_HIEP, wait=wait("too_few", waiting=6))
    api.day = hall_day()
    page = visit(f"/office/{HOA_HIEP}", *size, lang=lang)
    section = page.locator("section", has=page.get_by_role("heading", name=title))
    expect(section.locator(".card")).to_have_count(5)
    expect(section.locator(".card").nth(2)).to_contain_text("4 phút" if lang == "vi" else "4 min")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "nothing hangs over the side"

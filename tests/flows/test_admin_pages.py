"""The administration in the browser, on a real API and a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from admin_site import Site
from admin_site import running as api_running
from axe_core import axe
from dashboard_api import running
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect, sync_playwright

from motcua.analytics import db, store
from motcua.dashboard.app import build
from motcua.dashboard.settings import DashboardSettings
from motcua.map.offices import todays_offices
from motcua.onebox.postgres import Postgres

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
WAIT = 30_000


@pytest.fixture(scope="module")
def site(pg_server: Postgres) -> Iterator[Site]:
    with api_running(pg_server, "admin_pages") as site:
        yield site


@pytest.fixture(scope="module")
def pages(site: Site) -> FastAPI:
    return build(DashboardSettings(api_url=site.url))


@pytest.fixture(scope="module")
def url(pages: FastAPI) -> Iterator[str]:
    with running(pages) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(site: Site, url: str, browser: Browser) -> Iterator[Open]:
    """Open a path as somebody; each signs in once. A script's error fails the test at its end."""
    site.reset()
    contexts: dict[tuple[str, str, int], Page] = {}
    complaints: list[str] = []

    def opened(path: str, who: str = "boss", lang: str = "vi", width: int = 1280) -> Page:
        key = (who, lang, width)
        if key not in contexts:
            context = browser.new_context(viewport={"width": width, "height": 860})
            session = site.client(who).cookies.get("motcua_session") or ""
            cookies = {"motcua_session": session, "motcua_lang": lang}
            context.add_cookies([{"name": k, "value": v, "url": url} for k, v in cookies.items()])  # type: ignore[list-item]
            page = contexts[key] = context.new_page()
            page.set_default_timeout(WAIT)
            page.on("pageerror", lambda error: complaints.append(str(error)))
        contexts[key].goto(url + path)
        return contexts[key]

    yield opened
    for page in contexts.values():
        page.context.close()
    assert complaints == []


def body(page: Page) -> Any:
    return page.locator("#admin-body")


def test_an_office_is_found_changed_and_not_overwritten(opened: Open, site: Site, pages: FastAPI) -> None:
    page = opened("/admin")
    body(page).get_by_role("link", name="Các nơi").click()
    body(page).get_by_label("Tìm").fill("hoa hiep")
    expect(body(page)).to_contain_text("1–1 trên 1", timeout=WAIT)
    body(page).get_by_role("link", name="vl-1").click()
    phone = body(page).get_by_label("Điện thoại")
    phone.fill("<script>alert(1)</script>")
    body(page).get_by_label("Không còn hiệu lực từ").fill("31/02/2026")
    page.get_by_role("button", name="Lưu").click()
    expect(body(page).get_by_role("alert")).to_contain_text("Có 2 chỗ cần sửa", timeout=WAIT)
    expect(body(page).locator(".wrong")).to_have_count(2)
    expect(body(page)).to_contain_text("“<script>alert(1)</script>” không phải số điện thoại")
    assert site.audit("offices.%") == []
    expect(phone).to_have_value("<script>alert(1)</script>")
    phone.fill("0270 3860 556")
    body(page).get_by_label("Không còn hiệu lực từ").fill("")
    body(page).get_by_label("Độ tin cậy của vị trí").select_option(label="đúng tòa nhà")
    pages.state.api._http.base_url = "http://127.0.0.1:9"
    page.get_by_role("button", name="Lưu").click()
    expect(page.locator("#admin-alert")).to_contain_text("những gì bạn đã gõ vẫn còn", timeout=WAIT)
    expect(phone).to_have_value("0270 3860 556")
    pages.state.api._http.base_url = site.url
    page.get_by_role("button", name="Lưu").click()
    expect(body(page).get_by_role("status")).to_have_text("Đã lưu.", timeout=WAIT)
    expect(phone).to_have_value("+842703860556")
    with db.connect(site.dsn) as conn:
        assert conn.execute("select coordinate_quality from office where office_id = 'vl-1'").fetchone() == ("building",)
        conn.execute("update office set name = 'Người khác viết' where office_id = 'vl-1'")
    body(page).get_by_label("Tên", exact=False).first.fill("Tôi viết")
    page.get_by_role("button", name="Lưu").click()
    expect(body(page).get_by_role("alert")).to_contain_text("Người khác vừa sửa mục này", timeout=WAIT)
    body(page).get_by_role("link", name="Xem bản mới").click()
    expect(body(page).get_by_role("heading", level=1)).to_contain_text("Người khác viết", timeout=WAIT)


@pytest.mark.slow
def test_a_counter_by_keyboard_and_its_end(opened: Open, site: Site) -> None:
    page = opened("/admin/counters/new", lang="en")
    page.get_by_label("Office id").focus()
    page.keyboard.type("vl-1")
    for text in ("q1", "Household records"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    expect(body(page).get_by_role("status")).to_have_text("Added.", timeout=WAIT)
    assert page.url.endswith("/admin/counters/edit/vl-1~q1?said=added")
    page.get_by_role("button", name="Retire from today on").click()
    expect(body(page)).to_contain_text("No longer in force", timeout=WAIT)
    assert [(who, action) for who, action, _ in site.audit("counters.%")] == [
        ("boss", "counters.add"),
        ("boss", "counters.retire"),
    ]
    page = opened("/admin/counters/new", lang="en")
    page.get_by_label("Office id").fill("../../etc")
    page.get_by_label("Counter id").fill("' or 1=1 --")
    page.get_by_role("button", name="Save").click()
    expect(body(page).get_by_role("alert")).to_contain_text("Not saved", timeout=WAIT)


def test_a_file_is_shown_before_it_is_written(opened: Open, site: Site, tmp_path: Path) -> None:
    page, before = opened("/admin/offices/import"), site.everything()
    upload = page.locator("input[type=file]")
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Chọn tệp").click()
    wrong = tmp_path / "sai.csv"
    wrong.write_text("office_id;name;phone\nvl-1;=cmd|' /C calc'!A0;1\nvl-2;;abc\n", encoding="utf-8-sig")
    chooser.value.set_files(wrong)
    expect(body(page).get_by_role("alert")).to_contain_text("sai.csv: có 3 lỗi, chưa ghi gì", timeout=WAIT)
    expect(body(page)).to_contain_text("dòng 3")
    binary = tmp_path / "anh.csv"
    binary.write_bytes(b"PK\x03\x04\0\0")
    upload.set_input_files(binary)
    expect(body(page).get_by_role("cell", name="tệp không phải văn bản")).to_be_visible(timeout=WAIT)
    good = tmp_path / "dung.csv"
    good.write_text("office_id;name\nvl-1;Xã Hoà Hiệp mới\nvl-2;Phường Long Châu\n", encoding="utf-8-sig")
    upload.set_input_files(good)
    expect(body(page).locator("del")).to_have_text("Xã Hoà Hiệp", timeout=WAIT)
    assert site.everything() == before
    with db.connect(site.dsn) as conn:
        conn.execute("update office set phone = '1022' where office_id = 'vl-1'")
    page.get_by_role("button", name="Ghi 1 thay đổi").click()
    expect(body(page).get_by_role("alert")).to_contain_text("Dữ liệu đã thay đổi", timeout=WAIT)
    page.locator("input[type=file]").set_input_files(good)
    page.get_by_role("button", name="Ghi 1 thay đổi").click()
    expect(body(page).get_by_role("status").first).to_have_text("Đã ghi tệp vào cơ sở dữ liệu.", timeout=WAIT)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "Xã Hoà Hiệp mới" in Path(download.value.path()).read_text(encoding="utf-8-sig")


@pytest.mark.slow
def test_an_account_a_device_and_the_log(opened: Open, site: Site) -> None:
    with db.connect(site.dsn) as conn:
        conn.execute("delete from account where username = 'lan'")
    page = opened("/admin/users/new")
    page.get_by_label("Tên đăng nhập").fill("lan")
    page.get_by_label("Vai trò").select_option(label="nhân sự")
    page.get_by_label("Mã nơi").fill("nowhere")
    page.get_by_role("button", name="Lưu").click()
    expect(body(page).get_by_role("alert")).to_contain_text("không có nơi nào có mã “nowhere”", timeout=WAIT)
    page.get_by_label("Mã nơi").fill("vl-1")
    page.get_by_role("button", name="Lưu").click()
    secret = body(page).locator(".secret").inner_text(timeout=WAIT)
    assert len(secret) >= 16
    page.get_by_role("link", name="Mở mục đó").click()
    page.get_by_label("Trạng thái").select_option(label="bị khóa")
    page.get_by_role("button", name="Lưu").click()
    expect(body(page).get_by_role("status")).to_have_text("Đã lưu.", timeout=WAIT)
    page = opened("/admin/devices/new")
    page.get_by_label("Thiết bị").fill("vl-1.cam")
    page.get_by_label("Loại").select_option(label="hộp camera")
    page.get_by_label("Mã nơi").fill("vl-1")
    page.get_by_label("Mã nguồn").fill("cam")
    page.get_by_role("button", name="Lưu").click()
    page.get_by_role("link", name="Mở mục đó").click()
    page.get_by_role("button", name="Thu hồi vĩnh viễn").click()
    expect(body(page)).to_contain_text("không bao giờ kết nối lại", timeout=WAIT)
    page = opened("/admin/audit")
    expect(body(page)).to_contain_text("Nhật ký nguyên vẹn", timeout=WAIT)
    page.get_by_label("Việc").fill("account.change")
    expect(body(page).locator("tbody tr")).to_have_count(1, timeout=WAIT)
    expect(body(page)).to_contain_text("disabled: False → True")
    page.get_by_label("Từ ngày").fill("'; drop table audit")
    expect(body(page).get_by_role("alert")).to_contain_text("Bộ lọc không hợp lệ", timeout=WAIT)
    page.get_by_label("Từ ngày").fill("")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert len(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()) == 2
    assert [a for _, a, _ in site.audit("account.%")] == ["account.add", "account.change"]
    for path, says in (("cameras", "Không có mục nào"), ("targets", "974/QĐ-UBND"), ("users", "chief")):
        expect(body(opened(f"/admin/{path}"))).to_contain_text(says, timeout=WAIT)
    expect(body(opened("/admin/users/edit/boss"))).to_contain_text("Đây là tài khoản của bạn", timeout=WAIT)


def test_who_may_not_and_what_is_not_there(opened: Open) -> None:
    for path in ("/admin", "/admin/offices/import", "/admin/audit"):
        expect(body(opened(path, who="chief"))).to_contain_text("Không có quyền xem", timeout=WAIT)
    unit = opened("/admin", who="unit")
    expect(body(unit)).to_contain_text("Bạn quản lý nơi vl-1", timeout=WAIT)
    expect(body(opened("/admin/offices/edit/vl-2", who="unit"))).to_contain_text("Không tìm thấy", timeout=WAIT)
    expect(body(opened("/admin/procedures", who="unit"))).to_contain_text("Không có mục nào khớp", timeout=WAIT)
    expect(body(unit).get_by_role("link", name="Thêm")).to_have_count(0)
    for path in ("/admin/<script>", "/admin/offices/edit/..%2f..%2fetc%2fpasswd"):
        expect(opened(path).locator("main")).to_contain_text("Không", timeout=WAIT)


PATHS = (
    "",
    "/offices",
    "/offices/edit/vl-29734",
    "/counters/new",
    "/hours/edit/vl-86",
    "/holidays/new",
    "/access",
    "/taken",
)
PATHS += ("/procedures/new", "/offices/import", "/nowhere", "/users", "/users/new", "/users/edit/clerk", "/devices/new")
PATHS += ("/cameras", "/targets", "/targets/new", "/audit")


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_axe_finds_nothing_serious(opened: Open, site: Site, lang: str, width: int) -> None:
    with db.connect(site.dsn) as conn:
        store.import_offices(conn, [office.row() for office in todays_offices()])
    source = axe()
    for path in PATHS:
        page = opened(f"/admin{path}", lang=lang, width=width)
        page.wait_for_load_state("networkidle")
        expect(page.locator("main h1").first).to_be_visible(timeout=WAIT)
        page.evaluate(source)
        found = page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes[0].html]))")
        assert [v for v in found if v[0] in ("serious", "critical")] == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} hangs over the side"

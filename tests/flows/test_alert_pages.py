"""The pages on alerts in the browser, on a real API, a real database and the real look."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import uvicorn
from alert_feed import fill, play, send
from axe_core import axe
from builders import queue
from dashboard_api import running
from playwright.sync_api import Browser, Page, expect, sync_playwright

from motcua.analytics import alert_notices, alert_store, db, store
from motcua.analytics.alert_look import Asked, look
from motcua.analytics.alert_rules import CameraBlind, WaitOver
from motcua.analytics.api import accounts
from motcua.analytics.api.settings import ApiSettings
from motcua.analytics.channels import Channel
from motcua.dashboard.app import build
from motcua.dashboard.settings import DashboardSettings
from motcua.onebox.api_cli import server_config
from motcua.onebox.child import free_port

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"
SHOTS = os.environ.get("MOTCUA_TEST_SHOTS")
HOOK = Channel.model_validate({"name": "duty-mail", "address": "mailtos://u:geheim@example.org", "not_real": True})
LONG = "Trung tâm Phục vụ hành chính công phường Nguyễn Thị Minh Khai – khu phố Thạnh Hoà Trung"


@dataclass
class Site:
    """The pages, and the database behind them."""

    url: str
    dsn: str
    browser: Browser
    errors: list[str]
    stop_api: Callable[[], None]

    def signed_in(self, name: str, width: int = 1280, lang: str = "vi") -> Page:
        """A page at the start, logged in."""
        context = self.browser.new_context(viewport={"width": width, "height": 860}, has_touch=width < 600)
        context.add_cookies([{"name": "motcua_lang", "value": lang, "url": self.url}])
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(f"{self.url}/login")
        page.fill("#username", name)
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(f"{self.url}/")
        return page


def filled(conn: psycopg.Connection) -> None:
    """Three alerts that stand, one of them unknown by now, one over; a channel that works and one that does not."""
    store.import_offices(conn, [{"office_id": "vl-3", "name": LONG, "level": "commune", "parent_id": "vl-86"}])
    for name, role, office in (
        ("chief", "supervisor", "vl-86"),
        ("local", "supervisor", "vl-1"),
        ("watcher", "analyst", None),
        ("clerk", "officer", "vl-1"),
        ("boss", "admin", None),
        ("part", "admin", "vl-1"),
    ):
        accounts.add(conn, name, role, PASSWORD, office)
    day = date(2020, 1, 1)
    alert_store.add_setting(conn, "*", day, WaitOver(raise_for_s=0, clear_for_s=60), "chief")
    alert_store.add_setting(conn, "*", day, CameraBlind(raise_for_s=0), "chief")
    dead = Channel.model_validate({"name": "hook", "address": "json://u:geheim@example.org"})
    alert_notices.know(conn, [HOOK, dead])
    now = datetime.now(UTC)
    begin = now - timedelta(minutes=20)
    play(conn, [("vl-2", 25.0)] + [("vl-2", 3.0)] * 8, [], begin=begin)
    play(conn, [("vl-1", 27.0)], [HOOK], begin=now - timedelta(minutes=3))
    at = now - timedelta(seconds=30)
    send(conn, queue(office_id="vl-3", at=at, state="blind", waiting=None, blind="covered", provenance="simulated"))
    look(conn, at, 30.0, [HOOK], Asked())
    alert_notices.sent(conn, "duty-mail", [], now - timedelta(minutes=2), 60)
    alert_notices.failed(conn, "hook", [], "status:500", now)


@pytest.fixture(scope="module")
def site(pg_server: object, eventually: Callable[..., object]) -> Iterator[Site]:
    dsn: str = pg_server.create("alert_pages")  # type: ignore[attr-defined]
    fill(dsn)
    with db.connect(dsn) as conn:
        filled(conn)
    server = uvicorn.Server(server_config(ApiSettings(dsn=dsn, port=(port := free_port()), logins_per_minute=100)))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    errors: list[str] = []

    def stop_api() -> None:
        server.should_exit = True
        thread.join(10)

    with running(build(DashboardSettings(api_url=f"http://127.0.0.1:{port}"))) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield Site(url, dsn, browser, errors, stop_api)
        browser.close()
    stop_api()
    assert errors == []


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def alert_of(site: Site, office: str) -> UUID:
    with db.connect(site.dsn) as conn:
        found: UUID = alert_store.alerts(conn, [office])[0]["alert_id"]
    return found


def test_the_list_is_read_filtered_acknowledged_and_stays_live(site: Site) -> None:
    page = site.signed_in("chief")
    badge = page.locator("#alerts-nav a")
    expect(badge).to_contain_text("2 chưa ai nhận")
    badge.click()
    page.wait_for_url("**/alerts")
    body = page.locator("#alerts-body")
    expect(body).to_contain_text("2 cảnh báo đang mở")
    expect(body.locator(".alert")).to_have_count(2)
    expect(body).to_contain_text("dự kiến chờ 27 phút (18–41 phút)")
    expect(body).to_contain_text("chưa rõ tình hình từ")
    expect(body).to_contain_text("mô phỏng")
    expect(body).to_contain_text("không gửi được (máy chủ trả lời 500)")
    assert "geheim" not in page.content()
    shot(page, "alerts-desktop-vi")
    page.get_by_role("link", name="Đã hết").click()
    expect(body).to_contain_text("đã trở lại bình thường")
    assert page.url.endswith("?state=over")
    page.get_by_role("link", name="Camera", exact=True).click()
    expect(body).to_contain_text("Không có cảnh báo nào như vậy")
    page.go_back()
    expect(body).to_contain_text("đã trở lại bình thường")
    page.goto(f"{site.url}/alerts?kind=wait_over&state=new")
    expect(body.locator(".alert")).to_have_count(1)
    with db.connect(site.dsn) as conn:
        play(conn, [("vl-86", 44.0)], [], begin=datetime.now(UTC))
    expect(body.locator(".alert")).to_have_count(2, timeout=20_000)
    expect(badge).to_contain_text("3 chưa ai nhận", timeout=20_000)
    button = page.get_by_role("button", name="Nhận cảnh báo: Dự kiến chờ quá mục tiêu, Trung tâm tỉnh")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#alerts-said")).to_contain_text("Đã ghi")
    expect(body.locator(".alert")).to_have_count(1)
    page.goto(f"{site.url}/alerts?state=%3Cscript%3E&kind=x&skip=-1&office=%27%20or%201%3D1--")
    expect(body).to_contain_text("Không tìm thấy nơi này")


def test_an_alert_is_acted_upon_by_two_people(site: Site) -> None:
    alert = alert_of(site, "vl-1")
    chief, local = site.signed_in("chief"), site.signed_in("local", 390)
    for page in (chief, local):
        page.goto(f"{site.url}/alerts/{alert}")
        expect(page.locator("#alert-head")).to_contain_text("Xã Hoà Hiệp")
    text = local.get_by_label("Ghi chú")
    text.fill("Đang gọi thêm người")
    chief.get_by_role("button", name="Tôi đã biết").click()
    expect(chief.locator("#alert-history")).to_contain_text("chief đã nhận")
    expect(local.locator("#alert-history")).to_contain_text("chief đã nhận", timeout=20_000)
    local.get_by_label("Ghi chú").fill("Đã mở quầy 3.\n<img src=x onerror=alert(1)>")
    local.get_by_role("button", name="Ghi lại").click()
    expect(local.locator("#alert-history blockquote")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(local.get_by_label("Ghi chú")).to_have_value("")
    local.get_by_role("button", name="Ghi lại").click()
    expect(local.locator("#alert-said")).to_contain_text("không để trống")
    chief.get_by_label("Giao cho").fill("nobody-of-ours")
    chief.get_by_role("button", name="Giao", exact=True).click()
    expect(chief.locator("#alert-said")).to_contain_text("Chưa làm được")
    chief.get_by_label("Giao cho").fill("local")
    chief.get_by_role("button", name="Giao", exact=True).click()
    expect(chief.locator("#alert-history")).to_contain_text("chief giao cho local")
    shot(chief, "alert-desktop-vi")
    shot(local, "alert-phone-vi")
    local.goto(f"{site.url}/alerts?mine=1")
    expect(local.locator("#alerts-body .alert")).to_have_count(1)


@pytest.mark.slow
def test_an_admin_sets_a_rule_for_a_part(site: Site) -> None:
    boss = site.signed_in("boss")
    boss.goto(f"{site.url}/alerts/rules?office=vl-86")
    body, said = boss.locator("#rules-body"), boss.locator("#rules-said")
    expect(body).to_contain_text("mặc định của sản phẩm")
    body.locator("section").nth(3).get_by_role("link", name="Thay đổi").click()
    boss.wait_for_url("**set=no_data")
    field = boss.get_by_label("Im lặng quá (phút)")
    for text, says in (("<b>", "ô “Im lặng quá (phút)” không hợp lệ"), ("0.5", "các mức không hợp nhau"), ("7,5", "Đã ghi")):
        field.fill(text)
        boss.get_by_role("button", name="Lưu và dùng").click()
        expect(said).to_contain_text(says)
    shot(boss, "rules-form-vi")
    boss.get_by_role("button", name="Tắt quy tắc này").click()
    expect(body).to_contain_text("đã tắt")
    boss.get_by_role("button", name="Lưu và dùng").click()
    expect(body).not_to_contain_text("đã tắt")
    boss.get_by_role("link", name="Không thay đổi").click()
    expect(body).to_contain_text("Im lặng quá (phút): 7,5")
    office = boss.get_by_label("Nơi", exact=True)
    office.fill("vl-1")
    office.press("Enter")
    boss.wait_for_url("**office=vl-1")
    expect(body).to_contain_text("Im lặng quá (phút): 7,5")
    expect(body).to_contain_text("đặt cho Trung tâm tỉnh từ")
    office.fill("' or 1=1")
    office.press("Enter")
    expect(body).to_contain_text("Không tìm thấy nơi này")
    part = site.signed_in("part", lang="en")
    part.goto(f"{site.url}/alerts/rules?set=telling")
    part.get_by_role("button", name="Switch this rule off").click()
    expect(part.locator("#rules-said")).to_contain_text("only an administrator of this part")
    chief = site.signed_in("chief")
    chief.goto(f"{site.url}/alerts/rules?set=telling")
    expect(chief.locator("#rules-body")).to_contain_text("18:00-06:30")
    assert chief.locator("#rules-body button").count() == 0


@pytest.mark.slow
def test_who_may_not_is_told_so(site: Site) -> None:
    clerk = site.signed_in("clerk")
    expect(clerk.locator("#where-to")).to_contain_text("Hồ sơ")
    assert clerk.locator("#alerts-nav a").count() == 0
    clerk.goto(f"{site.url}/alerts")
    expect(clerk.locator("#alerts-body")).to_contain_text("Không có quyền xem")
    shot(clerk, "alerts-denied")
    watcher = site.signed_in("watcher", lang="en")
    watcher.goto(f"{site.url}/alerts/{alert_of(site, 'vl-3')}")
    expect(watcher.locator("#alert-head")).to_contain_text("A camera does not see")
    expect(watcher.locator("#alert-history")).to_contain_text("raised: cam-1: lens covered")
    assert watcher.locator("#alert-form button").count() == 0
    local = site.signed_in("local")
    for path in (alert_of(site, "vl-3"), "%27%20or%201=1", "..%2f..", "x" * 300):
        local.goto(f"{site.url}/alerts/{path}")
        expect(local.locator("main")).to_contain_text("Không có cảnh báo này")
    shot(local, "alert-missing")


@pytest.mark.slow
def test_axe_finds_nothing_serious_and_nothing_overflows(site: Site) -> None:
    source = axe()
    for lang in ("vi", "en"):
        for width in (1280, 390):
            page = site.signed_in("boss", width, lang)
            for name, path in (
                ("rules", "/alerts/rules"),
                ("rule", "/alerts/rules?office=vl-3&set=satisfaction_low"),
                ("list", "/alerts?state=all"),
                ("none", "/alerts?kind=no_data"),
                ("one", f"/alerts/{alert_of(site, 'vl-1')}"),
                ("long", f"/alerts/{alert_of(site, 'vl-3')}"),
                ("missing", "/alerts/none"),
            ):
                page.goto(site.url + path)
                expect(page.locator("main h1").first).to_be_visible()
                expect(page.locator("main")).not_to_contain_text("…")
                page.wait_for_timeout(300)
                shot(page, f"axe-{name}-{width}-{lang}")
                page.evaluate(f"{source}; 0")
                found = page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes[0].html]))")
                assert [v for v in found if v[0] in ("serious", "critical")] == [], (path, width, lang)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width, lang)


@pytest.mark.slow
def test_without_the_api_the_last_answer_stays_and_says_its_age(site: Site) -> None:
    """The last one of this file: it ends the API."""
    listed, one, fresh = (site.signed_in("chief") for _ in range(3))
    listed.goto(f"{site.url}/alerts?state=all")
    expect(listed.locator("#alerts-body .alert").first).to_be_visible()
    before = listed.locator("#alerts-body .alert").count()
    one.goto(f"{site.url}/alerts/{alert_of(site, 'vl-1')}")
    expect(one.locator("#alert-history")).to_contain_text("bắt đầu")
    site.stop_api()
    for page, notice in ((listed, "#alerts-notice"), (one, "#alert-notice")):
        expect(page.locator(notice)).to_contain_text("Máy chủ dữ liệu không trả lời", timeout=40_000)
    expect(listed.locator("#alerts-body .alert")).to_have_count(before)
    one.get_by_role("button", name="Ghi lại").click()
    one.get_by_label("Ghi chú").fill("x")
    one.get_by_role("button", name="Ghi lại").click()
    expect(one.locator("#alert-said")).to_contain_text("máy chủ dữ liệu không trả lời")
    expect(one.get_by_label("Ghi chú")).to_have_value("x")
    fresh.goto(f"{site.url}/alerts")
    expect(fresh.locator("#alerts-body")).to_contain_text("Máy chủ dữ liệu không trả lời")
    for page, name in ((listed, "kept"), (one, "kept-one"), (fresh, "down")):
        shot(page, f"alerts-{name}")

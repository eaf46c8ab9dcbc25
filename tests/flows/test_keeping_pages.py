"""Roster, comments and officers' faces in the browser, on a real API and a real database; axe on them and on their neighbours."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_core import axe
from keeping_site import NAMES, PASSWORD, Places, long_since, past_month, serving
from playwright.sync_api import Browser, Page, expect, sync_playwright

from motcua.analytics import db, rating_store, store

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("MOTCUA_TEST_SHOTS")
HEAD = "officer_id,name,office_id,counter_id,start,end\n"


@pytest.fixture
def site(pg_dsn: str, eventually: Callable[..., object]) -> Iterator[Places]:
    with serving(pg_dsn, eventually) as places:
        yield places


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


def signed_in(browser: Browser, site: Places, name: str, errors: list[str], width: int = 1280, lang: str = "vi") -> Page:
    context = browser.new_context(viewport={"width": width, "height": 860}, has_touch=width < 600)
    context.add_cookies([{"name": "motcua_lang", "value": lang, "url": site.pages}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{site.pages}/login")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{site.pages}/")
    return page


def test_a_roster_a_comment_and_a_mode_are_kept_by_those_whose_they_are(browser: Browser, site: Places) -> None:
    errors: list[str] = []
    chief = signed_in(browser, site, "chief", errors)
    monday = (past_month() - timedelta(days=past_month().weekday())).date() + timedelta(days=7)
    the_roster(chief, site, str(monday))
    chief.goto(f"{site.pages}/comments/vl-1")
    expect(chief.locator("#keeping-body")).to_contain_text("Không có quyền xem", timeout=60_000)

    hr = signed_in(browser, site, "hr1", errors, lang="en")
    hr.goto(f"{site.pages}/comments/vl-1")
    body = hr.locator("#keeping-body")
    expect(body.locator("article")).to_have_count(5, timeout=60_000)
    expect(body).to_contain_text("<b>=1+1</b>")
    first = body.locator("article").first
    first.locator("summary").click()
    first.get_by_role("textbox").fill("short")
    first.get_by_role("button", name="Hide this comment").click()
    expect(hr.get_by_role("alert")).to_contain_text("say why, in 10 to 500 characters")
    first.get_by_role("textbox").fill("names another person")
    first.get_by_role("button", name="Hide this comment").click()
    expect(body).to_contain_text("Hidden by hr1")

    hr.goto(f"{site.pages}/officer-faces/vl-1")
    expect(body).to_contain_text("nothing is read, sent or stored", timeout=60_000)
    hr.get_by_role("button", name="Ask for this mode").click()
    expect(hr.get_by_role("alert")).to_contain_text("choose a mode")
    body.get_by_text("choose a mode").click()
    hr.get_by_role("option", name="for oneself").click()
    hr.get_by_label("Legal basis").fill("Decision 12/QĐ-UBND of 2026")
    hr.get_by_role("button", name="Ask for this mode").click()
    expect(body).to_contain_text("Waits for an account of the other role")
    expect(hr.get_by_role("button", name="Confirm")).to_have_count(0)
    boss = signed_in(browser, site, "boss", errors)
    boss.goto(f"{site.pages}/officer-faces/vl-1")
    boss.get_by_role("button", name="Xác nhận").click()
    expect(boss.locator("#keeping-body")).to_contain_text("chỉ chính cán bộ xem được", timeout=60_000)
    expect(boss.locator("#keeping-body")).to_contain_text("đang để tắt: chưa đọc gì")
    notice = boss.request.get(f"{site.pages}/notice/vl-1?lang=vi").text()
    assert "Chỉ chính cán bộ đó xem được" in notice
    assert errors == []


def the_roster(page: Page, site: Places, monday: str) -> None:
    """Look at a week, move a shift with the keyboard, take in files, copy a week."""
    body, base = page.locator("#keeping-body"), f"{site.pages}/roster/vl-1"
    page.goto(f"{base}/{monday}")
    expect(body.locator("table.week tbody tr")).to_have_count(3, timeout=60_000)
    shift = body.locator("a.shift", has_text=NAMES["hoa"]).first
    shift.focus()
    page.keyboard.press("Enter")
    counter = page.get_by_label("Quầy", exact=True)
    expect(counter).to_have_value("q2")
    counter.fill("q1")
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_role("alert")).to_contain_text("lúc đó quầy đã có cán bộ khác")
    counter.fill("q7")
    page.get_by_role("button", name="Lưu").click()
    expect(body.locator("table.week tbody th")).to_have_text(["q1", "q2", "q3", "q7"])
    page.goto(f"{base}/2026-03-02")
    expect(body).to_contain_text("Tuần này chưa có ca nào", timeout=60_000)
    good = HEAD + "tam,Tâm,vl-1,q5,02/03/2026 07:30,02/03/2026 11:30\n"
    wrong = good + "tu,Tư,vl-1,q5,02/03/2026 08:00,02/03/2026 09:00\ntu,Tư,vl-9,q5,x,y\n"
    side = page.locator("#keeping-side")
    page.set_input_files("input[type=file]", {"name": "r.csv", "mimeType": "text/csv", "buffer": wrong.encode()})
    expect(side).to_contain_text("2 dòng sai")
    expect(side.locator("tbody th")).to_have_text(["3", "4"])
    expect(side).to_contain_text("không có nơi này")
    page.set_input_files("input[type=file]", {"name": "s.csv", "mimeType": "text/csv", "buffer": good.encode()})
    expect(side).to_contain_text("1 ca, chưa ghi")
    page.get_by_role("button", name="Ghi các ca này").click()
    expect(body.locator("table.week")).to_contain_text("Tâm")
    page.goto(f"{base}/2026-03-09")
    page.get_by_role("button", name="Chép các ca của tuần trước").click()
    expect(body.locator("table.week")).to_contain_text("Tâm", timeout=60_000)
    page.get_by_label("Mã cán bộ").fill("tam")
    page.get_by_label("Họ và tên").fill("Tâm")
    page.get_by_label("Quầy", exact=True).fill("q5")
    page.get_by_label("Từ lúc").fill("10/03/2026 07:30")
    page.get_by_label("Đến lúc").fill("10/03/2026 11:30")
    page.get_by_role("button", name="Thêm ca").click()
    expect(body.locator("a.shift")).to_have_count(2)


PAGES = {
    "hr1": (
        "/ratings", "/ratings/vl-1", "/ratings/vl-1?from=2026-01-09&to=2026-01-02", "/attitude", "/attitude/lan", "/attitude/nobody",
        "/roster", "/roster/vl-1", "/roster/vl-1/{monday}", "/comments/vl-1", "/comments/vl-2", "/officer-faces", "/officer-faces/vl-1", "/officer-faces/vl-2",
    ),
    "boss": ("/officer-faces/vl-1", "/attitude"),
    "a-lan": ("/my-record", "/ratings"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("lang", "width"), [("vi", 1280), ("vi", 390), ("en", 1280), ("en", 390)])
def test_axe_finds_nothing_serious(browser: Browser, site: Places, lang: str, width: int) -> None:
    source, errors, found = axe(), [], {}
    long_since(site.dsn, "evidence")
    monday = str((past_month() - timedelta(days=past_month().weekday())).date() + timedelta(days=7))

    def look(page: Page, name: str) -> None:
        page.wait_for_load_state("networkidle")
        if SHOTS:
            page.screenshot(
                path=str(Path(SHOTS) / f"{name.strip('/').replace('/', '_').replace('?', '_')}-{lang}-{width}.png"),
                full_page=True,
            )
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the screen"
        page.evaluate(source)
        seen = page.evaluate(
            "axe.run().then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes[0].html.slice(0, 200)]))"
        )
        if bad := [v for v in seen if v[0] in ("serious", "critical")]:
            found[name] = bad

    for who, paths in PAGES.items():
        page = signed_in(browser, site, who, errors, width, lang)
        if who == "hr1":
            today = store.day_of(past_month())
            body = {"officer_id": "lan", "since": str(today), "until": str(today + timedelta(days=28))}
            made = page.request.post(f"{site.api}/api/v1/attitude/proposals", data=body, headers={"X-Motcua-Csrf": "1"})
            assert made.status == 201, made.text()
            hr = page
            asked = {"mode": "self", "legal_basis": "Quyết định số 13/QĐ-UBND"}
            page.request.post(f"{site.api}/api/v1/officer-faces/vl-1/changes", data=asked, headers={"X-Motcua-Csrf": "1"})
            key = made.json()["proposal_id"]
        for path in paths:
            page.goto(site.pages + path.format(monday=monday))
            page.locator("#keeping-body .notice:has-text('…'), #asking-body .notice:has-text('…')").first.wait_for(
                state="detached"
            )
            look(page, f"{who}{path.format(monday='week')}")
        if who == "a-lan":
            said = {"action": "comment", "words": "Tháng đó tôi làm hai quầy."}
            page.request.post(f"{site.api}/api/v1/attitude/proposals/{key}/steps", data=said, headers={"X-Motcua-Csrf": "1"})
            hr.goto(f"{site.pages}/attitude/lan")
            hr.locator("#asking-body .dash-dropdown").first.wait_for()
            look(hr, "hr1/decide")
    page.goto(f"{site.api}/notice/vl-1?lang={lang}")
    look(page, "notice")
    with db.connect(site.dsn) as conn:
        token = rating_store.add_kiosk(conn, "vl-1", "k-1", "q1")
    page.goto(f"{site.api}/kiosk#{token}")
    expect(page.locator("#ask")).to_be_visible()
    page.locator(f"[data-lang='{lang}']").click()
    look(page, "kiosk")
    code = page.request.post(f"{site.api}/api/v1/kiosk/qr", headers={"Authorization": f"Bearer {token}"}).json()["url"]
    page.goto(f"{site.api}/r/{code.rsplit('/', 1)[-1]}?lang={lang}")
    look(page, "qr")
    if SHOTS:
        for kind in ("pdf", "xlsx"):
            got = hr.request.get(f"{site.pages}/files/{key}/{kind}")
            (Path(SHOTS) / f"file-{lang}.{kind}").write_bytes(got.body())
    assert found == {}, json.dumps(found, ensure_ascii=False, indent=1)
    assert errors == []

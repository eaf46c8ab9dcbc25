"""A citizen's walk through every flow of the public page, in both languages, on a phone and on a desktop."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from axe_core import axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from motcua.map.finder import distance_m
from motcua.map.offices import todays_offices
from motcua.map.page import PageSettings
from motcua.map.words import WORDS

pytestmark = pytest.mark.browser
HERE = (10.1, 106.1)
NEAR, FAR = sorted(todays_offices(), key=lambda o: distance_m(*HERE, o.lat or 0, o.lon or 0))[:2]
LONG = "Đăng ký khai sinh có yếu tố nước ngoài kết hợp nhận cha, mẹ, con tại khu vực biên giới"
PROCEDURES = {
    "procedures": [
        {"procedure_id": "1.001", "name": LONG, "field": "Hộ tịch", "link": "https://example.org/ks", "taken_by": 0},
        {"procedure_id": "1.002", "name": "Chứng thực chữ ký", "field": None, "link": None, "taken_by": None},
    ],
    "taken_by": [["vl-29734", "vl-29719"]],
}
WEEK = {
    "since": "2026-01-05T17:00:00Z",
    "until": "2026-03-02T17:00:00Z",
    "k_min": 5,
    "provenance": "camera",
    "hours": [{"weekday": d, "hour": h, "n": 9, "mean_s": 60.0 * (d + h)} for d in (1, 2) for h in (8, 10)],
    "best": [{"weekday": 1, "hour": 8, "mean_s": 540.0}],
}
QUARTER = {"since": "2026-01-01", "until": "2026-04-01"}


@dataclass
class Walk:
    """One visitor: a page in a language, and what is looked at wherever they stop."""

    page: Page
    url: str
    lang: str
    axe: str | None

    def open(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}{'&' if '?' in path else '?'}lang={self.lang}")
        self.stop()

    def stop(self) -> None:
        """Nothing is wider than the screen, the language is the one asked for, and axe finds nothing serious."""
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), self.page.url
        assert self.page.locator("html").get_attribute("lang") == self.lang
        if self.axe:
            self.page.evaluate(self.axe)
            found = self.page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes[0].html]))")
            assert [v for v in found if v[0] in ("serious", "critical")] == [], self.page.url


@pytest.fixture(scope="module")
def site(
    application: Callable[..., Any], build: Callable[..., Any], wait_of: Callable[..., Any], feeds: Any
) -> Iterator[tuple[str, Any]]:
    waits = {o.office_id: wait_of("ok") for o in todays_offices()}
    waits |= {NEAR.office_id: wait_of("ok", expected_wait_s=3000.0), FAR.office_id: wait_of("ok", expected_wait_s=60.0)}
    answer = build(waits)
    for office in answer["offices"]:
        none = dict.fromkeys(("n", "share", "low", "high"))
        office["satisfaction"] = {"state": "unknown", **QUARTER, **none}
        if office["office_id"] == "vl-29734":
            office["satisfaction"] = {"state": "ok", **QUARTER, "n": 1240, "share": 0.9, "low": 0.88, "high": 0.92}
    given = feeds(lambda: answer, PROCEDURES, WEEK)
    app = application(given, PageSettings(routing_url="http://127.0.0.1:9", tiles_url="http://127.0.0.1:9/{z}/{x}/{y}.png"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", given
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.mark.parametrize(
    ("lang", "width", "thorough"),
    [("vi", 390, False)]
    + [pytest.param(lang, width, True, marks=pytest.mark.slow) for lang in ("vi", "en") for width in (390, 1280)],
)
def test_a_citizen_gets_where_they_want(
    browser: Browser, site: tuple[str, Any], lang: str, width: int, thorough: bool
) -> None:
    url, given = site
    given.reports.clear()
    errors: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        geolocation={"latitude": HERE[0], "longitude": HERE[1]},
        permissions=["geolocation"],
        service_workers="block",
    )
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script("Math.random = () => 0")
    walk = Walk(page, url, lang, axe() if thorough else None)
    by_name(walk, WORDS[lang])
    for flow in (near_and_fastest, by_procedure, by_former_unit, in_a_portal) if thorough else ():
        flow(walk, WORDS[lang])
    assert [r[0] for r in given.reports] == ["vl-29734"]
    assert errors == []
    context.close()


def by_name(walk: Walk, words: dict[str, str]) -> None:
    """By name without accents, to the office's page, and a report of wrong data: first a useless one, then a good one."""
    page = walk.page
    walk.open("/")
    page.fill("#q", "<script>alert(1)</script>")
    expect(page.locator("#nothing")).to_be_visible()
    page.fill("#q", "hoa hiep")
    assert page.locator(".lang").get_attribute("href") in (f"{walk.url}/?q=hoa+hiep", f"{walk.url}/?lang=en&q=hoa+hiep")
    page.click(".card:not([hidden]) h3 a >> nth=0")
    expect(page.locator("h1")).to_have_text("Xã Hoà Hiệp")
    expect(page.locator("dl")).to_contain_text(
        words["satisfaction_told"].format(
            share=90, low=88, high=92, quarter=1, year=2026, n="1.240" if walk.lang == "vi" else "1,240"
        )
    )
    page.click("summary")
    walk.stop()
    page.fill("#message", "  a  ")
    page.click(".report .go")
    expect(page.locator("#outcome")).to_have_text(words["report_invalid"])
    page.fill("#message", "Số điện thoại đã đổi")
    page.click(".report .go")
    expect(page.locator("#outcome")).to_have_text(words["report_kept"])
    page.click(".back a")
    expect(page.locator("h1")).to_have_text(words["title"])
    walk.open("/o/nowhere")
    expect(page.locator("main")).to_contain_text(words["missing"])


def near_and_fastest(walk: Walk, words: dict[str, str]) -> None:
    """Near me, the quickest office, and a routing server that is away; then that office's page, of which no satisfaction is known."""
    page = walk.page
    walk.open("/")
    page.click("#near")
    expect(page.locator("#fastest a")).to_have_text(str(FAR.unit_name))
    expect(page.locator("#fastest .help")).to_have_text(words["fastest_note"])
    page.check("#roads")
    expect(page.locator("#fastest .help")).to_have_text(f"{words['roads_failed']} {words['fastest_note']}")
    walk.stop()
    page.click("#fastest a")
    expect(page.locator("h1")).to_have_text(str(FAR.unit_name))
    expect(page.locator("dl")).to_contain_text(words["satisfaction_unknown"].format(quarter=1, year=2026))
    walk.stop()


def by_procedure(walk: Walk, words: dict[str, str]) -> None:
    """From a procedure to the offices that take it, and to one that nobody has said who takes."""
    page = walk.page
    walk.open("/procedures")
    page.fill("#q", "khai sinh")
    page.press("#q", "Enter")
    page.click("a[href*='procedure=1.001']")
    expect(page.locator("#count")).to_contain_text(words["count"].format(shown=2, total=2))
    expect(page.locator(".chosen")).to_contain_text(words["what_to_bring"])
    walk.stop()
    walk.open("/?procedure=1.002")
    expect(page.locator(".chosen")).to_contain_text(words["procedure_where_unknown"])


def by_former_unit(walk: Walk, words: dict[str, str]) -> None:
    """From a commune of 2021 to the office that serves it today."""
    page = walk.page
    walk.open("/2021")
    page.fill("#q", "hoa thanh")
    page.press("#q", "Enter")
    page.click(".former li a >> nth=0")
    expect(page.locator("h1")).to_have_text("Xã Hoà Hiệp")
    expect(page.locator(".back")).to_contain_text(words["back"])


def in_a_portal(walk: Walk, words: dict[str, str]) -> None:
    """The page without its head, as a portal embeds it."""
    walk.open("/embed?q=tra+on")
    expect(walk.page.locator(".card:not([hidden]) h3").first).to_have_text("Xã Trà Ôn")
    expect(walk.page.locator("header")).to_have_count(0)

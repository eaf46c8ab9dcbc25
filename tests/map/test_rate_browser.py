"""The kiosk and the QR page in a real Chromium: fingers, languages, a line that is cut, a browser that is closed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from dashboard_api import running
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from playwright.sync_api import Browser, Page, expect, sync_playwright

from motcua.map.rate import languages, routes

pytestmark = pytest.mark.browser
TOKEN = "a-kiosk-of-the-tests"


@dataclass
class Asked:
    outcome: str = "open"
    office_name: str | None = "Xã Hoà Hiệp"
    counter_id: str | None = "q3"
    simulated: bool = False


@dataclass
class Site:
    """The pages, and an API that keeps what it is sent; a test cuts the line or loses answers on the way back."""

    url: str = ""
    down: bool = False
    lose_answers: int = 0
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    given: list[tuple[Any, ...]] = field(default_factory=list)
    calls: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock)

    def look(self, token: str, at: datetime) -> Asked:
        return Asked("used" if self.given else "open" if token == "good" else "forged")

    def give(self, token: str, score: str, reason: Any, comment: Any, address: str, at: datetime, waited_s: float) -> Asked:
        if score not in "12345" or not score:
            return Asked("wrong", None)
        self.given.append((score, reason, comment))
        return Asked("thanks")


def application(site: Site) -> FastAPI:
    app = FastAPI()

    @app.get("/api/v1/kiosk")
    async def kiosk(request: Request) -> Any:
        if site.down:
            return JSONResponse({"detail": "down"}, 503)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"detail": "unknown"}, 401)
        here = {"office_name": "Xã Hoà Hiệp", "kiosk_id": "k1", "counter_id": "q3", "simulated": True, "qr": True}
        return here | {"now": datetime.now(UTC).isoformat()}

    @app.post("/api/v1/kiosk/ratings")
    async def ratings(request: Request) -> Any:
        site.calls += 1
        if site.down:
            return JSONResponse({"detail": "down"}, 503)
        items = (await request.json())["ratings"]
        with site.guard:
            for item in items:
                site.kept[item["id"]] = item
        if site.lose_answers:
            site.lose_answers -= 1
            return JSONResponse({"detail": "lost on the way back"}, 503)
        return {"kept": [item["id"] for item in items], "refused": [], "now": datetime.now(UTC).isoformat()}

    @app.post("/api/v1/kiosk/qr")
    async def qr() -> Any:
        svg = '<svg xmlns="http://www.w3.org/2000/svg" width="50" height="50"><rect width="50" height="50"/></svg>'
        return {"url": "http://x/r/t", "svg": svg, "valid_until": datetime.now(UTC).isoformat()}

    app.include_router(routes(site))
    return app


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with running(application(site)) as url:
        site.url = url
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    contexts = []

    def make(width: int = 1280, height: int = 800, **more: Any) -> Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, has_touch=True, **more))
        return contexts[-1].new_page()

    yield make
    for context in contexts:
        context.close()


def tap(page: Page, score: int) -> None:
    page.locator(f"[data-score='{score}']").tap()
    expect(page.locator("#thanks")).to_be_visible()
    expect(page.locator("#ask")).to_be_visible(timeout=10_000)


def test_an_answer_arrives_once_though_its_confirmation_was_lost(site: Site, opened: Callable[..., Page]) -> None:
    page = opened()
    site.lose_answers = 1
    page.goto(f"{site.url}/kiosk#{TOKEN}")
    expect(page.locator("#ask")).to_be_visible()
    assert TOKEN not in page.url, "the token leaves the address"
    tap(page, 5)
    expect(page.locator("#state[data-waiting='0']")).to_be_attached(timeout=20_000)
    assert [item["score"] for item in site.kept.values()] == [5]
    assert site.calls >= 2


def test_answers_without_a_line_outlive_the_page_and_arrive(
    site: Site, opened: Callable[..., Page], eventually: Callable[..., object]
) -> None:
    page = opened()
    page.goto(f"{site.url}/kiosk#{TOKEN}")
    expect(page.locator("#ask")).to_be_visible()
    page.wait_for_function("navigator.serviceWorker.ready.then(() => true)", timeout=20_000)
    site.down = True
    tap(page, 1)
    expect(page.locator("#state")).to_contain_text("1 ý kiến đang chờ gửi")
    context = page.context
    page.close()
    page = context.new_page()
    context.set_offline(True)
    page.goto(f"{site.url}/kiosk")  # from the last copy
    tap(page, 4)
    expect(page.locator("#state")).to_contain_text("2 ý kiến đang chờ gửi")
    assert site.kept == {}
    site.down = False
    context.set_offline(False)
    eventually(lambda: len(site.kept) == 2)
    assert sorted(item["score"] for item in site.kept.values()) == [1, 4]
    expect(page.locator("#state[data-waiting='0']")).to_be_attached(timeout=20_000)


def test_an_unknown_kiosk_says_so_and_asks_nothing(site: Site, opened: Callable[..., Page]) -> None:
    page = opened()
    page.goto(f"{site.url}/kiosk#wrong")
    expect(page.locator("#sorry")).to_contain_text("chưa được đăng ký")
    expect(page.locator("#ask")).to_be_hidden()


def test_languages_and_size_of_what_is_touched(site: Site, opened: Callable[..., Page]) -> None:
    for width, height in ((1280, 800), (390, 844)):
        page = opened(width, height)
        page.goto(f"{site.url}/kiosk#{TOKEN}")
        expect(page.locator("#ask")).to_be_visible()
        for code, words in languages().items():
            page.locator(f"[data-lang='{code}']").tap()
            expect(page.locator("#ask h1")).to_have_text(words["question"])
            expect(page.locator("html")).to_have_attribute("lang", code)
        expect(page.locator("#simulated")).to_be_visible()
        for face in page.locator("[data-score]").all():
            box = face.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 48
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#qr-open").tap()
    expect(page.locator("#qr-code")).to_be_visible()


def test_the_qr_page_works_without_scripts_and_counts_once(site: Site, opened: Callable[..., Page]) -> None:
    page = opened(390, 844, java_script_enabled=False)
    page.goto(f"{site.url}/r/good?lang=en")
    page.locator("label", has_text="Very dissatisfied").tap()
    page.locator("select").select_option("waiting")
    page.locator("textarea").fill("<script>alert(1)</script>")
    page.locator("button").tap()
    expect(page.locator("h1")).to_have_text("Thank you!")
    assert site.given == [("1", "waiting", "<script>alert(1)</script>")]
    page.goto(f"{site.url}/r/good")
    expect(page.locator("h1")).to_have_text("Mã này đã được dùng")


def test_every_language_says_everything() -> None:
    first = languages()["vi"]
    for words in languages().values():
        assert words.keys() == first.keys()
        assert all(text.strip() for text in words.values())
        for key in ("queue", "refused", "counter"):
            assert words[key].count("{") == first[key].count("{") == 1

"""The staff pages on a fake API, and a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from dashboard_api import TOKEN, Fake, application, running
from playwright.sync_api import Browser, Page, expect, sync_playwright

from motcua.dashboard.app import build
from motcua.dashboard.settings import DashboardSettings

expect.set_options(timeout=20_000)  # how long a page takes says nothing on a shared machine


@pytest.fixture(scope="session")
def api_server() -> Iterator[Fake]:
    """The fake API, running."""
    fake = Fake()
    with running(application(fake)) as url:
        fake.url = url
        yield fake


@pytest.fixture
def api(api_server: Fake) -> Fake:
    """The fake API as at the beginning."""
    api_server.reset()
    return api_server


@pytest.fixture(scope="session")
def site(api_server: Fake) -> Iterator[str]:
    """The staff pages' address."""
    with running(build(DashboardSettings(api_url=api_server.url))) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium. For one module: while Playwright runs, its event loop is the thread's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(site: str, browser: Browser, api: Fake) -> Iterator[Callable[..., Page]]:
    """Open a path, signed in unless told otherwise. A script's error, or a request elsewhere, fails the test at its end."""
    complaints: list[str] = []
    contexts = []

    def opened(path: str = "/", width: int = 1440, height: int = 900, *, signed_in: bool = True, lang: str = "vi") -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, has_touch=width < 600)
        contexts.append(context)
        cookies = {"motcua_lang": lang} | ({"motcua_session": TOKEN} if signed_in else {})
        context.add_cookies([{"name": name, "value": value, "url": site} for name, value in cookies.items()])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on(
            "console",
            lambda said: complaints.append(f"console: {said.text} {said.location['url']}") if said.type == "error" else None,
        )
        page.on(
            "request",
            lambda r: complaints.append(f"elsewhere: {r.url}") if not r.url.startswith((site, "data:", "blob:")) else None,
        )
        page.goto(site + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    # A refused stream or callback is written to the console by the browser itself; tests that refuse expect it.
    expected = ("status of 401", "status of 403", "status of 503", "status of 429")
    unit_missing = re.compile("status of 404 .*/live/data")
    assert [c for c in complaints if not any(e in c for e in expected) and not unit_missing.search(c)] == []

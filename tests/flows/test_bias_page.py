"""The bias audit in the browser, on a real API and a real database: empty, full, made by another model, forbidden."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from axe_core import axe
from builders import sentiment
from dashboard_api import running
from playwright.sync_api import Browser, Page, expect, sync_playwright

from motcua.analytics import db, expression_audits, store
from motcua.analytics.api import accounts
from motcua.analytics.api.settings import ApiSettings
from motcua.analytics.batch import Delivery
from motcua.analytics.writer import write
from motcua.dashboard.app import build
from motcua.dashboard.settings import DashboardSettings
from motcua.edge.messages import dump, topic
from motcua.onebox.api_cli import server_config
from motcua.onebox.child import free_port
from motcua.onebox.expression_scores import Shown, score

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"
SHOTS = os.environ.get("MOTCUA_TEST_SHOTS")
OFFICE = "Trung tâm Phục vụ hành chính công phường Thanh Đức – Long Châu"
WAIT = 60_000


@dataclass
class Site:
    """The staff pages and their database."""

    url: str
    dsn: str

    def fill(self) -> None:
        """Three weeks of two cameras; the darker, the less pleasant; and an audit of an earlier version."""
        rng, last = np.random.default_rng(1), datetime.now(UTC).replace(hour=5, minute=0, second=0, microsecond=0)
        rows = []
        for day in range(1, 22):
            for camera in range(2):
                for hour in range(3):
                    end, light = last - timedelta(days=day, hours=hour), float(rng.choice([0.3, 0.5]))
                    mean = 0.8 * (light - 0.4) + 0.2 * camera + float(rng.normal(0, 0.05))
                    rows.append(
                        sentiment(
                            office_id="vl-1",
                            source_id=f"camera-{camera}",
                            counter_id=f"q{camera}{hour}",
                            at=end,
                            period_start=end - timedelta(hours=1),
                            period_end=end,
                            provenance="simulated",
                            valence_sum=10 * mean,
                            valence_sum2=10 * mean * mean + 1,
                            light={
                                "sum": 10 * light,
                                "sum2": 10 * light**2 + 0.004,
                                "valence_sum": 10 * light * mean + 0.004,
                            },
                            face_px={"sum": 900, "sum2": 81400, "valence_sum": 900 * mean},
                            unread={"small": 7, "turned": 5},
                        )
                    )
        with db.connect(self.dsn) as conn:
            write(conn, [Delivery(topic(r.office_id, r.source_id, r.type), dump(r), last) for r in rows])
            expression_audits.add(conn, report("25.9"), "Cán bộ hai phường, 2026, đã đồng ý", "command line")


def report(version: str) -> dict[str, Any]:
    """An evaluation of 160 made-up readings, worse for the older half."""
    rng, labels, shown = np.random.default_rng(2), ("happy", "neutral", "sad"), []
    for i in range(160):
        old, truth = i % 2, labels[i % 3]
        p = np.full(3, 0.15)
        p[labels.index(truth) if rng.random() > 0.2 + 0.4 * old else int(rng.integers(3))] = 0.7
        strata = {"age": "60+" if old else "18–59", "light": "0.25-0.4" if i % 4 < 2 else "0.4-0.6"}
        shown.append(Shown(p, truth, float(p[0] - p[2]), strata))
    reader = {"version": version, "temperature": 1.0, "calibrated": False, "read": 160, "cost_ms": None} | score(
        shown, labels
    )
    by = [{"dimension": "age", "stratum": "60+", "n": 120, "refused": 40}]
    head = {
        "made_at": "2026-03-02T05:00:00+00:00",
        "pictures": 200,
        "labelled": 200,
        "faces": "found",
        "refused": {"small": 40},
    }
    return head | {"refused_by_stratum": by, "readers": {"fer": reader}}


@pytest.fixture
def site(migrated: str, eventually: Callable[..., object]) -> Iterator[Site]:
    with db.connect(migrated) as conn:
        store.import_offices(conn, [{"office_id": "vl-1", "name": OFFICE, "level": "commune"}])
        for name, role in (("hr1", "hr"), ("boss", "admin"), ("chief", "supervisor")):
            accounts.add(conn, name, role, PASSWORD, None)
    port = free_port()
    server = uvicorn.Server(server_config(ApiSettings(dsn=migrated, port=port)))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started)
    with running(build(DashboardSettings(api_url=f"http://127.0.0.1:{port}"))) as url:
        yield Site(url, migrated)
    server.should_exit = True
    thread.join(10)


def signed_in(browser: Browser, site: Site, name: str, errors: list[str], *, width: int = 1280, lang: str = "vi") -> Page:
    context = browser.new_context(viewport={"width": width, "height": 860})
    context.add_cookies([{"name": "motcua_lang", "value": lang, "url": site.url}])
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{site.url}/login")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{site.url}/")
    return page


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"bias-{name}.png"), full_page=True)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


def test_differences_are_shown_with_their_warning_and_an_audit_of_another_model_is_called_so(
    site: Site, browser: Browser
) -> None:
    errors: list[str] = []
    hr = signed_in(browser, site, "hr1", errors)
    hr.goto(f"{site.url}/bias")
    body = hr.locator("#asking-body")
    expect(body).to_contain_text("chức năng này đang tắt", timeout=WAIT)
    expect(body).to_contain_text("Chưa có bản kiểm tra nào")
    shot(hr, "empty")
    site.fill()
    hr.reload()
    expect(body).to_contain_text("fer 25.10.3", timeout=WAIT)
    expect(body.get_by_role("alert")).to_contain_text("Bản kiểm tra đã lưu là của mô hình khác")
    expect(body).to_contain_text("không phải để đánh giá ai")
    expect(body).to_contain_text("không phải số liệu của người dân thật")
    light = body.locator("table", has_text="Ánh sáng").first
    expect(light.locator("tr", has_text="25\u00a0%–40\u00a0%")).to_contain_text("khác")
    expect(body).to_contain_text("khuôn mặt quá nhỏ")
    older = body.locator("section tr", has_text="age: 60+").first
    expect(older).to_contain_text("khác")
    assert hr.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(hr, "vi-desktop")

    boss = signed_in(browser, site, "boss", errors, width=390, lang="en")
    boss.goto(f"{site.url}/bias")
    there = boss.locator("#asking-body")
    expect(there).to_contain_text("Groups of fewer than 3 counters are not shown", timeout=WAIT)
    expect(there).to_contain_text("Probabilities are not calibrated")
    assert boss.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert boss.get_by_role("link", name="Bias audit").get_attribute("href") == "/bias"
    shot(boss, "en-phone")

    chief = signed_in(browser, site, "chief", errors, width=390)
    chief.goto(f"{site.url}/bias")
    expect(chief.locator("#asking-body")).to_contain_text("Không có quyền xem", timeout=WAIT)
    shot(chief, "denied")
    assert errors == []


@pytest.mark.slow
def test_axe_finds_nothing_serious(site: Site, browser: Browser) -> None:
    source = axe()
    for filled in (False, True):
        if filled:
            site.fill()
        for lang in ("vi", "en"):
            for width in (390, 1280):
                page = signed_in(browser, site, "hr1", [], width=width, lang=lang)
                page.goto(f"{site.url}/bias")
                expect(page.locator("#asking-body h2")).to_have_count(2, timeout=WAIT)
                page.evaluate(source)
                found = page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes[0].html]))")
                assert [v for v in found if v[0] in ("serious", "critical")] == [], (lang, width, filled)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
                shot(page, f"{lang}-{width}-{filled}")

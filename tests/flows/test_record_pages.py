"""Satisfaction, attitude and due process in the browser, on a real API and a real database."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from builders import rating
from dashboard_api import running
from playwright.sync_api import Page, expect, sync_playwright

from motcua.analytics import db, store
from motcua.analytics.api import accounts
from motcua.analytics.api.settings import ApiSettings
from motcua.analytics.attitude_store import add_shifts, link_account
from motcua.analytics.batch import Delivery
from motcua.analytics.roster import Shift
from motcua.analytics.writer import write
from motcua.dashboard.app import build
from motcua.dashboard.settings import DashboardSettings
from motcua.edge.messages import dump, topic
from motcua.onebox.api_cli import server_config
from motcua.onebox.child import free_port

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"
REASON = "Vì điểm nằm rõ trong mức này, xem căn cứ."
SHOTS = os.environ.get("MOTCUA_TEST_SHOTS")


def fill(dsn: str) -> None:
    """Three officers of one office with three weeks of simulated answers, and accounts."""
    begin = (datetime.now(UTC) - timedelta(days=21)).replace(hour=1, minute=0, second=0, microsecond=0)
    shifts, ratings = [], []
    for who, name, counter, score in (
        ("lan", "Nguyễn Thị Lan", "q1", 4),
        ("hoa", "Trần Hoà", "q2", 5),
        ("mai", "Lê Mai", "q3", 3),
    ):
        for day in range(20):
            start = begin + timedelta(days=day)
            shifts.append(Shift(who, name, "vl-1", counter, start, start + timedelta(hours=8)))
            ratings += [
                rating(
                    office_id="vl-1",
                    counter_id=counter,
                    source_id=f"k-{counter}",
                    at=start + timedelta(minutes=40 * i + day),
                    score=max(1, min(5, score + (i + day) % 3 - 1)),
                    provenance="simulated",
                    reason="waiting" if i == 1 else None,
                )
                for i in range(4)
            ]
    with db.connect(dsn) as conn:
        store.import_offices(conn, [{"office_id": "vl-1", "name": "Xã Hoà Hiệp", "level": "commune"}])
        write(conn, [Delivery(topic(r.office_id, r.source_id, r.type), dump(r), datetime.now(UTC)) for r in ratings])
        add_shifts(conn, "test", shifts)
        for name, role in (("hr1", "hr"), ("a-lan", "officer"), ("chief", "supervisor")):
            accounts.add(conn, name, role, PASSWORD, "vl-1")
        assert link_account(conn, "lan", "a-lan") is None


@pytest.fixture
def site(migrated: str, eventually: Callable[..., object]) -> Iterator[str]:
    fill(migrated)
    port = free_port()
    server = uvicorn.Server(server_config(ApiSettings(dsn=migrated, port=port)))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started)
    with running(build(DashboardSettings(api_url=f"http://127.0.0.1:{port}"))) as url:
        yield url
    server.should_exit = True
    thread.join(10)


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def test_a_proposal_goes_its_way_from_page_to_page(site: str) -> None:
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])

        def signed_in(name: str, width: int = 1280, **cookies: str) -> Page:
            context = browser.new_context(viewport={"width": width, "height": 860})
            context.add_cookies([{"name": k, "value": v, "url": site} for k, v in cookies.items()])  # type: ignore[list-item]
            page = context.new_page()
            page.set_default_timeout(60_000)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(f"{site}/login")
            page.fill("#username", name)
            page.fill("#password", PASSWORD)
            page.click("button[type=submit]")
            page.wait_for_url(f"{site}/")
            return page

        chief = signed_in("chief", 390)
        chief.goto(f"{site}/ratings")
        body = chief.locator("#asking-body")
        expect(body).to_contain_text("Xã Hoà Hiệp", timeout=60_000)
        expect(body).to_contain_text("không phải ý kiến thật")
        shot(chief, "ratings-phone")
        chief.goto(f"{site}/ratings/vl-1")
        expect(body).to_contain_text("Điểm cần xem lại", timeout=60_000)
        expect(body).to_contain_text("không hiển thị: dưới 3 cán bộ")
        shot(chief, "office-phone")
        chief.goto(f"{site}/attitude")
        expect(body).to_contain_text("Không có quyền xem", timeout=60_000)

        hr = signed_in("hr1", motcua_lang="en")
        mine = hr.locator("#asking-body")
        hr.goto(f"{site}/ratings/vl-1")
        expect(mine).to_contain_text("Counters", timeout=60_000)
        shot(hr, "office-desktop")
        hr.goto(f"{site}/attitude")
        mine.get_by_role("link", name="Nguyễn Thị Lan").wait_for()
        shot(hr, "attitude-desktop")
        mine.get_by_role("link", name="Nguyễn Thị Lan").click()
        hr.get_by_role("button", name="Propose for this period").click()
        expect(mine).to_contain_text("Not yet seen by the officer", timeout=60_000)

        lan = signed_in("a-lan", 390)
        lan.goto(f"{site}/my-record")
        own = lan.locator("#asking-body")
        expect(own).to_contain_text("Cán bộ đã xem", timeout=60_000)
        own.locator("textarea").fill("Tháng đó tôi làm hai quầy. <b>=1+1</b>")
        shot(lan, "record-phone")
        lan.get_by_role("button", name="Gửi ý kiến").click()
        expect(own).to_contain_text("Cán bộ đã có ý kiến", timeout=60_000)
        expect(own).to_contain_text("<b>=1+1</b>")

        hr.reload()
        mine.locator("textarea").fill("kurz")
        hr.get_by_role("button", name="Decide").click()
        expect(mine.get_by_role("alert")).to_contain_text("Not done", timeout=60_000)
        mine.locator("textarea").fill(REASON)
        mine.get_by_text("Choose a band").click()
        hr.get_by_text("good", exact=True).last.click()
        hr.get_by_role("button", name="Decide").click()
        expect(mine).to_contain_text(REASON, timeout=60_000)
        shot(hr, "detail-desktop")
        for kind, begins in (("pdf", b"%PDF"), ("xlsx", b"PK")):
            address: Any = mine.get_by_role("link", name=kind.upper()).get_attribute("href")
            got = hr.request.get(site + address)
            assert got.body().startswith(begins)
            if SHOTS:
                (Path(SHOTS) / f"file.{kind}").write_bytes(got.body())
            assert lan.request.get(site + address).status == 200
            assert chief.request.get(site + address).status == 403
        browser.close()
    assert errors == []

"""A site with past weeks in it: one office with many visits, one with few, one simulated, one with nothing and a long name."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import uvicorn
from builders import queue, rating, visit
from dashboard_api import running
from playwright.sync_api import Browser, Page, sync_playwright

from motcua.analytics import db, store
from motcua.analytics.api import accounts
from motcua.analytics.api.settings import ApiSettings
from motcua.analytics.store import VIET_NAM
from motcua.analytics.writer import Delivery, write
from motcua.dashboard.app import build
from motcua.dashboard.settings import DashboardSettings
from motcua.edge.messages import Message, dump, topic
from motcua.onebox.api_cli import server_config
from motcua.onebox.child import free_port

PASSWORD = "correct horse battery"
LONG = "Trung tâm Phục vụ hành chính công phường Nguyễn Thị Minh Khai – khu phố Thạnh Hoà Trung"
OFFICES = [
    {"office_id": "vl-86", "name": "Trung tâm tỉnh", "level": "province"},
    {"office_id": "vl-1", "name": "Xã Hoà Hiệp", "level": "commune", "parent_id": "vl-86"},
    {"office_id": "vl-2", "name": "=HYPERLINK(1)", "level": "commune", "parent_id": "vl-86"},
    {"office_id": "vl-3", "name": LONG, "level": "commune", "parent_id": "vl-86"},
    {"office_id": "vl-4", "name": "Phường Cái Vồn", "level": "commune", "parent_id": "vl-86"},
]


@dataclass
class Site:
    """The pages, the database behind them, what a script complained of."""

    url: str
    dsn: str
    browser: Browser
    errors: list[str]

    def signed_in(self, name: str | None, width: int = 1280, lang: str = "vi", height: int = 860) -> Page:
        """A page, logged in where a name is given."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, has_touch=width < 600, accept_downloads=True
        )
        context.add_cookies([{"name": "motcua_lang", "value": lang, "url": self.url}])
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        if name:
            page.goto(f"{self.url}/login")
            page.fill("#username", name)
            page.fill("#password", PASSWORD)
            page.click("button[type=submit]")
            page.wait_for_url(f"{self.url}/")
        return page


def visits(now: datetime) -> list[Message]:
    """Seventy days of office hours."""
    draw, found = random.Random(1), list[Message]()
    today = now.astimezone(VIET_NAM).replace(hour=0, minute=0, second=0, microsecond=0)
    for back in range(1, 71):
        day = today - timedelta(days=back)
        if day.isoweekday() == 7:
            continue
        level = draw.lognormvariate(0, 0.3) * (1.4 if back > 30 else 1.0)
        for office, provenance, hours, counters in (
            ("vl-1", "camera", range(7, 17), 2),
            ("vl-4", "simulated", range(7, 11), 1),
        ):
            for hour in hours:
                for i in range(2 if provenance == "camera" else 1):
                    came = day + timedelta(hours=hour, minutes=draw.uniform(0, 50))
                    wait = draw.expovariate(1 / (700 * level * (1.6 if hour in (8, 9) else 0.8)))
                    start = came + timedelta(seconds=min(wait, 7000))
                    done = start + timedelta(seconds=draw.uniform(200, 900))
                    found.append(
                        visit(
                            office_id=office, provenance=provenance, counter_id=f"q{1 + i % counters}", at=done, arrival_at=came,
                            service_start_at=start, departure_at=done,
                        )
                    )  # fmt: skip
    came = today - timedelta(days=3) + timedelta(hours=9)
    found.append(visit(office_id="vl-2", at=came + timedelta(minutes=9), arrival_at=came))
    found += [
        rating(office_id="vl-1", at=today - timedelta(days=1 + d % 25, hours=-9), score=5 if d % 9 else 2) for d in range(90)
    ]
    return found


def fill(conn: psycopg.Connection) -> None:
    """Offices, accounts, visits, and a queue now."""
    db.migrate(conn)
    store.import_offices(conn, OFFICES)
    for name, role, office in (
        ("chief", "supervisor", "vl-86"),
        ("local", "supervisor", "vl-1"),
        ("clerk", "officer", "vl-1"),
    ):
        accounts.add(conn, name, role, PASSWORD, office)
    tell(conn, visits(datetime.now(UTC)))


def tell(conn: psycopg.Connection, messages: list[Message]) -> None:
    """What the ingestor would do."""
    done = write(conn, [Delivery(topic(m.office_id, m.source_id, m.type), dump(m), datetime.now(UTC)) for m in messages])
    assert not done.dead, store.dead_letters(conn)


def queue_now(conn: psycopg.Connection, office: str, **fields: object) -> None:
    """An office's queue at this moment."""
    tell(conn, [queue(office_id=office, at=datetime.now(UTC), **fields)])


@contextmanager
def history_site(dsn: str, eventually: Callable[..., object]) -> Iterator[Site]:
    """The pages on a real API, in a real browser. A script's error fails the test at its end."""
    with db.connect(dsn) as conn:
        fill(conn)
    server = uvicorn.Server(server_config(ApiSettings(dsn=dsn, port=(port := free_port()), logins_per_minute=100)))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    errors: list[str] = []
    with (
        running(build(DashboardSettings(api_url=f"http://127.0.0.1:{port}", api_timeout_s=60))) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield Site(url, dsn, browser, errors)
        browser.close()
    server.should_exit = True
    thread.join(10)
    assert errors == []

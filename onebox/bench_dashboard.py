"""``motcua bench dashboard``: the live page in Chromium while every office changes each second: work of its main thread, and its memory.

The page and its server are the product's. The API beside it is a stand-in that answers in the API's own models, so that the machine's time goes to the page.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import shutil
import socket
import statistics
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from motcua.onebox.bench_server import BenchError

EVERY_S = 1.0
SETTLE_S = 5.0
HEAP_EVERY_S = 30.0
TARGET_S = 900.0
PLACES_LON, PLACES_LAT = (105.7, 106.8), (9.6, 10.5)
TOKEN = "bench"

_LONG = """() => { window.long = []; new PerformanceObserver((l) => { for (const e of l.getEntries()) window.long.push(e.duration); }).observe({ type: "longtask", buffered: true }); }"""


class World:
    """Offices whose figures all change at every step; now and then one goes blind, falls silent or comes back. Time is an argument."""

    def __init__(self, offices: int, seed: int = 1) -> None:
        self._draw = random.Random(seed)
        self._waits = [self._draw.lognormvariate(6.3, 0.6) for _ in range(offices)]
        self._states = ["ok"] * offices
        self._places = [(self._draw.uniform(*PLACES_LON), self._draw.uniform(*PLACES_LAT)) for _ in range(offices)]

    def step(self) -> None:
        """A second goes by."""
        for i, wait_s in enumerate(self._waits):
            self._waits[i] = min(7200.0, max(20.0, wait_s * math.exp(self._draw.gauss(0, 0.12))))
            if self._draw.random() < 0.02:
                self._states[i] = self._draw.choice(["ok", "ok", "ok", "blind", "stale", "too_few", "closed"])

    def live(self, at: datetime) -> dict[str, Any]:
        """``GET /api/v1/live``."""
        from motcua.analytics.api.models import Live

        return Live(
            generated_at=at, target_wait_s=TARGET_S, offices=[self._office(i, at) for i in range(len(self._waits))]
        ).model_dump(mode="json")

    def trends(self, at: datetime) -> dict[str, Any]:
        """``GET /api/v1/trends``: a line of its own for each office, another one each minute."""
        from motcua.analytics.api.counter_models import Trend, Trends

        turn = at.timestamp() // 60
        lines = [
            Trend(
                office_id=f"bench-{i}",
                provenance="camera",
                points=[round(600 + 400 * math.sin(turn + i + k / 2), 1) if (i + k) % 9 else None for k in range(12)],
            )
            for i in range(len(self._waits))
        ]
        return Trends(until=at, step_s=300, trends=lines).model_dump(mode="json")

    def _office(self, i: int, at: datetime) -> Any:
        from motcua.analytics.api.models import LiveOffice, Wait

        wait_s, state = self._waits[i], self._states[i]
        known: dict[str, Any] = {"expected_wait_s": wait_s, "low_s": 0.6 * wait_s, "high_s": 1.6 * wait_s, "n": 30}
        wait = Wait(
            state=state,
            waiting=int(wait_s / 120),
            as_of=at,
            age_s=self._draw.uniform(0, 9),
            provenance="camera",
            method="camera",
            **(known if state == "ok" else {}),
        )
        lon, lat = self._places[i]
        return LiveOffice(
            office_id=f"bench-{i}", name=f"Trung tâm Phục vụ hành chính công xã Thử Nghiệm {i}", unit_name=f"Xã Thử Nghiệm {i}",
            level="commune", parent_id=None, lat=lat, lon=lon, wait=wait, in_service=1 + int(wait_s) % 4, open_counters=1 + int(wait_s) % 5,
            oldest_wait_s=wait_s, visits_today=100, served_today=90, last_seen_at=at,
        )  # fmt: skip


def bench_dashboard(
    offices: int, for_s: float, say: Callable[[str], None], view: str = "table", whole: bool = False
) -> dict[str, Any]:
    """``rows``: how many the list shows; ``whole`` clicks for all of them, the map has all anyway. ``work_ms``: thread time of the page's main thread for each update, all of it, layout and paint too; ``long_tasks``: tasks of
    50 ms or more by the clock, which a busy machine (``load_1m``) makes longer; ``heap_mb`` after a collection, and its growth. Raises BenchError."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise BenchError("motcua bench dashboard needs playwright: pip install playwright") from None
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise BenchError("motcua bench dashboard needs Chromium: install it (Debian, Ubuntu: apt-get install chromium)")
    with _site(World(offices)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking", "--js-flags=--expose-gc"]
        )
        try:
            return _watch(browser, url, offices, for_s, say, view, whole)
        finally:
            browser.close()


def _watch(
    browser: Any, url: str, offices: int, for_s: float, say: Callable[[str], None], view: str, whole: bool
) -> dict[str, Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "motcua_session", "value": TOKEN, "url": url}])
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.add_init_script(f"({_LONG})()")
    updates = 0

    def count(response: Any) -> None:
        nonlocal updates
        updates += "/live/data" in response.url and response.status == 200

    page.on("response", count)
    page.goto(f"{url}/?view={view}")
    page.wait_for_function(f"() => document.querySelectorAll('.pin').length === {offices}")
    if whole and page.locator("#board-more").is_visible():
        page.locator("#board-more").click()
        page.wait_for_function(f"() => document.querySelectorAll('[data-office]:not(.pin)').length === {offices}")
    shown = page.evaluate("() => document.querySelectorAll('[data-office]:not(.pin)').length")
    page.mouse.move(5, 5)
    page.wait_for_timeout(SETTLE_S * 1000)
    page.evaluate("() => { window.long.length = 0; }")
    works: list[float] = []
    heaps: list[tuple[float, float, float]] = [(0.0, *_heap(session))]
    began, last = time.monotonic(), _work_ms(session)
    total = updates
    while (now_s := time.monotonic() - began) < for_s:
        before = updates
        page.wait_for_timeout(EVERY_S * 1000)
        work = _work_ms(session)
        if updates > before:
            works.append((work - last) / (updates - before))
        last = work
        if now_s - heaps[-1][0] >= HEAP_EVERY_S:
            heaps.append((now_s, *_heap(session)))
            last = _work_ms(session)  # the collection is ours, not the page's
            say(f"{now_s:5.0f} s  {statistics.median(works):5.1f} ms  {heaps[-1][1]:.2f} MB  {heaps[-1][2]:.0f} nodes")
    heaps.append((time.monotonic() - began, *_heap(session)))
    long: list[float] = page.evaluate("() => window.long")
    context.close()
    works.sort()
    return {
        "offices": offices,
        "rows": shown,
        "view": view,
        "seconds": round(heaps[-1][0], 1),
        "updates": updates - total,
        "load_1m": round(os.getloadavg()[0], 1),
        "work_ms": {
            "p50": round(statistics.median(works), 1),
            "p95": round(works[int(0.95 * (len(works) - 1))], 1),
            "max": round(works[-1], 1),
        },
        "long_tasks": {"n": len(long), "longest_ms": round(max(long, default=0.0), 1)},
        "heap_mb": {
            "first": round(heaps[0][1], 2),
            "last": round(heaps[-1][1], 2),
            "most": round(max(h for _, h, _ in heaps), 2),
            "per_minute": _slope([(at / 60, heap) for at, heap, _ in heaps]),
        },
        "nodes": {"first": heaps[0][2], "last": heaps[-1][2]},
    }


def _metrics(session: Any) -> dict[str, float]:
    return {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}


def _work_ms(session: Any) -> float:
    return 1000 * _metrics(session)["TaskDuration"]


def _heap(session: Any) -> tuple[float, float]:
    """Megabytes in use after a collection, and nodes of the document."""
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    found = _metrics(session)
    return found["JSHeapUsedSize"] / 1e6, found["Nodes"]


def _slope(points: list[tuple[float, float]]) -> float | None:
    """Megabytes a minute by least squares over the points after the first minute; None for fewer than three."""
    later = [p for p in points if p[0] >= 1]
    if len(later) < 3:
        return None
    return round(statistics.linear_regression(*zip(*later, strict=True)).slope, 4)


@contextmanager
def _site(world: World) -> Iterator[str]:
    """The staff pages over the stand-in of the API, both on free ports; gives the pages' address."""
    from motcua.dashboard.app import build
    from motcua.dashboard.settings import DashboardSettings

    with _running(_api(world)) as api_url, _running(build(DashboardSettings(api_url=api_url))) as url:
        yield url


def _api(world: World) -> Any:
    from fastapi import FastAPI
    from starlette.responses import JSONResponse, StreamingResponse

    app = FastAPI(openapi_url=None)

    @app.get("/api/v1/live")
    async def live() -> JSONResponse:
        world.step()
        return JSONResponse(world.live(datetime.now(UTC)))

    @app.get("/api/v1/trends")
    async def trends() -> JSONResponse:
        return JSONResponse(world.trends(datetime.now(UTC)))

    @app.get("/api/v1/auth/me")
    async def me() -> dict[str, Any]:
        return {"username": "bench", "role": "supervisor", "office_id": None}

    @app.get("/api/v1/events")
    async def events() -> StreamingResponse:
        async def stream() -> AsyncIterator[str]:
            while True:
                yield 'event: office\ndata: {"office_id":"bench-0"}\n\n'
                await asyncio.sleep(EVERY_S / 2)

        return StreamingResponse(stream(), media_type="text/event-stream")

    return app


@contextmanager
def _running(app: Any) -> Iterator[str]:
    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)

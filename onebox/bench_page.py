"""``motcua bench page``: the first visit to the public page in Chromium, throttled like a cheap phone on a slow 4G network."""

from __future__ import annotations

import shutil
import statistics
from typing import Any

from motcua.onebox.bench_server import BenchError, bench_server

SLOWER = 4
DOWN_BIT_S, UP_BIT_S, LATENCY_MS = 1_600_000, 750_000, 150
"""Lighthouse's profile of a phone: slow 4G, a processor four times slower."""

_WATCH = """() => {
  window.seen = { lcp: 0, cls: 0, long: [] };
  new PerformanceObserver((l) => { for (const e of l.getEntries()) window.seen.lcp = e.startTime; }).observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver((l) => { for (const e of l.getEntries()) if (!e.hadRecentInput) window.seen.cls += e.value; }).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((l) => { for (const e of l.getEntries()) window.seen.long.push(e.duration); }).observe({ type: "longtask", buffered: true });
}"""


def bench_page(runs: int) -> dict[str, Any]:
    """``largest_paint_s``, ``blocking_ms`` (what long tasks take beyond 50 ms), ``shift``, ``kb`` compressed: medians over ``runs`` first visits. Raises BenchError."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise BenchError("motcua bench page needs playwright: pip install playwright") from None
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise BenchError("motcua bench page needs Chromium: install it (Debian, Ubuntu: apt-get install chromium)")
    with bench_server() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        visits = [_visit(browser, url) for _ in range(runs)]
        browser.close()
    return {"runs": runs, **{key: round(statistics.median(v[key] for v in visits), 3) for key in visits[0]}}


def _visit(browser: Any, url: str) -> dict[str, float]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True, has_touch=True
    )
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": LATENCY_MS, "downloadThroughput": DOWN_BIT_S / 8, "uploadThroughput": UP_BIT_S / 8},
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    loaded: list[float] = []
    session.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    page.add_init_script(f"({_WATCH})()")
    page.goto(url, wait_until="load")
    page.wait_for_timeout(2000)
    seen = page.evaluate("window.seen")
    context.close()
    return {
        "largest_paint_s": seen["lcp"] / 1000,
        "blocking_ms": sum(max(0.0, t - 50) for t in seen["long"]),
        "shift": seen["cls"],
        "kb": sum(loaded) / 1000,
    }

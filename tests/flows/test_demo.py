"""The product as a person starts it: real video → agent → broker → PostgreSQL → API → a real browser sees the visit."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import expect, sync_playwright

from motcua.onebox.child import free_port
from motcua.onebox.video import sample_video

KEYS = {
    "camera_visits",
    "camera_served",
    "camera_waits",
    "queue_samples",
    "simulated_visits",
    "offices",
    "sources",
    "p95_camera_to_database_ms",
    "errors",
}


class Demo:
    """A running demo and what it has said so far."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        ports = ["--api-port", str(free_port()), "--dashboard-port", str(free_port())]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "motcua.onebox.cli", "demo", *ports, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "MOTCUA_DATA": str(folder), "NO_COLOR": "1", "COLUMNS": "200"},
        )
        self.said = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line

    def end(self, timeout: float = 60) -> int:
        code = self.process.wait(timeout)
        self._reader.join(5)
        return code

    def found(self, pattern: str) -> str:
        match = re.search(pattern, self.said)
        assert match, self.said
        return match[1]

    @property
    def ready(self) -> bool:
        assert self.process.poll() is None, self.said
        return "Ctrl-C stops everything" in self.said


@contextmanager
def demo(folder: Path, eventually: Callable[..., object], *arguments: str) -> Iterator[Demo]:
    sample_video()  # fetched outside the time that readiness may take
    running = Demo(folder, *arguments)
    try:
        eventually(lambda: running.ready, timeout=120)
        yield running
    finally:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGINT)
            running.process.wait(30)


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_visit_goes_from_the_video_to_the_page(
    open_folder: Path, tmp_path: Path, eventually: Callable[..., object]
) -> None:
    out = tmp_path / "out.json"
    with demo(open_folder, eventually, "--for", "45", "--json", str(out), "--offices", "5") as running:
        staff, public = running.found(r"Staff pages +(\S+)"), running.found(r"Public map +(\S+)")
        _watch_the_staff_page(staff, running.found(r"Log in with +admin / (\S+)"))
        offices = httpx.get(f"{public}api/v1/public/offices").json()["offices"]
        assert len(offices) == 125
        assert {o["wait"]["state"] for o in offices} == {"unknown"}, "replayed and simulated figures never become public"
        assert running.end() == 0, running.said
    counts = json.loads(out.read_text())
    assert set(counts) == KEYS
    assert counts["errors"] == []
    assert counts["camera_visits"] >= counts["camera_served"] >= counts["camera_waits"] >= 1
    assert counts["queue_samples"] >= 6
    assert counts["offices"] == 125
    # The camera, four simulated offices and one with a hall; its two counters speak once a minute: heard by now, or not yet.
    assert counts["sources"] in (6, 7, 8)
    assert counts["p95_camera_to_database_ms"] > 0


def _watch_the_staff_page(address: str, password: str) -> None:
    """Log in, open the camera's office, and see a visit arrive without loading the page again."""
    with sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page()
        page.goto(address)
        page.fill("input[name=username]", "admin")
        page.fill("input[name=password]", password)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Có số liệu không phải thật")).to_be_visible(timeout=20_000)
        page.goto(f"{address}office/DEMO")
        came = page.locator(".card", has_text="Lượt đến").locator(".value")
        expect(came).to_have_text(re.compile(r"^\d+$"), timeout=30_000)
        loads: list[Any] = []
        page.on("load", lambda loaded: loads.append(loaded))
        before = came.inner_text()
        expect(came).not_to_have_text(before, timeout=40_000)
        assert int(came.inner_text()) > int(before)
        assert loads == []
        browser.close()


@pytest.mark.timeout(240)
def test_ctrl_c_stops_every_child_and_the_next_start_finds_everything_again(
    open_folder: Path, eventually: Callable[..., object]
) -> None:
    passwords = []
    for _ in range(2):
        with demo(open_folder, eventually, "--offices", "0") as running:
            children = psutil.Process(running.process.pid).children(recursive=True)
            assert len(children) >= 7, "database, broker, ingest, API, pages, agent and its camera"
            passwords.append(running.found(r"Log in with +admin / (\S+)"))
            running.process.send_signal(signal.SIGINT)
            assert running.end() == 0, running.said
            _, alive = psutil.wait_procs(children, timeout=5)
            assert alive == []
    assert passwords[0] != passwords[1]


@pytest.mark.timeout(180)
@pytest.mark.slow
def test_a_killed_child_is_started_again_and_told(
    open_folder: Path, tmp_path: Path, eventually: Callable[..., object]
) -> None:
    out = tmp_path / "out.json"
    with demo(open_folder, eventually, "--offices", "0", "--for", "15", "--json", str(out)) as running:
        (ingest,) = [c for c in psutil.Process(running.process.pid).children() if c.cmdline()[-1:] == ["ingest"]]
        ingest.kill()
        assert running.end() == 0, running.said
    counts = json.loads(out.read_text())
    assert [e.split(":")[0] for e in counts["errors"]] == ["ingest ended with -9"]
    assert counts["queue_samples"] >= 2, "what was not confirmed was sent again"


@pytest.mark.timeout(180)
@pytest.mark.slow
def test_when_the_database_dies_the_demo_ends_with_one_sentence(
    open_folder: Path, eventually: Callable[..., object]
) -> None:
    with demo(open_folder, eventually, "--offices", "0") as running:
        children = psutil.Process(running.process.pid).children(recursive=True)
        (database,) = [c for c in psutil.Process(running.process.pid).children() if c.name() == "postgres"]
        database.kill()
        assert running.end() == 1
        assert "PostgreSQL ended by itself (-9): see its log in" in running.said
        assert "Traceback" not in running.said
        _, alive = psutil.wait_procs(children, timeout=10)
        assert alive == []

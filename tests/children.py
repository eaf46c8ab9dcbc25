"""Main functions for processes that go wrong in every way a camera's process can."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any


def note(folder: Path, name: str) -> None:
    """One line each time that a process starts."""
    with (folder / name).open("a") as file:
        file.write(f"{os.getpid()}\n")


def starts(folder: Path, name: str) -> int:
    """How often it was started."""
    path = folder / name
    return len(path.read_text().splitlines()) if path.exists() else 0


def well(folder: Path, stop: Event, beat: Any) -> None:
    note(folder, "well")
    while not stop.wait(0.05):
        beat.value = time.monotonic()


def crashes(folder: Path, stop: Event, beat: Any) -> None:
    note(folder, "crashes")
    raise SystemExit(1)


def killed(folder: Path, stop: Event, beat: Any) -> None:
    note(folder, "killed")
    os.kill(os.getpid(), signal.SIGKILL)


def hangs(folder: Path, stop: Event, beat: Any) -> None:
    note(folder, "hangs")
    time.sleep(600)


def deaf(folder: Path, stop: Event, beat: Any) -> None:
    note(folder, "deaf")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        beat.value = time.monotonic()
        time.sleep(0.05)


def over(folder: Path, stop: Event, beat: Any) -> None:
    note(folder, "over")

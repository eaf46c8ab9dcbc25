"""The product's own processes, looked after: started, restarted when they die, stopped in order."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from motcua.onebox.child import spawn, stop

MOST_RESTARTS = 5


class ChildError(RuntimeError):
    """A process does not stay up; the message says which, and the last lines of its log."""


@dataclass(slots=True)
class Child:
    """One ``motcua`` command as a process of its own."""

    name: str
    arguments: Sequence[str]
    env: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0

    def start(self) -> None:
        """Start it; its output goes to its log."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "motcua.onebox.cli", *self.arguments]
            self.process = spawn(command, log=log, env={**os.environ, **self.env, "PYTHONUNBUFFERED": "1"})

    def last_lines(self, count: int = 3) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return " / ".join(lines[-count:]) or "its log is empty"


@dataclass(slots=True)
class Children:
    """All of them, in the order of their start."""

    folder: Path
    children: list[Child] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _restart_at: dict[str, float] = field(default_factory=dict)

    def start(self, name: str, arguments: Sequence[str], env: Mapping[str, str]) -> Child:
        """Start one more."""
        child = Child(name, arguments, env, self.folder / f"{name}.log")
        child.log.parent.mkdir(parents=True, exist_ok=True)
        child.log.write_bytes(b"")
        child.start()
        self.children.append(child)
        return child

    def look_after(self, now: float) -> None:
        """Restart what died, after a pause that doubles. Raises ChildError for one that does not stay up."""
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            due = self._restart_at.get(child.name)
            if due is None:
                self.errors.append(f"{child.name} ended with {child.process.returncode}: {child.last_lines()}")
                if child.restarts >= MOST_RESTARTS:
                    raise ChildError(f"{child.name} does not stay up ({child.last_lines()}): see {child.log}")
                self._restart_at[child.name] = now + 2**child.restarts
            elif now >= due:
                del self._restart_at[child.name]
                child.restarts += 1
                child.start()

    def check_alive(self) -> None:
        """While starting up nothing may die. Raises ChildError."""
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                raise ChildError(f"{child.name} did not start ({child.last_lines()}): see {child.log}")

    def stop(self) -> None:
        """Stop all, the last one first."""
        for child in reversed(self.children):
            if child.process is not None:
                stop(child.process, within_s=8.0)


def wait_for(condition: object, children: Children, within_s: float, what: str) -> None:
    """Poll a callable until it gives something true. Raises ChildError when a process dies or the time is up."""
    assert callable(condition)
    deadline = time.monotonic() + within_s
    while not condition():
        children.check_alive()
        if time.monotonic() > deadline:
            raise ChildError(f"{what} was not ready within {within_s:.0f} s: see the logs in {children.folder}")
        time.sleep(0.1)

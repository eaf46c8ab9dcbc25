"""The supervisor: a process for each camera, so that one that fails, hangs or lags never stops another."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from typing import Any

from motcua.edge.settings import CameraSettings, EdgeSettings
from motcua.edge.weights import fetch_weights

log = logging.getLogger(__name__)

_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: after how long without a heartbeat a child is hung; the back-off between starts; what makes a good run."""

    hung_s: float = 60.0
    first_s: float = 1.0
    longest_s: float = 60.0
    good_run_s: float = 60.0
    stop_s: float = 8.0


@dataclass(slots=True)
class _Child:
    name: str
    start: Callable[[Any, Any], BaseProcess]
    beat: Any
    process: BaseProcess | None = None
    started_at: float = 0.0
    wait_s: float = 0.0
    start_at: float = 0.0
    over: bool = False


@dataclass(slots=True)
class Supervisor:
    """Keeps children running. ``targets``: name → (function, arguments); each is called with (…, stop event, heartbeat)."""

    targets: Mapping[str, tuple[Callable[..., None], tuple[Any, ...]]]
    patience: Patience = field(default_factory=Patience)
    _stop: Any = field(default_factory=_SPAWN.Event)
    _children: list[_Child] = field(default_factory=list)

    def run(self, asked: threading.Event) -> None:
        """Until ``asked`` is set, or every child has ended by itself in peace."""
        self._children = [self._child(name) for name in self.targets]
        try:
            while not asked.is_set() and not all(child.over for child in self._children):
                for child in self._children:
                    self._look_after(child, time.monotonic())
                asked.wait(0.1)
        finally:
            self._end()

    @property
    def children(self) -> dict[str, BaseProcess]:
        """The processes that are there now, by name."""
        return {child.name: child.process for child in self._children if child.process is not None}

    def _child(self, name: str) -> _Child:
        function, arguments = self.targets[name]

        def start(stop: Any, beat: Any) -> BaseProcess:
            process = _SPAWN.Process(target=function, args=(*arguments, stop, beat), name=name, daemon=True)
            # NumPy's and OpenCV's linear algebra would each start a thread and take buffers for every core of the machine.
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
            # A child inherits that it ignores Ctrl-C, from its very first moment.
            before = signal.signal(signal.SIGINT, signal.SIG_IGN) if _in_main_thread() else None
            try:
                process.start()
            finally:
                if before is not None:
                    signal.signal(signal.SIGINT, before)
            return process

        return _Child(name, start, _SPAWN.Value("d", 0.0))

    def _look_after(self, child: _Child, now: float) -> None:
        if child.over:
            return
        if child.process is None:
            if now >= child.start_at:
                child.beat.value = child.started_at = now
                child.process = child.start(self._stop, child.beat)
                log.info("%s: started (process %s)", child.name, child.process.pid)
            return
        if child.process.is_alive():
            if now - child.beat.value <= self.patience.hung_s:
                return
            log.error("%s: no sign of life for %.0f s, it is ended", child.name, now - child.beat.value)
            child.process.kill()
            child.process.join(5)
        elif child.process.exitcode == 0:
            log.info("%s: ended", child.name)
            child.over = True
            return
        code, child.process = child.process.exitcode, None
        good = now - child.started_at >= self.patience.good_run_s
        child.wait_s = self.patience.first_s if good or not child.wait_s else min(2 * child.wait_s, self.patience.longest_s)
        child.start_at = now + child.wait_s
        log.warning("%s: stopped (exit code %s), it is started again in %.0f s", child.name, code, child.wait_s)

    def _end(self) -> None:
        """Ask everybody, wait, then insist."""
        self._stop.set()
        alive = [child.process for child in self._children if child.process is not None]
        deadline = time.monotonic() + self.patience.stop_s
        for process in alive:
            process.join(max(0.0, deadline - time.monotonic()))
        for process in alive:
            if process.is_alive():
                log.error("%s: does not end by itself, it is ended", process.name)
                process.kill()
                process.join(5)


def _camera(settings: EdgeSettings, camera: CameraSettings, stop: Event, beat: Any) -> None:
    from motcua.edge.process import run_camera  # video and inference are loaded in the cameras' processes only

    run_camera(settings, camera, stop, beat)


def run_agent(settings: EdgeSettings, main: Callable[..., None] = _camera) -> None:
    """Run every camera of the settings until SIGTERM or SIGINT, or until every video file is over.

    main: a camera process's main function.
    """
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    log.info("office %s: %d camera(s), broker %s", settings.office_id, len(settings.cameras), settings.broker.address)
    fetch_weights(settings)
    Supervisor({c.source_id: (main, (settings, c)) for c in settings.cameras}).run(asked)
    log.info("office %s: stopped", settings.office_id)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()

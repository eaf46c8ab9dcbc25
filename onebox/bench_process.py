"""What real camera processes cost: the agent's own, with motion gating, playing videos by the clock."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from motcua.edge.agent import Supervisor
from motcua.edge.settings import BrokerSettings, CameraSettings, EdgeSettings
from motcua.onebox.child import free_port

_WARM_UP_S = 12.0  # loading the libraries and the weights is not what a day costs
_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class ProcessCost:
    """CPU seconds per second; the greatest resident size (private and shared) and the part of it that is its own, MB.
    None where the process did not last."""

    cpu: float | None
    resident_mb: float | None
    private_mb: float | None

    @property
    def per_core(self) -> float | None:
        """How many such cameras one core carries."""
        return None if not self.cpu else 1 / self.cpu


def watch_cameras(
    cameras: Mapping[str, CameraSettings], watch_s: float, tick: Callable[[float], None] | None = None
) -> dict[str, ProcessCost]:
    """Run these cameras under the agent's supervisor, each in its process, and measure for ``watch_s`` after a warm-up.

    There is no broker: messages stay in the outboxes. ``tick`` is told how many seconds went by.
    """
    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as folder:
        broker = BrokerSettings(port=free_port())
        settings = EdgeSettings(office_id="BENCH", outbox=Path(folder), broker=broker, cameras=tuple(cameras.values()))
        supervisor = Supervisor({name: (_camera, (settings, camera)) for name, camera in cameras.items()})
        asked = threading.Event()
        thread = threading.Thread(target=supervisor.run, args=(asked,), daemon=True)
        thread.start()
        try:
            return _watched(supervisor, watch_s, tick)
        finally:
            asked.set()
            thread.join(20)


def _camera(settings: EdgeSettings, camera: CameraSettings, stop: Any, beat: Any) -> None:
    from motcua.edge.process import run_camera

    logging.disable(logging.WARNING)  # that there is no broker is no news
    run_camera(settings, camera, stop, beat)


def _watched(supervisor: Supervisor, watch_s: float, tick: Callable[[float], None] | None) -> dict[str, ProcessCost]:
    began = time.monotonic()
    cpu: dict[str, list[tuple[float, float]]] = {}
    memory: dict[str, list[tuple[float, float]]] = {}
    while (gone := time.monotonic() - began) < _WARM_UP_S + watch_s:
        for name, child in supervisor.children.items():
            try:
                process = psutil.Process(child.pid)
                sizes, times = process.memory_full_info(), process.cpu_times()
            except psutil.Error:
                continue
            memory.setdefault(name, []).append((sizes.rss / 2**20, sizes.uss / 2**20))
            if gone >= _WARM_UP_S:
                cpu.setdefault(name, []).append((time.monotonic(), times.user + times.system))
        if tick:
            tick(gone)
        time.sleep(_EVERY_S)
    return {name: _cost(cpu.get(name, []), memory.get(name, [])) for name in supervisor.targets}


def _cost(cpu: list[tuple[float, float]], memory: list[tuple[float, float]]) -> ProcessCost:
    used = None
    if len(cpu) > 1 and all(b[1] >= a[1] for a, b in pairwise(cpu)):
        used = (cpu[-1][1] - cpu[0][1]) / (cpu[-1][0] - cpu[0][0])
    sizes = list(zip(*memory, strict=True))
    return ProcessCost(used, max(sizes[0], default=None) if sizes else None, max(sizes[1]) if sizes else None)

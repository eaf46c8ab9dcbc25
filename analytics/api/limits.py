"""Token buckets: so many requests a minute (or another span) for each key, with time as an argument."""

from __future__ import annotations

import threading

_MOST_KEYS = 20_000


class Limiter:
    """Allows ``most`` calls of a key in ``span_s`` seconds on average, and as many at once."""

    def __init__(self, most: int, span_s: float = 60) -> None:
        self._most, self._span_s = most, span_s
        self._levels: dict[str, tuple[float, float]] = {}  # key: tokens left, at
        self._lock = threading.Lock()

    def wait_s(self, key: str, at: float) -> float:
        """0 when the call is allowed (and counted), else the seconds until one will be. at: monotonic seconds."""
        rate = self._most / self._span_s
        with self._lock:
            if len(self._levels) > _MOST_KEYS:  # keys that are full again say nothing
                full = [k for k, (n, t) in self._levels.items() if n + (at - t) * rate >= self._most]
                for k in full or list(self._levels)[: _MOST_KEYS // 10]:
                    del self._levels[k]
            level, last = self._levels.get(key, (float(self._most), at))
            level = min(self._most, level + max(0.0, at - last) * rate)
            if level >= 1:
                self._levels[key] = (level - 1, at)
                return 0.0
            self._levels[key] = (level, at)
            return (1 - level) / rate

"""Token buckets: so many requests a minute for each key, with time as an argument."""

from __future__ import annotations

import threading

_MOST_KEYS = 20_000


class Limiter:
    """Allows ``per_minute`` calls of a key on average, and as many at once."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._levels: dict[str, tuple[float, float]] = {}  # key: tokens left, at
        self._lock = threading.Lock()

    def wait_s(self, key: str, at: float) -> float:
        """0 when the call is allowed (and counted), else the seconds until one will be. at: monotonic seconds."""
        rate = self._per_minute / 60
        with self._lock:
            if len(self._levels) > _MOST_KEYS:  # keys that are full again say nothing
                full = [k for k, (n, t) in self._levels.items() if n + (at - t) * rate >= self._per_minute]
                for k in full or list(self._levels)[: _MOST_KEYS // 10]:
                    del self._levels[k]
            level, last = self._levels.get(key, (float(self._per_minute), at))
            level = min(self._per_minute, level + max(0.0, at - last) * rate)
            if level >= 1:
                self._levels[key] = (level - 1, at)
                return 0.0
            self._levels[key] = (level, at)
            return (1 - level) / rate

"""How long a source has been measuring, by its messages' instants, and how much it says in an hour: pure."""

from __future__ import annotations

from datetime import datetime

_LONGEST_S = 60.0  # between two messages; more is a pause, or a clock that was set


class Lived:
    """``ms`` grows with the messages' instants. Neither a jump of the clock nor a time without messages makes it grow by much."""

    def __init__(self, ms: int = 0) -> None:
        self.ms = self._begin = ms
        self._last: datetime | None = None
        self._rows = self._bytes = 0

    def take(self, at: datetime, size: int) -> int:
        """One message of ``size`` bytes; the time lived when it was put, ms."""
        step_s = 0.0 if self._last is None else (at - self._last).total_seconds()
        self.ms += round(1000 * min(max(step_s, 0.0), _LONGEST_S))
        if self._last is None or step_s > 0 or step_s < -_LONGEST_S:
            self._last = at
        self._rows += 1
        self._bytes += size
        return self.ms

    def hours(self, max_rows: int, max_bytes: int) -> float | None:
        """Hours until so much has been said; None until the rate is known."""
        lived_h = (self.ms - self._begin) / 3_600_000
        return None if lived_h < 1 / 120 else min(max_rows * lived_h / self._rows, max_bytes * lived_h / self._bytes)

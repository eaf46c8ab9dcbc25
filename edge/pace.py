"""How often something is due, and how fast it goes: pure, by instants."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta


class Pace:
    """Lets through about ``per_s`` instants a second of a stream that is faster. One that is as fast passes whole."""

    def __init__(self, per_s: float) -> None:
        self._period = timedelta(seconds=1 / per_s)
        self._due: datetime | None = None

    def lets(self, at: datetime) -> bool:
        """Whether the instant is let through; after a gap, or when time went back, it always is."""
        due = self._due
        if due is None or at < due - 2 * self._period or at > due + 2 * self._period:
            self._due = at + self._period
            return True
        if at < due - self._period / 4:  # a camera's clock trembles
            return False
        self._due = due + self._period
        return True


class Every:
    """Due at once, and then every ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._period = timedelta(seconds=seconds)
        self._next: datetime | None = None

    def due(self, at: datetime) -> bool:
        """Whether it is time; asked again, it is not. A clock that went back makes it due."""
        if self._next is not None and self._next - self._period <= at < self._next:
            return False
        self._next = at + self._period
        return True


class Speedometer:
    """Frames a second and their lag over the last ``window_s``."""

    def __init__(self, window_s: float = 10.0) -> None:
        self._window = timedelta(seconds=window_s)
        self._done: deque[tuple[datetime, float]] = deque()

    def count(self, at: datetime, now: datetime) -> None:
        """A frame taken at ``at`` was done at ``now``."""
        self._done.append((now, max(0.0, (now - at).total_seconds())))

    def read(self, now: datetime) -> tuple[float | None, float | None]:
        """(frames per second, mean lag in seconds) at ``now``; None where there were no frames."""
        while self._done and not now - self._window <= self._done[0][0] <= now:
            self._done.popleft()
        if not self._done:
            return None, None
        # Over the window, or over less while it has not yet been filled.
        span = max((now - self._done[0][0]).total_seconds(), 1.0)
        return len(self._done) / span, sum(lag for _, lag in self._done) / len(self._done)

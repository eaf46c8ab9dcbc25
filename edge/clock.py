"""Wall-clock time that does not jump while it is being watched."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SteadyClock:
    """Aware UTC, carried on by the monotonic clock; set anew only where the machine's clock was moved by more than a little.

    Small corrections would bend every duration that spans them; a big one (a box that got its time by network only now)
    must be followed, and may then go back: who measures starts anew.
    """

    def __init__(
        self,
        *,
        tolerance_s: float = 2.0,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tolerance_s, self._wall, self._monotonic = tolerance_s, wall, monotonic
        self._set()

    def now(self) -> datetime:
        """The present instant."""
        seconds = self._offset + self._monotonic()
        if abs(seconds - self._wall()) > self._tolerance_s:
            self._set()
            seconds = self._offset + self._monotonic()
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    def _set(self) -> None:
        self._offset = self._wall() - self._monotonic()

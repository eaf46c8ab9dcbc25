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


class StreamClock:
    """When the pictures of a stream were taken: its own timestamps, tied to our clock by the fastest picture so far. Pure.

    A picture arrives at the instant it was taken plus what the way costs. The timestamps tell how that cost changes; the least
    cost seen counts as none. After a stall the backlog comes in a burst: each picture of it then keeps its true distance in
    time, instead of all of them being "now". What the way always costs (encoder, network, decoder: a fraction of a second)
    cannot be seen from here. The floor rises by ``drift``, because the camera's clock may go slow.
    """

    def __init__(self, *, drift: float = 2e-4) -> None:
        self._drift = drift
        self._floor_s: float | None = None  # arrival minus timestamp of the fastest picture, seconds since `_since`
        self._since: datetime | None = None
        self._last: tuple[float, datetime] = (0.0, datetime.min.replace(tzinfo=UTC))

    def taken(self, stamp_s: float, arrived: datetime) -> datetime:
        """The instant at which the picture with this timestamp was taken; never after ``arrived``, and growing with it.

        A timestamp that does not grow says nothing: the picture counts as taken when it arrived, and the tie is made anew.
        """
        last_stamp_s, last_arrived = self._last
        self._last = stamp_s, arrived
        if self._since is None or self._floor_s is None or not stamp_s > last_stamp_s or arrived < last_arrived:
            self._since, self._floor_s = arrived, -stamp_s
            return arrived
        cost_s = (arrived - self._since).total_seconds() - stamp_s
        self._floor_s = min(cost_s, self._floor_s + self._drift * (arrived - last_arrived).total_seconds())
        return arrived - timedelta(seconds=cost_s - self._floor_s)

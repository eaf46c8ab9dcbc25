"""Work that may take at most a share of the rest of its process's CPU time, whatever the machine and whatever there is to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Allowance:
    """Credit grows with the CPU time that the rest takes and is spent by the work.

    share: of the rest's CPU time. most_s: what can be saved up, and what there is at the beginning. cpu: CPU seconds of the process.
    """

    def __init__(self, share: float, *, most_s: float = 0.25, cpu: Callable[[], float] = time.process_time) -> None:
        self._share, self._most_s, self._cpu = share, most_s, cpu
        self._credit_s, self._mark_s = most_s, cpu()

    def lets(self) -> bool:
        """Whether the work may be done now."""
        now_s = self._cpu()
        self._credit_s = min(self._most_s, self._credit_s + self._share * (now_s - self._mark_s))
        self._mark_s = now_s
        return self._credit_s > 0

    @contextmanager
    def spent(self) -> Iterator[None]:
        """What runs within is the work."""
        before_s = self._cpu()
        self._credit_s += self._share * (before_s - self._mark_s)
        try:
            yield
        finally:
            self._mark_s = self._cpu()
            self._credit_s -= self._mark_s - before_s

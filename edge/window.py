"""How much of a backlog may be on its way at once: more while confirmations come soon, less when they come late. Pure."""

from __future__ import annotations

_SOON_S = 1.0


class Window:
    """``size`` rows. The backlog yields: what is slow to be confirmed would make live messages wait behind it."""

    def __init__(self, least: int, most: int) -> None:
        self._least, self._most = least, most
        self.size = least
        self._shrunk_at_s = float("-inf")

    def confirmed(self, rows: int, took_s: float, at_s: float) -> None:
        """So many rows were confirmed ``took_s`` after they were sent."""
        if took_s <= _SOON_S:
            self.size = min(self._most, self.size + rows)
        elif at_s - self._shrunk_at_s > took_s:  # once for all that was sent before it was known
            self.size, self._shrunk_at_s = max(self._least, self.size // 2), at_s

    def silent(self) -> None:
        """No confirmation came at all."""
        self.size = self._least

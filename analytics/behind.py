"""How many officers stand behind a figure: an office's or a counter's figure of one officer is that officer's. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MIN_OFFICERS = 3
MOST_OF_ONE = 0.5


@dataclass(frozen=True, slots=True)
class Behind:
    """Ratings by officer: ``officers`` who have any, the largest one's share of those assigned, and how many no shift explains.

    ``officers`` is None where there is no roster: then nobody can say.
    """

    officers: int | None
    largest_share: float | None
    unassigned: int

    @property
    def enough(self) -> bool:
        """At least three officers, none with over half."""
        return (
            self.officers is not None
            and self.officers >= MIN_OFFICERS
            and self.largest_share is not None
            and self.largest_share <= MOST_OF_ONE
        )


def behind(by_officer: Mapping[str | None, int], has_roster: bool) -> Behind:
    """From counts by officer; None as a key: answers that no shift explains. The share is of those that one does."""
    unassigned = by_officer.get(None, 0)
    counts = [n for officer, n in by_officer.items() if officer is not None and n > 0]
    if not has_roster:
        return Behind(None, None, unassigned)
    return Behind(len(counts), max(counts) / sum(counts) if counts else None, unassigned)

"""What a state looks like: its shape, colour and key of its words. Shape carries the state, a hollow mark says "not real". Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from motcua.dashboard.answers import LiveOffice, Provenance, Wait

NOT_REAL: frozenset[str] = frozenset({"replay", "simulated"})
FAR_OVER = 2.0
"""A wait of this many times the target is told apart from one just over it."""

BLIND_REASONS = ("no_frames", "lagging", "black", "frozen", "blurred", "covered", "moved", "flooded")
"""Why a camera is blind, as far as these pages have words for it."""

MarkName = Literal["within", "over", "far", "too_few", "stale", "blind", "closed", "unknown"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One sign of map and table: `symbol` is plotly's, `size` in px, `colour` keeps a contrast of 4.5 or more on white."""

    name: MarkName
    symbol: str
    size: int
    colour: str
    rank: int


MARKS: dict[MarkName, Mark] = {
    mark.name: mark
    for mark in (
        Mark("far", "triangle-up", 22, "#8c1020", 0),
        Mark("over", "triangle-up", 19, "#a83a08", 0),
        Mark("blind", "x", 13, "#37424a", 1),
        Mark("within", "circle", 15, "#14713f", 2),
        Mark("stale", "hourglass", 14, "#5a6670", 3),
        Mark("too_few", "diamond", 14, "#5a6670", 4),
        Mark("closed", "square", 11, "#37424a", 5),
        Mark("unknown", "line-ew", 7, "#5a6670", 6),
    )
}


def mark_of(wait: Wait, target_s: float) -> Mark:
    """The mark of a wait against the target, seconds. A state of `ok` without a figure is too little data, never a figure of 0."""
    if wait.state != "ok":
        return MARKS[wait.state]
    if wait.expected_wait_s is None:
        return MARKS["too_few"]
    if wait.expected_wait_s <= target_s:
        return MARKS["within"]
    return MARKS["far" if wait.expected_wait_s > FAR_OVER * target_s else "over"]


def is_real(provenance: Provenance | None) -> bool:
    """False for replayed and simulated figures; an unknown provenance comes with no figure and needs no warning."""
    return provenance not in NOT_REAL


def hollow(wait: Wait) -> bool:
    """Marks of figures that are not real are drawn as outlines."""
    return not is_real(wait.provenance)


def urgency(office: LiveOffice, target_s: float) -> tuple[float, float, float]:
    """Sort key, most urgent first: over the target by wait, blind, within by wait, then those with less and less to say.

    A camera that does not see stands before offices that are well: nobody knows what is going on there.
    """
    mark = mark_of(office.wait, target_s)
    wait = office.wait.expected_wait_s if office.wait.state == "ok" else None
    return (mark.rank, -(wait or 0.0), -(office.wait.waiting or 0))

"""Whether somebody who is not seen any more has walked out, or has only vanished from sight. Pure, with time as an argument.

A queue is often no wider than a few steps, so that whoever stands in it stands near its rim: being near a way out says nothing.
Who was on the way out when last seen has left; who stood still was hidden or missed, and is still there.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from motcua.edge.polygon import Point
from motcua.edge.zones import Zones

Trail = tuple[tuple[datetime, Point], ...]
"""Where somebody was in the last seconds, oldest first."""

WALKS = 0.02  # of the picture per second: slower is standing
_STEP_S, _TRAIL_S = 0.4, 2.5
_AHEAD_S = 1.0


def onward(trail: Trail, point: Point, at: datetime) -> Trail:
    """The trail after one more sighting."""
    kept = trail
    if trail and (at - trail[0][0]).total_seconds() > _TRAIL_S:
        kept = tuple(step for step in trail if (at - step[0]).total_seconds() <= _TRAIL_S)
    return kept if kept and (at - kept[-1][0]).total_seconds() < _STEP_S else (*kept, (at, point))


def pace(trail: Trail, point: Point, seen_at: datetime) -> NDArray[np.float64]:
    """(2,) of the picture per second over the trail, up to where they were last seen; nought while too little is known."""
    since, was = trail[0] if trail else (seen_at, point)
    known_s = (seen_at - since).total_seconds()
    return (np.asarray(point) - np.asarray(was)) / known_s if known_s >= _STEP_S else np.zeros(2)


def walked_out(trail: Trail, point: Point, seen_at: datetime, zones: Zones) -> bool:
    """Whether they were on their way out of all zones, or of the picture, when last seen."""
    now = pace(trail, point, seen_at)
    if float(np.hypot(*now)) < WALKS:
        return False
    way = np.linspace(point, np.asarray(point) + now * _AHEAD_S, 5)
    return bool((zones.locate(way) < 0).any() or (way < 0).any() or (way > 1).any())

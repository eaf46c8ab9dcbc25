"""Which pieces of tracks are one person: by way, looks, size and the time between. Pure.

Every pair (an end, a later beginning) gets a cost, the negative logarithm of how much likelier it is that both are one person
than that one left here and another came there. The pairs of least total cost are taken, in rounds, as in hierarchical data
association (Huang, Wu and Nevatia 2008): short gaps first, since pieces that have grown say more about the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motcua.edge.pieces import Box, End, Piece, end_of
from motcua.edge.track import assign

_NEVER = 99.0
_FARTHEST = 3.0  # in units of reach
_SIZE_COUNTS = 2.0  # at most, since boxes are cut where people are covered
_TURN_COUNTS = 3.0
_UNLIKE_COUNTS = (
    12.0  # at most, since somebody half covered looks like whoever covers them: enough for the last round alone …
)
_STRANGER = 0.3  # … but nobody is as unlike themselves as that
_EARLY_S = 0.6  # a piece may begin so long before the one that it continues has ended
_ROUNDS = ((1.0, False), (4.0, False), (4.0, True))  # longest gap in s; whether people do not vanish inside the picture
_BORDER = 0.35  # of a person's width: nearer to a side of the picture they may be coming or going
_AHEAD_S = 1.0
_FLOOR = 0.1  # of their height: the same for the lower side


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Lengths in heights of the person, times in seconds, the rest in units of cost."""

    reach: float = 0.25  # standard deviation of where a person turns up again
    reach_per_s: float = 0.25  # and how much it grows per second
    unlike: float = 0.025  # standard deviation of the unlikeness of one person's clothes
    unlike_seen: float = 0.03  # and of what is seen of them in one sighting
    taller: float = 0.18  # standard deviation of the logarithm of the height
    turn: float = 0.25  # standard deviation of the change of pace, heights/s
    turn_per_s: float = 0.1
    per_s: float = 0.2  # cost of a second of absence
    same: float = 2.0  # what the tracker's own opinion weighs
    inside: float = 6.0  # greatest cost of a link inside the picture
    border: float = 2.5  # and where people come and go
    at_last: float = 20.0  # and inside the picture once nothing fits better
    least_weight: float = 0.5  # pieces that count less are linked with nothing


def chains(
    pieces: Sequence[Piece], size: tuple[int, int], settings: LinkSettings, *, from_s: float, until_s: float
) -> list[list[int]]:
    """Row numbers of the pieces that are one person, in order; every piece in one chain.

    size: width and height of the picture, px. Only pieces that end from ``from_s`` to ``until_s`` are continued.
    """
    members = [[row] for row in range(len(pieces))]
    whole = list(pieces)
    ends: dict[tuple[tuple[int, ...], bool], End] = {}

    def end(i: int, *, last: bool) -> End:
        key = tuple(members[i]), last
        if key not in ends:
            ends[key] = end_of(whole[i], last=last)
        return ends[key]

    for longest_s, at_last in _ROUNDS:
        able = [i for i, piece in enumerate(whole) if piece.total >= settings.least_weight]
        before = [i for i in able if from_s <= whole[i].times[-1] <= until_s]
        if not before:
            continue
        cost = np.full((len(before), len(able)), _NEVER)
        for row, i in enumerate(before):
            for column, j in enumerate(able):
                gap = whole[j].times[0] - whole[i].times[-1]
                late = whole[j].times[-1] > whole[i].times[-1] and whole[j].times[0] > whole[i].times[0]
                if i != j and late and -_EARLY_S <= gap <= longest_s + 1e-9:
                    same = whole[i].last == whole[j].first
                    a, b = end(i, last=True), end(j, last=False)
                    apart = unlikely(a, b, settings)
                    if apart >= _NEVER:
                        continue
                    border = at_border(a.where(a.at_s + _AHEAD_S), size) + at_border(b.where(b.at_s - _AHEAD_S), size)
                    inside = settings.at_last if at_last and not border else settings.inside
                    limit = (inside * (2 - border) + settings.border * border) / 2
                    cost[row, column] = apart - settings.same * same - limit
        next_of = {before[row]: able[column] for row, column in zip(*assign(cost, 0.0), strict=True)}
        starts = [i for i in range(len(whole)) if i not in set(next_of.values())]
        grown_members, grown = [], []
        for i in starts:
            piece, rows = whole[i], members[i]
            while i in next_of:
                i = next_of[i]
                piece, rows = piece.joined(whole[i]), rows + members[i]
            grown.append(piece)
            grown_members.append(rows)
        whole, members = grown, grown_members
    return members


def unlikely(a: End, b: End, settings: LinkSettings) -> float:
    """The cost of ``b`` being the same person as ``a`` before."""
    gap = b.at_s - a.at_s
    middle = (a.at_s + b.at_s) / 2
    there, here = a.where(middle), b.where(middle)
    apart = math.hypot((there[0] + there[2] - here[0] - here[2]) / 2, there[3] - here[3]) / ((a.height + b.height) / 2)
    apart /= settings.reach + settings.reach_per_s * max(gap, 0.0)
    if apart > _FARTHEST:
        return _NEVER
    seen = 1 / (a.weight + 0.05) + 1 / (b.weight + 0.05)
    apart_looks = float(1 - a.look @ b.look)
    unlike = apart_looks / math.sqrt(settings.unlike**2 + settings.unlike_seen**2 * seen)
    most = _UNLIKE_COUNTS if apart_looks < _STRANGER else math.inf
    taller = math.log(max(here[3] - here[1], 5.0) / max(there[3] - there[1], 5.0)) / settings.taller
    (a_left, _, a_right, a_foot), (b_left, _, b_right, b_foot) = a.pace, b.pace
    turned = math.hypot((a_left + a_right - b_left - b_right) / 2, a_foot - b_foot) / ((a.height + b.height) / 2)
    turned /= settings.turn + settings.turn_per_s * max(gap, 0.0)
    return (
        min(turned**2 / 2, _TURN_COUNTS)
        + apart**2 / 2
        + min(unlike**2, most)
        + min(taller**2 / 2, _SIZE_COUNTS)
        + settings.per_s * abs(gap)
    )


def at_border(box: Box, size: tuple[int, int]) -> bool:
    """Whether somebody there may just have come or be about to leave."""
    x0, y0, x1, y1 = box
    width, height = size
    side, floor = _BORDER * (x1 - x0), _FLOOR * (y1 - y0)
    return x0 < side or x1 > width - side or y1 > height - floor

"""Which measured visit is which true one: by overlap in time and place, so that errors of opposite sign cannot cancel. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from motcua.onebox.dwell import Visit
from motcua.onebox.truth import Boxes

_NEAR = 0.5  # of the true person's height, between the foot points


@dataclass(frozen=True, slots=True)
class Pairs:
    """(true, measured) visits that are one and the same, and what is left over."""

    matched: tuple[tuple[Visit, Visit], ...]
    missed: tuple[Visit, ...]
    false: tuple[Visit, ...]

    def summary(self, fps: float) -> dict[str, float | int | None]:
        """The figures of the evaluation's ``visits``."""
        errors = [abs(t.dwell_s(fps) - m.dwell_s(fps)) for t, m in self.matched]
        return {
            "matched": len(self.matched),
            "missed": len(self.missed),
            "false": len(self.false),
            "dwell_abs_error_median_s": float(np.median(errors)) if errors else None,
        }


def pair(
    true: Sequence[Visit], measured: Sequence[Visit], same_place: Callable[[Visit, Visit], bool] = lambda a, b: True
) -> Pairs:
    """Pairs of the same zone with the greatest common time in all; ``same_place`` says whether two could be one person."""
    common = np.zeros((len(true), len(measured)))
    for i, t in enumerate(true):
        for j, m in enumerate(measured):
            frames = min(t.last, m.last) - max(t.first, m.first) + 1
            if t.zone == m.zone and frames > 0 and same_place(t, m):
                common[i, j] = frames
    rows, columns = linear_sum_assignment(common, maximize=True) if common.size else ([], [])
    chosen = [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if common[i, j] > 0]
    used_true, used = {i for i, _ in chosen}, {j for _, j in chosen}
    return Pairs(
        tuple((true[i], measured[j]) for i, j in chosen),
        tuple(v for i, v in enumerate(true) if i not in used_true),
        tuple(v for j, v in enumerate(measured) if j not in used),
    )


def by_boxes(true: Boxes, measured: Boxes) -> Callable[[Visit, Visit], bool]:
    """Two visits are at the same place when, in the median over their common frames, the foot points are less than half of the
    true person's height apart."""
    feet_true, feet = _feet(true), _feet(measured)

    def same_place(t: Visit, m: Visit) -> bool:
        a, b = feet_true.get(t.person, {}), feet.get(m.person, {})
        apart = [
            np.hypot(a[f][0] - b[f][0], a[f][1] - b[f][1]) / max(a[f][2], 1.0)
            for f in range(max(t.first, m.first), min(t.last, m.last) + 1)
            if f in a and f in b
        ]
        return bool(apart) and float(np.median(apart)) < _NEAR

    return same_place


def _feet(table: Boxes) -> dict[int, dict[int, tuple[float, float, float]]]:
    """person → frame → foot x, foot y, height, in px."""
    feet: dict[int, dict[int, tuple[float, float, float]]] = {}
    for frame, person, (x0, y0, x1, y1) in zip(table.frames.tolist(), table.ids.tolist(), table.boxes.tolist(), strict=True):
        feet.setdefault(person, {})[frame] = ((x0 + x1) / 2, y1, y1 - y0)
    return feet

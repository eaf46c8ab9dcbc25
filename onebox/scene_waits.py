"""How far measured waits are from the true ones of rendered scenes, and where the errors come from. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from motcua.edge.flow import FlowSums
from motcua.edge.geometry import iou
from motcua.edge.pipeline import TimedTracks
from motcua.onebox.dwell import Visit
from motcua.onebox.pairing import pair
from motcua.onebox.scene import Scene
from motcua.onebox.scene_place import SIZE
from motcua.onebox.scene_play import MeasuredVisit
from motcua.onebox.scene_truth import TrueVisit

Report = dict[str, Any]

_NEAR = 0.5  # of the true person's height, between the foot points
_TENTH_S = 10.0  # visits are paired on a clock of tenths of a second
_SAME_IOU = 0.3
_OFF = (0.10, 10.0)  # a wait that is off by more than this share and these seconds is an error of its own


@dataclass(frozen=True, slots=True)
class Counted:
    """One scene: its truth, what was measured of it, who is who (row numbers of both), and Little's sums (None: not counted)."""

    true: tuple[TrueVisit, ...]
    measured: tuple[MeasuredVisit, ...]
    pairs: tuple[tuple[int, int], ...]
    flow: FlowSums | None


def compared(scene: Scene, measured: Sequence[MeasuredVisit], flow: FlowSums | None = None) -> Counted:
    """Who is who: by the greatest common time at the same place."""
    feet = _true_feet(scene)
    people = [Visit("", i, int(v.arrival_s * _TENTH_S), int(v.departure_s * _TENTH_S)) for i, v in enumerate(scene.visits)]
    found = [Visit("", j, int(v.arrival_s * _TENTH_S), int(v.departure_s * _TENTH_S)) for j, v in enumerate(measured)]

    def same_place(t: Visit, m: Visit) -> bool:
        trail, there = measured[m.person].trail, feet.get(scene.visits[t.person].person, {})
        apart = [
            np.hypot(trail[s][0] * SIZE[0] - there[s][0], trail[s][1] * SIZE[1] - there[s][1]) / there[s][2]
            for s in trail
            if t.first <= s * _TENTH_S <= t.last and s in there
        ]
        return bool(apart) and float(np.mean(np.array(apart) < _NEAR)) >= 0.5

    matched = pair(people, found, same_place).matched
    return Counted(scene.visits, tuple(measured), tuple((t.person, m.person) for t, m in matched), flow)


def waits(scenes: Sequence[Counted]) -> Report:
    """The pooled figures. Errors are relative; a figure is None where nothing was there to be measured.

    served: whose service started, whether or not they were seen leaving; reneged is a count, too; mean waits are those of the
    served; ``visit_error_median`` is the median over those whose service started and was measured to have started, relative and in seconds; Little's estimate is compared with the true mean time in queue of all
    who queued, served or not.
    """
    true = [v for s in scenes for v in s.true]
    measured = [v for s in scenes for v in s.measured]
    waited_true = [v.queue_s for v in true if v.service_start_s is not None]
    waited = [v.queue_s for v in measured if v.service_start_s is not None]
    mean_true, mean = _mean(waited_true), _mean(waited)
    both = [(s.true[i], s.measured[j]) for s in scenes for i, j in s.pairs]
    served = [(t.queue_s, m.queue_s) for t, m in both if None not in (t.service_start_s, m.service_start_s)]
    off = np.array([abs(m - t) for t, m in served])
    relative = np.array([abs(m - t) / t for t, m in served if t > 0])
    return {
        "served_true": len(waited_true),
        "served": len(waited),
        "reneged_true": sum(v.outcome == "reneged" for v in true),
        "reneged": sum(v.outcome == "reneged" for v in measured),
        "lost_true": sum(v.outcome == "lost" for v in true),
        "lost": sum(v.outcome == "lost" for v in measured),
        "mean_wait_true_s": mean_true,
        "mean_wait_s": mean,
        "mean_wait_error": _error(mean, mean_true),
        "visit_error_median": float(np.median(relative)) if len(relative) else None,
        "visit_error_median_s": float(np.median(off)) if len(off) else None,
        "visit_error_p90_s": float(np.percentile(off, 90)) if len(off) else None,
        **_little(scenes),
    }


def causes(scenes: Sequence[Counted]) -> dict[str, int]:
    """What became of the true visits, and what was made up: a count of each."""
    found: Counter[str] = Counter()
    for s in scenes:
        partner = dict(s.pairs)
        used = set(partner.values())
        for i, t in enumerate(s.true):
            m = s.measured[partner[i]] if i in partner else None
            found[f"{t.outcome}: {_fate(t, m)}"] += 1
        for j, m in enumerate(s.measured):
            if j not in used:
                found[f"made up: {m.outcome}"] += 1
    return dict(sorted(found.items()))


def _fate(t: TrueVisit, m: MeasuredVisit | None) -> str:
    if m is None:
        return "missed"
    if m.outcome != t.outcome:
        return f"taken for {m.outcome}"
    if t.outcome != "served" or abs(m.queue_s - t.queue_s) <= max(_OFF[0] * t.queue_s, _OFF[1]):
        return "right"
    late = m.arrival_s - t.arrival_s
    if abs(late) < abs(m.queue_s - t.queue_s) / 2:
        return "wrong start of service"
    return "wait begun late" if late > 0 else "wait begun early"


def kept_identity(scene: Scene, frames: NDArray[np.int64], tracks: Sequence[TimedTracks], least_s: float = 60.0) -> Report:
    """Of the people who waited for ``least_s`` or more: how many one id followed for 9 tenths of the frames of their wait, how often
    the id changed in all, to a fresh one (``broken``) or to one that had been another's (``swapped``), and the share of frames seen.

    Boxes belong to people by IoU (.3 or more), in each frame as many as can, those that belonged together before first. frames: (n,)
    numbers of the frames of ``tracks``.
    """
    spans = {v.person: (v.arrival_s, v.arrival_s + v.queue_s) for v in scene.visits if v.queue_s >= least_s}
    rows: dict[int, list[int]] = {p: [] for p in spans}
    owner, last, changes = dict[int, int](), dict[int, int](), Counter[str]()
    order = np.argsort(scene.boxes.frames, kind="stable")
    starts = np.searchsorted(scene.boxes.frames[order], np.stack([frames, frames + 1]))
    for first, end, timed in zip(*starts, tracks, strict=True):
        people, ids = scene.boxes.ids[order[first:end]], timed.tracks.ids
        overlap = iou(scene.boxes.boxes[order[first:end]].astype(np.float64), timed.tracks.boxes.astype(np.float64))
        together = np.array([[last.get(p) == i for i in ids.tolist()] for p in people.tolist()]).reshape(overlap.shape)
        chosen = linear_sum_assignment(np.where(overlap >= _SAME_IOU, overlap + together, 0.0), maximize=True)
        of = {int(people[a]): int(ids[b]) for a, b in zip(*chosen, strict=True) if overlap[a, b] >= _SAME_IOU}
        for person in people.tolist():
            track_id = of.get(person, 0)
            if person in spans and spans[person][0] <= timed.at_s <= spans[person][1]:
                rows[person].append(track_id)
                if track_id and last.get(person, track_id) != track_id:
                    changes["swapped" if owner.get(track_id, person) != person else "broken"] += 1
        last |= of
        owner |= {i: p for p, i in of.items()}
    followed = [r for r in rows.values() if r]
    kept = [max(Counter(i for i in r if i).values(), default=0) >= 0.9 * len(r) for r in followed]
    seen = [float(np.mean([i > 0 for i in r])) for r in followed]
    return {
        "people": len(followed),
        "kept": sum(kept),
        "broken": changes["broken"],
        "swapped": changes["swapped"],
        "seen": float(np.mean(seen)) if seen else None,
    }


def _little(scenes: Sequence[Counted]) -> Report:
    if any(s.flow is None for s in scenes):
        return {"little_true_s": None, "little_s": None, "little_error": None}
    total = sum((s.flow for s in scenes if s.flow is not None), FlowSums())
    true = _mean([v.queue_s for s in scenes for v in s.true if v.outcome != "lost" and v.queue_s > 0])
    return {"little_true_s": true, "little_s": total.wait_s, "little_error": _error(total.wait_s, true)}


def _true_feet(scene: Scene) -> dict[int, dict[float, tuple[float, float, float]]]:
    """person → second → foot's column and row, height, in px."""
    feet: dict[int, dict[float, tuple[float, float, float]]] = {}
    seconds: NDArray[np.float64] = scene.times[scene.boxes.frames]
    for second, person, (x0, y0, x1, y1) in zip(
        seconds.tolist(), scene.boxes.ids.tolist(), scene.boxes.boxes.tolist(), strict=True
    ):
        feet.setdefault(person, {})[second] = ((x0 + x1) / 2, y1, max(y1 - y0, 1.0))
    return feet


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _error(measured: float | None, true: float | None) -> float | None:
    """|measured - true| / true; 1 where there was something and nothing was measured."""
    if not true:
        return None
    return 1.0 if measured is None else abs(measured - true) / true

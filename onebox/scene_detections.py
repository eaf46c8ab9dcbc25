"""How well a detector finds the people of rendered scenes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motcua.edge.geometry import Detections, iou
from motcua.onebox.scene import Scene

_SAME, _VISIBLE = 0.5, 0.3


def detector_figures(scenes: Sequence[tuple[Scene, np.ndarray, Sequence[Detections]]]) -> dict[str, float | None]:
    """Average precision at IoU .5, and the share found with a confidence of .1, .4 and .6 or more. Whoever is hidden by more than
    7 tenths is neither missed nor false. scenes: each with the numbers (n,) of the frames and the detections in them."""
    scores, right, found, people = list[float](), list[bool](), {0.1: 0, 0.4: 0, 0.6: 0}, 0
    for scene, frames, detections in scenes:
        order = np.argsort(scene.boxes.frames, kind="stable")
        starts = np.searchsorted(scene.boxes.frames[order], np.stack([frames, frames + 1]))
        for first, last, found_here in zip(*starts, detections, strict=True):
            rows = order[first:last]
            clear = scene.visible[rows] >= _VISIBLE
            overlap = iou(found_here.boxes.astype(np.float64), scene.boxes.boxes[rows].astype(np.float64))
            people += int(clear.sum())
            taken: set[int] = set()
            for i in np.argsort(-found_here.confidence, kind="stable"):
                free = [j for j in range(len(rows)) if j not in taken and overlap[i, j] >= _SAME]
                best = max(free, key=lambda j: overlap[i, j], default=None)
                if best is not None:
                    taken.add(best)
                    if not clear[best]:
                        continue
                    for least in found:
                        found[least] += bool(found_here.confidence[i] >= least - 1e-6)
                scores.append(float(found_here.confidence[i]))
                right.append(best is not None)
    if not people:
        return dict.fromkeys(["ap50", *(f"recall_{int(least * 100)}" for least in found)])
    hits = np.cumsum(np.array(right)[np.argsort(-np.array(scores), kind="stable")]) if scores else np.zeros(0)
    precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
    area = float(np.sum(np.diff(hits / people, prepend=0.0) * precision))
    shares: dict[str, float | None] = {f"recall_{int(least * 100)}": count / people for least, count in found.items()}
    return {"ap50": area} | shares

"""The standard tracking metrics of one sequence, computed by the library ``trackeval``."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np

from motcua.edge.geometry import iou
from motcua.onebox.truth import Boxes, TruthError


def tracking_metrics(true: Boxes, measured: Boxes, frames: int) -> dict[str, float | int]:
    """MOTA, IDF1 and HOTA (0..1), id switches and the numbers of ids. Raises TruthError where the library is not installed."""
    try:
        from trackeval.metrics import CLEAR, HOTA, Identity
    except ImportError as error:
        raise TruthError("the tracking metrics need trackeval: pip install 'motcua[evaluate]'") from error
    data = _sequence(true, measured, frames)
    with contextlib.redirect_stdout(io.StringIO()):  # the library prints its configuration
        clear = CLEAR().eval_sequence(data)
        identity = Identity().eval_sequence(data)
        hota = HOTA().eval_sequence(data)
    return {
        "mota": float(clear["MOTA"]),
        "idf1": float(identity["IDF1"]),
        "hota": float(np.mean(hota["HOTA"])),
        "id_switches": int(clear["IDSW"]),
        "ids": len(np.unique(measured.ids)),
        "ids_true": len(np.unique(true.ids)),
    }


def _sequence(true: Boxes, measured: Boxes, frames: int) -> dict[str, Any]:
    """What trackeval calls raw data: per frame the ids as 0, 1, 2 … and the IoU of each pair."""
    true_ids, measured_ids = np.unique(true.ids), np.unique(measured.ids)
    data: dict[str, Any] = {"gt_ids": [], "tracker_ids": [], "similarity_scores": []}
    for frame in range(frames):
        a, b = true.at(frame), measured.at(frame)
        data["gt_ids"].append(np.searchsorted(true_ids, true.ids[a]))
        data["tracker_ids"].append(np.searchsorted(measured_ids, measured.ids[b]))
        data["similarity_scores"].append(iou(true.boxes[a].astype(np.float64), measured.boxes[b].astype(np.float64)))
    return data | {
        "num_timesteps": frames,
        "num_gt_ids": len(true_ids),
        "num_tracker_ids": len(measured_ids),
        "num_gt_dets": len(true),
        "num_tracker_dets": len(measured),
    }

"""The published method against a reference implementation, on the same recorded detections.

``data/bytetrack_reference.npz`` holds what our default detector found in the sample video (boxes in tenths of a pixel,
confidence in ten-thousandths) and the ids that ByteTrack of the package ``supervision`` 0.25.1 (MIT) gave to these boxes with
``track_activation_threshold`` .50 and .25, ``lost_track_buffer`` 21, ``minimum_matching_threshold`` .8, -1 for none. The
reference finds a track's box by its overlap with the filter's, so that now and then it names a neighbouring box.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from motcua.edge.geometry import Detections
from motcua.edge.track import PAPER, ByteTracker

RECORDED = Path(__file__).parent / "data" / "bytetrack_reference.npz"
FPS = 7.0


def _our_ids(data: dict[str, np.ndarray], high: float, start: float) -> np.ndarray:
    """(n,) the id that our tracker gives to each recorded detection, -1 for none."""
    tracker, ids = ByteTracker(replace(PAPER, high=high, start=start)), np.full(len(data["frame"]), -1)
    boxes, confidence = (data["boxes"] / 10).astype(np.float32), (data["confidence"] / 10_000).astype(np.float32)
    for frame in range(int(data["frame"].max()) + 1):
        rows = np.flatnonzero(data["frame"] == frame)
        tracks = tracker.update(Detections(boxes[rows], confidence[rows]), frame / FPS)
        for track_id, box in zip(tracks.ids, tracks.boxes, strict=True):
            ids[rows[np.flatnonzero((boxes[rows] == box).all(axis=1))[0]]] = track_id
    return ids


@pytest.mark.parametrize(("key", "high", "start"), [("ids_50", 0.5, 0.6), ("ids_25", 0.25, 0.35)])
def test_the_published_method_assigns_as_the_reference_does(key: str, high: float, start: float) -> None:
    with np.load(RECORDED) as file:
        data = dict(file)
    ours, theirs = _our_ids(data, high, start), data[key].astype(np.int64)
    assert len(set(ours.tolist())) == len(set(theirs.tolist()))
    names: dict[int, int] = {}
    for (their_id, our_id), _ in Counter(zip(theirs.tolist(), ours.tolist(), strict=True)).most_common():
        if min(their_id, our_id) > 0 and their_id not in names and our_id not in names.values():
            names[their_id] = our_id
    relabelled = np.array([names.get(i, -1) for i in theirs.tolist()])
    tracked = (theirs > 0) | (ours > 0)
    assert (relabelled == ours)[tracked].mean() >= 0.99

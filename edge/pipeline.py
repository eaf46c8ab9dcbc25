"""Frames become tracks: the one pipeline that the agent and the evaluation both run."""

from __future__ import annotations

from dataclasses import dataclass, field

from motcua.edge.gate import Gate
from motcua.edge.geometry import Detections, Detector, Image, Tracker, Tracks, no_detections
from motcua.edge.refine import Refiner, TimedTracks

__all__ = ["Pipeline", "Step", "TimedTracks"]


@dataclass(frozen=True, slots=True)
class Step:
    """What one frame gave.

    live: who is visible in this frame, at once: for figures of now.
    final: earlier frames whose tracks will not change any more, oldest first, at most ``Pipeline.late_s`` late: for visits.
    Every frame comes out exactly once. The ids of either are its own: a live track's id may turn out to belong to two people.
    found: the detections of this frame, repeated ones among them.
    """

    live: Tracks
    final: tuple[TimedTracks, ...]
    found: Detections = field(default_factory=no_detections)


class Pipeline:
    """Detector → tracker → late correction."""

    def __init__(
        self, detector: Detector, tracker: Tracker, refiner: Refiner | None = None, *, still_s: float = 0.0
    ) -> None:
        """still_s: where nothing moves the detector looks only so often, in seconds; 0: at every frame, whatever it shows."""
        self.detector = detector
        self.gate = Gate(detector, still_s) if still_s > 0 else None
        self._tracker = tracker
        self._refiner = refiner or Refiner()

    @property
    def late_s(self) -> float:
        """How late a final frame is, in seconds."""
        return self._refiner.settings.late_s

    def process(self, frame: Image, at_s: float) -> Step:
        """Take in one frame, (h, w, 3) uint8 BGR; at_s grows from frame to frame until :meth:`finish`."""
        found = self.gate.detect(frame, at_s) if self.gate else self.detector.detect(frame)
        tracks = self._tracker.update(found, at_s, frame)
        return Step(tracks, self._refiner.push(at_s, tracks, frame), found)

    def finish(self) -> tuple[TimedTracks, ...]:
        """The source ended (or an epoch did): the frames still held back; then everyone is forgotten, ids go on."""
        final = self._refiner.finish()
        self._tracker.reset()
        if self.gate:
            self.gate.reset()
        return final

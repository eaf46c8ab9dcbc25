"""Why a camera is blind, told to people; and the two reasons that no picture shows: frames that do not come, or come late."""

from __future__ import annotations

from datetime import datetime

from motcua.edge.messages import BlindReason

LAGGING_S = 5.0
_FOR_S = 3.0  # late frames for so long are more than a hiccup

_WAYS_OUT: dict[BlindReason, str] = {
    "no_frames": "no frame for over {after:g} s: check the camera",
    "lagging": "frames are analysed late: lower analysis_fps or give the camera more threads",
    "black": "the picture is black: switch on the light, take off the lens cap or check the camera",
    "frozen": "the picture stands still: restart the camera",
    "blurred": "the picture is blurred: clean the lens or focus it",
    "covered": "something hides the view: take it away from the lens",
    "moved": "the camera was moved: turn it back, or draw its zones anew and run 'motcua edge confirm-view --camera {source}'",
    "flooded": "light floods the picture: keep sun and lamps out of the lens",
}


def way_out(reason: BlindReason, source_id: str, blind_after_s: float) -> str:
    """One plain sentence: what is wrong, and what to do."""
    return _WAYS_OUT[reason].format(source=source_id, after=blind_after_s)


class Arrivals:
    """Whether frames come, and in time: pure, by instants."""

    def __init__(self, since: datetime, blind_after_s: float) -> None:
        """since: when the first frame may be waited for."""
        self._newest_at, self._blind_after_s = since, blind_after_s
        self._late_since: datetime | None = None

    def count(self, at: datetime, now: datetime) -> None:
        """A frame taken at ``at`` was analysed at ``now``."""
        self._newest_at = now
        self._late_since = None if (now - at).total_seconds() <= LAGGING_S else self._late_since or now

    def problem(self, now: datetime) -> BlindReason | None:
        """``no_frames``, ``lagging`` or None."""
        if (now - self._newest_at).total_seconds() > self._blind_after_s:
            return "no_frames"
        late = self._late_since is not None and (now - self._late_since).total_seconds() >= _FOR_S
        return "lagging" if late else None

"""Whether a camera sees: looked at once a second, with time as an argument.

What the place looks like is learned from the pictures themselves and lives in memory only. A fault counts once it has lasted
``confirm_s`` (what may be somebody standing close to the lens: ``close_s``), and is over after ``clear_s`` of good pictures. A
camera that was moved stays blind, because its zones now lie elsewhere, until it shows the old view again or somebody confirms
the new one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from motcua.edge import picture
from motcua.edge.geometry import Image
from motcua.edge.messages import BlindReason
from motcua.edge.pace import Every

CHECK_S = 1.0
BACK_S = 60.0
"""A moved camera that shows its old view for so long was put back."""
_LEARN_FIRST = 8  # pictures before anything is compared
_ANCHOR = 60  # pictures after which the place is known well enough to tell a slow drift
_DARK, _ALIKE = 60.0, 5.0  # grey levels: a mean below it is a dark place; means so close are of one and the same light
_NOISY = 3  # pictures that are averaged in the dark, where noise is as strong as structure
_STIRS = 6  # looks that tell a person from a cloth: nobody moves all the time
_STRANGE = 0.1  # how much slower is learned what does not look like the place
_ROWS = 144  # so many rows, evenly spread, tell whether a picture is the same as the last


@dataclass(frozen=True, slots=True)
class SightSettings:
    """Seconds."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}  # a misspelt entry of the settings file is an error

    enabled: bool = True
    confirm_s: float = 6.0
    clear_s: float = 3.0
    frozen_s: float = 8.0
    close_s: float = 60.0
    learn_s: float = 600.0

    def __post_init__(self) -> None:
        if min(self.confirm_s, self.clear_s, self.frozen_s, self.learn_s) <= 0 or self.close_s < self.confirm_s:
            raise ValueError("the settings of sight are positive, and close_s is not less than confirm_s")


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is known after a picture.

    blind: why the camera does not see; None while it does. suspect: what is wrong with this very picture, perhaps not for long
    enough to count; None where nothing is. seen_until: the last instant at which all was well.
    """

    blind: BlindReason | None
    suspect: BlindReason | None
    seen_until: datetime


class Sight:
    """One camera's eye."""

    def __init__(self, settings: SightSettings, counted: picture.Cells | None = None, *, moved: bool = False) -> None:
        """counted: (ROWS, COLUMNS) cells of the picture that count, those outside of masks; all where it is None.

        moved: the camera was found moved before a restart, and nobody has confirmed the new view.
        """
        self._settings, self._moved = settings, moved
        self._counted = np.ones((picture.ROWS, picture.COLUMNS), dtype=bool) if counted is None else counted
        self._due = Every(CHECK_S)
        self._at: datetime | None = None
        self._blind: BlindReason | None = None
        self._sighting: Sighting | None = None
        self._start_over()
        self._forget()

    @property
    def moved(self) -> bool:
        """The camera was moved, and neither was it put back nor did somebody confirm the new view."""
        return self._moved

    def confirm(self) -> None:
        """Somebody says that the zones fit the present view: it is learned anew."""
        self._moved = False
        self._blind = None if self._blind == "moved" else self._blind
        self._start_over()
        self._forget()

    def look(self, image: Image, at: datetime) -> Sighting:
        """Take a picture in, (h, w, 3) uint8 BGR; between two checks the last answer stands."""
        if self._sighting is None or self._due.due(at):
            self._sighting = self._check(image, at)
        return self._sighting

    def _start_over(self) -> None:
        """Nothing was seen for a while, or the clock went back: what lasts now begins now."""
        self._lately: deque[picture.Grey] = deque(maxlen=_NOISY)
        self._last_pixels: NDArray[np.uint8] | None = None
        self._same_since: datetime | None = None
        self._wrong_since: datetime | None = None
        self._fault_since: datetime | None = None
        self._close_since: datetime | None = None
        self._stirred: tuple[bool, ...] = ()
        self._good_since: datetime | None = None

    def _forget(self) -> None:
        """The place is not known any more."""
        self._reference: picture.Grey | None = None
        self._anchor: picture.Grey | None = None
        self._sharp: float | None = None
        self._found: picture.Difference | None = None
        self._learned = 0

    def _check(self, image: Image, at: datetime) -> Sighting:
        begun = at if self._at is None else self._at
        if not 0 <= (at - begun).total_seconds() < 5 * CHECK_S:
            self._start_over()
            begun = at
        self._at = at
        frozen_since = self._frozen(image, begun)
        self._lately.append(picture.small(image))
        current = _mean(self._lately)
        fault = self._fault(current, at)
        if fault is None and frozen_since is None:
            return self._well(current, at)
        self._good_since = None
        self._wrong_since = self._wrong_since or (begun if frozen_since is None else frozen_since)
        self._fault_since = None if fault is None else self._fault_since or begun
        if fault is not None and self._lasted(self._fault_since, at, self._settings.confirm_s):
            self._blind = fault
            self._moved = self._moved or fault == "moved"
        elif self._lasted(frozen_since, at, self._settings.frozen_s):
            self._blind = "frozen"
        return Sighting(self._why, fault or "frozen", self._wrong_since)

    def _well(self, current: picture.Grey, at: datetime) -> Sighting:
        """A picture without fault."""
        self._wrong_since = self._fault_since = None
        self._good_since = self._good_since or at
        if self._lasted(self._good_since, at, self._settings.clear_s):
            self._blind = None
            if self._moved and self._learned >= _LEARN_FIRST and self._lasted(self._good_since, at, BACK_S):
                self._moved = False
        if self._why is None:
            self._learn(current)
        return Sighting(self._why, None, at)

    @property
    def _why(self) -> BlindReason | None:
        return self._blind or ("moved" if self._moved else None)

    @staticmethod
    def _lasted(since: datetime | None, at: datetime, seconds: float) -> bool:
        return since is not None and (at - since).total_seconds() >= seconds

    def _fault(self, current: picture.Grey, at: datetime) -> picture.Fault | None:
        """What is wrong with the picture at this check."""
        if self._reference is None or self._learned < _LEARN_FIRST:
            return picture.bare(current, self._counted)
        now, last = self._lately[-1], self._lately[-2] if len(self._lately) > 1 else self._lately[-1]
        found = picture.compare(now, last, current, self._reference, self._sharp, self._counted)
        self._found = found
        if found.fault != "covered":
            self._close_since, self._stirred = None, ()
            return found.fault
        self._close_since = self._close_since or at
        self._stirred = (*self._stirred, found.moving)[-_STIRS:]
        if sum(self._stirred) <= len(self._stirred) / 2:
            return found.fault
        # It moves most of the time: perhaps a person right before the lens, who is given time to walk on.
        patience_s = self._settings.close_s - self._settings.confirm_s
        return found.fault if self._lasted(self._close_since, at, patience_s) else None

    def _learn(self, current: picture.Grey) -> None:
        if self._reference is None:
            self._reference = current.copy()
        found, rate = self._found, CHECK_S / self._settings.learn_s
        if found is not None and (found.dimmed or found.flat > 0.2):
            return  # a dark room and a hidden one teach nothing about the place
        share: picture.Grey | float = max(1 / (self._learned + 1), rate)
        if found is not None and self._learned >= _ANCHOR:
            shares = np.where(found.same, share, share * _STRANGE).astype(np.float32)
            share = np.repeat(np.repeat(shares, picture.CELL, axis=0), picture.CELL, axis=1)
        self._reference += share * (current - self._reference)
        self._learned += 1
        if found is not None and found.sharpness is not None:
            # Rises within minutes, falls within days: a lens that grows dirty is not what the place looks like.
            known = found.sharpness if self._sharp is None else self._sharp
            self._sharp = known + (10 if found.sharpness > known else 0.01) * rate * (found.sharpness - known)
        if self._learned % _ANCHOR == 0:
            self._hold()

    def _hold(self) -> None:
        """A camera that sinks bit by bit is learned along the way: what is known now is compared with what was known first."""
        assert self._reference is not None
        if self._anchor is None:
            self._anchor = self._reference.copy()
        elif picture.shift_between(self._reference, self._anchor, self._counted):
            self._moved, self._reference = True, self._anchor.copy()

    def _frozen(self, image: Image, begun: datetime) -> datetime | None:
        """Since when every pixel has been the same; None where one differs. A sensor's noise never stands still."""
        step = max(1, image.shape[0] // _ROWS)
        pixels: NDArray[np.uint8] = np.ascontiguousarray(image[::step, ::step])
        last, self._last_pixels = self._last_pixels, pixels
        same = last is not None and last.shape == pixels.shape and self._unchanged(last, pixels)
        self._same_since = (self._same_since or begun) if same else None
        return self._same_since

    def _unchanged(self, one: NDArray[Any], other: NDArray[Any]) -> bool:
        if np.array_equal(one, other):
            return True
        if self._counted.all():
            return False
        changed = np.nonzero((one != other).any(axis=2))
        rows, columns = (
            places * size // length for places, size, length in zip(changed, self._counted.shape, one.shape[:2], strict=True)
        )
        return not self._counted[rows, columns].any()


def _mean(lately: deque[picture.Grey]) -> picture.Grey:
    """The newest picture; in the dark the mean of the last few of the same light."""
    now = lately[-1]
    level = float(now.mean())
    if level >= _DARK:
        return now
    alike = [one for one in lately if abs(float(one.mean()) - level) < _ALIKE]
    return np.asarray(np.mean(alike, axis=0), dtype=np.float32)

"""What an outbox has left when the disk is full: room that is given back, and a place in which counting needs no room.

A file beside the outbox. Its first sector is overwritten in place, which a full disk allows: the newest epoch, and how many
messages were refused. Behind it lies room that is given to the disk when it is full, so that visits can still be stored.
"""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

_SECTOR = 512


@dataclass(slots=True)
class Kept:
    """The first sector: the newest epoch, messages refused by type, files moved aside as damaged. ``room``: bytes behind it."""

    epoch: int = 0
    damaged: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    room: int = 0


def reserve_path(outbox: Path) -> Path:
    """The file beside an outbox."""
    return outbox.with_name(outbox.name + ".reserve")


def read_reserve(outbox: Path) -> Kept | None:
    """What the reserve of an outbox says; None where there is none that can be read."""
    try:
        with reserve_path(outbox).open("rb") as file:
            return _kept(file.read(_SECTOR), os.fstat(file.fileno()).st_size)
    except (OSError, ValueError):
        return None


class Reserve:
    """The reserve of one outbox, ``size`` bytes (0: none, only the count)."""

    def __init__(self, outbox: Path, size: int) -> None:
        """Open or make the file. A disk without room for it leaves it smaller; :attr:`in_use` says so. Raises OSError."""
        self._size = max(size, 0)
        self._kept, self.in_use = Kept(), False
        self._fd = os.open(reserve_path(outbox), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._kept = _kept(os.pread(self._fd, _SECTOR, 0), 0)
        except ValueError as error:
            log.error("%s cannot be read (%s): what was refused before is forgotten", reserve_path(outbox), error)
        self.refill()

    @property
    def epoch(self) -> int:
        """The newest epoch that was noted."""
        return self._kept.epoch

    @property
    def refused(self) -> Counter[str]:
        """Messages that the disk refused, by type."""
        return self._kept.refused

    @property
    def damaged(self) -> int:
        """Files that were moved aside, with all that waited in them."""
        return self._kept.damaged

    def note(self, *, epoch: int = 0, refused: Mapping[str, int] | None = None, damaged: int = 0) -> None:
        """Write down an epoch, or messages that the disk refused; on the disk when it returns, if the disk works at all."""
        kept = self._kept
        kept.epoch = max(kept.epoch, epoch)
        kept.refused.update(refused or {})
        kept.damaged += damaged
        head = json.dumps({"epoch": kept.epoch, "damaged": kept.damaged, "refused": kept.refused}, separators=(",", ":"))
        try:
            os.pwrite(self._fd, head.encode().ljust(_SECTOR), 0)
            os.fdatasync(self._fd)
        except OSError as error:
            log.error("the count of refused messages cannot be written (%s): it is known until the next start only", error)

    def free(self) -> None:
        """Give the room to the disk."""
        self.in_use = True
        with suppress(OSError):
            if os.fstat(self._fd).st_size > _SECTOR:
                os.ftruncate(self._fd, _SECTOR)

    def refill(self) -> bool:
        """Take the room back, once the disk has as much again beside it; whether it is there."""
        try:
            if os.fstat(self._fd).st_size < _SECTOR + self._size:
                os.posix_fallocate(self._fd, 0, _SECTOR + 2 * self._size)
                os.ftruncate(self._fd, _SECTOR + self._size)
            self.in_use = False
        except OSError:
            self.free()
        return not self.in_use

    def close(self) -> None:
        """Close the file; the room stays taken. A second time does nothing: its number may be another file's by then."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _kept(head: bytes, file_size: int) -> Kept:
    """Raises ValueError where the sector says nothing that can be read; a new file's is empty."""
    text = head.rstrip(b"\0 ")
    if not text:
        return Kept()
    try:
        known = json.loads(text)
        refused = Counter({str(type_): int(count) for type_, count in known["refused"].items()})
        return Kept(int(known["epoch"]), int(known["damaged"]), refused, max(0, file_size - _SECTOR))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error

"""The outbox: messages wait here, on disk, until the ingestor confirms that they are committed.

SQLite in WAL mode with ``synchronous = FULL``: a message that ``put`` has returned survives a power cut. One process owns a
file (a lock beside it keeps others out); within it the object may be used from several threads.

It holds so many bytes, and samples for so many hours of measuring. When it is full, the oldest of what is worth least goes,
and is counted. Its last bytes, and as much of the disk, are a reserve for what is worth more than a sample.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import RLock

from pydantic import ValidationError

from motcua.edge.lived import Lived
from motcua.edge.messages import Message, Visit, dump
from motcua.edge.outbox_file import OutboxDamaged, OutboxError, lock, open_or_move_aside
from motcua.edge.reserve import Reserve

__all__ = ["LEAST_VALUE_FIRST", "SAMPLES", "Outbox", "OutboxDamaged", "OutboxError", "OutboxFull", "OutboxSize", "Row"]

log = logging.getLogger(__name__)

# The order in which types are given up when the outbox is full, oldest rows first. A visit is the last to go.
LEAST_VALUE_FIRST = ("queue", "health", "ticket", "officer_expression", "sentiment", "rating", "counts", "visit")
SAMPLES = ("queue", "health")  # the next one says it again
DAMAGED = "outbox"  # counts files that were moved aside with all that waited in them


class OutboxFull(OutboxError):
    """The disk refused samples; what is worth more was ``stored`` in the reserve."""

    def __init__(self, text: str, stored: list[Message]) -> None:
        super().__init__(text)
        self.stored = stored


@dataclass(frozen=True, slots=True)
class Row:
    """One message as it is sent."""

    epoch: int
    seq: int
    type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class OutboxSize:
    """What waits, for how many hours of measuring it has waited, and how many the whole outbox holds (None: rate unknown)."""

    rows: int
    bytes: int
    capacity_h: float | None
    span_h: float = 0.0


class Outbox:
    """Messages of one source, oldest first. Opening the file begins a new epoch; rows of earlier ones are still pending."""

    def __init__(
        self,
        path: Path,
        *,
        now: datetime,
        max_rows: int = 500_000,
        max_bytes: int = 256 * 2**20,
        max_hours: float = float("inf"),
        reserve_bytes: int = 0,
    ) -> None:
        """Open or make the file; visits that were open when its last owner died are put as lost. A damaged one is moved aside.

        max_hours: samples that have waited for more hours of measuring go. reserve_bytes: of ``max_bytes``, and of the disk,
        kept from samples. Raises OutboxError.
        """
        if max_rows < 1 or max_bytes < 1 or not 0 <= reserve_bytes < max_bytes or max_hours <= 0:
            raise ValueError("an outbox holds at least one row and one byte, for some time, and more than its reserve")
        self.path = path
        self._limit = (max_rows, max_bytes)
        self._samples_limit = (max(1, max_rows - max_rows * reserve_bytes // max_bytes), max_bytes - reserve_bytes)
        self._max_hours = max_hours
        self._guard = RLock()
        self._lock = lock(path)
        try:
            self._db, damaged = open_or_move_aside(path, now)
        except BaseException:
            self._lock.close()
            raise
        try:
            with self._errors():
                self._reserve = Reserve(path, reserve_bytes)
                if damaged:
                    self._reserve.note(damaged=1)
                self._rows, self._bytes, lived_ms = self._measure()
                self._lived = Lived(lived_ms)
            self._epoch, self._words_wait = -1, True
            self.new_epoch(now)
            with suppress(OutboxFull):
                self.put([])
        except BaseException:
            self.close()
            raise

    @property
    def epoch(self) -> int:
        """The epoch of the messages that are put now."""
        return self._epoch

    def new_epoch(self, now: datetime) -> int:
        """Begin a new epoch, greater than every earlier one even when the clock has jumped back; ``seq`` starts at 1."""
        with self._guard, self._errors(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            last = self._db.execute("SELECT coalesce(max(value), 0) FROM meta WHERE key = 'epoch'").fetchone()[0]
            epoch = max(int(last) + 1, self._reserve.epoch + 1, int(now.timestamp() * 1000))
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (epoch,))
            # Whoever is there now stays open: only visits of a process that died are lost.
            self._db.execute("UPDATE last_word SET epoch = ? WHERE epoch = ?", (epoch, self._epoch))
        self._reserve.note(epoch=epoch)
        self._epoch, self._next_seq = epoch, 1
        return epoch

    def put(self, messages: Sequence[Message], open_visits: Sequence[Visit] | None = None) -> list[Message]:
        """Store messages with their epoch and next sequence numbers, in one transaction; returns them as stored.

        open_visits: those that have not ended, as they end if this process does; they replace the ones given before.

        What does not fit makes room by dropping rows of least value, counted in :meth:`dropped`. A disk that is full still
        takes what is no sample, as long as the reserve lasts. Raises OutboxError when it refuses something, OutboxFull when
        that was samples alone; what was refused is counted as dropped, and its numbers are not used up.
        """
        with self._guard:
            if not (messages or self._words_wait or open_visits is not None):
                return []
            if self._reserve.in_use and not self._reserve.refill():
                return self._put_in_reserve(messages, open_visits, f"outbox {self.path} has no room: check disk space")
            try:
                return self._store(messages, open_visits)
            except OutboxDamaged:
                self._reserve.note(refused=_types(messages))
                raise
            except OutboxError as error:
                self._reserve.free()
                return self._put_in_reserve(messages, open_visits, str(error))

    def pending(self, limit: int, after: tuple[int, int] = (0, 0)) -> list[Row]:
        """Up to ``limit`` unconfirmed rows beyond (epoch, seq) ``after``, the oldest first."""
        with self._guard, self._errors():
            query = "SELECT epoch, seq, type, body FROM message WHERE (epoch, seq) > (?, ?) ORDER BY epoch, seq LIMIT ?"
            return [Row(*row) for row in self._db.execute(query, (*after, limit))]

    def newest(self, type_: str | None = None) -> tuple[int, int] | None:
        """(epoch, seq) of the newest unconfirmed message, of a type or of all."""
        with self._guard, self._errors():
            which, values = ("", ()) if type_ is None else ("WHERE type = ?", (type_,))
            query = f"SELECT epoch, seq FROM message {which} ORDER BY epoch DESC, seq DESC LIMIT 1"
            row = self._db.execute(query, values).fetchone()
            return None if row is None else (int(row[0]), int(row[1]))

    def confirm(self, epoch: int, ranges: Iterable[tuple[int, int]]) -> int:
        """Forget what is committed: sequence numbers of one epoch, both ends included. Returns how many rows went."""
        spans = list(ranges)
        with self._guard:
            try:
                lengths = self._delete(epoch, spans)
            except OutboxDamaged:
                raise
            except OutboxError:
                self._reserve.free()  # even deleting needs room
                lengths = self._delete(epoch, spans)
            self._rows -= len(lengths)
            self._bytes -= sum(lengths)
        return len(lengths)

    def size(self) -> OutboxSize:
        """Rows and bytes that wait, the hours of measuring that they span, and the hours that the whole outbox holds."""
        with self._guard, self._errors():
            oldest = self._db.execute("SELECT lived_ms FROM message ORDER BY epoch, seq LIMIT 1").fetchone()
            span_h = 0.0 if oldest is None else (self._lived.ms - oldest[0]) / 3_600_000
            hours = self._lived.hours(*self._samples_limit)
            return OutboxSize(self._rows, self._bytes, None if hours is None else min(hours, self._max_hours), span_h)

    def dropped(self) -> dict[str, int]:
        """Messages given up so far, by type: for want of room, or because the disk refused them."""
        with self._guard, self._errors():
            counts = Counter(dict(self._db.execute("SELECT type, count FROM dropped")))
            return dict(counts + self._reserve.refused + Counter({DAMAGED: self._reserve.damaged}))

    def close(self) -> None:
        """Close the file; what is pending stays in it."""
        with self._guard:
            self._db.close()
            if hasattr(self, "_reserve"):
                self._reserve.close()
            self._lock.close()

    def _measure(self) -> tuple[int, int, int]:
        query = "SELECT count(*), coalesce(sum(length(body)), 0), coalesce(max(lived_ms), 0) FROM message"
        rows, size, lived_ms = self._db.execute(query).fetchone()
        return int(rows), int(size), int(lived_ms)

    def _put_in_reserve(self, messages: Sequence[Message], open_visits: Sequence[Visit] | None, why: str) -> list[Message]:
        """What is no sample, into the room that the reserve gave to the disk."""
        samples = [m for m in messages if m.type in SAMPLES]
        try:
            stored = self._store([m for m in messages if m.type not in SAMPLES], open_visits)
        except OutboxError:
            self._reserve.note(refused=_types(messages))
            raise
        if samples:
            self._reserve.note(refused=_types(samples))
            raise OutboxFull(f"{why}; samples are refused, the rest is still taken", stored)
        return stored

    def _store(self, messages: Sequence[Message], open_visits: Sequence[Visit] | None) -> list[Message]:
        with self._errors(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            lost = self._last_words() if self._words_wait else []
            stored = [
                m.model_copy(update={"epoch": self._epoch, "seq": seq})
                for seq, m in enumerate((*lost, *messages), self._next_seq)
            ]
            bodies = [dump(m) for m in stored]
            lived = [self._lived.take(m.at, len(body)) for m, body in zip(stored, bodies, strict=True)]
            self._db.executemany(
                "INSERT INTO message VALUES (?, ?, ?, ?, ?)",
                [(m.epoch, m.seq, m.type, body, ms) for m, body, ms in zip(stored, bodies, lived, strict=True)],
            )
            if self._words_wait:
                self._db.execute("DELETE FROM last_word WHERE epoch < ?", (self._epoch,))
            if open_visits is not None:
                self._db.execute("DELETE FROM last_word WHERE epoch = ?", (self._epoch,))
                words = [(self._epoch, n, dump(visit)) for n, visit in enumerate(open_visits)]
                self._db.executemany("INSERT INTO last_word VALUES (?, ?, ?)", words)
            rows, size = self._make_room(self._rows + len(bodies), self._bytes + sum(map(len, bodies)))
        self._rows, self._bytes, self._words_wait = rows, size, False
        self._next_seq += len(stored)
        return stored[len(lost) :]

    def _last_words(self) -> list[Message]:
        """Visits that were open when an earlier epoch ended without closing them."""
        lost: list[Message] = []
        query = "SELECT body FROM last_word WHERE epoch < ? ORDER BY epoch, n"
        for (body,) in self._db.execute(query, (self._epoch,)).fetchall():
            try:
                lost.append(Visit.model_validate_json(body))
            except ValidationError as error:
                log.error("outbox %s: an open visit cannot be read (%s): it is counted as dropped", self.path, error)
                self._count_dropped("visit", 1)
        return lost

    def _delete(self, epoch: int, spans: Sequence[tuple[int, int]]) -> list[int]:
        lengths: list[int] = []
        with self._errors(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            for first, last in spans:
                query = "DELETE FROM message WHERE epoch = ? AND seq BETWEEN ? AND ? RETURNING length(body)"
                lengths += [length for (length,) in self._db.execute(query, (epoch, first, last)).fetchall()]
        return lengths

    def _make_room(self, rows: int, size: int) -> tuple[int, int]:
        """Drop old samples, then the rows of least value until the rest fits; (rows, bytes) that remain."""
        too_old_ms = self._lived.ms - self._max_hours * 3_600_000
        for type_ in SAMPLES:  # all but the newest of each, which tells how things are
            query = "SELECT epoch, seq, length(body), lived_ms FROM message WHERE type = ? ORDER BY epoch, seq"
            victims: list[tuple[int, int]] = []
            before: tuple[int, int, int] | None = None
            for epoch, seq, length, lived_ms in self._db.execute(query, (type_,)):
                if before is not None:
                    victims.append(before[:2])
                    rows, size = rows - 1, size - before[2]
                fits = rows <= self._samples_limit[0] and size <= self._samples_limit[1]
                if fits and lived_ms >= too_old_ms:
                    break
                before = (epoch, seq, length)
            self._drop(type_, victims)
        for type_ in LEAST_VALUE_FIRST:
            if rows <= self._limit[0] and size <= self._limit[1]:
                break
            victims = []
            query = "SELECT epoch, seq, length(body) FROM message WHERE type = ? ORDER BY epoch, seq"
            for epoch, seq, length in self._db.execute(query, (type_,)):
                if rows <= self._limit[0] and size <= self._limit[1]:
                    break
                victims.append((epoch, seq))
                rows, size = rows - 1, size - length
            self._drop(type_, victims)
        return rows, size

    def _drop(self, type_: str, victims: Sequence[tuple[int, int]]) -> None:
        if not victims:
            return
        self._db.executemany("DELETE FROM message WHERE epoch = ? AND seq = ?", victims)
        self._count_dropped(type_, len(victims))
        if type_ not in SAMPLES:
            log.error("outbox %s is full: %d %s were dropped; restore the link", self.path, len(victims), _PLURAL[type_])

    def _count_dropped(self, type_: str, count: int) -> None:
        self._db.execute(
            "INSERT INTO dropped VALUES (?, ?) ON CONFLICT (type) DO UPDATE SET count = count + excluded.count",
            (type_, count),
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:
            raise OutboxError(f"outbox {self.path} refuses ({error}): check disk space and permissions") from error
        except sqlite3.DatabaseError as error:
            raise OutboxDamaged(f"outbox {self.path} is damaged ({error}): open it anew") from error


_PLURAL = {
    "visit": "visits", "ticket": "tickets", "rating": "ratings", "counts": "counts", "sentiment": "sums of sentiment",
    "officer_expression": "sums of officers' expression",
}  # fmt: skip


def _types(messages: Sequence[Message]) -> Counter[str]:
    return Counter(m.type for m in messages)

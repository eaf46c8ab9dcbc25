"""The outbox: messages wait here, on disk, until the ingestor confirms that they are committed.

SQLite in WAL mode with ``synchronous = FULL``: a message that ``put`` has returned survives a power cut. One process owns a
file (a lock beside it keeps others out); within it the object may be used from several threads.
"""

from __future__ import annotations

import fcntl
import logging
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import IO

from motcua.edge.messages import Message, dump

log = logging.getLogger(__name__)

# The order in which types are given up when the outbox is full, oldest rows first. A visit is the last to go.
LEAST_VALUE_FIRST = ("queue", "health", "ticket", "sentiment", "rating", "counts", "visit")
_SCHEMA = Path(__file__).with_name("outbox.sql")
_VERSION = 1
_TABLES = {"meta", "message", "dropped"}


class OutboxError(Exception):
    """The outbox cannot be used; the message is one sentence with the way out."""


class OutboxDamaged(OutboxError):
    """The file was damaged while in use: open it anew, which moves it aside."""


@dataclass(frozen=True, slots=True)
class Row:
    """One message as it is sent."""

    epoch: int
    seq: int
    type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class OutboxSize:
    """What waits, what fits, and for how long it would last. ``capacity_h`` is None until the rate of messages is known."""

    rows: int
    bytes: int
    capacity_h: float | None


class Outbox:
    """Messages of one source, oldest first. Opening the file begins a new epoch; rows of earlier ones are still pending."""

    def __init__(self, path: Path, *, now: datetime, max_rows: int = 500_000, max_bytes: int = 256 * 2**20) -> None:
        """Open or make the file. A damaged one is moved aside. Raises OutboxError."""
        if max_rows < 1 or max_bytes < 1:
            raise ValueError("an outbox holds at least one row and one byte")
        self.path = path
        self._max_rows, self._max_bytes = max_rows, max_bytes
        self._guard = RLock()
        self._unsaved: Counter[str] = Counter()
        self._rate = _Rate()
        self._lock = _lock(path)
        try:
            self._db = _open_or_move_aside(path, now)
        except BaseException:
            self._lock.close()
            raise
        try:
            with self._errors():
                self._rows, self._bytes = self._measure()
            self.new_epoch(now)
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
            epoch = max(int(last) + 1, int(now.timestamp() * 1000))
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (epoch,))
        self._epoch, self._next_seq = epoch, 1
        return epoch

    def put(self, messages: Sequence[Message]) -> list[Message]:
        """Store messages with their epoch and next sequence numbers, in one transaction; returns them as stored.

        What does not fit makes room by dropping rows of least value, counted in :meth:`dropped`. Raises OutboxError when
        the disk refuses; the messages are then counted as dropped and their numbers are not used up.
        """
        if not messages:
            return []
        with self._guard:
            stored = [
                m.model_copy(update={"epoch": self._epoch, "seq": seq}) for seq, m in enumerate(messages, self._next_seq)
            ]
            bodies = [dump(m) for m in stored]
            try:
                with self._errors(), self._db:
                    self._db.execute("BEGIN IMMEDIATE")
                    self._db.executemany(
                        "INSERT INTO message VALUES (?, ?, ?, ?)",
                        [(m.epoch, m.seq, m.type, body) for m, body in zip(stored, bodies, strict=True)],
                    )
                    rows, size = self._make_room(self._rows + len(bodies), self._bytes + sum(map(len, bodies)))
            except OutboxError:
                self._unsaved.update(m.type for m in messages)
                raise
            self._rows, self._bytes = rows, size
            self._next_seq += len(stored)
            self._rate.count([m.at for m in stored], sum(map(len, bodies)))
            return stored

    def pending(self, limit: int, after: tuple[int, int] = (0, 0)) -> list[Row]:
        """Up to ``limit`` unconfirmed rows beyond (epoch, seq) ``after``, the oldest first."""
        with self._guard, self._errors():
            query = "SELECT epoch, seq, type, body FROM message WHERE (epoch, seq) > (?, ?) ORDER BY epoch, seq LIMIT ?"
            return [Row(*row) for row in self._db.execute(query, (*after, limit))]

    def newest(self, type_: str) -> tuple[int, int] | None:
        """(epoch, seq) of the newest unconfirmed message of a type."""
        with self._guard, self._errors():
            query = "SELECT epoch, seq FROM message WHERE type = ? ORDER BY epoch DESC, seq DESC LIMIT 1"
            row = self._db.execute(query, (type_,)).fetchone()
            return None if row is None else (int(row[0]), int(row[1]))

    def confirm(self, epoch: int, ranges: Iterable[tuple[int, int]]) -> int:
        """Forget what is committed: sequence numbers of one epoch, both ends included. Returns how many rows went."""
        lengths: list[int] = []
        with self._guard:
            with self._errors(), self._db:
                self._db.execute("BEGIN IMMEDIATE")
                for first, last in ranges:
                    query = "DELETE FROM message WHERE epoch = ? AND seq BETWEEN ? AND ? RETURNING length(body)"
                    lengths += [length for (length,) in self._db.execute(query, (epoch, first, last)).fetchall()]
            self._rows -= len(lengths)
            self._bytes -= sum(lengths)
        return len(lengths)

    def size(self) -> OutboxSize:
        """Rows and bytes that wait, and the hours that the whole outbox holds at the present rate."""
        with self._guard:
            return OutboxSize(self._rows, self._bytes, self._rate.hours(self._max_rows, self._max_bytes))

    def dropped(self) -> dict[str, int]:
        """Messages given up so far, by type: for want of room, or because the disk refused them."""
        with self._guard, self._errors():
            counts = Counter(dict(self._db.execute("SELECT type, count FROM dropped")))
        return dict(counts + self._unsaved)

    def close(self) -> None:
        """Close the file; what is pending stays in it."""
        with self._guard:
            self._db.close()
            self._lock.close()

    def _measure(self) -> tuple[int, int]:
        rows, size = self._db.execute("SELECT count(*), coalesce(sum(length(body)), 0) FROM message").fetchone()
        return int(rows), int(size)

    def _make_room(self, rows: int, size: int) -> tuple[int, int]:
        """Drop the rows of least value until the rest fits; (rows, bytes) that remain."""
        for type_ in LEAST_VALUE_FIRST:
            if rows <= self._max_rows and size <= self._max_bytes:
                break
            victims: list[tuple[int, int]] = []
            query = "SELECT epoch, seq, length(body) FROM message WHERE type = ? ORDER BY epoch, seq"
            for epoch, seq, length in self._db.execute(query, (type_,)):
                if rows <= self._max_rows and size <= self._max_bytes:
                    break
                victims.append((epoch, seq))
                rows, size = rows - 1, size - length
            if victims:
                self._db.executemany("DELETE FROM message WHERE epoch = ? AND seq = ?", victims)
                self._db.execute(
                    "INSERT INTO dropped VALUES (?, ?) ON CONFLICT (type) DO UPDATE SET count = count + excluded.count",
                    (type_, len(victims)),
                )
                if type_ == "visit":
                    log.error("outbox %s is full: %d visits were dropped; restore the link", self.path, len(victims))
        return rows, size

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OutboxError(f"outbox {self.path} refuses ({error}): check disk space and permissions") from error
        except sqlite3.DatabaseError as error:
            raise OutboxDamaged(f"outbox {self.path} is damaged ({error}): open it anew") from error


class _Rate:
    """Messages and bytes per hour of this epoch, by the messages' own instants."""

    def __init__(self) -> None:
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._rows = self._bytes = 0

    def count(self, instants: Sequence[datetime], size: int) -> None:
        self._first = min([*instants, *([self._first] if self._first else [])])
        self._last = max([*instants, *([self._last] if self._last else [])])
        self._rows += len(instants)
        self._bytes += size

    def hours(self, max_rows: int, max_bytes: int) -> float | None:
        if self._first is None or self._last is None or (self._last - self._first).total_seconds() < 30:
            return None
        hours = (self._last - self._first).total_seconds() / 3600
        return min(max_rows * hours / self._rows, max_bytes * hours / self._bytes)


def _lock(path: Path) -> IO[bytes]:
    """Hold the lock file beside the outbox for as long as the object lives; the system frees it when the process dies."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise OutboxError(
            f"outbox {path} cannot be written ({error.strerror}): give its folder write permission or name another"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise OutboxError(f"outbox {path} is in use by another agent: stop that one or name another folder") from error
    return file


def _open_or_move_aside(path: Path, now: datetime) -> sqlite3.Connection:
    try:
        return _open(path)
    except sqlite3.OperationalError as error:
        raise OutboxError(
            f"outbox {path} cannot be written ({error}): check disk space and permissions or name another folder"
        ) from error
    except sqlite3.DatabaseError as error:
        aside = path.with_name(f"{path.name}.damaged-{now.astimezone(UTC):%Y%m%dT%H%M%S%f}")
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
        log.error("outbox %s is damaged (%s): moved to %s, starting an empty one", path, error, aside)
        return _open(path)


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=5, check_same_thread=False, isolation_level=None)
    try:
        result = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if result != "ok":
            raise sqlite3.DatabaseError(result)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        fresh = version == 0 and not tables
        if not fresh and (version != _VERSION or "message" not in tables):
            raise OutboxError(f"{path} is an SQLite file of something else: name another folder for the outbox")
        if not fresh and (missing := _TABLES - tables):
            raise sqlite3.DatabaseError(f"table {min(missing)} is missing")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        if fresh:
            db.executescript(f"BEGIN IMMEDIATE;\n{_SCHEMA.read_text()}\nCOMMIT;")
    except BaseException:
        db.close()
        raise
    return db

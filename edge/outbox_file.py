"""The outbox's file: one owner, opened whole or moved aside, brought forward from every released format."""

from __future__ import annotations

import fcntl
import logging
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)

_STEPS = ("outbox.sql", "outbox_2.sql")  # format n is what the first n of them make; a released one never changes
_TABLES = {"meta", "message", "dropped"}


class OutboxError(Exception):
    """The outbox cannot be used; the message is one sentence with the way out."""


class OutboxDamaged(OutboxError):
    """The file was damaged while in use: open it anew, which moves it aside."""


def lock(path: Path) -> IO[bytes]:
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


def open_or_move_aside(path: Path, now: datetime) -> tuple[sqlite3.Connection, bool]:
    """The open file, and whether a damaged one had to be moved aside for it. Raises OutboxError."""
    try:
        return _open(path), False
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
        return _open(path), True


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=5, check_same_thread=False, isolation_level=None)
    try:
        result = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if result != "ok":
            raise sqlite3.DatabaseError(result)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        fresh = version == 0 and not tables
        if not fresh and "message" in tables and version > len(_STEPS):
            raise OutboxError(f"outbox {path} was written by a newer version: upgrade motcua or name another folder")
        if not fresh and (version < 1 or "message" not in tables):
            raise OutboxError(f"{path} is an SQLite file of something else: name another folder for the outbox")
        if not fresh and (missing := _TABLES - tables):
            raise sqlite3.DatabaseError(f"table {min(missing)} is missing")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        for step in _STEPS[version:]:
            db.executescript(f"BEGIN IMMEDIATE;\n{Path(__file__).with_name(step).read_text()}\nCOMMIT;")
    except BaseException:
        db.close()
        raise
    return db

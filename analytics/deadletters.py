"""Dead letters: find them, repair what they say, send them through the ingestor's own writing once more.

A letter keeps its original for ever; a repair stands beside it with who made it and when. A replay stores like any delivery, so
twice stores once; what is refused again stays, with the new reason.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg

from motcua.analytics import store
from motcua.analytics.batch import Delivery
from motcua.analytics.writer import write
from motcua.edge.messages import Rejected, parse

State = Literal["open", "repaired", "replayed"]


class DeadLetterError(RuntimeError):
    """A letter cannot be found or repaired; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter; ``topic`` and ``payload`` are the original, ``repaired*`` what replaces them."""

    id: int
    topic: str
    payload: bytes
    reason: str
    first_at: datetime
    last_at: datetime
    times: int
    repaired: bytes | None
    repaired_topic: str | None
    repaired_at: datetime | None
    repaired_by: str | None
    replayed_at: datetime | None
    replayed_by: str | None

    @property
    def state(self) -> State:
        if self.replayed_at is not None:
            return "replayed"
        return "open" if self.repaired_at is None else "repaired"

    @property
    def now(self) -> tuple[str, bytes]:
        """Topic and payload as a replay would send them."""
        return self.repaired_topic or self.topic, self.payload if self.repaired is None else self.repaired


def find(
    conn: psycopg.Connection,
    *,
    id_: int | None = None,
    kind: str | None = None,
    reason: str | None = None,
    source: str | None = None,
    state: State | None = None,
    limit: int | None = None,
) -> list[Letter]:
    """Letters that fit every filter given, the newest first. source: an office, a source, or ``office/source``."""
    found = store.rows(conn, "find_dead_letters", id=id_, kind=kind, reason=reason, source=source, state=state, limit=limit)
    return [Letter(r.pop("dead_letter_id"), **r) for r in found]


def get(conn: psycopg.Connection, id_: int) -> Letter:
    """One letter. Raises DeadLetterError where there is none."""
    found = find(conn, id_=id_)
    if not found:
        raise DeadLetterError(f"there is no dead letter {id_}: see 'motcua deadletters list'")
    return found[0]


def edited(payload: bytes, changes: Sequence[str]) -> bytes:
    """A JSON object with ``field=value`` set; dots go deeper, a value is JSON or else text, ``field=`` takes it out.

    Raises DeadLetterError.
    """
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError):
        raise DeadLetterError("the payload is not JSON: repair it from a file (--file)") from None
    if not isinstance(data, dict):
        raise DeadLetterError("the payload is not one JSON object: repair it from a file (--file)")
    for change in changes:
        name, equals, value = change.partition("=")
        *way, last = name.split(".")
        if not equals or not last:
            raise DeadLetterError(f"{change!r} is not field=value")
        inner: Any = data
        for step in way:
            inner = inner.setdefault(step, {}) if isinstance(inner, dict) else None
        if not isinstance(inner, dict):
            raise DeadLetterError(f"{name} lies in no object: repair it from a file (--file)")
        if value == "":
            inner.pop(last, None)
        else:
            inner[last] = _value(value)
    return json.dumps(data, ensure_ascii=False).encode()


def repair(conn: psycopg.Connection, letter: Letter, by: str, payload: bytes, topic: str | None = None) -> None:
    """Put a repair beside a letter. Raises DeadLetterError where the contract does not accept it, or it is replayed already."""
    if letter.replayed_at is not None:
        raise DeadLetterError(
            f"dead letter {letter.id} was replayed by {letter.replayed_by} already: nothing is left to repair"
        )
    bad = [item for item in parse(topic or letter.now[0], payload) if isinstance(item, Rejected)]
    if bad:
        raise DeadLetterError(f"dead letter {letter.id}: the repair is not accepted either: {bad[0].reason}")
    conn.execute(
        "update dead_letter set repaired = %s, repaired_topic = coalesce(%s, repaired_topic), repaired_at = now(), "
        "repaired_by = %s where dead_letter_id = %s",
        [payload, topic, by, letter.id],
    )


def replay(conn: psycopg.Connection, letter: Letter, by: str) -> str | None:
    """Write a letter as the ingestor would; None once it is stored, else the reason for which it stays."""
    topic, payload = letter.now
    reason: str | None = None
    bad = [item for item in parse(topic, payload) if isinstance(item, Rejected)]
    if bad:
        reason = bad[0].reason
    else:
        with conn.transaction():
            written = write(conn, [Delivery(topic, payload, letter.last_at)])
            if written.dead:
                row = conn.execute(
                    "select reason from dead_letter order by last_at desc, dead_letter_id desc limit 1"
                ).fetchone()
                reason = str(row[0]) if row else "the database refused it"
                raise psycopg.Rollback
            conn.execute(
                "update dead_letter set replayed_at = now(), replayed_by = %s where dead_letter_id = %s", [by, letter.id]
            )
    if reason is not None:
        conn.execute("update dead_letter set reason = %s where dead_letter_id = %s", [reason.replace("\0", ""), letter.id])
    return reason


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

"""The audit log's chain: verify it, export it. Each row's hash is over its text and the hash before; the database makes it and refuses changes.

Whoever owns the database can still rebuild the whole chain. Only a head that was written down elsewhere shows that: export it regularly.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from motcua.analytics import store
from motcua.analytics.store import Connection

START = hashlib.sha256(b"motcua").digest()


@dataclass(frozen=True, slots=True)
class Chain:
    """``broken_at``: number of the first row that does not fit; None: all fit. ``head``: hash of the newest row, in hex."""

    rows: int
    head: str
    broken_at: int | None
    why: str | None = None


def verify(conn: Connection, known_head: tuple[int, str] | None = None) -> Chain:
    """Check every row, the recorded head, and a head (number, hash) that was written down before."""
    rows = store.rows(conn, "audit_chain")
    recorded = conn.execute("select chain_no, encode(hash, 'hex') from audit_head").fetchone()
    last = (rows[-1]["chain_no"], rows[-1]["hash"]) if rows else (0, START.hex())
    bad = next((r["chain_no"] for r in rows if not r["whole"]), None)
    if bad is not None:
        return Chain(len(rows), last[1], bad, "a row was changed, removed or put in")
    if recorded != last:
        return Chain(len(rows), last[1], last[0] + 1, "the newest rows are missing")
    if known_head is not None and known_head not in {(r["chain_no"], r["hash"]) for r in rows}:
        return Chain(len(rows), last[1], known_head[0], "the log was rebuilt: the head that was written down is not in it")
    return Chain(len(rows), last[1], None)


def export(conn: Connection) -> Iterator[str]:
    """The log as lines of JSON, ``text`` and ``hash``: whoever holds them can check the chain with SHA-256 alone."""
    for row in store.rows(conn, "audit_chain"):
        yield json.dumps({"text": row["line"], "hash": row["hash"]}, ensure_ascii=False) + "\n"


def check_export(lines: Iterable[str]) -> int | None:
    """The number of the first exported line that does not fit the chain, from 1; None: all fit."""
    before = START
    for number, line in enumerate(lines, start=1):
        row = json.loads(line)
        before = hashlib.sha256(before + row["text"].encode()).digest()
        if before.hex() != row["hash"]:
            return number
    return None

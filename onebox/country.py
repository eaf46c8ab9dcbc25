"""Many counters in real time through the real path: simulator, broker, ingestor, database, each a process of its own.

The simulator writes the id of every message into a ledger before it sends it; in the end the ledger and the database are compared.
"""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import psycopg

from motcua.analytics import db
from motcua.onebox import broker as brokers
from motcua.onebox import postgres
from motcua.onebox.children import Child, Children, wait_for

TABLES = {"visit": "visit", "queue": "queue_sample", "health": "health"}
OFFICE_COUNTERS = 4
Report = dict[str, Any]


class CountryError(RuntimeError):
    """The run cannot be made; the message is one sentence with the way out."""


def country(counters: int, for_s: float, seed: int, progress: Callable[[Report], None] = lambda told: None) -> Report:
    """Drive so many counters, four to an office, for so long; returns what arrived, what it cost and what it weighs.

    CPU is in milliseconds per message, from before the first message until everything is confirmed. Raises CountryError,
    PostgresError, BrokerError, ChildError.
    """
    offices = max(1, round(counters / OFFICE_COUNTERS))
    with tempfile.TemporaryDirectory(prefix="motcua-country-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o711)
        server = postgres.start(folder / "postgres")
        stack.callback(server.stop)
        dsn = server.create("country")
        with db.connect(dsn) as conn:
            db.migrate(conn)
        words = {user: secrets.token_urlsafe(12) for user in ("ingest", "simulator")}
        users = [brokers.ingest_user(words["ingest"]), brokers.source_user("simulator", words["simulator"], "+", "+")]
        hub = brokers.start(folder / "broker", users)
        stack.callback(hub.stop)
        children = Children(folder / "logs")
        stack.callback(children.stop)
        ingest = children.start(
            "ingest",
            ["ingest"],
            {
                "MOTCUA_INGEST_DSN": dsn,
                "MOTCUA_INGEST_BROKER_PORT": str(hub.port),
                "MOTCUA_INGEST_BROKER_PASSWORD": words["ingest"],
            },
        )
        wait_for(lambda: "connected to the broker" in ingest.last_lines(9), children, 60, "the ingestor")
        ledger = folder / "ledger.jsonl"
        size = ["--offices", str(offices), "--counters", str(OFFICE_COUNTERS), "--for", str(for_s), "--seed", str(seed)]
        way = ["--broker-port", str(hub.port), "--ledger", str(ledger)]
        parts = {"broker": hub.process.pid, "ingestor": _pid(ingest), "database": server.process.pid}
        before = {part: _cpu_s(pid) for part, pid in parts.items()}
        began = time.monotonic()
        publisher = children.start(
            "simulate", ["simulate", "live", *size, *way], {"MOTCUA_SIMULATE_PASSWORD": words["simulator"]}
        )
        publisher_s = _until_done(publisher, ledger, dsn, for_s, progress)
        wall_s = time.monotonic() - began
        cpu_s = {part: _cpu_s(pid) - before[part] for part, pid in parts.items()} | {"publisher": publisher_s}
        sent = [json.loads(line)["id"] for line in ledger.open(encoding="utf-8")]
        report = _compared(dsn, sent)
        return {
            "counters": offices * OFFICE_COUNTERS,
            "offices": offices,
            "for_s": for_s,
            "wall_s": round(wall_s, 1),
            **report,
            "messages_per_s": round(len(sent) / for_s, 1),
            "simulator": publisher.last_lines(1),
            "cpu_ms_per_message": {part: round(1000 * s / max(1, len(sent)), 4) for part, s in cpu_s.items()},
            "broker": hub.kind,
            "postgresql": server.major,
            "load_at_end": psutil.getloadavg()[0],
        }


def _until_done(publisher: Child, ledger: Path, dsn: str, for_s: float, progress: Callable[[Report], None]) -> float:
    """Wait for the simulator's end; returns its CPU seconds, up to the last second."""
    assert publisher.process is not None
    process, cpu_s, told = psutil.Process(publisher.process.pid), 0.0, time.monotonic()
    deadline = told + for_s + 300
    while publisher.process.poll() is None:
        if time.monotonic() > deadline:
            raise CountryError(
                f"the simulator does not end ({publisher.last_lines(1)}): this machine is too slow for so many counters"
            )
        try:
            cpu_s = sum(process.cpu_times()[:2])
        except psutil.Error:
            break
        if time.monotonic() - told >= 10:
            told = time.monotonic()
            with psycopg.connect(dsn) as conn:
                stored = _one(conn, " + ".join(f"(select count(*) from {table})" for table in TABLES.values()))
            with ledger.open("rb") as file:
                progress({"sent": sum(1 for _ in file), "stored": stored})
        time.sleep(0.5)
    publisher.process.wait()
    return cpu_s


def _compared(dsn: str, sent: list[str]) -> Report:
    """The ledger beside the tables, by id."""
    with psycopg.connect(dsn) as conn:
        union = " union all ".join(f"select id::text from {table}" for table in TABLES.values())
        stored = [row[0] for row in conn.execute(union.encode())]
        rows = {kind: _one(conn, f"(select count(*) from {table})") for kind, table in TABLES.items()}
        weight = {kind: _one(conn, f"pg_total_relation_size('{table}')") for kind, table in TABLES.items()}
        dead = _one(conn, "(select count(*) from dead_letter)")
    return {
        "messages": len(sent),
        "lost": len(set(sent) - set(stored)),
        "duplicated": len(stored) - len(set(stored)),
        "unknown": len(set(stored) - set(sent)),
        "dead_letters": dead,
        "rows": rows,
        "bytes_per_row": {kind: round(weight[kind] / n) for kind, n in rows.items() if n},
    }


def _one(conn: psycopg.Connection, what: str) -> int:
    row = conn.execute(f"select {what}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def _pid(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def _cpu_s(pid: int) -> float:
    """CPU seconds of a process, of its children and of those that it has outlived."""
    process = psutil.Process(pid)
    total = sum(process.cpu_times()[:4])
    for child in process.children(recursive=True):
        try:
            total += sum(child.cpu_times()[:4])
        except psutil.Error:
            continue
    return float(total)

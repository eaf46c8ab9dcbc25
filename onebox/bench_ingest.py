"""``motcua bench ingest``: what one ingestor commits and confirms, beside a bare COPY of the same rows."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from pydantic import SecretStr

from motcua.analytics import db
from motcua.analytics.batch import Batch, Delivery
from motcua.analytics.ingest import FULL_EVENTS
from motcua.analytics.rows import COLUMNS
from motcua.edge.outbox import Outbox
from motcua.edge.publish import Publisher
from motcua.edge.settings import BrokerSettings
from motcua.onebox import bench_publisher, broker, postgres
from motcua.onebox.child import stop

_PASSWORD = "bench"
SOURCES = bench_publisher.SOURCES
_TABLES = ("queue_sample", "visit")
Report = dict[str, Any]


class BenchError(RuntimeError):
    """The measurement cannot be made; the message says why."""


def bench_ingest(events: int, rounds: int, batch: int, progress: Callable[[str], None] = lambda line: None) -> Report:
    """Rows and events per second, medians over the rounds; a ratio is taken within its round. PostgreSQL and broker are fresh,
    with fsync and synchronous_commit on; an event counts when its confirmation has come back to the publisher.

    copy: the same rows, prepared as text, in portions of a full window, each committed, into tables without index or trigger.
    Raises BenchError, PostgresError, BrokerError.
    """
    found: list[Report] = []
    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o711)
        server = postgres.start(folder)
        stack.callback(server.stop)
        dsn = server.create("bench")
        with db.connect(dsn) as conn:
            db.migrate(conn)
        users = [broker.ingest_user(_PASSWORD), broker.source_user("edge", _PASSWORD, "+", "+")]
        hub = broker.start(folder / "broker", users)
        stack.callback(hub.stop)
        epochs = iter(range(1, 10_000))
        for k in range(rounds):
            copy = _copy(dsn, events, next(epochs))
            progress(f"round {k + 1}: bare COPY {copy:,.0f} rows/s")
            result: Report = {"copy": copy}
            for kind, size, ingestors in (("single", 1, 1), ("batched", batch, 1), ("two_ingestors", batch, 2)):
                with _ingestors(dsn, hub, ingestors) as cpu:
                    _publish(hub, SOURCES, batch, next(epochs))
                    n = events // 2 if size == 1 else events
                    before = cpu()
                    wall_s, publisher_s = _publish(hub, n, size, next(epochs))
                    result[kind] = n / wall_s
                    result[f"{kind}_us"] = ((cpu() - before) / n * 1e6, publisher_s / n * 1e6)
                progress(f"round {k + 1}: {kind} {n / wall_s:,.0f} events/s, {n / wall_s / copy:.3f} of COPY")
            found.append(result)
        with _ingestors(dsn, hub, 1):
            edge_us = _edge_cpu_us(hub, folder, min(events, 5000))
    report: Report = {"copy_rows_per_s": median(r["copy"] for r in found)}
    for kind in ("single", "batched", "two_ingestors"):
        report[kind] = {
            "events_per_s": median(r[kind] for r in found),
            "ratio": median(r[kind] / r["copy"] for r in found),
            "ratios": [r[kind] / r["copy"] for r in found],
            "ingestor_cpu_us": median(r[f"{kind}_us"][0] for r in found),
            "publisher_cpu_us": median(r[f"{kind}_us"][1] for r in found),
        }
    return report | {
        "edge_publish_cpu_us": edge_us,
        "batch": batch,
        "events": events,
        "rounds": rounds,
        "broker": hub.kind,
        "postgresql": server.major,
        "cores": len(os.sched_getaffinity(0)),
    }


def _copy(dsn: str, n: int, epoch: int) -> float:
    """Rows per second of a bare COPY."""
    batch, now = Batch(), datetime.now(UTC)
    for topic, payload, _ in bench_publisher.payloads(bench_publisher.events(n, epoch), 100):
        batch.take(Delivery(topic, payload, now))
    portions = [
        (table, "".join(lines[i : i + FULL_EVENTS]).encode())
        for table, lines in batch.lines.items()
        for i in range(0, len(lines), FULL_EVENTS)
    ]
    with psycopg.connect(dsn, autocommit=True) as conn:
        for table in _TABLES:
            columns = ", ".join(COLUMNS[table])
            conn.execute(f"drop table if exists bare_{table}".encode())
            conn.execute(f"create table bare_{table} as select {columns} from {table} with no data".encode())
        conn.execute("checkpoint")
        began = time.perf_counter()
        for table, body in portions:
            with conn.cursor() as cursor, cursor.copy(f"copy bare_{table} from stdin (null 'None')".encode()) as copy:
                copy.write(body)
        return batch.messages / (time.perf_counter() - began)


@contextmanager
def _ingestors(dsn: str, hub: broker.Broker, n: int) -> Iterator[Callable[[], float]]:
    """n real ingestors; gives their CPU seconds so far."""
    import psutil

    env = os.environ | {
        "MOTCUA_INGEST_DSN": dsn,
        "MOTCUA_INGEST_BROKER_HOST": hub.host,
        "MOTCUA_INGEST_BROKER_PORT": str(hub.port),
        "MOTCUA_INGEST_BROKER_PASSWORD": _PASSWORD,
    }
    command = [sys.executable, "-m", "motcua.onebox.cli", "ingest"]
    processes = [subprocess.Popen(command, env=env, stderr=subprocess.PIPE) for _ in range(n)]
    try:
        for process in processes:
            _until_ready(process)

        def cpu() -> float:
            return sum(sum(psutil.Process(p.pid).cpu_times()[:2]) for p in processes)

        yield cpu
    finally:
        for process in processes:
            stop(process)


def _until_ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stderr is not None
    missing, said = {"ready", "connected to the broker"}, ""
    while missing:
        line = process.stderr.readline().decode()
        if not line:
            raise BenchError(f"the ingestor did not start: {said.strip()}")
        said += line
        missing = {word for word in missing if word not in line}
    threading.Thread(target=process.stderr.read, daemon=True).start()
    time.sleep(0.5)  # its subscription


def _publish(hub: broker.Broker, n: int, batch: int, epoch: int) -> tuple[float, float]:
    """Wall and CPU seconds of the publisher until the last confirmation."""
    arguments = [str(hub.port), _PASSWORD, str(n), str(batch), str(epoch)]
    command = [sys.executable, "-m", "motcua.onebox.bench_publisher", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        try:
            said, _ = process.communicate("go\n")
            wall_s, cpu_s = map(float, said.split())
        except ValueError:
            raise BenchError("the publisher failed: see above") from None
    return wall_s, cpu_s


def _edge_cpu_us(hub: broker.Broker, folder: Path, n: int) -> Report:
    """CPU microseconds per message of the edge's own path: into the outbox, ten to a transaction, and from there until it is
    confirmed; of the second, this process alone."""
    messages = bench_publisher.events(n, 1, sources=1)[0]
    with ExitStack() as stack:
        outbox = Outbox(folder / "outbox.db", now=datetime.now(UTC))
        stack.callback(outbox.close)
        began = time.process_time()
        for i in range(0, n, 10):
            outbox.put(messages[i : i + 10])
        put_s = time.process_time() - began
        address = BrokerSettings(host=hub.host, port=hub.port, username="edge", password=SecretStr(_PASSWORD))
        publisher = Publisher(outbox, address, "bench-000", "cam-1")
        began, wall = time.process_time(), time.monotonic()
        publisher.start()
        while outbox.size().rows:
            if time.monotonic() - wall > 120:
                raise BenchError(f"{outbox.size().rows} messages of the edge were not confirmed within two minutes")
            time.sleep(0.05)
        sent_s = time.process_time() - began
        publisher.stop()
    return {"outbox": put_s / n * 1e6, "publish": sent_s / n * 1e6}

"""``motcua bench live``: how long a sample takes from the edge's outbox to a page's event stream, through every real part."""

from __future__ import annotations

import json
import random
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from motcua.analytics import db, store
from motcua.analytics.api import accounts
from motcua.analytics.api.context import COOKIE
from motcua.analytics.settings import DbSettings
from motcua.edge.messages import Queue, uuid7
from motcua.edge.outbox import Outbox
from motcua.edge.publish import Publisher
from motcua.edge.settings import BrokerSettings
from motcua.onebox import broker as brokers
from motcua.onebox import postgres
from motcua.onebox.child import free_port
from motcua.onebox.children import Children

Report = dict[str, Any]
_LATEST_S = 30.0


class LiveError(RuntimeError):
    """The parts did not come up, or an event never came; the message is one sentence."""


@dataclass(slots=True)
class Watch:
    """What was put into an outbox and has not been seen yet; and how long the rest took, in seconds."""

    put_at: dict[str, float] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def put(self, office: str) -> None:
        """A message of this office goes into its outbox now."""
        with self.changed:
            self.put_at[office] = time.monotonic()

    def arrived(self, office: str) -> None:
        """The stream names an office."""
        with self.changed:
            began = self.put_at.pop(office, None)
            if began is not None:
                self.took_s.append(time.monotonic() - began)
            self.changed.notify_all()

    def gone(self, office: str, within_s: float) -> bool:
        """Whether nothing of this office is on its way any more, at the latest after so long."""
        with self.changed:
            return self.changed.wait_for(lambda: office not in self.put_at, within_s)

    def wait(self, office: str) -> None:
        """Until nothing of this office is on its way. Raises LiveError."""
        if not self.gone(office, _LATEST_S):
            raise LiveError(f"an event of {office} was not seen within {_LATEST_S:.0f} s")


def bench_live(events: int = 200, offices: int = 10, every_s: float = 0.2, seed: int = 1) -> Report:
    """Send ``events`` queue samples of ``offices`` sources, one after ``every_s`` in the mean, each office's next one only after its
    last was seen. Publisher, broker, ingestor, database and API are the product's own, on this machine; the reader is a client of
    the event stream that staff pages read. ``p50_ms``, ``p95_ms``: from the call that stores a sample in the outbox to its event.

    Raises LiveError, PostgresError, BrokerError, ChildError.
    """
    names = [f"live-{i}" for i in range(offices)]
    draw, watch = random.Random(seed), Watch()
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="motcua-live-"))
        folder = Path(name)
        folder.chmod(0o711)
        broker, url, token = _servers(folder, names, stack)
        outboxes = {office: _source(folder, office, broker, stack) for office in names}
        reader = threading.Thread(target=_read, args=(url, token, watch), daemon=True)
        reader.start()
        for office in names:  # until every part is warm and the stream is open
            for _ in range(10):
                _send(outboxes[office], office, watch)
                if watch.gone(office, 3):
                    break
            watch.wait(office)
        time.sleep(1.5)  # what was sent twice
        watch.took_s.clear()
        for i in range(events):
            office = names[i % offices]
            watch.wait(office)
            _send(outboxes[office], office, watch)
            time.sleep(draw.expovariate(1 / every_s))
        for office in names:
            watch.wait(office)
    took = sorted(watch.took_s)
    return {
        "p50_ms": round(took[len(took) // 2] * 1000, 1),
        "p95_ms": round(took[min(int(0.95 * len(took)), len(took) - 1)] * 1000, 1),
        "max_ms": round(took[-1] * 1000, 1),
        "events": len(took),
        "offices": offices,
    }


def _servers(folder: Path, names: list[str], stack: ExitStack) -> tuple[BrokerSettings, str, str]:
    """Database, broker, ingestor, API; gives how to publish, the API's address and a session."""
    server = postgres.start(folder / "postgres")
    stack.callback(server.stop)
    dsn, password = server.create("live"), secrets.token_urlsafe(12)
    users = [brokers.ingest_user(password), brokers.source_user("edge", password, "+", "+")]
    broker = brokers.start(folder / "broker", users)
    stack.callback(broker.stop)
    with db.connect(dsn) as conn:
        db.migrate(conn, DbSettings(dsn=SecretStr(dsn)))
        store.import_offices(conn, [{"office_id": n, "name": n, "level": "commune"} for n in names])
        accounts.add(conn, "bench", "admin", password)
        login = accounts.log_in(conn, "bench", password, datetime.now(UTC), 1)
    assert login is not None
    port = free_port()
    children = Children(folder)
    stack.callback(children.stop)
    ingest = {"DSN": dsn, "BROKER_PORT": str(broker.port), "BROKER_PASSWORD": password}
    children.start("ingest", ["ingest"], {f"MOTCUA_INGEST_{k}": v for k, v in ingest.items()})
    children.start("api", ["api"], {"MOTCUA_API_DSN": dsn, "MOTCUA_API_PORT": str(port)})
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while not _answers(url):
        children.check_alive()
        if time.monotonic() > deadline:
            raise LiveError("the API did not come up within 60 s")
        time.sleep(0.2)
    return BrokerSettings(port=broker.port, username="edge", password=SecretStr(password)), url, login[0]


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _source(folder: Path, office: str, broker: BrokerSettings, stack: ExitStack) -> Outbox:
    outbox = Outbox(folder / f"{office}.db", now=datetime.now(UTC))
    stack.callback(outbox.close)
    publisher = Publisher(outbox, broker, office, "cam-1")
    publisher.start()
    stack.callback(publisher.stop)
    return outbox


def _send(outbox: Outbox, office: str, watch: Watch) -> None:
    at = datetime.now(UTC)
    sample = Queue(
        id=uuid7(at), epoch=1, seq=1, at=at, office_id=office, source_id="cam-1", provenance="camera", state="closed", waiting=0
    )  # fmt: skip
    watch.put(office)
    outbox.put([sample])


def _read(url: str, token: str, watch: Watch) -> None:
    """What a browser's EventSource does."""
    with (
        suppress(httpx.HTTPError),
        httpx.stream("GET", f"{url}/api/v1/events", cookies={COOKIE: token}, timeout=60) as stream,
    ):
        for event, data in _events(stream.iter_lines()):
            if event == "office":
                watch.arrived(json.loads(data)["office_id"])


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    event = ""
    for line in lines:
        key, _, value = line.partition(": ")
        if key == "event":
            event = value
        elif key == "data":
            yield event, value

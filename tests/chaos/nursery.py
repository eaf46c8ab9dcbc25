"""Bears real processes that are there at once: everything is imported once, and each child is a fork of it.

A line of JSON on standard input, ``{"role", "arguments", "log"}``, starts one; its pid is the answer. They die with us.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from builders import health, queue, visit
from pydantic import SecretStr

from motcua.analytics import feed, ingest
from motcua.analytics.settings import IngestSettings
from motcua.edge.messages import Message, Visit, uuid7
from motcua.edge.outbox import Outbox, OutboxError, OutboxFull
from motcua.edge.publish import Publisher
from motcua.edge.settings import BrokerSettings


class Producer:
    """An agent without a camera. Its ledger, outside of the outbox, says what it meant to store (I), what was stored (S), what
    was refused (R), and which visits were open once that was stored (O, by the instant of arrival)."""

    def __init__(self, a: dict[str, Any]) -> None:
        self.a = a
        self.chance = Random(a["seed"] ^ os.getpid())
        self.ledger = Path(a["ledger"]).open("ab", buffering=0)  # noqa: SIM115  for the life of the process
        self.open: list[Visit] = []
        self.said: list[Message] = []
        self.before = self.now()
        limits = {"max_rows": a["max_rows"], "reserve_bytes": 65_536}
        self.outbox = Outbox(Path(a["folder"]) / "cam.db", now=self.now(), **limits)
        if a["sabotage"] == "no sync":
            self.outbox._db.execute("PRAGMA synchronous = OFF")

    def now(self) -> datetime:
        """This box's clock, which others set."""
        try:
            offset_s = float(Path(self.a["clock"]).read_text() or 0)
        except FileNotFoundError:
            offset_s = 0.0
        return datetime.now(UTC) + timedelta(seconds=offset_s)

    def note(self, kind: str, messages: list[Message]) -> None:
        if messages:
            os.write(self.ledger.fileno(), "".join(f"{kind} {m.id} {m.type}\n" for m in messages).encode())
            os.fsync(self.ledger.fileno())

    def put(self, messages: list[Message]) -> None:
        self.note("I", messages)
        try:
            self.outbox.put(messages, self.open)
            stored = messages
        except OutboxFull as error:
            stored = [m for m in messages if m.id in {s.id for s in error.stored}]
        except OutboxError:
            stored = []
        kept = {m.id for m in stored}
        self.note("S", stored)
        self.note("R", [m for m in messages if m.id not in kept])
        if kept or not messages:
            lines = "".join(f"O {v.arrival_at.isoformat()} visit\n" for v in self.open)
            os.write(self.ledger.fileno(), lines.encode())
        self.said += stored

    def someone(self, outcome: str, arrival_at: datetime) -> Visit:
        at = max(self.now(), arrival_at)
        who = {"arrival_at": arrival_at, "departure_at": at, "outcome": outcome}
        start = {"service_start_at": at} if outcome == "served" else {"service_start_at": None, "counter_id": None}
        return visit(**self.name(at), **who, **start)

    def name(self, at: datetime) -> dict[str, Any]:
        return {"at": at, "id": uuid7(at), "office_id": self.a["office"], "source_id": "cam", "provenance": "simulated"}

    def step(self) -> None:
        before, self.before = self.before, self.now()
        if not -1 < (self.before - before).total_seconds() < 300:
            self.outbox.new_epoch(self.before)  # as the agent does when its clock is set
        messages: list[Message] = []
        if self.open and self.chance.random() < 0.4:
            messages.append(self.someone("served", self.open.pop(0).arrival_at))
        if self.chance.random() < 0.4:
            self.open.append(self.someone("lost", self.now()))
        messages.append(queue(**self.name(self.now())))
        if self.chance.random() < 0.1:
            messages.append(health(**self.name(self.now()), dropped=self.outbox.dropped()))
        self.put(messages)

    def run(self) -> None:
        broker = BrokerSettings(port=self.a["port"], username="edge", password=SecretStr("secret"), keepalive_s=5)
        publisher = Publisher(self.outbox, broker, self.a["office"], "cam", resend_s=0.7, back_off_s=(0.05, 0.3))
        publisher.start()
        while not Path(self.a["finish"]).exists():
            self.step()
            time.sleep(self.a["pause_s"])
        self.step()
        self.put([self.someone("lost", self.open.pop().arrival_at) for _ in list(self.open)])
        if self.a["replay"]:  # the same day once more
            self.put(list(self.said))
            self.outbox.new_epoch(self.now())  # some of it is of a clock that was ahead
        self._drain()
        drained_at = time.time()
        self.put(
            [queue(**self.name(self.now()), waiting=77), health(**self.name(self.now()), dropped=self.outbox.dropped())]
        )
        self._drain()
        publisher.stop(1)
        done = {"dropped": self.outbox.dropped(), "drained_at": drained_at}
        self.outbox.close()
        half = Path(self.a["done"] + ".part")
        half.write_text(json.dumps(done))
        half.rename(self.a["done"])

    def _drain(self) -> None:
        while self.outbox.size().rows:
            time.sleep(0.02)


def producer(arguments: dict[str, Any]) -> None:
    Producer(arguments).run()


def ingestor(a: dict[str, Any]) -> None:
    """The product's ingestor, less patient between its attempts."""
    ingest._FIRST_PAUSE_S, ingest._LONGEST_PAUSE_S = 0.1, 0.4
    feed._FIRST_PAUSE_S, feed._LONGEST_PAUSE_S = 0.1, 0.4
    if a["sabotage"] == "no commit":
        chance, whole = Random(1), psycopg.Connection.transaction

        def forgets(self: Any, *rest: Any, **more: Any) -> Any:
            return whole(self, *rest, **more | {"force_rollback": chance.random() < 0.3})

        psycopg.Connection.transaction = forgets  # type: ignore[method-assign,assignment]
    settings = IngestSettings(
        dsn=SecretStr(a["dsn"]), broker_port=a["port"], broker_password=SecretStr("secret"), flush_s=0.05, housekeeping_s=0.5
    )
    ingest.Ingestor(settings, threading.Event()).run()


ROLES = {"producer": producer, "ingestor": ingestor}


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            prctl(1, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
            log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.dup2(log, 1)
            os.dup2(log, 2)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
            try:
                ROLES[order["role"]](order["arguments"])
                os._exit(0)
            except BaseException:  # noqa: BLE001  whatever it is: the log tells
                import traceback

                traceback.print_exc()
                os._exit(1)
        print(pid, flush=True)


if __name__ == "__main__":
    main()

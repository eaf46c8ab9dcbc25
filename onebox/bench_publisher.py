"""The publisher of ``motcua bench ingest``, a process of its own: packets made beforehand, sent as fast as confirmations come back.

It says ``ready``, waits for a line, sends, and says the seconds from the first byte to the last confirmation.
"""

from __future__ import annotations

import select
import socket
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from motcua.analytics import packets
from motcua.analytics.packets import Other, Publish, Reader
from motcua.edge.messages import ACK_ROOT, Confirmation, Message, ModelInfo, Queue, Visit, dump, topic, uuid7

SOURCES, QUEUES_PER_VISIT = 50, 9
_UNCONFIRMED = 40_000  # events on the way, the most


def events(n: int, epoch: int, sources: int = SOURCES) -> list[list[Message]]:
    """n messages by source: nine queue samples for each visit, one every 5 s."""
    per_source = n // sources
    start = datetime.now(UTC) - timedelta(seconds=5 * per_source)
    return [[_event(f"bench-{s:03d}", k, epoch, start) for k in range(per_source)] for s in range(sources)]


def _event(office_id: str, k: int, epoch: int, start: datetime) -> Message:
    at = start + timedelta(seconds=5 * k)
    model = ModelInfo(name="ssdlite", version="1")
    head = {"id": uuid7(at), "at": at, "epoch": epoch, "seq": k + 1, "office_id": office_id, "source_id": "cam-1"}
    if k % (QUEUES_PER_VISIT + 1) == QUEUES_PER_VISIT:
        return Visit(
            **head,
            provenance="simulated",
            counter_id="q1",
            arrival_at=at - timedelta(seconds=540.25),
            service_start_at=at - timedelta(seconds=240.5),
            departure_at=at,
            outcome="served",
            model=model,
        )
    return Queue(
        **head,
        provenance="simulated",
        state="ok",
        waiting=4,
        in_service=2,
        open_counters=2,
        n=12,
        oldest_wait_s=301.25,
        expected_wait_s=480.5,
        low_s=300.25,
        high_s=720.75,
        measured_s=5.0,
        waiting_person_s=20.0,
        queue_arrivals=1,
        queue_departures=0,
        model=model,
    )


def payloads(by_source: list[list[Message]], batch: int) -> Iterator[tuple[str, bytes, int]]:
    """Topic, payload and number of messages, the sources in turn; a batch is of one kind."""
    waiting: dict[str, list[Message]] = {}
    for turn in zip(*by_source, strict=True):
        for m in turn:
            name = topic(m.office_id, m.source_id, m.type)
            held = waiting.setdefault(name, [])
            held.append(m)
            if len(held) == batch:
                yield name, dump(*held), batch
                held.clear()
    for name, held in waiting.items():
        if held:
            yield name, dump(*held), len(held)


def main(port: int, password: str, n: int, batch: int, epoch: int) -> None:
    """Send n messages, ``batch`` to a payload."""
    mids = count(1)
    ready = [
        (packets.publish(name, body, next(mids) % 65535 + 1), events)
        for name, body, events in payloads(events(n, epoch), batch)
    ]
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(packets.connect("", "edge", password, 600, 65535) + packets.subscribe(1, [f"{ACK_ROOT}/+/+"]))
        reader, subscribed = Reader(1 << 24), False
        while not subscribed:
            subscribed = any(type(p) is Other and p.kind == packets.SUBACK for p in reader.feed(sock.recv(4096)))
        print("ready", flush=True)
        sys.stdin.readline()
        began, cpu = time.perf_counter(), time.process_time()
        _send(sock, reader, ready, epoch)
        print(time.perf_counter() - began, time.process_time() - cpu, flush=True)


def _send(sock: socket.socket, reader: Reader, ready: list[tuple[bytes, int]], epoch: int) -> None:
    sock.setblocking(False)
    total, sent, confirmed, at = sum(k for _, k in ready), 0, 0, 0
    out, seen = bytearray(), set[tuple[bytes, int, int]]()
    while confirmed < total:
        while at < len(ready) and sent - confirmed < _UNCONFIRMED and len(out) < 65536:
            out += ready[at][0]
            sent += ready[at][1]
            at += 1
        readable, writable, _ = select.select([sock], [sock] if out else [], [], 60)
        if not readable and not writable:
            raise TimeoutError(f"{confirmed} of {total} were confirmed, then nothing for a minute")
        if writable:
            del out[: sock.send(out)]
        if readable:
            for p in reader.feed(sock.recv(262_144)):
                if type(p) is Publish:
                    out += packets.pubacks([p.mid]) if p.mid else b""
                    word = Confirmation.model_validate_json(p.payload)
                    for low, high in word.ranges if word.epoch == epoch else ():
                        if (p.topic, low, high) not in seen:
                            seen.add((p.topic, low, high))
                            confirmed += high - low + 1


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6]))

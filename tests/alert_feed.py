"""What the tests of alerts need: offices, a feed of queues at a chosen time, and real receivers of messages."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
from builders import NOON, queue

from motcua.analytics import alert_notices, alert_store, db, store
from motcua.analytics.alert_look import Asked, look
from motcua.analytics.alert_rules import WaitOver
from motcua.analytics.alerting import Event
from motcua.analytics.channels import Channel
from motcua.analytics.writer import Delivery, write
from motcua.edge.messages import Message, dump, topic

OFFICES = [
    {"office_id": "vl-86", "name": "Trung tâm tỉnh", "level": "province"},
    {"office_id": "vl-1", "name": "Xã Hoà Hiệp", "level": "commune", "parent_id": "vl-86"},
    {"office_id": "vl-2", "name": "Phường Long Châu", "level": "commune", "parent_id": "vl-86"},
]

HOOK = Channel.model_validate({"name": "hook", "address": "json://user:geheim@example.org/x"})
FIRST = date(2026, 1, 1)
TABLES = {
    "alert": "alert_id, office_id, kind, subject, raised_at, first_raised_at, times, cleared_at, cleared_because, unknown_since, facts, told",
    "alert_event": "alert_id, step, at, event, username, words, detail",
    "alert_watch": "office_id, kind, subject, raised, evidence_s, verdict, alert_id, cleared_at",
    "alert_notice": "notice_id, office_id, at, alerts",
    "alert_delivery": "notice_id, channel, state, attempts, error",
    "alert_channel": "channel, service, failures, error, next_at",
}


def fill(dsn: str) -> None:
    """A migrated database with three offices."""
    with db.connect(dsn) as conn:
        db.migrate(conn)
        store.import_offices(conn, OFFICES)


def send(conn: psycopg.Connection, *messages: Message) -> None:
    """What the ingestor would store."""
    write(conn, [Delivery(topic(m.office_id, m.source_id, m.type), dump(m), datetime.now(UTC)) for m in messages])


def waiting(office_id: str, minutes: float | None, at: datetime, **fields: Any) -> Message:
    """A queue with this expected wait; None: too few to tell."""
    if minutes is None:
        return queue(office_id=office_id, at=at, state="too_few", **fields)
    s = 60.0 * minutes
    return queue(office_id=office_id, at=at, expected_wait_s=s, low_s=0.7 * s, high_s=1.5 * s, **fields)


def play(
    conn: psycopg.Connection,
    feed: list[tuple[str, float | None]],
    channels: list[Channel],
    *,
    step_s: float = 10.0,
    begin: datetime = NOON,
) -> list[Event]:
    """One look for each (office, minutes) of a feed."""
    events, said = [], Asked()
    for i, (office_id, minutes) in enumerate(feed):
        at = begin + timedelta(seconds=i * step_s)
        send(conn, waiting(office_id, minutes, at))
        events += look(conn, at, 30.0, channels, said)
    return events


def alert_rows(conn: psycopg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that a feed leaves, with the ids, which follow from it."""
    return {
        t: conn.execute(f"select {columns} from {t} order by 1, 2, 3".encode()).fetchall() for t, columns in TABLES.items()
    }


def alert_day(conn: psycopg.Connection) -> list[Event]:
    """Two offices over and under the target, an unknown stretch, a return; a message sent and one failed; somebody acts."""
    alert_store.add_setting(conn, "vl-86", FIRST, WaitOver(raise_for_s=60, clear_for_s=60), "chief")
    alert_notices.know(conn, [HOOK])
    feed = [("vl-1", 20.0)] * 10 + [("vl-1", None)] * 5 + [("vl-1", 4.0)] * 9 + [("vl-1", 30.0)] * 8 + [("vl-2", 17.0)] * 8
    events = play(conn, feed, [HOOK])
    now = NOON + timedelta(seconds=10 * len(feed))
    (first, *_) = events
    assert alert_store.acknowledge(conn, first.alert_id, "chief", now)
    assert not alert_store.acknowledge(conn, first.alert_id, "local", now)
    assert alert_store.assign(conn, first.alert_id, "chief", "local", now)
    alert_store.comment(conn, first.alert_id, "local", "Đã mở quầy 3.", now)
    held = alert_notices.waiting(conn, now, timedelta(hours=1))["hook"]
    alert_notices.sent(conn, "hook", held[:1], now, 60)
    assert alert_notices.failed(conn, "hook", held[1:], "status:500", now) == 15
    return events


@dataclass
class Receiver:
    """A web server of a channel: what it got, and what it answers."""

    port: int = 0
    got: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    location: str | None = None
    hold: threading.Event | None = None


@contextmanager
def web_receiver() -> Iterator[Receiver]:
    """A real HTTP server on 127.0.0.1."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if receiver.hold is not None:
                receiver.hold.wait(30)
            if receiver.status == 200:
                receiver.got.append(json.loads(body))
            self.send_response(receiver.status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Mailbox:
    """A mail server: whole messages, and how each sender logged in."""

    port: int = 0
    mails: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)


@contextmanager
def mail_receiver() -> Iterator[Mailbox]:
    """A real SMTP server on 127.0.0.1: as much of RFC 5321 and AUTH as a sender needs."""
    box = Mailbox()

    class Session(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 mail.test ESMTP")
            while line := self.rfile.readline():
                word = line.decode().strip()
                match word.split(" ")[0].upper():
                    case "EHLO":
                        self.say("250-mail.test")
                        self.say("250-SMTPUTF8")
                        self.say("250 AUTH PLAIN")
                    case "AUTH":
                        box.logins.append(word)
                        self.say("235 ok")
                    case "DATA":
                        self.say("354 go on")
                        lines = []
                        while (text := self.rfile.readline()) not in (b".\r\n", b""):
                            lines.append(text)
                        box.mails.append(b"".join(lines).decode())
                        self.say("250 taken")
                    case "QUIT":
                        self.say("221 bye")
                        return
                    case _:
                        self.say("250 ok")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Session) as server:
        box.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield box
        finally:
            server.shutdown()


def channels_file(folder: Path, *entries: dict[str, Any]) -> Path:
    """A file of channels, as an administrator would write it."""
    lines = []
    for entry in entries:
        lines.append("[[channel]]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
    path = folder / "channels.toml"
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path

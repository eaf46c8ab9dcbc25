"""The ingestor's connection to the broker, in a thread of its own: deliveries in, acknowledgements and confirmations out.

It reads what is there at once, however many packets, and sends all acknowledgements of a batch in one write. Where there is no
room, nothing is read: TCP then holds the broker back, also one that ignores Receive Maximum.
"""

from __future__ import annotations

import logging
import secrets
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from motcua.analytics import packets
from motcua.analytics.packets import Other, PacketError, Publish

MAX_PACKET_BYTES = 16 * 1024 * 1024
_READ_BYTES = 256 * 1024
_KEEPALIVE_S, _CONNECT_S = 30, 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 10.0
_ON_THE_WAY = 1000  # confirmations without a PUBACK

log = logging.getLogger("motcua.ingest")


@dataclass(frozen=True, slots=True)
class Address:
    """The broker, who we are, and how many messages it may send without an acknowledgement."""

    host: str
    port: int
    username: str
    password: str
    client_id: str
    window: int
    tls: bool = False
    ca_file: str | None = None


class Lost(Exception):
    """The connection is gone; the message says why."""


class Feed:
    """Call :meth:`run` in a thread. ``connection`` counts connections: an acknowledgement is good for one of them only."""

    def __init__(
        self,
        address: Address,
        filters: Sequence[str],
        on_messages: Callable[[list[Publish], int], None],
        has_room: Callable[[], bool],
    ) -> None:
        self.connection = 0
        self._ready = False
        self._address, self._filters = address, filters
        self._on_messages, self._has_room = on_messages, has_room
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._lock = threading.Lock()
        self._acks: list[tuple[int, list[int]]] = []
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._sent: dict[int, tuple[str, bytes]] = {}
        self._told = True

    @property
    def connected(self) -> bool:
        """Whether the broker answers, and knows what we want."""
        return self._ready

    def send(self, connection: int, mids: list[int], messages: Iterable[tuple[str, bytes]]) -> None:
        """Acknowledge and publish, from any thread. What cannot be sent now goes out after the next connection, but for the
        acknowledgements: without them the broker delivers again."""
        with self._lock:
            self._acks.append((connection, mids))
            self._waiting.extend(messages)
        self.wake()

    def wake(self) -> None:
        """There may be room again, or something to send."""
        with suppress(BlockingIOError):
            self._wake_out.send(b"\0")

    def run(self, stop: threading.Event) -> None:
        """Connect, serve, connect again, until stopped. ``wake`` after setting ``stop``."""
        pause = _FIRST_PAUSE_S
        while not stop.is_set():
            before = self.connection
            try:
                with self._open() as sock:
                    self._serve(sock, stop)
            except (OSError, PacketError, Lost) as error:
                if not stop.is_set() and (self._told or self.connection > before):
                    self._told = False
                    log.warning("lost the broker (%s): trying again", error)
            self._ready = False
            pause = _FIRST_PAUSE_S if self.connection > before else min(2 * pause, _LONGEST_PAUSE_S)
            stop.wait(pause)

    def _open(self) -> socket.socket:
        a = self._address
        sock = socket.create_connection((a.host, a.port), timeout=_CONNECT_S)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if a.tls:
                sock = ssl.create_default_context(cafile=a.ca_file).wrap_socket(sock, server_hostname=a.host)
            sock.setblocking(False)
        except BaseException:
            sock.close()
            raise
        return sock

    def _serve(self, sock: socket.socket, stop: threading.Event) -> None:
        a, reader = self._address, packets.Reader(MAX_PACKET_BYTES)
        client_id = a.client_id or f"ingest-{secrets.token_hex(8)}"
        out = bytearray(packets.connect(client_id, a.username, a.password, _KEEPALIVE_S, a.window))
        self._ready, self._most = False, _ON_THE_WAY
        began = heard = said = time.monotonic()
        with self._lock:
            self._waiting.extendleft(reversed(self._sent.values()))
            self._sent.clear()
        while not stop.is_set():
            if self._ready:
                out += self._to_send()
            if out:
                sent = _send(sock, out)
                if sent:
                    del out[:sent]
                    said = time.monotonic()
            room = self._has_room()
            self._wait(sock, read=room, write=bool(out))
            if room:
                data = _receive(sock)
                if data:
                    heard = time.monotonic()
                    self._handle(reader.feed(data), out)
            now = time.monotonic()
            if not self._ready and now - began > _CONNECT_S:
                raise Lost("it does not answer as an MQTT 5 broker: check its address, version and TLS")
            if now - said > _KEEPALIVE_S / 2:
                out += packets.PINGREQ
                said = now
            if not room:
                heard = now
            elif now - heard > 1.5 * _KEEPALIVE_S:
                raise Lost("it is silent")
        out += packets.disconnect()
        _send(sock, out)

    def _wait(self, sock: socket.socket, *, read: bool, write: bool) -> None:
        if read and isinstance(sock, ssl.SSLSocket) and sock.pending():
            return
        events = (selectors.EVENT_READ if read else 0) | (selectors.EVENT_WRITE if write else 0)
        with selectors.PollSelector() as selector:
            selector.register(self._wake_in, selectors.EVENT_READ)
            if events:
                selector.register(sock, events)
            ready = selector.select(0.5)
        if any(key.fileobj is self._wake_in for key, _ in ready):
            self._wake_in.recv(4096)

    def _to_send(self) -> bytes:
        with self._lock:
            acks, self._acks = self._acks, []
            parts = [packets.pubacks(mids) for connection, mids in acks if connection == self.connection]
            while self._waiting and len(self._sent) < self._most:
                self._mid = self._mid % 65535 + 1
                if self._mid not in self._sent:
                    message = self._sent[self._mid] = self._waiting.popleft()
                    parts.append(packets.publish(*message, self._mid))
        return b"".join(parts)

    _mid = 0

    def _handle(self, found: list[Publish | Other], out: bytearray) -> None:
        messages = [p for p in found if type(p) is Publish]
        if len(messages) < len(found):
            for packet in found:
                if isinstance(packet, Other):
                    self._handle_other(packet, out)
        if messages:
            self._on_messages(messages, self.connection)

    def _handle_other(self, packet: Other, out: bytearray) -> None:
        if packet.kind == packets.PUBACK:
            self._sent.pop(packet.body[0] << 8 | packet.body[1], None)
        elif packet.kind == packets.CONNACK:
            reason, maximum = packets.connack(packet.body)
            if reason >= 0x80:
                log.error("the broker refused the ingestor (reason 0x%02x); check user name and password", reason)
                raise Lost(f"it refused the connection, reason 0x{reason:02x}")
            self._most = min(maximum, _ON_THE_WAY)
            out += packets.subscribe(1, self._filters)
            self.connection += 1
            self._ready = self._told = True
            log.info("connected to the broker %s:%s", self._address.host, self._address.port)
        elif packet.kind == packets.SUBACK:
            if any(code >= 0x80 for code in packet.body[-len(self._filters) :]):
                log.error("the broker refuses the ingestor's subscription: allow its user to read motcua/v1/#")
        elif packet.kind == packets.DISCONNECT:
            raise Lost(f"it closed the connection, reason 0x{(packet.body or bytes(1))[0]:02x}")


def _send(sock: socket.socket, data: bytearray) -> int:
    try:
        return sock.send(data)
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return 0


def _receive(sock: socket.socket) -> bytes:
    try:
        data = sock.recv(_READ_BYTES)
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return b""
    if not data:
        raise Lost("it closed the connection")
    return data

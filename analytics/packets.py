"""MQTT 5 packets as far as an ingestor needs them: read many PUBLISH packets at once, write the few others. Pure.

Names and layouts are those of the OASIS standard, MQTT version 5.0, chapters 2 and 3.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP, DISCONNECT = 2, 3, 4, 9, 13, 14
PINGREQ = b"\xc0\x00"
_U16 = Struct(">H")
_PUBACK = Struct(">BBH")


class PacketError(Exception):
    """The stream is not MQTT 5: nothing after this byte can be read."""


class Publish(NamedTuple):
    """One application message; ``mid`` is 0 at QoS 0."""

    topic: bytes
    payload: bytes
    mid: int


class Other(NamedTuple):
    """Any other packet: its type and what follows the fixed header."""

    kind: int
    body: bytes


class Reader:
    """Bytes in any portions → whole packets."""

    def __init__(self, max_bytes: int) -> None:
        """max_bytes: the longest packet that is believed."""
        self._rest = b""
        self._max = max_bytes

    def feed(self, data: bytes) -> list[Publish | Other]:
        """The packets that are complete by now. Raises PacketError."""
        buffer = self._rest + data if self._rest else data
        packets: list[Publish | Other] = []
        start, end = 0, len(buffer)
        try:
            while end - start >= 2:
                body, length = start + 2, buffer[start + 1]
                if length > 127:
                    found = varint(buffer, start + 1, end)
                    if found is None:
                        break
                    length, body = found
                    if length > self._max:
                        raise PacketError(f"a packet of {length} bytes")
                after = body + length
                if after > end:
                    break
                head = buffer[start]
                packets.append(
                    _publish(buffer, head, body, after) if head >> 4 == PUBLISH else Other(head >> 4, buffer[body:after])
                )
                start = after
        except (IndexError, ValueError) as error:
            raise PacketError("a packet ends before its fields do") from error
        self._rest = buffer[start:]
        return packets


def _publish(buffer: bytes, head: int, at: int, after: int) -> Publish:
    name = at + 2
    at = name + (buffer[at] << 8 | buffer[at + 1])
    topic, mid = buffer[name:at], 0
    if head & 6:
        mid = buffer[at] << 8 | buffer[at + 1]
        at += 2
    length = buffer[at]
    if length > 127:
        found = varint(buffer, at, after)
        if found is None:
            raise ValueError
        length, at = found
    else:
        at += 1
    at += length
    if at > after:
        raise ValueError
    return Publish(topic, buffer[at:after], mid)


def varint(buffer: bytes, at: int, end: int) -> tuple[int, int] | None:
    """A variable byte integer and where it ends; None where bytes are missing. Raises PacketError."""
    value = 0
    for shift in (0, 7, 14, 21):
        if at >= end:
            return None
        byte = buffer[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
    raise PacketError("a length of more than four bytes")


def _length(value: int) -> bytes:
    if value < 128:
        return bytes((value,))
    return bytes((value & 127 | 128,)) + _length(value >> 7)


def _text(value: bytes) -> bytes:
    return _U16.pack(len(value)) + value


def connect(client_id: str, username: str, password: str, keepalive_s: int, receive_maximum: int) -> bytes:
    """CONNECT with a clean start, and no session after the connection."""
    properties = b"\x21" + _U16.pack(receive_maximum)
    body = b"\x00\x04MQTT\x05\xc2" + _U16.pack(keepalive_s) + _length(len(properties)) + properties
    body += b"".join(_text(x.encode()) for x in (client_id, username, password))
    return b"\x10" + _length(len(body)) + body


def subscribe(mid: int, filters: Iterable[str]) -> bytes:
    """SUBSCRIBE at QoS 1."""
    body = _U16.pack(mid) + b"\x00" + b"".join(_text(f.encode()) + b"\x01" for f in filters)
    return b"\x82" + _length(len(body)) + body


def publish(topic: str, payload: bytes, mid: int) -> bytes:
    """PUBLISH at QoS 1, not retained."""
    name = topic.encode()
    return b"".join((b"\x32", _length(5 + len(name) + len(payload)), _text(name), _U16.pack(mid), b"\x00", payload))


def pubacks(mids: Iterable[int]) -> bytes:
    """A PUBACK for each."""
    pack = _PUBACK.pack
    return b"".join([pack(0x40, 2, mid) for mid in mids])


def disconnect() -> bytes:
    """DISCONNECT, normal."""
    return b"\xe0\x00"


def connack(body: bytes) -> tuple[int, int]:
    """Reason code and the broker's Receive Maximum of a CONNACK. Raises PacketError."""
    try:
        reason, maximum = body[1], 65535
        found = varint(body, 2, len(body))
        if found is None:
            return reason, maximum
        length, at = found
        end = at + length
        while at < end:
            name = body[at]
            if name == 0x21:
                maximum = body[at + 1] << 8 | body[at + 2]
            at += 1 + _property_size(name, body, at + 1)
    except IndexError as error:
        raise PacketError("CONNACK ends before its fields do") from error
    return reason, maximum


def _property_size(name: int, body: bytes, at: int) -> int:
    """Bytes of a CONNACK property's value (table 2-4 of the standard)."""
    if name in (0x24, 0x25, 0x28, 0x29, 0x2A):
        return 1
    if name in (0x13, 0x21, 0x22):
        return 2
    if name in (0x11, 0x27):
        return 4
    first = 2 + (body[at] << 8 | body[at + 1])
    if name == 0x26:
        return first + 2 + (body[at + first] << 8 | body[at + first + 1])
    if name in (0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F):
        return first
    raise PacketError(f"CONNACK has an unknown property {name}")

"""MQTT 5 packets: any bytes in any portions, and against paho's own encoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.analytics import packets
from motcua.analytics.packets import Other, PacketError, Publish, Reader

TOPIC = st.text("abc/ẩ", min_size=1, max_size=40)
PACKET = st.one_of(
    st.builds(lambda t, p, m: (packets.publish(t, p, m), Publish(t.encode(), p, m)), TOPIC, st.binary(max_size=300), st.integers(1, 65535)),
    st.builds(lambda n: (packets.publish("t", b"x" * n, 7), Publish(b"t", b"x" * n, 7)), st.sampled_from([120, 16_380, 70_000])),
    st.builds(lambda m: (packets.pubacks([m]), Other(packets.PUBACK, m.to_bytes(2, "big"))), st.integers(1, 65535)),
    st.just((b"\xd0\x00", Other(packets.PINGRESP, b""))),
    st.just((b"\x30\x08\x00\x01t\x02\x01\x01no", Publish(b"t", b"no", 0))),
)  # fmt: skip


@given(st.lists(PACKET, max_size=8), st.data())
def test_packets_come_whole_wherever_the_stream_is_cut(
    made: list[tuple[bytes, Publish | Other]], data: st.DataObject
) -> None:
    stream, reader, found = b"".join(raw for raw, _ in made), Reader(1 << 20), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:cut])
        stream = stream[cut:]
    assert found == [packet for _, packet in made]


def test_packets_come_whole_byte_by_byte() -> None:
    reader, raw = Reader(1 << 20), packets.publish("a/b", b"x" * 200, 5) + packets.pubacks([1, 2])
    found = [p for k in range(len(raw)) for p in reader.feed(raw[k : k + 1])]
    assert found == [Publish(b"a/b", b"x" * 200, 5), Other(packets.PUBACK, b"\0\x01"), Other(packets.PUBACK, b"\0\x02")]


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_any_bytes_are_packets_or_an_error(portions: list[bytes]) -> None:
    reader = Reader(1000)
    try:
        for portion in portions:
            reader.feed(portion)
    except PacketError:
        pass


@pytest.mark.parametrize(
    "raw",
    [
        b"\x32\xff\xff\xff\xff\x01",  # a length of five bytes
        b"\x32\xff\xff\x7f",  # longer than any packet
        b"\x32\x03\x00\x09t",  # the topic ends after the packet
        b"\x32\x04\x00\x01t\x00",  # no room for an identifier
    ],
)
def test_what_is_no_packet_is_said(raw: bytes) -> None:
    with pytest.raises(PacketError):
        Reader(1 << 20).feed(raw)


@given(st.integers(0, 268_435_455))
def test_lengths_are_read_as_they_are_written(value: int) -> None:
    raw = packets._length(value)
    assert packets.varint(raw, 0, len(raw)) == (value, len(raw))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\x00\x00\x00", (0, 65535)),
        (b"\x00\x87\x00", (0x87, 65535)),
        (b"\x00\x00\x03\x21\x00\x14", (0, 20)),
        (b"\x00\x00\x0d\x22\x00\x0a\x26\x00\x01k\x00\x01v\x21\x00\x05", (0, 5)),
    ],
)
def test_connack(body: bytes, expected: tuple[int, int]) -> None:
    assert packets.connack(body) == expected

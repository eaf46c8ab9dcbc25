"""Deliveries become what a transaction writes: lines for COPY, the newest of every source, sequence numbers, dead letters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from motcua.analytics import quick
from motcua.analytics.rows import row_of
from motcua.analytics.staging import line_of
from motcua.edge.messages import ROOT, Message, Offline, Rejected, parse

Source = tuple[str, str]  # office_id, source_id
Epoch = tuple[str, str, int]
_Newest = tuple[int, str, Message | quick.Quick]  # epoch, instant


@dataclass(frozen=True, slots=True)
class Delivery:
    """One MQTT message as it came."""

    topic: str
    payload: bytes
    received_at: datetime


@dataclass(slots=True)
class Batch:
    """Filled by :meth:`take`. ``deliveries`` are kept for the case that the database refuses one of them."""

    deliveries: list[Delivery] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seqs: dict[Epoch, list[int]] = field(default_factory=lambda: defaultdict(list))
    offline: list[tuple[Source, Offline, datetime]] = field(default_factory=list)
    dead: list[tuple[str, Rejected]] = field(default_factory=list)
    messages: int = 0
    _newest: dict[tuple[str, str, str, str], _Newest] = field(default_factory=dict)

    def take(self, delivery: Delivery) -> None:
        """Read one delivery. Never raises."""
        self.deliveries.append(delivery)
        office_id, source_id, type_ = _parts(delivery.topic)
        found = quick.read(office_id, source_id, type_, delivery.payload) if office_id else None
        if found is not None:
            table, messages, lines = found
            self.lines[table] += lines
            self._count(messages)
            return
        for item in parse(delivery.topic, delivery.payload):
            if isinstance(item, Rejected):
                self.dead.append((delivery.topic, item))
            elif isinstance(item, Offline):
                self.offline.append((source_of(delivery.topic), item, delivery.received_at))
            else:
                table, row = row_of(item)
                self.lines[table].append(line_of(row))
                self._count([item])

    def newest(self) -> list[Message | quick.Quick]:
        """The newest message of every source, kind and lane: by epoch, then by the instant of the event."""
        return [m for _, _, m in self._newest.values()]

    def _count(self, messages: Sequence[Message | quick.Quick]) -> None:
        """Messages of one source and kind, in the order in which they came."""
        self.messages += len(messages)
        first = messages[0]
        office_id, source_id, type_ = first.office_id, first.source_id, first.type
        epoch, seqs = first.epoch, self.seqs[office_id, source_id, first.epoch]
        newest: dict[str, _Newest] = {}
        for m in messages:
            if m.epoch != epoch:
                epoch, seqs = m.epoch, self.seqs[office_id, source_id, m.epoch]
            seqs.append(m.seq)
            lane, at = getattr(m, "lane", ""), quick.instant_key(m.at)
            old = newest.get(lane)
            if old is None or epoch > old[0] or (at >= old[1] and epoch == old[0]):
                newest[lane] = (epoch, at, m)
        for lane, new in newest.items():
            key = (office_id, source_id, type_, lane)
            known = self._newest.get(key)
            if known is None or new[:2] >= known[:2]:
                self._newest[key] = new


_topics: dict[str, tuple[str, str, str]] = {}


def _parts(topic: str) -> tuple[str, str, str]:
    """Office, source and kind of a topic of ours; empty where it is none. Remembered for a while."""
    found = _topics.get(topic)
    if found is None:
        parts = topic.split("/")
        ours = len(parts) == 5 and topic.startswith(ROOT + "/") and all(quick.is_id(part) for part in parts[2:4])
        found = (parts[2], parts[3], parts[4]) if ours else ("", "", "")
        if len(_topics) > 200_000:
            _topics.clear()
        _topics[topic] = found
    return found


def source_of(topic: str) -> Source:
    """Office and source of a topic, empty where it has none."""
    parts = topic.split("/")
    return (parts[2], parts[3]) if len(parts) == 5 else ("", "")

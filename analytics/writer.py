"""A batch of MQTT deliveries becomes one transaction: rows, dead letters, what is received, live state, notification.

Everything is idempotent: the same delivery twice stores once. A row that the database refuses is found by halving the batch
and goes to the dead letters; the rest of the batch is stored.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import psycopg

from motcua.analytics.batch import Batch, Delivery, Epoch, Source, source_of
from motcua.analytics.quick import Quick, QuickQueue, instant_key, sample
from motcua.analytics.rows import row_of, sample_of
from motcua.analytics.staging import insert
from motcua.edge.messages import Confirmation, Health, Message, Offline, Queue, Rejected, parse

CHANNEL = "motcua_live"
AHEAD = timedelta(minutes=5)  # a clock further ahead than this does not decide what is newest
_NOTIFY_OFFICES = 100  # a notification holds at most 8000 bytes
_KEPT_BYTES = 4096
_BARE = ("type", "id", "epoch", "seq", "at", "office_id", "source_id", "mode", "counter_id", "period_start", "period_end")
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Written:
    """What a batch came to: sequence numbers to confirm, and counts for the metrics."""

    seqs: dict[Epoch, set[int]] = field(default_factory=lambda: defaultdict(set))
    messages: int = 0
    stored: int = 0  # the other messages were there already
    wills: int = 0
    dead: int = 0

    def add(self, other: Written) -> None:
        for epoch, seqs in other.seqs.items():
            self.seqs[epoch] |= seqs
        self.count(other)

    def count(self, other: Written) -> None:
        """Add the numbers alone."""
        self.messages += other.messages
        self.stored += other.stored
        self.wills += other.wills
        self.dead += other.dead

    def confirmations(self) -> Iterable[tuple[Source, Confirmation]]:
        """One confirmation per source and epoch."""
        for (office_id, source_id, epoch), seqs in sorted(self.seqs.items()):
            ranges = to_ranges(seqs)
            for i in range(0, len(ranges), 1000):
                yield (office_id, source_id), Confirmation(epoch=epoch, ranges=tuple(ranges[i : i + 1000]))


def to_ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers as inclusive ranges, ascending: {1, 2, 3, 7} gives [(1, 3), (7, 7)]."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges


def write(conn: psycopg.Connection, deliveries: Sequence[Delivery]) -> Written:
    """Store deliveries; returns once they are committed. Raises psycopg.OperationalError where the database is gone."""
    batch = Batch()
    for delivery in deliveries:
        batch.take(delivery)
    return store(conn, batch)


def store(conn: psycopg.Connection, batch: Batch) -> Written:
    """Store a batch; as :func:`write`."""
    try:
        with conn.transaction():
            return _write(conn, batch)
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError, psycopg.InternalError) as error:
        return _halve(conn, batch.deliveries, error)


def _halve(conn: psycopg.Connection, deliveries: Sequence[Delivery], error: psycopg.Error) -> Written:
    if len(deliveries) > 1:
        middle = len(deliveries) // 2
        written = write(conn, deliveries[:middle])
        written.add(write(conn, deliveries[middle:]))
        return written
    (delivery,) = deliveries
    items = _split(delivery)
    if len(items) > 1:
        written = Written()
        for item in items:
            written.add(write(conn, [item]))
        return written
    reason = f"the database refused it: {str(error).strip().splitlines()[0]}"
    seq = next((m for m in parse(delivery.topic, delivery.payload) if not isinstance(m, Offline)), None)
    number = (seq.epoch, seq.seq) if seq is not None else (None, None)
    batch = Batch(dead=[(delivery.topic, Rejected(reason, delivery.payload[:_KEPT_BYTES], *number))])
    with conn.transaction():
        return _write(conn, batch)


def _split(delivery: Delivery) -> list[Delivery]:
    """One delivery of a batch as one delivery for each of its items."""
    items = json.loads(delivery.payload)
    if not isinstance(items, list):
        return [delivery]
    return [Delivery(delivery.topic, json.dumps(item).encode(), delivery.received_at) for item in items]


def _write(conn: psycopg.Connection, batch: Batch) -> Written:
    written = Written(messages=batch.messages, wills=len(batch.offline), dead=len(batch.dead))
    with conn.cursor() as cursor:
        for table, lines in sorted(batch.lines.items()):
            written.stored += insert(cursor, table, lines)
        _write_dead(cursor, batch.dead)
        newest = batch.newest()
        _write_sources(cursor, newest)
        _write_offline(cursor, batch.offline)
        _write_queue_now(cursor, [m for m in newest if isinstance(m, Queue | QuickQueue)])
        for epoch, seqs in batch.seqs.items():
            written.seqs[epoch].update(seqs)
        for topic, rejected in batch.dead:
            if rejected.epoch is not None and rejected.seq is not None and rejected.seq > 0 and all(source_of(topic)):
                written.seqs[*source_of(topic), rejected.epoch].add(rejected.seq)
        _write_received(cursor, written)
        offices = sorted({epoch[0] for epoch in batch.seqs} | {source[0] for source, _, _ in batch.offline})
        for i in range(0, len(offices), _NOTIFY_OFFICES):
            payload = json.dumps({"offices": offices[i : i + _NOTIFY_OFFICES]}, separators=(",", ":"))
            cursor.execute("select pg_notify(%s, %s)", [CHANNEL, payload])
    return written


def _newness(message: Message | Quick) -> tuple[int, str]:
    """A source's epoch grows whatever its clock does; within one, the instant of the event counts."""
    return message.epoch, instant_key(message.at)


def _write_dead(cursor: psycopg.Cursor, dead: list[tuple[str, Rejected]]) -> None:
    rows = []
    for topic, rejected in dead:
        item = bare(topic, rejected.item)
        digest = hashlib.sha256(topic.encode() + b"\0" + item).digest()
        rows.append((digest, topic.replace("\0", ""), item[:_KEPT_BYTES], rejected.reason.replace("\0", "")))
    if rows:
        cursor.executemany(
            "insert into dead_letter (digest, topic, payload, reason) values (%s, %s, %s, %s) "
            "on conflict (digest) do update set times = dead_letter.times + 1, last_at = now()",
            sorted(rows),
        )


def bare(topic: str, item: bytes) -> bytes:
    """What of a refused item is kept: all of it, but of officers' expression only whence and when. What may not be stored is not stored here."""
    if not topic.endswith("/officer_expression") and b"officer_expression" not in item:
        return item
    try:
        read = json.loads(item)
    except (ValueError, RecursionError):
        return b"{}"
    return json.dumps(
        {k: read[k] for k in _BARE if isinstance(read.get(k), str | int)} if isinstance(read, dict) else {}
    ).encode()


def _write_sources(cursor: psycopg.Cursor, messages: Sequence[Message | Quick]) -> None:
    newest: dict[Source, Message | Quick] = {}
    health: dict[Source, Health] = {}
    for m in messages:
        source = (m.office_id, m.source_id)
        newest[source] = max(newest.get(source, m), m, key=_newness)
        if isinstance(m, Health):
            health[source] = max(health.get(source, m), m, key=_newness)
    if newest:
        cursor.execute(
            "insert into source (office_id, source_id, last_epoch, last_at, provenance) "
            "select * from json_to_recordset(convert_from(%b, 'UTF8')::json) "
            "as v (office_id text, source_id text, last_epoch bigint, last_at timestamptz, provenance text) "
            "on conflict (office_id, source_id) do update set last_seen_at = now(), provenance = excluded.provenance, "
            "last_epoch = greatest(source.last_epoch, excluded.last_epoch), "
            "last_at = case when (source.last_epoch, source.last_at) > (excluded.last_epoch, excluded.last_at) "
            "then source.last_at else excluded.last_at end",
            _as_json(
                "office_id source_id last_epoch last_at provenance",
                ((*key, newest[key].epoch, newest[key].at, newest[key].provenance) for key in sorted(newest)),
            ),
        )
    if health:
        cursor.executemany(
            "update source set status = %s, status_epoch = %s, status_at = %s, health = %s "
            "where office_id = %s and source_id = %s and (status_at is null or (status_epoch, status_at) <= (%s, %s))",
            [
                (h.status, h.epoch, h.at, row_of(h)[1][-1], *source, h.epoch, h.at)
                for source, h in sorted(health.items(), key=lambda item: item[0])
            ],
        )


def _as_json(names: str, rows: Iterable[tuple[object, ...]]) -> list[bytes]:
    """Rows as the one parameter of a ``json_to_recordset``: one statement for all of them, in their order."""
    keys = names.split()
    return [_encode([dict(zip(keys, row, strict=True)) for row in rows])]


def _write_offline(cursor: psycopg.Cursor, offline: list[tuple[Source, Offline, datetime]]) -> None:
    """A last will is timed by its receipt, and counts only for the newest epoch that was heard of."""
    if offline:
        cursor.executemany(
            "update source set status = 'offline', status_at = %s, status_epoch = greatest(status_epoch, %s) where office_id = %s and source_id = %s "
            "and not exists (select from received r where r.office_id = source.office_id "
            "and r.source_id = source.source_id and r.epoch > %s)",
            sorted((at, will.epoch, *source, will.epoch) for source, will, at in offline),
        )


def _write_queue_now(cursor: psycopg.Cursor, queues: Sequence[Queue | QuickQueue]) -> None:
    newest: dict[tuple[str, str, str], Queue | QuickQueue] = {}
    for q in queues:
        key = (q.office_id, q.source_id, q.lane)
        newest[key] = max(newest.get(key, q), q, key=_newness)
    if newest:
        cursor.execute(
            "insert into queue_now (office_id, source_id, lane, epoch, at, sample, provenance, committed_at) "
            "select v.*, clock_timestamp() from json_to_recordset(convert_from(%b, 'UTF8')::json) "
            "as v (office_id text, source_id text, lane text, epoch bigint, at timestamptz, sample jsonb, provenance text) "
            "where at <= now() + %s "
            "on conflict (office_id, source_id, lane) do update set epoch = excluded.epoch, at = excluded.at, "
            "sample = excluded.sample, provenance = excluded.provenance, committed_at = excluded.committed_at "
            "where (queue_now.epoch, queue_now.at) <= (excluded.epoch, excluded.at)",
            [
                *_as_json(
                    "office_id source_id lane epoch at sample provenance",
                    ((*key, *_now(newest[key])) for key in sorted(newest)),
                ),
                AHEAD,
            ],
        )


def _now(q: Queue | QuickQueue) -> tuple[object, ...]:
    return q.epoch, q.at, msgspec.Raw(sample_of(q).encode()) if isinstance(q, Queue) else sample(q), q.provenance


def _write_received(cursor: psycopg.Cursor, written: Written) -> None:
    rows = []
    for epoch, seqs in sorted(written.seqs.items()):
        spans = ",".join(f"[{low},{high + 1})" for low, high in to_ranges(seqs))
        rows.append((*epoch, "{" + spans + "}"))
    if rows:
        cursor.execute(
            "insert into received (office_id, source_id, epoch, seqs) "
            "select * from json_to_recordset(convert_from(%b, 'UTF8')::json) "
            "as v (office_id text, source_id text, epoch bigint, seqs int8multirange) "
            "on conflict (office_id, source_id, epoch) do update "
            "set seqs = received.seqs + excluded.seqs, updated_at = now()",
            _as_json("office_id source_id epoch seqs", rows),
        )

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

import psycopg
from psycopg import sql

from motcua.analytics.rows import COLUMNS, row_of, sample_of
from motcua.edge.messages import Confirmation, Health, Message, Offline, Queue, Rejected, parse

CHANNEL = "motcua_live"
AHEAD = timedelta(minutes=5)  # a clock further ahead than this does not decide what is newest
_NOTIFY_OFFICES = 100  # a notification holds at most 8000 bytes
_KEPT_BYTES = 4096

Source = tuple[str, str]  # office_id, source_id
Epoch = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One MQTT message as it came."""

    topic: str
    payload: bytes
    received_at: datetime


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


@dataclass(slots=True)
class _Batch:
    rows: dict[str, list[tuple[object, ...]]] = field(default_factory=lambda: defaultdict(list))
    messages: list[Message] = field(default_factory=list)
    offline: list[tuple[Source, Offline, datetime]] = field(default_factory=list)
    dead: list[tuple[str, Rejected]] = field(default_factory=list)


def write(conn: psycopg.Connection, deliveries: Sequence[Delivery]) -> Written:
    """Store a batch; returns once it is committed. Raises psycopg.OperationalError where the database is gone."""
    try:
        with conn.transaction():
            return _write(conn, _parse(deliveries))
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError, psycopg.InternalError) as error:
        return _halve(conn, deliveries, error)


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
    batch = _Batch(dead=[(delivery.topic, Rejected(reason, delivery.payload[:_KEPT_BYTES], *number))])
    with conn.transaction():
        return _write(conn, batch)


def _split(delivery: Delivery) -> list[Delivery]:
    """One delivery of a batch as one delivery for each of its items."""
    items = json.loads(delivery.payload)
    if not isinstance(items, list):
        return [delivery]
    return [Delivery(delivery.topic, json.dumps(item).encode(), delivery.received_at) for item in items]


def _parse(deliveries: Sequence[Delivery]) -> _Batch:
    batch = _Batch()
    for delivery in deliveries:
        for item in parse(delivery.topic, delivery.payload):
            if isinstance(item, Rejected):
                batch.dead.append((delivery.topic, item))
            elif isinstance(item, Offline):
                batch.offline.append((_source(delivery.topic), item, delivery.received_at))
            else:
                table, row = row_of(item)
                batch.rows[table].append(row)
                batch.messages.append(item)
    return batch


def _source(topic: str) -> Source:
    parts = topic.split("/")
    return (parts[2], parts[3]) if len(parts) == 5 else ("", "")


def _write(conn: psycopg.Connection, batch: _Batch) -> Written:
    written = Written(messages=len(batch.messages), wills=len(batch.offline), dead=len(batch.dead))
    with conn.cursor() as cursor:
        for table, rows in sorted(batch.rows.items()):
            written.stored += _copy(cursor, table, rows)
        _write_dead(cursor, batch.dead)
        _write_sources(cursor, batch.messages)
        _write_offline(cursor, batch.offline)
        _write_queue_now(cursor, [m for m in batch.messages if isinstance(m, Queue)])
        for message in batch.messages:
            written.seqs[message.office_id, message.source_id, message.epoch].add(message.seq)
        for topic, rejected in batch.dead:
            if rejected.epoch is not None and rejected.seq is not None and rejected.seq > 0 and all(_source(topic)):
                written.seqs[*_source(topic), rejected.epoch].add(rejected.seq)
        _write_received(cursor, written)
        offices = sorted({m.office_id for m in batch.messages} | {source[0] for source, _, _ in batch.offline})
        for i in range(0, len(offices), _NOTIFY_OFFICES):
            payload = json.dumps({"offices": offices[i : i + _NOTIFY_OFFICES]}, separators=(",", ":"))
            cursor.execute("select pg_notify(%s, %s)", [CHANNEL, payload])
    return written


def _copy(cursor: psycopg.Cursor, table: str, rows: list[tuple[object, ...]]) -> int:
    """Staging COPY, then insert what is not there yet; returns how many were new."""
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))
    names = {"table": sql.Identifier(table), "stage": sql.Identifier(f"stage_{table}"), "columns": columns}
    cursor.execute(
        sql.SQL(
            "create temp table if not exists {stage} on commit delete rows as select {columns} from {table} with no data"
        ).format(**names)
    )
    with cursor.copy(sql.SQL("copy {stage} ({columns}) from stdin").format(**names)) as copy:
        for row in rows:
            copy.write_row(row)
    cursor.execute(
        sql.SQL(
            "insert into {table} ({columns}) select distinct on (id, at) {columns} from {stage} order by id, at "
            "on conflict do nothing"
        ).format(**names)
    )
    return cursor.rowcount


def _write_dead(cursor: psycopg.Cursor, dead: list[tuple[str, Rejected]]) -> None:
    rows = []
    for topic, rejected in dead:
        digest = hashlib.sha256(topic.encode() + b"\0" + rejected.item).digest()
        rows.append((digest, topic.replace("\0", ""), rejected.item[:_KEPT_BYTES], rejected.reason.replace("\0", "")))
    if rows:
        cursor.executemany(
            "insert into dead_letter (digest, topic, payload, reason) values (%s, %s, %s, %s) "
            "on conflict (digest) do update set times = dead_letter.times + 1, last_at = now()",
            sorted(rows),
        )


def _write_sources(cursor: psycopg.Cursor, messages: Sequence[Message]) -> None:
    newest: dict[Source, Message] = {}
    health: dict[Source, Health] = {}
    for m in messages:
        source = (m.office_id, m.source_id)
        newest[source] = max(newest.get(source, m), m, key=lambda x: x.at)
        if isinstance(m, Health):
            health[source] = max(health.get(source, m), m, key=lambda x: x.at)
    if newest:
        cursor.executemany(
            "insert into source (office_id, source_id, last_at, provenance) values (%s, %s, %s, %s) "
            "on conflict (office_id, source_id) do update set last_seen_at = now(), provenance = excluded.provenance, "
            "last_at = greatest(source.last_at, excluded.last_at)",
            [(*source, m.at, m.provenance) for source, m in sorted(newest.items(), key=lambda item: item[0])],
        )
    if health:
        cursor.executemany(
            "update source set status = %s, status_at = %s, health = %s where office_id = %s and source_id = %s "
            "and (status_at is null or status_at <= %s)",
            [
                (h.status, h.at, row_of(h)[1][-1], *source, h.at)
                for source, h in sorted(health.items(), key=lambda item: item[0])
            ],
        )


def _write_offline(cursor: psycopg.Cursor, offline: list[tuple[Source, Offline, datetime]]) -> None:
    """A last will is timed by its receipt, and counts only for the newest epoch that was heard of."""
    if offline:
        cursor.executemany(
            "update source set status = 'offline', status_at = %s where office_id = %s and source_id = %s "
            "and not exists (select from received r where r.office_id = source.office_id "
            "and r.source_id = source.source_id and r.epoch > %s)",
            sorted((at, *source, will.epoch) for source, will, at in offline),
        )


def _write_queue_now(cursor: psycopg.Cursor, queues: Sequence[Queue]) -> None:
    newest: dict[tuple[str, str, str], Queue] = {}
    for q in queues:
        key = (q.office_id, q.source_id, q.lane)
        newest[key] = max(newest.get(key, q), q, key=lambda x: x.at)
    if newest:
        cursor.executemany(
            "insert into queue_now (office_id, source_id, lane, at, sample, provenance, committed_at) "
            "select %s, %s, %s, at, %s, %s, clock_timestamp() from (values (%s::timestamptz)) as v (at) "
            "where at <= now() + %s "
            "on conflict (office_id, source_id, lane) do update set at = excluded.at, sample = excluded.sample, "
            "provenance = excluded.provenance, committed_at = excluded.committed_at where queue_now.at <= excluded.at",
            [(*key, sample_of(q), q.provenance, q.at, AHEAD) for key, q in sorted(newest.items(), key=lambda item: item[0])],
        )


def _write_received(cursor: psycopg.Cursor, written: Written) -> None:
    rows = []
    for epoch, seqs in sorted(written.seqs.items()):
        spans = ",".join(f"[{low},{high + 1})" for low, high in to_ranges(seqs))
        rows.append((*epoch, "{" + spans + "}"))
    if rows:
        cursor.executemany(
            "insert into received (office_id, source_id, epoch, seqs) values (%s, %s, %s, %s::int8multirange) "
            "on conflict (office_id, source_id, epoch) do update "
            "set seqs = received.seqs + excluded.seqs, updated_at = now()",
            rows,
        )

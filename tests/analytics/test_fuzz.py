"""The message border under mutated payloads: nothing crashes, nothing good is lost beside what is bad, everything is counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from builders import queue
from fuzzing import items_in, samples, stream
from hypothesis import given
from hypothesis import strategies as st

from motcua.analytics.rows import COLUMNS, row_of
from motcua.analytics.writer import Delivery, Written, write
from motcua.edge.messages import MAX_PAYLOAD_BYTES, Offline, Rejected, dump, parse, topic

TABLES = tuple(COLUMNS)


@pytest.mark.parametrize("seed", range(4))
def test_a_hundred_thousand_mutated_payloads_become_messages_or_dead_letters(seed: int) -> None:
    """Four times 25,000."""
    kinds = {"message": 0, "will": 0, "rejected": 0}
    for name, payload, good in stream(seed, 25_000):
        found = parse(name, payload)
        assert len(found) == (items_in(payload) if len(payload) <= MAX_PAYLOAD_BYTES else 1), payload[:200]
        for item in found:
            if isinstance(item, Rejected):
                kinds["rejected"] += 1
                assert 1 <= len(item.reason) <= 500
                assert len(item.item) <= 4096
            elif isinstance(item, Offline):
                kinds["will"] += 1
            else:
                kinds["message"] += 1
                table, row = row_of(item)
                assert len(row) == len(COLUMNS[table])
        if good:
            assert [str(getattr(item, "id", None)) for item in found] == [good]
    assert kinds["message"] >= 5_000
    assert kinds["rejected"] >= 15_000
    assert kinds["will"] >= 10


@given(st.text(max_size=60), st.binary(max_size=300))
def test_no_bytes_on_any_topic_raise(name: str, payload: bytes) -> None:
    assert len(parse(name, payload)) == items_in(payload)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))  # fmt: skip
def test_no_value_in_any_field_raises(value: Any) -> None:
    for sample in samples():
        for field in sample:
            found = parse(topic("vl-29734", "cam-1", sample["type"]), json.dumps(sample | {field: value}).encode())
            assert len(found) == 1


def check(dsn: str, seed: int, n: int, batch: int = 250) -> None:
    """n mutated payloads and the good ones between them, in batches, into the database."""
    total, sent, good = Written(), 0, set[str]()
    deliveries = []
    for name, payload, id_ in stream(seed, n):
        deliveries.append(Delivery(name, payload, datetime.now(UTC)))
        sent += items_in(payload) if len(payload) <= MAX_PAYLOAD_BYTES else 1
        if id_:
            good.add(id_)
    with psycopg.connect(dsn, autocommit=True) as conn:
        for i in range(0, len(deliveries), batch):
            total.add(write(conn, deliveries[i : i + batch]))
        assert total.messages + total.wills + total.dead == sent, "all are counted"
        assert total.messages > total.stored, "duplicates were among them"
        ids, rows = stored_ids(conn)
        assert rows == total.stored
        assert good <= ids, "the good ones beside the bad are all stored"
        assert conn.execute("select sum(times) from dead_letter").fetchone() == (total.dead,)
        for view in ("visit_1h", "visit_1d", "queue_1m", "queue_1h", "wait_1h", "wait_1d", "flow_1h"):
            conn.execute(f"select * from {view}".encode())  # no figure in the rows breaks a sum


def stored_ids(conn: psycopg.Connection) -> tuple[set[str], int]:
    found = [str(row[0]) for table in TABLES for row in conn.execute(f"select id from {table}".encode())]
    return set(found), len(found)


def test_mutated_payloads_spoil_no_batch_in_the_database(migrated: str) -> None:
    check(migrated, seed=11, n=3_000)


@pytest.mark.slow
def test_a_hundred_thousand_mutated_payloads_spoil_no_batch_in_the_database(migrated: str) -> None:
    check(migrated, seed=12, n=100_000)


@pytest.mark.parametrize(("wait_s", "accepted"), [(1e12, True), (1e308, False)])
def test_no_figure_that_is_accepted_breaks_the_sums_beside_it(migrated: str, wait_s: float, accepted: bool) -> None:
    low = [queue(low_s=0.0, expected_wait_s=1.0, high_s=2.0) for _ in range(2)]
    name, now = topic("vl-29734", "cam-1", "queue"), datetime.now(UTC)
    bodies = [dump(q).replace(b'"expected_wait_s":1.0', f'"expected_wait_s":{wait_s}'.encode()) for q in low]
    bodies = [body.replace(b'"high_s":2.0', f'"high_s":{wait_s}'.encode()) for body in bodies]
    with psycopg.connect(migrated, autocommit=True) as conn:
        written = write(conn, [Delivery(name, body, now) for body in bodies])
        assert written.stored == (2 if accepted else 0)
        assert conn.execute("select sum(expected_sum) from queue_1h").fetchone() == (2 * wait_s if accepted else None,)

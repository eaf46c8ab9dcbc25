"""The simulator end to end: its ledger and the database hold the same messages, and its truth is the database's figures."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from motcua.analytics import db, store
from motcua.analytics.halls import hall
from motcua.analytics.ingest import Ingestor
from motcua.analytics.settings import IngestSettings
from motcua.onebox.broker import Broker
from motcua.onebox.hall_counts import rows
from motcua.onebox.hall_live import SimulatedHall
from motcua.onebox.queue_sim import QueueModel
from motcua.onebox.simulate import Plan, Sender, SimulatedOffice, office_ids, run

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


def test_no_instant_lies_ahead_of_the_clock() -> None:
    plan = Plan(("a",), speed=10, for_s=60, history_s=100)
    begin = plan.begin(NOON)
    end_of_simulation = begin + timedelta(seconds=plan.warm_up_s + plan.history_s + 10 * 60)
    assert end_of_simulation == NOON + timedelta(seconds=60)


def test_the_real_offices_come_first() -> None:
    ids = office_ids(130)
    assert ids[0].startswith("vl-")
    assert len(set(ids)) == 130
    assert ids[-1] == "sim-00129"


def test_a_simulated_queue_tells_its_own_truth() -> None:
    office = SimulatedOffice("vl-86", QueueModel(2, 0.9), 7, NOON, 1)
    at = NOON + timedelta(hours=5)
    visits = office.visits(at)
    sample = office.queue(at)
    assert {v.provenance for v in visits} == {sample.provenance} == {"simulated"}
    arrived_now = sample.waiting + sample.in_service
    assert [v.seq for v in visits] == list(range(1, len(visits) + 1))
    later = office.visits(at + timedelta(hours=20))
    assert sum(v.arrival_at <= at for v in later) == arrived_now
    assert all(v.at == v.departure_at <= at for v in visits)


def test_a_warm_queue_has_a_figure_at_once_and_told_nothing() -> None:
    office = SimulatedOffice("vl-86", QueueModel(2, 0.9), 7, NOON, 1)
    at = NOON + timedelta(hours=1)
    office.warm_up(at)
    sample = office.queue(at)
    assert (sample.state, sample.seq) == ("ok", 1)
    assert all(v.departure_at > at for v in office.visits(at + timedelta(hours=1)))


def test_a_simulated_hall_tells_counts_and_who_waits_and_no_visit() -> None:
    begin = NOON - timedelta(hours=4)
    office = SimulatedHall("vl-86", 7, begin, 1)
    office.warm_up(begin + timedelta(hours=1))
    now = begin + timedelta(hours=4)
    counts, sample = office.visits(now), office.queue(now)
    assert {m.type for m in counts} == {"counts"}
    assert {m.provenance for m in counts} == {sample.provenance} == {"simulated"}
    assert all(begin + timedelta(hours=1) < m.period_end <= now for m in counts)
    assert [m.seq for m in counts if m.source_id == "hall"] == list(range(1, 181))
    assert (sample.state, sample.part, sample.seq, sample.expected_wait_s) == ("too_few", "arrivals", 181, None)
    assert office.visits(now) == []
    found = hall(rows(counts), [], begin, now, now)
    assert found is not None
    assert (found.state, [lane.lane for lane in found.lanes]) == ("ok", ["priority", "ordinary"])
    assert found.curves is not None
    assert sample.waiting is not None


def test_what_stands_in_the_ledger_stands_in_the_database(pg_dsn: str, broker: Broker, tmp_path: Path) -> None:
    with db.connect(pg_dsn) as conn:
        db.migrate(conn)
    settings = IngestSettings(dsn=pg_dsn, broker_host=broker.host, broker_port=broker.port, broker_password="secret")  # type: ignore[arg-type]
    stop, ready = threading.Event(), threading.Event()
    ingest = threading.Thread(target=Ingestor(settings, stop).run, args=(ready.set,))
    ingest.start()
    assert ready.wait(20)
    plan = Plan(office_ids(5), counters=2, speed=200, for_s=4, history_s=7200, seed=3, halls=1)
    sender = Sender(broker.host, broker.port, "edge", "secret")
    try:
        with (tmp_path / "truth.jsonl").open("w") as ledger:
            run(plan, sender, ledger, threading.Event(), lambda: None)
    finally:
        stop.set()
        ingest.join(20)
    assert sender.unconfirmed == 0
    truth = [json.loads(line) for line in (tmp_path / "truth.jsonl").open()]
    visits = {t["id"]: t for t in truth if t["type"] == "visit"}
    with psycopg.connect(pg_dsn) as conn:
        union = " union all ".join(f"select id from {table}" for table in ("visit", "queue_sample", "part_count", "health"))
        ids = {str(row[0]) for row in conn.execute(union.encode())}
        assert ids == {t["id"] for t in truth}
        assert len(visits) > 40
        counted = conn.execute("select office_id, count(*) from part_count group by 1").fetchall()
        assert [office_id for office_id, _ in counted] == [office_ids(5)[-1]]
        assert not any(office_id == office_ids(5)[-1] for (office_id,) in conn.execute("select office_id from visit"))
        waits = dict(conn.execute("select id::text, waiting_s from visit").fetchall())
        rows = store.rows(
            conn, "counts", since=NOON - timedelta(days=9999), until=NOON + timedelta(days=9999), office_id=None
        )
        assert {r["provenance"] for r in rows} == {"simulated"}
        assert sum(r["served"] for r in rows) == sum(v["outcome"] == "served" for v in visits.values())
        assert all(s["gaps"] == 0 for s in store.sources(conn))
        newest = conn.execute("select max(at) from visit").fetchone()
    for key, t in visits.items():
        if t["service_start_at"]:
            true = datetime.fromisoformat(t["service_start_at"]) - datetime.fromisoformat(t["arrival_at"])
            assert waits[key] == pytest.approx(true.total_seconds(), abs=1e-3)
    assert newest is not None
    assert newest[0] <= datetime.now(UTC)

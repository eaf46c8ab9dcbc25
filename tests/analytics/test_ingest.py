"""A real broker into a real database: nothing lost, nothing twice, bad input kept apart, outages waited for."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import psutil
import psycopg
import pytest
from builders import NOON, health, queue, rating, visit
from fuzzing import items_in, stream
from paho.mqtt.enums import CallbackAPIVersion

from motcua.analytics import db, store
from motcua.analytics.ingest import Ingestor
from motcua.analytics.ingest_status import serving
from motcua.analytics.settings import IngestSettings
from motcua.edge.messages import MAX_PAYLOAD_BYTES, Confirmation, dump, topic
from motcua.onebox import bench_publisher
from motcua.onebox import broker as brokers
from motcua.onebox.broker import Broker
from motcua.onebox.child import stop

Eventually = Callable[..., object]


@contextmanager
def ingesting(dsn: str, broker: Broker, **fields: Any) -> Iterator[Ingestor]:
    """An ingestor in a thread of this process."""
    settings = IngestSettings(dsn=dsn, broker_host=broker.host, broker_port=broker.port, broker_password="secret", **fields)  # type: ignore[arg-type]
    stop, ready = threading.Event(), threading.Event()
    ingestor = Ingestor(settings, stop)
    thread = threading.Thread(target=ingestor.run, args=(ready.set,))
    thread.start()
    try:
        assert ready.wait(20)
        yield ingestor
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


class Edge:
    """A source that publishes and collects its confirmations."""

    def __init__(self, broker: Broker, eventually: Eventually, office: str = "vl-29734", source: str = "cam-1") -> None:
        self.confirmed: dict[int, set[int]] = {}
        self.ready = threading.Event()
        self.mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.mqtt.username_pw_set("edge", "secret")
        self.mqtt.on_connect = lambda c, *a: c.subscribe(f"motcua/ack/v1/{office}/{source}", qos=1)
        self.mqtt.on_subscribe = lambda *a: self.ready.set()
        self.mqtt.on_message = self._confirmed
        self.mqtt.connect(broker.host, broker.port)
        self.mqtt.loop_start()
        assert self.ready.wait(10)

    def _confirmed(self, client: object, userdata: object, message: mqtt.MQTTMessage) -> None:
        c = Confirmation.model_validate_json(message.payload)
        for low, high in c.ranges:
            self.confirmed.setdefault(c.epoch, set()).update(range(low, high + 1))

    def send(self, *messages: Any) -> None:
        for m in messages:
            self.mqtt.publish(topic(m.office_id, m.source_id, m.type), dump(m), qos=1)

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


@pytest.fixture
def edge(broker: Broker, eventually: Eventually) -> Iterator[Edge]:
    client = Edge(broker, eventually)
    yield client
    client.close()


def ids(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as conn:
        return {str(row[0]) for row in conn.execute("select id from visit").fetchall()}


def test_what_is_confirmed_is_in_the_database(migrated: str, broker: Broker, edge: Edge, eventually: Eventually) -> None:
    sent = [visit(seq=n, epoch=1, at=NOON + timedelta(seconds=n)) for n in range(1, 301)]
    with ingesting(migrated, broker):
        eventually(lambda: edge.mqtt.is_connected())
        _until_subscribed(edge, eventually)
        edge.send(*sent)
        eventually(lambda: edge.confirmed.get(1) == set(range(1, 301)))
        assert ids(migrated) == {str(m.id) for m in sent}
        edge.send(*sent)
        edge.send(queue(seq=301, epoch=1))
        eventually(lambda: 301 in edge.confirmed[1])
        assert len(ids(migrated)) == 300


def _until_subscribed(edge: Edge, eventually: Eventually) -> None:
    """The ingestor's subscription is there once it confirms something."""

    def heard() -> bool:
        edge.send(rating(epoch=99, seq=1, provenance="kiosk"))
        return 99 in edge.confirmed

    eventually(heard)


def test_bad_input_goes_to_the_dead_letters_and_stops_nothing(
    migrated: str, broker: Broker, edge: Edge, eventually: Eventually
) -> None:
    name = topic("vl-29734", "cam-1", "visit")
    bad = {
        b"\xff not json": "not JSON",
        b"[]": "a batch holds 1 to",
        dump(visit(seq=5, epoch=1)).replace(b"served", b"vanished"): "outcome",
        dump(visit(seq=6, epoch=1, office_id="elsewhere")): "does not belong",
        b"x" * (MAX_PAYLOAD_BYTES + 1): "at most",
    }
    with ingesting(migrated, broker) as ingestor:
        _until_subscribed(edge, eventually)
        for payload in bad:
            edge.mqtt.publish(name, payload, qos=1)
            edge.mqtt.publish(name, payload, qos=1)
        edge.mqtt.publish("motcua/v1/too/short", b"{}", qos=1)
        edge.send(visit(seq=7, epoch=1))
        eventually(lambda: {5, 6, 7} <= edge.confirmed.get(1, set()))
        eventually(lambda: ingestor.totals.dead == 11)
        with db.connect(migrated) as conn:
            letters = store.dead_letters(conn)
            assert sorted(letter["times"] for letter in letters) == [1, 2, 2, 2, 2, 2]
            for reason in (*bad.values(), "is not motcua/v1/<office>/<source>/<type>"):
                assert any(reason in letter["reason"] for letter in letters), reason
        assert len(ids(migrated)) == 1


def test_while_the_database_is_away_nothing_is_confirmed_and_nothing_is_lost(
    migrated: str, broker: Broker, edge: Edge, eventually: Eventually, pg_server: Any
) -> None:
    name = migrated.rsplit("/", 1)[1]
    sent = [visit(seq=n, epoch=1) for n in range(1, 41)]
    with ingesting(migrated, broker):
        _until_subscribed(edge, eventually)
        with psycopg.connect(pg_server.dsn, autocommit=True) as admin:
            admin.execute(f"alter database {name} allow_connections false".encode())
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
            edge.send(*sent)
            threading.Event().wait(1.0)  # time in which a wrong confirmation would come
            assert 1 not in edge.confirmed
            admin.execute(f"alter database {name} allow_connections true".encode())
        eventually(lambda: edge.confirmed.get(1) == set(range(1, 41)), timeout=30)
        assert ids(migrated) == {str(m.id) for m in sent}


def test_health_says_that_the_database_is_away(
    migrated: str, broker: Broker, edge: Edge, eventually: Eventually, pg_server: Any
) -> None:
    def ask(path: str) -> tuple[int, str]:
        answer = httpx.get(f"http://127.0.0.1:{port}{path}")
        return answer.status_code, answer.text

    name = migrated.rsplit("/", 1)[1]
    with ingesting(migrated, broker) as ingestor, serving(0, ingestor.state) as port:
        _until_subscribed(edge, eventually)
        eventually(lambda: ask("/healthz") == (200, '{"status": "ok", "problem": null}'))
        assert "motcua_ingest_up 1\n" in ask("/metrics")[1]
        assert ask("/")[0] == 404
        with psycopg.connect(pg_server.dsn, autocommit=True) as admin:
            admin.execute(f"alter database {name} allow_connections false".encode())
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
            edge.send(visit(seq=1, epoch=1))
            eventually(lambda: ask("/healthz")[0] == 503)
            assert "nothing is acknowledged" in ask("/healthz")[1]
            assert "motcua_ingest_up 0\n" in ask("/metrics")[1]
            admin.execute(f"alter database {name} allow_connections true".encode())
        eventually(lambda: ask("/healthz")[0] == 200, timeout=30)


def test_a_full_disk_is_waited_for_without_haste(migrated: str, broker: Broker, edge: Edge, eventually: Eventually) -> None:
    with psycopg.connect(migrated, autocommit=True) as conn:
        conn.execute("create sequence attempts")
        conn.execute(
            "create function full_disk() returns trigger language plpgsql as $$ begin "
            "perform nextval('attempts'); raise exception using errcode = 'disk_full', message = 'no space left'; end $$"
        )
        with ingesting(migrated, broker):
            _until_subscribed(edge, eventually)
            conn.execute("create trigger full_disk before insert on visit execute function full_disk()")
            edge.send(visit(seq=1, epoch=1))
            eventually(lambda: conn.execute("select last_value from attempts").fetchone() == (3,))
            assert 1 not in edge.confirmed
            conn.execute("drop trigger full_disk on visit")
            eventually(lambda: edge.confirmed.get(1) == {1}, timeout=30)
            attempts = conn.execute("select last_value from attempts").fetchone()
            assert attempts is not None
            assert attempts[0] <= 4, "it pauses between its attempts"
    assert len(ids(migrated)) == 1


def test_two_ingestors_share_the_work(migrated: str, broker: Broker, edge: Edge, eventually: Eventually) -> None:
    sent = [visit(seq=n, epoch=1) for n in range(1, 201)]
    with ingesting(migrated, broker, flush_s=0.02) as one, ingesting(migrated, broker, flush_s=0.02) as other:
        _until_subscribed(edge, eventually)
        start = (one.totals.messages, other.totals.messages)
        edge.send(*sent)
        eventually(lambda: edge.confirmed.get(1) == set(range(1, 201)))
        assert ids(migrated) == {str(m.id) for m in sent}
        with db.connect(migrated) as conn:
            assert all(s["gaps"] == 0 for s in store.sources(conn, "vl-29734"))
        assert one.totals.messages > start[0]
        assert other.totals.messages > start[1]


def test_everybody_who_listens_hears_which_office_has_news(
    migrated: str, broker: Broker, edge: Edge, eventually: Eventually
) -> None:
    with ingesting(migrated, broker), psycopg.connect(migrated, autocommit=True) as conn:
        conn.execute("listen motcua_live")
        _until_subscribed(edge, eventually)
        edge.send(queue(seq=1, epoch=1, office_id="vl-29734"), health(seq=2, epoch=1))
        heard = next(conn.notifies(timeout=20))
        assert heard.payload == '{"offices":["vl-29734"]}'
        with db.connect(migrated) as other:
            eventually(lambda: len(store.queue_now(other)) == 1)


def test_a_missing_schema_is_said_at_once(pg_dsn: str, broker: Broker) -> None:
    settings = IngestSettings(dsn=pg_dsn, broker_host=broker.host, broker_port=broker.port, broker_password="secret")  # type: ignore[arg-type]
    with pytest.raises(db.DbError, match="run 'motcua db migrate'"):
        Ingestor(settings, threading.Event()).run()


def test_mutated_payloads_spoil_nothing_beside_them(
    migrated: str, broker: Broker, edge: Edge, eventually: Eventually
) -> None:
    sent = [x for x in stream(13, 500) if x[0].startswith("motcua/v1/") and len(x[1]) < MAX_PAYLOAD_BYTES]
    good = {id_ for _, _, id_ in sent if id_}

    def counted() -> int:
        return ingestor.totals.messages + ingestor.totals.wills + ingestor.totals.dead

    with ingesting(migrated, broker) as ingestor, psycopg.connect(migrated, autocommit=True) as conn:
        _until_subscribed(edge, eventually)
        for name, payload, _ in sent:
            edge.mqtt.publish(name, payload, qos=1)
        eventually(lambda: counted() >= sum(items_in(payload) for _, payload, _ in sent) + 1)
        tables = ("visit", "queue_sample", "part_count", "sentiment", "rating", "ticket", "health")

        def stored() -> list[str]:
            return [str(row[0]) for table in tables for row in conn.execute(f"select id from {table}".encode())]

        # Asking whether anybody listens may have been counted more than once.
        eventually(lambda: good <= set(stored()))
        eventually(lambda: len(stored()) == ingestor.totals.stored)
        assert conn.execute("select sum(times) from dead_letter").fetchone() == (ingestor.totals.dead,)


def test_a_broker_that_comes_back_is_served_again(migrated: str, open_folder: Path, eventually: Eventually) -> None:
    users = [brokers.ingest_user("secret"), brokers.source_user("edge", "secret", "+", "+")]
    first = brokers.start(open_folder / "broker", users)
    try:
        with ingesting(migrated, first):
            edge = Edge(first, eventually)
            _until_subscribed(edge, eventually)
            edge.close()
            first.stop()
            again = brokers.start(open_folder / "broker", users, port=first.port)
            try:
                edge = Edge(again, eventually)
                _until_subscribed(edge, eventually)
                edge.send(visit(seq=1, epoch=1))
                eventually(lambda: edge.confirmed.get(1) == {1})
                edge.close()
            finally:
                again.stop()
    finally:
        first.stop()


def test_a_wrong_password_is_said(
    migrated: str, broker: Broker, caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    with ingesting(migrated, broker, broker_username="nobody"):
        eventually(lambda: "check user name and password" in caplog.text or "closed the connection" in caplog.text)


WAVES, WAVE, AWAY_S = 6, 50_000, 60.0


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_memory_stays_flat_while_the_database_is_away(
    migrated: str, broker: Broker, pg_server: Any, eventually: Callable[..., object]
) -> None:
    """The figures go to standard error; docs/data-path.md has those of one machine."""
    name = migrated.rsplit("/", 1)[1]
    edge = Edge(broker, eventually, "+", "+")
    env = os.environ | {
        "MOTCUA_INGEST_DSN": migrated,
        "MOTCUA_INGEST_BROKER_HOST": broker.host,
        "MOTCUA_INGEST_BROKER_PORT": str(broker.port),
        "MOTCUA_INGEST_BROKER_PASSWORD": "secret",
    }
    process = subprocess.Popen([sys.executable, "-m", "motcua.onebox.cli", "ingest"], env=env, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr
    missing = {b"ready", b"connected to the broker"}
    while missing:
        line = said.readline()
        assert line, "the ingestor ended"
        missing = {word for word in missing if word not in line}
    threading.Thread(target=said.read, daemon=True).start()
    try:
        watched = psutil.Process(process.pid)
        resident = list[float]()
        time.sleep(1)
        with psycopg.connect(pg_server.dsn, autocommit=True) as admin:
            admin.execute(f"alter database {name} allow_connections false".encode())
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
            before = watched.memory_info().rss / 2**20
            until = time.monotonic() + AWAY_S
            for wave in range(1, WAVES + 1):
                for topic, payload, _ in bench_publisher.payloads(bench_publisher.events(WAVE, wave), 100):
                    edge.mqtt.publish(topic, payload, qos=1)
                time.sleep(max(until - time.monotonic(), 0) / (WAVES + 1 - wave))
                resident.append(watched.memory_info().rss / 2**20)
            assert not edge.confirmed
            admin.execute(f"alter database {name} allow_connections true".encode())
        eventually(lambda: sum(map(len, edge.confirmed.values())) > 0, timeout=60)
        with psycopg.connect(migrated, autocommit=True) as conn:

            def stored() -> bool:
                row = conn.execute("select (select count(*) from queue_sample) + (select count(*) from visit)").fetchone()
                return row is not None and row[0] == WAVES * WAVE

            eventually(stored, timeout=300)
        os.write(2, f"resident MiB: before {before:.0f}, by wave {[round(mib) for mib in resident]}\n".encode())
        assert max(resident[1:]) <= resident[0] + 16, "the first wave fills the window"
    finally:
        stop(process)
        edge.close()

"""The ingestor: MQTT in, committed rows out, then the acknowledgement and the confirmation, in this order.

Several ingestors may run at once on one shared subscription. While the database is down nothing is acknowledged, so the
broker holds back after ``window`` messages and memory stays flat; the outboxes at the edge keep everything.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from motcua.analytics import db
from motcua.analytics.settings import IngestSettings
from motcua.analytics.writer import Delivery, Written, write
from motcua.edge.messages import ROOT, ack_topic

SHARED = f"$share/ingest/{ROOT}/#"
HEALTH = f"{ROOT}/+/+/health"  # retained messages do not reach shared subscriptions
_IDLE_S = 0.01  # nothing more for this long: the batch is full enough
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0

log = logging.getLogger("motcua.ingest")


@dataclass(frozen=True, slots=True)
class _Arrived:
    delivery: Delivery
    mid: int
    qos: int
    connection: int  # acknowledging on another connection would acknowledge another message


class Ingestor:
    """One ingestor; :meth:`run` works until ``stop`` is set."""

    def __init__(self, settings: IngestSettings, stop: threading.Event) -> None:
        self.settings = settings
        self.totals = Written()
        self._stop = stop
        self._arrived: queue.Queue[_Arrived] = queue.Queue()
        self._connection = 0
        self._was_connected = True
        self._mqtt = self._client()

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Consume until stopped. Raises DbError where the schema is missing or not ours; outages are waited for."""
        self._mqtt.connect_async(
            self.settings.broker_host, self.settings.broker_port, 30, clean_start=True, properties=self._window()
        )
        self._mqtt.loop_start()
        housekeeping = threading.Thread(target=self._keep_house, name="housekeeping", daemon=True)
        try:
            conn = self._connect()
            housekeeping.start()
            on_ready()
            while not self._stop.is_set():
                batch = self._gather()
                if batch and conn is not None:
                    conn = self._store(conn, batch)
            if conn is not None:
                conn.close()
        finally:
            self._mqtt.disconnect()
            self._mqtt.loop_stop()

    def _client(self) -> mqtt.Client:
        s = self.settings
        client = mqtt.Client(CallbackAPIVersion.VERSION2, s.client_id, protocol=mqtt.MQTTv5, manual_ack=True)
        client.username_pw_set(s.broker_username, s.broker_password.get_secret_value())
        if s.broker_tls:
            client.tls_set(ca_certs=s.broker_ca_file)
        client.reconnect_delay_set(1, int(_LONGEST_PAUSE_S))
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _window(self) -> Properties:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = self.settings.window
        return properties

    def _on_connect(self, client: mqtt.Client, userdata: object, flags: object, reason: object, props: object) -> None:
        if getattr(reason, "is_failure", False):
            log.error("the broker refused the ingestor: %s; check user name and password", reason)
            return
        self._connection += 1
        self._was_connected = True
        log.info("connected to the broker %s:%s", self.settings.broker_host, self.settings.broker_port)
        client.subscribe([(SHARED, SubscribeOptions(qos=1)), (HEALTH, SubscribeOptions(qos=1))])

    def _on_disconnect(self, client: mqtt.Client, userdata: object, flags: object, reason: object, props: object) -> None:
        if self._was_connected and not self._stop.is_set():
            self._was_connected = False
            log.warning("lost the broker (%s): trying again", reason)

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        delivery = Delivery(message.topic, bytes(message.payload), datetime.now(UTC))
        self._arrived.put(_Arrived(delivery, message.mid, message.qos, self._connection))

    def _gather(self) -> list[_Arrived]:
        """The next batch: up to the window, ended by a moment of silence or after ``flush_s``."""
        try:
            batch = [self._arrived.get(timeout=0.2)]
        except queue.Empty:
            return []
        end = time.monotonic() + self.settings.flush_s
        while len(batch) < self.settings.window and (left := end - time.monotonic()) > 0:
            try:
                batch.append(self._arrived.get(timeout=min(_IDLE_S, left)))
            except queue.Empty:
                break
        return batch

    def _store(self, conn: psycopg.Connection, batch: list[_Arrived]) -> psycopg.Connection | None:
        """Commit the batch, however long the database is away or full; then acknowledge and confirm."""
        current: psycopg.Connection | None = conn
        pause = _FIRST_PAUSE_S
        while current is not None:
            try:
                written = write(current, [a.delivery for a in batch])
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if pause == _FIRST_PAUSE_S:
                    log.warning(
                        "the database does not take a batch (%s): nothing is acknowledged until it does", _line(error)
                    )
                current.close()
                self._stop.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
                current = self._connect()
                continue
            if pause > _FIRST_PAUSE_S:
                log.info("the database takes batches again")
            self._confirm(batch, written)
            return current
        return None

    def _confirm(self, batch: list[_Arrived], written: Written) -> None:
        self.totals.messages += written.messages
        self.totals.stored += written.stored
        self.totals.wills += written.wills
        self.totals.dead += written.dead
        for arrived in batch:
            if arrived.qos and arrived.connection == self._connection:
                self._mqtt.ack(arrived.mid, arrived.qos)
        for (office_id, source_id), confirmation in written.confirmations():
            self._mqtt.publish(ack_topic(office_id, source_id), confirmation.model_dump_json(), qos=1)
        if written.dead:
            log.warning("%d bad message(s) went to the dead letters", written.dead)

    def _connect(self) -> psycopg.Connection | None:
        """A connection to a migrated database; waits for it with capped back-off; None when stopped meanwhile."""
        pause, told = _FIRST_PAUSE_S, False
        while not self._stop.is_set():
            try:
                conn = psycopg.connect(
                    self.settings.dsn.get_secret_value(),
                    autocommit=True,
                    connect_timeout=5,
                    application_name="motcua ingest",
                )
                db.require_current(conn)
                if told:
                    log.info("the database is back")
                return conn
            except psycopg.OperationalError as error:
                if not told:
                    log.warning("the database cannot be reached (%s): waiting for it", _line(error))
                told = True
            self._stop.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        return None

    def _keep_house(self) -> None:
        while not self._stop.wait(self.settings.housekeeping_s):
            try:
                with db.connect(self.settings.dsn.get_secret_value()) as conn:
                    db.refresh_rollups(conn)
            except (db.DbError, psycopg.Error) as error:
                log.warning("rollups were not refreshed (%s): trying again later", _line(error))


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]

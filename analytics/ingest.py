"""The ingestor: MQTT in, committed rows out, then the acknowledgement and the confirmation, in this order.

Several ingestors may run at once on one shared subscription. While the database is down nothing is acknowledged, so the
broker holds back after ``window`` messages and memory stays flat; the outboxes at the edge keep everything.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg

from motcua.analytics import db, retention
from motcua.analytics.batch import Batch, Delivery
from motcua.analytics.feed import Address, Feed
from motcua.analytics.ingest_status import IngestState
from motcua.analytics.packets import Publish
from motcua.analytics.settings import IngestSettings
from motcua.analytics.writer import Written, store
from motcua.edge.messages import ROOT, ack_topic

SHARED = f"$share/ingest/{ROOT}/#"
HEALTH = f"{ROOT}/+/+/health"  # retained messages do not reach shared subscriptions
FULL_EVENTS, MOST_EVENTS, MOST_BYTES = 8000, 32_000, 64 * 1024 * 1024
WRITERS = 2
_IDLE_S = 0.01  # nothing more for this long: the batch is full enough
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0

log = logging.getLogger("motcua.ingest")


@dataclass(slots=True, eq=False)
class _Window:
    """What arrived since the writer took the window before."""

    batch: Batch = field(default_factory=Batch)
    mids: list[int] = field(default_factory=list)
    connection: int = 0  # acknowledging on another connection would acknowledge another message
    bytes: int = 0
    first_at: float = 0.0
    last_at: float = 0.0

    @property
    def events(self) -> int:
        return self.batch.messages + len(self.batch.dead)


class Ingestor:
    """One ingestor; :meth:`run` works until ``stop`` is set. One thread reads and decodes while others store."""

    def __init__(self, settings: IngestSettings, stop: threading.Event) -> None:
        s = self.settings = settings
        self.totals = Written()
        self.problem: str | None = "the database was not reached yet"
        self.stored_at: float | None = None
        self._stop = stop
        self._changed = threading.Condition()
        self._filling, self._storing = _Window(), list[_Window]()
        self._failure: Exception | None = None
        address = Address(
            s.broker_host,
            s.broker_port,
            s.broker_username,
            s.broker_secret(),
            s.client_id,
            s.window,
            s.broker_tls,
            s.broker_ca_file,
        )
        self._feed = Feed(address, (SHARED, HEALTH), self._arrive, self._has_room)

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Consume until stopped. Raises DbError where the schema is missing or not ours; outages are waited for."""
        done = threading.Event()
        feeding = threading.Thread(target=self._feed.run, args=(done,), name="feed", daemon=True)
        housekeeping = threading.Thread(target=self._keep_house, name="housekeeping", daemon=True)
        helpers: list[threading.Thread] = []
        feeding.start()
        try:
            conn = self._connect()
            for k in range(1, WRITERS):
                helpers.append(threading.Thread(target=self._help, name=f"writer {k}", daemon=True))
                helpers[-1].start()
            housekeeping.start()
            on_ready()
            self._work(conn)
            if self._failure is not None:
                raise self._failure
        finally:
            done.set()
            self._feed.wake()
            for thread in (*helpers, feeding):
                thread.join(5)

    def _help(self) -> None:
        """Another writer: its COPY goes on while the other waits for its commit."""
        try:
            self._work(self._connect())
        except Exception as error:
            log.exception("a writer ended")
            self._failure = error
            self._stop.set()

    def _work(self, conn: psycopg.Connection | None) -> None:
        while not self._stop.is_set() and conn is not None:
            window = self._take()
            if window is not None:
                conn = self._store(conn, window)
        if conn is not None:
            conn.close()

    def state(self) -> IngestState:
        """How it is now."""
        away = None if self._feed.connected else "the broker is not connected: check that it runs, and the network"
        with self._changed:
            waiting = sum(len(w.batch.deliveries) for w in (self._filling, *self._storing))
            counts = (self.totals.messages, self.totals.dead, waiting, self.settings.window)
        return IngestState(self.problem or away, *counts, self.stored_at)

    def _arrive(self, messages: list[Publish], connection: int) -> None:
        """In the feed's thread: decode into the window that is filling."""
        at, now = datetime.now(UTC), time.monotonic()
        for message in messages:
            delivery = Delivery(message.topic.decode(errors="replace"), message.payload, at)
            with self._changed:
                window = self._filling
                began, full = not window.batch.deliveries, self._is_full(window)
                if began:
                    window.first_at = now
                if window.connection != connection:
                    window.connection, window.mids = connection, []
                window.last_at = now
                window.bytes += len(message.payload)
                if message.mid:
                    window.mids.append(message.mid)
                window.batch.take(delivery)
                if began or self._is_full(window) > full:
                    self._changed.notify()

    def _is_full(self, window: _Window) -> bool:
        """A part of what the broker may send: the rest comes while this one is stored."""
        return len(window.batch.deliveries) >= self.settings.window // (WRITERS + 1) or window.events >= FULL_EVENTS

    def _has_room(self) -> bool:
        held = (self._filling, *self._storing)
        return (
            sum(len(w.batch.deliveries) for w in held) < self.settings.window
            and sum(w.events for w in held) < MOST_EVENTS
            and sum(w.bytes for w in held) < MOST_BYTES
        )

    def _take(self) -> _Window | None:
        """The next window: full, or ended by a moment of silence, or ``flush_s`` old; a full one waits for nothing."""
        with self._changed:
            if not self._filling.batch.deliveries:
                self._changed.wait(0.2)
            while not self._stop.is_set() and (window := self._filling).batch.deliveries:
                due = min(window.first_at + self.settings.flush_s, window.last_at + _IDLE_S) - time.monotonic()
                if due <= 0 or self._is_full(window):
                    self._filling = _Window()
                    self._storing.append(window)
                    return window
                self._changed.wait(due)
        return None

    def _store(self, conn: psycopg.Connection, window: _Window) -> psycopg.Connection | None:
        """Commit the window, however long the database is away or full; then acknowledge and confirm."""
        current: psycopg.Connection | None = conn
        pause = _FIRST_PAUSE_S
        while current is not None:
            try:
                written = store(current, window.batch)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                self.problem = f"the database does not take a batch ({_line(error)}): nothing is acknowledged until it does"
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
            self.problem, self.stored_at = None, time.monotonic()
            self._confirm(window, written)
            return current
        return None

    def _confirm(self, window: _Window, written: Written) -> None:
        words = [(ack_topic(*source), word.model_dump_json().encode()) for source, word in written.confirmations()]
        with self._changed:
            self.totals.count(written)
            self._storing.remove(window)
        self._feed.send(window.connection, window.mids, words)
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
                self.problem = None
                if told:
                    log.info("the database is back")
                return conn
            except psycopg.OperationalError as error:
                self.problem = f"the database cannot be reached ({_line(error)}): nothing is acknowledged until it can"
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
                    for gone in retention.apply(conn, datetime.now(UTC)):
                        log.info("deleted %d rows of %s before %s", gone.rows, gone.table, gone.before.date())
            except (db.DbError, psycopg.Error) as error:
                log.warning("housekeeping failed (%s): trying again later", _line(error))


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]

"""The publisher: a thread that carries the outbox to the broker and empties it by the ingestor's confirmations alone.

A PUBACK of the broker deletes nothing: some brokers forget on restart. Rows without a confirmation are sent again after a
while, and all of them after every reconnection; the ingestor knows a message by its id.

What is put from now on goes at once, and the newest sample of each kind before anything else: a backlog goes beside them, the
oldest first, as much of it as confirmations show that the province can take without making live messages wait.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from itertools import groupby

from pydantic import ValidationError

from motcua.edge.messages import Confirmation, Offline, ack_topic, topic
from motcua.edge.mqtt import BrokerError, Link
from motcua.edge.outbox import SAMPLES, Outbox, OutboxError, Row
from motcua.edge.settings import BrokerSettings
from motcua.edge.window import Window

log = logging.getLogger(__name__)

Key = tuple[int, int]  # epoch, seq

MAX_BATCH_BYTES = 64 * 1024
_POLL_S = 0.05
_LONGEST_RESEND = 10  # times resend_s, while no confirmation comes at all
_BACK_OFF_S = (0.5, 30.0)


class Publisher:
    """Carries one source's outbox. Start it once; it reconnects for ever, until it is stopped."""

    def __init__(
        self,
        outbox: Outbox,
        broker: BrokerSettings,
        office_id: str,
        source_id: str,
        *,
        resend_s: float = 30.0,
        window: int = 1000,
        batch: int = 100,
        back_off_s: tuple[float, float] = _BACK_OFF_S,
    ) -> None:
        """window: rows on their way without a confirmation, live ones and backlog each; batch: messages in one payload."""
        self._outbox, self._broker = outbox, broker
        self._office_id, self._source_id = office_id, source_id
        self._resend_s, self._window, self._batch, self._back_off_s = resend_s, window, batch, back_off_s
        self._stop = threading.Event()
        self._stop_by = float("inf")
        self._thread = threading.Thread(target=self._run, name=f"publish {source_id}", daemon=True)
        self._on_the_way: dict[Key, tuple[float, bool]] = {}  # when it was sent, and whether it is live
        self._backlog_window = Window(min(batch, window), window)
        self._backlog = self._mark = self._live = (0, 0)  # sent up to; where the backlog ends; sent up to
        self._first: list[Key] = []
        self._patience_s = resend_s
        self.connections = 0
        self.problem: str | None = "not connected yet"

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self.problem is None

    def start(self) -> None:
        """Begin to connect and to send."""
        self._thread.start()

    def stop(self, drain_s: float = 3.0) -> None:
        """Send and have confirmed what is possible within ``drain_s``, then leave. The rest stays in the outbox."""
        self._stop_by = time.monotonic() + drain_s
        self._stop.set()
        self._thread.join(drain_s + 2)

    def _run(self) -> None:
        wait_s = self._back_off_s[0]
        while not self._stop.is_set():
            try:
                link = self._connect()
            except BrokerError as error:
                self._lost(str(error))
                self._stop.wait(wait_s)
                wait_s = min(2 * wait_s, self._back_off_s[1])
                continue
            wait_s = self._back_off_s[0]
            try:
                self._serve(link)
            except OutboxError as error:
                link.cut()
                self._lost(str(error))
                self._stop.wait(wait_s)
            except Exception as error:  # whatever it is: the camera goes on, and sending is tried again
                link.cut()
                log.exception("%s: publishing failed", self._source_id)
                self._lost(f"publishing failed ({type(error).__name__}): see the log")
                self._stop.wait(wait_s)

    def _connect(self) -> Link:
        self._epoch = self._outbox.epoch
        link = Link(
            self._broker,
            f"{self._office_id}-{self._source_id}",
            will=(
                topic(self._office_id, self._source_id, "health"),
                Offline(epoch=self._epoch).model_dump_json().encode(),
            ),
            subscribe=ack_topic(self._office_id, self._source_id),
            on_message=self._confirmed,
        )
        if self.problem is not None:
            log.info("%s: broker %s is there", self._source_id, self._broker.address)
        self.problem = None
        self.connections += 1
        return link

    def _lost(self, problem: str) -> None:
        if problem != self.problem and not self._stop.is_set():
            log.warning("%s: %s; trying again, nothing is lost meanwhile", self._source_id, problem)
        self.problem = problem

    def _serve(self, link: Link) -> None:
        """Send until the connection is lost, a new epoch needs a new last will, or the end."""
        self._send_all_again()
        while self._epoch == self._outbox.epoch:
            if not link.loop(_POLL_S) or not self._send(link):
                link.cut()
                self._lost(f"broker {self._broker.address} was lost: check that it runs, and the network")
                return
            if self._stop.is_set() and (not self._outbox.size().rows or time.monotonic() > self._stop_by):
                break
        link.close()

    def _send(self, link: Link) -> bool:
        """Send what fits into the windows; False when the connection is lost."""
        now = time.monotonic()
        if self._on_the_way and now - next(iter(self._on_the_way.values()))[0] > self._patience_s:
            self._patience_s = min(2 * self._patience_s, _LONGEST_RESEND * self._resend_s)
            self._backlog_window.silent()
            self._send_all_again()
        live = sum(is_live for _, is_live in self._on_the_way.values())
        return self._send_live(link, now, self._window - live) and self._send_backlog(
            link, now, self._backlog_window.size - (len(self._on_the_way) - live)
        )

    def _send_live(self, link: Link, now: float, room: int) -> bool:
        """How things are, and what was put since."""
        if room <= 0:
            return True
        rows = self._outbox.pending(room, self._live)
        if len(rows) == room:  # more than may be on its way has come together: it is backlog now
            self._mark_backlog()
            rows = []
        first = [row for epoch, seq in self._first for row in self._outbox.pending(1, (epoch, seq - 1)) if row.seq == seq]
        self._first = []
        if rows:
            self._live = (rows[-1].epoch, rows[-1].seq)
        return self._publish(link, first, now, live=True) and self._publish(link, rows, now, live=True)

    def _send_backlog(self, link: Link, now: float, room: int) -> bool:
        if room <= 0 or self._backlog >= self._mark:
            return True
        rows = self._outbox.pending(room, self._backlog)
        self._backlog = (rows[-1].epoch, rows[-1].seq) if rows else self._mark
        waiting = [r for r in rows if (r.epoch, r.seq) <= self._mark and (r.epoch, r.seq) not in self._on_the_way]
        return self._publish(link, waiting, now, live=False)

    def _publish(self, link: Link, rows: Sequence[Row], now: float, *, live: bool) -> bool:
        newest_health = self._outbox.newest("health") if any(row.type == "health" for row in rows) else None
        for batch in batches(rows, self._batch):
            first = batch[0]
            # Only the newest state is retained: an older one sent again must not take its place.
            retain = first.type == "health" and (first.epoch, first.seq) == newest_health
            if not link.publish(topic(self._office_id, self._source_id, first.type), payload(batch), retain=retain):
                return False
            self._on_the_way.update({(row.epoch, row.seq): (now, live) for row in batch})
        return True

    def _send_all_again(self) -> None:
        self._on_the_way.clear()
        self._mark_backlog()

    def _mark_backlog(self) -> None:
        """All that waits is backlog, but for the newest of each sample: it tells how things are now."""
        self._backlog = (0, 0)
        self._mark = self._live = self._outbox.newest() or (0, 0)
        self._first = [key for type_ in SAMPLES if (key := self._outbox.newest(type_)) and key not in self._on_the_way]

    def _confirmed(self, body: bytes) -> None:
        try:
            word = Confirmation.model_validate_json(body)
        except ValidationError:
            log.warning("%s: a confirmation could not be read: %r", self._source_id, body[:200])
            return
        self._outbox.confirm(word.epoch, word.ranges)
        self._patience_s = self._resend_s
        keys = [k for k in self._on_the_way if k[0] == word.epoch and any(a <= k[1] <= b for a, b in word.ranges)]
        if keys:
            now = time.monotonic()
            self._backlog_window.confirmed(len(keys), now - min(self._on_the_way[k][0] for k in keys), now)
        for key in keys:
            del self._on_the_way[key]


def batches(rows: Sequence[Row], size: int, max_bytes: int = MAX_BATCH_BYTES) -> list[list[Row]]:
    """Rows cut into payloads, their order kept: of one type each; health alone, since it is retained."""
    result: list[list[Row]] = []
    for type_, run in groupby(rows, key=lambda row: row.type):
        batch: list[Row] = []
        for row in run:
            full = len(batch) >= (1 if type_ == "health" else size)
            if batch and (full or sum(len(r.body) + 1 for r in batch) + len(row.body) > max_bytes):
                result.append(batch)
                batch = []
            batch.append(row)
        result.append(batch)
    return result


def payload(batch: Sequence[Row]) -> bytes:
    """One message as an object, several as an array."""
    return batch[0].body if len(batch) == 1 else b"[" + b",".join(row.body for row in batch) + b"]"

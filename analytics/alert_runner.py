"""The runner of alerts: looks at the figures every few seconds and sends what is due. One works, others stand by.

Everything it knows lies in the database: it may be ended at any time, and several may be started. Each channel is used by a
thread of its own, so that one that hangs holds up nothing; threads send, this one reads and writes. A message whose outcome
could not be written is sent again: twice is better than never.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from motcua.analytics import alert_notices, channels, db
from motcua.analytics.alert_look import Asked, look
from motcua.analytics.alert_words import message
from motcua.analytics.channels import Channel
from motcua.analytics.settings import AlertSettings
from motcua.analytics.store import Connection, Row

log = logging.getLogger("motcua.alerts")
_LOCK = 7_203_415_014  # advisory: one runner at a time
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
MOST_AT_ONCE = 200
"""Messages that are joined into one at the most."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    channel: Channel
    notices: Sequence[Row]
    error: str | None


class Runner:
    """One runner; :meth:`run` works until ``stop`` is set."""

    def __init__(
        self,
        settings: AlertSettings,
        stop: threading.Event,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        send: Callable[[Channel, str, str], str | None] = channels.send,
    ) -> None:
        self._settings, self._stop, self._clock, self._send = settings, stop, clock, send
        self._channels = channels.read(settings.channels_file) if settings.channels_file else []
        self._outcomes: queue.Queue[_Outcome] = queue.Queue()
        self._busy: set[str] = set()
        self._asked = Asked()

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Work until stopped; a database that is away is waited for. Raises DbError where the schema is missing or not ours."""
        ready, told, pause = False, False, _FIRST_PAUSE_S
        while not self._stop.is_set():
            try:
                with psycopg.connect(
                    self._settings.dsn.get_secret_value(),
                    autocommit=True,
                    connect_timeout=5,
                    application_name="motcua alerts",
                ) as conn:
                    db.require_current(conn)
                    if told:
                        log.info("the database is back")
                    told, pause = False, _FIRST_PAUSE_S
                    if not ready:
                        ready = True
                        on_ready()
                    self._work(conn)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if not told:
                    log.warning("the database cannot be reached (%s): waiting for it", _line(error))
                told = True
                self._stop.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _work(self, conn: Connection) -> None:
        if not self._take_over(conn):
            return
        alert_notices.know(conn, self._channels)
        log.info("looking every %g s; channels: %s", self._settings.every_s, channels.names(self._channels))
        look_at = send_at = time.monotonic()
        while not self._stop.is_set():
            if (now := time.monotonic()) >= look_at:
                self._look(conn)
                look_at, send_at = max(look_at + self._settings.every_s, now), now
            if now >= send_at:
                self._start_sending(conn)
                send_at = now + min(1.0, self._settings.every_s)
            try:
                self._write(conn, self._outcomes.get(timeout=min(0.2, max(0.01, look_at - time.monotonic()))))
                send_at = now
            except queue.Empty:
                continue

    def _take_over(self, conn: Connection) -> bool:
        """Wait until no other runner works; False where stopped meanwhile."""
        told = False
        while not self._stop.is_set():
            if conn.execute("select pg_try_advisory_lock(%s)", [_LOCK]).fetchone() == (True,):
                return True
            if not told:
                log.info("another runner works: standing by")
            told = True
            self._stop.wait(min(2.0, self._settings.every_s))
        return False

    def _look(self, conn: Connection) -> None:
        try:
            for event in look(conn, self._clock(), self._settings.stale_after_s, self._channels, self._asked):
                log.info("%s: %s %s at %s %s", event.alert_id, event.event, *reversed(event.key[:2]), event.key.subject)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            raise
        except Exception:
            log.exception("a look failed: the next one comes in %g s", self._settings.every_s)

    def _start_sending(self, conn: Connection) -> None:
        idle = [c for c in self._channels if c.name not in self._busy]
        if not idle:
            return
        waiting = alert_notices.waiting(conn, self._clock(), timedelta(seconds=self._settings.give_up_after_s))
        for channel in idle:
            notices = [_for(channel, notice) for notice in waiting.get(channel.name, [])[:MOST_AT_ONCE]]
            if notices:
                self._busy.add(channel.name)
                threading.Thread(target=self._deliver, args=(channel, notices), name=channel.name, daemon=True).start()

    def _deliver(self, channel: Channel, notices: Sequence[Row]) -> None:
        """In the channel's own thread."""
        error: str | None = "refused"
        try:
            title, body = message(notices, channel.languages, self._settings.staff_url)
            error = self._send(channel, title, body)
        except Exception:
            log.exception("channel %s: a message could not be made", channel.name)
        self._outcomes.put(_Outcome(channel, notices, error))

    def _write(self, conn: Connection, outcome: _Outcome) -> None:
        name, now = outcome.channel.name, self._clock()
        try:
            if outcome.error is None:
                alert_notices.sent(conn, name, outcome.notices, now, self._settings.message_gap_s)
            else:
                pause = alert_notices.failed(conn, name, outcome.notices, outcome.error, now)
                log.warning("channel %s did not take a message (%s): again in %.0f s", name, outcome.error, pause)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            self._outcomes.put(outcome)  # the next connection writes it
            raise
        self._busy.discard(name)


def _for(channel: Channel, notice: Row) -> Row:
    """A notice with only what this channel takes; its scope was looked at when it was planned."""
    taken = [a for a in notice["alerts"] if channel.takes(channel.offices, a["kind"], a["provenance"])]
    return {**notice, "alerts": taken}


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]

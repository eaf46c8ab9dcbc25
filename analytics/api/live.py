"""Live events: one LISTEN connection a process, fanned out to every open page."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psycopg

from motcua.analytics.writer import CHANNEL

log = logging.getLogger("motcua.api")

COALESCE_S = 0.5
PING_S = 15.0
_LONGEST_PAUSE_S = 10.0


class Subscriber:
    """One open page: the offices it may see that have news. Bounded by their number, however slow the page is."""

    def __init__(self, allowed: set[str] | None) -> None:
        self._allowed = allowed
        self._news: set[str] = set()
        self._wake = asyncio.Event()

    def tell(self, offices: list[str]) -> None:
        """News of these offices."""
        self._news.update(o for o in offices if self._allowed is None or o in self._allowed)
        if self._news:
            self._wake.set()

    async def news(self, within_s: float) -> list[str]:
        """The offices with news, as soon as there are any; none after ``within_s``."""
        try:
            await asyncio.wait_for(self._wake.wait(), within_s)
        except TimeoutError:
            return []
        self._wake.clear()
        offices, self._news = sorted(self._news), set()
        return offices


class Hub:
    """Hears the database and tells the subscribers."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._subscribers: set[Subscriber] = set()
        self._task: asyncio.Task[None] | None = None
        self.listening = False

    def __len__(self) -> int:
        return len(self._subscribers)

    async def start(self) -> None:
        """Begin to listen, for as long as the process lives."""
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """End."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def events(self, allowed: set[str] | None) -> AsyncIterator[list[str]]:
        """Lists of offices with news, at most one each half second; an empty list is a sign of life."""
        subscriber = Subscriber(allowed)
        self._subscribers.add(subscriber)
        try:
            while True:
                yield await subscriber.news(PING_S)
                await asyncio.sleep(COALESCE_S)
        finally:
            self._subscribers.discard(subscriber)

    async def _listen(self) -> None:
        pause, told = 0.5, False
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True, connect_timeout=5) as conn:
                    await conn.execute(f"listen {CHANNEL}".encode())
                    self.listening, pause = True, 0.5
                    if told:
                        log.info("live events: the database is back")
                    told = False
                    async for notice in conn.notifies():
                        offices = json.loads(notice.payload)["offices"]
                        for subscriber in list(self._subscribers):
                            subscriber.tell(offices)
            except (psycopg.Error, OSError) as error:
                self.listening = False
                if not told:
                    log.warning("live events: lost the database (%s), trying again", str(error).strip().splitlines()[-1:])
                told = True
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)


def encode(offices: list[str]) -> str:
    """Server-sent events of one list of offices; of an empty one, a ping."""
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    if not offices:
        return f'event: ping\ndata: {{"at":"{at}"}}\n\n'
    return "".join(f"event: office\ndata: {json.dumps({'office_id': o, 'at': at})}\n\n" for o in offices)

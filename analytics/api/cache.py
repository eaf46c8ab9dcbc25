"""Answers that everybody gets: computed once for a while, encoded and compressed once."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Bytes to send, the same compressed, and their entity tag."""

    body: bytes
    compressed: bytes
    etag: str


def encoded(body: bytes) -> Encoded:
    """Compressed without a time in it, so that equal bytes stay equal."""
    return Encoded(body, gzip.compress(body, 6, mtime=0), f'"{hashlib.sha256(body).hexdigest()[:32]}"')


class Cached(Generic[Model]):
    """One answer, computed at most once in ``fresh_for``; those who ask meanwhile wait for the one computation."""

    def __init__(self, compute: Callable[[datetime], Model], fresh_for: timedelta) -> None:
        self._compute, self._fresh_for = compute, fresh_for
        self._lock = threading.Lock()
        self._held: tuple[datetime, Model, Encoded] | None = None

    def peek(self, at: datetime) -> tuple[Model, Encoded] | None:
        """The answer if it is fresh: no waiting."""
        held = self._held
        if held is None or not timedelta(0) <= at - held[0] < self._fresh_for:
            return None
        return held[1], held[2]

    def get(self, at: datetime) -> tuple[Model, Encoded]:
        """The answer, computed where it must be."""
        with self._lock:
            if (fresh := self.peek(at)) is not None:
                return fresh
            model = self._compute(at)
            answer = encoded(model.model_dump_json().encode())
            self._held = (at, model, answer)
            return model, answer

    async def aget(self, at: datetime) -> tuple[Model, Encoded]:
        """The same for an endpoint that must not block."""
        fresh = self.peek(at)
        return await run_in_threadpool(self.get, at) if fresh is None else fresh


def respond(request: Request, answer: Encoded, max_age_s: int, media_type: str = "application/json") -> Response:
    """The answer as it was compressed once, or 304 where the browser holds it."""
    headers = {"ETag": answer.etag, "Cache-Control": f"public, max-age={max_age_s}", "Vary": "Accept-Encoding"}
    given = request.headers.get("if-none-match")
    if given and answer.etag in [tag.strip().removeprefix("W/") for tag in given.split(",")]:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(answer.compressed, media_type=media_type, headers=headers)
    return Response(answer.body, media_type=media_type, headers=headers)

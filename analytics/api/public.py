"""The public part: no login, real data only, cached, limited."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Response

from motcua.analytics import store
from motcua.analytics.api import views
from motcua.analytics.api.context import Context, ContextDep, NowDep, OfficeId, public_limit
from motcua.analytics.api.models import Definition, Problem, PublicOffice, PublicOffices

CACHED_FOR = timedelta(seconds=5)
DEFINITION = Definition(
    vi=(
        "Thời gian chờ dự kiến của người đến lúc này: từ khi đứng vào hàng đến khi được tiếp nhận tại quầy, "
        "kèm khoảng tin cậy 80 %. Chưa biết thì ghi là chưa có số liệu."
    ),
    en=(
        "Expected wait of somebody who arrives now: from joining the queue to being received at a counter, "
        "with its 80 % interval. What is not known is shown as unknown."
    ),
)

routes = APIRouter(prefix="/api/v1/public", tags=["public"], dependencies=[Depends(public_limit)])


@dataclass(slots=True)
class _Cache:
    at: datetime | None = None
    answer: PublicOffices | None = None
    body: bytes = b""
    etag: str = ""


class PublicAnswers:
    """The answer that everybody gets, computed at most once in five seconds."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._cache = _Cache()
        self._lock = threading.Lock()

    def get(self, at: datetime) -> tuple[PublicOffices, bytes, str]:
        """Answer, its JSON, its entity tag."""
        with self._lock:
            c = self._cache
            if c.answer is None or c.at is None or not timedelta(0) <= at - c.at < CACHED_FOR:
                answer = self._compute(at)
                body = answer.model_dump_json().encode()
                etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
                self._cache = c = _Cache(at, answer, body, etag)
            assert c.answer is not None
            return c.answer, c.body, c.etag

    def _compute(self, at: datetime) -> PublicOffices:
        s = self._ctx.settings
        with self._ctx.connection() as conn:
            offices = [o for o in store.offices(conn, store.day_of(at)) if o["level"] != "demo"]
            queues = views.by_office(store.queue_now(conn))
        return PublicOffices(
            generated_at=at,
            target_wait_s=s.target_wait_s,
            address_confirmed=s.public_address_confirmed,
            definition=DEFINITION,
            offices=[views.public_office(o, queues.get(o["office_id"], []), at, s.stale_after_s, s.k_min) for o in offices],
        )


def answers(ctx: ContextDep) -> PublicAnswers:
    """The process's public answers."""
    return ctx.public_answers


AnswersDep = Annotated[PublicAnswers, Depends(answers)]


@routes.get(
    "/offices", response_model=PublicOffices, responses={304: {"description": "not changed"}, 503: {"model": Problem}}
)
def offices(found: AnswersDep, at: NowDep, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """Every office of today with its place and its wait now."""
    _, body, etag = found.get(at)
    headers = {"ETag": etag, "Cache-Control": "public, max-age=5", "Vary": "Accept-Encoding"}
    if if_none_match and etag in [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@routes.get("/offices/{office_id}", responses={404: {"model": Problem}, 503: {"model": Problem}})
def office(office_id: OfficeId, found: AnswersDep, at: NowDep) -> PublicOffice:
    """One office."""
    answer, _, _ = found.get(at)
    for one in answer.offices:
        if one.office_id == office_id:
            return one
    raise HTTPException(404, "there is no such office")


@routes.get("/definitions")
def definitions() -> dict[str, Any]:
    """What the public figures mean."""
    return {"wait": DEFINITION}

"""The public part: no login, real data only, cached, limited."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from starlette.types import Scope

from motcua.analytics import facts, store
from motcua.analytics.api import public_views, published, views
from motcua.analytics.api.cache import Cached, respond
from motcua.analytics.api.context import (
    Context,
    ContextDep,
    NowDep,
    OfficeId,
    client_address,
    limited_report,
    now,
    public_limit,
)
from motcua.analytics.api.models import (
    Definition,
    NewReport,
    Problem,
    Procedures,
    PublicOffice,
    PublicOffices,
    PublicSatisfaction,
    Received,
    Week,
)

OFFICES_PATH = "/api/v1/public/offices"
CACHED_FOR = timedelta(seconds=5)
FACTS_FOR, WEEK_FOR, SATISFACTION_FOR = timedelta(seconds=60), timedelta(minutes=10), timedelta(hours=1)
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
SATISFACTION = Definition(
    vi=(
        "Tỷ lệ câu trả lời hài lòng trong một quý đã kết thúc, kèm khoảng tin cậy 95 % (Wilson). Chỉ công bố khi có ít nhất 3 công chức "
        "đứng sau và không ai có quá nửa số câu trả lời; công bố một lần, không tính lại."
    ),
    en=(
        "Share of satisfied answers in a quarter that has ended, with its 95 % interval (Wilson). Published only where at least 3 officers "
        "stand behind it and none has over half of the answers; published once, never reckoned again."
    ),
)
_ANSWERS: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 503: {"model": Problem}}

routes = APIRouter(prefix="/api/v1/public", tags=["public"], dependencies=[Depends(public_limit)])


class PublicAnswers:
    """The answers that everybody gets."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.offices = Cached(self._offices, CACHED_FOR)
        self.procedures = Cached(self._procedures, FACTS_FOR)
        self._weeks: tuple[datetime, dict[str, Week]] | None = None
        self._satisfaction: tuple[datetime, dict[str, PublicSatisfaction]] | None = None

    def weeks(self, at: datetime) -> dict[str, Week]:
        """The hours of the week of every office that has any, computed at most once in ten minutes."""
        held = self._weeks
        if held is None or not timedelta(0) <= at - held[0] < WEEK_FOR:
            s = self._ctx.settings
            _, until = store.span_of(store.day_of(at))
            since = until - timedelta(weeks=s.best_times_weeks)
            with self._ctx.connection() as conn:
                grouped = views.by_office(facts.waits_by_week(conn, since, until))
            held = at, {o: public_views.week_of(rows, since, until, s.k_min) for o, rows in grouped.items()}
            self._weeks = held
        return held[1]

    def satisfaction(self, at: datetime) -> dict[str, PublicSatisfaction]:
        """What is published of every office of today, looked at at most once in an hour."""
        held = self._satisfaction
        if held is None or not timedelta(0) <= at - held[0] < SATISFACTION_FOR:
            s = self._ctx.settings
            with self._ctx.connection() as conn:
                ids = [o["office_id"] for o in store.offices(conn, store.day_of(at)) if o["level"] != "demo"]
                found = published.published(conn, ids, at, s.satisfaction_settle_days, s.k_min)
            self._satisfaction = held = at, found
        return held[1]

    def _offices(self, at: datetime) -> PublicOffices:
        satisfaction = self.satisfaction(at)
        s, today, weeks = self._ctx.settings, store.day_of(at), self.weeks(at)
        with self._ctx.connection() as conn:
            offices = [o for o in store.offices(conn, today) if o["level"] != "demo"]
            queues = views.by_office(store.queue_now(conn))
            hours = views.by_office(facts.opening_hours(conn))
            holidays = facts.holidays(conn, today, today + timedelta(days=10))
            access = {row["office_id"]: row for row in facts.access(conn)}
        return PublicOffices(
            generated_at=at,
            target_wait_s=s.target_wait_s,
            address_confirmed=s.public_address_confirmed,
            definition=DEFINITION,
            offices=[
                public_views.public_office(
                    o,
                    queues.get(o["office_id"], []),
                    hours.get(o["office_id"], []),
                    holidays,
                    access.get(o["office_id"], {}),
                    weeks.get(o["office_id"]),
                    at,
                    s.stale_after_s,
                    s.k_min,
                    satisfaction.get(o["office_id"]),
                )
                for o in offices
            ],
        )

    def _procedures(self, at: datetime) -> Procedures:
        with self._ctx.connection() as conn:
            offices = [o["office_id"] for o in store.offices(conn, store.day_of(at)) if o["level"] != "demo"]
            return public_views.procedures(facts.procedures(conn), offices)


async def answers(ctx: ContextDep) -> PublicAnswers:
    """The process's public answers."""
    return ctx.public_answers


AnswersDep = Annotated[PublicAnswers, Depends(answers)]


@routes.get(
    "/offices", response_model=PublicOffices, responses={304: {"description": "not changed"}, 503: {"model": Problem}}
)
async def offices(request: Request, found: AnswersDep, at: NowDep) -> Response:
    """Every office of today with its place, its hours and its wait now."""
    _, answer = await found.offices.aget(at)
    return respond(request, answer, 5)


def held(scope: Scope) -> Response | None:
    """The answer of ``offices`` if it is fresh and within the caller's limit: the one question that every open page repeats, without a way through the application."""
    ctx: Context = scope["app"].state.context
    fresh = ctx.public_answers.offices.peek(now())
    request = Request(scope)
    if fresh is None or ctx.public.wait_s(client_address(request, ctx), time.monotonic()) > 0:
        return None
    return respond(request, fresh[1], 5)


@routes.get("/offices/{office_id}", responses=_ANSWERS)
async def office(office_id: OfficeId, found: AnswersDep, at: NowDep) -> PublicOffice:
    """One office."""
    answer, _ = await found.offices.aget(at)
    for one in answer.offices:
        if one.office_id == office_id:
            return one
    raise HTTPException(404, "there is no such office")


@routes.get("/offices/{office_id}/week", responses=_ANSWERS)
def week(office_id: OfficeId, found: AnswersDep, at: NowDep) -> Week:
    """The hours of the week of one office, and the best of them to come. 404 where nothing is known yet."""
    answer, _ = found.offices.get(at)
    known = found.weeks(at).get(office_id)
    if known is None or office_id not in {o.office_id for o in answer.offices}:
        raise HTTPException(404, "there is no such office, or nothing is known of its weeks yet")
    return known


@routes.get("/procedures", response_model=Procedures, responses={503: {"model": Problem}})
async def procedures(request: Request, found: AnswersDep, at: NowDep) -> Response:
    """Every procedure, and which offices take it. Empty until the province's list is imported."""
    _, answer = await found.procedures.aget(at)
    return respond(request, answer, 60)


@routes.post("/offices/{office_id}/reports", status_code=202, responses={**_ANSWERS, 429: {"model": Problem}})
def report(office_id: OfficeId, given: NewReport, request: Request, ctx: ContextDep, at: NowDep) -> Received:
    """Say that something about an office is wrong. Nothing about who says it is kept."""
    limited_report(request, ctx)
    return Received(kept=keep_report(ctx, office_id, given, at))


def keep_report(ctx: Context, office_id: str, given: NewReport, at: datetime) -> bool:
    """Store a report. Raises HTTPException 404 for an office that is not there."""
    answer, _ = ctx.public_answers.offices.get(at)
    if office_id not in {o.office_id for o in answer.offices}:
        raise HTTPException(404, "there is no such office")
    with ctx.connection() as conn:
        return facts.add_report(conn, office_id, given.field, given.message.strip(), ctx.settings.reports_per_day)


@routes.get("/definitions")
def definitions() -> dict[str, Any]:
    """What the public figures mean."""
    return {"wait": DEFINITION, "satisfaction": SATISFACTION}

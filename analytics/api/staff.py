"""The staff part: by role, and by the part of the office tree that an account may see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from motcua.analytics import halls, store
from motcua.analytics.api import accounts, periods, views
from motcua.analytics.api.context import (
    COOKIE,
    AdminDep,
    Connection,
    Context,
    ContextDep,
    NowDep,
    OfficeId,
    StaffDep,
    now,
    one_office,
    visible,
)
from motcua.analytics.api.live import encode
from motcua.analytics.api.models import (
    DeadLetter,
    HallWaits,
    Live,
    LiveOffice,
    OfficeLive,
    Period,
    Problem,
    SourceNow,
    Today,
    Waits,
)
from motcua.analytics.estimates import Waiting

_ANSWERS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 503)}
_ONE = {**_ANSWERS, 404: {"model": Problem}}

routes = APIRouter(prefix="/api/v1", tags=["staff"])


@routes.get("/live", responses=_ANSWERS)
def live(ctx: ContextDep, who: StaffDep, at: NowDep) -> Live:
    """Every office of yours, now."""
    since, until = store.span_of(store.day_of(at))
    with ctx.connection() as conn:
        offices = visible(conn, who, at)
        queues = views.by_office(store.queue_now(conn))
        counts = views.by_office(views.counted(store.counts(conn, since, until), store.part_totals(conn, since, until)))
    stale = ctx.settings.stale_after_s
    return Live(
        generated_at=at,
        target_wait_s=ctx.settings.target_wait_s,
        offices=[views.live_office(o, queues.get(i, []), counts.get(i, []), at, stale) for i, o in offices.items()],
    )


@routes.get("/offices/{office_id}/live", responses=_ONE)
def office_live(office_id: OfficeId, ctx: ContextDep, who: StaffDep, at: NowDep) -> OfficeLive:
    """One office, its counters and its sources, now."""
    since, until = store.span_of(store.day_of(at))
    stale = ctx.settings.stale_after_s
    with ctx.connection() as conn:
        office = one_office(conn, who, at, office_id)
        queues = store.queue_now(conn, office_id)
        counts = views.counted(store.counts(conn, since, until, office_id), store.part_totals(conn, since, until, office_id))
        served = store.counters(conn, office_id, since, until) + store.part_counters(conn, office_id, since, until)
        sources = store.sources(conn, office_id)
    shown: LiveOffice = views.live_office(office, queues, counts, at, stale)
    return views.office_live(shown, queues, served, sources, at, stale)


@routes.get("/offices/{office_id}/waits", responses=_ONE)
def waits(
    office_id: OfficeId, ctx: ContextDep, who: StaffDep, at: NowDep, hours: Annotated[int, Query(ge=1, le=168)] = 12
) -> Waits:
    """The waits of the last hours, hour by hour."""
    until = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    since = until - timedelta(hours=hours)
    with ctx.connection() as conn:
        one_office(conn, who, at, office_id)
        found = store.provenances(conn, office_id, since, until) + store.part_totals(conn, since, until, office_id)
        provenance = store.best(row["provenance"] for row in found)
        rows = store.waits_by_hour(conn, office_id, provenance, since, until) if provenance else []
        arrived, waiting, whole = _period(ctx, conn, office_id, provenance, since, until, at)
    return views.waits(rows, arrived, waiting, provenance, whole)


@routes.get("/offices/{office_id}/today", responses=_ONE)
def today(office_id: OfficeId, ctx: ContextDep, who: StaffDep, at: NowDep) -> Today:
    """One office's Viet Nam day so far."""
    day = store.day_of(at)
    with ctx.connection() as conn:
        one_office(conn, who, at, office_id)
        span = store.span_of(day)
        counts = views.counted(store.counts(conn, *span, office_id), store.part_totals(conn, *span, office_id))
        provenance = store.best(c["provenance"] for c in counts)
        _, _, whole = _period(ctx, conn, office_id, provenance, *store.span_of(day), at)
        sentiment = store.sentiment_day(conn, office_id, day)
        sources = store.sources(conn, office_id)
    return views.today(day, counts, sentiment, sources, whole)


def _period(
    ctx: Context, conn: Connection, office_id: str, provenance: str | None, since: datetime, until: datetime, at: datetime
) -> tuple[list[store.Row], list[Waiting], Period]:
    """Rows by hour of arrival, who waits now, and the whole span."""
    if provenance is None:
        return [], [], periods.period([], [], [], since, until, at)
    arrived = store.waits_by_arrival(conn, office_id, provenance, since, until)
    flows = store.flow_by_hour(conn, office_id, provenance, since, until)
    waiting = periods.waiting_now(store.queue_now(conn, office_id), provenance, at, ctx.settings.stale_after_s)
    whole = periods.period(arrived, flows, waiting, since, until, at)
    return arrived, waiting, whole.model_copy(update={"hall": _hall(conn, office_id, provenance, since, until, at)})


def _hall(
    conn: Connection, office_id: str, provenance: str, since: datetime, until: datetime, at: datetime
) -> HallWaits | None:
    """From counts of several cameras; the curves begin with the Viet Nam day."""
    begin, _ = store.span_of(store.day_of(since))
    rows = store.part_counts(conn, office_id, provenance, begin, until)
    tickets = store.ticket_lanes(conn, office_id, provenance, begin, until) if rows else []
    return periods.hall_waits(halls.hall(rows, tickets, since, until, at))


@routes.get("/sources", responses=_ANSWERS)
def sources(ctx: ContextDep, who: StaffDep, at: NowDep) -> list[SourceNow]:
    """Every source of your offices; for an account of all offices, those of unknown offices too."""
    with ctx.connection() as conn:
        allowed = visible(conn, who, at)
        rows = store.sources(conn)
    return [views.source(row) for row in rows if row["office_id"] in allowed or who.office_id is None]


@routes.get("/dead-letters", responses=_ANSWERS)
def dead_letters(ctx: ContextDep, who: AdminDep, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> list[DeadLetter]:
    """The newest messages that were none, with the reason."""
    with ctx.connection() as conn:
        rows = store.dead_letters(conn, limit)
    return [DeadLetter.model_validate({**row, "payload": bytes(row["payload"]).decode(errors="replace")}) for row in rows]


@routes.get("/events", response_class=StreamingResponse, responses=_ANSWERS)
async def events(request: Request, ctx: ContextDep, who: StaffDep) -> StreamingResponse:
    """Server-sent events: ``office`` whenever an office has news, ``ping`` every 15 s. Ends with the login."""
    token = request.cookies.get(COOKIE, "")

    def offices() -> set[str] | None:
        if who.office_id is None:
            return None
        with ctx.connection() as conn:
            return set(visible(conn, who, now()))

    def still_valid() -> bool:
        with ctx.connection() as conn:
            return accounts.session(conn, token, now(), ctx.settings.session_hours) is not None

    allowed = await run_in_threadpool(offices)

    async def stream() -> AsyncIterator[str]:
        yield "retry: 2000\n\n" + encode([])
        checked = now()
        async for news in ctx.hub.events(allowed):
            if now() - checked > timedelta(seconds=10):
                if not await run_in_threadpool(still_valid):
                    return
                checked = now()
            yield encode(news)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)

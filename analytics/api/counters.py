"""The staff part, closer: the last hour of every office, and an office's counters with their queue, hours and cameras."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter

from motcua.analytics import closeups, store
from motcua.analytics.api import views
from motcua.analytics.api.context import Context, ContextDep, NowDep, OfficeId, StaffDep, one_office, visible
from motcua.analytics.api.counter_models import CounterClose, CounterSpan, Figure, OfficeCounters, Trend, Trends
from motcua.analytics.api.models import CounterNow, LiveOffice, Problem

TRENDS_FOR = timedelta(seconds=15)
HOURS = 12
_HOUR = timedelta(hours=1)
_ANSWERS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 503)}

routes = APIRouter(prefix="/api/v1", tags=["staff"])


@routes.get("/trends", responses=_ANSWERS)
def trends(ctx: ContextDep, who: StaffDep, at: NowDep) -> Trends:
    """The expected wait of the last hour by five minutes, of every office of yours."""
    with ctx.connection() as conn:
        allowed = visible(conn, who, at)
    every, _ = ctx.trends.get(at)
    return every.model_copy(update={"trends": [t for t in every.trends if t.office_id in allowed]})


def every_trend(ctx: Context, at: datetime) -> Trends:
    """The last hour of every office: what ``trends`` shows a part of."""
    steps = closeups.steps(at)
    with ctx.connection() as conn:
        rows = store.queue_trend(conn, steps[0], steps[-1] + closeups.STEP)
    return Trends(
        until=steps[-1] + closeups.STEP,
        step_s=closeups.STEP.total_seconds(),
        trends=[
            Trend(office_id=office_id, provenance=provenance, points=closeups.trend(own, at))
            for (office_id, provenance), own in closeups.by(rows, lambda r: (r["office_id"], r["provenance"])).items()
        ],
    )


@routes.get("/offices/{office_id}/counters", responses={**_ANSWERS, 404: {"model": Problem}})
def counters(office_id: OfficeId, ctx: ContextDep, who: StaffDep, at: NowDep) -> OfficeCounters:
    """An office's counters: the queue before each, who was served there by hour and today, service times, cameras."""
    day, until_day = store.span_of(store.day_of(at))
    until = at.replace(minute=0, second=0, microsecond=0) + _HOUR
    since = min(day, until - HOURS * _HOUR)
    steps = closeups.steps(at)
    stale = ctx.settings.stale_after_s
    with ctx.connection() as conn:
        office = one_office(conn, who, at, office_id)
        queues = store.queue_now(conn, office_id)
        counts = store.counts(conn, day, until_day, office_id)
        parts = store.part_totals(conn, day, until_day, office_id)
        visits = store.counter_hours(conn, office_id, since, until)
        services = store.part_counter_hours(conn, office_id, since, until)
        sources = store.sources(conn, office_id)
        trend = store.queue_trend(conn, steps[0], steps[-1] + closeups.STEP, office_id)
    shown: LiveOffice = views.live_office(office, queues, views.counted(counts, parts), at, stale)
    provenance = shown.wait.provenance
    rows = [r for r in (*visits, *services) if r["provenance"] == provenance]
    by_counter = closeups.by(rows, lambda r: r["counter_id"])
    served = [{"counter_id": c, "provenance": provenance, "served": _served(own, day)} for c, own in by_counter.items()]
    now = views.office_live(shown, queues, served, sources, at, stale)
    own = [q for q in queues if q["provenance"] == provenance]
    trends = [t for t in trend if t["provenance"] == provenance]
    return OfficeCounters(
        office_id=office_id,
        generated_at=at,
        provenance=provenance,
        target_wait_s=ctx.settings.target_wait_s,
        k_min=ctx.settings.k_min,
        counters=[
            _close(ctx, c, own, by_counter.get(c.counter_id, []), trends, provenance, (day, until), at) for c in now.counters
        ],
        sources=[views.source(row) for row in sources],
    )


def _served(rows: Sequence[closeups.Row], since: datetime) -> int:
    return sum(int(row["served"]) for row in rows if row["bucket"] >= since)


def _close(
    ctx: Context,
    now: CounterNow,
    queues: Sequence[closeups.Row],
    rows: Sequence[closeups.Row],
    trends: Sequence[closeups.Row],
    provenance: str | None,
    span: tuple[datetime, datetime],
    at: datetime,
) -> CounterClose:
    """One counter; ``rows`` are its own hours, ``queues`` and ``trends`` the office's, all of one provenance."""
    day, until = span
    k_min = ctx.settings.k_min
    held = closeups.holders(queues, now.counter_id)
    ids = {q["source_id"] for q in held}
    by_hour = closeups.by(rows, lambda r: r["bucket"])
    starts = [until - _HOUR * back for back in range(HOURS, 0, -1)]
    return CounterClose(
        **now.model_dump(),
        wait=views.wait_of(held, provenance, at, ctx.settings.stale_after_s),
        queue_shared_with=closeups.shared_with(queues, now.counter_id),
        source_ids=closeups.sources_of(queues, now.counter_id),
        trend=closeups.trend([t for t in trends if t["source_id"] in ids], at),
        hours=[_span(by_hour.get(start, []), start, start + _HOUR, k_min) for start in starts],
        today=_span([r for r in rows if r["bucket"] >= day], day, until, k_min),
    )


def _span(rows: Sequence[closeups.Row], start: datetime, end: datetime, k_min: int) -> CounterSpan:
    wait = _figure(rows, "wait", k_min)
    within = sum(int(row.get("within_15_n") or 0) for row in rows)
    return CounterSpan(
        start=start,
        end=end,
        served=sum(int(row["served"]) for row in rows),
        wait=wait,
        service=_figure(rows, "service", k_min),
        within_15_share=None if wait.mean_s is None else round(within / wait.n, 4),
    )


def _figure(rows: Sequence[closeups.Row], kind: str, k_min: int) -> Figure:
    mean = closeups.mean(rows, kind)
    if mean is None or mean.n < k_min:
        return Figure(n=0 if mean is None else mean.n)
    low, high = (None if x is None else round(x, 1) for x in (mean.low, mean.high))
    return Figure(n=mean.n, mean_s=round(mean.mean, 1), low_s=low, high_s=high)

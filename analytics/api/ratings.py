"""Satisfaction for staff: units, offices, counters; import of call-back surveys."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.concurrency import run_in_threadpool

from motcua.analytics import rating_store, store
from motcua.analytics.api import accounts
from motcua.analytics.api import rating_views as views
from motcua.analytics.api.context import (
    AccountDep,
    Connection,
    ContextDep,
    NowDep,
    OfficeId,
    StaffDep,
    now,
    one_office,
    visible,
)
from motcua.analytics.api.models import Problem
from motcua.analytics.api.rating_models import (
    Asked,
    Imported,
    OfficeFigure,
    OfficeRatings,
    Ratings,
    Reason,
)
from motcua.analytics.api.views import subtree
from motcua.analytics.call_backs import CallBacks, call_backs
from motcua.analytics.files import MOST_BYTES, FileRefused
from motcua.analytics.rule import Rule, rule_on
from motcua.edge.messages import Id

_ANSWERS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 422, 503)}
_ONE = {**_ANSWERS, 404: {"model": Problem}}
LONGEST = timedelta(days=1100)

routes = APIRouter(prefix="/api/v1", tags=["ratings"])

Since = Annotated[date | None, Query(description="First day; 30 days ago by default")]
Until = Annotated[date | None, Query(description="The day after the last; tomorrow by default")]


def period(since: date | None, until: date | None, at: datetime, days: int = 30) -> tuple[date, date, datetime, datetime]:
    """The days asked for, and their instants. Raises HTTPException 422."""
    last = until or store.day_of(at) + timedelta(days=1)
    first = since or last - timedelta(days=days)
    if not date(2000, 1, 1) <= first < last <= date(2100, 1, 1) or last - first > LONGEST:
        raise HTTPException(422, "since must lie before until, three years apart at the most")
    return first, last, store.span_of(first)[0], store.span_of(last)[0]


def asked(conn: Connection, first: date, last: date) -> tuple[Asked, Rule]:
    """The rule that held at the end of a period."""
    since, rule = rule_on(last - timedelta(days=1), rating_store.rules(conn))
    return (
        Asked(since=first, until=last, satisfied_from=rule.satisfied_from, target_share=rule.target_share, rule_from=since),
        rule,
    )


@routes.get("/ratings", responses=_ONE)
def ratings(
    ctx: ContextDep, who: StaffDep, at: NowDep, unit: Id | None = None, since: Since = None, until: Until = None
) -> Ratings:
    """Satisfaction of a unit (an office and those below it; of all of yours by default) and of each of its offices."""
    first, last, begin, end = period(since, until, at)
    with ctx.connection() as conn:
        offices = unit_of(conn, who, at, unit)
        ids = list(offices)
        question, rule = asked(conn, first, last)
        days = views_by(rating_store.days(conn, ids, begin, end))
        served = views_by(rating_store.served(conn, ids, begin, end))
        officers = views_by(rating_store.officers(conn, ids, begin, end))
        rosters = rating_store.offices_with_roster(conn, ids, begin, end)
    shown = []
    for office_id, office in offices.items():
        figure = views.figure(days.get(office_id, []), served.get(office_id, []), rule, ctx.settings.k_min)
        if not may_see_office(who, views.behind_rows(officers.get(office_id, []), office_id in rosters)):
            figure = views.withheld(figure)
        shown.append(OfficeFigure(**{k: office[k] for k in ("office_id", "name", "unit_name", "level")}, figure=figure))
    every = [row for rows in days.values() for row in rows]
    through = [row for rows in served.values() for row in rows]
    behind = views.behind_rows((row for rows in officers.values() for row in rows), bool(rosters))
    whole = views.figure(every, through, rule, ctx.settings.k_min)
    return Ratings(
        asked=question,
        unit=whole if may_see_office(who, behind) else views.withheld(whole),
        offices=_without_remainder(shown, who),
    )


def _without_remainder(shown: list[OfficeFigure], who: accounts.Account) -> list[OfficeFigure]:
    """Where a single office is withheld, the unit's total less the others would tell it: the smallest other one goes too."""
    hidden = [o for o in shown if o.figure.state == "withheld"]
    open_ = [o for o in shown if o.figure.state == "ok"]
    if who.role != "hr" and len(hidden) == 1 and open_:
        least = min(open_, key=lambda o: o.figure.n or 0)
        return [o.model_copy(update={"figure": views.withheld(o.figure)}) if o is least else o for o in shown]
    return shown


@routes.get("/offices/{office_id}/ratings", responses=_ONE)
def office_ratings(
    office_id: OfficeId, ctx: ContextDep, who: StaffDep, at: NowDep, since: Since = None, until: Until = None
) -> OfficeRatings:
    """One office in depth: counters, channels, months, reasons, patterns to look at, and the camera's sentiment beside it."""
    first, last, begin, end = period(since, until, at)
    with ctx.connection() as conn:
        office = one_office(conn, who, at, office_id)
        question, rule = asked(conn, first, last)
        days = rating_store.days(conn, [office_id], begin, end)
        served = rating_store.served(conn, [office_id], begin, end)
        officers = rating_store.officers(conn, [office_id], begin, end)
        roster = bool(rating_store.offices_with_roster(conn, [office_id], begin, end))
        reasons = rating_store.reasons(conn, [office_id], begin, end, rule.satisfied_from)
        answers = rating_store.answers(conn, office_id, begin, end)
        departures = rating_store.departures(conn, office_id, begin, end)
        sums = rating_store.sentiment(conn, [office_id], begin, end)
    k = ctx.settings.k_min
    behind = views.behind_rows(officers, roster)
    figure = views.figure(days, served, rule, k)
    all_shown = who.role == "hr"
    if not may_see_office(who, behind):
        figure, days, reasons, sums = views.withheld(figure), [], [], []
    kinds, _ = views.of_one_kind(reasons)
    return OfficeRatings(
        office_id=office_id,
        name=office["name"],
        unit_name=office["unit_name"],
        asked=question,
        figure=figure,
        counters=views.counters(days, served, officers, rule, k, all_shown=all_shown, has_roster=roster),
        channels=views.channels(days, rule, k),
        months=views.months(days, rule, k),
        reasons=[Reason(reason=r["reason"], n=r["n"], satisfied=r["satisfied"]) for r in kinds if r["n"] >= k],
        findings=views.findings(answers, served, departures, rule),
        sentiment=views.sentiment(sums, days, rule),
        officers=behind.officers,
        largest_share=None if behind.largest_share is None or not all_shown else round(behind.largest_share, 3),
        unassigned=behind.unassigned,
        may_read_comments=all_shown,
    )


@routes.post("/ratings/import", responses={**_ANSWERS, 413: {"model": Problem}})
async def import_(
    request: Request, ctx: ContextDep, who: AccountDep, write: Annotated[bool, Query(description="Else only look")] = False
) -> Imported:
    """Call-back surveys as CSV (docs/ratings.md). Nothing is written while a line is wrong. For HR and admins."""
    if who.role not in ("hr", "admin"):
        raise HTTPException(403, f"the role {who.role} may not import ratings")
    data = await body_of(request)

    def work() -> Imported:
        with ctx.connection() as conn:
            try:
                found = call_backs(data, visible(conn, who, now()).keys(), now())
            except FileRefused as error:
                raise HTTPException(422, str(error)) from error
            written = write and not found.problems and bool(found.ratings)
            new = 0
            if written:
                import_id, new = rating_store.import_call_backs(conn, who.username, found)
                accounts.audit(conn, who.username, "ratings.import", import_id=import_id, imported=new)
            else:
                have = rating_store.known(conn, [r.id for r in found.ratings])
                new = len(found.ratings) - len(have)
        return _imported(found, new, written)

    return await run_in_threadpool(work)


def _imported(found: CallBacks, new: int, written: bool) -> Imported:
    return Imported(
        lines=found.lines,
        imported=new,
        duplicates=len(found.ratings) - new,
        dropped_columns=list(found.dropped),
        errors=[{"line": p.line, "message": p.message} for p in found.problems[:500]],
        written=written,
    )


async def body_of(request: Request) -> bytes:
    """A file that was sent. Raises HTTPException 413."""
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BYTES:
            raise HTTPException(413, f"the file is larger than {MOST_BYTES} bytes: split it")
    return data


def unit_of(conn: Connection, who: accounts.Account, at: datetime, unit: str | None) -> dict[str, store.Row]:
    """The offices of a unit that an account may see. Raises HTTPException 404."""

    offices = visible(conn, who, at)
    if unit is None:
        return offices
    if unit not in offices:
        raise HTTPException(404, "there is no such office, or it is not yours to see")
    below = subtree(list(offices.values()), unit)
    return {i: o for i, o in offices.items() if i in below}


def may_see_office(who: accounts.Account, behind: Any) -> bool:
    """HR sees every office; others none that one or two officers make up. Where there is no roster nobody can be singled out by it."""
    return who.role == "hr" or behind.officers is None or behind.enough


def views_by(rows: list[store.Row]) -> dict[str, list[store.Row]]:
    """Rows by office."""
    found: dict[str, list[store.Row]] = {}
    for row in rows:
        found.setdefault(row["office_id"], []).append(row)
    return found

"""The roster: HR and an office's supervisor see and change it."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from starlette.concurrency import run_in_threadpool

from motcua.analytics import attitude_store, store
from motcua.analytics.api import accounts
from motcua.analytics.api.attitude_models import (
    ChangeShift,
    CopyWeek,
    Link,
    NewShift,
    OfficerRow,
    PreviewRow,
    Roster,
    RosterImported,
    ShiftRow,
)
from motcua.analytics.api.context import Connection, ContextDep, NowDep, now, one_office, role, visible
from motcua.analytics.api.models import Problem
from motcua.analytics.api.ratings import Since, Until, body_of, period, unit_of
from motcua.analytics.files import FileRefused
from motcua.analytics.files import Problem as LineProblem
from motcua.analytics.roster import Shift, checked, clash, copied, shifts
from motcua.edge.messages import Id

_ANSWERS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 404, 409, 422, 503)}
RosterDep = Annotated[accounts.Account, Depends(role("hr", "supervisor"))]
HrDep = Annotated[accounts.Account, Depends(role("hr"))]

PREVIEW = 200
_SHIFT = ("officer_id", "name", "office_id", "counter_id", "start_at", "end_at")

routes = APIRouter(prefix="/api/v1/roster", tags=["roster"], responses=_ANSWERS)


@routes.get("")
def roster(
    ctx: ContextDep, who: RosterDep, at: NowDep, unit: Id | None = None, since: Since = None, until: Until = None
) -> Roster:
    """Shifts of a unit; the last 30 days and what is planned until then."""
    first, last, begin, end = period(since, until, at)
    with ctx.connection() as conn:
        ids = list(unit_of(conn, who, at, unit))
        people = attitude_store.officers(conn, ids)
        found = attitude_store.shifts(conn, ids, begin, end)
        accounts.audit(conn, who.username, "roster.view", unit=unit, since=first, until=last)
    keys = ("shift_id", "officer_id", "name", "office_id", "counter_id", "start_at", "end_at")
    return Roster(
        since=first,
        until=last,
        officers=[OfficerRow(**p) for p in people],
        shifts=[ShiftRow(**{k: s[k] for k in keys}) for s in found],
    )


@routes.post("/shifts", status_code=201)
def add(new: NewShift, ctx: ContextDep, who: RosterDep, at: NowDep) -> RosterImported:
    """Add one shift; the same one with another end changes it."""
    with ctx.connection() as conn:
        offices = visible(conn, who, at)
        try:
            one = checked(new.officer_id, new.name, new.office_id, new.counter_id, new.start, new.end, offices)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        with conn.transaction():
            _own(conn, [one], list(offices))
            if (why := clash(one, attitude_store.near(conn, [one]))) is not None:
                raise HTTPException(409, why)
            count = attitude_store.add_shifts(conn, who.username, [one])
            _written(conn, who, "roster.add", [one])
    return RosterImported(shifts=1, imported=count, errors=[], written=True)


@routes.put("/shifts/{shift_id}")
def change(shift_id: UUID, given: ChangeShift, ctx: ContextDep, who: RosterDep, at: NowDep) -> RosterImported:
    """Give a shift another counter or other times; it stays the same officer's at the same office."""
    with ctx.connection() as conn, conn.transaction():
        offices = visible(conn, who, at)
        attitude_store.near(conn, [])
        gone = attitude_store.remove_shift(conn, shift_id, list(offices))
        if gone is None:
            raise HTTPException(404, "there is no such shift, or it is not yours to change")
        name = attitude_store.name_of(conn, gone["officer_id"])
        try:
            one = checked(gone["officer_id"], name, gone["office_id"], given.counter_id, given.start, given.end, offices)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        _own(conn, [one], list(offices))
        if (why := clash(one, attitude_store.near(conn, [one]))) is not None:
            raise HTTPException(409, why)
        attitude_store.add_shifts(conn, who.username, [one])
        accounts.audit(conn, who.username, "roster.change", before=gone, **asdict(one))
    return RosterImported(shifts=1, imported=1, errors=[], written=True)


@routes.post("/copy")
def copy(
    given: CopyWeek,
    ctx: ContextDep,
    who: RosterDep,
    at: NowDep,
    write: Annotated[bool, Query(description="Else only look")] = False,
) -> RosterImported:
    """The shifts of the week before for a week of an office. Nothing is written while one of them overlaps with what is there."""
    if given.monday.weekday() != 0:
        raise HTTPException(422, "monday: a week is named by its Monday")
    begin = store.span_of(given.monday)[0]
    with ctx.connection() as conn, conn.transaction():
        one_office(conn, who, at, given.office_id)
        attitude_store.near(conn, [])
        before = attitude_store.shifts(conn, [given.office_id], begin - timedelta(days=7), begin)
        week = [Shift(**{k: s[k] for k in _SHIFT}) for s in before if s["start_at"] >= begin - timedelta(days=7)]
        later = [replace(s, start_at=s.start_at + timedelta(days=7), end_at=s.end_at + timedelta(days=7)) for s in week]
        found, problems = copied(week, attitude_store.near(conn, later))
        if foreign := attitude_store.foreign_officers(conn, [s.officer_id for s in found], list(visible(conn, who, at))):
            problems = (*problems, f"officers of another office: {', '.join(foreign[:5])}")
        written = write and not problems and bool(found)
        if written:
            attitude_store.add_shifts(conn, who.username, found)
            _written(conn, who, "roster.copy", found)
    errors = [{"line": 0, "message": p} for p in problems[:500]]
    preview = [] if written else [PreviewRow(**asdict(s)) for s in found[:PREVIEW]]
    return RosterImported(
        shifts=len(found), imported=len(found) if written else 0, errors=errors, written=written, preview=preview
    )


@routes.delete("/shifts/{shift_id}", status_code=204)
def remove(shift_id: UUID, ctx: ContextDep, who: RosterDep, at: NowDep) -> None:
    """Take one shift out."""
    with ctx.connection() as conn, conn.transaction():
        gone = attitude_store.remove_shift(conn, shift_id, list(visible(conn, who, at)))
        if gone is None:
            raise HTTPException(404, "there is no such shift, or it is not yours to change")
        accounts.audit(conn, who.username, "roster.remove", **gone)


@routes.post("/import")
async def import_(
    request: Request, ctx: ContextDep, who: RosterDep, write: Annotated[bool, Query(description="Else only look")] = False
) -> RosterImported:
    """A roster as CSV (docs/ratings.md). Nothing is written while a line is wrong."""
    data = await body_of(request)

    def work() -> RosterImported:
        with ctx.connection() as conn, conn.transaction():
            offices = visible(conn, who, now())
            try:
                alone, _ = shifts(data, offices)
                found, problems = shifts(data, offices, attitude_store.near(conn, alone))
            except FileRefused as error:
                raise HTTPException(422, str(error)) from error
            foreign = attitude_store.foreign_officers(conn, [s.officer_id for s in found], list(offices))
            if foreign:
                problems = (*problems, LineProblem(0, f"officers of another office: {', '.join(foreign[:5])}"))
            written, new = write and not problems and bool(found), 0
            if written:
                new = attitude_store.add_shifts(conn, who.username, found)
                _written(conn, who, "roster.import", found)
        errors = [{"line": p.line, "message": p.message} for p in problems[:500]]
        preview = [] if written else [PreviewRow(**asdict(s)) for s in found[:PREVIEW]]
        return RosterImported(shifts=len(found), imported=new, errors=errors, written=written, preview=preview)

    return await run_in_threadpool(work)


@routes.put("/officers/{officer_id}/account", status_code=204)
def link(officer_id: Id, given: Link, ctx: ContextDep, who: HrDep, at: NowDep) -> None:
    """Say which account is the officer's, so that they see their own record."""
    with ctx.connection() as conn, conn.transaction():
        if officer_id not in {p["officer_id"] for p in attitude_store.officers(conn, list(visible(conn, who, at)))}:
            raise HTTPException(404, "there is no such officer, or it is not yours to see")
        if (why := attitude_store.link_account(conn, officer_id, given.username)) is not None:
            raise HTTPException(409, why)
        accounts.audit(conn, who.username, "officer.account", officer_id=officer_id, account=given.username)


def _own(conn: Connection, new: list[Shift], offices: list[str]) -> None:
    """An officer of another office is not moved by who may not see that office. Raises HTTPException 409."""
    if attitude_store.foreign_officers(conn, [s.officer_id for s in new], offices):
        raise HTTPException(409, "this officer belongs to an office that is not yours")


def _written(conn: Connection, who: accounts.Account, action: str, new: list[Shift] | tuple[Shift, ...]) -> None:
    first, last = min(s.start_at for s in new), max(s.end_at for s in new)
    ids = sorted({s.officer_id for s in new})[:50]
    accounts.audit(conn, who.username, action, shifts=len(new), officers=ids, start=first, end=last)

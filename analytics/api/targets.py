"""Targets: staff read them, admins set them, each from a date on and with an entry in the audit log; and counts of files."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.concurrency import run_in_threadpool

from motcua.analytics import store, target_store
from motcua.analytics.api import accounts
from motcua.analytics.api.context import AdminDep, ContextDep, NowDep, StaffDep, visible
from motcua.analytics.api.models import Problem
from motcua.analytics.api.rating_models import Imported
from motcua.analytics.api.ratings import body_of
from motcua.analytics.api.target_models import InForce, NewTarget, TargetRow, Targets
from motcua.analytics.file_counts import file_counts, store_counts
from motcua.analytics.files import FileRefused
from motcua.analytics.targets import Target, TargetError

_ANSWERS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 503)}

routes = APIRouter(prefix="/api/v1", tags=["targets"])


@routes.get("/targets", responses=_ANSWERS)
def targets(ctx: ContextDep, who: StaffDep, at: NowDep) -> Targets:
    """Every target that was set for everybody, for a level, or for an office of yours, and what holds today."""
    with ctx.connection() as conn:
        offices = visible(conn, who, at)
        rows = [t for t in target_store.every(conn) if not t.scope.startswith("office:") or t.scope[7:] in offices]
    today = store.day_of(at)
    return Targets(today=today, targets=[TargetRow(**asdict(t)) for t in rows], in_force=held(rows, today))


@routes.post("/targets", responses={**_ANSWERS, 404: {"model": Problem}, 422: {"model": Problem}}, status_code=201)
def set_target(new: NewTarget, ctx: ContextDep, who: AdminDep, at: NowDep) -> TargetRow:
    """Set a target from a date on; an admin of a part of the offices sets those of offices in it only."""
    with ctx.connection() as conn, conn.transaction():
        if new.scope.startswith("office:"):
            if new.scope[7:] not in visible(conn, who, at):
                raise HTTPException(404, "there is no such office, or it is not yours to change")
        elif who.office_id is not None:
            raise HTTPException(403, "only an admin of all offices sets what holds for more than one office")
        try:
            done = target_store.add(conn, new.metric, new.scope, new.valid_from, new.value, new.source, who.username)
        except TargetError as error:
            raise HTTPException(422, str(error)) from error
        accounts.audit(conn, who.username, "target.set", **new.model_dump(mode="json"), target_id=done.target_id)
    return TargetRow(**asdict(done))


def held(rows: list[Target], today: date) -> list[InForce]:
    """The newest row of each metric and scope by today."""
    newest = {(t.metric, t.scope): t for t in rows if t.valid_from <= today}
    return [
        InForce(metric=t.metric, scope=t.scope, target_id=t.target_id, value=t.value, carried=t.carried(today))
        for t in newest.values()
    ]


@routes.post("/files/import", responses={**_ANSWERS, 413: {"model": Problem}, 422: {"model": Problem}})
async def import_files(
    request: Request,
    ctx: ContextDep,
    who: AdminDep,
    at: NowDep,
    write: Annotated[bool, Query(description="Else only look")] = False,
    source: Annotated[str, Query(min_length=3, max_length=100, pattern=r"^[^\x00]*$")] = "csv",
) -> Imported:
    """Files received by office and day as CSV (``office_id,day,received``). Nothing is written while a line is wrong."""
    data = await body_of(request)

    def work() -> Imported:
        with ctx.connection() as conn, conn.transaction():
            try:
                found = file_counts(data, visible(conn, who, at).keys(), store.day_of(at))
            except FileRefused as error:
                raise HTTPException(422, str(error)) from error
            written = write and not found.problems and bool(found.days)
            if written:
                store_counts(conn, found, source, who.username)
                accounts.audit(conn, who.username, "files.import", days=len(found.days), source=source)
        return Imported(
            lines=found.lines,
            imported=len(found.days),
            duplicates=0,
            dropped_columns=list(found.dropped),
            errors=[{"line": p.line, "message": p.message} for p in found.problems[:500]],
            written=written,
        )

    return await run_in_threadpool(work)

"""What citizens say is wrong, for those who can put it right."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query

from motcua.analytics import facts
from motcua.analytics.api.context import ContextDep, NowDep, StaffDep, visible
from motcua.analytics.api.models import Problem, Report

_ANSWERS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 503)}

routes = APIRouter(prefix="/api/v1/reports", tags=["staff"])


@routes.get("", responses=_ANSWERS)
def reports(
    ctx: ContextDep, who: StaffDep, at: NowDep, done: bool = False, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> list[Report]:
    """Reports of wrong data about your offices, the newest first; with ``done`` also those dealt with."""
    with ctx.connection() as conn:
        rows = facts.reports(conn, offices=visible(conn, who, at), done=done, limit=limit)
    return [Report.model_validate(row) for row in rows]


@routes.post("/{report_id}/done", status_code=204, responses={**_ANSWERS, 404: {"model": Problem}})
def done(report_id: Annotated[int, Path(ge=1, lt=2**63)], ctx: ContextDep, who: StaffDep, at: NowDep) -> None:
    """Mark a report as dealt with."""
    with ctx.connection() as conn:
        if not facts.report_done(conn, report_id, who.username, visible(conn, who, at)):
            raise HTTPException(404, "there is no such report that waits, or it is not yours to see")

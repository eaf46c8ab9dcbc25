"""Targets: staff read them, admins set them, each from a date on and with an entry in the audit log."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from fastapi import APIRouter, HTTPException

from motcua.analytics import store, target_store
from motcua.analytics.api import accounts
from motcua.analytics.api.context import AdminDep, ContextDep, NowDep, StaffDep, visible
from motcua.analytics.api.models import Problem
from motcua.analytics.api.target_models import InForce, NewTarget, TargetRow, Targets
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

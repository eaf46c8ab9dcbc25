"""Alerts for staff: what stands, its history, and what people do with it; rules for admins."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query

from motcua.analytics import alert_notices, alert_store, store
from motcua.analytics.alert_rules import EVERYWHERE, KINDS, Kind, Rules
from motcua.analytics.alert_words import LANGS, facts_of, name_of
from motcua.analytics.api import accounts
from motcua.analytics.api.alerts_models import (
    AlertCounts,
    AlertDetail,
    AlertRow,
    Alerts,
    AlertStep,
    ChannelRow,
    HeldRule,
    NewRule,
    NewStep,
    Said,
    Scope,
    State,
)
from motcua.analytics.api.context import AdminDep, Connection, ContextDep, NowDep, StaffDep, role, visible
from motcua.analytics.api.models import Problem
from motcua.analytics.api.views import subtree
from motcua.analytics.writer import CHANNEL
from motcua.edge.messages import Id

_ANSWERS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 422, 503)}
_ONE = {**_ANSWERS, 404: {"model": Problem}}
ACTING = ("supervisor", "admin")
ActingDep = Annotated[accounts.Account, Depends(role(*ACTING))]

routes = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])


@routes.get("", responses=_ANSWERS)
def alerts(
    ctx: ContextDep,
    who: StaffDep,
    at: NowDep,
    state: Annotated[
        State | None, Query(description="open: stands; new: nobody has acknowledged it; over; none: all")
    ] = None,
    kind: Kind | None = None,
    office_id: Id | None = None,
    mine: Annotated[bool, Query(description="Only those assigned to the account")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    skip: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Alerts:
    """Alerts of your offices, those that stand first."""
    with ctx.connection() as conn:
        allowed = _allowed(conn, who, at)
        wanted = allowed
        if office_id is not None:
            wanted = {office_id} if allowed is None or office_id in allowed else set()
        rows = alert_store.alerts(
            conn, wanted, kind=kind, state=state, assigned_to=who.username if mine else None, limit=limit + 1, skip=skip
        )
        return Alerts(
            generated_at=at,
            looked_at=alert_store.looked_at(conn),
            counts=AlertCounts(**alert_store.counts(conn, allowed)),
            alerts=[AlertRow(**_shown(row)) for row in rows[:limit]],
            more=len(rows) > limit,
            may_act=who.role in ACTING,
            channels=[ChannelRow.model_validate(row, extra="ignore") for row in alert_notices.channels(conn)],
        )


@routes.get("/counts", responses=_ANSWERS)
def counts(ctx: ContextDep, who: StaffDep, at: NowDep) -> AlertCounts:
    """How many stand, and how many of them nobody has acknowledged: for a badge."""
    with ctx.connection() as conn:
        return AlertCounts(**alert_store.counts(conn, _allowed(conn, who, at)))


@routes.get("/rules", responses=_ONE)
def rules(ctx: ContextDep, who: StaffDep, at: NowDep, scope: Scope = EVERYWHERE) -> list[HeldRule]:
    """The rules that hold today for an office of yours, or everywhere."""
    with ctx.connection() as conn:
        if scope != EVERYWHERE and scope not in visible(conn, who, at):
            raise HTTPException(404, "there is no such office, or it is not yours to see")
        day = store.day_of(at)
        held = Rules(alert_store.given(conn), {o["office_id"]: o["parent_id"] for o in store.offices(conn, day)}, day)
    found = [(kind, held.held(scope, kind)) for kind in (*KINDS, "telling")]
    return [HeldRule(kind=k, setting=h.setting, scope_id=h.scope_id, valid_from=h.valid_from) for k, h in found]


@routes.post("/rules", status_code=201, responses=_ONE)
def add_rule(given: NewRule, ctx: ContextDep, who: AdminDep, at: NowDep) -> HeldRule:
    """Set a rule for an office of yours and all below it; everywhere: for admins of all offices."""
    with ctx.connection() as conn:
        if given.scope_id == EVERYWHERE:
            if who.office_id is not None:
                raise HTTPException(403, "a rule for all offices is set by an admin of all offices")
        elif given.scope_id not in visible(conn, who, at):
            raise HTTPException(404, "there is no such office, or it is not yours to see")
        alert_store.add_setting(conn, given.scope_id, given.valid_from, given.setting, who.username)
    return HeldRule(kind=given.setting.kind, setting=given.setting, scope_id=given.scope_id, valid_from=given.valid_from)


@routes.get("/{alert_id}", responses=_ONE)
def alert(alert_id: UUID, ctx: ContextDep, who: StaffDep, at: NowDep) -> AlertDetail:
    """One alert with its history."""
    with ctx.connection() as conn:
        return _detail(conn, _one(conn, who, at, alert_id), who, at)


@routes.post("/{alert_id}/steps", responses={**_ONE, 409: {"model": Problem}})
def step(alert_id: UUID, given: NewStep, ctx: ContextDep, who: ActingDep, at: NowDep) -> AlertDetail:
    """Acknowledge an alert, give it to somebody, or comment on it."""
    with ctx.connection() as conn:
        found = _one(conn, who, at, alert_id)
        _act(conn, found, given, who, at)
        conn.execute("select pg_notify(%s, json_build_object('offices', array[%s])::text)", [CHANNEL, found["office_id"]])
        return _detail(conn, _one(conn, who, at, alert_id), who, at)


def _act(conn: Connection, found: store.Row, given: NewStep, who: accounts.Account, at: datetime) -> None:
    alert_id = found["alert_id"]
    if given.action == "acknowledge":
        if not alert_store.acknowledge(conn, alert_id, who.username, at):
            by = found["acknowledged_by"]
            raise HTTPException(
                409, f"{by} has acknowledged it already" if by else "it is over: there is nothing to acknowledge"
            )
    elif given.action == "assign":
        if given.assignee is not None and given.assignee not in _assignees(conn, found["office_id"], at):
            raise HTTPException(409, "there is no such account that may see this office")
        if not alert_store.assign(conn, alert_id, who.username, given.assignee, at):
            raise HTTPException(409, "it is theirs already")
    elif given.words is None:
        raise HTTPException(409, "a comment has words")
    else:
        alert_store.comment(conn, alert_id, who.username, given.words, at)


def _allowed(conn: Connection, who: accounts.Account, at: datetime) -> set[str] | None:
    """The offices of an account; None for all, those of former days too."""
    return None if who.office_id is None else set(visible(conn, who, at))


def _one(conn: Connection, who: accounts.Account, at: datetime, alert_id: UUID) -> store.Row:
    found = alert_store.alerts(conn, _allowed(conn, who, at), alert_id=alert_id, limit=1)
    if not found:
        raise HTTPException(404, "there is no such alert, or it is not yours to see")
    return found[0]


def _assignees(conn: Connection, office_id: str, at: datetime) -> list[str]:
    """Accounts that may act on an office's alerts."""
    every = store.offices(conn, store.day_of(at))
    return [
        name
        for name, role_, scope, disabled, _ in accounts.listed(conn)
        if not disabled and role_ in ACTING and (scope is None or office_id in subtree(every, scope))
    ]


def _shown(row: store.Row) -> store.Row:
    figures = {lang: facts_of(row["kind"], row["subject"], row["facts"], lang) for lang in LANGS}
    keys = AlertRow.model_fields.keys() - {"name", "figures"}
    return {
        **{key: row[key] for key in keys},
        "name": Said(**{lang: name_of(row["kind"], lang) for lang in LANGS}),
        "figures": Said(**figures),
    }


def _detail(conn: Connection, row: store.Row, who: accounts.Account, at: datetime) -> AlertDetail:
    history = []
    for line in alert_store.history(conn, row["alert_id"]):
        facts = line["detail"].get("facts") if line["event"] == "raised" else None
        said = Said(**{lang: facts_of(row["kind"], row["subject"], facts, lang) for lang in LANGS}) if facts else None
        history.append(AlertStep(**line, figures=said))
    may_act = who.role in ACTING
    return AlertDetail(
        **_shown(row),
        generated_at=at,
        history=history,
        may_act=may_act,
        assignees=_assignees(conn, row["office_id"], at) if may_act else [],
    )

"""Attitude of service and due process: HR by unit, an officer the own record, nobody else. Every view and change is written down."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.responses import StreamingResponse

from motcua.analytics import attitude_store, audit_log, exports, process, rating_store
from motcua.analytics.api import accounts
from motcua.analytics.api import rating_views as views
from motcua.analytics.api.attitude_models import (
    AttitudeRow,
    ChainRow,
    MyRecord,
    NewRule,
    OfficerDetail,
    Overview,
    ProposalRow,
    Propose,
    RuleRow,
    SpreadRow,
    StepRow,
    TakeStep,
)
from motcua.analytics.api.context import AdminDep, Connection, ContextDep, NowDep, role, visible
from motcua.analytics.api.models import Problem
from motcua.analytics.api.ratings import Since, Until, period, unit_of
from motcua.analytics.attitude import Attitude, assess
from motcua.analytics.rule import Rule, rule_on
from motcua.analytics.store import Row
from motcua.edge.messages import Id

_ANSWERS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 404, 409, 422, 503)}
HrDep = Annotated[accounts.Account, Depends(role("hr"))]
OfficerDep = Annotated[accounts.Account, Depends(role("officer"))]
PartyDep = Annotated[accounts.Account, Depends(role("hr", "officer"))]
DAYS = 180

routes = APIRouter(prefix="/api/v1", tags=["attitude"], responses=_ANSWERS)


class _Found:
    """What the answers of a period say of the officers of ``units``; the spread is learned from every office, so that all see the same score."""

    def __init__(self, conn: Connection, at: datetime, units: Collection[str], first: date, last: date) -> None:
        self.first, self.last = first, last
        self.offices = visible(conn, accounts.Account("", "hr", None), at)
        ids = list(self.offices)
        begin, end = attitude_store.span(first, last)
        self.rule_from, self.rule = rule_on(last - timedelta(days=1), rating_store.rules(conn))
        kinds, self.provenance = attitude_store.provenances_of(conn, ids, begin, end)
        self.cells, self.unassigned = attitude_store.cells(conn, ids, begin, end, kinds)
        attitudes, self.spread = assess(self.cells, self.rule)
        self.people = {p["officer_id"]: p for p in attitude_store.officers(conn, list(units))}
        self.by_officer: dict[str, Attitude] = {a.officer_id: a for a in attitudes if a.officer_id in self.people}
        for officer_id, p in self.people.items():
            self.by_officer.setdefault(officer_id, Attitude(officer_id, p["office_id"], "insufficient", 0, 0))

    def row(self, officer_id: str) -> AttitudeRow:
        """One officer's row."""
        a, p = self.by_officer[officer_id], self.people[officer_id]
        figures = {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(a).items()}
        office = self.offices.get(a.office_id) or self.offices[p["office_id"]]
        return AttitudeRow(
            **{**figures, "office_id": office["office_id"]},
            name=p["name"],
            office_name=office["unit_name"] or office["name"],
            username=p["username"],
        )

    def spread_row(self) -> SpreadRow | None:
        """The spread."""
        s = self.spread
        return (
            None
            if s is None
            else SpreadRow(officers=round(s.officers, 3), shifts=round(s.shifts, 3), answers=round(s.answers, 3))
        )

    def evidence(self, conn: Connection, officer_id: str, k_min: int) -> dict[str, Any]:
        """Aggregates behind one officer's score: nothing of one citizen."""
        row = self.row(officer_id)
        begin, end = attitude_store.span(self.first, self.last)
        days = rating_store.days(conn, [row.office_id], begin, end)
        own = [c for c in self.cells if c.officer_id == officer_id]
        return {
            "attitude": row.model_dump(mode="json"),
            "rule": self.rule.model_dump(mode="json"),
            "rule_from": self.rule_from.isoformat(),
            "spread": None if (s := self.spread_row()) is None else s.model_dump(),
            "by_wait": _by_wait(own, k_min),
            "office_satisfaction": views.figure(days, None, self.rule, k_min).model_dump(mode="json"),
            "office_sentiment": views.sentiment(
                rating_store.sentiment(conn, [row.office_id], begin, end), days, self.rule
            ).model_dump(mode="json"),
            "provenance": self.provenance,
            "unassigned": self.unassigned,
        }


def _by_wait(cells: list[Any], k_min: int) -> list[dict[str, Any]]:
    """Mean score by the wait of the hour, where enough answers stand behind it."""
    bins: dict[str, list[float]] = {"0-15": [0, 0.0], "15-30": [0, 0.0], "30+": [0, 0.0], "unknown": [0, 0.0]}
    for c in cells:
        w = c.wait_min
        name = "unknown" if w is None else "0-15" if w < 15 else "15-30" if w < 30 else "30+"
        bins[name][0] += c.n
        bins[name][1] += c.total
    return [
        {"wait_min": name, "n": int(n), "mean": round(total / n, 3) if n >= k_min else None}
        for name, (n, total) in bins.items()
        if n
    ]


@routes.get("/attitude")
def overview(
    ctx: ContextDep, who: HrDep, at: NowDep, unit: Id | None = None, since: Since = None, until: Until = None
) -> Overview:
    """The officers of a unit, by name; ratings alone make the score. The last 180 days by default."""
    first, last, _, _ = period(since, until, at, DAYS)
    with ctx.connection() as conn:
        found = _Found(conn, at, unit_of(conn, who, at, unit), first, last)
        accounts.audit(conn, who.username, "attitude.overview", unit=unit, since=first, until=last)
    rows = sorted((found.row(i) for i in found.people), key=lambda r: (r.office_name, r.name))
    return Overview(
        since=first,
        until=last,
        rule_from=found.rule_from,
        rule=found.rule,
        provenance=found.provenance,
        unassigned=found.unassigned,
        spread=found.spread_row(),
        officers=rows,
    )


@routes.get("/attitude/officers/{officer_id}")
def officer(
    officer_id: Id, ctx: ContextDep, who: HrDep, at: NowDep, since: Since = None, until: Until = None
) -> OfficerDetail:
    """One officer for HR: evidence and proposals."""
    first, last, _, _ = period(since, until, at, DAYS)
    with ctx.connection() as conn:
        offices = visible(conn, who, at)
        found = _Found(conn, at, offices, first, last)
        if officer_id not in found.people:
            raise HTTPException(404, "there is no such officer, or it is not yours to see")
        accounts.audit(conn, who.username, "attitude.view", officer_id=officer_id, since=first, until=last)
        proposals = [p for p in attitude_store.proposals(conn, list(offices)) if p["officer_id"] == officer_id]
        evidence = found.evidence(conn, officer_id, ctx.settings.k_min)
        rules = rating_store.rules(conn)
    row = found.row(officer_id)
    taken = {(p["period_start"], p["period_end"]) for p in proposals}
    return OfficerDetail(
        since=first,
        until=last,
        row=row,
        provenance=found.provenance,
        evidence=evidence,
        proposals=[_proposal(p, who, at, rules) for p in proposals],
        may_propose=row.state == "ok" and (first, last) not in taken,
    )


@routes.post("/attitude/proposals", status_code=201)
def propose(given: Propose, ctx: ContextDep, who: HrDep, at: NowDep) -> ProposalRow:
    """Make a proposal from the answers of a period, with the evidence frozen. 409 where there are too few, or one is there already."""
    first, last, _, _ = period(given.since, given.until, at)
    with ctx.connection() as conn, conn.transaction():
        offices = visible(conn, who, at)
        found = _Found(conn, at, offices, first, last)
        if given.officer_id not in found.people:
            raise HTTPException(404, "there is no such officer, or it is not yours to see")
        if found.by_officer[given.officer_id].state != "ok" or found.provenance is None:
            raise HTTPException(409, "insufficient data: no proposal is made from so few answers")
        evidence = found.evidence(conn, given.officer_id, ctx.settings.k_min)
        office_id = evidence["attitude"]["office_id"]
        proposal_id = attitude_store.propose(
            conn, given.officer_id, office_id, (first, last), found.provenance, evidence, found.rule_from, who.username
        )
        if proposal_id is None:
            raise HTTPException(409, "there is a proposal for this officer and period already")
        accounts.audit(conn, who.username, "proposal.propose", proposal_id=proposal_id, officer_id=given.officer_id)
        return _proposal(_one(conn, who, at, proposal_id), who, at, rating_store.rules(conn))


@routes.get("/attitude/proposals/{proposal_id}")
def proposal(proposal_id: UUID, ctx: ContextDep, who: PartyDep, at: NowDep) -> ProposalRow:
    """One proposal, for HR of the unit and for the officer it is about."""
    with ctx.connection() as conn:
        found = _one(conn, who, at, proposal_id)
        accounts.audit(conn, who.username, "proposal.view", proposal_id=proposal_id)
        return _proposal(found, who, at, rating_store.rules(conn))


@routes.post("/attitude/proposals/{proposal_id}/steps", status_code=201)
def take(proposal_id: UUID, given: TakeStep, ctx: ContextDep, who: PartyDep, at: NowDep) -> ProposalRow:
    """Take a step: see, comment and appeal are the officer's; decide, resolve and close are HR's."""
    with ctx.connection() as conn, conn.transaction():
        attitude_store.lock(conn, proposal_id)
        found = _one(conn, who, at, proposal_id)
        _step(conn, found, who, at, given)
        return _proposal(_one(conn, who, at, proposal_id), who, at, rating_store.rules(conn))


def _step(conn: Connection, found: Row, who: accounts.Account, at: datetime, given: TakeStep) -> None:
    rule = _rule_of(found, rating_store.rules(conn))
    try:
        step = process.step(found["steps"], given.action, who.role, who.username, at, rule, given.band, given.words)
    except process.ProcessError as error:
        raise HTTPException(409, str(error)) from error
    attitude_store.add_step(conn, found["proposal_id"], len(found["steps"]) + 1, step)
    accounts.audit(
        conn, who.username, f"proposal.{given.action}", proposal_id=found["proposal_id"], band=step.band, words=step.words
    )


@routes.get("/attitude/proposals/{proposal_id}/file.{kind}", response_class=Response)
def file(
    proposal_id: UUID,
    kind: Literal["xlsx", "pdf"],
    ctx: ContextDep,
    who: PartyDep,
    at: NowDep,
    lang: Literal["vi", "en"] = "vi",
) -> Response:
    """The decision file, for HR of the unit and for the officer it is about."""
    with ctx.connection() as conn:
        found = _proposal(_one(conn, who, at, proposal_id), who, at, rating_store.rules(conn))
        accounts.audit(conn, who.username, "proposal.export", proposal_id=proposal_id, kind=kind)
    data = found.model_dump(mode="python")
    body, media = (exports.xlsx(data, lang), exports.XLSX) if kind == "xlsx" else (exports.pdf(data, lang, at), exports.PDF)
    headers = {"Content-Disposition": f'attachment; filename="motcua-{proposal_id}.{kind}"', "Cache-Control": "no-store"}
    return Response(body, media_type=media, headers=headers)


@routes.get("/my-record")
def my_record(ctx: ContextDep, who: OfficerDep, at: NowDep, since: Since = None, until: Until = None) -> MyRecord:
    """The own record: the score as HR sees it, and proposals. Opening it counts as having seen them."""
    first, last, _, _ = period(since, until, at, DAYS)
    with ctx.connection() as conn, conn.transaction():
        mine = conn.execute("select officer_id, name, office_id from officer where username = %s", [who.username]).fetchone()
        accounts.audit(conn, who.username, "attitude.own", since=first, until=last)
        if mine is None:
            nothing = dict.fromkeys(("officer_id", "name", "row", "evidence", "provenance"))
            return MyRecord.model_validate(nothing | {"since": first, "until": last, "proposals": []})
        for p in attitude_store.proposals(conn, username=who.username):
            attitude_store.lock(conn, p["proposal_id"])
            fresh = _one(conn, who, at, p["proposal_id"])
            if process.state_of(fresh["steps"]) == "proposed":
                _step(conn, fresh, who, at, TakeStep(action="see"))
        found = _Found(conn, at, [mine[2]], first, last)
        evidence = found.evidence(conn, mine[0], ctx.settings.k_min) if mine[0] in found.people else None
        proposals = attitude_store.proposals(conn, username=who.username)
        rules = rating_store.rules(conn)
    return MyRecord(
        officer_id=mine[0],
        name=mine[1],
        since=first,
        until=last,
        row=found.row(mine[0]) if mine[0] in found.people else None,
        evidence=evidence,
        provenance=found.provenance,
        proposals=[_proposal(p, who, at, rules) for p in proposals],
    )


@routes.get("/attitude/rules")
def rules(ctx: ContextDep, who: PartyDep) -> list[RuleRow]:
    """The rules with their dates, the first one being the product's proposal."""
    with ctx.connection() as conn:
        own = rating_store.rules(conn)
    since, first = rule_on(date(2022, 1, 1), own)
    return [RuleRow(valid_from=d, rule=r) for d, r in dict([(since, first), *own]).items()]


@routes.post("/attitude/rules", status_code=201)
def add_rule(given: NewRule, ctx: ContextDep, who: HrDep, at: NowDep) -> RuleRow:
    """Set a rule from a date on; a date that has one keeps it. For HR of all offices."""
    if who.office_id is not None:
        raise HTTPException(403, "a rule is set by HR of the whole province")
    with ctx.connection() as conn, conn.transaction():
        if not attitude_store.add_rule(conn, given.valid_from, given.rule, who.username):
            raise HTTPException(409, "this date has a rule already: choose another date")
        accounts.audit(conn, who.username, "rule.add", valid_from=given.valid_from, rule=given.rule.model_dump())
    return RuleRow(valid_from=given.valid_from, rule=given.rule)


@routes.get("/audit/chain")
def chain(ctx: ContextDep, who: AdminDep) -> ChainRow:
    """Whether the audit log is whole; write its head down elsewhere."""
    with ctx.connection() as conn:
        return ChainRow(**asdict(audit_log.verify(conn)))


@routes.get("/audit/export", response_class=StreamingResponse)
def audit_export(ctx: ContextDep, who: AdminDep) -> StreamingResponse:
    """The audit log as lines of JSON whose chain can be checked with SHA-256 alone."""
    with ctx.connection() as conn:
        accounts.audit(conn, who.username, "audit.export")
        lines = list(audit_log.export(conn))
    headers = {"Content-Disposition": 'attachment; filename="motcua-audit.jsonl"', "Cache-Control": "no-store"}
    return StreamingResponse(iter(lines), media_type="application/x-ndjson", headers=headers)


def _one(conn: Connection, who: accounts.Account, at: datetime, proposal_id: UUID) -> Row:
    """A proposal that is this account's to see. Raises HTTPException 404."""
    mine = who.username if who.role == "officer" else None
    units = None if who.role == "officer" else list(visible(conn, who, at))
    found = attitude_store.proposals(conn, units, proposal_id, mine)
    if not found:
        raise HTTPException(404, "there is no such proposal, or it is not yours to see")
    return found[0]


def _rule_of(found: Row, own: list[tuple[date, Rule]]) -> Rule:
    return dict(own).get(found["rule_from"], Rule())


def _proposal(found: Row, who: accounts.Account, at: datetime, own: list[tuple[date, Rule]]) -> ProposalRow:
    rule, steps = _rule_of(found, own), found["steps"]
    keys = (
        "proposal_id", "officer_id", "officer_name", "office_id", "period_start", "period_end", "provenance", "points", "band",
        "rule_from", "created_at", "evidence",
    )  # fmt: skip
    return ProposalRow(
        **{k: found[k] for k in keys},
        state=process.state_of(steps),
        due_at=process.due_at(steps, rule),
        decided_band=next((s.band for s in reversed(steps) if s.band), None),
        steps=[StepRow(**asdict(s)) for s in steps],
        may=list(process.allowed(steps, who.role, who.username, at, rule)),
    )

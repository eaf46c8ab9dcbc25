"""Officers' faces: which mode holds, who changes it (HR and admin together), who may look at what in each, and the public notice.

Every door asks the mode anew; the view behind it holds no row that the mode does not allow.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.responses import HTMLResponse

from motcua.analytics import attitude_store, expression_audits, notice, officer_modes, store
from motcua.analytics import officer_expression as figures
from motcua.analytics.api import accounts
from motcua.analytics.api.context import Connection, ContextDep, NowDep, OfficeId, one_office, public_limit, role, visible
from motcua.analytics.api.models import Problem
from motcua.analytics.api.officer_faces_models import (
    AskChange,
    BoxRow,
    ChangeRow,
    ModeRow,
    MonthRow,
    Months,
    NoticeText,
    OfficeMode,
    OfficeModes,
    OneOfficeMode,
)
from motcua.analytics.store import Row
from motcua.edge.messages import Id, OfficerMode

_ANSWERS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 404, 409, 422, 429, 503)}
Lang = Literal["vi", "en"]
Right = dict[str, tuple[float, float]]  # by model
KeeperDep = Annotated[accounts.Account, Depends(role("hr", "admin"))]
ReaderDep = Annotated[accounts.Account, Depends(role("hr", "admin", "supervisor"))]
ClimateDep = Annotated[accounts.Account, Depends(role("hr", "supervisor"))]
HrDep = Annotated[accounts.Account, Depends(role("hr"))]
OfficerDep = Annotated[accounts.Account, Depends(role("officer"))]

routes = APIRouter(prefix="/api/v1", tags=["officers' faces"], responses=_ANSWERS)
pages = APIRouter(tags=["officers' faces"], include_in_schema=False)


@routes.get("/officer-faces")
def modes(ctx: ContextDep, who: ReaderDep, at: NowDep) -> OfficeModes:
    """The mode of each office, what is asked for, and what its cameras say that they read."""
    with ctx.connection() as conn:
        offices = visible(conn, who, at)
        known = _Known(conn, list(offices))
    return OfficeModes(offices=[OfficeMode(**known.of(office, who)) for office in offices.values()])


@routes.get("/officer-faces/{office_id}")
def mode(office_id: OfficeId, ctx: ContextDep, who: ReaderDep, at: NowDep, lang: Lang = "vi") -> OneOfficeMode:
    """One office, with what held before."""
    with ctx.connection() as conn:
        return _one(conn, who, one_office(conn, who, at, office_id), lang)


@routes.post("/officer-faces/{office_id}/changes", status_code=201)
def ask(
    office_id: OfficeId, given: AskChange, ctx: ContextDep, who: KeeperDep, at: NowDep, lang: Lang = "vi"
) -> OneOfficeMode:
    """Ask for a mode, naming the legal basis. It holds once an account of the other role (HR, admin) has confirmed it; it expires in a week."""
    with ctx.connection() as conn, conn.transaction():
        office = one_office(conn, who, at, office_id)
        try:
            key = officer_modes.ask(conn, office_id, given.mode, given.legal_basis, who.username)
        except officer_modes.ModeError as error:
            raise HTTPException(409, str(error)) from error
        accounts.audit(
            conn, who.username, "officer_faces.ask", office_id=office_id, change_id=key, mode=given.mode,
            legal_basis=given.legal_basis,
        )  # fmt: skip
        return _one(conn, who, office, lang)


@routes.post("/officer-faces/changes/{change_id}/confirm", status_code=201)
def confirm(change_id: UUID, ctx: ContextDep, who: KeeperDep, at: NowDep, lang: Lang = "vi") -> OneOfficeMode:
    """Confirm what an account of the other role asked for: it holds at once, and what was gathered before is deleted."""
    with ctx.connection() as conn, conn.transaction():
        change, office = _change(conn, who, at, change_id)
        if "confirm" not in _may(conn, change, who):
            raise HTTPException(403, "HR and admin change the mode together: an account of the other role confirms")
        before = officer_modes.mode_of(conn, change["office_id"])
        try:
            gone = officer_modes.confirm(conn, change, who.username)
        except officer_modes.ModeError as error:
            raise HTTPException(409, str(error)) from error
        accounts.audit(
            conn, who.username, "officer_faces.confirm", office_id=change["office_id"], change_id=change_id, before=before,
            mode=change["mode"], legal_basis=change["legal_basis"], proposed_by=change["proposed_by"], rows_deleted=gone,
        )  # fmt: skip
        return _one(conn, who, office, lang)


@routes.post("/officer-faces/changes/{change_id}/withdraw", status_code=201)
def withdraw(change_id: UUID, ctx: ContextDep, who: KeeperDep, at: NowDep, lang: Lang = "vi") -> OneOfficeMode:
    """Take back, or turn down, what is asked for."""
    with ctx.connection() as conn, conn.transaction():
        change, office = _change(conn, who, at, change_id)
        officer_modes.withdraw(conn, change_id, who.username)
        accounts.audit(conn, who.username, "officer_faces.withdraw", office_id=change["office_id"], change_id=change_id)
        return _one(conn, who, office, lang)


@routes.get("/officer-faces/{office_id}/climate")
def climate(office_id: OfficeId, ctx: ContextDep, who: ClimateDep, at: NowDep) -> Months:
    """An office's months over three officers or more, for the climate of work: in mode ``aggregate`` alone."""
    with ctx.connection() as conn:
        one_office(conn, who, at, office_id)
        held = _held(conn, office_id, "climate")
        accounts.audit(conn, who.username, "officer_faces.climate", office_id=office_id)
        rows, right = officer_modes.expression(conn, [office_id], _begin(at), at), _right(conn)
    return _months(right, office_id, None, held, figures.climate_months(rows, at))


@routes.get("/attitude/officers/{officer_id}/expression")
def of_officer(officer_id: Id, ctx: ContextDep, who: HrDep, at: NowDep) -> Months:
    """One officer's months for HR, beside the rating and never in it: in mode ``evidence`` alone."""
    with ctx.connection() as conn:
        people = {p["officer_id"]: p for p in attitude_store.officers(conn, list(visible(conn, who, at)))}
        if officer_id not in people:
            raise HTTPException(404, "there is no such officer, or it is not yours to see")
        office_id = people[officer_id]["office_id"]
        held = _held(conn, office_id, "officer")
        accounts.audit(conn, who.username, "officer_faces.officer", officer_id=officer_id)
        rows, right = officer_modes.expression(conn, [office_id], _begin(at), at, officer_id), _right(conn)
    return _months(right, office_id, officer_id, held, figures.own_months(rows, at))


@routes.get("/my-expression")
def mine(ctx: ContextDep, who: OfficerDep, at: NowDep) -> Months:
    """The own months: in modes ``self`` and ``evidence``. In ``evidence`` it is what HR sees."""
    with ctx.connection() as conn:
        own = conn.execute("select officer_id, office_id from officer where username = %s", [who.username]).fetchone()
        if own is None:
            raise HTTPException(404, "this account is no officer's yet: HR links it")
        held = _held(conn, own[1], "own")
        accounts.audit(conn, who.username, "officer_faces.own")
        rows, right = officer_modes.expression(conn, [own[1]], _begin(at), at, own[0]), _right(conn)
    return _months(right, own[1], own[0], held, figures.own_months(rows, at if held["mode"] == "evidence" else None))


@routes.get("/public/offices/{office_id}/notice", dependencies=[Depends(public_limit)])
def notice_text(office_id: OfficeId, ctx: ContextDep, at: NowDep, lang: Lang = "vi") -> NoticeText:
    """The public notice of an office as text, made from the mode that holds."""
    found = _notice(ctx, office_id, at)
    return NoticeText(office_id=office_id, mode=found.mode, lang=lang, text=notice.text(found, lang))


@pages.get("/notice/{office_id}", dependencies=[Depends(public_limit)])
def notice_page(office_id: OfficeId, ctx: ContextDep, at: NowDep, lang: Lang = "vi") -> Response:
    """The same, to print."""
    headers = {"Content-Security-Policy": notice.CSP, "Cache-Control": "no-cache"}
    return HTMLResponse(notice.page(_notice(ctx, office_id, at), lang), headers=headers)


class _Known:
    """Modes, changes and cameras of some offices."""

    def __init__(self, conn: Connection, office_ids: list[str]) -> None:
        self._conn = conn
        self.modes = officer_modes.modes(conn, office_ids)
        self.changes = {c["office_id"]: c for c in officer_modes.open_changes(conn, office_ids)}
        self._boxes = officer_modes.boxes(conn, office_ids)

    def of(self, office: Row, who: accounts.Account) -> dict[str, Any]:
        """One office, as :class:`OfficeMode`."""
        office_id = office["office_id"]
        held = self.modes.get(office_id, [None])[0]
        mode: OfficerMode = held["mode"] if held else "off"
        change = self.changes.get(office_id)
        boxes = [
            BoxRow(source_id=b["source_id"], officer_faces=b["officer_faces"], agrees=b["officer_faces"] == mode)
            for b in self._boxes
            if b["office_id"] == office_id
        ]
        keys = ("change_id", "mode", "legal_basis", "proposed_by", "proposed_at", "expires_at")
        return {
            "office_id": office_id,
            "name": office["unit_name"] or office["name"],
            "mode": mode,
            "valid_from": held["valid_from"] if held else None,
            "legal_basis": held["legal_basis"] if held else None,
            "change": ChangeRow(**{k: change[k] for k in keys}, may=_may(self._conn, change, who)) if change else None,
            "boxes": boxes,
        }


def _one(conn: Connection, who: accounts.Account, office: Row, lang: Lang) -> OneOfficeMode:
    known = _Known(conn, [office["office_id"]])
    keys = ("mode", "valid_from", "legal_basis", "proposed_by", "confirmed_by")
    change = known.changes.get(office["office_id"])
    return OneOfficeMode(
        **known.of(office, who),
        history=[ModeRow(**{k: m[k] for k in keys}) for m in known.modes.get(office["office_id"], [])],
        may_ask=who.role in ("hr", "admin") and change is None,
        notice_planned=notice.text(officer_modes.notice_of(conn, office, change), lang) if change else None,
    )


def _change(conn: Connection, who: accounts.Account, at: datetime, change_id: UUID) -> tuple[Row, Row]:
    """An open change of an office that is this account's to see. Raises HTTPException 404."""
    found = officer_modes.open_changes(conn, change_id=change_id)
    office = visible(conn, who, at).get(found[0]["office_id"]) if found else None
    if office is None:
        raise HTTPException(404, "there is no such change, it has ended, or it is not yours to see")
    return found[0], office


def _may(conn: Connection, change: Row, who: accounts.Account) -> list[Literal["confirm", "withdraw"]]:
    if who.role not in ("hr", "admin"):
        return []
    asked = conn.execute("select role from account where username = %s", [change["proposed_by"]]).fetchone()
    other = asked is not None and asked[0] != who.role
    return ["confirm", "withdraw"] if other else ["withdraw"]


def _held(conn: Connection, office_id: str, look: figures.Look) -> Row:
    """The mode that holds, if it lets anybody look so. Raises HTTPException 403."""
    held = officer_modes.modes(conn, [office_id]).get(office_id, [None])[0]
    mode: OfficerMode = held["mode"] if held else "off"
    if held is None or look not in figures.ALLOWED[mode]:
        raise HTTPException(403, f"the mode of officers' faces at this office is {mode}: nobody may look at this")
    return held


def _months(right: Right, office_id: str, officer_id: str | None, held: Row, months: list[figures.Month]) -> Months:
    rows = []
    for month in months:
        known = figures.RIGHT_SHARE.get(month.model.split(" ")[0], (None, None))
        low, high = right.get(month.model, known)
        rows.append(MonthRow(**asdict(month), right_low=low, right_high=high, right_measured=month.model in right))
    keys = {"mode": held["mode"], "valid_from": held["valid_from"], "min_n": figures.MIN_N}
    return Months(office_id=office_id, officer_id=officer_id, **keys, months=rows)


def _right(conn: Connection) -> Right:
    """In what share of labelled pictures each model was right, 95 % interval, where the province has measured it."""
    found: Right = {}
    for row in expression_audits.newest(conn):
        share = row["report"]["reader"].get("accuracy")
        if share:
            name = expression_audits.model(row["reader"], row["version"], row["temperature"], row["calibrated"])
            found[name] = (share["low"], share["high"])
    return found


def _begin(at: datetime) -> datetime:
    """The first instant of the month, two years ago."""
    month = figures.month_of(at)
    return store.span_of(month.replace(year=month.year - 2))[0]


def _notice(ctx: ContextDep, office_id: str, at: datetime) -> notice.Notice:
    with ctx.connection() as conn:
        office = next((o for o in store.offices(conn, store.day_of(at)) if o["office_id"] == office_id), None)
        if office is None:
            raise HTTPException(404, "there is no such office")
        return officer_modes.notice_of(conn, office)

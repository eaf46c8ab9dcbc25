"""Administration: accounts, devices, cameras, and the audit log."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import date, timedelta
from typing import Annotated, Any, cast

from fastapi import APIRouter, HTTPException, Query, Response

from motcua.analytics import audit_log, devices, store
from motcua.analytics.admin import export, people
from motcua.analytics.admin.plan import Problem
from motcua.analytics.admin.store import allowed
from motcua.analytics.api import accounts
from motcua.analytics.api.admin import ANSWERS, refused
from motcua.analytics.api.admin_more_models import (
    AuditPage,
    AuditRow,
    CameraRow,
    Cameras,
    ChainOf,
    ChangeUser,
    DeviceRow,
    Devices,
    NewDevice,
    NewUser,
    Secret,
    Seen,
    UserRow,
    Users,
)
from motcua.analytics.api.context import AdminDep, ContextDep
from motcua.analytics.store import Connection

CHECKED_ALWAYS = 50_000
"""A log of so many lines is checked whenever it is looked at; a longer one when asked."""
MOST_EXPORTED = 200_000
_CHANGED = "somebody changed this since you read it: look at it again"
Day = Annotated[date | None, Query()]
Word = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]

routes = APIRouter(prefix="/api/v1/admin", tags=["administration"], responses=ANSWERS)


@routes.get("/users")
def users(ctx: ContextDep, who: AdminDep) -> Users:
    """The accounts of your offices."""
    with ctx.connection() as conn:
        found = people.users(conn, allowed(conn, who.office_id))
    return Users(users=[_user(u, who) for u in found.values()])


@routes.post("/users", status_code=201, response_model=Secret)
def add_user(given: NewUser, ctx: ContextDep, who: AdminDep) -> Any:
    """Create an account; its random password is in the answer, and nowhere else."""
    with ctx.connection() as conn, conn.transaction():
        wrong = people.faults(conn, given.username, given.role, given.office_id, allowed(conn, who.office_id))
        if wrong:
            return refused(wrong)
        password = secrets.token_urlsafe(12)
        try:
            accounts.add(conn, given.username, given.role, password, given.office_id, by=who.username)
        except accounts.AccountError as error:
            raise HTTPException(409, str(error)) from error
    return Secret(name=given.username, secret=password)


@routes.put("/users/{username}", response_model=UserRow)
def change_user(username: str, given: ChangeUser, ctx: ContextDep, who: AdminDep) -> Any:
    """Change role, offices and state; their sessions end."""
    with ctx.connection() as conn, conn.transaction():
        mine = allowed(conn, who.office_id)
        old = _account(conn, username, who, given.version)
        if wrong := people.faults(conn, username, given.role, given.office_id, mine):
            return refused(wrong)
        people.change(conn, old, given.role, given.office_id, given.disabled, who.username)
        return _user(people.users(conn, mine)[username], who)


@routes.post("/users/{username}/password")
def new_password(username: str, given: Seen, ctx: ContextDep, who: AdminDep) -> Secret:
    """Give an account a new random password; its sessions end, and it is active again."""
    with ctx.connection() as conn, conn.transaction():
        _account(conn, username, who, given.version)
        password = secrets.token_urlsafe(12)
        accounts.set_password(conn, username, password, by=who.username)
    return Secret(name=username, secret=password)


@routes.get("/devices")
def list_devices(ctx: ContextDep, who: AdminDep) -> Devices:
    """The registry, as far as it is of your offices."""
    with ctx.connection() as conn:
        return Devices(devices=[_device(d) for d in _devices(conn, who).values()])


@routes.post("/devices", status_code=201, response_model=Secret)
def add_device(given: NewDevice, ctx: ContextDep, who: AdminDep) -> Any:
    """Register a device; its secret is in the answer, and nowhere else. The broker learns of it from 'motcua devices write'."""
    with ctx.connection() as conn, conn.transaction():
        if wrong := _device_faults(conn, given, who):
            return refused(wrong)
        try:
            with conn.transaction():
                secret = devices.add(
                    conn,
                    given.device_id,
                    cast(devices.Kind, given.kind),
                    who.username,
                    office_id=given.office_id or None,
                    source_id=given.source_id or None,
                    note=given.note or None,
                )
        except devices.DeviceError as error:
            raise HTTPException(409, str(error)) from error
        accounts.audit(conn, who.username, "device.add", **given.model_dump())
    return Secret(name=given.device_id, secret=secret)


@routes.post("/devices/{device_id}/rotate")
def rotate_device(device_id: str, given: Seen, ctx: ContextDep, who: AdminDep) -> Secret:
    """A new secret; the old one ends with the broker's next reading of its users."""
    with ctx.connection() as conn, conn.transaction():
        _seen_device(conn, device_id, given.version, who)
        secret = devices.rotate(conn, device_id)
        accounts.audit(conn, who.username, "device.rotate", device_id=device_id)
    return Secret(name=device_id, secret=secret)


@routes.post("/devices/{device_id}/revoke", status_code=204)
def revoke_device(device_id: str, given: Seen, ctx: ContextDep, who: AdminDep) -> None:
    """Take a device's rights for ever; its row stays."""
    with ctx.connection() as conn, conn.transaction():
        _seen_device(conn, device_id, given.version, who)
        devices.revoke(conn, device_id, who.username)
        accounts.audit(conn, who.username, "device.revoke", device_id=device_id)


@routes.get("/cameras")
def cameras(ctx: ContextDep, who: AdminDep) -> Cameras:
    """Cameras and other sources as they are heard of: state, provenance, and what the box says of itself."""
    with ctx.connection() as conn:
        mine = allowed(conn, who.office_id)
        live = {(d.office_id, d.source_id): d.device_id for d in devices.listed(conn, live_only=True)}
        found = [s for s in store.sources(conn) if mine is None or s["office_id"] in mine]
    return Cameras(sources=[_camera(s, live.get((s["office_id"], s["source_id"]))) for s in found])


@routes.get("/audit")
def audit(
    ctx: ContextDep,
    who: AdminDep,
    user: Word = None,
    action: Word = None,
    text: Word = None,
    since: Day = None,
    until: Day = None,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    check: bool = False,
) -> AuditPage:
    """Who did what, the newest first (in part of the offices: what its accounts did), and whether the log is whole."""
    with ctx.connection() as conn:
        rows = _rows(conn, who, user=user, action=action, text=text, since=since, until=until, before=before, limit=limit)
        chain = _chain(conn, check)
    lines = [
        AuditRow(number=r["chain_no"], at=r["at"], username=r["username"], action=r["action"], detail=r["detail"])
        for r in rows
    ]
    return AuditPage(rows=lines, before=rows[-1]["chain_no"] if len(rows) == limit else None, chain=chain)


@routes.get("/audit/file.csv", response_class=Response)
def audit_file(
    ctx: ContextDep,
    who: AdminDep,
    user: Word = None,
    action: Word = None,
    text: Word = None,
    since: Day = None,
    until: Day = None,
) -> Response:
    """The log as CSV, with the hash of each line."""
    with ctx.connection() as conn:
        rows = _rows(
            conn, who, user=user, action=action, text=text, since=since, until=until, before=None, limit=MOST_EXPORTED
        )
        accounts.audit(conn, who.username, "audit.export", lines=len(rows))
    lines = [
        [
            str(r["chain_no"]),
            r["at"].isoformat(),
            r["username"] or "",
            r["action"],
            json.dumps(r["detail"], ensure_ascii=False),
            r["hash"],
        ]
        for r in rows
    ]
    csv = export.table(["number", "at", "username", "action", "detail", "hash"], lines)
    return Response(
        csv, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": 'attachment; filename="audit.csv"'}
    )


def _rows(
    conn: Connection, who: accounts.Account, *, since: date | None, until: date | None, **asked: Any
) -> list[store.Row]:
    own = None if who.office_id is None else sorted(people.users(conn, allowed(conn, who.office_id)))
    begin = None if since is None else store.span_of(since)[0]
    end = None if until is None else store.span_of(until + timedelta(days=1))[0]
    asked = {k: v or None for k, v in asked.items()}
    return store.rows(conn, "audit_rows", users=own, since=begin, until=end, **asked)


def _chain(conn: Connection, check: bool) -> ChainOf:
    row = conn.execute("select chain_no, encode(hash, 'hex') from audit_head").fetchone()
    rows, head = (0, "") if row is None else (int(row[0]), str(row[1]))
    if not check and rows > CHECKED_ALWAYS:
        return ChainOf(rows=rows, head=head, checked=False, broken_at=None, why=None)
    found = audit_log.verify(conn)
    return ChainOf(rows=found.rows, head=found.head, checked=True, broken_at=found.broken_at, why=found.why)


def _user(u: people.User, who: accounts.Account) -> UserRow:
    return UserRow(
        username=u.username,
        role=u.role,
        office_id=u.office_id,
        disabled=u.disabled,
        created_at=u.created_at,
        version=u.version(),
        own=u.username == who.username,
    )


def _account(conn: Connection, username: str, who: accounts.Account, version: str) -> people.User:
    """An account that this administrator may change, as they have seen it. Raises HTTPException 404 and 409."""
    conn.execute("select 1 from account where username = %s for update", [username[:64].replace("\0", "")])
    found = people.users(conn, allowed(conn, who.office_id)).get(username)
    if found is None:
        raise HTTPException(404, "there is no such account, or it is not yours")
    if username == who.username:
        raise HTTPException(403, "nobody changes their own account here: another administrator does")
    if found.version() != version:
        raise HTTPException(409, _CHANGED)
    return found


def _devices(conn: Connection, who: accounts.Account) -> dict[str, devices.Device]:
    mine = allowed(conn, who.office_id)
    return {d.device_id: d for d in devices.listed(conn) if mine is None or d.office_id in mine}


def _device(d: devices.Device) -> DeviceRow:
    return DeviceRow(**{f: getattr(d, f) for f in DeviceRow.model_fields if f != "version"}, version=_version(d))


def _version(d: devices.Device) -> str:
    return hashlib.sha256(f"{d.secret_hash}|{d.revoked_at}".encode()).hexdigest()[:20]


def _seen_device(conn: Connection, device_id: str, version: str, who: accounts.Account) -> None:
    """Raises HTTPException 404 and 409."""
    conn.execute("select 1 from device where device_id = %s for update", [device_id[:64].replace("\0", "")])
    found = _devices(conn, who).get(device_id)
    if found is None:
        raise HTTPException(404, "there is no such device, or it is not yours")
    if found.revoked_at is not None or _version(found) != version:
        raise HTTPException(409, _CHANGED)


def _device_faults(conn: Connection, given: NewDevice, who: accounts.Account) -> list[Problem]:
    mine, wrong = allowed(conn, who.office_id), []
    for name in ("device_id", "source_id"):
        value = getattr(given, name)
        if not value and (name == "device_id" or given.kind != "ingestor"):
            wrong.append(Problem("form", name, "missing", "is missing"))
        elif value and (not devices.is_id(value) or value == "admin"):
            wrong.append(Problem("form", name, "pattern", f"{value!r} is no id", value))
    if given.kind not in devices.KINDS:
        wrong.append(Problem("form", "kind", "choice", "there is no such kind", given.kind))
    if given.kind == "ingestor":
        if mine is not None:
            wrong.append(Problem("form", "kind", "not_yours", "an ingestor is of all offices"))
        if given.office_id or given.source_id:
            wrong.append(Problem("form", "office_id", "ingestor", "an ingestor has neither office nor source"))
    elif not given.office_id:
        wrong.append(Problem("form", "office_id", "missing", "is missing"))
    elif mine is not None and given.office_id not in mine:
        wrong.append(Problem("form", "office_id", "not_yours", "this office is not yours", given.office_id))
    elif not conn.execute("select 1 from office where office_id = %s", [given.office_id]).fetchone():
        wrong.append(Problem("form", "office_id", "no_office", "there is no such office", given.office_id))
    return wrong


def _camera(s: store.Row, registered: str | None) -> CameraRow:
    health = s["health"] or {}
    return CameraRow(
        **{k: s[k] for k in ("office_id", "source_id", "status", "last_at", "provenance", "gaps")},
        **{k: health.get(k) for k in ("agent_version", "blind", "sentiment_on", "detail")},
        registered=registered,
    )

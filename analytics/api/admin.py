"""Administration: offices and what belongs to them. One way for every kind of record: list, read, write, retire, import, export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from motcua.analytics.admin import export, plan, store
from motcua.analytics.admin.kinds import KINDS, Kind, Values, retired
from motcua.analytics.api import accounts, admin_models
from motcua.analytics.api.admin_models import (
    FieldOf,
    Invalid,
    KindName,
    KindOf,
    Listing,
    OneRecord,
    Overview,
    Preview,
    ProblemOf,
    RecordChange,
    RecordOf,
    Retire,
    State,
    Write,
)
from motcua.analytics.api.context import AdminDep, ContextDep, NowDep, now
from motcua.analytics.api.models import Problem
from motcua.analytics.api.ratings import body_of
from motcua.analytics.store import Connection, day_of

MOST_SHOWN = 500
Key = Annotated[str, Path(max_length=200, description="The parts of the key, with ~ between")]
ANSWERS: dict[int | str, dict[str, Any]] = {
    **{code: {"model": Problem} for code in (401, 403, 404, 409, 413, 503)},
    422: {"model": Invalid},
}


@dataclass(frozen=True, slots=True)
class _Raw:
    """What a form sent, as a row."""

    where: str
    values: dict[str, Any]
    fault: str | None = None
    code: str = "other"


def routes(records: plan.Records) -> APIRouter:
    """The routes; ``records`` knows what a record must be like."""
    router = APIRouter(prefix="/api/v1/admin", tags=["administration"], responses=ANSWERS)

    @router.get("/records")
    def overview(ctx: ContextDep, who: AdminDep, at: NowDep) -> Overview:
        """What this administrator keeps, with counts."""
        with ctx.connection() as conn:
            kinds = [_kind(KINDS[k], who, day_of(at), _mine(conn, KINDS[k], who, day_of(at))) for k in KINDS]
        return Overview(office_id=who.office_id, kinds=kinds)

    @router.get("/records/{kind}")
    def listing(
        kind: KindName,
        ctx: ContextDep,
        who: AdminDep,
        at: NowDep,
        q: Annotated[str, Query(max_length=100, description="Words that a record holds, with or without accents")] = "",
        state: State = "active",
        office: Annotated[str | None, Query(max_length=64, description="Only this office's")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Listing:
        """Records of a kind, as far as they are this administrator's."""
        today = day_of(at)
        with ctx.connection() as conn:
            mine = _mine(conn, KINDS[kind], who, today)
            names = {o["office_id"]: o["unit_name"] or o["name"] for o in store.every_office(conn)}
        found = [
            _record(key, values, today)
            for key, values in mine.items()
            if state in ("all", "retired" if retired(values, today) else "active")
            and (office is None or values.get("office_id") == office)
            and store.matches(q, values | {"of": names.get(str(values.get("office_id")))})
        ]
        return Listing(
            kind=_kind(KINDS[kind], who, today, mine),
            fields=_fields(KINDS[kind]),
            total=len(found),
            rows=found[offset : offset + limit],
            names={
                str(o): names[str(o)] for r in found[offset : offset + limit] if (o := r.values.get("office_id")) in names
            },
        )

    @router.get("/records/{kind}/one")
    def one(
        kind: KindName,
        ctx: ContextDep,
        who: AdminDep,
        at: NowDep,
        key: Annotated[str | None, Query(max_length=200, description="None: an empty form")] = None,
    ) -> OneRecord:
        """One record with its fields."""
        today = day_of(at)
        with ctx.connection() as conn:
            mine = _mine(conn, KINDS[kind], who, today)
        if key is not None and key not in mine:
            raise HTTPException(404, "there is no such record, or it is not yours")
        return OneRecord(
            kind=_kind(KINDS[kind], who, today, mine),
            fields=_fields(KINDS[kind]),
            record=None if key is None else _record(key, mine[key], today),
        )

    @router.put("/records/{kind}/{key}", response_model=RecordOf)
    def write(kind: KindName, key: Key, given: Write, ctx: ContextDep, who: AdminDep, at: NowDep) -> Any:
        """Add a record, or change the one that was read. Raises 409 where somebody changed it since."""
        of, today = KINDS[kind], day_of(at)
        with ctx.connection() as conn, conn.transaction():
            store.lock(conn, of)
            known = store.known(conn, of, who.office_id, today)
            _as_read(known.existing.get(key), given.version)
            if of.key_of(dict(given.values) | _everybody(of, given.values)) != key:
                return refused([plan.Problem("form", of.key[-1], "key_changed", "the key of a record does not change")])
            return _saved(conn, of, key, dict(given.values), known, who)

    def _saved(
        conn: Connection, of: Kind, key: str, values: dict[str, Any], known: plan.Known, who: accounts.Account
    ) -> Any:
        made = plan.plan(of, [_Raw("form", values)], known, records)
        if made.problems:
            return refused(made.problems)
        store.write(conn, made, who.username)
        return _record(key, store.records(conn, of, known.today)[key], known.today)

    @router.post("/records/{kind}/{key}/retire", response_model=RecordOf | None)
    def retire(kind: KindName, key: Key, given: Retire, ctx: ContextDep, who: AdminDep, at: NowDep) -> Any:
        """End a record or take it in force again; nothing is deleted that figures may speak of."""
        of, today = KINDS[kind], day_of(at)
        with ctx.connection() as conn, conn.transaction():
            store.lock(conn, of)
            known = store.known(conn, of, who.office_id, today)
            before = known.existing.get(key)
            if before is None or (known.allowed is not None and of.office_of(before) not in known.allowed):
                raise HTTPException(404, "there is no such record, or it is not yours")
            _as_read(before, given.version)
            if of.retire == "day":
                day = None if given.back else given.day or today.isoformat()
                return _saved(conn, of, key, {**before, "valid_to": day}, known, who)
            if of.retire is None:
                raise HTTPException(409, "such a record is emptied, not retired")
            if date.fromisoformat(str(before["day"])) <= today:
                return refused([plan.Problem("form", "day", "past_day", "a day that has come stays: figures speak of it")])
            store.remove_holiday(conn, before, who.username)
            return None

    @router.post("/records/{kind}/import", response_model=Preview)
    async def import_(
        kind: KindName,
        request: Request,
        ctx: ContextDep,
        who: AdminDep,
        name: Annotated[str, Query(max_length=200, description="The file's name: .csv, or .geojson for offices")],
        retire_missing: Annotated[bool, Query(description="Retire what the file does not name")] = False,
        token: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$", description="Of the preview: write it")] = None,
    ) -> Any:
        """Show what a file would change; with the token of that answer, write it. Nothing is written while a line is wrong."""
        data = await body_of(request)

        def work() -> Any:
            of, today = KINDS[kind], day_of(now())
            with ctx.connection() as conn, conn.transaction():
                if token is not None:
                    store.lock(conn, of)
                known = store.known(conn, of, who.office_id, today)
                try:
                    rows = records.read(kind, name, data)
                except ValueError as error:
                    refused = plan.Problem("file", None, getattr(error, "code", "file_other"), str(error))
                    return _preview(plan.Plan(kind, problems=(refused,)), today, written=False)
                made = plan.plan(of, rows, known, records, retire_missing=retire_missing)
                if token is not None:
                    if made.problems or made.token() != token:
                        raise HTTPException(409, "the data changed since the preview: look at it again")
                    store.write(conn, made, who.username, via=f"import {token[:12]}")
                return _preview(made, today, written=token is not None)

        return await run_in_threadpool(work)

    @router.get("/records/{kind}/file.{form}", response_class=Response)
    def file(kind: KindName, form: str, ctx: ContextDep, who: AdminDep, at: NowDep, state: State = "all") -> Response:
        """All records of a kind as CSV, offices also as GeoJSON: an import of it changes nothing."""
        if form not in ("csv", "geojson") or (form == "geojson" and kind != "offices"):
            raise HTTPException(404, "there is no such file")
        today = day_of(at)
        with ctx.connection() as conn:
            mine = _mine(conn, KINDS[kind], who, today)
            accounts.audit(conn, who.username, f"{kind}.export", form=form, records=len(mine))
        rows = [v for v in mine.values() if state in ("all", "retired" if retired(v, today) else "active")]
        text = export.as_csv(KINDS[kind], rows) if form == "csv" else export.as_geojson(rows)
        return Response(
            text,
            media_type="text/csv; charset=utf-8" if form == "csv" else "application/geo+json",
            headers={"Content-Disposition": f'attachment; filename="{kind}-{today}.{form}"'},
        )

    return router


def _mine(conn: Connection, kind: Kind, who: accounts.Account, today: date) -> dict[str, Values]:
    """The records that an administrator sees: their offices', and what belongs to every office."""
    found, allowed = store.records(conn, kind, today), store.allowed(conn, who.office_id)
    if allowed is None or kind.shared:
        return found
    return {k: v for k, v in found.items() if kind.office_of(v) in allowed or kind.office_of(v) == "*"}


def _kind(kind: Kind, who: accounts.Account, today: date, mine: Mapping[str, Values]) -> KindOf:
    ended = sum(retired(v, today) for v in mine.values())
    may = who.office_id is None or not kind.shared
    return KindOf(
        kind=kind.name,
        active=len(mine) - ended,
        retired=ended,
        may_edit=may,
        may_add=may and not kind.every,
        retire=kind.retire,
    )


def _fields(kind: Kind) -> list[FieldOf]:
    return [
        FieldOf(name=f.name, type=f.type, required=f.required, most=f.most, choices=list(f.choices), key=f.name in kind.key)
        for f in kind.fields
    ]


def _record(key: str, values: Values, today: date) -> RecordOf:
    return RecordOf(key=key, version=plan.version(values), retired=retired(values, today), values=dict(values))


def _everybody(kind: Kind, values: Mapping[str, Any]) -> dict[str, str]:
    """A holiday without an office is one of every office."""
    return {"office_id": "*"} if kind.retire == "remove" and not values.get("office_id") else {}


def _as_read(before: Values | None, version: str | None) -> None:
    """Raises HTTPException 409 where a record is not as its writer has seen it."""
    if before is None and version is not None:
        raise HTTPException(409, "the record is gone: somebody removed it since you read it")
    if before is not None and version is None:
        raise HTTPException(409, "there is such a record already: open it to change it")
    if before is not None and plan.version(before) != version:
        raise HTTPException(409, "somebody changed this record since you read it: look at it again")


def refused(problems: list[plan.Problem] | tuple[plan.Problem, ...]) -> JSONResponse:
    """An answer 422 with every fault at its field."""
    first = problems[0]
    detail = f"{first.where}{f', {first.field}' if first.field else ''}: {first.message}"[:300]
    return JSONResponse(
        Invalid(detail=detail, problems=[_problem(p) for p in problems[:MOST_SHOWN]]).model_dump(), status_code=422
    )


def _problem(p: plan.Problem) -> ProblemOf:
    return ProblemOf(
        where=p.where, field=_whole(p.field), code=p.code, message=_whole(p.message[:300]) or "", value=_whole(p.value)
    )


def _whole(text: str | None) -> str | None:
    """Text that can be sent: halves of surrogate pairs become question marks."""
    return None if text is None else text.encode("utf-8", "replace").decode()


def _preview(made: plan.Plan, today: date, *, written: bool) -> Preview:
    return Preview(
        kind=made.kind,
        token=None if made.problems or written else made.token(),
        written=written,
        new=len(made.new),
        changed=len(made.changed),
        retired=len(made.retired),
        unchanged=made.unchanged,
        new_records=[_record(k, v, today) for k, v in made.new[:MOST_SHOWN]],
        changed_records=[_change(c) for c in made.changed[:MOST_SHOWN]],
        retired_records=[_change(c) for c in made.retired[:MOST_SHOWN]],
        errors=len(made.problems),
        problems=[_problem(p) for p in made.problems[:MOST_SHOWN]],
    )


def _change(c: plan.Change) -> RecordChange:
    fields = [admin_models.FieldChange(field=k, old=old, new=new) for k, (old, new) in c.fields().items()]
    return RecordChange(key=c.key, fields=fields)

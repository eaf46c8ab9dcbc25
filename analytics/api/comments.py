"""What citizens wrote, for HR of the unit: read, hide with a reason, show again. Every view and change is written down."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path
from pydantic import BaseModel, ConfigDict, Field

from motcua.analytics import store
from motcua.analytics.api import accounts
from motcua.analytics.api.context import Connection, ContextDep, NowDep, OfficeId, one_office, role
from motcua.analytics.api.models import Problem
from motcua.analytics.api.ratings import Since, Until, period
from motcua.analytics.comments import MIN_REASON, MOST_REASON, Fineness, When, dated, key_of
from motcua.analytics.store import Row
from motcua.edge.messages import Provenance

_ANSWERS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 404, 409, 422, 503)}
HrDep = Annotated[accounts.Account, Depends(role("hr"))]
Key = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
DAYS = 365

routes = APIRouter(prefix="/api/v1/offices/{office_id}/comments", tags=["ratings"], responses=_ANSWERS)


class Hidden(BaseModel):
    """That a comment is out of sight, and why."""

    by: str
    day: date
    reason: str


class Comment(BaseModel):
    """What a citizen wrote; null once hidden. ``first`` until before ``until``: when, as finely as five answers allow."""

    key: str
    fineness: Fineness
    first: date | None
    until: date | None
    comment: str | None
    hidden: Hidden | None
    provenance: Provenance | None


class Comments(BaseModel):
    """An office's comments, newest first; within one date in no order that tells anything."""

    office_id: str
    name: str
    since: date
    until: date
    min_reason: int = Field(description="Fewest characters of a reason")
    comments: list[Comment]


class Hide(BaseModel):
    """Why a comment is taken out of sight, or shown again."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=1000)]


@routes.get("")
def comments(
    office_id: OfficeId, ctx: ContextDep, who: HrDep, at: NowDep, since: Since = None, until: Until = None
) -> Comments:
    """What citizens wrote: numbers and addresses were taken out before it was stored. A year back by default, as long as it is kept."""
    first, last, _, _ = period(since, until, at, DAYS)
    with ctx.connection() as conn:
        office = one_office(conn, who, at, office_id)
        accounts.audit(conn, who.username, "ratings.comments", office_id=office_id, since=first, until=last)
        found = [c for c in _all(conn, office_id) if When(c.fineness, c.first, c.until).within(first, last)]
    name = office["unit_name"] or office["name"]
    return Comments(office_id=office_id, name=name, since=first, until=last, min_reason=MIN_REASON, comments=found)


@routes.post("/{key}/{what}", status_code=204)
def moderate(
    office_id: OfficeId, key: Key, what: Literal["hide", "show"], given: Hide, ctx: ContextDep, who: HrDep, at: NowDep
) -> None:
    """Take a comment out of sight, or show it again, with a reason; what was rated stays."""
    reason = " ".join(given.reason.split())
    if not MIN_REASON <= len(reason) <= MOST_REASON:
        raise HTTPException(409, f"say why, in {MIN_REASON} to {MOST_REASON} characters")
    with ctx.connection() as conn, conn.transaction():
        one_office(conn, who, at, office_id)
        row = next(
            (r for r in store.rows(conn, "rating_comments", office_id=office_id) if key_of(r["rating_id"]) == key), None
        )
        if row is None or (row["hidden_at"] is None) != (what == "hide"):
            raise HTTPException(404, "there is no such comment, or this was done already")
        values = [at, who.username, reason] if what == "hide" else [None, None, None]
        conn.execute(
            "update rating_comment set hidden_at = %s, hidden_by = %s, hidden_reason = %s where rating_id = %s",
            [*values, row["rating_id"]],
        )
        accounts.audit(conn, who.username, f"comment.{what}", office_id=office_id, comment=key, reason=reason)


def _all(conn: Connection, office_id: str) -> list[Comment]:
    rows = store.rows(conn, "rating_comments", office_id=office_id)
    if not rows:
        return []
    begin = min(r["at"] for r in rows) - timedelta(days=32)
    answers = [d["day"] for d in store.rows(conn, "qr_days", office_id=office_id, since=begin) for _ in range(d["n"])]
    when = dated([store.day_of(r["at"]) for r in rows], answers)
    made = [_shown(r, w.fineness, w.first, w.until) for r, w in zip(rows, when, strict=True)]
    return sorted(made, key=lambda c: (-(c.first or date.min).toordinal(), c.key))


def _shown(r: Row, fineness: Fineness, first: date | None, until: date | None) -> Comment:
    hidden = r["hidden_at"] and Hidden(by=r["hidden_by"], day=store.day_of(r["hidden_at"]), reason=r["hidden_reason"])
    return Comment(
        key=key_of(r["rating_id"]),
        fineness=fineness,
        first=first,
        until=until,
        comment=None if hidden else r["comment"],
        hidden=hidden,
        provenance=r["provenance"],
    )

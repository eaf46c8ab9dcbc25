"""Where citizens answer: kiosks with a device's token, and the QR page with a token for one visit. No login, no cookie."""

from __future__ import annotations

import io
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import segno
from fastapi import APIRouter, Header, HTTPException, Request
from pydantic import ValidationError

from motcua.analytics import rating_store
from motcua.analytics.api.context import Connection, Context, ContextDep, NowDep, limited
from motcua.analytics.api.models import Problem
from motcua.analytics.api.rating_models import KioskAnswers, KioskKept, KioskNow, Qr, Refused
from motcua.analytics.batch import Delivery
from motcua.analytics.rating_tokens import TokenError, Visited, cleaned, read, sign
from motcua.analytics.store import Row
from motcua.analytics.writer import write
from motcua.edge.messages import Rating, topic, uuid7

AHEAD = timedelta(minutes=5)
PAGE = "/r/"

Outcome = Literal["open", "thanks", "used", "expired", "forged", "off", "many", "wrong"]

routes = APIRouter(prefix="/api/v1/kiosk", tags=["kiosk"])
_ANSWERS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 429, 503)}


def _kiosk(ctx: Context, conn: Connection, authorization: str) -> Row:
    """The kiosk that asks. Raises HTTPException 401, 429."""
    scheme, _, token = authorization.partition(" ")
    found = rating_store.kiosk_of(conn, token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        raise HTTPException(401, "this kiosk is not known, or was switched off: open it with a new address")
    limited(ctx.kiosks, f"{found['office_id']}/{found['kiosk_id']}")
    return found


Token = Annotated[str, Header(alias="Authorization", description="Bearer and the kiosk's token")]


@routes.get("", responses=_ANSWERS)
def kiosk(ctx: ContextDep, at: NowDep, authorization: Token = "") -> KioskNow:
    """What the kiosk is, and the time."""
    with ctx.connection() as conn:
        found = _kiosk(ctx, conn, authorization)
    return KioskNow(
        office_name=found["office_name"],
        kiosk_id=found["kiosk_id"],
        counter_id=found["counter_id"],
        simulated=found["provenance"] == "simulated",
        qr=ctx.settings.rating_secret is not None,
        now=at,
    )


@routes.post("/ratings", responses=_ANSWERS)
def give(answers: KioskAnswers, ctx: ContextDep, at: NowDep, authorization: Token = "") -> KioskKept:
    """Store answers; the same ones again change nothing. What is no rating goes to the dead letters and never comes again."""
    with ctx.connection() as conn:
        found = _kiosk(ctx, conn, authorization)
        address = topic(found["office_id"], found["kiosk_id"], "rating")
        ratings: list[Rating] = []
        refused: list[Refused] = []
        dead: list[Delivery] = []
        for index, given in enumerate(answers.ratings):
            try:
                ratings.append(_rating(given, found, at))
            except ValidationError as error:
                first = error.errors(include_input=False)[0]
                reason = f"{'.'.join(str(p) for p in first['loc']) or 'rating'}: {first['msg']}"[:200]
                refused.append(Refused(index=index, reason=reason))
                dead.append(Delivery(address, json.dumps({**given, "type": "rating"})[:4000].encode(), at))
        have = rating_store.known(conn, [r.id for r in ratings])
        new = [Delivery(address, r.model_dump_json(exclude_none=True).encode(), at) for r in ratings if r.id not in have]
        write(conn, [*new, *dead])
    return KioskKept(kept=[str(r.id) for r in ratings], refused=refused, now=at)


def _rating(given: dict[str, Any], kiosk: Row, now: datetime) -> Rating:
    """A kiosk's answer as a message; office, counter and provenance are the kiosk's, whatever it says. A clock that runs ahead is set back."""
    allowed = {key: given.get(key) for key in ("id", "at", "epoch", "seq", "score", "reason")}
    message = Rating.model_validate(
        allowed
        | {
            "office_id": kiosk["office_id"],
            "source_id": kiosk["kiosk_id"],
            "counter_id": kiosk["counter_id"],
            "provenance": kiosk["provenance"],
            "channel": "kiosk",
        }
    )
    return message.model_copy(update={"at": now}) if message.at > now + AHEAD else message


@routes.post("/qr", responses={**_ANSWERS, 404: {"model": Problem}})
def qr(request: Request, ctx: ContextDep, at: NowDep, authorization: Token = "") -> Qr:
    """A fresh address for the citizen who was just served here: for one rating, on their own phone."""
    with ctx.connection() as conn:
        found = _kiosk(ctx, conn, authorization)
    if ctx.settings.rating_secret is None:
        raise HTTPException(404, "QR ratings are off: set MOTCUA_API_RATING_SECRET")
    url = address_of(
        ctx.settings.rating_url or str(request.base_url),
        ctx.settings.rating_secret.get_secret_value(),
        found["office_id"],
        found["counter_id"],
        at,
        simulated=found["provenance"] == "simulated",
    )
    return Qr(url=url, svg=svg_of(url), valid_until=at + timedelta(days=ctx.settings.rating_days))


def address_of(base: str, secret: str, office_id: str, counter_id: str | None, at: datetime, *, simulated: bool) -> str:
    """The address of one visit's QR page; each call makes another."""
    visited = Visited(office_id, counter_id, at, simulated, secrets.token_urlsafe(9))
    return f"{base.rstrip('/')}{PAGE}{sign(visited, secret.encode())}"


def svg_of(url: str) -> str:
    """A QR code as an SVG element."""
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(out, kind="svg", xmldecl=False, svgns=True, scale=6, border=4, light="#fff")
    return out.getvalue().decode()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the QR page shows before and after the answer."""

    outcome: Outcome
    office_name: str | None = None
    counter_id: str | None = None
    simulated: bool = False


class QrDoor:
    """What the QR page may do; it is handed to whoever draws the page."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def look(self, token: str, at: datetime) -> Asked:
        """Whether a token is still open."""
        visited = self._read(token, at)
        if not isinstance(visited, Visited):
            return Asked(visited)
        with self._ctx.connection() as conn:
            return self._asked(conn, visited, "used" if rating_store.is_used(conn, token) else "open")

    def give(
        self, token: str, score: str, reason: str | None, comment: str | None, address: str, at: datetime, waited_s: float
    ) -> Asked:
        """Store the answer. ``waited_s``: monotonic seconds, for the limit of one address."""
        if self._ctx.qr_answers.wait_s(address, waited_s) > 0:
            return Asked("many")
        visited = self._read(token, at)
        if not isinstance(visited, Visited):
            return Asked(visited)
        try:
            rating = Rating(
                id=uuid7(at),
                epoch=0,
                seq=1,
                at=at,
                office_id=visited.office_id,
                source_id="qr",
                provenance="simulated" if visited.simulated else "kiosk",
                counter_id=visited.counter_id,
                score=int(score),
                channel="qr",
                served_at=min(visited.served_at, at),
                reason=reason or None,  # the message refuses what is none
            )
        except ValueError:
            return Asked("wrong")
        with self._ctx.connection() as conn:
            new = rating_store.add_once(conn, token, rating, cleaned(comment or ""))
            return self._asked(conn, visited, "thanks" if new else "used")

    def _read(self, token: str, at: datetime) -> Visited | Outcome:
        secret = self._ctx.settings.rating_secret
        if secret is None:
            return "off"
        try:
            return read(token, secret.get_secret_value().encode(), at, timedelta(days=self._ctx.settings.rating_days))
        except TokenError as error:
            return error.why

    def _asked(self, conn: Connection, visited: Visited, outcome: Outcome) -> Asked:
        row = conn.execute(
            "select coalesce(unit_name, name) from office where office_id = %s", [visited.office_id]
        ).fetchone()
        return Asked(outcome, row[0] if row else None, visited.counter_id, visited.simulated)

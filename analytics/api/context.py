"""What every route may ask for: a connection, the time, the account behind a cookie, the offices it may see."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import psycopg
from fastapi import Depends, HTTPException, Path, Request
from psycopg_pool import ConnectionPool, PoolTimeout

from motcua.analytics import store
from motcua.analytics.api import accounts, views
from motcua.analytics.api.cache import Cached, Encoded
from motcua.analytics.api.limits import Limiter
from motcua.analytics.api.live import Hub
from motcua.analytics.api.settings import ApiSettings
from motcua.edge.messages import Id

COOKIE = "motcua_session"
CSRF_HEADER = "x-motcua-csrf"
NO_DATABASE = "the database cannot be reached: try again in a moment"

if TYPE_CHECKING:
    from motcua.analytics.api.counter_models import Trends
    from motcua.analytics.api.public import PublicAnswers

Connection = psycopg.Connection[Any]


@dataclass(slots=True)
class Context:
    """The process's parts, made once."""

    settings: ApiSettings
    pool: ConnectionPool[Connection]
    hub: Hub
    public: Limiter
    logins: Limiter
    logins_by_address: Limiter
    reports: Limiter
    kiosks: Limiter
    qr_answers: Limiter
    public_answers: PublicAnswers = field(init=False)
    trends: Cached[Trends] = field(init=False)
    open_data: dict[str, tuple[datetime, Encoded]] = field(default_factory=dict)
    requests: dict[tuple[str, int], int] = field(default_factory=dict)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection of the pool. Raises HTTPException 503 where there is none."""
        try:
            with self.pool.connection() as conn:
                yield conn
        except (PoolTimeout, psycopg.OperationalError) as error:
            raise HTTPException(503, NO_DATABASE) from error


async def context(request: Request) -> Context:
    """The process's parts."""
    return cast(Context, request.app.state.context)


ContextDep = Annotated[Context, Depends(context)]


def now() -> datetime:
    """The time, aware and in UTC: the shell's one clock."""
    return datetime.now(UTC)


async def _now() -> datetime:
    return now()


NowDep = Annotated[datetime, Depends(_now)]
OfficeId = Annotated[Id, Path(description="The office's id, for example vl-29734")]


def client_address(request: Request, ctx: Context) -> str:
    """Where a request comes from."""
    forwarded = request.headers.get("x-forwarded-for") if ctx.settings.forwarded_for else None
    if forwarded:
        return forwarded.split(",")[-1].strip()
    return request.client.host if request.client else "unknown"


def limited(limiter: Limiter, key: str) -> None:
    """Count a call. Raises HTTPException 429."""
    wait_s = limiter.wait_s(key, time.monotonic())
    if wait_s > 0:
        raise HTTPException(429, "too many requests: wait a moment", headers={"Retry-After": str(int(wait_s) + 1)})


async def public_limit(request: Request, ctx: ContextDep) -> None:
    """The limit of the public part."""
    limited(ctx.public, client_address(request, ctx))


def limited_report(request: Request, ctx: Context) -> None:
    """The limit of reports of wrong data: so many an hour for each address, counted by the minute. Raises HTTPException 429."""
    limited(ctx.reports, client_address(request, ctx))


def account(request: Request, ctx: ContextDep, at: NowDep) -> accounts.Account:
    """Who is logged in. Raises HTTPException 401, and 403 for a change without the header that other sites cannot send."""
    if request.method not in ("GET", "HEAD", "OPTIONS") and request.headers.get(CSRF_HEADER) != "1":
        raise HTTPException(403, f"a change needs the header {CSRF_HEADER}: 1")
    token = request.cookies.get(COOKIE, "")
    with ctx.connection() as conn:
        found = accounts.session(conn, token, at, ctx.settings.session_hours) if token else None
    if found is None:
        raise HTTPException(401, "not logged in, or the login has expired: log in")
    return found


AccountDep = Annotated[accounts.Account, Depends(account)]


def role(*allowed: str) -> Callable[[accounts.Account], accounts.Account]:
    """A dependency: the account, if it has one of these roles. Raises HTTPException 403."""

    def check(who: AccountDep) -> accounts.Account:
        if who.role not in allowed:
            raise HTTPException(403, f"the role {who.role} may not see this")
        return who

    return check


StaffDep = Annotated[accounts.Account, Depends(role("supervisor", "analyst", "hr", "admin"))]
AdminDep = Annotated[accounts.Account, Depends(role("admin"))]


def visible(conn: Connection, who: accounts.Account, at: datetime) -> dict[str, store.Row]:
    """The offices that an account may see, by id."""
    every = store.offices(conn, store.day_of(at))
    allowed = views.subtree(every, who.office_id)
    return {o["office_id"]: o for o in every if o["office_id"] in allowed}


def one_office(conn: Connection, who: accounts.Account, at: datetime, office_id: str) -> store.Row:
    """One of the offices that an account may see. Raises HTTPException 404."""
    office = visible(conn, who, at).get(office_id)
    if office is None:
        raise HTTPException(404, "there is no such office, or it is not yours to see")
    return office

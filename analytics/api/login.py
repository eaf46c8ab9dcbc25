"""Login, logout, who am I."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request, Response

from motcua.analytics.api import accounts
from motcua.analytics.api.context import COOKIE, AccountDep, ContextDep, NowDep, client_address, limited
from motcua.analytics.api.models import Login, Me, Problem

routes = APIRouter(prefix="/api/v1/auth", tags=["login"])


@routes.post("/login", responses={401: {"model": Problem}, 429: {"model": Problem}})
def login(given: Login, request: Request, response: Response, ctx: ContextDep, at: NowDep) -> Me:
    """Begin a session: the cookie ``motcua_session`` comes with the answer."""
    limited(ctx.logins, f"account {given.username}")
    limited(ctx.logins_by_address, client_address(request, ctx))
    with ctx.connection() as conn:
        made = accounts.log_in(conn, given.username, given.password, at, ctx.settings.session_hours)
    if made is None:
        raise HTTPException(401, "wrong user name or password")
    token, who = made
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=ctx.settings.cookie_secure, path="/")
    return Me(username=who.username, role=who.role, office_id=who.office_id)


@routes.post("/logout", status_code=204)
def logout(request: Request, response: Response, ctx: ContextDep, who: AccountDep) -> None:
    """End this session."""
    with ctx.connection() as conn:
        accounts.log_out(conn, request.cookies[COOKIE])
    response.delete_cookie(COOKIE, path="/")


@routes.get("/me", responses={401: {"model": Problem}})
def me(who: AccountDep) -> Me:
    """Who is logged in."""
    return Me(username=who.username, role=who.role, office_id=who.office_id)

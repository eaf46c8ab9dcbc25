"""Signing in and out, and the choice of language: plain pages and forms that work without scripts."""

from __future__ import annotations

import logging
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from motcua.dashboard import client
from motcua.dashboard.context import LANG_COOKIE
from motcua.dashboard.guard import local_path, same_origin
from motcua.dashboard.words import Words, known_lang, words

log = logging.getLogger("motcua.dashboard")

MOST_BYTES = 8_192
"""A login form is far smaller."""
YEAR_S = 365 * 86400


def routes(api: client.Api) -> APIRouter:
    """GET and POST /login, POST /logout, GET /lang/{lang}."""
    router = APIRouter(include_in_schema=False)

    @router.get("/login")
    async def ask(request: Request) -> Response:
        return HTMLResponse(login_page(_spoken(request), local_path(request.query_params.get("next"))))

    @router.post("/login")
    async def sign_in(request: Request) -> Response:
        spoken = _spoken(request)
        if not same_origin(request.headers):
            return HTMLResponse(login_page(spoken, "/"), status_code=403)
        form = await _form(request)
        target = local_path(form.get("next"))
        browser = request.client.host if request.client else None
        try:
            done = await api.sign_in(form.get("username", ""), form.get("password", ""), client=browser)
        except client.ApiError as error:
            if isinstance(error, client.Unreachable):
                log.warning("login: %s", error)
            key, status = _refusal(error)
            page = login_page(spoken, target, spoken(key), form.get("username", ""))
            return HTMLResponse(page, status_code=status)
        answer = RedirectResponse(target, status_code=303)
        for line in done.set_cookies:
            answer.headers.append("set-cookie", line)
        return answer

    @router.post("/logout")
    async def sign_out(request: Request) -> Response:
        if same_origin(request.headers):
            try:
                await api.sign_out(request.cookies.get(client.COOKIE))
            except client.ApiError as error:
                log.warning("logout: %s", error)
        answer = RedirectResponse("/login", status_code=303)
        if same_origin(request.headers):
            answer.delete_cookie(client.COOKIE, path="/")
        return answer

    @router.get("/lang/{lang}")
    async def speak(lang: str, request: Request) -> Response:
        answer = RedirectResponse(local_path(request.query_params.get("next")), status_code=303)
        answer.set_cookie(LANG_COOKIE, known_lang(lang), max_age=YEAR_S, samesite="lax", httponly=True, path="/")
        return answer

    return router


def login_page(spoken: Words, target: str, error: str = "", username: str = "") -> str:
    """The whole login page; every value is escaped."""
    template = Template(files("motcua.dashboard").joinpath("assets", "login.html").read_text(encoding="utf-8"))
    keys = ("login_title", "login_intro", "username", "password", "sign_in", "brand", "other_lang", "login_privacy")
    other = "en" if spoken.lang == "vi" else "vi"
    return template.substitute(
        {key: escape(spoken(key)) for key in keys},
        lang=spoken.lang,
        other=other,
        next=escape(target),
        here=escape(quote(f"/login?next={quote(target, safe='')}", safe="")),
        name=escape(username),
        error=f'<p class="notice" role="alert">{escape(error)}</p>' if error else "",
    )


def _refusal(error: client.ApiError) -> tuple[str, int]:
    match error:
        case client.NotSignedIn() | client.NotFound():
            return "login_wrong", 401
        case client.TooMany():
            return "login_many", 429
        case client.NotAllowed():
            return "login_denied", 403
        case _:
            return "login_down", 503


def _spoken(request: Request) -> Words:
    return words(known_lang(request.cookies.get(LANG_COOKIE)))


async def _form(request: Request) -> dict[str, str]:
    """The fields of a URL-encoded form; empty when it is too large or not text."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return {}
    try:
        return {key: values[0] for key, values in parse_qs(body.decode(), keep_blank_values=True).items()}
    except (UnicodeDecodeError, ValueError):
        return {}

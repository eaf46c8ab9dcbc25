"""The API's application: parts, routes, headers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import JSONResponse
from psycopg_pool import ConnectionPool
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from motcua.analytics.admin.plan import Records
from motcua.analytics.api import (
    admin,
    admin_more,
    alerts,
    attitude,
    comments,
    counters,
    expressions,
    history,
    kiosk,
    login,
    officer_faces,
    open_data,
    probes,
    public,
    ratings,
    reports,
    roster,
    staff,
    targets,
)
from motcua.analytics.api.cache import Cached
from motcua.analytics.api.context import Context
from motcua.analytics.api.feeds import Feeds
from motcua.analytics.api.limits import Limiter
from motcua.analytics.api.live import Hub
from motcua.analytics.api.settings import ApiSettings

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=()",
}
_STRICT_CSP = "default-src 'none'; frame-ancestors 'none'"
_DOCS = ("/docs", "/redoc", "/openapi.json")


def create_app(
    settings: ApiSettings,
    page: Callable[[Feeds], APIRouter] | None = None,
    asking: Callable[[kiosk.QrDoor], APIRouter] | None = None,
    records: Records | None = None,
) -> FastAPI:
    """The application. page: given what the public may know, the routes of the public page.

    asking: given what the QR page may do, the routes of the pages on which citizens answer. records: who checks what
    administrators write; without it there is no administration of offices.
    """
    dsn = settings.dsn.get_secret_value()
    ctx = Context(
        settings,
        ConnectionPool(dsn, min_size=1, max_size=settings.pool_size, timeout=5, kwargs={"autocommit": True}, open=False),
        Hub(dsn),
        public=Limiter(settings.public_per_minute),
        logins=Limiter(settings.logins_per_minute),
        logins_by_address=Limiter(10 * settings.logins_per_minute),
        reports=Limiter(settings.reports_per_hour, 3600),
        kiosks=Limiter(settings.kiosk_per_minute),
        qr_answers=Limiter(settings.qr_per_minute),
    )
    ctx.public_answers = public.PublicAnswers(ctx)
    ctx.trends = Cached(partial(counters.every_trend, ctx), counters.TRENDS_FOR)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        ctx.pool.open()
        await ctx.hub.start()
        yield
        await ctx.hub.stop()
        await run_in_threadpool(ctx.pool.close, 2.0)

    app = FastAPI(
        title="motcua", version="1", summary="Waits and service of one-stop public-service offices", lifespan=lifespan
    )
    app.state.context = ctx
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["GET"], allow_credentials=False)
    app.add_middleware(_Answers)
    app.add_exception_handler(RequestValidationError, _invalid)
    asked = (kiosk.routes, ratings.routes, roster.routes, attitude.routes, targets.routes, history.routes)
    for router in (public.routes, open_data.routes, login.routes, staff.routes, reports.routes, probes.routes, *asked):
        app.include_router(router)
    app.include_router(counters.routes)
    for router in (officer_faces.routes, officer_faces.pages, comments.routes, expressions.routes):
        app.include_router(router)
    app.include_router(alerts.routes)
    if records is not None:
        app.include_router(admin.routes(records))
    app.include_router(admin_more.routes)
    if asking is not None:
        app.include_router(asking(kiosk.QrDoor(ctx)))
    if page is not None:
        app.include_router(page(Feeds(ctx)))
    return app


def _with_headers(response: Response, scope: Scope) -> Response:
    response.headers.update({**_HEADERS, "Content-Security-Policy": _STRICT_CSP, "Access-Control-Allow-Origin": "*"})
    counts, key = scope["app"].state.context.requests, (public.OFFICES_PATH, response.status_code)
    counts[key] = counts.get(key, 0) + 1
    return response


class _Answers:
    """Security headers on every answer, and a count by route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] == public.OFFICES_PATH and scope["method"] == "GET" and (held := public.held(scope)) is not None:
            await _with_headers(held, scope)(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"] not in _DOCS:
                    headers.setdefault("Content-Security-Policy", _STRICT_CSP)
                key = (getattr(scope.get("route"), "path", "other"), message["status"])
                counts = scope["app"].state.context.requests
                counts[key] = counts.get(key, 0) + 1
            await send(message)

        await self._app(scope, receive, answer)


async def _invalid(request: Request, error: Exception) -> Response:
    """A request that is no such request: one sentence, without repeating what was sent."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "body"
    return JSONResponse({"detail": f"{where}: {first['msg']}"[:300]}, status_code=422)

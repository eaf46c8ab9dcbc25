"""The API's application: parts, routes, headers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import JSONResponse
from psycopg_pool import ConnectionPool
from starlette.concurrency import run_in_threadpool

from motcua.analytics.api import attitude, kiosk, login, probes, public, ratings, roster, staff
from motcua.analytics.api.context import Context, now
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
    page: Callable[[Callable[[], Awaitable[dict[str, Any]]]], APIRouter] | None = None,
    asking: Callable[[kiosk.QrDoor], APIRouter] | None = None,
) -> FastAPI:
    """The application. page: given a function that brings the public offices, the routes of the public page.

    asking: given what the QR page may do, the routes of the pages on which citizens answer.
    """
    dsn = settings.dsn.get_secret_value()
    ctx = Context(
        settings,
        ConnectionPool(dsn, min_size=1, max_size=settings.pool_size, timeout=5, kwargs={"autocommit": True}, open=False),
        Hub(dsn),
        public=Limiter(settings.public_per_minute),
        logins=Limiter(settings.logins_per_minute),
        logins_by_address=Limiter(10 * settings.logins_per_minute),
        kiosks=Limiter(settings.kiosk_per_minute),
        qr_answers=Limiter(settings.qr_per_minute),
    )
    ctx.public_answers = public.PublicAnswers(ctx)

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
    app.middleware("http")(_answer)
    app.add_exception_handler(RequestValidationError, _invalid)
    for router in (
        public.routes,
        login.routes,
        staff.routes,
        probes.routes,
        kiosk.routes,
        ratings.routes,
        roster.routes,
        attitude.routes,
    ):
        app.include_router(router)
    if asking is not None:
        app.include_router(asking(kiosk.QrDoor(ctx)))
    if page is not None:

        async def offices() -> dict[str, Any]:
            answer, _, _ = await run_in_threadpool(ctx.public_answers.get, now())
            return answer.model_dump(mode="json")

        app.include_router(page(offices))
    return app


async def _answer(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Security headers on every answer, and a count by route."""
    response = await call_next(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.url.path not in _DOCS:
        response.headers.setdefault("Content-Security-Policy", _STRICT_CSP)
    route = request.scope.get("route")
    key = (getattr(route, "path", "other"), response.status_code)
    counts = request.app.state.context.requests
    counts[key] = counts.get(key, 0) + 1
    return response


async def _invalid(request: Request, error: Exception) -> Response:
    """A request that is no such request: one sentence, without repeating what was sent."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "body"
    return JSONResponse({"detail": f"{where}: {first['msg']}"[:300]}, status_code=422)

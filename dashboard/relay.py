"""GET /events: the API's live stream, handed through byte by byte, so that cookies and origins stay simple."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from motcua.dashboard import client
from motcua.dashboard.context import LANG_COOKIE
from motcua.dashboard.pages import admin_paths as admin
from motcua.dashboard.words import known_lang

log = logging.getLogger("motcua.dashboard")
HEADERS = {"X-Accel-Buffering": "no"}


def routes(api: client.Api) -> APIRouter:
    """GET /events and GET /healthz."""
    router = APIRouter(include_in_schema=False)

    @router.get("/events")
    async def events(request: Request) -> Response:
        stream = _relay(api, request.cookies.get(client.COOKIE))
        try:
            await anext(stream)  # connects: a refusal is still an answer of its own
        except client.NotSignedIn:
            return PlainTextResponse("not signed in", status_code=401)
        except client.NotAllowed:
            return PlainTextResponse("not allowed", status_code=403)
        except client.ApiError as error:
            log.info("events: %s", error)
            return PlainTextResponse("the data server does not answer", status_code=503)
        return StreamingResponse(stream, media_type="text/event-stream", headers=HEADERS)

    @router.get("/files/{proposal_id}/{kind}")
    async def file(proposal_id: str, kind: str, request: Request) -> Response:
        lang = known_lang(request.cookies.get(LANG_COOKIE))
        if kind not in ("pdf", "xlsx"):
            return PlainTextResponse("no such file", status_code=404)
        path = f"/api/v1/attitude/proposals/{quote(proposal_id, safe='')}/file.{kind}?lang={lang}"
        return await passed_on(api, request, path)

    @router.get("/admin-files/{name}")
    async def admin_file(name: str, request: Request) -> Response:
        path = admin.file_path(name, dict(request.query_params))
        if path is None:
            return PlainTextResponse("no such file", status_code=404)
        return await passed_on(api, request, path)

    @router.get("/notice/{office_id}")
    async def notice(office_id: str, request: Request) -> Response:
        lang = known_lang(request.query_params.get("lang") or request.cookies.get(LANG_COOKIE))
        try:
            body, media, _ = await api.file(None, f"/notice/{quote(office_id, safe='')}?lang={lang}")
        except client.ApiError as error:
            log.info("notice: %s", error)
            return PlainTextResponse("not available", status_code=404 if isinstance(error, client.NotFound) else 503)
        return Response(body, media_type=media)

    @router.get("/healthz")
    async def healthz() -> Response:
        return PlainTextResponse("ok")

    return router


async def passed_on(api: client.Api, request: Request, path: str) -> Response:
    """A file of the API, with the browser's session."""
    try:
        body, media, disposition = await api.file(request.cookies.get(client.COOKIE), path)
    except client.ApiError as error:
        log.info("file: %s", error)
        codes = {client.NotSignedIn: 401, client.NotAllowed: 403, client.NotFound: 404}
        return PlainTextResponse("not available", status_code=codes.get(type(error), 503))
    return Response(body, media_type=media, headers={"Content-Disposition": disposition})


async def _relay(api: client.Api, session: str | None) -> AsyncIterator[bytes]:
    """First nothing, once connected; then the stream. An API that goes away ends it; the browser comes back by itself."""
    connected = False
    try:
        async with api.events(session) as chunks:
            connected = True
            yield b""
            async for chunk in chunks:
                yield chunk
    except client.Unreachable as error:
        if not connected:
            raise
        log.info("events: %s", error)

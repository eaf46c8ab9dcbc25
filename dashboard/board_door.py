"""GET /live/data: what the live board shows, as JSON for its script. It asks the API, which refuses whoever may not see it."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from motcua.dashboard import client
from motcua.dashboard import format as fmt
from motcua.dashboard.answers import Trends
from motcua.dashboard.board import Asked, board
from motcua.dashboard.client import COOKIE, Api
from motcua.dashboard.context import LANG_COOKIE
from motcua.dashboard.map_view import Tiles
from motcua.dashboard.sorry import sorry
from motcua.dashboard.words import Words, known_lang, words

log = logging.getLogger("motcua.dashboard")
STATUS: dict[type[client.ApiError], int] = {client.NotSignedIn: 401, client.NotAllowed: 403, client.NotFound: 404}


def routes(api: Api, tiles: Tiles | None) -> APIRouter:
    """The one address. ``unit``, ``q``, ``by`` and ``desc`` say what to show, ``at`` the instant of what the page shows already."""
    router = APIRouter(include_in_schema=False)

    @router.get("/live/data")
    async def data(request: Request) -> Response:
        given, spoken = request.query_params, words(known_lang(request.cookies.get(LANG_COOKIE)))
        asked = Asked.of(given.get("unit"), given.get("q"), given.get("by"), given.get("desc"))
        session = request.cookies.get(COOKIE)
        try:
            live, trends = await asyncio.gather(api.live(session), _trends(api, session))
            found = board(live, trends, asked, spoken, tiles)
            if found is None:
                raise client.NotFound(f"unit {asked.unit_id}")
        except client.ApiError as error:
            if isinstance(error, client.Unreachable):
                log.warning("live: %s", error)
            path = "/" if asked.unit_id is None else f"/unit/{asked.unit_id}"
            told: dict[str, Any] = sorry(error, spoken, path=path, office_id=asked.unit_id or "").as_dict()
            return await _json(request, {**told, "kept": _kept(given.get("at"), spoken)}, STATUS.get(type(error), 503))
        return await _json(request, found, 200)

    return router


async def _trends(api: Api, session: str | None) -> Trends | None:
    """The last hour; the board goes on without it."""
    try:
        return await api.trends(session)
    except client.ApiError as error:
        log.info("trends: %s", error)
        return None


def _kept(at: str | None, spoken: Words) -> str:
    """What to say while the page shows figures of an instant (ISO 8601); empty for none, or for what is no instant."""
    try:
        return spoken("down_kept", at=fmt.moment(datetime.fromisoformat(at))) if at else ""
    except (ValueError, OverflowError):
        return ""


async def _json(request: Request, found: dict[str, Any], status: int) -> Response:
    body = json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"Vary": "Accept-Encoding, Cookie"}
    if len(body) > 2000 and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = await run_in_threadpool(gzip.compress, body, 1)
    return Response(body, status_code=status, media_type="application/json", headers=headers)

"""GET /history-files/csv and /xlsx: what a page of history shows, as a file; the address is the page's own."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from motcua.dashboard import client
from motcua.dashboard import history_state as states
from motcua.dashboard.context import LANG_COOKIE
from motcua.dashboard.pages.history import today
from motcua.dashboard.relay import passed_on
from motcua.dashboard.words import known_lang, words


def routes(api: client.Api) -> APIRouter:
    """The files."""
    router = APIRouter(include_in_schema=False)

    @router.get("/history-files/{kind}")
    async def file(kind: str, request: Request) -> Response:
        lang = known_lang(request.cookies.get(LANG_COOKIE))
        if kind not in ("csv", "xlsx"):
            return PlainTextResponse(words(lang)("page_missing"), status_code=404)
        try:
            state = states.parse(request.url.query)
        except states.AddressError as error:
            field = {"field": error.field} if error.key != "unreadable" else {}
            return PlainTextResponse(words(lang)(f"hist_bad_{error.key}", **field), status_code=422)
        return await passed_on(api, request, f"/api/v1/history/file.{kind}?{states.question(state, today())}&lang={lang}")

    return router

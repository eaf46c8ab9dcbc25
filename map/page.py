"""The public page: a list that works without a script, a map and a search that come with one.

`router(fetch)` gives routes for any FastAPI application; `fetch` brings the answer of GET /api/v1/public/offices, from wherever the
application has it. Nothing is stored, no cookie is set, and the visitor's place never leaves the browser.
"""

import gzip
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from motcua.map.assets import assets
from motcua.map.sketch import sketch
from motcua.map.view import cards, local_time
from motcua.map.words import VI, WORDS

log = logging.getLogger(__name__)

Fetch = Callable[[], Awaitable[Mapping[str, Any]]]
MAX_QUERY = 100


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Where the page lives and what it may load.

    base: path before every address of the page, "" or "/map". api: address of the offices on this origin. tiles_url: a template such as
    https://tile.openstreetmap.org/{z}/{x}/{y}.png; None = no tiles are offered, and offered ones are off until the visitor wants them.
    frame_ancestors: who may embed /embed (a source list of Content-Security-Policy). refresh_s: seconds between two fetches.
    """

    base: str = ""
    api: str = "/api/v1/public/offices"
    tiles_url: str | None = None
    tiles_attribution: str = "© OpenStreetMap"
    frame_ancestors: str = "*"
    refresh_s: int = 30


def router(fetch: Fetch, settings: PageSettings | None = None) -> APIRouter:
    """The routes `/`, `/embed`, `/o/{office_id}` and `/map-assets/{name}` under `settings.base`."""
    page = _Page(fetch, settings or PageSettings())
    routes = APIRouter(prefix=page.settings.base, include_in_schema=False)
    for path, endpoint in (
        ("/", page.overview),
        ("/embed", page.embed),
        ("/o/{office_id}", page.office),
        ("/map-assets/{name}", page.asset),
    ):
        routes.add_api_route(path, endpoint, methods=["GET", "HEAD"], response_class=Response)
    return routes


class _Page:
    """The endpoints, with what they share."""

    def __init__(self, fetch: Fetch, settings: PageSettings) -> None:
        self.fetch, self.settings = fetch, settings
        self.templates = Environment(
            loader=PackageLoader("motcua.map", "web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def overview(self, request: Request) -> Response:
        return await self._list(request, embedded=False)

    async def embed(self, request: Request) -> Response:
        return await self._list(request, embedded=True)

    async def _list(self, request: Request, embedded: bool) -> Response:
        words = _words(request)
        query = request.query_params.get("q", "")[:MAX_QUERY]
        parts = await self._parts(words, query)
        if parts is None:
            return self._sorry(request, words, "unreachable", 503, embedded)
        return self._html(request, words, "list.html", parts, embedded=embedded)

    async def office(self, request: Request, office_id: str) -> Response:
        words = _words(request)
        parts = await self._parts(words, target_id=office_id)
        if parts is None:
            return self._sorry(request, words, "unreachable", 503)
        card = next((c for c in parts["cards"] if c.office_id == office_id), None)
        if card is None:
            return self._sorry(request, words, "missing", 404)
        return self._html(request, words, "office.html", parts | {"card": card})

    async def asset(self, request: Request, name: str) -> Response:
        file = assets().get(name)
        if file is None:
            return Response(status_code=404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"} | _COMMON_HEADERS
        if _takes_gzip(request):
            return Response(file.compressed, media_type=file.media_type, headers=headers | {"Content-Encoding": "gzip"})
        return Response(file.body, media_type=file.media_type, headers=headers)

    async def _parts(self, words: Mapping[str, str], query: str = "", target_id: str | None = None) -> dict[str, Any] | None:
        """What both kinds of page show, or None when no usable list can be had."""
        try:
            answer = await self.fetch()
            found = cards(answer, words, query)
            return {
                "cards": found,
                "shown": sum(card.rank is not None for card in found),
                "sketch": sketch(found, target_id),
                "target_id": target_id,
                "query": query,
                "target_s": answer["target_wait_s"],
                "target": round(answer["target_wait_s"] / 60),
                "confirmed": answer["address_confirmed"],
                "definition": answer["definition"][words["lang"]],
                "as_of": local_time(answer["generated_at"]),
            }
        except Exception:
            log.exception("The public page got no usable list of offices.")
            return None

    def _sorry(self, request: Request, words: Mapping[str, str], what: str, status: int, embedded: bool = False) -> Response:
        return self._html(request, words, "sorry.html", {"what": what}, status=status, embedded=embedded)

    def _html(
        self,
        request: Request,
        words: Mapping[str, str],
        template: str,
        parts: Mapping[str, Any],
        status: int = 200,
        embedded: bool = False,
    ) -> Response:
        base = self.settings.base
        path = request.url.path

        def link(to: str, lang: str = words["lang"], **query: str) -> str:
            """An address of this page in the given language; Vietnamese needs no parameter."""
            asked = {key: value for key, value in query.items() if value} | ({} if lang == VI["lang"] else {"lang": lang})
            return base + quote(to) + (f"?{urlencode(asked)}" if asked else "")

        html = self.templates.get_template(template).render(
            w=words,
            words_json=json.dumps(words, ensure_ascii=False),
            settings=self.settings,
            assets={name: f"{base}/map-assets/{name}?v={file.digest}" for name, file in assets().items()},
            link=link,
            here=path.removeprefix(base) or "/",
            home="/embed" if embedded else "/",
            embedded=embedded,
            **parts,
        )
        return _answer(request, html.encode(), status, self._headers(embedded))

    def _headers(self, embedded: bool) -> dict[str, str]:
        tiles = urlsplit(self.settings.tiles_url) if self.settings.tiles_url else None
        images = "'self' data:" + (f" {tiles.scheme}://{tiles.netloc.replace('{s}', '*')}" if tiles else "")
        policy = (
            f"default-src 'self'; img-src {images}; object-src 'none'; base-uri 'none'; form-action 'self'; "
            f"frame-ancestors {self.settings.frame_ancestors if embedded else chr(39) + 'none' + chr(39)}"
        )
        return {
            "Content-Security-Policy": policy,
            "Permissions-Policy": "geolocation=(self)",
            "Cache-Control": "no-cache",
            "Vary": "Accept-Encoding",
        } | _COMMON_HEADERS


_COMMON_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin"}


def _words(request: Request) -> Mapping[str, str]:
    return WORDS.get(request.query_params.get("lang", ""), VI)


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def _answer(request: Request, body: bytes, status: int, headers: dict[str, str]) -> Response:
    """The page compressed, or 304 if the browser has it already."""
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = headers | {"ETag": etag}
    if status == 200 and etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if _takes_gzip(request):
        body, headers = gzip.compress(body, 6, mtime=0), headers | {"Content-Encoding": "gzip"}
    return Response(body, status, headers, media_type="text/html; charset=utf-8")

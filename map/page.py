"""The public page: a list that works without a script, a map and a search that come with one.

`router(feeds)` gives routes for any FastAPI application; `feeds` brings the public answers of the API, from wherever the application
has them. No cookie is set, and the visitor's place never leaves the browser.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from motcua.map.answering import COMMON_HEADERS, file_answer, form_of, page_answer, page_headers
from motcua.map.assets import assets
from motcua.map.feeds import REPORT_FIELDS, Feeds
from motcua.map.former import former_units, matching, offices_2021
from motcua.map.hours import week_table
from motcua.map.procedures import MOST_SHOWN, Procedure, procedures_of, search_procedures
from motcua.map.sketch import sketch
from motcua.map.view import cards, local_time
from motcua.map.words import VI, WORDS

log = logging.getLogger(__name__)

MAX_QUERY = 100
MAX_FORM_BYTES = 8_000
_REPORT_STATUS = {"kept": 200, "known": 200, "invalid": 422, "limited": 429, "missing": 404}
_NO_SCRIPT_NEEDS = (
    "procedure",
    "history",
    "report",
    "week",
    "satisfaction",
    "thousands",
    "wheelchair",
    "lane",
    "unreachable",
    "missing",
    "unconfirmed",
    "privacy",
)
Parts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Where the page lives and what it may load.

    base: path before every address of the page, "" or "/map". api: address of the offices on this origin. tiles_url: a template such as
    https://tile.openstreetmap.org/{z}/{x}/{y}.png; None = no tiles are offered, and offered ones are off until the visitor wants them.
    routing_url: a server that speaks OSRM's or Valhalla's matrix (`routing_kind`: osrm, valhalla), asked by the browsers of visitors who agree; None = no such choice.
    frame_ancestors: who may embed /embed (a source list of Content-Security-Policy). refresh_s: seconds between two fetches.
    """

    base: str = ""
    api: str = "/api/v1/public/offices"
    open_data: str = "/api/v1/public/open-data/offices"
    tiles_url: str | None = None
    tiles_attribution: str = "© OpenStreetMap"
    frame_ancestors: str = "*"
    routing_url: str | None = None
    routing_kind: str = "osrm"
    refresh_s: int = 30

    @property
    def routing_host(self) -> str:
        """The routing server's name, for people."""
        return urlsplit(self.routing_url or "").netloc


def router(feeds: Feeds, settings: PageSettings | None = None) -> APIRouter:
    """The routes of the page under `settings.base`."""
    page = _Page(feeds, settings or PageSettings())
    routes = APIRouter(prefix=page.settings.base, include_in_schema=False)
    for path, endpoint in (
        ("/", page.overview),
        ("/embed", page.embed),
        ("/o/{office_id}", page.office),
        ("/procedures", page.procedures),
        ("/2021", page.history),
        ("/map-assets/{name}", page.asset),
        ("/sw.js", page.own_file),
        ("/embed.js", page.own_file),
        ("/app.webmanifest", page.own_file),
    ):
        routes.add_api_route(path, endpoint, methods=["GET", "HEAD"], response_class=Response)
    routes.add_api_route("/o/{office_id}", page.report, methods=["POST"], response_class=Response)
    return routes


class _Page:
    """The endpoints, with what they share."""

    def __init__(self, feeds: Feeds, settings: PageSettings) -> None:
        self.feeds, self.settings = feeds, settings
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
        parts = await self._parts(words, _query(request), procedure_id=request.query_params.get("procedure", "")[:64])
        if parts is None:
            return self._sorry(request, words, "unreachable", 503, embedded)
        return self._html(request, words, "list.html", parts, embedded=embedded)

    async def office(self, request: Request, office_id: str) -> Response:
        return await self._office(request, office_id)

    async def report(self, request: Request, office_id: str) -> Response:
        """A report of wrong data, sent from the page of an office."""
        form = await form_of(request, MAX_FORM_BYTES)
        field, message = (form or {}).get("field", ""), (form or {}).get("message", "")
        try:
            outcome = "invalid" if form is None else await self.feeds.report(request, office_id, field, message)
        except Exception:
            log.exception("A report of wrong data could not be kept.")
            return self._sorry(request, _words(request), "unreachable", 503)
        if outcome == "missing":
            return self._sorry(request, _words(request), "missing", 404)
        return await self._office(request, office_id, outcome, {"field": field[:20], "message": message[:500]})

    async def _office(
        self, request: Request, office_id: str, outcome: str | None = None, sent: Mapping[str, str] | None = None
    ) -> Response:
        words = _words(request)
        parts = await self._parts(words, target_id=office_id)
        if parts is None:
            return self._sorry(request, words, "unreachable", 503)
        card = next((c for c in parts["cards"] if c.office_id == office_id), None)
        if card is None:
            return self._sorry(request, words, "missing", 404)
        kept = outcome in ("kept", "known")
        more = {
            "card": card,
            "week": week_table(await self._week(office_id), words),
            "fields": REPORT_FIELDS,
            "outcome": outcome,
            "sent": {"field": "", "message": ""} if sent is None or kept else sent,
        }
        return self._html(request, words, "office.html", parts | more, status=_REPORT_STATUS[outcome] if outcome else 200)

    async def procedures(self, request: Request) -> Response:
        words, query = _words(request), _query(request)
        try:
            every = procedures_of(await self.feeds.procedures())
        except Exception:
            log.exception("The public page got no usable list of procedures.")
            return self._sorry(request, words, "unreachable", 503)
        found = search_procedures(every, query)
        parts = {"query": query, "total": len(every), "found": len(found), "procedures": found[:MOST_SHOWN]}
        return self._html(request, words, "procedures.html", parts)

    async def history(self, request: Request) -> Response:
        words, query = _words(request), _query(request)
        parts = await self._parts(words)
        if parts is None:
            return self._sorry(request, words, "unreachable", 503)
        offices = offices_2021()
        units = matching(former_units(offices, parts["cards"]), query)
        counts = {level: sum(o.level == level for o in offices) for level in ("province", "district", "commune")}
        shown = sum(len(unit.communes) + 1 for unit in units)
        more = {"query": query, "units": units, "counts": counts, "shown": shown, "total": len(offices)}
        return self._html(request, words, "history.html", more)

    async def asset(self, request: Request, name: str) -> Response:
        file = assets().get(name)
        if file is None:
            return Response(status_code=404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return file_answer(request, file.body, file.compressed, file.media_type, headers)

    async def own_file(self, request: Request) -> Response:
        """Files whose address must not change: the service worker, the script for portals, the manifest."""
        file = assets()[request.url.path.rpartition("/")[2]]
        headers = {"Cache-Control": "public, max-age=300"}
        if file.name != "app.webmanifest":
            return file_answer(request, file.body, file.compressed, file.media_type, headers)
        icon = f"map-assets/icon.svg?v={assets()['icon.svg'].digest}"
        return Response(
            file.body.replace(b"ICON", icon.encode()), media_type=file.media_type, headers=headers | COMMON_HEADERS
        )

    async def _parts(
        self, words: Mapping[str, str], query: str = "", target_id: str | None = None, procedure_id: str = ""
    ) -> Parts | None:
        """What the pages with offices show, or None when no usable list can be had."""
        try:
            answer = await self.feeds.offices()
            chosen = await self._chosen(procedure_id) if procedure_id else None
            only = (chosen.offices or frozenset()) if chosen else None
            found = cards(answer, words, query, only)
            return {
                "cards": found,
                "shown": sum(card.shown for card in found),
                "total": sum(not card.excluded for card in found),
                "sketch": sketch(found, target_id),
                "target_id": target_id,
                "query": query,
                "procedure": chosen,
                "procedure_gone": bool(procedure_id) and chosen is None,
                "target_s": answer["target_wait_s"],
                "target": round(answer["target_wait_s"] / 60),
                "confirmed": answer["address_confirmed"],
                "definition": answer["definition"][words["lang"]],
                "as_of": local_time(answer["generated_at"]),
            }
        except Exception:
            log.exception("The public page got no usable list of offices.")
            return None

    async def _chosen(self, procedure_id: str) -> Procedure | None:
        every = procedures_of(await self.feeds.procedures())
        return next((p for p in every if p.procedure_id == procedure_id), None)

    async def _week(self, office_id: str) -> Mapping[str, Any] | None:
        try:
            return await self.feeds.week(office_id)
        except Exception:
            log.exception("The public page got no week of an office.")
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

        def link(to: str, lang: str = words["lang"], **query: str) -> str:
            """An address of this page in the given language; Vietnamese needs no parameter."""
            asked = {key: value for key, value in query.items() if value} | ({} if lang == VI["lang"] else {"lang": lang})
            return base + quote(to) + (f"?{urlencode(asked)}" if asked else "")

        html = self.templates.get_template(template).render(
            w=words,
            words_json=json.dumps(_script_words(words), ensure_ascii=False),
            settings=self.settings,
            assets={name: f"{base}/map-assets/{name}?v={file.digest}" for name, file in assets().items()},
            link=link,
            here=request.url.path.removeprefix(base) or "/",
            home="/embed" if embedded else "/",
            embedded=embedded,
            **parts,
        )
        frames = self.settings.frame_ancestors if embedded else "'none'"
        routing = self.settings.routing_url if template == "list.html" else None
        return page_answer(request, html.encode(), status, page_headers(self.settings.tiles_url, frames, routing))


def _words(request: Request) -> Mapping[str, str]:
    return WORDS.get(request.query_params.get("lang", ""), VI)


def _script_words(words: Mapping[str, str]) -> dict[str, str]:
    """The words that scripts may need: those that only the server writes stay out of the page's weight."""
    return {key: text for key, text in words.items() if not key.startswith(_NO_SCRIPT_NEEDS)}


def _query(request: Request) -> str:
    return request.query_params.get("q", "")[:MAX_QUERY]

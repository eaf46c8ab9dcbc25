"""Where citizens answer: the kiosk's page, and the page behind a QR code after a visit. Both work for fingers on glass.

The kiosk's page holds no figure and no secret: its token stands behind # in the address it is opened with, which no server sees, and stays
in the browser. Answers wait in the browser until the API has said that they are kept. The QR page needs no script.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Protocol
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool

MOST_BYTES = 8_192
FACES = (1, 2, 3, 4, 5)
REASONS = ("waiting", "manner", "clarity", "result", "place", "other")
_TYPES = {"rate.css": "text/css; charset=utf-8", "kiosk.js": "text/javascript; charset=utf-8"}
_CSP = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_STATUS = {"open": 200, "thanks": 200, "used": 200, "wrong": 422, "expired": 410, "forged": 404, "off": 404, "many": 429}


class Asked(Protocol):
    """What is known of a token."""

    @property
    def outcome(self) -> str: ...
    @property
    def office_name(self) -> str | None: ...
    @property
    def counter_id(self) -> str | None: ...
    @property
    def simulated(self) -> bool: ...


class Door(Protocol):
    """What the QR page may do."""

    def look(self, token: str, at: datetime) -> Asked:
        """Whether a token is still open."""

    def give(
        self, token: str, score: str, reason: str | None, comment: str | None, address: str, at: datetime, waited_s: float
    ) -> Asked:
        """Store an answer."""


@cache
def languages() -> dict[str, dict[str, str]]:
    """The words by language, in the order in which they are offered: data in ``web/rate_words.json``."""
    found: dict[str, dict[str, str]] = json.loads((files("motcua.map.web") / "rate_words.json").read_text(encoding="utf-8"))
    return found


def routes(door: Door, *, forwarded_for: bool = False) -> APIRouter:
    """`/kiosk`, `/r/{token}` and their files. forwarded_for: trust X-Forwarded-For, behind a proxy of one's own."""
    templates = Environment(
        loader=PackageLoader("motcua.map", "web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    router = APIRouter(include_in_schema=False)

    def html(name: str, status: int = 200, **parts: Any) -> Response:
        body = templates.get_template(name).render(faces=FACES, languages=languages(), **parts)
        headers = {
            "Content-Security-Policy": _CSP,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store" if name == "rate.html" else "no-cache",
        }
        return Response(body, status, headers, media_type="text/html; charset=utf-8")

    @router.get("/kiosk")
    async def kiosk() -> Response:
        return html("kiosk.html", words_json=json.dumps(languages(), ensure_ascii=False), w=languages()["vi"])

    @router.get("/kiosk/worker.js")
    async def worker() -> Response:
        body = (files("motcua.map.web") / "kiosk_worker.js").read_bytes()
        return Response(
            body,
            headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/kiosk"},
            media_type="text/javascript; charset=utf-8",
        )

    @router.get("/rate-assets/{name}")
    async def asset(name: str) -> Response:
        if name not in _TYPES:
            return Response(status_code=404)
        body = (files("motcua.map.web") / name).read_bytes()
        return Response(body, headers={"Cache-Control": "no-cache"}, media_type=_TYPES[name])

    @router.get("/r/{token}")
    async def ask(token: str, request: Request) -> Response:
        found = await run_in_threadpool(door.look, token, datetime.now(UTC))
        return _rate(html, request, found)

    @router.post("/r/{token}")
    async def give(token: str, request: Request) -> Response:
        form = await _form(request)
        found = await run_in_threadpool(
            door.give,
            token,
            form.get("score", ""),
            form.get("reason"),
            form.get("comment"),
            _address(request, forwarded_for),
            datetime.now(UTC),
            time.monotonic(),
        )
        return _rate(html, request, found, form)

    return router


def _rate(html: Any, request: Request, found: Asked, form: Mapping[str, str] | None = None) -> Response:
    lang = request.query_params.get("lang", "vi")
    lang = lang if lang in languages() else "vi"
    return html(  # type: ignore[no-any-return]
        "rate.html",
        _STATUS.get(found.outcome, 200),
        found=found,
        w=languages()[lang],
        lang=lang,
        reasons=REASONS,
        form={"score": "", "reason": "", "comment": ""} | dict(form or {}),
    )


def _address(request: Request, forwarded_for: bool) -> str:
    forwarded = request.headers.get("x-forwarded-for") if forwarded_for else None
    if forwarded:
        return forwarded.split(",")[-1].strip()
    return request.client.host if request.client else "unknown"


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

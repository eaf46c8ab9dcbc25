"""What stands before every answer: security headers, and the way to the login page for whoever has no session. Pure ASGI: streams pass."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from motcua.dashboard.client import COOKIE

OPEN_PATHS = (
    "/login",
    "/lang/",
    "/assets/",
    "/_dash",
    "/_favicon",
    "/events",
    "/live/data",
    "/healthz",
    "/logout",
    "/wall/",
)
"""No session needed: they hold no figure, or ask the API themselves, which refuses."""


def policy(script_hashes: list[str], tiles_url: str | None) -> str:
    """The Content-Security-Policy: everything from here, apart from map tiles where they are switched on."""
    tiles = ""
    if tiles_url:
        parts = urlsplit(tiles_url)
        tiles = f" {parts.scheme}://{parts.netloc}"
    scripts = " ".join(["'self'", *script_hashes])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:{tiles}; "
        f"connect-src 'self'{tiles}; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


class Guard:
    """Wraps the application; `csp` is the Content-Security-Policy of every page."""

    def __init__(self, app: ASGIApp, csp: str) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": csp,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # nothing here speaks over a socket
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if not path.startswith(("/assets/", "/_dash-component-suites/")):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        if scope["method"] == "GET" and not path.startswith(OPEN_PATHS) and not _has_session(scope):
            query = scope["query_string"].decode("latin-1")
            target = f"{quote(path)}?{query}" if query else quote(path)
            answer = RedirectResponse(f"/login?next={quote(target, safe='')}", status_code=303)
            await answer(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)


def _has_session(scope: Scope) -> bool:
    try:
        return COOKIE in SimpleCookie(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return False


def local_path(value: str | None) -> str:
    """Where to go after signing in: a path of this site, never another one; ``/`` where it is none."""
    plain = bool(value) and all(32 < ord(c) < 127 for c in str(value))
    if not plain or not str(value).startswith("/") or str(value).startswith(("//", "/\\")) or "\\" in str(value):
        return "/"
    return str(value)


def same_origin(headers: Headers) -> bool:
    """True unless a browser says that another site has sent this form."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")

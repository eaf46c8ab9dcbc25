"""The API as this room uses it: one call a method, typed answers, five errors. It keeps nothing; the session travels as a cookie."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from motcua.dashboard.answers import Account, Live, OfficeCounters, OfficeNow, Today, Trends, Waits

COOKIE = "motcua_session"
PUBLIC_ADDRESS = "/api/v1/public/offices/"

T = TypeVar("T", bound=BaseModel)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class ApiError(Exception):
    """The API did not give what was asked for; the message is for the log, the pages have words of their own."""


class NotSignedIn(ApiError):
    """No session, or it has expired."""


class NotAllowed(ApiError):
    """The account may not see this."""


class NotFound(ApiError):
    """No such thing, or not in the account's part of the tree."""


class TooMany(ApiError):
    """Too many attempts; try again later."""


class Refused(ApiError):
    """A change that may not be made now; the message is the API's own sentence."""


class Invalid(ApiError):
    """Nothing was written; ``problems`` say what is wrong, each with its place, field and code."""

    def __init__(self, message: str, problems: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.problems = problems


class Unreachable(ApiError):
    """The API does not answer, fails, or answers with something else than agreed."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A successful login: the account, and the API's own Set-Cookie lines to hand on."""

    account: Account
    set_cookies: tuple[str, ...]


class Api:
    """Calls to the API at `url`; close it when the server stops."""

    def __init__(self, url: str, *, timeout_s: float = 8.0) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=40)
        self._http = httpx.AsyncClient(base_url=url, timeout=timeout_s, limits=limits, trust_env=False)

    async def close(self) -> None:
        """Drop all connections."""
        await self._http.aclose()

    async def live(self, session: str | None) -> Live:
        """All offices that the account may see."""
        return await self._get(Live, "/api/v1/live", session)

    async def trends(self, session: str | None) -> Trends:
        """The last hour of all offices that the account may see."""
        return await self._get(Trends, "/api/v1/trends", session)

    async def office(self, session: str | None, office_id: str) -> OfficeNow:
        """One office now, with counters and sources."""
        return await self._get(OfficeNow, f"{_office(office_id)}/live", session)

    async def counters(self, session: str | None, office_id: str) -> OfficeCounters:
        """The office's counters with their queues, hours and cameras."""
        return await self._get(OfficeCounters, f"{_office(office_id)}/counters", session)

    async def waits(self, session: str | None, office_id: str, hours: int = 12) -> Waits:
        """The last hours, one bucket each."""
        return await self._get(Waits, f"{_office(office_id)}/waits?hours={hours}", session)

    async def today(self, session: str | None, office_id: str) -> Today:
        """The office's day in Viet Nam."""
        return await self._get(Today, f"{_office(office_id)}/today", session)

    async def data(self, session: str | None, path: str) -> dict[str, Any]:
        """An answer as it is, for pages that only show it."""
        found = (await self._send("GET", path, headers=_cookie(session))).json()
        if not isinstance(found, dict):
            raise Unreachable(f"GET {path}: no object")
        return found

    async def change(self, session: str | None, path: str, body: dict[str, Any]) -> None:
        """Send a change. Raises Refused with the API's sentence."""
        await self._send("POST", path, headers=_cookie(session) | {"X-Motcua-Csrf": "1"}, json=body)

    async def call(
        self, session: str | None, method: str, path: str, body: dict[str, Any] | None = None, file: bytes | None = None
    ) -> Any:
        """Send a change or a file; what the API answers, None where it says nothing. Raises Invalid and Refused."""
        headers = _cookie(session) | {"X-Motcua-Csrf": "1"}
        more: dict[str, Any] = {"json": body} if body is not None else {"content": file}
        response = await self._send(method, path, headers=headers, **more)
        return response.json() if response.content else None

    async def file(self, session: str | None, path: str) -> tuple[bytes, str, str]:
        """A file: its bytes, media type and disposition."""
        response = await self._send("GET", path, headers=_cookie(session))
        return response.content, response.headers["content-type"], response.headers.get("content-disposition", "attachment")

    async def me(self, session: str | None) -> Account:
        """Who is signed in."""
        return await self._get(Account, "/api/v1/auth/me", session)

    async def address(self, office_id: str) -> str | None:
        """The address in the public record; None where there is none (a demo office is not public) or the API does not say."""
        try:
            response = await self._http.get(f"{PUBLIC_ADDRESS}{quote(office_id, safe='')}")
            found = response.json().get("address") if response.status_code == 200 else None
        except (httpx.HTTPError, ValueError, AttributeError):
            return None
        return found if isinstance(found, str) else None

    async def record(self, office_id: str) -> dict[str, Any] | None:
        """One office as citizens see it; None where it is not public. Raises Unreachable."""
        try:
            return await self.data(None, f"{PUBLIC_ADDRESS}{quote(office_id, safe='')}")
        except NotFound:
            return None
        except Unreachable:
            raise
        except ApiError as error:
            raise Unreachable(str(error)) from error

    async def sign_in(self, username: str, password: str, *, client: str | None = None) -> SignedIn:
        """Log in; `client` is the browser's address, for the API's rate limit. Raises NotSignedIn for a wrong name or password."""
        headers = {"X-Forwarded-For": client} if client else {}
        body = {"username": username, "password": password}
        response = await self._send("POST", "/api/v1/auth/login", headers=headers, json=body)
        return SignedIn(_parse(Account, response), tuple(response.headers.get_list("set-cookie")))

    async def sign_out(self, session: str | None) -> None:
        """End the session at the API."""
        headers = _cookie(session) | {"X-Motcua-Csrf": "1"}
        await self._send("POST", "/api/v1/auth/logout", headers=headers)

    @asynccontextmanager
    async def events(self, session: str | None) -> AsyncIterator[AsyncIterator[bytes]]:
        """The live stream's bytes as they come; a silence of 60 s is an end, the API pings every 15 s."""
        timeout = httpx.Timeout(8.0, read=60.0)
        headers = _cookie(session) | {"Accept": "text/event-stream"}
        try:
            async with self._http.stream("GET", "/api/v1/events", headers=headers, timeout=timeout) as response:
                _check(response)
                yield response.aiter_raw()
        except httpx.HTTPError as error:
            raise Unreachable(f"events: {error!r}") from error

    async def _get(self, kind: type[T], path: str, session: str | None) -> T:
        return _parse(kind, await self._send("GET", path, headers=_cookie(session)))

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = await self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise Unreachable(f"{method} {path}: {error!r}") from error
        finally:
            self._http.cookies.clear()  # sessions belong to browsers, never to this client
        _check(response)
        return response


def _office(office_id: str) -> str:
    """An office's part of the API. Raises NotFound for what can be no id, without asking."""
    if not _ID.fullmatch(office_id):
        raise NotFound("no office has an id like this")
    return f"/api/v1/offices/{quote(office_id, safe='')}"


def _cookie(session: str | None) -> dict[str, str]:
    """The session as a header; what could not stand in a cookie is dropped."""
    legal = session and all(33 <= ord(c) < 127 and c not in '",;\\' for c in session)
    return {"Cookie": f"{COOKIE}={session}"} if legal else {}


def _check(response: httpx.Response) -> None:
    status = response.status_code
    if status < 300:
        return
    readable = status in (409, 413, 422) and "json" in response.headers.get("content-type", "")
    said = response.json() if readable else {}  # a refused stream has no text yet
    if status in (409, 413):
        raise Refused(str(said.get("detail", "")))
    if status == 422 and said.get("problems"):
        raise Invalid(str(said.get("detail", "")), said["problems"])
    if status == 422 and response.request.method != "GET":
        raise Refused(str(said.get("detail", "")))
    kinds: dict[int, type[ApiError]] = {401: NotSignedIn, 403: NotAllowed, 404: NotFound, 422: NotFound, 429: TooMany}
    raise kinds.get(status, Unreachable)(f"{response.request.method} {response.request.url.path}: {status}")


def _parse(kind: type[T], response: httpx.Response) -> T:
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        raise Unreachable(f"{response.request.url.path}: not as agreed: {error.errors()[:3]}") from error

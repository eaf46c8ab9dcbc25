"""The client against a real server that speaks the API's shapes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
import pytest
from dashboard_api import PASSWORD, TOKEN, USER, Fake, buckets, wait

from motcua.dashboard import client
from motcua.dashboard.client import Api

T = TypeVar("T")


def ask(url: str, question: Callable[[Api], Awaitable[T]], **options: Any) -> T:
    async def main() -> T:
        api = Api(url, **options)
        try:
            return await question(api)
        finally:
            await api.close()

    return asyncio.run(main())


def test_typed_answers(api: Fake) -> None:
    from datetime import UTC, datetime

    api.set("vl-29734", wait=wait("ok"), open_counters=3, visits_today=7)
    api.hours = buckets(datetime.now(UTC), [600, None])
    api.counters = [{"counter_id": "Q1", "in_service": 1, "open": True, "state": "ok", "served_today": 3, "as_of": None}]

    live = ask(api.url, lambda a: a.live(TOKEN))
    assert len(live.offices) == 126
    assert next(o for o in live.offices if o.office_id == "vl-29734").wait.expected_wait_s == 720
    assert ask(api.url, lambda a: a.office(TOKEN, "vl-29734")).counters[0].open is True
    assert [b.mean_s for b in ask(api.url, lambda a: a.waits(TOKEN, "vl-29734", 2)).buckets] == [600, None]
    assert ask(api.url, lambda a: a.today(TOKEN, "vl-29734")).served == 1180
    assert ask(api.url, lambda a: a.me(TOKEN)).role == "supervisor"
    assert ask(api.url, lambda a: a.address("vl-29734")) == "Ấp 2A, vl-29734"
    assert ask(api.url, lambda a: a.address("DEMO")) is None


def test_ids_cannot_leave_their_place_in_the_path(api: Fake) -> None:
    with pytest.raises(client.NotFound):
        ask(api.url, lambda a: a.today(TOKEN, "../auth/me?x="))
    assert "/api/v1/auth/me" not in api.asked


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, client.NotSignedIn),
        (403, client.NotAllowed),
        (404, client.NotFound),
        (429, client.TooMany),
        (500, client.Unreachable),
        (302, client.Unreachable),
    ],
)
def test_refusals(api: Fake, status: int, error: type[Exception]) -> None:
    api.status = status
    with pytest.raises(error):
        ask(api.url, lambda a: a.live(TOKEN))


@pytest.mark.parametrize(
    "body", ["", "no json", "[]", '{"offices": 1}', '{"generated_at":"2026","target_wait_s":9,"offices":[{}]}']
)
def test_an_answer_that_is_not_as_agreed_is_no_answer(api: Fake, body: str) -> None:
    api.body = body
    with pytest.raises(client.Unreachable):
        ask(api.url, lambda a: a.live(TOKEN))


def test_nobody_there() -> None:
    with pytest.raises(client.Unreachable):
        ask("http://127.0.0.1:9", lambda a: a.live(TOKEN))
    assert ask("http://127.0.0.1:9", lambda a: a.address("vl-86")) is None


@pytest.mark.parametrize("session", [None, "", "wrong", "x\r\nX-Evil: 1", "a;b", "ồ"])
def test_no_session_or_a_broken_one_is_not_signed_in(api: Fake, session: str | None) -> None:
    with pytest.raises(client.NotSignedIn):
        ask(api.url, lambda a: a.live(session))


def test_sign_in_hands_the_cookie_on_and_keeps_none(api: Fake) -> None:
    async def both(a: Api) -> client.SignedIn:
        done = await a.sign_in(USER, PASSWORD, client="192.0.2.7")
        with pytest.raises(client.NotSignedIn):
            await a.me(None)
        return done

    done = ask(api.url, both)
    assert done.account.username == USER
    (cookie,) = done.set_cookies
    assert cookie.startswith(f"motcua_session={TOKEN}")
    assert "httponly" in cookie.lower()
    assert api.forwarded == ["192.0.2.7"]


def test_a_wrong_password_is_not_signed_in(api: Fake) -> None:
    with pytest.raises(client.NotSignedIn):
        ask(api.url, lambda a: a.sign_in(USER, "wrong"))


def test_sign_out_says_that_it_comes_from_us(api: Fake) -> None:
    ask(api.url, lambda a: a.sign_out(TOKEN))
    assert api.asked == ["/api/v1/auth/logout"]


def test_events_come_through(api: Fake) -> None:
    async def first(a: Api) -> bytes:
        heard = b""
        async with a.events(TOKEN) as chunks:
            async for chunk in chunks:
                heard += chunk
                if b"ping" in heard:
                    api.tell("vl-86")
                if b"vl-86" in heard:
                    return heard
        return heard

    assert b"event: office" in ask(api.url, first)


def test_a_refused_stream_says_why(api: Fake) -> None:
    async def open_stream(a: Api) -> None:
        async with a.events("wrong"):
            raise AssertionError("it opened")

    with pytest.raises(client.NotSignedIn):
        ask(api.url, open_stream)


def test_no_proxy_of_the_environment_is_used(api: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert ask(api.url, lambda a: a.me(TOKEN)).username == USER
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{api.url}/api/v1/auth/me")

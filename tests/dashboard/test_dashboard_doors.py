"""Login, logout, language, headers, event relay, and how the server starts and stops."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest
from dashboard_api import PASSWORD, TOKEN, USER, Fake
from pydantic import ValidationError
from typer.testing import CliRunner

from motcua.dashboard.guard import local_path, policy
from motcua.dashboard.serve import CannotServe, listen
from motcua.dashboard.settings import DashboardSettings


@pytest.fixture
def browser_like(site: str) -> Iterator[httpx.Client]:
    """Keeps cookies, follows nothing."""
    with httpx.Client(base_url=site, trust_env=False) as http:
        yield http


def sign_in(http: httpx.Client, **fields: str) -> httpx.Response:
    return http.post("/login", data={"username": USER, "password": PASSWORD, "next": "/office/DEMO"} | fields)


def test_who_has_no_session_is_sent_to_the_login_page(browser_like: httpx.Client, api: Fake) -> None:
    answer = browser_like.get("/office/vl-86")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Foffice%2Fvl-86"
    page = browser_like.get(answer.headers["location"])
    assert 'name="next" value="/office/vl-86"' in page.text
    assert "Đăng nhập" in page.text


def test_login_hands_the_session_on_and_leads_back(browser_like: httpx.Client, api: Fake) -> None:
    answer = sign_in(browser_like)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/office/DEMO"
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert browser_like.cookies["motcua_session"] == TOKEN
    assert browser_like.get("/office/DEMO").status_code == 200
    assert api.forwarded == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("status", "fields", "code", "says"),
    [
        (200, {"password": "wrong"}, 401, "không đúng"),
        (200, {"username": "x" * 10_000}, 401, "không đúng"),
        (429, {}, 429, "quá nhiều lần"),
        (500, {}, 503, "không trả lời"),
        (403, {}, 403, "không được phép"),
    ],
)
def test_refused_logins_say_why(
    browser_like: httpx.Client, api: Fake, status: int, fields: dict[str, str], code: int, says: str
) -> None:
    api.status = status
    answer = sign_in(browser_like, **fields)
    assert answer.status_code == code
    assert says in answer.text
    assert "motcua_session" not in browser_like.cookies
    assert PASSWORD not in answer.text


def test_what_people_type_is_escaped(browser_like: httpx.Client, api: Fake) -> None:
    page = sign_in(browser_like, username='"><script>alert(1)</script>', next='/"><script>').text
    assert "<script" not in page


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nb", "/a\\b", "", None],
)
def test_nobody_is_led_to_another_site(target: str | None) -> None:
    assert local_path(target) == "/"


def test_a_path_of_this_site_is_kept() -> None:
    assert local_path("/office/DEMO?x=1") == "/office/DEMO?x=1"


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_forms_of_another_site_do_nothing(browser_like: httpx.Client, api: Fake, path: str) -> None:
    sign_in(browser_like)
    api.asked.clear()
    fields = {"username": USER, "password": PASSWORD}
    answer = browser_like.post(path, data=fields, headers={"Origin": "https://evil.example"})
    assert "set-cookie" not in answer.headers
    assert api.asked == []


def test_logout_ends_the_session_at_the_api_and_here(browser_like: httpx.Client, api: Fake) -> None:
    sign_in(browser_like)
    api.asked.clear()
    answer = browser_like.post("/logout")
    assert answer.headers["location"] == "/login"
    assert api.asked == ["/api/v1/auth/logout"]
    assert "motcua_session" not in browser_like.cookies


def test_language_is_remembered(browser_like: httpx.Client, api: Fake) -> None:
    answer = browser_like.get("/lang/en?next=/login")
    assert answer.headers["location"] == "/login"
    assert "Sign in" in browser_like.get("/login").text
    assert '<html lang="en">' in browser_like.get("/login").text


def test_every_answer_carries_the_security_headers(browser_like: httpx.Client, api: Fake) -> None:
    sign_in(browser_like)
    for path in ("/", "/login", "/assets/app.css", "/_dash-layout", "/nowhere"):
        headers = browser_like.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"], path
        assert "unsafe-eval" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert browser_like.get("/").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/_mcp"])
def test_nothing_else_is_served(browser_like: httpx.Client, api: Fake, path: str) -> None:
    sign_in(browser_like)
    text = browser_like.get(path).text
    assert "swagger" not in text.lower()
    assert "openapi" not in text.lower()


def test_tiles_open_the_policy_for_their_host_alone() -> None:
    closed, opened = policy([], None), policy([], "https://tile.example/{z}/{x}/{y}.png")
    assert "http" not in closed
    assert opened.count("https://tile.example") == 2
    assert "script-src 'self';" in opened


@pytest.mark.parametrize(("session", "status", "code"), [("wrong", 200, 401), (TOKEN, 500, 503), (TOKEN, 403, 403)])
def test_a_refused_event_stream_is_an_answer(site: str, api: Fake, session: str, status: int, code: int) -> None:
    api.status = status
    answer = httpx.get(f"{site}/events", cookies={"motcua_session": session}, trust_env=False)
    assert answer.status_code == code


def test_forty_event_streams_at_once_and_none_is_left(site: str, api: Fake, eventually: Callable[..., object]) -> None:
    async def one(http: httpx.AsyncClient, opened: asyncio.Semaphore) -> bool:
        async with http.stream("GET", f"{site}/events", headers={"Cookie": f"motcua_session={TOKEN}"}) as stream:
            async for chunk in stream.aiter_raw():
                if b"ping" in chunk:
                    opened.release()
                if b"vl-29734" in chunk:
                    return True
        return False

    async def main() -> list[bool]:
        opened = asyncio.Semaphore(0)
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=20) as http:
            running = [asyncio.create_task(one(http, opened)) for _ in range(40)]
            for _ in running:
                await asyncio.wait_for(opened.acquire(), 20)
            api.tell("vl-29734")
            return list(await asyncio.gather(*running))

    eventually(lambda: api.streams == 0)
    assert asyncio.run(main()) == [True] * 40
    eventually(lambda: api.streams == 0)


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotServe, match=rf"^Port {port} on 127\.0\.0\.1 is in use; .*--port.*\.$"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(
    "given", [{"api_url": "nonsense"}, {"api_url": "ftp://x"}, {"tiles_url": "https://x/{z}.png"}, {"port": 70000}]
)
def test_bad_settings_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DashboardSettings.model_validate(given)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_DASHBOARD_API_URL", "http://10.0.0.5:8000/")
    monkeypatch.setenv("MOTCUA_DASHBOARD_TILES_URL", "")
    settings = DashboardSettings()
    assert settings.api_url == "http://10.0.0.5:8000"
    assert settings.tiles_url is None
    assert settings.host == "127.0.0.1"


def test_the_command_explains_a_bad_address() -> None:
    import typer

    from motcua.onebox.dashboard_cli import dashboard

    app = typer.Typer()
    app.command()(dashboard)
    ran = CliRunner().invoke(app, ["--api-url", "nonsense"])
    assert ran.exit_code == 2
    assert ran.output.strip() == ("MOTCUA_DASHBOARD_API_URL: api_url must be an address such as http://127.0.0.1:8000.")


def test_the_command_serves_and_stops_with_a_stream_open(api: Fake, eventually: Callable[..., object]) -> None:
    code = "import typer; from motcua.onebox.dashboard_cli import dashboard; typer.run(dashboard)"
    command = [sys.executable, "-c", code, "--api-url", api.url, "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said.startswith("Staff pages on http://127.0.0.1:")
            url = said.split()[-1]
            cookies = {"Cookie": f"motcua_session={TOKEN}"}
            with httpx.stream("GET", f"{url}events", headers=cookies, trust_env=False, timeout=20) as stream:
                assert b"ping" in next(stream.iter_raw())
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=20) in (0, -signal.SIGTERM)
        finally:
            process.kill()
    eventually(lambda: api.streams == 0)

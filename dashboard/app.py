"""The staff pages put together: Dash on FastAPI, the doors, the event relay, the guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from dash import Dash
from fastapi import FastAPI

from motcua.dashboard import board_door, doors, history_files, relay, shell, wall
from motcua.dashboard.client import Api
from motcua.dashboard.context import LANG_COOKIE, Parts
from motcua.dashboard.guard import Guard, policy
from motcua.dashboard.map_view import Tiles
from motcua.dashboard.settings import DashboardSettings
from motcua.dashboard.words import known_lang, words

ASSETS = Path(__file__).parent / "assets"


def build(settings: DashboardSettings, api: Api | None = None) -> FastAPI:
    """The whole application. It closes its connections to the API when it stops."""
    api = api or Api(settings.api_url, timeout_s=settings.api_timeout_s)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await api.close()

    server = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    server.state.api = api
    server.include_router(doors.routes(api))
    server.include_router(relay.routes(api))
    tiles = Tiles(settings.tiles_url, settings.tiles_credit) if settings.tiles_url else None
    server.include_router(board_door.routes(api, tiles))
    server.include_router(history_files.routes(api))
    server.include_router(wall.routes(api))
    pages = Dash(
        "motcua.dashboard",
        server=server,
        assets_folder=str(ASSETS),
        use_pages=False,
        pages_folder="",
        serve_locally=True,
        compress=True,
        suppress_callback_exceptions=True,
        update_title=None,
        enable_mcp=False,
        assets_ignore=r".*\.(py|html|svg)$|^wall\..*",
    )
    pages.backend.websocket_capability = False  # else every page opens a socket that nothing here uses
    pages.layout = lambda: shell.layout(words(known_lang(_cookies(pages).get(LANG_COOKIE))))
    pages.interpolate_index = partial(shell.index, pages)
    shell.register(pages, Parts(api))
    server.add_middleware(
        Guard, csp=policy([f"'{h}'" if not h.startswith("'") else h for h in pages.csp_hashes()], settings.tiles_url)
    )
    pages._setup_server()  # now, not at the first request: Dash may answer that one without our script and styles
    return server


def _cookies(pages: Dash) -> dict[str, str]:
    return dict(pages.backend.request_adapter().cookies) if pages.backend.has_request_context() else {}

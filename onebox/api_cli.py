"""``motcua api``: the API and the public page in one process."""

from __future__ import annotations

import logging

import typer
import uvicorn
from fastapi import FastAPI

from motcua.analytics.api.app import create_app
from motcua.analytics.api.settings import ApiSettings
from motcua.map.page import PageSettings, router
from motcua.map.rate import routes as rate_routes
from motcua.map.records import Records
from motcua.onebox.child import port_is_free


def application(settings: ApiSettings) -> FastAPI:
    """The API with the public page at ``/`` and the pages on which citizens answer at ``/kiosk`` and ``/r/``."""
    page = PageSettings(
        tiles_url=settings.tiles_url,
        frame_ancestors=settings.frame_ancestors,
        routing_url=settings.routing_url,
        routing_kind=settings.routing_kind,
    )
    return create_app(
        settings,
        lambda feeds: router(feeds, page),
        lambda door: rate_routes(door, forwarded_for=settings.forwarded_for),
        Records(),
    )


def server_config(settings: ApiSettings) -> uvicorn.Config:
    """How the application is served; open event streams do not hold up the end."""
    return uvicorn.Config(
        application(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        timeout_graceful_shutdown=1,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
    )


def api() -> None:
    """Serve the HTTP API and the public page until stopped.

    Settings: MOTCUA_API_DSN, MOTCUA_API_HOST, MOTCUA_API_PORT and more (docs/settings.md).

    Example: MOTCUA_API_DSN=postgresql://… motcua api
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = ApiSettings()
    if settings.port and not port_is_free(settings.port):
        typer.echo(f"port {settings.port} is in use: stop what uses it, or set MOTCUA_API_PORT", err=True)
        raise typer.Exit(1)
    uvicorn.Server(server_config(settings)).run()

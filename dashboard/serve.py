"""Run the staff pages until the process is told to stop."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Callable

import uvicorn

from motcua.dashboard.app import build
from motcua.dashboard.settings import DashboardSettings

log = logging.getLogger("motcua.dashboard")


class CannotServe(Exception):
    """The server cannot start; the message is one sentence with the way out."""


class _Server(uvicorn.Server):
    """Ends the open event streams first, so that a stop does not wait for browsers."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self.config.app.state.api.close()  # type: ignore[union-attr]  # the application of `build`
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises CannotServe."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            way_out = "stop the other program or choose another port with --port or MOTCUA_DASHBOARD_PORT"
            raise CannotServe(f"Port {port} on {host} is in use; {way_out}.") from error
        raise CannotServe(f"The dashboard cannot listen on {host}:{port}: {error.strerror or error}.") from error


def serve(settings: DashboardSettings, ready: Callable[[str], None] = log.info) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is told the address. Raises CannotServe."""
    with listen(settings.host, settings.port) as listener:
        host, port = listener.getsockname()[:2]
        config = uvicorn.Config(
            build(settings), log_config=None, access_log=False, timeout_graceful_shutdown=3, server_header=False
        )
        ready(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
        _Server(config).run(sockets=[listener])

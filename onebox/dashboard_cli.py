"""`motcua dashboard`: the staff pages."""

from __future__ import annotations

from typing import Annotated, Any

import typer

Address = Annotated[str | None, typer.Option(help="Address of the API, e.g. http://127.0.0.1:8000.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)]


def dashboard(api_url: Address = None, host: Host = None, port: Port = None) -> None:
    """Serve the staff pages until Ctrl-C. Settings come from MOTCUA_DASHBOARD_*; options take precedence.

    Example: motcua dashboard --api-url http://127.0.0.1:8000 --port 8050
    """
    from pydantic import ValidationError

    from motcua.dashboard.serve import CannotServe, serve
    from motcua.dashboard.settings import DashboardSettings

    given: dict[str, Any] = {"api_url": api_url, "host": host, "port": port}
    try:
        settings = DashboardSettings(**{name: value for name, value in given.items() if value is not None})
        serve(settings, ready=lambda address: typer.echo(f"Staff pages on {address}"))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        typer.echo(f"MOTCUA_DASHBOARD_{name.upper()}: {first['msg'].removeprefix('Value error, ')}.", err=True)
        raise typer.Exit(2) from None
    except CannotServe as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None

"""``motcua demo``."""

from __future__ import annotations

import logging
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler


def demo(
    for_s: Annotated[
        float | None, typer.Option("--for", min=1, help="Seconds from ready on; default: until Ctrl-C.", show_default=False)
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the counts of a timed run here.", show_default=False)
    ] = None,
    video: Annotated[
        str | None, typer.Option(help="Your own: a file, an rtsp:// address, or a USB camera's number.", show_default=False)
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(min=0.1, help="Clock of your own video file; default: what the file says.", show_default=False),
    ] = None,
    zones: Annotated[
        Path | None, typer.Option(help="Zones for your own video.", exists=True, dir_okay=False, show_default=False)
    ] = None,
    api_port: Annotated[int, typer.Option(min=1, max=65535, help="API and public map.")] = 8000,
    dashboard_port: Annotated[int, typer.Option(min=1, max=65535, help="Staff pages.")] = 8050,
    offices: Annotated[int, typer.Option(min=0, max=125, help="Simulated offices beside the camera's.")] = 40,
) -> None:
    """Run the whole product on this machine: database, broker, ingest, API, pages, and an agent on a video.

    Example: motcua demo --for 120 --json out.json
    """
    from motcua.onebox.demo import Options, run, write_json

    if json_file is not None and for_s is None:
        typer.echo("--json counts a timed run: add --for SECONDS", err=True)
        raise typer.Exit(1)
    console = Console()
    logging.basicConfig(
        level=logging.WARNING, format="%(message)s", handlers=[RichHandler(console=console, show_path=False)]
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    counts = run(Options(for_s, json_file, video, fps, zones, api_port, dashboard_port, offices), stop, console)
    if counts is not None:
        console.print_json(data=counts)
        if json_file is not None:
            write_json(json_file, counts)
    console.print("stopped")

"""`motcua edge`: run the cameras of an office, or check that everything they need is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Measure one office's queue with its cameras.")

Config = Annotated[Path, typer.Option("--config", "-c", help="Settings file (TOML); docs/settings.md describes it.")]


@app.command()
def run(config: Config) -> None:
    """Run every camera of a settings file until Ctrl-C.

    Example: motcua edge run --config edge.toml
    """
    from motcua.edge.agent import run_agent
    from motcua.edge.logs import log_to_stderr
    from motcua.edge.settings import SettingsError, load_settings

    try:
        settings = load_settings(config)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    log_to_stderr()
    run_agent(settings)


@app.command()
def check(config: Config) -> None:
    """Try out cameras, zones, detector, broker and outbox: a line each; exit code 1 if anything is wrong.

    Example: motcua edge check --config edge.toml
    """
    from motcua.edge.check import check as findings

    failed = False
    for finding in findings(config):
        failed |= not finding.ok
        typer.echo(f"{'✓' if finding.ok else '✗'} {finding.text}")
    raise typer.Exit(int(failed))


@app.command()
def outbox(
    config: Config, json: Annotated[bool, typer.Option("--json", help="One JSON array instead of a line each.")] = False
) -> None:
    """What waits in each camera's outbox, in hours and bytes, and what had to be given up; the agent may be running.

    Example: motcua edge outbox --config edge.toml
    """
    from motcua.edge.outbox import OutboxError
    from motcua.edge.outbox_report import as_json, report
    from motcua.edge.settings import SettingsError, load_settings, outbox_limits, outbox_path

    try:
        settings = load_settings(config)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    limits, reports, failed = outbox_limits(settings), [], False
    for camera in settings.cameras:
        try:
            reports.append(report(outbox_path(settings, camera), camera.source_id, **limits))
        except OutboxError as error:
            failed = True
            typer.echo(str(error), err=True)
    if reports or json:
        typer.echo(as_json(reports) if json else "\n".join(r.line() for r in reports))
    raise typer.Exit(int(failed))


@app.command("confirm-view")
def confirm_view(
    config: Config, camera: Annotated[str, typer.Option("--camera", help="The source_id of the camera that was moved.")]
) -> None:
    """Say that a camera's zones fit what it shows now: after it was moved and its zones were drawn anew.

    Example: motcua edge confirm-view --config edge.toml --camera cam-1
    """
    from datetime import UTC, datetime

    from motcua.edge.settings import SettingsError, load_settings, outbox_path
    from motcua.edge.view import confirm_view as confirm
    from motcua.edge.view import sight_file, was_moved

    try:
        settings = load_settings(config)
        known = {c.source_id: outbox_path(settings, c) for c in settings.cameras}
        if camera not in known:
            raise SettingsError(f"no camera is called {camera!r}: name one of {', '.join(known)} with --camera")
        moved = was_moved(known[camera])
        confirm(known[camera], datetime.now(UTC))
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        file = sight_file(known[camera])
        typer.echo(f"{file} cannot be written ({error.strerror}): run this as the agent's own user", err=True)
        raise typer.Exit(1) from None
    was = "its new view counts from now on" if moved else "it was not found moved; its view is learned anew all the same"
    typer.echo(f"{camera}: {was}")

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

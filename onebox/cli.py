"""``motcua``: the product's one command. A part is loaded when it is called, so that an office box needs the edge extra only."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from motcua.onebox.failures import sentence_of


@dataclass(frozen=True, slots=True)
class Part:
    """Where a command lives: a Typer application or a function, and the extra that it needs."""

    module: str
    name: str
    extra: str
    help: str


PARTS = {
    "demo": Part(
        "demo_cli", "demo", "onebox", "The whole product on this machine, with a camera that plays the sample video."
    ),
    "edge": Part("edge_cli", "app", "edge", "The agent of one office: run its cameras, or check that everything is there."),
    "evaluate": Part("evaluate", "evaluate", "evaluate", "How far the figures are off, on a video with known truth."),
    "evaluate-forecast": Part(
        "forecast_cli", "evaluate_forecast", "edge", "How good the expected waits are, on simulated days."
    ),
    "evaluate-halls": Part(
        "halls_cli", "evaluate_halls", "server", "How good waits from counts of several cameras are, on simulated days."
    ),
    "evaluate-advice": Part(
        "advice_cli", "evaluate_advice", "server", "What the advice where to go is worth, on simulated days."
    ),
    "evaluate-expressions": Part(
        "expressions_cli", "evaluate_expressions", "edge", "How right readers of expressions are, on labelled pictures."
    ),
    "models": Part("models_cli", "app", "edge", "Weights of the models: list, fetch, verify."),
    "db": Part("db_cli", "app", "server", "The database's schema: migrate it, say how it is."),
    "recompute": Part("recompute_cli", "recompute", "server", "Every rollup of a span, computed anew from raw rows."),
    "archive": Part("archive_cli", "app", "archive", "Days of raw rows as Parquet: write, list, restore."),
    "ingest": Part("ingest_cli", "ingest", "server", "Messages from the broker into the database."),
    "api": Part("api_cli", "api", "server", "The HTTP API and the public map."),
    "dashboard": Part("dashboard_cli", "dashboard", "dashboard", "The staff pages."),
    "simulate": Part("simulate_cli", "app", "onebox", "Simulated queues with known truth."),
    "offices": Part("offices_cli", "app", "server", "Check a file of offices, or import it."),
    "hours": Part("facts_cli", "hours", "server", "Opening hours, holidays and access of the offices."),
    "procedures": Part("facts_cli", "procedures", "server", "Administrative procedures, and who takes them."),
    "reports": Part("facts_cli", "reports", "server", "What citizens say is wrong about an office's data."),
    "devices": Part("devices_cli", "app", "server", "Credentials of camera boxes, kiosks, feeds and ingestors."),
    "deadletters": Part("deadletters_cli", "app", "server", "Messages that were none: list, explain, repair, replay."),
    "users": Part("users_cli", "app", "server", "Accounts of the staff pages: add, list, disable."),
    "ratings": Part("ratings_cli", "app", "server", "Asked-for ratings: kiosks, QR slips, call-back surveys."),
    "officer-faces": Part(
        "officer_faces_cli", "app", "server", "Officers' faces: the mode of each office, and its public notice."
    ),
    "evaluate-attitude": Part(
        "attitude_cli", "evaluate_attitude", "server", "How well ratings tell officers with known effects apart."
    ),
    "alerts": Part("alerts_cli", "app", "server", "Alerts: run them, list them, test a channel, set rules."),
    "bench": Part("bench", "app", "edge", "What the product costs on this machine."),
}


class Group(TyperGroup):
    """Lists the parts without loading them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(PARTS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        part = PARTS.get(cmd_name)
        return part and TyperCommand(cmd_name, help=part.help)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in PARTS:
            return args[0], _load(args[0]), args[1:]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="motcua measures how people are served in one-stop public-service offices.\n\nBegin with: motcua demo",
)


@app.callback()
def _root() -> None:
    pass


def main() -> None:
    """Run a command; our own errors are one sentence on standard error and exit code 1 (MOTCUA_DEBUG=1 shows where from)."""
    try:
        app()
    except Exception as error:
        sentence = sentence_of(error)
        if sentence is None or os.environ.get("MOTCUA_DEBUG"):
            raise
        typer.echo(sentence, err=True)
        sys.exit(1)


def _load(name: str) -> Any:
    """The command itself. Exits with one sentence where its extra is not installed."""
    part = PARTS[name]
    try:
        found = getattr(import_module(f"motcua.onebox.{part.module}"), part.name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("motcua") or os.environ.get("MOTCUA_DEBUG"):
            raise
        typer.echo(
            f"'motcua {name}' needs {error.name}, which is not installed: pip install 'motcua[{part.extra}]'", err=True
        )
        raise typer.Exit(1) from None
    if isinstance(found, typer.Typer):
        return typer.main.get_command(found)
    single = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    single.command(name)(found)
    return typer.main.get_command(single)


if __name__ == "__main__":
    main()

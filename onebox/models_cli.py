"""`motcua models`: what weights there are, and getting them."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

app = typer.Typer(no_args_is_help=True, help="Weights of the models: list, fetch, check.")

Names = Annotated[list[str] | None, typer.Argument(help="Names from 'motcua models list'; without any, the default set.")]
DEFAULT_SET = ("ssdlite", "blazeface", "fer")


@app.command("list")
def list_() -> None:
    """Show every known model with its licence, its source, and whether it is here.

    Example: motcua models list
    """
    from rich.console import Console
    from rich.table import Table

    from motcua.models.fetch import fetched
    from motcua.models.registry import list_models

    table = Table("name", "kind", "licence", "from", "checksum", "here")
    for weights in list_models():
        known = "known" if weights.sha256 else "at first fetch"
        here = "yes" if fetched(weights.name) else "no"
        table.add_row(weights.name, weights.kind, weights.licence, str(weights.source), known, here)
    Console().print(table)


@app.command()
def fetch(names: Names = None, again: Annotated[bool, typer.Option(help="Replace what is here.")] = False) -> None:
    """Download weights, check them, convert them where that is needed (YOLO's need the extra 'ultralytics' for it).

    Example: motcua models fetch ssdlite
    """
    from rich.console import Console

    from motcua.models.errors import ModelError
    from motcua.models.fetch import fetch as get
    from motcua.models.fetch import forget
    from motcua.models.registry import weights_named

    console = Console(stderr=True)
    try:
        with Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=console) as bar:
            for name in names or DEFAULT_SET:
                weights = weights_named(name)
                if again:
                    forget(name)
                task = bar.add_task(f"{name}, then its export" if weights.convert == "yolo" else name, total=None)
                path = get(name, partial(_advance, bar, task))
                size = path.stat().st_size
                bar.update(task, completed=size, total=size)
                typer.echo(f"{name}: {path}")
                if "AGPL" in weights.licence:
                    typer.echo(f"{name} is licensed under {weights.licence}, exported or not: NOTICE.md", err=True)
    except ModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _advance(bar: Progress, task: TaskID, done: int, total: int | None) -> None:
    bar.update(task, completed=done, total=total)


@app.command()
def verify(names: Names = None) -> None:
    """Check fetched weights against their checksums, and converted ones against recorded outputs.

    Without names, everything that is here. Example: motcua models verify
    """
    from motcua.models.errors import ModelError
    from motcua.models.fetch import verify as check
    from motcua.models.fetch import verify_all

    results: dict[str, ModelError | None] = {}
    for name in names or ():
        try:
            check(name)
            results[name] = None
        except ModelError as error:
            results[name] = error
    if not names:
        results = verify_all()
        if not results:
            typer.echo("no weights are here yet: run 'motcua models fetch'", err=True)
            raise typer.Exit(1)
    for name, problem in results.items():
        typer.echo(f"{name}: right" if problem is None else str(problem), err=problem is not None)
    raise typer.Exit(int(any(results.values())))

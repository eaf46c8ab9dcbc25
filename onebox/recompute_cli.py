"""``motcua recompute``: every rollup of a span, computed anew from raw rows."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from rich.console import Console

from motcua.analytics import db, rollups
from motcua.onebox.db_cli import Dsn, settings


def recompute(
    first: Annotated[str, typer.Option("--from", help="First day in Viet Nam, as 2026-03-02.")],
    last: Annotated[str, typer.Option("--to", help="Last day, included.")],
    dsn: Dsn = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Compute every rollup of a span anew from raw rows, and say how many rows had been different.

    Example: motcua recompute --from 2026-03-01 --to 2026-03-31
    """
    days = [day(text) for text in (first, last)]
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        done = rollups.recompute(conn, days[0], days[1], datetime.now(UTC))
    if as_json:
        print(json.dumps([asdict(level) for level in done], indent=1))
        return
    for level in done:
        said = (
            f"left as it is: {level.left}"
            if level.left
            else f"{level.rows} rows, {level.changed} of them had been different"
        )
        Console(highlight=False, soft_wrap=True).print(f"{level.name}: {said}")


def day(text: str) -> date:
    """A day as it is written in a command. Raises BadParameter."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no day: write it as 2026-03-02") from None

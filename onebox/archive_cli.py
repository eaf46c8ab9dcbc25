"""``motcua archive``: days leave as Parquet, are listed, and come back."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from motcua.analytics import archive as archives
from motcua.analytics import db, store
from motcua.onebox.db_cli import Dsn, settings
from motcua.onebox.recompute_cli import day

app = typer.Typer()
console = Console(highlight=False, soft_wrap=True)

Folder = Annotated[Path | None, typer.Option(help="The archive; else MOTCUA_DB_ARCHIVE_FOLDER.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.callback(invoke_without_command=True)
def write(context: typer.Context, dsn: Dsn = None, folder: Folder = None, as_json: AsJson = False) -> None:
    """Write the days that have lived long enough as Parquet, verify them, then delete them from the database.

    It takes the tables for which MOTCUA_DB_ARCHIVE was true at the last 'motcua db migrate'.

    Example: motcua archive --folder /srv/archive
    """
    if context.invoked_subcommand:
        return
    given = settings(dsn)
    with db.connect(given.dsn.get_secret_value()) as conn:
        db.require_current(conn)
        done = archives.archive(conn, folder or given.archive_folder, datetime.now(UTC))
    if as_json:
        print(json.dumps([asdict(one) for one in done], default=str, indent=1))
        return
    for one in done:
        console.print(
            f"{one.table}: {one.rows} rows before {store.day_of(one.before)} left, {one.fresh} in {one.files} new files"
        )
    if not done:
        console.print("nothing has lived long enough, or no table goes to the archive (MOTCUA_DB_ARCHIVE)")


@app.command("list")
def list_parts(dsn: Dsn = None, as_json: AsJson = False) -> None:
    """The files of the archive.

    Example: motcua archive list
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        found: list[dict[str, Any]] = archives.parts(conn)
    if as_json:
        print(json.dumps(found, default=str, indent=1))
        return
    for part in found:
        console.print(f"{part['path']}: {part['rows']} rows{', restored' if part['restored_at'] else ''}")


@app.command()
def restore(
    table: Annotated[str, typer.Argument(help="visit, queue_sample, part_count, rating, ticket or sentiment.")],
    first: Annotated[str, typer.Option("--from", help="First day in Viet Nam, as 2023-03-02.")],
    last: Annotated[str, typer.Option("--to", help="Last day, included.")],
    dsn: Dsn = None,
    folder: Folder = None,
) -> None:
    """Bring days back into the database, for a week.

    Example: motcua archive restore visit --from 2023-03-01 --to 2023-03-31
    """
    given = settings(dsn)
    with db.connect(given.dsn.get_secret_value()) as conn:
        db.require_current(conn)
        rows = archives.restore(conn, folder or given.archive_folder, table, day(first), day(last), datetime.now(UTC))
    console.print(f"{table}: {rows} rows are back")

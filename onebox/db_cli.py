"""``motcua db``: the database's schema."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from motcua.analytics import db
from motcua.analytics.settings import DbSettings

app = typer.Typer(no_args_is_help=True, help="The database's schema: migrate it, say how it is.")
console = Console()

Dsn = Annotated[str | None, typer.Option(help="Address of the database; else MOTCUA_DB_DSN.", show_default=False)]


def settings(dsn: str | None) -> DbSettings:
    """The settings, with the address given on the command line."""
    return DbSettings(dsn=SecretStr(dsn)) if dsn else DbSettings()


@app.command()
def migrate(dsn: Dsn = None) -> None:
    """Bring the schema up to date; twice is harmless.

    Example: motcua db migrate --dsn postgresql://motcua:secret@127.0.0.1:5432/motcua
    """
    chosen = settings(dsn)
    with db.connect(chosen.dsn.get_secret_value()) as conn:
        done = db.migrate(conn, chosen)
        for migration in done:
            console.print(f"applied {migration.number:04}_{migration.name}")
        console.print(f"the schema is up to date ({db.back_end_of(conn)})")


@app.command()
def status(
    dsn: Dsn = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Back end, versions, size, newest rows, dead letters, gaps, jobs.

    Example: motcua db status --json
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        answer = db.status(conn)
    if as_json:
        print(json.dumps(answer, default=str, indent=1))
        return
    table = Table(show_header=False, box=None)
    for key, value in answer.items():
        if key != "jobs":
            table.add_row(key.replace("_", " "), _shown(key, value))
    console.print(table)
    for job in answer["jobs"]:
        console.print(
            f"job {job['job_id']}: {job['proc_name']} on {job['hypertable_name']}, every {job['schedule_interval']}"
        )


def _shown(key: str, value: Any) -> str:
    if value is None:
        return "none"
    if key == "size_bytes":
        return f"{value / 1e6:.1f} MB"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

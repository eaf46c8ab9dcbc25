"""`motcua offices`: check a file of offices, show what it would change, write it."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from motcua.map.offices import Checked, FileRefused, check_file

if TYPE_CHECKING:
    from motcua.analytics.admin.plan import Plan

app = typer.Typer(no_args_is_help=True, help="Read the offices and their places from a GeoJSON or CSV file.")

File = Annotated[Path, typer.Argument(help="GeoJSON or CSV; the fields are described in map/data/README.md.")]
Dsn = Annotated[
    str, typer.Option("--dsn", envvar="MOTCUA_DB_DSN", help="Database, e.g. postgresql://motcua@127.0.0.1/motcua.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")]

MOST_SHOWN = 50
"""Errors and changes beyond this number are counted, not listed."""


@app.command()
def check(file: File) -> None:
    """Say how many offices a file holds and what is wrong with it; changes nothing.

    Example: motcua offices check map/data/offices.geojson
    """
    checked = _checked(file)
    typer.echo(f"{file.name}: {_counts(checked)}, no errors.")


@app.command("import")
def import_(
    file: File,
    dsn: Dsn,
    yes: Yes = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would change.")] = False,
    retire_missing: Annotated[bool, typer.Option(help="Retire what the file does not name, from today on.")] = False,
) -> None:
    """Show what a file would change in the database, then write exactly that, with a line in the audit log for each office.

    A column that the file does not name keeps what it has, and so do offices that it does not name.
    Example: motcua offices import offices.csv --dsn postgresql:///motcua --preview
    """
    import psycopg

    from motcua.analytics import db, store
    from motcua.analytics.admin import store as records
    from motcua.analytics.admin.kinds import KINDS
    from motcua.analytics.admin.plan import plan
    from motcua.map.records import Records

    kind, today = KINDS["offices"], store.day_of(datetime.now(UTC))
    try:
        rows = Records().read("offices", file.name, file.read_bytes())
        with db.connect(dsn) as conn:
            db.require_current(conn)
            known = records.known(conn, kind, None, today)
            shown = plan(kind, rows, known, Records(), retire_missing=retire_missing)
            _tell(file, shown)
            if preview or not (shown.new or shown.changed or shown.retired):
                return
            if not yes:
                typer.confirm("Write this?", abort=True)
            with conn.transaction():
                records.lock(conn, kind)
                known = records.known(conn, kind, None, today)
                if plan(kind, rows, known, Records(), retire_missing=retire_missing).token() != shown.token():
                    fail("The database changed while you looked; nothing was written: import again.")
                records.write(conn, shown, getpass.getuser(), via=f"import {file.name[:60]}")
    except FileRefused as error:
        fail(str(error))
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.")
    except psycopg.Error as error:
        fail(f"The database refused: {str(error).strip().splitlines()[0]}.")
    typer.echo("Written.")


def _checked(file: Path, known_ids: set[str] | None = None) -> Checked:
    """The offices of a file; ends the command with every error told if there is one."""
    try:
        checked = check_file(file, known_ids or ())
    except FileRefused as error:
        fail(str(error))
    for problem in checked.problems[:MOST_SHOWN]:
        typer.echo(str(problem), err=True)
    if len(checked.problems) > MOST_SHOWN:
        typer.echo(f"… and {len(checked.problems) - MOST_SHOWN} more.", err=True)
    if checked.problems:
        fail(f"{file.name}: {_counts(checked)} are right, {len(checked.problems)} errors; nothing was written.")
    return checked


def _counts(checked: Checked) -> str:
    levels = ", ".join(f"{count} {level}" for level, count in checked.by_level().items())
    return f"{len(checked.offices)} offices" + (f" ({levels})" if levels else "")


def _tell(file: Path, found: Plan) -> None:
    """What would change; ends the command with every error told if there is one."""
    for problem in found.problems[:MOST_SHOWN]:
        place = f"{problem.where}, {problem.field}" if problem.field else problem.where
        typer.echo(f"{place}: {problem.message}.", err=True)
    if found.problems:
        fail(f"{file.name}: {len(found.problems)} errors; nothing was written.")
    retired = f"{len(found.retired)} retired, " if found.retired else ""
    typer.echo(f"{len(found.new)} new, {len(found.changed)} changed, {retired}{found.unchanged} unchanged.")
    for change in (*found.changed, *found.retired)[:MOST_SHOWN]:
        for name, (old, new) in change.fields().items():
            typer.echo(f"  {change.key} {name}: {old} → {new}")
    rest = len(found.changed) + len(found.retired) - MOST_SHOWN
    if rest > 0:
        typer.echo(f"  … and {rest} more offices.")


def fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)

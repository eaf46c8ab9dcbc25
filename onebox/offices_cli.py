"""`motcua offices`: check a file of offices, show what it would change, write it."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from motcua.map.changes import Changes, changes
from motcua.map.offices import Checked, FileRefused, check_file

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
def import_(file: File, dsn: Dsn, yes: Yes = False) -> None:
    """Show what a file would change in the database, then write it.

    Offices that the file does not name stay as they are. Example: motcua offices import offices.csv --dsn postgresql:///motcua
    """
    import psycopg

    from motcua.analytics import store

    try:
        with psycopg.connect(dsn) as conn:
            existing = [dict(row) for row in store.offices(conn)]
            checked = _checked(file, {row["office_id"] for row in existing})
            found = changes(existing, checked.offices)
            _show(found)
            if not found.new and not found.changed:
                return
            if not yes:
                typer.confirm("Write this?", abort=True)
            store.import_offices(conn, [office.row() for office in checked.offices])
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


def _show(found: Changes) -> None:
    typer.echo(f"{len(found.new)} new, {len(found.changed)} changed, {len(found.unchanged)} unchanged.")
    for office_id, fields in list(found.changed.items())[:MOST_SHOWN]:
        for name, (old, new) in fields.items():
            typer.echo(f"  {office_id} {name}: {old} → {new}")
    if len(found.changed) > MOST_SHOWN:
        typer.echo(f"  … and {len(found.changed) - MOST_SHOWN} more offices.")


def fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)

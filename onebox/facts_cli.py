"""`motcua procedures`, `motcua hours` and `motcua reports`: what citizens ask of an office besides its wait."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from motcua.analytics import db, facts, store
from motcua.analytics.api import accounts
from motcua.map.facts import Access, Fact, Holiday, Hours, Procedure, check_facts, takers
from motcua.map.formats import FileRefused
from motcua.onebox.db_cli import Dsn, settings
from motcua.onebox.offices_cli import MOST_SHOWN, Yes, fail

procedures = typer.Typer(no_args_is_help=True, help="Administrative procedures, from the province's own list.")
hours = typer.Typer(no_args_is_help=True, help="Opening hours, holidays and access of the offices.")
reports = typer.Typer(no_args_is_help=True, help="What citizens say is wrong about an office's data.")
console = Console()

File = Annotated[Path, typer.Argument(help="CSV in UTF-8; the columns are described in map/data/README.md.")]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]


@procedures.command("import")
def import_procedures(file: File, dsn: Dsn = None, yes: Yes = False) -> None:
    """Add or change procedures, and who takes them. Those that the file does not name stay.

    Example: motcua procedures import procedures.csv
    """

    def write(conn: Any, found: tuple[Procedure, ...], levels: dict[str, str]) -> int:
        return facts.import_procedures(conn, [(p.rows()[0], takers(p, levels)) for p in found])

    _import(Procedure, file, dsn, yes, write)


@procedures.command("list")
def list_procedures(dsn: Dsn = None, as_json: Json = False) -> None:
    """Every procedure, and how many offices take it.

    Example: motcua procedures list --json
    """
    with _connected(dsn) as conn:
        found = facts.procedures(conn)
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for row in found:
        offices = "not known who takes it" if row["offices"] is None else f"{len(row['offices'])} offices"
        console.print(f"{row['procedure_id']}  {row['name']}  ({offices})", markup=False)


@hours.command("import")
def import_hours(file: File, dsn: Dsn = None, yes: Yes = False) -> None:
    """Replace the opening hours of the offices that the file names.

    Example: motcua hours import hours.csv
    """
    _import(Hours, file, dsn, yes, lambda conn, found, _: facts.import_hours(conn, [r for f in found for r in f.rows()]))


@hours.command("holidays")
def import_holidays(file: File, dsn: Dsn = None, yes: Yes = False) -> None:
    """Add or change days on which offices are closed, or open at other times.

    Example: motcua hours holidays holidays.csv
    """
    _import(
        Holiday, file, dsn, yes, lambda conn, found, _: facts.import_holidays(conn, [r for f in found for r in f.rows()])
    )


@hours.command("access")
def import_access(file: File, dsn: Dsn = None, yes: Yes = False) -> None:
    """Add or change wheelchair access and lanes for priority and appointment.

    Example: motcua hours access access.csv
    """
    _import(Access, file, dsn, yes, lambda conn, found, _: facts.import_access(conn, [r for f in found for r in f.rows()]))


@reports.command("list")
def list_reports(
    dsn: Dsn = None,
    done: Annotated[bool, typer.Option(help="Also those that were dealt with.")] = False,
    as_json: Json = False,
) -> None:
    """What waits to be put right, the newest first.

    Example: motcua reports list --json
    """
    with _connected(dsn) as conn:
        found = facts.reports(conn, done=done)
    if as_json:
        print(json.dumps(found, default=str, ensure_ascii=False, indent=1))
        return
    table = Table("no.", "at", "office", "about", "what", "done by", box=None)
    for row in found:
        cells = (
            row["report_id"],
            f"{row['at']:%Y-%m-%d %H:%M}",
            row["office_id"],
            row["field"],
            row["message"],
            row["done_by"] or "",
        )
        table.add_row(*(str(cell).replace("[", "\\[") for cell in cells))
    console.print(table)


@reports.command("done")
def done_report(
    report_id: Annotated[int, typer.Argument(min=1)],
    by: Annotated[str, typer.Option(help="Who dealt with it.")] = "command line",
    dsn: Dsn = None,
) -> None:
    """Mark a report as dealt with.

    Example: motcua reports done 12
    """
    with _connected(dsn) as conn:
        if not facts.report_done(conn, report_id, by):
            fail(f"There is no report {report_id} that waits.")
    console.print(f"Report {report_id} is done.")


def _connected(dsn: str | None) -> Any:
    return db.connect(settings(dsn).dsn.get_secret_value())


def _import(
    kind: type[Fact],
    file: Path,
    dsn: str | None,
    yes: bool,
    write: Callable[[Any, tuple[Fact, ...], dict[str, str]], int],
) -> None:
    try:
        with _connected(dsn) as conn:
            db.require_current(conn)
            levels = {row["office_id"]: row["level"] for row in store.offices(conn)}
            checked = check_facts(kind, file, levels)
            for problem in checked.problems[:MOST_SHOWN]:
                typer.echo(str(problem), err=True)
            if len(checked.problems) > MOST_SHOWN:
                typer.echo(f"… and {len(checked.problems) - MOST_SHOWN} more.", err=True)
            if checked.problems:
                fail(
                    f"{file.name}: {len(checked.facts)} lines are right, {len(checked.problems)} errors; nothing was written."
                )
            typer.echo(f"{file.name}: {len(checked.facts)} lines, no errors.")
            if not yes:
                typer.confirm("Write this?", abort=True)
            with conn.transaction():
                count = write(conn, checked.facts, levels)
                accounts.audit(
                    conn, getpass.getuser(), f"{kind.__name__.lower()}.import", file=file.name[:200], written=count
                )
    except FileRefused as error:
        fail(str(error))
    except psycopg.Error as error:
        fail(f"The database refused: {str(error).strip().splitlines()[0]}.")
    typer.echo(f"Written: {count}.")

"""``motcua ratings``: kiosks, QR slips, import of call-back surveys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from motcua.analytics import db, rating_store, store
from motcua.analytics.call_backs import call_backs
from motcua.analytics.files import FileRefused
from motcua.onebox.db_cli import Dsn, settings

app = typer.Typer(no_args_is_help=True, help="Asked-for ratings: kiosks, QR slips, call-back surveys.")
console = Console()

Office = Annotated[str, typer.Option(help="The office's id.")]
Counter = Annotated[str | None, typer.Option(help="The counter's id; none: the office as a whole.", show_default=False)]


@app.command()
def kiosk(
    office: Office, name: Annotated[str, typer.Option(help="The kiosk's id.")], counter: Counter = None, dsn: Dsn = None
) -> None:
    """Make a kiosk, or give one a new token; the address to open it with is shown once.

    Example: motcua ratings kiosk --office vl-29734 --name kiosk-1 --counter q1
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        token = rating_store.add_kiosk(conn, office, name, counter)
    typer.echo(f"open on the device, after the API's own address: /kiosk#{token}")


@app.command()
def kiosks(dsn: Dsn = None) -> None:
    """Every kiosk, with its last answer.

    Example: motcua ratings kiosks
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        rows = rating_store.kiosks(conn)
    table = Table("office", "kiosk", "counter", "state", "last answer")
    for row in rows:
        last = f"{row['last_at']:%Y-%m-%d %H:%M}" if row["last_at"] else "none yet"
        table.add_row(
            row["office_id"], row["kiosk_id"], row["counter_id"] or "all", "off" if row["disabled_at"] else "on", last
        )
    console.print(table if rows else "no kiosk yet: motcua ratings kiosk --office … --name …")


@app.command("kiosk-off")
def kiosk_off(office: Office, name: Annotated[str, typer.Option(help="The kiosk's id.")], dsn: Dsn = None) -> None:
    """End a kiosk's token at once; what it has given stays.

    Example: motcua ratings kiosk-off --office vl-29734 --name kiosk-1
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        rating_store.disable_kiosk(conn, office, name)
    typer.echo(f"kiosk {name} of {office} is off")


@app.command()
def qr(
    office: Office,
    url: Annotated[str, typer.Option(help="Public address of the API, without a path.")],
    secret: Annotated[str, typer.Option(envvar="MOTCUA_API_RATING_SECRET", help="The API's secret.", show_default=False)],
    counter: Counter = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many; each is good for one rating.")] = 1,
    folder: Annotated[Path | None, typer.Option(help="Write each as an SVG file here.", show_default=False)] = None,
) -> None:
    """Addresses of QR pages, one a visit, for whatever prints the slips.

    Example: motcua ratings qr --office vl-29734 --counter q1 --url https://motcua.example --count 20 --folder slips
    """
    from motcua.analytics.api.kiosk import address_of, svg_of

    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        address = address_of(url, secret, office, counter, datetime.now(UTC), simulated=False)
        typer.echo(address)
        if folder is not None:
            (folder / f"{office}-{number:04}.svg").write_text(svg_of(address), encoding="utf-8")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV; the columns are in docs/ratings.md.")],
    write: Annotated[bool, typer.Option("--write", help="Store it; else only say what is in it.")] = False,
    dsn: Dsn = None,
) -> None:
    """Look at a file of call-back surveys, then store it. Columns that are not asked for, names and numbers among them, are not read.

    Example: motcua ratings import surveys.csv --write
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        try:
            found = call_backs(file.read_bytes(), {o["office_id"] for o in store.offices(conn)}, datetime.now(UTC))
        except FileRefused as error:
            typer.echo(f"{file.name}: {error}", err=True)
            raise typer.Exit(1) from None
        for problem in found.problems[:50]:
            typer.echo(f"line {problem.line}: {problem.message}", err=True)
        if found.dropped:
            typer.echo(f"columns not read: {', '.join(found.dropped)}")
        if found.problems:
            typer.echo(f"{len(found.ratings)} of {found.lines} lines are right; nothing was written", err=True)
            raise typer.Exit(1)
        if not write:
            typer.echo(f"{found.lines} lines are right; --write stores them")
            return
        _, new = rating_store.import_call_backs(conn, "command line", found)
    typer.echo(f"{new} ratings are new, {len(found.ratings) - new} were there already")

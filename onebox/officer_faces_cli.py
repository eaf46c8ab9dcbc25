"""``motcua officer-faces``: which mode each office has, and its public notice."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from motcua.analytics import db, notice, officer_modes, store
from motcua.analytics.officer_expression import MODES
from motcua.onebox.db_cli import Dsn, settings

app = typer.Typer(no_args_is_help=True, help="Officers' faces: the mode of each office, and its public notice.")
console = Console()


@app.command("list")
def list_(dsn: Dsn = None) -> None:
    """The offices whose mode is not off, or is about to change, and what their cameras say.

    HR and an admin change a mode together, on the staff pages or by the API: never here.

    Example: motcua officer-faces list
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        ids = [o["office_id"] for o in store.offices(conn)]
        modes = officer_modes.modes(conn, ids)
        changes = {c["office_id"]: c for c in officer_modes.open_changes(conn, ids)}
        boxes = officer_modes.boxes(conn, ids)
    table = Table("office", "mode", "since", "asked for", "cameras")
    for office_id in sorted({i for i, m in modes.items() if m[0]["mode"] != "off"} | set(changes)):
        held = modes.get(office_id, [None])[0]
        said = ", ".join(f"{b['source_id']}: {b['officer_faces']}" for b in boxes if b["office_id"] == office_id)
        asked = changes[office_id]["mode"] if office_id in changes else ""
        since = f"{held['valid_from']:%Y-%m-%d %H:%M}" if held else ""
        table.add_row(office_id, held["mode"] if held else "off", since, asked, said)
    console.print(table if table.row_count else "officers' faces are off at every office")


@app.command("notice")
def notice_(
    office: Annotated[str, typer.Option(help="The office's id.")],
    lang: Annotated[str, typer.Option(help="vi or en.")] = "vi",
    mode: Annotated[str | None, typer.Option(help="As it would be in this mode; none: the one that holds.")] = None,
    basis: Annotated[str, typer.Option(help="With --mode: the legal basis to name.")] = "",
    html: Annotated[bool, typer.Option("--html", help="A page to print instead of text.")] = False,
    dsn: Dsn = None,
) -> None:
    """The public notice of an office, made from its mode, and the lines for its box's settings.

    Example: motcua officer-faces notice --office vl-29734 --lang vi --html > notice.html
    """
    if lang not in ("vi", "en") or (mode is not None and mode not in MODES):
        raise typer.BadParameter(f"languages are vi and en, modes {', '.join(MODES)}")
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        known = next((o for o in store.offices(conn) if o["office_id"] == office), None)
        if known is None:
            typer.echo(f"there is no office {office!r}: 'motcua offices import' brings them", err=True)
            raise typer.Exit(1)
        found = officer_modes.notice_of(conn, known, None if mode is None else {"mode": mode, "legal_basis": basis})
    typer.echo(notice.page(found, lang) if html else notice.text(found, lang), nl=False)  # type: ignore[arg-type]
    if not html:
        typer.echo(f'\n# for the box, in edge.toml:\n[officers]\nmode = "{found.mode}"\nnotice = "…"')

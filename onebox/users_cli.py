"""``motcua users``: who may log in."""

from __future__ import annotations

import secrets
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from motcua.analytics import db
from motcua.analytics.api import accounts
from motcua.onebox.db_cli import Dsn, settings

app = typer.Typer(no_args_is_help=True, help="Accounts of the staff pages.")
console = Console()

Role = Annotated[str, typer.Option(help=f"One of {', '.join(accounts.ROLES)}.")]


@app.command()
def add(
    username: str,
    role: Role,
    office: Annotated[str | None, typer.Option(help="Only this office and those below it.", show_default=False)] = None,
    password_stdin: Annotated[
        bool, typer.Option(help="Read the password from standard input instead of making one.")
    ] = False,
    dsn: Dsn = None,
) -> None:
    """Create an account; its random password is shown once.

    Example: motcua users add chief --role supervisor --office vl-29734
    """
    password = sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(12)
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        accounts.add(conn, username, role, password, office)
    console.print(f"account {username} ({role}) is made", highlight=False)
    if not password_stdin:
        print(f"password: {password}")


@app.command("list")
def list_(dsn: Dsn = None) -> None:
    """Every account with role, office and state.

    Example: motcua users list
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        rows = accounts.listed(conn)
    table = Table("user", "role", "office", "state", "since")
    for username, role, office_id, disabled, created_at in rows:
        table.add_row(username, role, office_id or "all", "disabled" if disabled else "active", f"{created_at:%Y-%m-%d}")
    console.print(table if rows else "no account yet: motcua users add NAME --role admin")


@app.command()
def disable(username: str, dsn: Dsn = None) -> None:
    """Lock an account; its sessions end at once.

    Example: motcua users disable chief
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        accounts.disable(conn, username)
    console.print(f"account {username} is disabled", highlight=False)

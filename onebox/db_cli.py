"""``motcua db``: the database's schema, its state, and how long its rows live."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from motcua.analytics import db, inventory, store
from motcua.analytics import retention as keeping
from motcua.analytics.settings import DbSettings

app = typer.Typer(no_args_is_help=True, help="The database's schema: migrate it, say how it is, delete what is old.")
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
    """Back end, versions, sizes, newest rows, dead letters, gaps, how far rollups lie behind, how long rows live, jobs.

    Example: motcua db status --json
    """
    now = datetime.now(UTC)
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        answer = inventory.status(conn, now)
        tables = inventory.relations(conn, now)
    if as_json:
        print(json.dumps({**answer, "relations": tables}, default=str, indent=1))
        return
    table = Table(show_header=False, box=None)
    for key, value in answer.items():
        if key not in ("jobs", "retention"):
            table.add_row(key.replace("_", " "), _shown(key, value))
    console.print(table)
    console.print(_columns(tables, ("name", "size_bytes", "rows", "stored_until", "lag_s", "dirty")))
    console.print(_columns(answer["retention"], ("relation", "keep_days", "kept_from", "deleted", "too_late", "run_at")))
    for job in answer["jobs"]:
        console.print(
            f"job {job['job_id']}: {job['proc_name']} on {job['hypertable_name']}, every {job['schedule_interval']}, "
            f"last run: {job['last_run_status'] or 'none'}"
        )


@app.command()
def retention(
    dsn: Dsn = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Delete what has lived long enough, as the ingestor does once a day, and say what.

    Example: motcua db retention --dry-run
    """
    now = datetime.now(UTC)
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        if dry_run:
            gone = [keeping.Deleted(r.table, at, n) for r, at in keeping.due(conn, now) if (n := keeping.count(conn, r, at))]
        else:
            gone = keeping.apply(conn, now)
    if as_json:
        print(json.dumps([asdict(d) for d in gone], default=str, indent=1))
        return
    for d in gone:
        late = f"; {d.too_late} of them had come too late for their rollups" if d.too_late else ""
        console.print(f"{d.table}: {d.rows} rows before {store.day_of(d.before)}{late}", highlight=False)
    if not gone:
        console.print("nothing has lived long enough")


@app.command()
def backup(
    to: Annotated[Path, typer.Option(help="Where base backups and the WAL archive lie: another disk.")],
    dsn: Dsn = None,
    archive_wal: Annotated[bool, typer.Option("--archive-wal", help="Only set the server up; then restart it.")] = False,
) -> None:
    """A verified base backup of the server beside its WAL archive, so that any instant since can be restored.

    Example: motcua db backup --to /srv/backup
    """
    from motcua.onebox import backup as backups

    address = settings(dsn).dsn.get_secret_value()
    if archive_wal:
        backups.archive_wal(address, to.absolute())
        console.print("the server archives its WAL from its next start on: restart it, then run this without --archive-wal")
        return
    console.print(str(backups.backup(address, to.absolute(), datetime.now(UTC))), highlight=False, soft_wrap=True)


@app.command()
def restore(
    source: Annotated[Path, typer.Option("--from", help="The folder of 'motcua db backup'.")],
    to: Annotated[Path, typer.Option(help="A new data folder for the server.")],
    at: Annotated[datetime | None, typer.Option(help="Up to this instant of Viet Nam; else all there is.")] = None,
) -> None:
    """Lay a base backup into a new data folder; the server replays the WAL up to the instant when it starts there.

    Example: motcua db restore --from /srv/backup --to /srv/pgdata-new --at 2026-03-02T11:59:00
    """
    from motcua.onebox import backup as backups

    until = None if at is None else at.replace(tzinfo=store.VIET_NAM)
    base = backups.restore(source.absolute(), to.absolute(), until)
    console.print(f"{to} holds {base.name}: start the server on it, then look before it takes messages", highlight=False)


def _columns(rows: list[dict[str, Any]], names: tuple[str, ...]) -> Table:
    table = Table(box=None)
    for name in names:
        table.add_column(name.replace("_", " ").removesuffix(" bytes"))
    for row in rows:
        table.add_row(*(_shown(name, row[name]) if name in row else "" for name in names))
    return table


def _shown(key: str, value: Any) -> str:
    if value is None:
        return "for ever" if key == "keep_days" else "none"
    if key == "size_bytes":
        return f"{value / 1e6:.1f} MB"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

"""``motcua deadletters``: what the ingestor could not take as a message, and how it comes in after all."""

from __future__ import annotations

import getpass
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from motcua.analytics import db
from motcua.analytics import deadletters as letters
from motcua.analytics.deadletters import Letter
from motcua.analytics.explain import explain as sentence_for
from motcua.onebox.db_cli import Dsn, settings

app = typer.Typer(no_args_is_help=True, help="Messages that were none: list, explain, repair, replay.")
console = Console()

Number = Annotated[int | None, typer.Argument(help="The letter's number; else every one that the filters leave.")]
Kind = Annotated[str | None, typer.Option(help="Type in the topic: visit, queue …", show_default=False)]
Reason = Annotated[str | None, typer.Option(help="A part of the reason.", show_default=False)]
Source = Annotated[str | None, typer.Option(help="An office, a source, or office/source.", show_default=False)]
By = Annotated[str | None, typer.Option(help="Who does it; else the user of this machine.", show_default=False)]


@app.command("list")
def list_(
    kind: Kind = None,
    reason: Reason = None,
    source: Source = None,
    state: Annotated[
        Literal["open", "repaired", "replayed"] | None, typer.Option(help="Only these.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    dsn: Dsn = None,
) -> None:
    """The newest letters, and how many there are by kind and state.

    Example: motcua deadletters list --kind visit --reason outcome
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        found = letters.find(conn, kind=kind, reason=reason, source=source, state=state)
    counted = Counter((_kind(x), x.state) for x in found)
    if as_json:
        counts = [{"kind": k, "state": s, "letters": n} for (k, s), n in sorted(counted.items())]
        print(json.dumps({"counts": counts, "letters": [_told(x) for x in found[:limit]]}, indent=1))
        return
    if not found:
        console.print("no dead letter fits")
        return
    table = Table("no.", "topic", "state", "times", "last", "reason")
    for x in found[:limit]:
        table.add_row(str(x.id), x.topic, x.state, str(x.times), f"{x.last_at:%Y-%m-%d %H:%M}", x.reason[:100])
    console.print(table)
    for (what, state_), n in sorted(counted.items()):
        console.print(f"{n} {state_}: {what}", highlight=False)


@app.command()
def show(number: int, dsn: Dsn = None) -> None:
    """One letter with its original, and its repair where there is one.

    Example: motcua deadletters show 17
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        print(json.dumps(_told(letters.get(conn, number)), indent=1, ensure_ascii=False))


@app.command()
def explain(number: Number = None, kind: Kind = None, reason: Reason = None, source: Source = None, dsn: Dsn = None) -> None:
    """What is wrong: which field, what stood there, what was expected.

    Example: motcua deadletters explain 17
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        for x in _chosen(conn, number, kind, reason, source):
            print(f"{x.id}: {sentence_for(*x.now, x.reason)}")


@app.command()
def repair(
    number: Number = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="field=value, again and again; field= takes it out.", show_default=False),
    ] = None,
    file: Annotated[Path | None, typer.Option(help="The right payload; - is standard input.", show_default=False)] = None,
    topic: Annotated[str | None, typer.Option(help="The right topic, where that is wrong.", show_default=False)] = None,
    kind: Kind = None,
    reason: Reason = None,
    source: Source = None,
    by: By = None,
    dsn: Dsn = None,
) -> None:
    """Put a right payload beside the original; the contract has to accept it. Nothing is stored before the replay.

    Example: motcua deadletters repair 17 --set outcome=served
    """
    if (file is not None and (set_ or number is None)) or not (set_ or file or topic):
        raise letters.DeadLetterError("give --set field=value or --topic, or for one letter --file")
    given = None if file is None else sys.stdin.buffer.read() if str(file) == "-" else _read(file)
    failed = 0
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        for x in _chosen(conn, number, kind, reason, source):
            try:
                payload = given if given is not None else letters.edited(x.now[1], set_ or ())
                letters.repair(conn, x, by or getpass.getuser(), payload, topic)
            except letters.DeadLetterError as error:
                failed += 1
                typer.echo(str(error), err=True)
            else:
                print(f"{x.id}: repaired")
    if failed:
        raise typer.Exit(1)


@app.command()
def replay(
    number: Number = None,
    kind: Kind = None,
    reason: Reason = None,
    source: Source = None,
    by: By = None,
    dsn: Dsn = None,
) -> None:
    """Send letters through the ingestor's own writing once more; what is refused again stays, with the new reason.

    Example: motcua deadletters replay --kind visit
    """
    stayed = 0
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        for x in _chosen(conn, number, kind, reason, source):
            why = letters.replay(conn, x, by or getpass.getuser())
            stayed += why is not None
            print(f"{x.id}: {'stored' if why is None else f'stays: {why}'}")
    if stayed:
        raise typer.Exit(1)


def _chosen(
    conn: psycopg.Connection, number: int | None, kind: str | None, reason: str | None, source: str | None
) -> list[Letter]:
    """One letter by its number, else all that fit and are not replayed, the oldest first. Everything needs to be asked for."""
    if number is not None:
        return [letters.get(conn, number)]
    if not (kind or reason or source):
        raise letters.DeadLetterError("give a letter's number, or choose with --kind, --reason or --source")
    found = letters.find(conn, kind=kind, reason=reason, source=source)
    return [x for x in reversed(found) if x.state != "replayed"]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise letters.DeadLetterError(f"{file} cannot be read ({error.strerror}): name another") from error


def _kind(letter: Letter) -> str:
    parts = letter.topic.split("/")
    return parts[4] if len(parts) == 5 else "(wrong topic)"


def _told(x: Letter) -> dict[str, Any]:
    def at(value: Any) -> str | None:
        return None if value is None else value.isoformat()

    def text(value: bytes | None) -> str | None:
        return None if value is None else value.decode("utf-8", "backslashreplace")

    return {
        "id": x.id, "topic": x.topic, "state": x.state, "reason": x.reason, "times": x.times,
        "first_at": at(x.first_at), "last_at": at(x.last_at), "payload": text(x.payload),
        "repaired": text(x.repaired), "repaired_topic": x.repaired_topic, "repaired_at": at(x.repaired_at),
        "repaired_by": x.repaired_by, "replayed_at": at(x.replayed_at), "replayed_by": x.replayed_by,
    }  # fmt: skip

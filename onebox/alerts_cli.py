"""``motcua alerts``: the runner, what stands, the channels, the rules."""

from __future__ import annotations

import getpass
import json
import logging
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr, ValidationError
from rich.console import Console
from rich.table import Table

from motcua.analytics import alert_notices, alert_store, alert_words, channels, db, store
from motcua.analytics.alert_rules import EVERYWHERE, KINDS, SETTING, Rules
from motcua.analytics.settings import AlertSettings
from motcua.onebox.db_cli import Dsn
from motcua.onebox.db_cli import settings as db_settings

app = typer.Typer(no_args_is_help=True, help="Alerts: run them, list them, test a channel, set rules.")
console = Console()

ChannelsFile = Annotated[
    Path | None,
    typer.Option("--channels", help="The file of channels; else MOTCUA_ALERTS_CHANNELS_FILE.", show_default=False),
]


@app.command()
def run() -> None:
    """Look at the figures and alert, until stopped. Start one; a second one stands by.

    Settings: MOTCUA_ALERTS_DSN, MOTCUA_ALERTS_CHANNELS_FILE and more (docs/settings.md).

    Example: MOTCUA_ALERTS_DSN=postgresql://… motcua alerts run
    """
    from motcua.analytics.alert_runner import Runner

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    Runner(AlertSettings(), stop).run(lambda: logging.getLogger("motcua.alerts").info("ready"))


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    office: Annotated[str | None, typer.Option(help="Of this office alone.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    dsn: Dsn = None,
) -> None:
    """The alerts that stand, the newest first.

    Example: motcua alerts list --all --json
    """
    with db.connect(_dsn(dsn)) as conn:
        db.require_current(conn)
        rows = alert_store.alerts(conn, [office] if office else None, state=None if every else "open", limit=500)
    if as_json:
        print(json.dumps(rows, default=str, indent=1))
        return
    table = Table(box=None)
    for name in ("since", "office", "alert", "figures", "state"):
        table.add_column(name)
    for row in rows:
        state = "over" if row["cleared_at"] else "acknowledged" if row["acknowledged_at"] else "new"
        real = "" if row["provenance"] not in ("replay", "simulated") else f" [{row['provenance']}]"
        figures = alert_words.facts_of(row["kind"], row["subject"], row["facts"], "en") + real
        cells = (
            alert_words.clock(row["raised_at"]),
            row["office_name"],
            alert_words.name_of(row["kind"], "en"),
            figures,
            state,
        )
        table.add_row(*(cell.replace("[", r"\[") for cell in cells))
    console.print(table if rows else "no alert stands" if not every else "there was no alert yet")


@app.command("channels")
def channels_(file: ChannelsFile = None, dsn: Dsn = None) -> None:
    """The channels of the file, and how they are; no address is shown.

    Example: motcua alerts channels --channels /etc/motcua/channels.toml
    """
    given = _channels(file)
    with db.connect(_dsn(dsn)) as conn:
        db.require_current(conn)
        known = {row["channel"]: row for row in alert_notices.channels(conn)}
    table = Table(box=None)
    for name in ("channel", "service", "offices", "alerts", "last sent", "state"):
        table.add_column(name)
    for one in given:
        row: dict[str, Any] = known.get(one.name, {})
        at = row.get("sent_at")
        state = (
            f"failing ({row['error']}), {row['waiting']} waiting" if row.get("failures") else "ok" if at else "not used yet"
        )
        where, what = ", ".join(one.offices) or "all", ", ".join(one.kinds) or "all"
        table.add_row(one.name, one.service, where, what, alert_words.clock(at) if at else "never", state)
    console.print(table if given else "no channels: alerts are on the page only (docs/alerts.md)")


@app.command("test")
def try_channel(channel: str, file: ChannelsFile = None) -> None:
    """Send a test message by one channel, now.

    Example: motcua alerts test duty-mail --channels /etc/motcua/channels.toml
    """
    given = {one.name: one for one in _channels(file)}
    if channel not in given:
        typer.echo(f"there is no channel {channel!r}: the file has {channels.names(given.values())}", err=True)
        raise typer.Exit(1)
    error = channels.send(given[channel], *alert_words.test_message(channel, given[channel].languages))
    if error is not None:
        typer.echo(
            f"{channel} did not take it: {WHY.get(error, error.replace('status:', 'the server answered with '))}", err=True
        )
        raise typer.Exit(1)
    console.print(f"{channel} took the test message", highlight=False)


WHY = {
    "internal": "its address lies inside; write internal = true into its entry if that is meant",
    "no_connection": "no connection: check its address, and the network",
    "refused": "the service refused it: check name and password in its address",
    "address": "apprise does not know such an address",
}


@app.command()
def rules(
    office: Annotated[str | None, typer.Option(help="As they hold for this office.", show_default=False)] = None,
    dsn: Dsn = None,
) -> None:
    """The rules that hold today, where each was set and since when.

    Example: motcua alerts rules --office vl-29734
    """
    today = store.day_of(datetime.now(UTC))
    with db.connect(_dsn(dsn)) as conn:
        db.require_current(conn)
        parents = {o["office_id"]: o["parent_id"] for o in store.offices(conn, today)}
        held = Rules(alert_store.given(conn), parents, today)
    for kind in (*KINDS, "telling"):
        one = held.held(office or EVERYWHERE, kind)
        since = "the product's default" if one.valid_from is None else f"set for {one.scope_id} from {one.valid_from}"
        console.print(f"{kind} ({since}): {one.setting.model_dump_json(exclude={'kind'})}", highlight=False, markup=False)


@app.command("set")
def set_(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join((*KINDS, 'telling'))}.")],
    body: Annotated[str, typer.Argument(help="What differs from the default, as JSON.")],
    office: Annotated[str, typer.Option(help="An office, and all below it; '*': everywhere.")] = EVERYWHERE,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day; today.", show_default=False)
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who does it; else the user of this machine.", show_default=False)] = None,
    dsn: Dsn = None,
) -> None:
    """Set a rule for an office and all below it, from a day on. The audit log keeps who did it.

    Example: motcua alerts set wait_over '{"raise_above_s": 1200, "clear_below_s": 900}' --office vl-86 --from 2026-04-01
    """
    try:
        given = json.loads(body)
        setting = SETTING.validate_python({**given, "kind": kind}) if isinstance(given, dict) else None
    except (ValueError, ValidationError) as error:
        detail = error.errors(include_input=False)[0] if isinstance(error, ValidationError) else None
        text = f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" if detail else "this is not JSON"
        typer.echo(f"no such rule: {text}", err=True)
        raise typer.Exit(1) from None
    if setting is None:
        typer.echo('a rule is an object, such as {"raise_for_s": 600}', err=True)
        raise typer.Exit(1)
    who, day = by or getpass.getuser(), since.date() if since else store.day_of(datetime.now(UTC))
    with db.connect(_dsn(dsn)) as conn, conn.transaction():
        db.require_current(conn)
        if office != EVERYWHERE and not conn.execute("select 1 from office where office_id = %s", [office]).fetchone():
            typer.echo(f"there is no office {office!r}: 'motcua offices import' first", err=True)
            raise typer.Exit(1)
        alert_store.add_setting(conn, office, day, setting, who)
    console.print(f"{kind} holds for {office} from {day} on", highlight=False, markup=False)


def _dsn(dsn: str | None) -> str:
    return db_settings(dsn).dsn.get_secret_value()


def _channels(file: Path | None) -> list[channels.Channel]:
    chosen = file or AlertSettings(dsn=SecretStr("-")).channels_file
    return channels.read(chosen) if chosen else []

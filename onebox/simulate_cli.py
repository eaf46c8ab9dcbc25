"""``motcua simulate``: data with known truth."""

from __future__ import annotations

import logging
import os
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(no_args_is_help=True, help="Simulated data with known truth; they say that they are simulated.")


@app.callback()
def _group() -> None:
    """Simulated data with known truth."""


@app.command()
def live(
    offices: Annotated[int, typer.Option(min=1, max=50_000, help="How many offices; the real ones first.")] = 10,
    counters: Annotated[int, typer.Option(min=1, max=50, help="Counters of each.")] = 3,
    speed: Annotated[float, typer.Option(min=0.1, max=10_000, help="Simulated seconds in a second.")] = 1.0,
    for_s: Annotated[
        float | None, typer.Option("--for", min=1, help="Seconds; default: until stopped.", show_default=False)
    ] = None,
    history_s: Annotated[
        float, typer.Option("--history", min=0, help="Seconds of the past to tell at the beginning.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same people.")] = 0,
    halls: Annotated[
        int, typer.Option(min=0, help="How many of them, the last ones, have a hall and counters seen by different cameras.")
    ] = 0,
    ledger: Annotated[
        Path | None, typer.Option(help="Where the truth goes, a JSON line for each message.", show_default=False)
    ] = None,
    broker_host: Annotated[str, typer.Option(help="The MQTT broker.")] = "127.0.0.1",
    broker_port: Annotated[int, typer.Option(min=1, max=65535)] = 1883,
    username: Annotated[
        str, typer.Option(help="Broker user; the password is read from MOTCUA_SIMULATE_PASSWORD.")
    ] = "simulator",
) -> None:
    """Publish the messages of simulated queues over MQTT. Speeds other than 1 need --for, so that no instant lies ahead.

    Example: motcua simulate live --offices 20 --counters 3 --speed 10 --for 60 --ledger truth.jsonl
    """
    from motcua.onebox.simulate import Plan, Sender, office_ids, run

    if speed > 1 and for_s is None:
        typer.echo("a speed above 1 needs an end: add --for SECONDS", err=True)
        raise typer.Exit(1)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    plan = Plan(office_ids(offices), counters, speed, for_s, history_s, seed=seed, halls=halls)
    with ExitStack() as stack:
        try:
            file = stack.enter_context(ledger.open("w")) if ledger else None
        except OSError as error:
            typer.echo(f"the ledger {ledger} cannot be written ({error.strerror}): name another", err=True)
            raise typer.Exit(1) from None
        sender = Sender(broker_host, broker_port, username, os.environ.get("MOTCUA_SIMULATE_PASSWORD", ""))
        run(plan, sender, file, stop, lambda: logging.getLogger("motcua.simulate").info("ready: %d offices", offices))
    typer.echo(f"{sender.confirmed} messages confirmed, {sender.unconfirmed} open")
    raise typer.Exit(1 if sender.unconfirmed else 0)


@app.command()
def country(
    counters: Annotated[int, typer.Option(min=4, max=50_000, help="How many counters, four to an office.")] = 2000,
    for_s: Annotated[float, typer.Option("--for", min=1, help="Seconds, in real time.")] = 600.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same people.")] = 0,
    out: Annotated[Path | None, typer.Option("--json", help="The report.", show_default=False)] = None,
) -> None:
    """Many counters through the real path on this machine: nothing may be lost, and what a message costs is measured.

    Example: motcua simulate country --counters 2000 --for 600 --json country.json
    """
    import json

    from motcua.onebox.country import country as run_country

    report = run_country(
        counters, for_s, seed, lambda told: typer.echo(f"sent {told['sent']:,}, stored {told['stored']:,}", err=True)
    )
    text = json.dumps(report, indent=1)
    typer.echo(text)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    raise typer.Exit(1 if report["lost"] or report["duplicated"] or report["unknown"] or not report["messages"] else 0)


@app.command()
def scene(
    out: Annotated[Path, typer.Option(help="The folder to write: video, times, truth of boxes and visits, zones.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same scene.")] = 0,
    minutes: Annotated[
        float, typer.Option(min=0.5, max=240, help="For how long people come; it ends when the last one has left.")
    ] = 15.0,
    kind: Annotated[
        Literal["line", "area"] | None,
        typer.Option(help="People wait in a line or here and there; by default it goes by the seed.", show_default=False),
    ] = None,
    counters: Annotated[
        int | None, typer.Option(min=1, max=2, help="By default it goes by the seed.", show_default=False)
    ] = None,
    crowded: Annotated[
        bool,
        typer.Option("--crowded", help="An office that cannot cope: short services, a growing queue, many who pass by."),
    ] = False,
    video: Annotated[
        Path | None, typer.Option(help="The sample film, if it is not to be fetched.", show_default=False)
    ] = None,
) -> None:
    """Render a video of people who wait for minutes, with known truth. The people are cut out of the sample film.

    Example: motcua simulate scene --seed 1 --out scenes/seed1
    """
    from rich.console import Console
    from rich.progress import Progress

    from motcua.onebox.scene import SceneError, film_of, plan_of, render
    from motcua.onebox.video import VideoError, sample_video

    plan = plan_of(seed, minutes, kind, counters, crowded=crowded)
    try:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("frames", total=None)
            film = film_of(video or sample_video())
            about = render(out, plan, film, lambda done, of: bar.update(task, completed=done, total=of))
    except (SceneError, VideoError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{out}: {about['frames']} frames, {about['visits']} visits; simulated")

"""``motcua evaluate-attitude``: how well officers with known effects are told apart by ratings alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def evaluate_attitude(
    worlds: Annotated[int, typer.Option(min=1, max=2000, help="Simulated provinces of 60 officers each.")] = 100,
    seed: Annotated[int, typer.Option(help="The same seed gives the same worlds.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the scores here.", show_default=False)] = None,
) -> None:
    """Simulate officers whose effects are known and hold the scores against them; then average officers with 8 answers against harsh bands.

    Example: motcua evaluate-attitude --worlds 100 --json attitude.json
    """
    from motcua.analytics.rule import DEFAULT
    from motcua.onebox.attitudes import World, harsh, trial

    main = trial(worlds, seed, World())
    usual = trial(max(1, worlds // 2), seed + 1, World(few=12))
    forced = trial(max(1, worlds // 2), seed + 2, World(few=12), harsh(DEFAULT))
    answer = {
        "provenance": "simulated",
        "worlds": worlds,
        "seed": seed,
        "officers": main.row(),
        "eight_answers": usual.row(),
        "eight_answers_if_given_a_figure_and_harsh_bands": forced.row(),
    }
    typer.echo(json.dumps(answer, indent=1))
    if json_file is not None:
        try:
            json_file.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            typer.echo(f"{json_file} cannot be written ({error.strerror}): name another file", err=True)
            raise typer.Exit(1) from None

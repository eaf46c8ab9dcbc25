"""``motcua evaluate-halls``: how good waits from counts of several cameras are, on simulated office days."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def evaluate_halls(
    days: Annotated[int, typer.Option(min=2, max=1000, help="How many days, each of another random office.")] = 20,
    seed: Annotated[int, typer.Option(help="The same seed gives the same days.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the scores here.", show_default=False)] = None,
) -> None:
    """Score the waits from arrivals counted in the hall and service starts counted at the counters, at 10 % count noise.

    Example: motcua evaluate-halls --days 20 --seed 1 --json halls.json
    """
    from motcua.onebox.halls import everything

    found = everything(days=days, seed=seed)
    answer: dict[str, Any] = {
        "provenance": "simulated",
        "days": days,
        "seed": seed,
        "noises": {name: one.row() for name, one in found.items()},
    }
    _table(answer)
    if json_file is not None:
        try:
            json_file.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            typer.echo(f"{json_file} cannot be written ({error.strerror}): name another file", err=True)
            raise typer.Exit(1) from None


def _table(answer: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    about = "error: of the pooled mean; one day: median of single days' errors; holds, width: of the 95 % interval of a day"
    table = Table(title=f"{answer['days']} simulated office days, seed {answer['seed']}", caption=about)
    for name in ("count noise", "estimator", "true, s", "error", "one day", "holds", "width"):
        table.add_column(
            name, justify="left" if name in ("count noise", "estimator") else "right", no_wrap=name != "count noise"
        )
    for noise, rows in answer["noises"].items():
        shown = noise
        for name, row in rows.items():
            if name == "states":
                continue
            figures = (_share(row[k]) for k in ("day_error_median", "interval_holds", "interval_width_median"))
            error = "–" if row["error"] is None else f"{row['error']:+.1%}"
            true = "–" if row["true_mean_s"] is None else f"{row['true_mean_s']:.0f}"
            table.add_row(shown, name, true, error, *figures)
            shown = ""
    Console().print(table)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"

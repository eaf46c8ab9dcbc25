"""``motcua evaluate-forecast``: how good the forecasts of a newcomer's wait are, on simulated office days."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def evaluate_forecast(
    offices: Annotated[int, typer.Option(min=1, max=1000, help="How many random offices, each scored apart.")] = 40,
    days: Annotated[int, typer.Option(min=1, max=30, help="Days of each, one after the other.")] = 3,
    seed: Annotated[int, typer.Option(help="The same seed gives the same days.")] = 1,
    textbook: Annotated[
        bool, typer.Option("--textbook", help="Offices of the kind that the weights were learned on, without heavy tails.")
    ] = False,
    weights: Annotated[
        Path | None, typer.Option(help="Weights to score instead of those that are shipped.", show_default=False)
    ] = None,
    learn: Annotated[
        Path | None,
        typer.Option(help="Learn weights on textbook offices of this seed first, and write them here.", show_default=False),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the scores here.", show_default=False)] = None,
) -> None:
    """Score every predictor of the expected wait on simulated days whose laws none of them assumes.

    Example: motcua evaluate-forecast --offices 40 --days 3 --json forecast.json
    """
    from motcua.edge.forecast import parse_weights, predictors
    from motcua.onebox.forecasts import examples, trial
    from motcua.onebox.forecasts import learn as learn_weights

    known = predictors()
    if learn is not None:
        known["learned"] = learned = learn_weights(*examples(offices=150, days=2, seed=seed + 1_000_000))
        rows = [[round(w, 4) for w in row] for row in learned.weights]
        _write(learn, {"version": 1, "weights": rows})
    elif weights is not None:
        try:
            known["learned"] = parse_weights(json.loads(weights.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            typer.echo(f"the weights {weights} cannot be used ({error}): write them with --learn", err=True)
            raise typer.Exit(1) from None
    found = trial(known, offices=offices, days=days, seed=seed, heavy=not textbook)
    if not found.scores:
        typer.echo("nobody had to wait in these days: take more offices", err=True)
        raise typer.Exit(1)
    answer: dict[str, Any] = {
        "provenance": "simulated",
        "laws": "textbook" if textbook else "heavy tails, drift, groups, breaks",
        "offices": offices,
        "days": days,
        "seed": seed,
        "newcomers": found.newcomers,
        "too_few": found.too_few,
        "counter_free": found.free,
        "counter_free_but_waited": found.free_and_waited,
        "best": found.best(),
        "kept": "learned",
        "predictors": {name: score.row() for name, score in found.scores.items()},
    }
    _table(answer)
    if json_file is not None:
        _write(json_file, answer)


def _write(path: Path, data: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        typer.echo(f"{path} cannot be written ({error.strerror}): name another file", err=True)
        raise typer.Exit(1) from None


def _table(answer: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{answer['newcomers']} simulated newcomers ({answer['laws']}); seconds")
    for name in ("predictor", "n", "mean abs. error", "bias", "pinball loss", "80 % interval holds", "mean width"):
        table.add_column(name, justify="left" if name == "predictor" else "right", no_wrap=name == "predictor")
    for name, row in answer["predictors"].items():
        shown = f"{name} (kept)" if name == answer["kept"] else name
        errors = (f"{row['mean_absolute_error_s']:.0f}", f"{row['bias_s']:+.0f}", f"{row['pinball_loss_s']:.1f}")
        table.add_row(shown, str(row["n"]), *errors, f"{row['coverage']:.1%}", f"{row['mean_width_s']:.0f}")
    Console().print(table)

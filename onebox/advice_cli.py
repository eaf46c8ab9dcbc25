"""``motcua evaluate-advice``: what following the advice of the public page is worth, in simulation."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from motcua.onebox.advice_sim import KINDS, evaluate


def evaluate_advice(
    seeds: Annotated[int, typer.Option(min=1, max=200, help="Days of each province.")] = 20,
    uptake: Annotated[
        list[float] | None, typer.Option(help="Shares of the citizens who follow.", show_default="0.3 0.8")
    ] = None,
    province: Annotated[
        list[str] | None, typer.Option(help=f"Kinds of generated provinces: {', '.join(KINDS)}.", show_default="mixed")
    ] = None,
    provinces: Annotated[int, typer.Option(min=1, max=50, help="Generated provinces of each kind.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Simulated citizens who follow the advice, beside the same ones at their nearest office.

    ``saved_share``: mean travel and wait of those who follow, below the nearest office's. ``worst_p90_rise_s``: how much the 90th percentile of
    the waits rises at the office where it rises most. The worst province stands last.

    Example: motcua evaluate-advice --json
    """
    kinds, uptakes = province or ["mixed"], uptake or [0.3, 0.8]
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not all(0 < u <= 1 for u in uptakes):
        wrong = f"there is no province {unknown[0]!r}: {', '.join(KINDS)}" if unknown else "an uptake lies above 0, up to 1"
        raise typer.BadParameter(wrong)
    runs = [run for kind in kinds for number in range(provinces) for run in evaluate(kind, number, uptakes, seeds)]
    worst = {
        "saved_share": min(run["saved_share"] for run in runs),
        "worst_p90_rise_s": max(run["worst_p90_rise_s"] for run in runs),
    }
    if as_json:
        print(json.dumps({"runs": runs, "worst": worst}, indent=1))
        return
    for run in runs:
        typer.echo(
            f"{run['province']} {run['province_seed']}, {run['uptake']:.0%} follow: {run['saved_share']:.1%} saved, "
            f"90th percentile at the worst office {run['worst_p90_rise_s'] / 60:+.1f} min"
        )
    typer.echo(f"worst: {worst['saved_share']:.1%} saved, {worst['worst_p90_rise_s'] / 60:+.1f} min")

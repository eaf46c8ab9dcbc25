"""``motcua evaluate-expressions``: how right the readers of expressions are on pictures whose class is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

Report = dict[str, Any]


def evaluate_expressions(
    images: Annotated[Path | None, typer.Option(help="A folder with a folder for each class.", show_default=False)] = None,
    table: Annotated[
        Path | None, typer.Option("--csv", help="Or a CSV: image, label; consent, camera, hour, groups.", show_default=False)
    ] = None,
    groups: Annotated[
        list[str] | None, typer.Option("--group", help="A column of the CSV to compare; repeat it.", show_default=False)
    ] = None,
    readers: Annotated[list[str] | None, typer.Option("--reader", help="fer, hsemotion, deepface; repeat it [fer].")] = None,
    cropped: Annotated[bool, typer.Option("--cropped", help="The pictures are faces already: none is looked for.")] = False,
    temperature: Annotated[
        float | None, typer.Option(min=0.05, max=50, help="Of a calibration to try out.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same halves.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report here.", show_default=False)] = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Take this earlier report instead of pictures.", show_default=False)
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option("--store", help="Keep the report in the database, under this name of the set.", show_default=False),
    ] = None,
    dsn: Annotated[str | None, typer.Option(help="The database; default: MOTCUA_DB_DSN.", show_default=False)] = None,
) -> None:
    """Accuracy, confusion, calibration, a temperature, differences by light, size, hour, camera and group, and cost of each reader.

    No picture is kept; --store keeps figures alone, for the page "Bias audit".

    Example: motcua evaluate-expressions --images faces --reader fer --json expressions.json
    """
    from motcua.edge.build import BuildError
    from motcua.models.errors import ModelError
    from motcua.onebox.expression_pictures import PicturesError

    try:
        if report_file is not None:
            report = _earlier(report_file)
        else:
            report = _evaluated(images, table, groups or [], readers or ["fer"], cropped, temperature, seed)
        if json_file is not None:
            json_file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        typer.echo(f"{error.filename or json_file} cannot be used ({error.strerror}): name another file", err=True)
        raise typer.Exit(1) from None
    except (BuildError, ModelError, PicturesError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    show(report)
    if dataset is not None:
        _store(report, dataset, dsn)


def _evaluated(
    images: Path | None,
    table: Path | None,
    groups: Sequence[str],
    names: Sequence[str],
    cropped: bool,
    temperature: float | None,
    seed: int,
) -> Report:
    from motcua.edge.build import build_reader
    from motcua.edge.faces import FaceFinder
    from motcua.models.fetch import fetch, path
    from motcua.models.registry import REGISTRY
    from motcua.onebox.expression_pictures import PicturesError, evaluate, in_folders, in_table

    if (images is None) == (table is None):
        raise PicturesError("name either a folder with --images or a file with --csv")
    if groups and table is None:
        raise PicturesError("groups are columns of a CSV: name it with --csv")
    left_out = 0
    if table is not None:
        pictures, left_out = in_table(table, groups)
    else:
        assert images is not None
        pictures = in_folders(images)
    for name in ({*names} | (set() if cropped else {"blazeface"})) & set(REGISTRY):
        fetch(name)
    readers = {name: (build_reader(name), temperature) for name in dict.fromkeys(names)}
    finder = None if cropped else FaceFinder(path("blazeface"))
    with _bar(len(pictures)) as tick:
        report = evaluate(pictures, readers, finder, seed=seed, tick=tick)
    return report | {"groups": list(groups), "without_consent": left_out}


def _earlier(file: Path) -> Report:
    from motcua.onebox.expression_pictures import PicturesError

    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PicturesError(f"file {file} is no JSON ({error}): name a report of this command") from None
    if not isinstance(report, dict) or not isinstance(report.get("readers"), dict) or "made_at" not in report:
        raise PicturesError(f"file {file} is no report of this command: make one with --json")
    return report


def _store(report: Report, dataset: str, dsn: str | None) -> None:
    from motcua.analytics import db, expression_audits
    from motcua.onebox.db_cli import settings

    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        kept = expression_audits.add(conn, report, dataset, "command line")
    typer.echo(f"kept in the database: {', '.join(kept)}")


def show(report: Report) -> None:
    """The report as a table for people."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    console = Console()
    refused = ", ".join(f"{n} {why}" for why, n in sorted(report["refused"].items())) or "none"
    console.print(f"{report['pictures']} pictures, {report['labelled']} labelled; refused: {refused}", highlight=False)
    table = Table("", *(f"{name} {r['version']}" for name, r in report["readers"].items()), box=SIMPLE)
    for fact, say in _FACTS.items():
        table.add_row(fact, *(say(r) for r in report["readers"].values()))
    console.print(table)
    for name, r in report["readers"].items():
        if "confusion" in r:
            _confusion(console, name, r["confusion"])
        for row in r.get("strata", ()):
            if row.get("differs"):
                console.print(
                    f"{name}: {row['dimension']} {row['stratum']}: error differs by {_span(row['error_gap'])}, "
                    f"valence by {_span(row['valence_gap'])} from the others (n = {row['n']})",
                    highlight=False,
                )
    console.print(
        "A reader of this size errs often and not equally: its figures carry trends at best, and judge nobody (docs/expressions.md)."
    )


def _confusion(console: Any, name: str, matrix: Report) -> None:
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(f"{name}: right ↓ read →", *matrix["read"], box=SIMPLE, padding=0, collapse_padding=True)
    for right, row in zip(matrix["right"], matrix["counts"], strict=True):
        if sum(row):
            table.add_row(right, *(str(n) for n in row))
    console.print(table)


def _calibration(r: Report, name: str) -> str:
    return _figure((r.get("calibration") or {}).get(name))


def _span(figure: Report | None) -> str:
    if figure is None:
        return "-"
    ends = "" if figure["low"] is None else f" ({figure['low']:.2f} to {figure['high']:.2f})"
    return f"{figure['value']:.2f}{ends}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


@contextmanager
def _bar(total: int) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("pictures", total=total)
        yield lambda: bar.advance(task)


_FACTS: dict[str, Callable[[Report], str]] = {
    "faces read": lambda r: str(r["read"]),
    "accuracy": lambda r: _span(r.get("accuracy")),
    "balanced accuracy": lambda r: _span(r.get("balanced_accuracy")),
    "ECE as it is": lambda r: _calibration(r, "ece"),
    "fitted temperature": lambda r: _calibration(r, "temperature"),
    "ECE on the other half, before": lambda r: _calibration(r, "ece_before"),
    "ECE on the other half, after": lambda r: _calibration(r, "ece_after"),
    "calibrated": lambda r: f"yes, T = {r['temperature']:.3g}" if r["calibrated"] else "no, T = 1",
    "CPU ms a face": lambda r: _figure(r["cost_ms"]["p50"] if r["cost_ms"] else None),
}

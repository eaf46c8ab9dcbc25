"""The table of offices. Explicit roles keep it a table for screen readers when a phone shows its rows as cards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from dash import dcc, html

from motcua.dashboard import format as fmt
from motcua.dashboard import tell
from motcua.dashboard.answers import LiveOffice
from motcua.dashboard.pages import parts
from motcua.dashboard.search import Column
from motcua.dashboard.states import mark_of
from motcua.dashboard.words import Lang, Words
from motcua.dashboard.words import words as words_of

SHOWN: tuple[Column, ...] = ("office", "wait", "waiting", "counters", "age", "state", "provenance")


def frame(words: Words) -> Any:
    """The empty table."""
    caption = html.Caption(words("live_title"), className="quiet")
    head = html.Thead(id="live-head", role="rowgroup")
    body = html.Tbody(id="live-rows", role="rowgroup")
    return html.Div(html.Table([caption, head, body], className="offices", role="table"), className="scroll")


def head(by: Column, descending: bool, target_s: float, words: Words) -> Any:
    """Column names as buttons that sort; ``aria-sort`` says which one does."""
    cells = []
    for column in SHOWN:
        sorts = by == column
        arrow = (" ▼" if descending else " ▲") if sorts else ""
        name = words(f"col_{column}")
        button = html.Button(
            [name, html.Span(arrow, **{"aria-hidden": "true"})],
            id={"sort": column},
            n_clicks=0,
            type="button",
            title=words("sort_by", column=name.lower()),
        )
        more = []
        if column == "wait":
            target = fmt.number(target_s / 60, words.lang)
            more = [parts.definition(words("def_wait_now", target=target), words)]
        order = ("descending" if descending else "ascending") if sorts else "none"
        cells.append(html.Th([button, *more], scope="col", role="columnheader", className=column, **{"aria-sort": order}))
    return html.Tr(cells, role="row")


def rows(offices: Sequence[LiveOffice], target_s: float, words: Words) -> list[Any]:
    """A row each; one that nothing was ever heard of says so once instead of seven times."""
    return [
        _row_of(o.at_age(None if o.wait.age_s is None else math.floor(o.wait.age_s)), target_s, words.lang) for o in offices
    ]


@lru_cache(maxsize=4096)
def _row_of(office: LiveOffice, target_s: float, lang: Lang) -> Any:
    """Rows are the dearest part of an answer, and everyone who looks in the same second sees the same ones."""
    build = _silent if office.wait.state == "unknown" else _row
    return build(office, target_s, words_of(lang))


def nothing(query: str, words: Words) -> Any:
    """The row that says that nothing was found."""
    return html.Tr(
        html.Td(words("nothing_found", query=query), colSpan=len(SHOWN), role="cell"), role="row", className="nothing"
    )


def _name(office: LiveOffice, target_s: float) -> Any:
    link = dcc.Link(office.title, href=f"/office/{office.office_id}")
    return html.Th([parts.mark(office.wait, target_s), link], scope="row", role="rowheader", className="office")


def _silent(office: LiveOffice, target_s: float, words: Words) -> Any:
    cells: list[Any] = [html.Td(words("no_data"), colSpan=5, role="cell", className="none")]
    cells += [html.Td(parts.tag(office.wait, words), colSpan=1, role="cell", className="provenance")]
    return html.Tr([_name(office, target_s), *cells], role="row", className="silent", **{"data-office": office.office_id})


def _row(office: LiveOffice, target_s: float, words: Words) -> Any:
    wait = office.wait
    name = mark_of(wait, target_s).name
    shown, between = tell.expected(wait, words), tell.interval(wait, words)
    figure: list[Any] = [html.Span(words("dash"), className="none")]  # the state says why
    if shown is not None:
        figure = [html.Strong(shown)]
        if between:
            figure.append(html.Span(between, className="interval", title=words("interval_80", range=between)))
    cells = (
        ("wait", figure),
        ("waiting", _count(wait.waiting, words)),
        ("counters", _count(office.open_counters, words)),
        ("age", parts.age(wait.age_s, wait.as_of, words)),
        ("state", tell.state(wait, target_s, words)),
        ("provenance", parts.tag(wait, words)),
    )
    tds = [html.Td(child, role="cell", className=key, **{"data-name": words(f"col_{key}")}) for key, child in cells]
    return html.Tr([_name(office, target_s), *tds], role="row", className=f"is-{name}", **{"data-office": office.office_id})


def _count(value: int | None, words: Words) -> Any:
    return tell.people(value, words) if value is not None else html.Span(words("no_data"), className="none")

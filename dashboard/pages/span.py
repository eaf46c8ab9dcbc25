"""A choice of period as a plain form: the dates stand in the address, so that it can be sent and gone back to."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode

from dash import dcc, html

from motcua.dashboard.words import Words

LONGEST = timedelta(days=1100)


def chosen(search: str | None) -> tuple[date, date] | None:
    """First day and last day of an address's query; None where it holds none, or none that can be asked for."""
    given = {key: values[0] for key, values in parse_qs((search or "").lstrip("?")[:200]).items()}
    try:
        first, last = date.fromisoformat(given["from"]), date.fromisoformat(given["to"])
    except (KeyError, ValueError):
        return None
    return (first, last) if first.year > 2000 and first <= last <= first + LONGEST and last.year < 2100 else None


def query(search: str | None) -> str:
    """The same for the API, which takes the day after the last; empty where none was chosen."""
    span = chosen(search)
    return "" if span is None else f"?{urlencode({'since': span[0], 'until': span[1] + timedelta(days=1)})}"


def form(path: str, first: date, last: date, search: str | None, words: Words) -> Any:
    """Two dates and a button; works with the keyboard. A choice that could not be asked for is said."""
    wrong = bool(search and len(search) > 1) and chosen(search) is None

    def field(name: str, value: date) -> Any:
        given = dcc.Input(id=f"span-{name}", name=name, type="date", value=value.isoformat(), required=True)
        return html.Label([words(f"span_{name}"), given])

    return html.Form(
        [
            html.Div(
                [field("from", first), field("to", last), html.Button(words("span_show"), type="submit", className="worst")],
                className="fields",
            ),
            html.P(words("span_wrong"), className="notice", role="alert") if wrong else None,
        ],
        action=path,
        method="GET",
        className="span",
    )

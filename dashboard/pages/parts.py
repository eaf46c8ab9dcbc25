"""Pieces that several pages use."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dash import dcc, html

from motcua.dashboard import client, tell
from motcua.dashboard import format as fmt
from motcua.dashboard.answers import Wait
from motcua.dashboard.board import banner_text
from motcua.dashboard.sorry import sorry
from motcua.dashboard.states import hollow, is_real, mark_of
from motcua.dashboard.words import Words


def mark(wait: Wait, target_s: float) -> Any:
    """The sign of a wait, the same shape as on the map; its meaning stands in words beside it."""
    name = mark_of(wait, target_s).name
    return html.Span(className=f"mark mark-{name}{' hollow' if hollow(wait) else ''}", **{"aria-hidden": "true"})


def tag(wait: Wait, words: Words) -> Any:
    """The provenance in words; marked when it is not real."""
    kind = "tag" if is_real(wait.provenance) else "tag not-real"
    return html.Span(tell.provenance(wait.provenance, words), className=kind)


def age(age_s: float | None, at: datetime | None, words: Words) -> Any:
    """An age that the browser counts on each second; words for "no data" where there is none."""
    if age_s is None or at is None:
        return html.Span(words("no_data"), className="none")
    stamp = fmt.iso(at)
    return html.Time(
        fmt.duration(age_s, words), dateTime=stamp, title=fmt.moment(at), className="age", **{"data-age": f"{age_s:.1f}"}
    )


def definition(text: str, words: Words) -> Any:
    """A figure's definition behind a small button beside it; works with the keyboard and by touch."""
    button = html.Summary("?", title=words("what_is_it"), **{"aria-label": words("what_is_it")})
    return html.Details([button, html.Span(text, className="def-text")], className="def")


def banner(named: dict[str, list[str]], words: Words) -> Any:
    """Says which offices show figures that are not real, from their names by provenance; None for none."""
    text = banner_text(named, words)
    return html.P([html.Strong(words("banner_title")), " ", text], className="banner", role="note") if text else None


def failure(error: client.ApiError, words: Words, *, path: str, office_id: str = "") -> Any:
    """Why there is nothing to see, and the way out; `path` is where to return after signing in."""
    told = sorry(error, words, path=path, office_id=office_id)
    # The login page is no page of Dash's: a plain link leaves it. Elsewhere the frame stays.
    link = html.A if told.href.startswith("/login") else dcc.Link
    way_out = [html.P(link(told.link, href=told.href, className="button"))] if told.link else []
    return html.Div([html.H1(told.title), html.P(told.text), *way_out], className="sorry", role="alert")


def kept_notice(shown_at: str, words: Words) -> Any:
    """The API is away and the page still shows figures of an instant (ISO 8601)."""
    at = fmt.moment(datetime.fromisoformat(shown_at))
    return html.P(words("down_kept", at=at), className="notice", role="alert")

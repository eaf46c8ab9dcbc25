"""Pieces that several pages use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from dash import html

from motcua.dashboard import client, tell
from motcua.dashboard import format as fmt
from motcua.dashboard.answers import LiveOffice, Wait
from motcua.dashboard.states import hollow, is_real, mark_of
from motcua.dashboard.words import Words

MOST_IN_BANNER = 4


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


def not_real_banner(offices: Iterable[LiveOffice], words: Words) -> Any:
    """Says which offices show replayed or simulated figures; None when all figures are real."""
    named: dict[str, list[str]] = {}
    for office in offices:
        if not is_real(office.wait.provenance):
            named.setdefault(str(office.wait.provenance), []).append(office.title)
    return banner(named, words)


def banner(named: dict[str, list[str]], words: Words) -> Any:
    """The banner from office names by provenance, ``replay`` first."""
    if not named:
        return None
    lines = [words(f"banner_{kind}", names=_some(named[kind], words)) for kind in ("replay", "simulated") if kind in named]
    return html.P([html.Strong(words("banner_title")), " ", " ".join(lines)], className="banner", role="note")


def _some(names: list[str], words: Words) -> str:
    if len(names) <= MOST_IN_BANNER + 1:
        return ", ".join(names)
    rest = fmt.number(len(names) - MOST_IN_BANNER, words.lang)
    return words("banner_more", names=", ".join(names[:MOST_IN_BANNER]), n=rest)


def failure(error: client.ApiError, words: Words, *, path: str, office_id: str = "") -> Any:
    """Why there is nothing to see, and the way out; `path` is where to return after signing in."""
    from urllib.parse import quote

    match error:
        case client.NotSignedIn():
            way_out = html.P(html.A(words("login_again"), href=f"/login?next={quote(path, safe='')}", className="button"))
            return _sorry(words("expired_title"), words("expired"), way_out)
        case client.NotAllowed():
            return _sorry(words("denied_title"), words("denied"))
        case client.NotFound():
            return _sorry(words("missing_title"), words("missing", office_id=office_id))
        case _:
            return _sorry(words("down_title"), words("down"))


def kept_notice(shown_at: str, words: Words) -> Any:
    """The API is away and the page still shows figures of an instant (ISO 8601)."""
    at = fmt.moment(datetime.fromisoformat(shown_at))
    return html.P(words("down_kept", at=at), className="notice", role="alert")


def _sorry(title: str, text: str, *more: Any) -> Any:
    return html.Div([html.H2(title), html.P(text), *more], className="sorry", role="alert")

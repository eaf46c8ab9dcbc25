"""The pages of ratings and records, wired: one callback asks the API and draws, one takes a step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import dash
from dash import Input, Output, State, dcc, html, no_update

from motcua.dashboard import client
from motcua.dashboard.context import Parts, session, spoken
from motcua.dashboard.pages import asked, bias, faces, keeping, parts, record, span
from motcua.dashboard.words import Words

Draw = Callable[[dict[str, Any], Words], Any]
_ASKED, _ROSTER, _FACES = ("/ratings", "asked_title"), ("/roster", "roster_title"), ("/officer-faces", "officer_faces_title")
_HISTORY = ("/history", "history_title")
LINKS = {
    "supervisor": (_HISTORY, _ASKED, _ROSTER, _FACES),
    "analyst": (_HISTORY, _ASKED),
    "admin": (_HISTORY, _ASKED, _FACES, ("/bias", "bias_title"), ("/admin", "admin_title")),
    "hr": (_HISTORY, _ASKED, ("/attitude", "attitude_title"), _ROSTER, _FACES, ("/bias", "bias_title")),
    "officer": (("/my-record", "record_title"),),
}


def layout(path: str, words: Words) -> Any:
    """A page before its answer."""
    return html.Div(
        [dcc.Store(id="asking-path", data=path), html.Div(html.P(words("loading"), className="notice"), id="asking-body")]
    )


def source(path: str) -> tuple[str, Draw] | None:
    """The API's address of a page and what draws it; None where there is no such page."""
    match path.strip("/").split("/"):
        case ["ratings"]:
            return "/api/v1/ratings", asked.overview
        case ["ratings", office_id] if office_id:
            return f"/api/v1/offices/{quote(office_id, safe='')}/ratings", asked.office
        case ["attitude"]:
            return "/api/v1/attitude", record.overview
        case ["attitude", officer_id] if officer_id:
            return f"/api/v1/attitude/officers/{quote(officer_id, safe='')}", record.detail
        case ["bias"]:
            return "/api/v1/expressions/bias", bias.page
        case ["my-record"]:
            return "/api/v1/my-record", record.mine
        case _:
            return None


def links(role: str, words: Words) -> list[Any]:
    """Where this role may go."""
    return [dcc.Link(words(key), href=path) for path, key in LINKS.get(role, ())]


def register(app: dash.Dash, using: Parts) -> None:
    """Draw a page, and take a step."""

    async def show(path: str, search: str | None) -> Any:
        return await _drawn(using, path, search, spoken())

    app.callback(Output("asking-body", "children"), Input("asking-path", "data"), State("url", "search"))(show)

    async def act(
        clicks: list[int | None],
        said: list[str | None],
        bands: list[str | None],
        ids: list[dict[str, str]],
        path: str,
        search: str | None,
    ) -> Any:
        who = dash.ctx.triggered_id
        if not any(clicks) or not isinstance(who, dict):
            return no_update
        words = spoken()
        given = {
            one["words"]: (text, band) for one, text, band in zip(ids, said, bands, strict=True) if one["id"] == who["id"]
        }
        try:
            if who["do"] == "propose":
                asked_for = await using.api.data(session(), f"/api/v1/attitude{span.query(search)}")
                body = {"officer_id": who["id"], "since": asked_for["since"], "until": asked_for["until"]}
                await using.api.change(session(), "/api/v1/attitude/proposals", body)
            else:
                text, band = given.get(who["do"], (None, None))
                body = {"action": who["do"], "words": text, "band": band or None}
                await using.api.change(session(), f"/api/v1/attitude/proposals/{quote(who['id'], safe='')}/steps", body)
        except client.Refused as error:
            return [
                html.P([words("step_refused"), " ", str(error)], className="notice", role="alert"),
                await _drawn(using, path, search, words),
            ]
        except client.ApiError as error:
            return parts.failure(error, words, path=path)
        return [html.P(words("step_done"), className="notice", role="status"), await _drawn(using, path, search, words)]

    app.callback(
        Output("asking-body", "children", allow_duplicate=True),
        Input({"do": dash.ALL, "id": dash.ALL}, "n_clicks"),
        State({"words": dash.ALL, "id": dash.ALL}, "value"),
        State({"band": dash.ALL, "id": dash.ALL}, "value"),
        State({"words": dash.ALL, "id": dash.ALL}, "id"),
        State("asking-path", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )(act)


async def _drawn(using: Parts, path: str, search: str | None, words: Words) -> Any:
    found = source(path)
    if found is None:
        return html.P(words("page_missing"), className="notice")
    address, draw = found
    try:
        data = await using.api.data(session(), address + span.query(search))
        extra = EXPRESSION.get(draw)
        period, drawn = data.get("asked", data), draw(data, words)
        if "since" in period:
            head = next((i for i, part in enumerate(drawn.children) if isinstance(part, html.H1)), -1) + 1
            drawn.children.insert(head, span.form(path, *_days(period), search, words))
        return html.Div([drawn, faces.beside(await keeping.allowed(using, extra(address)), words) if extra else None])
    except client.ApiError as error:
        return parts.failure(error, words, path=path, office_id=path.rsplit("/", 1)[-1])


EXPRESSION: dict[Draw, Callable[[str], str]] = {
    record.mine: lambda _: "/api/v1/my-expression",
    record.detail: lambda address: f"{address}/expression",
}
"""Where an officer's months stand that a mode may let be seen beside a page."""


def _days(period: dict[str, Any]) -> tuple[date, date]:
    """First day and last day of an answer's period."""
    return date.fromisoformat(period["since"]), date.fromisoformat(period["until"]) - timedelta(days=1)

"""The pages of ratings and records, wired: one callback asks the API and draws, one takes a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import dash
from dash import Input, Output, State, dcc, html, no_update

from motcua.dashboard import client
from motcua.dashboard.context import Parts, session, spoken
from motcua.dashboard.pages import asked, bias, parts, record
from motcua.dashboard.words import Words

Draw = Callable[[dict[str, Any], Words], Any]
LINKS = {
    "supervisor": (("/ratings", "asked_title"),),
    "analyst": (("/ratings", "asked_title"),),
    "admin": (("/ratings", "asked_title"), ("/bias", "bias_title"), ("/admin", "admin_title")),
    "hr": (("/ratings", "asked_title"), ("/attitude", "attitude_title"), ("/bias", "bias_title")),
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

    async def show(path: str) -> Any:
        return await _drawn(using, path, spoken())

    app.callback(Output("asking-body", "children"), Input("asking-path", "data"))(show)

    async def act(
        clicks: list[int | None], said: list[str | None], bands: list[str | None], ids: list[dict[str, str]], path: str
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
                asked_for = await using.api.data(session(), "/api/v1/attitude")
                body = {"officer_id": who["id"], "since": asked_for["since"], "until": asked_for["until"]}
                await using.api.change(session(), "/api/v1/attitude/proposals", body)
            else:
                text, band = given.get(who["do"], (None, None))
                body = {"action": who["do"], "words": text, "band": band or None}
                await using.api.change(session(), f"/api/v1/attitude/proposals/{quote(who['id'], safe='')}/steps", body)
        except client.Refused as error:
            return [
                html.P([words("step_refused"), " ", str(error)], className="notice", role="alert"),
                await _drawn(using, path, words),
            ]
        except client.ApiError as error:
            return parts.failure(error, words, path=path)
        return [html.P(words("step_done"), className="notice", role="status"), await _drawn(using, path, words)]

    app.callback(
        Output("asking-body", "children", allow_duplicate=True),
        Input({"do": dash.ALL, "id": dash.ALL}, "n_clicks"),
        State({"words": dash.ALL, "id": dash.ALL}, "value"),
        State({"band": dash.ALL, "id": dash.ALL}, "value"),
        State({"words": dash.ALL, "id": dash.ALL}, "id"),
        State("asking-path", "data"),
        prevent_initial_call=True,
    )(act)


async def _drawn(using: Parts, path: str, words: Words) -> Any:
    found = source(path)
    if found is None:
        return html.P(words("page_missing"), className="notice")
    address, draw = found
    try:
        return draw(await using.api.data(session(), address), words)
    except client.ApiError as error:
        return parts.failure(error, words, path=path, office_id=path.rsplit("/", 1)[-1])

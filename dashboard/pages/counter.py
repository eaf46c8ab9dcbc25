"""One counter's page: the queue before it, the last hour, its hours and day, its cameras. Never a figure about one citizen."""

from __future__ import annotations

import asyncio
from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, dcc, html, no_update

from motcua.dashboard import client
from motcua.dashboard import format as fmt
from motcua.dashboard.context import Parts, session, spoken
from motcua.dashboard.pages import counter_parts, office_parts, parts
from motcua.dashboard.sorry import cut
from motcua.dashboard.states import is_real
from motcua.dashboard.tree import counter_href, office_href
from motcua.dashboard.words import Words


def layout(office_id: str, counter_id: str, words: Words) -> Any:
    """The page before its first figures."""
    return html.Div(
        [
            dcc.Store(id="counter-tick"),
            dcc.Store(id="counter-shown"),
            dcc.Store(id="counter-ids", data=[office_id, counter_id]),
            html.Div(html.P(words("loading"), className="notice"), id="counter-notice"),
            html.Div(id="counter-body", className="empty"),
        ],
        id="counter-page",
        key=f"counter-{office_id}-{counter_id}",
    )


def register(app: dash.Dash, using: Parts) -> None:
    """Keep the page fresh: three answers, asked for at the same time."""

    async def refresh(_tick: Any, ids: list[str], shown: str | None) -> tuple[Any, ...]:
        words, who = spoken(), session()
        office_id, counter_id = ids
        path = counter_href(office_id, counter_id)
        try:
            given, now, live = await asyncio.gather(
                using.api.counters(who, office_id), using.api.office(who, office_id), using.api.live(who)
            )
        except client.Unreachable as error:
            if shown:
                return parts.kept_notice(shown, words), "kept", no_update, no_update
            return parts.failure(error, words, path=path), "empty", no_update, no_update
        except client.ApiError as error:
            return parts.failure(error, words, path=path, office_id=office_id), "empty", None, None
        counter = given.of(counter_id)
        if counter is None:
            return _no_such_counter(office_id, counter_id, words), "empty", None, None
        seen = now.model_copy(update={"sources": tuple(s for s in given.sources if s.source_id in counter.source_ids)})
        not_real = {} if is_real(given.provenance) else {str(given.provenance): [now.title]}
        body = [
            counter_parts.counter_way(live.offices, office_id, counter_id, words),
            parts.banner(not_real, words),
            *counter_parts.top(now, counter, given, words),
            html.Div(counter_parts.cards(counter, given, words), className="cards"),
            counter_parts.trend_section(counter, given, words),
            counter_parts.hours_section(counter, given, words),
            office_parts.sources_section(seen, given.generated_at, words),
        ]
        return None, "", body, fmt.iso(given.generated_at)

    app.callback(
        Output("counter-notice", "children"),
        Output("counter-body", "className"),
        Output("counter-body", "children"),
        Output("counter-shown", "data"),
        Input("counter-tick", "data"),
        Input("counter-ids", "data"),
        State("counter-shown", "data"),
    )(refresh)
    app.clientside_callback(ClientsideFunction("motcua", "refreshed"), Input("counter-shown", "modified_timestamp"))


def _no_such_counter(office_id: str, counter_id: str, words: Words) -> Any:
    way_out = html.P(dcc.Link(words("back_office"), href=office_href(office_id), className="button"))
    text = html.P(words("missing_counter", counter=cut(counter_id)))
    return html.Div([html.H1(words("missing_counter_title")), text, way_out], className="sorry", role="alert")

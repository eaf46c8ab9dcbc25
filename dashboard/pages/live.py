"""The live page: map and table of all offices in one view, worst first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, dcc, html, no_update

from motcua.dashboard import client
from motcua.dashboard import format as fmt
from motcua.dashboard.answers import Live, LiveOffice
from motcua.dashboard.context import Parts, session, spoken
from motcua.dashboard.map_figure import map_figure
from motcua.dashboard.pages import parts, table
from motcua.dashboard.search import COLUMNS, Column, matches, ordered
from motcua.dashboard.states import MARKS, mark_of
from motcua.dashboard.tell import expected
from motcua.dashboard.words import Words

MAP_OPTIONS = {"displayModeBar": False, "scrollZoom": True, "doubleClick": "reset"}
FIRST_NAMED = 3


def layout(words: Words) -> Any:
    """The page before its first figures."""
    search = html.Div(
        [
            html.Label(words("search"), htmlFor="live-search"),
            dcc.Input(
                id="live-search", type="search", value="", placeholder=words("search_hint"), debounce=0.2, autoComplete="off"
            ),
            html.Button(words("worst_first"), id={"sort": "urgency"}, className="worst", n_clicks=0, type="button"),
            html.Span(id="live-count", className="count", role="status"),
        ],
        className="tools",
    )
    return html.Div(
        [
            dcc.Store(id="live-tick"),
            dcc.Store(id="live-shown"),
            dcc.Store(id="live-sort", storage_type="session", data={"by": "urgency", "descending": False}),
            html.H1(words("live_title")),
            html.Div(html.P(words("loading"), className="notice"), id="live-notice"),
            html.Div(
                [
                    html.Div(id="live-banner"),
                    html.Div(id="live-summary", className="summary"),
                    html.Div(
                        [
                            html.Section([_map(words), html.Div(id="live-legend")], className="map-side"),
                            html.Section([search, table.frame(words)], className="list-side"),
                        ],
                        className="two",
                    ),
                ],
                id="live-body",
                className="empty",
            ),
        ],
        id="live-page",
    )


def _map(words: Words) -> Any:
    graph = dcc.Graph(id="live-map", config=MAP_OPTIONS, responsive=True, style={"height": "100%"})
    return html.Div(graph, className="map", role="img", **{"aria-label": words("map_label")})


def summary(offices: Sequence[LiveOffice], target_s: float, words: Words) -> Any:
    """The two-second answer: how many offices are over the target, and which to look at first."""
    target = fmt.number(target_s / 60, words.lang)
    names = [mark_of(o.wait, target_s).name for o in offices]
    over = sum(name in ("over", "far") for name in names)
    within, blind = names.count("within"), names.count("blind")
    if over:
        head = html.Strong(words.count("sum_over", over, target=target), className="alarm")
    elif within:
        head = html.Strong(words("sum_none_over", target=target), className="calm")
    else:
        head = html.Strong(words("sum_nothing_known"))
    rest = [
        words.count(key, n)
        for key, n in (("sum_within", within), ("sum_blind", blind), ("sum_rest", len(names) - over - within - blind))
        if n
    ]
    facts = html.P([head, html.Span(" · ".join(rest), className="facts")], className="headline")
    worst = [
        o for o in ordered(offices, "urgency", False, target_s) if mark_of(o.wait, target_s).rank < MARKS["within"].rank
    ]
    if not worst:
        return [facts]
    links = [
        html.Li(
            dcc.Link(
                [
                    parts.mark(o.wait, target_s),
                    f" {o.title} ",
                    html.Strong(expected(o.wait, words) or words(f"mark_{mark_of(o.wait, target_s).name}")),
                ],
                href=f"/office/{o.office_id}",
            )
        )
        for o in worst[:FIRST_NAMED]
    ]
    return [facts, html.Div([html.Span(words("act_first")), html.Ul(links)], className="first")]


def legend(live: Live, tiles_on: bool, words: Words) -> Any:
    """What the signs mean."""
    target, far = (fmt.number(live.target_wait_s * times / 60, words.lang) for times in (1, 2))
    rows = [
        html.Li(
            [
                html.Span(className=f"mark mark-{name}", **{"aria-hidden": "true"}),
                words(f"legend_{name}", target=target, far=far),
            ]
        )
        for name in ("within", "over", "far", "too_few", "stale", "blind", "closed", "unknown")
    ]
    for kind in ("replay", "simulated"):
        sign = html.Span(words(f"provenance_letter_{kind}"), className="mark letter", **{"aria-hidden": "true"})
        rows.append(html.Li([sign, words(f"legend_{kind}")]))
    note = [] if tiles_on else [html.P(words("map_note"), className="soft")]
    return html.Details([html.Summary(words("legend")), html.Ul(rows, className="legend"), *note])


def register(app: dash.Dash, using: Parts) -> None:
    """Keep the page fresh: on every tick, search and sort the API is asked again and all figures are drawn from one answer."""

    async def refresh(
        _tick: Any, query: str | None, sort: dict[str, Any] | None, shown: dict[str, Any] | None
    ) -> tuple[Any, ...]:
        words = spoken()
        by, descending = chosen(sort)
        try:
            live = await using.api.live(session())
        except client.Unreachable as error:
            if shown:
                return (parts.kept_notice(shown["at"], words), "kept", *[no_update] * 8)
            return (parts.failure(error, words, path="/"), "empty", *[no_update] * 8)
        except client.ApiError as error:
            return (parts.failure(error, words, path="/"), "empty", *[no_update] * 7, None)
        found = [o for o in ordered(live.offices, by, descending, live.target_wait_s) if matches(query or "", o)]
        count = words("shown", shown=fmt.number(len(found), words.lang), total=fmt.number(len(live.offices), words.lang))
        head = [by, descending, live.target_wait_s]
        # A head drawn anew counts as a click for Dash, and would cost a request each time.
        same = shown is not None and shown["head"] == head
        return (
            None if live.offices else html.P(words("no_offices"), className="notice"),
            "",
            parts.not_real_banner(live.offices, words),
            summary(live.offices, live.target_wait_s, words),
            map_figure(found, live.target_wait_s, words, using.tiles),
            legend(live, using.tiles is not None, words),
            no_update if same else table.head(by, descending, live.target_wait_s, words),
            table.rows(found, live.target_wait_s, words) or table.nothing(query or "", words),
            count,
            {"at": fmt.iso(live.generated_at), "head": head},
        )

    app.callback(
        Output("live-notice", "children"),
        Output("live-body", "className"),
        Output("live-banner", "children"),
        Output("live-summary", "children"),
        Output("live-map", "figure"),
        Output("live-legend", "children"),
        Output("live-head", "children"),
        Output("live-rows", "children"),
        Output("live-count", "children"),
        Output("live-shown", "data"),
        Input("live-tick", "data"),
        Input("live-search", "value"),
        Input("live-sort", "data"),
        State("live-shown", "data"),
    )(refresh)

    async def resort(clicks: list[int | None], sort: dict[str, Any] | None) -> Any:
        if not any(clicks) or not isinstance(dash.ctx.triggered_id, dict):
            return no_update
        return next_sort(dash.ctx.triggered_id["sort"], sort)

    app.callback(
        Output("live-sort", "data"),
        Input({"sort": dash.ALL}, "n_clicks"),
        State("live-sort", "data"),
        prevent_initial_call=True,
    )(resort)

    app.clientside_callback(
        ClientsideFunction("motcua", "open_office"),
        Output("url", "pathname", allow_duplicate=True),
        Input("live-map", "clickData"),
        prevent_initial_call=True,
    )
    app.clientside_callback(ClientsideFunction("motcua", "refreshed"), Input("live-shown", "modified_timestamp"))


def chosen(sort: dict[str, Any] | None) -> tuple[Column, bool]:
    """The sort that the browser remembers; worst first where it makes no sense."""
    by = (sort or {}).get("by")
    return (by, bool((sort or {}).get("descending"))) if by in COLUMNS else ("urgency", False)


def next_sort(column: str, sort: dict[str, Any] | None) -> dict[str, Any]:
    """A click on a column: the biggest first for numbers, A-Z for words; a second click turns it round."""
    by, descending = chosen(sort)
    if column == "urgency":
        return {"by": "urgency", "descending": False}
    if column == by:
        return {"by": by, "descending": not descending}
    return {"by": column, "descending": column in ("wait", "waiting", "counters", "age")}

"""The page of history: its whole state stands in the address; controls write the address, the address draws the page."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import dash
from dash import ClientsideFunction, Input, Output, State, dcc, html, no_update

from motcua.dashboard import client
from motcua.dashboard import format as fmt
from motcua.dashboard import history_state as states
from motcua.dashboard.context import LANG_COOKIE, Parts, session, spoken
from motcua.dashboard.history_figures import heat_figure, trend_figure
from motcua.dashboard.pages import history_parts, parts
from motcua.dashboard.words import Words, known_lang

Data = dict[str, Any]
PATH = "/history"
CHART_OPTIONS = {"displayModeBar": False}
VERSUS = ("none", "before", "year", "free")


def layout(words: Words) -> Any:
    """The page before its first figures."""
    return html.Div(
        [
            dcc.Store(id="history-start", data=1),
            dcc.Location(
                id="history-go", refresh="callback-nav"
            ),  # of its own: were it "url", the page would wait for its own button
            html.H1(words("history_title")),
            html.P(words("hist_intro"), className="soft"),
            html.Nav(id="history-presets", className="presets", **{"aria-label": words("hist_presets")}),
            _controls(words),
            html.Div(html.P(words("loading"), className="notice", role="status"), id="history-body"),
        ],
        id="history-page",
    )


def _controls(words: Words) -> Any:
    def day(name: str) -> Any:
        return _field(words(f"hist_{name}"), f"history-{name}", dcc.Input(id=f"history-{name}", type="date", value=""))

    def choice(name: str, known: tuple[str, ...]) -> Any:
        options = [{"label": words(f"hist_{name}_{k}"), "value": k} for k in known]
        return _field(
            words(f"hist_{name}"),
            f"history-{name}",
            dcc.Dropdown(id=f"history-{name}", options=options, clearable=False, searchable=False),
        )

    return html.Div(
        [
            day("from"),
            day("to"),
            choice("vs", VERSUS),
            html.Div([day("vs_from"), day("vs_to")], id="history-free-vs", className="pair"),
            choice("step", states.STEPS),
            html.Div(
                [
                    html.Label(words("hist_offices"), htmlFor="history-offices"),
                    dcc.Dropdown(id="history-offices", multi=True, options=[], placeholder=words("hist_offices_all")),
                ],
                className="field wide",
            ),
            html.Button(words("hist_show"), id="history-show", n_clicks=0, type="button", className="button"),
        ],
        className="controls",
        role="group",
        **{"aria-label": words("hist_period")},
    )


def _field(label: str, name: str, control: Any) -> Any:
    return html.Div([html.Label(label, htmlFor=name), control], className="field")


def today() -> date:
    """Viet Nam's day."""
    return datetime.now(UTC).astimezone(fmt.VIET_NAM).date()


def presets(state: states.State, words: Words) -> list[Any]:
    """A link for each preset; the one that is shown says so."""
    links = []
    for name in states.PRESETS:
        at = states.search(states.State(preset=name, vs=state.vs if state.vs != "free" else "none", offices=state.offices))
        chosen = state.free is None and state.preset == name
        link = dcc.Link(words(f"hist_{name}"), href=f"{PATH}{at}")
        links.append(html.Span(link, className="on", **{"aria-current": "true"}) if chosen else html.Span(link))
    return links


def drawn(data: Data, state: states.State, words: Words) -> Any:
    """The whole answer."""
    titles = [history_parts.title_of(one, words) for one in data["series"]]
    if all(
        not one["a"]["figure"]["joined"] and (one["b"] is None or not one["b"]["figure"]["joined"]) for one in data["series"]
    ):
        nothing: list[Any] = [html.P(words("hist_nothing"), className="notice", role="status")]
    else:
        nothing = []
    trend = trend_figure(data, titles, history_parts.caption(data, words("hist_mean_of"), words), words)
    heat_what = words("hist_heat_of", n=fmt.number(data["min_n"], words.lang))
    heated = any(s and s["heat"] for one in data["series"] for s in (one["a"], one["b"]))
    wide = any(s and s["heat"] is None for one in data["series"] for s in (one["a"], one["b"]))
    query = quote(states.search(state).removeprefix("?"), safe="=&")
    exports = [html.A(words(f"hist_{kind}"), href=f"/history-files/{kind}?{query}", download="") for kind in ("csv", "xlsx")]
    walls = [
        html.A(f"{words('hist_wall')}: {one['name']}", href=f"/wall/{quote(one['office_id'], safe='')}")
        for one in data["series"]
        if one["office_id"]
    ]
    heat = (
        [
            _chart(
                "history-heat",
                heat_figure(data, titles, history_parts.caption(data, heat_what, words), words),
                words("hist_heat_label"),
            ),
            _png("history-heat", words),
            history_parts.heat_table(data, titles, words),
        ]
        if heated
        else [html.P(words("hist_heat_wide" if wide else "hist_nothing"), className="notice")]
    )
    return [
        history_parts.banner(data, words),
        *nothing,
        html.H2(words("hist_kpis")),
        *[history_parts.kpis(one, words) for one in data["series"]],
        html.Section([html.H2(words("hist_figures")), *history_parts.figures(data, words)], className="paper"),
        html.Section(
            [
                html.H2(words("hist_trend")),
                _chart("history-trend", trend, words("hist_trend_label")),
                _png("history-trend", words),
                history_parts.steps_table(data, words),
            ],
            className="paper",
        ),
        html.Section([html.H2(words("hist_heat")), *heat], className="paper"),
        html.Section(
            [
                html.H2(words("hist_list")),
                html.P(words("hist_list_note"), className="soft"),
                history_parts.offices(data, state, words),
            ],
            className="paper",
        )
        if data["table"]
        else None,
        html.Section([html.H2(words("hist_export")), html.P([*_dotted([*exports, *walls])])], className="paper"),
    ]


def _chart(name: str, figure: Any, label: str) -> Any:
    graph = dcc.Graph(
        id=name, figure=figure, config=CHART_OPTIONS, responsive=True, style={"height": f"{figure.layout.height}px"}
    )
    return html.Div(graph, role="img", className="chart", **{"aria-label": label})


def _png(name: str, words: Words) -> Any:
    return html.Button(words("hist_png"), id={"png": name}, n_clicks=0, type="button", className="link")


def _dotted(links: list[Any]) -> list[Any]:
    return [piece for link in links for piece in (link, " · ")][:-1]


def bad(error: states.AddressError, words: Words) -> Any:
    """What is wrong about an address, and the way out."""
    text = words(f"hist_bad_{error.key}", **({"field": error.field} if error.key != "unreadable" else {}))
    way_out = html.P(dcc.Link(words("hist_bad_way"), href=PATH, className="button"))
    return html.Div([html.H2(words("hist_bad_title")), html.P(text), way_out], className="sorry", role="alert")


def register(app: dash.Dash, using: Parts) -> None:
    """The address draws; the button writes the address; a button saves a picture."""

    async def show(search: str | None, _start: Any, path: str | None) -> tuple[Any, ...]:
        words = spoken()
        if (path or "").rstrip("/") != PATH:
            return (no_update,) * 9
        try:
            state = states.parse(search)
        except states.AddressError as error:
            default = states.State()
            return bad(error, words), presets(default, words), *_values(default), no_update, no_update
        choice: Any = no_update
        try:
            data = await using.api.data(session(), f"/api/v1/history?{states.question(state, today())}")
            body = drawn(data, state, words)
            choice = [{"label": c["name"], "value": c["office_id"]} for c in data["choices"]]
        except client.ApiError as error:
            here = f"{PATH}{states.search(state)}"
            body = parts.failure(error, words, path=here, office_id=", ".join(state.offices))
        return body, presets(state, words), *_values(state), choice, list(state.offices)

    app.callback(
        Output("history-body", "children"),
        Output("history-presets", "children"),
        Output("history-from", "value"),
        Output("history-to", "value"),
        Output("history-vs", "value"),
        Output("history-vs_from", "value"),
        Output("history-vs_to", "value"),
        Output("history-offices", "options"),
        Output("history-offices", "value"),
        Input("url", "search"),
        Input("history-start", "data"),
        State("url", "pathname"),
    )(show)

    def step(search: str | None, _start: Any) -> Any:
        try:
            return states.parse(search).step
        except states.AddressError:
            return "auto"

    app.callback(Output("history-step", "value"), Input("url", "search"), Input("history-start", "data"))(step)

    def go(clicks: int, search: str | None, *chosen: Any) -> Any:
        if not clicks:
            return no_update
        return PATH + states.search(asked(search, today(), *chosen))

    app.callback(
        Output("history-go", "href"),
        Input("history-show", "n_clicks"),
        State("url", "search"),
        State("history-from", "value"),
        State("history-to", "value"),
        State("history-vs", "value"),
        State("history-vs_from", "value"),
        State("history-vs_to", "value"),
        State("history-step", "value"),
        State("history-offices", "value"),
        prevent_initial_call=True,
    )(go)

    def language(search: str | None, path: str | None) -> str:
        other = "en" if known_lang(dash.ctx.cookies.get(LANG_COOKIE)) == "vi" else "vi"
        return f"/lang/{other}?next={quote((path or '/') + (search or ''), safe='')}"

    app.callback(
        Output("lang", "href", allow_duplicate=True),
        Input("url", "search"),
        Input("url", "pathname"),
        prevent_initial_call="initial_duplicate",
    )(language)

    app.clientside_callback(
        ClientsideFunction("motcua_history", "free"), Output("history-free-vs", "className"), Input("history-vs", "value")
    )
    app.clientside_callback(
        ClientsideFunction("motcua_history", "png"),
        Output({"png": dash.MATCH}, "title"),
        Input({"png": dash.MATCH}, "n_clicks"),
        prevent_initial_call=True,
    )


def _values(state: states.State) -> tuple[Any, ...]:
    first, last = state.span(today())
    vs = state.free_vs or (None, None)
    return first.isoformat(), last.isoformat(), state.vs, *(("" if d is None else d.isoformat()) for d in vs)


def asked(
    search: str | None, day: date, first: Any, last: Any, vs: Any, vs_first: Any, vs_last: Any, step: Any, offices: Any
) -> states.State:
    """The state that the controls ask for. Days that a preset gives stay the preset; what is wrong is told by the page it leads to."""
    try:
        before = states.parse(search)
    except states.AddressError:
        before = states.State()
    same = before.free is None and tuple(d.isoformat() for d in before.span(day)) == (first, last)
    try:
        free = None if same else (date.fromisoformat(str(first)), date.fromisoformat(str(last)))
        chosen = (date.fromisoformat(str(vs_first)), date.fromisoformat(str(vs_last))) if vs == "free" else None
    except ValueError:
        free, chosen = before.free, before.free_vs
    kind: states.Versus = vs if vs in VERSUS and (vs != "free" or chosen) else "none"
    return states.State(
        preset=before.preset if same else None,
        free=free,
        vs=kind,
        free_vs=chosen,
        offices=tuple(offices or ()),
        step=step or "auto",
    )

"""One alert: how it stands, what can be done, its history."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import dash
from dash import ClientsideFunction, Input, Output, State, dcc, html, no_update

from motcua.dashboard import client
from motcua.dashboard.context import Parts, session, spoken
from motcua.dashboard.pages import alert_parts, parts
from motcua.dashboard.pages.alerts import step
from motcua.dashboard.pages.asked import tag
from motcua.dashboard.words import Words

Data = dict[str, Any]


def layout(alert_id: str, words: Words) -> Any:
    """The page before its answer."""
    return html.Div(
        [
            dcc.Store(id="alert-tick"),
            dcc.Store(id="alert-shown"),
            dcc.Store(id="alert-id", data=alert_id),
            html.Nav(dcc.Link(f"← {words('alert_back')}", href="/alerts"), **{"aria-label": words("alert_back")}),
            html.Div(id="alert-notice"),
            html.Div(html.P(words("loading"), className="notice"), id="alert-head"),
            html.Div(id="alert-said", role="status"),
            html.Div(id="alert-form"),
            html.Div(id="alert-history"),
        ],
        id="alert-page",
    )


def head(data: Data, words: Words) -> Any:
    """What it is and how it stands."""
    office = f"/office/{quote(data['office_id'], safe='')}"
    figures = data["figures"][words.lang]
    return html.Div(
        [
            html.Div(
                [
                    html.H1(
                        [
                            alert_parts.sign(data, words),
                            data["name"][words.lang],
                            html.Span(data["office_name"], className="where"),
                        ]
                    ),
                    tag(data["provenance"], words),
                ],
                className="title-line",
            ),
            html.P([html.Strong(figures), *_as_of(data, words)]) if figures else None,
            html.P(alert_parts.dotted(alert_parts.meta(data, data["generated_at"], words)), className="soft"),
            html.P(words("alert_source", subject=data["subject"]), className="soft") if data["subject"] else None,
            html.P(
                [
                    dcc.Link(words("alert_office_page"), href=office),
                    " · ",
                    dcc.Link(
                        words("alert_all_of_office"), href=f"/alerts?state=all&office={quote(data['office_id'], safe='')}"
                    ),
                    " · ",
                    dcc.Link(words("rules_of_office"), href=f"/alerts/rules?office={quote(data['office_id'], safe='')}"),
                ]
            ),
        ],
        className="alert-head",
    )


def _as_of(data: Data, words: Words) -> list[Any]:
    said = words("alert_figures_at", at=alert_parts.moment(data["facts_at"]))
    return [html.Span(f" · {said}", className="soft small")]


def form(data: Data, words: Words) -> Any:
    """Acknowledge, assign, comment; nothing for those who only read."""
    if not data["may_act"]:
        return None
    return html.Section(
        [
            html.H2(words("alert_act")),
            html.Div(
                html.Button(
                    words("alert_acknowledge_long"),
                    id={"alert-do": "acknowledge"},
                    n_clicks=0,
                    type="button",
                    className="button",
                ),
                id="alert-acknowledge",
                className="" if _new(data) else "empty",
            ),
            html.Div(
                [
                    html.Label(words("alert_assign_label"), htmlFor="alert-assignee"),
                    dcc.Input(
                        id="alert-assignee",
                        value=data["assigned_to"] or "",
                        list="alert-assignees",
                        placeholder=words("alert_assign_nobody"),
                        maxLength=64,
                        autoComplete="off",
                    ),
                    html.Datalist([html.Option(value=name) for name in data["assignees"]], id="alert-assignees"),
                    html.Button(
                        words("alert_assign"), id={"alert-do": "assign"}, n_clicks=0, type="button", className="worst"
                    ),
                ],
                className="tools",
            ),
            html.Label(words("alert_comment_label"), htmlFor="alert-words"),
            dcc.Textarea(id="alert-words", value="", maxLength=2000, rows=3, style={"width": "100%"}),
            html.Button(words("alert_comment"), id={"alert-do": "comment"}, n_clicks=0, type="button", className="worst"),
        ],
        className="paper",
    )


def _new(data: Data) -> bool:
    return data["cleared_at"] is None and data["acknowledged_at"] is None


def missing(words: Words) -> Any:
    """No such alert."""
    return html.Div([html.H1(words("alert_missing_title")), html.P(words("alert_missing"))], className="sorry", role="alert")


def register(app: dash.Dash, using: Parts) -> None:
    """Draw it, keep it fresh without touching what is being written, and act."""

    async def refresh(_tick: Any, alert_id: str, shown: Data | None) -> tuple[Any, ...]:
        words, path = spoken(), f"/alerts/{quote(alert_id, safe='')}"
        try:
            data = await using.api.data(session(), f"/api/v1/alerts/{quote(alert_id, safe='')}")
        except client.NotFound:
            return missing(words), None, None, None, {}
        except client.Unreachable as error:
            if shown and shown.get("at"):
                return no_update, no_update, no_update, parts.kept_notice(shown["at"], words), no_update
            return parts.failure(error, words, path=path), None, None, None, {}
        except client.ApiError as error:
            return parts.failure(error, words, path=path), None, None, None, {}
        past = html.Section([html.H2(words("alert_history")), alert_parts.history(data, words)])
        # The form is drawn anew only when it is another one: somebody may be writing in it.
        kind = [data["may_act"], data["assignees"], data["assigned_to"], _new(data)]
        drawn = no_update if shown and shown.get("form") == kind else form(data, words)
        return head(data, words), drawn, past, None, {"at": data["generated_at"], "form": kind}

    app.callback(
        Output("alert-head", "children"),
        Output("alert-form", "children"),
        Output("alert-history", "children"),
        Output("alert-notice", "children"),
        Output("alert-shown", "data"),
        Input("alert-tick", "data"),
        Input("alert-id", "data"),
        State("alert-shown", "data"),
    )(refresh)

    async def act(clicks: list[int | None], assignee: str | None, text: str | None, alert_id: str) -> tuple[Any, ...]:
        which = dash.ctx.triggered_id
        if not any(clicks) or not isinstance(which, dict):
            return no_update, no_update, no_update
        words, what = spoken(), which["alert-do"]
        given: Data = {"action": what}
        if what == "assign":
            given["assignee"] = (assignee or "").strip() or None
        if what == "comment":
            given["words"] = text or ""
            if not (text or "").strip():
                return html.P(words("alert_invalid"), className="notice", role="alert"), no_update, no_update
        said = await step(using, alert_id, given, words)
        taken = getattr(said, "role", None) != "alert"
        return said, f"{what} {sum(c or 0 for c in clicks)}", "" if taken and what == "comment" else no_update

    app.callback(
        Output("alert-said", "children", allow_duplicate=True),
        Output("alert-tick", "data"),
        Output("alert-words", "value"),
        Input({"alert-do": dash.ALL}, "n_clicks"),
        State("alert-assignee", "value"),
        State("alert-words", "value"),
        State("alert-id", "data"),
        prevent_initial_call=True,
    )(act)
    app.clientside_callback(ClientsideFunction("motcua", "refreshed"), Input("alert-shown", "modified_timestamp"))

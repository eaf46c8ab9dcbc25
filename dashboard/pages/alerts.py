"""The list of alerts: what stands first; filters are addresses, so that they can be sent and gone back to."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import dash
from dash import ClientsideFunction, Input, Output, State, dcc, html, no_update

from motcua.dashboard import client
from motcua.dashboard.context import Parts, session, spoken
from motcua.dashboard.pages import alert_parts, parts
from motcua.dashboard.words import Words

STATES = ("open", "new", "over", "all")
KINDS = ("wait_over", "counter_closed", "camera_blind", "no_data", "satisfaction_low")
PAGE = 50
Data = dict[str, Any]
Filter = dict[str, str]


def layout(words: Words) -> Any:
    """The page before its answer."""
    return html.Div(
        [
            dcc.Store(id="alerts-tick"),
            dcc.Store(id="alerts-shown"),
            html.H1(words("alerts_title")),
            html.Div(id="alerts-notice"),
            html.Div(id="alerts-said", role="status"),
            html.Div(id="alerts-filters"),
            html.Div(html.P(words("loading"), className="notice"), id="alerts-body"),
        ],
        id="alerts-page",
    )


def chosen(search: str | None) -> Filter:
    """The filter of an address; what is none of ours is left out."""
    given = {key: values[0] for key, values in parse_qs((search or "").lstrip("?")[:500]).items()}
    found = {"state": given["state"]} if given.get("state") in STATES else {}
    if given.get("kind") in KINDS:
        found["kind"] = given["kind"]
    if given.get("mine") == "1":
        found["mine"] = "1"
    if 0 < len(given.get("office", "")) <= 64:
        found["office"] = given["office"]
    if given.get("skip", "").isascii() and given.get("skip", "").isdigit() and len(given["skip"]) <= 5:
        found["skip"] = given["skip"]
    return found


def address(wanted: Filter) -> str:
    """The API's address of a filter."""
    query = {"limit": str(PAGE), "skip": wanted.get("skip", "0")}
    state = wanted.get("state", "open")
    query |= {"state": state} if state != "all" else {}
    query |= {"kind": wanted["kind"]} if "kind" in wanted else {}
    query |= {"mine": "true"} if "mine" in wanted else {}
    query |= {"office_id": wanted["office"]} if "office" in wanted else {}
    return f"/api/v1/alerts?{urlencode(query)}"


def href(wanted: Filter, **changes: str | None) -> str:
    """The page's own address of a filter; another filter begins at its first page."""
    query = {k: v for k, v in {**wanted, "skip": None, **changes}.items() if v}
    return f"/alerts?{urlencode(query)}" if query else "/alerts"


def rules_of(wanted: Filter) -> str:
    """The part of the rules' address that names the filter's office."""
    return f"?{urlencode({'office': wanted['office']})}" if "office" in wanted else ""


def filters(wanted: Filter, words: Words) -> Any:
    """State, kind, whose: rows of links."""

    def row(title: str, links: list[tuple[str, str, bool]]) -> Any:
        items = [html.Li(_link(text, to, on)) for text, to, on in links]
        return html.Nav([html.Span(title, className="soft small"), html.Ul(items)], **{"aria-label": title})

    state, kind = wanted.get("state", "open"), wanted.get("kind")
    rows = [
        row(
            words("alerts_state"),
            [(words(f"alert_state_{s}"), href(wanted, state=None if s == "open" else s), s == state) for s in STATES],
        ),
        row(
            words("alerts_kind"),
            [
                (words("alert_kind_all"), href(wanted, kind=None), kind is None),
                *((words(f"alert_kind_{k}"), href(wanted, kind=k), k == kind) for k in KINDS),
            ],
        ),
        row(
            words("alerts_whose"),
            [
                (words("alert_whose_everybody"), href(wanted, mine=None), "mine" not in wanted),
                (words("alert_whose_mine"), href(wanted, mine="1"), "mine" in wanted),
            ],
        ),
    ]
    if "office" in wanted:
        link = dcc.Link(words("alerts_of_all"), href=href(wanted, office=None))
        rows.append(html.P([words("alerts_of_office", office=wanted["office"]), " ", link], className="soft"))
    return html.Div(rows, className="filters")


def _link(text: str, to: str, on: bool) -> Any:
    """A link of a filter; the chosen one is none."""
    return (
        html.Span(text, className="chip on", **{"aria-current": "true"}) if on else dcc.Link(text, href=to, className="chip")
    )


def body(data: Data, wanted: Filter, words: Words) -> Any:
    """The list."""
    n = data["counts"]
    head: list[Any] = [html.Strong(words.count("alerts_headline", n["standing"]), className="alarm")]
    if n["standing"]:
        head.append(html.Span(words.count("alerts_unacknowledged", n["unacknowledged"]), className="facts"))
    elif data["looked_at"] and alert_parts.looking(data, words) is None:
        head = [html.Strong(words("alerts_calm"), className="calm")]
    else:
        head = []
    rows = [alert_parts.item(row, data["may_act"], data["generated_at"], words) for row in data["alerts"]]
    skip = int(wanted.get("skip", "0"))
    turns = [
        dcc.Link(f"← {words('alerts_newer')}", href=href(wanted, skip=str(skip - PAGE) if skip > PAGE else None))
        if skip
        else None,
        dcc.Link(f"{words('alerts_older')} →", href=href(wanted, skip=str(skip + PAGE))) if data["more"] else None,
    ]
    return html.Div(
        [
            alert_parts.looking(data, words),
            html.P(head, className="headline") if head else None,
            html.Ol(rows, className="alerts") if rows else html.P(words("alerts_none"), className="notice"),
            html.Nav(turns, className="turns", **{"aria-label": words("alerts_title")}) if any(turns) else None,
            html.P(dcc.Link(words("rules_title"), href=f"/alerts/rules{rules_of(wanted)}")),
            html.H2(words("channels_title")),
            alert_parts.channels(data["channels"], words),
        ]
    )


def register(app: dash.Dash, using: Parts) -> None:
    """Draw the list, keep it fresh, and acknowledge."""

    async def refresh(_tick: Any, search: str | None, shown: Data | None) -> tuple[Any, ...]:
        words, wanted = spoken(), chosen(search)
        try:
            data = await using.api.data(session(), address(wanted))
        except client.Unreachable as error:
            if shown and shown.get("at"):
                notice = parts.kept_notice(shown["at"], words)
                return notice, no_update, no_update, no_update
            return None, no_update, parts.failure(error, words, path="/alerts"), {}
        except client.ApiError as error:
            return None, None, parts.failure(error, words, path="/alerts", office_id=wanted.get("office", "")), {}
        mark = json.dumps([wanted, words.lang, {k: v for k, v in data.items() if k not in ("generated_at", "looked_at")}])
        state = {"at": data["generated_at"], "mark": mark, "looking": alert_parts.looking(data, words) is None}
        if shown and (shown.get("mark"), shown.get("looking")) == (mark, state["looking"]):
            return None, no_update, no_update, state
        return None, filters(wanted, words), body(data, wanted, words), state

    app.callback(
        Output("alerts-notice", "children"),
        Output("alerts-filters", "children"),
        Output("alerts-body", "children"),
        Output("alerts-shown", "data"),
        Input("alerts-tick", "data"),
        Input("url", "search"),
        State("alerts-shown", "data"),
    )(refresh)

    async def acknowledge(clicks: list[int | None]) -> Any:
        which = dash.ctx.triggered_id
        if not any(clicks) or not isinstance(which, dict):
            return no_update, no_update
        words = spoken()
        said = await step(using, str(which["acknowledge"]), {"action": "acknowledge"}, words)
        return said, f"acknowledged {which['acknowledge']}"

    app.callback(
        Output("alerts-said", "children", allow_duplicate=True),
        Output("alerts-tick", "data"),
        Input({"acknowledge": dash.ALL}, "n_clicks"),
        prevent_initial_call=True,
    )(acknowledge)
    app.clientside_callback(ClientsideFunction("motcua", "refreshed"), Input("alerts-shown", "modified_timestamp"))


async def step(using: Parts, alert_id: str, given: Data, words: Words) -> Any:
    """Take a step; what came of it, in a sentence."""
    try:
        await using.api.change(session(), f"/api/v1/alerts/{quote(alert_id, safe='')}/steps", given)
    except client.NotSignedIn as error:
        return parts.failure(error, words, path="/alerts")
    except client.ApiError as error:
        keys = {client.Refused: "alert_refused", client.NotFound: "alert_invalid", client.NotAllowed: "alert_denied"}
        return html.P(words(keys.get(type(error), "alert_failed")), className="notice", role="alert")
    return html.P(words("alert_done"), className="notice")


def register_badge(app: dash.Dash, using: Parts) -> None:
    """The way to the list in the header of every page, with how many alerts nobody has acknowledged."""

    async def badge(_tick: Any) -> Any:
        words = spoken()
        try:
            n = (await using.api.data(session(), "/api/v1/alerts/counts"))["unacknowledged"]
        except (client.NotAllowed, client.NotSignedIn):
            return None
        except client.ApiError:
            return no_update
        sign = html.Span(str(n) if n < 100 else "99+", className="badge", **{"aria-hidden": "true"})
        text = html.Span(words.count("alerts_badge", n) if n else words("alerts_title"), className="quiet")
        return dcc.Link(
            [html.Span(words("alerts_title"), **{"aria-hidden": "true"}), text, sign if n else None], href="/alerts"
        )

    app.callback(Output("alerts-nav", "children"), Input("alerts-nav-tick", "data"))(badge)

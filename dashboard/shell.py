"""What every page has: the header, the choice of page by address, and the HTML around it."""

from __future__ import annotations

import json
from html import escape
from typing import Any
from urllib.parse import quote, unquote

import dash
from dash import ClientsideFunction, Input, Output, dcc, html

from motcua.dashboard import client
from motcua.dashboard.context import LANG_COOKIE, Parts, session, spoken
from motcua.dashboard.pages import (
    admin,
    alert,
    alert_rules,
    alerts,
    asking,
    counter,
    history,
    keeping,
    live,
    office,
)
from motcua.dashboard.words import Words, known_lang, words

ROLES = ("supervisor", "analyst", "hr", "officer", "admin")
SCRIPT_WORDS = (
    "conn_live",
    "conn_connecting",
    "conn_polling",
    "conn_lost",
    "ago",
    "seconds.one",
    "seconds.other",
    "minutes.one",
    "minutes.other",
    "hours.one",
    "hours.other",
    "days.one",
    "days.other",
)
"""What assets/live.js says by itself."""


def layout(words: Words) -> Any:
    """The frame of all pages."""
    other = "en" if words.lang == "vi" else "vi"
    sign_out = html.Form(html.Button(words("sign_out"), type="submit", className="plain"), action="/logout", method="POST")
    return html.Div(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            html.Header(
                html.Div(
                    [
                        dcc.Link(words("brand"), href="/", className="brand"),
                        html.Div(
                            [
                                html.Nav(id="alerts-nav", **{"aria-label": words("alerts_title")}),
                                dcc.Store(id="alerts-nav-tick"),
                                html.Nav(id="where-to", className="where-to"),
                                html.Span(id="who", className="who"),
                                html.A(words("other_lang"), id="lang", href=f"/lang/{other}", hrefLang=other, lang=other),
                                sign_out,
                            ],
                            className="menu",
                        ),
                    ],
                    className="bar",
                )
            ),
            html.Main(html.Div(id="page"), id="main", tabIndex=-1),
        ]
    )


def page(path: str | None, words: Words) -> Any:
    """The page of an address."""
    parts = (path or "/").strip("/").split("/")
    match parts:
        case [""]:
            return live.layout(words)
        case ["unit", unit_id] if unit_id:
            return live.layout(words, unquote(unit_id))
        case ["office", office_id] if office_id:
            return office.layout(unquote(office_id), words)
        case ["history"]:
            return history.layout(words)
        case ["office", office_id, "counter", counter_id] if office_id and counter_id:
            return counter.layout(unquote(office_id), unquote(counter_id), words)
        case ["admin", *_]:
            return admin.layout(unquote(path or "/"), words)
        case ["alerts"]:
            return alerts.layout(words)
        case ["alerts", "rules"]:
            return alert_rules.layout(words)
        case ["alerts", alert_id] if alert_id:
            return alert.layout(unquote(alert_id), words)
        case _ if keeping.known(unquote(path or "/")):
            return keeping.layout(unquote(path or "/"), words)
        case _ if asking.source(path or "/") is not None:
            return asking.layout(unquote(path or "/"), words)
        case _:
            way_back = html.P(dcc.Link(words("back_all"), href="/"))
            return html.Div(
                [html.H1(words("page_missing_title")), html.P(words("page_missing")), way_back], className="sorry"
            )


def register(app: dash.Dash, using: Parts) -> None:
    """Choose the page, name the account, keep the language link pointing at this page."""

    async def show(path: str | None) -> tuple[Any, str]:
        words = spoken()
        other = "en" if words.lang == "vi" else "vi"
        return page(path, words), f"/lang/{other}?next={quote(path or '/', safe='')}"

    app.callback(Output("page", "children"), Output("lang", "href"), Input("url", "pathname"))(show)

    async def who(_: str) -> tuple[str, list[Any]]:
        words = spoken()
        try:
            account = await using.api.me(session())
        except client.ApiError:
            return "", []
        role = words(f"role_{account.role if account.role in ROLES else 'other'}")
        return words("signed_in_as", username=account.username, role=role), asking.links(account.role, words)

    app.callback(Output("who", "children"), Output("where-to", "children"), Input("who", "id"))(who)

    app.clientside_callback(ClientsideFunction("motcua", "arrived"), Input("page", "children"))
    office.register(app, using)
    counter.register(app, using)
    asking.register(app, using)
    keeping.register(app, using)
    admin.register(app, using)
    alerts.register(app, using)
    alerts.register_badge(app, using)
    alert.register(app, using)
    history.register(app, using)
    alert_rules.register(app, using)


def index(pages: dash.Dash, **pieces: str) -> str:
    """The HTML round the pages, in the language of the request; `pieces` are Dash's."""
    cookies = pages.backend.request_adapter().cookies if pages.backend.has_request_context() else {}
    say = words(known_lang(cookies.get(LANG_COOKIE)))
    texts = json.dumps({key: say(key) for key in SCRIPT_WORDS}, ensure_ascii=False).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="{say.lang}">
<head>
{pieces["metas"]}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(say("app_title"))}</title>
<link rel="icon" href="/assets/icon.svg">
{pieces["css"]}
</head>
<body>
<a class="skip" href="#main">{escape(say("skip"))}</a>
<noscript><p class="notice">{escape(say("no_script"))}</p></noscript>
{pieces["app_entry"]}
<div id="connection" class="connecting"><span id="connection-text" role="status"></span> <span id="connection-age"></span></div>
<script type="application/json" id="live-words">{texts}</script>
<footer>{pieces["config"]}{pieces["scripts"]}{pieces["renderer"]}</footer>
</body>
</html>"""

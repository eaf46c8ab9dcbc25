"""The rules of alerts as they hold for an office or everywhere, and for admins a form that sets one from a day on."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import dash
from dash import ClientsideFunction, Input, Output, State, dcc, html, no_update

from motcua.dashboard import client
from motcua.dashboard import format as fmt
from motcua.dashboard.context import Parts, session, spoken
from motcua.dashboard.pages import parts
from motcua.dashboard.pages.rule_fields import FIELDS, NoNumber, given, shown, text
from motcua.dashboard.words import Words

EVERYWHERE = "*"
PATH = "/alerts/rules"
Data = dict[str, Any]


def layout(words: Words) -> Any:
    """The page before its answer."""
    back = words("alert_back")
    return html.Div(
        [
            dcc.Store(id="rules-done"),
            dcc.Store(id="rules-kept"),
            html.Nav(dcc.Link(f"← {back}", href="/alerts"), **{"aria-label": back}),
            html.H1(words("rules_title")),
            html.P(words("rules_intro"), className="soft"),
            html.Div(id="rules-said", role="status"),
            html.Div(html.P(words("loading"), className="notice"), id="rules-body"),
        ],
        id="rules-page",
    )


def chosen(search: str | None) -> tuple[str, str | None]:
    """The office and the kind that an address names; everywhere, and none."""
    query = parse_qs((search or "").lstrip("?")[:300])
    office, kind = query.get("office", [EVERYWHERE])[0], query.get("set", [""])[0]
    return (office if 0 < len(office) <= 64 else EVERYWHERE), (kind if kind in FIELDS else None)


def href(office: str, kind: str | None = None) -> str:
    """The page's own address."""
    query = ({} if office == EVERYWHERE else {"office": office}) | ({"set": kind} if kind else {})
    return f"{PATH}?{urlencode(query)}" if query else PATH


def body(rules: list[Data], offices: dict[str, str], office: str, kind: str | None, is_admin: bool, words: Words) -> Any:
    """What holds, where it was set, and the form."""

    def place(scope: str) -> str:
        return words("rules_everywhere") if scope == EVERYWHERE else offices.get(scope, scope)

    choose = html.Div(
        [
            html.Label(words("rules_office"), htmlFor="rules-office"),
            dcc.Input(
                id="rules-office", value="" if office == EVERYWHERE else office, list="rules-offices", maxLength=64,
                placeholder=words("rules_everywhere"), autoComplete="off", debounce=True,
            ),
            html.Datalist([html.Option(name, value=key) for key, name in offices.items()], id="rules-offices"),
        ],
        className="tools",
    )  # fmt: skip
    blocks = []
    for row in rules:
        setting = row["setting"]
        fields = [
            html.Li([f"{words(f'rule_{f.name}')}: ", html.Strong(shown(f, setting[f.name], words) or "–")])
            for f in FIELDS[row["kind"]]
        ]
        since = (
            words("rules_default")
            if row["valid_from"] is None
            else words("rules_set", place=place(row["scope_id"]), day=fmt.day(date.fromisoformat(row["valid_from"])))
        )
        change = (
            dcc.Link(words("rules_change"), href=href(office, row["kind"])) if is_admin and row["kind"] != kind else None
        )
        off = [] if setting["enabled"] else [html.Strong(f" · {words('rules_off')}", className="alert-new")]
        blocks.append(
            html.Section(
                [
                    html.H2([_name(row["kind"], words), *off]),
                    html.P([since, " · " if change else "", change], className="soft small"),
                    form(row, office, place(office), words) if is_admin and row["kind"] == kind else html.Ul(fields),
                ],
                className="paper",
            )
        )
    return html.Div([choose, html.P(html.Strong(place(office)), className="headline"), html.Div(blocks, className="rules")])


def form(row: Data, office: str, place: str, words: Words) -> Any:
    """The fields of one rule, filled with what holds."""
    setting, kind = row["setting"], row["kind"]
    fields: list[Any] = []
    for field in FIELDS[kind]:
        fields += [
            html.Label(words(f"rule_{field.name}"), htmlFor=_id("rule-field", field.name)),
            dcc.Input(
                id={"rule-field": field.name}, value=text(field, setting[field.name]), maxLength=200, autoComplete="off"
            ),
        ]
    day = datetime.now(UTC).astimezone(fmt.VIET_NAM).date()
    fields += [
        html.Label(words("rules_from"), htmlFor=_id("rule-from", kind)),
        dcc.Input(id={"rule-from": kind}, type="date", value=day.isoformat()),
    ]

    def button(on: str, label: str, look: str) -> Any:
        return html.Button(label, id={"on": on, "rule-save": kind}, n_clicks=0, type="button", className=look)

    return html.Div(
        [
            html.Div(fields, className="rule-fields"),
            html.P([button("yes", words("rules_save"), "button"), " ", button("no", words("rules_switch_off"), "worst")]),
            html.P([words("rules_for", place=place), " ", dcc.Link(words("rules_cancel"), href=href(office))]),
        ],
        className="rule-form",
    )


def _id(name: str, value: str) -> str:
    """How Dash writes an id of this form into the page, for its label."""
    return json.dumps({name: value}, separators=(",", ":"))


def _name(kind: str, words: Words) -> str:
    return words("rule_telling") if kind == "telling" else words(f"alert_kind_{kind}")


def register(app: dash.Dash, using: Parts) -> None:
    """Draw what holds, go to another office, and set a rule."""

    async def draw(search: str | None, _done: Any) -> tuple[Any, str]:
        words = spoken()
        office, kind = chosen(search)
        try:
            rules = await using.api.call(session(), "GET", f"/api/v1/alerts/rules?scope={quote(office, safe='')}")
            live = await using.api.live(session())
            role = (await using.api.me(session())).role
        except client.ApiError as error:
            return parts.failure(error, words, path=PATH, office_id=office), ""
        offices = {o.office_id: o.title for o in live.offices}
        return body(rules, offices, office, kind, role == "admin", words), office

    app.callback(
        Output("rules-body", "children"), Output("rules-kept", "data"), Input("url", "search"), Input("rules-done", "data")
    )(draw)

    async def go(value: str | None, office: str | None) -> Any:
        wanted = (value or "").strip()[:64] or EVERYWHERE
        return no_update if wanted == office else href(wanted).removeprefix(PATH)

    app.callback(
        Output("url", "search", allow_duplicate=True),
        Input("rules-office", "value"),
        State("rules-kept", "data"),
        prevent_initial_call=True,
    )(go)

    async def save(
        clicks: list[int | None],
        values: list[str | None],
        ids: list[Data],
        since: list[str],
        office: str,
    ) -> tuple[Any, Any]:
        which = dash.ctx.triggered_id
        if not any(clicks) or not isinstance(which, dict) or not since:
            return no_update, no_update
        words, kind = spoken(), str(which["rule-save"])
        said = {str(one["rule-field"]): value or "" for one, value in zip(ids, values, strict=True)}
        try:
            setting = given(kind, which["on"] == "yes", said)
            body = {"scope_id": office, "valid_from": since[0] or "", "setting": setting}
            await using.api.call(session(), "POST", "/api/v1/alerts/rules", body)
        except NoNumber as error:
            return _refused(words("rules_no_number", field=words(f"rule_{error.name}")), words), no_update
        except client.Refused:
            return _refused(words("rules_refused"), words), no_update
        except client.NotAllowed:
            return _refused(words("rules_denied"), words), no_update
        except client.NotSignedIn as error:
            return parts.failure(error, words, path=PATH), no_update
        except client.ApiError:
            return _refused(words("alert_failed"), words), no_update
        return html.P(words("alert_done"), className="notice"), f"{kind} {datetime.now(UTC).isoformat()}"

    app.callback(
        Output("rules-said", "children"),
        Output("rules-done", "data"),
        Input({"on": dash.ALL, "rule-save": dash.ALL}, "n_clicks"),
        State({"rule-field": dash.ALL}, "value"),
        State({"rule-field": dash.ALL}, "id"),
        State({"rule-from": dash.ALL}, "value"),
        State("rules-kept", "data"),
        prevent_initial_call=True,
    )(save)
    app.clientside_callback(ClientsideFunction("motcua", "refreshed"), Input("rules-kept", "modified_timestamp"))


def _refused(text: str, words: Words) -> Any:
    return html.P(text, className="notice", role="alert")

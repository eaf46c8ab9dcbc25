"""The roster of an office: a week by counters, a form for one shift, a file that is looked at before it is written."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from dash import dcc, html

from motcua.dashboard import format as fmt
from motcua.dashboard.pages.asked import number, table
from motcua.dashboard.words import Words

Data = dict[str, Any]
SHOWN = 50
COLUMNS = "officer_id, name, office_id, counter_id, start, end"


def choose(offices: list[tuple[str, str]], words: Words) -> Any:
    """Which office: links. offices: (id, name)."""
    links = [html.Li(dcc.Link(name, href=f"/roster/{quote(office_id, safe='')}")) for office_id, name in offices]
    intro = html.P(words("roster_intro"), className="soft")
    return html.Div([html.H1(words("roster_title")), intro, html.Ul(links, className="columns")])


def week(office: tuple[str, str], monday: date, data: Data, chosen: str | None, words: Words) -> Any:
    """One week of an office. chosen: the shift that is being changed."""
    office_id, name = office
    here = [s for s in data["shifts"] if s["office_id"] == office_id]
    base = f"/roster/{quote(office_id, safe='')}"
    one = next((s for s in here if s["shift_id"] == chosen), None)
    return html.Div(
        [
            html.Nav(dcc.Link(f"← {words('roster_title')}", href="/roster"), **{"aria-label": words("roster_title")}),
            html.H1(words("roster_of", office=name)),
            html.Nav(_steps(base, monday, words), **{"aria-label": words("roster_week")}, className="tools"),
            _grid(here, base, monday, chosen, words),
            html.Div(
                [
                    html.Button(
                        words("roster_copy"),
                        id={"act": "copy", "id": f"{office_id}/{monday}"},
                        n_clicks=0,
                        type="button",
                        className="worst",
                    ),
                    html.Span(words("roster_copy_note"), className="soft small"),
                ],
                className="tools",
            ),
            _form(office_id, monday, one, data["officers"], base, words),
            _file(office_id, words),
        ]
    )


def preview(data: Data, words: Words) -> Any:
    """What a file holds, or what is wrong with it, by line."""
    if data["errors"]:
        rows = [[number(e["line"], words) if e["line"] else "", told(e["message"], words)] for e in data["errors"][:SHOWN]]
        return html.Div(
            [
                html.P(words.count("roster_wrong", len(data["errors"])), className="notice", role="alert"),
                table(("line", "wrong"), rows, words),
            ]
        )
    rows = [[s["name"], s["counter_id"], _span(s), s["officer_id"]] for s in data["preview"][:SHOWN]]
    return html.Div(
        [
            html.P(words.count("roster_found", data["shifts"]), className="notice", role="status"),
            table(("officer", "counter", "at", "officer_id"), rows, words) if rows else None,
            html.Button(
                words("do_import"), id={"act": "import", "id": "file"}, n_clicks=0, type="button", className="button"
            )
            if data["shifts"]
            else None,
        ]
    )


def told(message: str, words: Words) -> str:
    """The API's sentence in the page's language; what is not known stays as it came."""
    for part, key in SENTENCES.items():
        if part in message:
            return message[: message.index(part)] + words(key)
    return message


SENTENCES = {
    "office_id: no such office": "err_office",
    "officer_id: letters": "err_officer_id",
    "counter_id: letters": "err_counter_id",
    "name: 1 to": "err_name",
    "start, end: times": "err_times",
    "end: lies after": "err_end",
    "the counter has another officer then": "err_counter_taken",
    "the officer is at another counter then": "err_officer_taken",
    "this officer belongs to an office": "err_foreign",
    "officers of another office": "err_foreign",
    "name the legal basis": "err_basis",
    "another change is asked for": "err_asked",
    "the mode is ": "err_mode_held",
    "say why": "err_reason",
}
"""A part of what the API says, and the key of the same in words."""


def _steps(base: str, monday: date, words: Words) -> list[Any]:
    last = monday + timedelta(days=6)
    before, after = (f"{base}/{monday + timedelta(days=d)}" for d in (-7, 7))
    return [
        dcc.Link(f"← {words('week_before')}", href=before),
        html.Strong(f"{fmt.day(monday)} – {fmt.day(last)}"),
        dcc.Link(f"{words('week_after')} →", href=after),
        dcc.Link(words("week_now"), href=base),
    ]


def _grid(shifts: list[Data], base: str, monday: date, chosen: str | None, words: Words) -> Any:
    if not shifts:
        return html.P(words("roster_nothing"), className="notice")
    days = [monday + timedelta(days=d) for d in range(7)]
    cells: dict[tuple[str, date], list[Data]] = defaultdict(list)
    for s in shifts:
        cells[s["counter_id"], fmt.parsed(s["start_at"]).astimezone(fmt.VIET_NAM).date()].append(s)
    head = [html.Th(words("acol_counter"), scope="col")]
    head += [html.Th([words(f"day_{d.isoweekday()}"), " ", f"{d:%d/%m}"], scope="col") for d in days]
    rows = []
    for counter in sorted({s["counter_id"] for s in shifts}):
        found = [[_shift(s, base, monday, chosen, words) for s in cells[counter, day]] for day in days]
        rows.append(html.Tr([html.Th(counter, scope="row"), *[html.Td(links) for links in found]]))
    return html.Div(
        html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)], className="simple week"),
        className="scroll",
        tabIndex=0,
        role="group",
        **{"aria-label": words("roster_week")},
    )


def _shift(s: Data, base: str, monday: date, chosen: str | None, words: Words) -> Any:
    text = [html.Span(_hours(s), className="soft small"), html.Br(), s["name"]]
    current = {"aria-current": "true"} if s["shift_id"] == chosen else {}
    return (
        dcc.Link(
            text,
            href=f"{base}/{monday}/{s['shift_id']}",
            className="shift",
            title=words("roster_change", name=s["name"], at=_span(s)),
            **current,
        )
        if not current
        else html.Span(text, className="shift on", **current)
    )


def _form(office_id: str, monday: date, one: Data | None, officers: list[Data], base: str, words: Words) -> Any:
    def instant(key: str) -> str:
        return "" if one is None else f"{fmt.parsed(one[key]).astimezone(fmt.VIET_NAM):%d/%m/%Y %H:%M}"

    def field(name: str, value: str, hint: str = "", **more: Any) -> Any:
        key = {"field": name, "id": "shift"}
        return html.Label([words(f"field_{name}"), dcc.Input(id=key, value=value, placeholder=hint, type="text", **more)])

    who = (
        [field("officer_id", "", list="roster-officers", maxLength=64), field("name", "", maxLength=120)]
        if one is None
        else [html.P([html.Strong(one["name"]), f" ({one['officer_id']})"])]
    )
    day = f"{fmt.day(monday)} "
    inputs = [
        *who,
        field("counter_id", "" if one is None else one["counter_id"], maxLength=64),
        field("start", instant("start_at"), f"{day}07:30", maxLength=40),
        field("end", instant("end_at"), f"{day}11:30", maxLength=40),
    ]
    buttons = (
        [_button("add", office_id, words)]
        if one is None
        else [
            _button("change", one["shift_id"], words),
            html.Button(
                words("do_remove"), id={"act": "remove", "id": one["shift_id"]}, n_clicks=0, type="button", className="worst"
            ),
            dcc.Link(words("roster_leave"), href=f"{base}/{monday}"),
        ]
    )
    known = html.Datalist(
        [html.Option(value=o["officer_id"], label=o["name"]) for o in officers if o["office_id"] == office_id],
        id="roster-officers",
    )
    title = words("roster_add") if one is None else words("roster_edit")
    return html.Section(
        [html.H2(title), html.Div(inputs, className="fields"), known, html.Div(buttons, className="tools")],
        className="paper",
    )


def _file(office_id: str, words: Words) -> Any:
    return html.Section(
        [
            html.H2(words("roster_file")),
            html.P([words("roster_file_note"), " ", html.Code(COLUMNS)], className="soft"),
            dcc.Upload(
                html.Button(words("roster_choose"), type="button", className="button"),
                id={"file": "roster", "id": office_id},
                accept=".csv,text/csv",
                max_size=5_000_000,
                multiple=False,
                className="upload",
            ),
            html.Div(id="keeping-side"),
        ],
        className="paper",
    )


def _button(action: str, key: str, words: Words) -> Any:
    return html.Button(words(f"do_{action}"), id={"act": action, "id": key}, n_clicks=0, type="button", className="button")


def _hours(s: Data) -> str:
    start, end = fmt.parsed(s["start_at"]), fmt.parsed(s["end_at"])
    return f"{fmt.clock(start)}–{fmt.clock(end)}"


def _span(s: Data) -> str:
    start: datetime = fmt.parsed(s["start_at"])
    return f"{start.astimezone(fmt.VIET_NAM):%d/%m/%Y} {_hours(s)}"

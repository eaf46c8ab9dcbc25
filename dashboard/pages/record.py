"""An officer's attitude of service and proposals about it: HR's list, HR's detail, the officer's own record."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from dash import dcc, html

from motcua.dashboard import format as fmt
from motcua.dashboard.pages.asked import banner, number, percent, table
from motcua.dashboard.words import Words

Data = dict[str, Any]
BANDS = ("excellent", "good", "fair", "average", "weak")
WITH_BAND = ("decide", "resolve")


def overview(data: Data, words: Words) -> Any:
    """HR's list by office and name: no ranking."""
    rows = [
        [
            dcc.Link(o["name"], href=f"/attitude/{quote(o['officer_id'], safe='')}"),
            o["office_name"],
            *points(o, words),
            number(o["n"], words),
            band(o["band"], words) if o["band"] else "",
        ]
        for o in data["officers"]
    ]
    return html.Div(
        [
            html.H1(words("attitude_title")),
            html.P(words("attitude_intro", n=data["rule"]["min_n"], shifts=data["rule"]["min_shifts"]), className="soft"),
            banner(data["provenance"], words),
            table(("officer", "office", "points", "answers", "band"), rows, words)
            if rows
            else html.P(words("attitude_nothing"), className="notice"),
            html.P(words.count("attitude_unassigned", data["unassigned"]), className="soft small"),
        ]
    )


def detail(data: Data, words: Words) -> Any:
    """One officer for HR."""
    row = data["row"]
    return html.Div(
        [
            html.Nav(dcc.Link(f"← {words('attitude_title')}", href="/attitude"), **{"aria-label": words("attitude_title")}),
            html.H1(row["name"]),
            banner(data["provenance"], words),
            figures(row, words),
            html.Button(
                words("do_propose"),
                id={"do": "propose", "id": row["officer_id"]},
                n_clicks=0,
                type="button",
                className="button",
            )
            if data["may_propose"]
            else None,
            *[proposal(p, words) for p in data["proposals"]],
        ]
    )


def mine(data: Data, words: Words) -> Any:
    """The officer's own record."""
    if data["officer_id"] is None:
        return html.Div([html.H1(words("record_title")), html.P(words("record_nobody"), className="notice")])
    return html.Div(
        [
            html.H1(words("record_title")),
            html.P(words("record_intro"), className="soft"),
            banner(data["provenance"], words),
            figures(data["row"], words) if data["row"] else None,
            *([proposal(p, words) for p in data["proposals"]] or [html.P(words("record_no_proposal"), className="notice")]),
        ]
    )


def figures(row: Data, words: Words) -> Any:
    """The score and what it is made of."""
    if row["state"] != "ok":
        return html.P(
            words("attitude_insufficient", n=number(row["n"], words), shifts=number(row["shifts"], words)),
            className="notice",
        )
    facts = [
        ("points", points(row, words)[0]),
        ("answers", number(row["n"], words)),
        ("shifts", number(row["shifts"], words)),
        ("raw", fmt.number(row["raw"], words.lang, 2)),
        ("adjusted", fmt.number(row["adjusted"], words.lang, 2)),
        ("score", fmt.number(row["score"], words.lang, 2)),
        ("mean", fmt.number(row["office_mean"], words.lang, 2)),
        ("weight", percent(row["weight"], words)),
    ]
    return table(("fact", "value"), [[words(f"acol_{k}"), v] for k, v in facts], words)


def proposal(p: Data, words: Words) -> Any:
    """A proposal with its steps, what may be done now, and its file."""
    span = f"{fmt.day(date.fromisoformat(p['period_start']))} – {fmt.day(last_day(p['period_end']))}"
    steps = [
        [
            fmt.moment(fmt.parsed(s["at"])),
            s["username"],
            words(f"did_{s['action']}"),
            band(s["band"], words) if s["band"] else "",
            s["words"] or "",
        ]
        for s in p["steps"]
    ]
    key = p["proposal_id"]
    file = f"/files/{quote(key, safe='')}"
    return html.Section(
        [
            html.H2(words("proposal_title", span=span)),
            html.P(
                [
                    words(f"proposal_{p['state']}"),
                    " · ",
                    words("proposal_band", band=band(p["decided_band"] or p["band"], words)),
                ]
            ),
            html.P(words("proposal_due", at=fmt.moment(fmt.parsed(p["due_at"])))) if p["due_at"] else None,
            table(("at", "who", "what", "band", "words"), steps, words),
            *[form(key, action, words) for action in p["may"] if action != "see"],
            html.P([html.A("PDF", href=f"{file}/pdf"), " · ", html.A("XLSX", href=f"{file}/xlsx")]),
        ],
        className="paper",
    )


def form(key: str, action: str, words: Words) -> Any:
    """What is to be said, the band where one is decided, and the button."""
    label = words(f"say_{action}")
    choice = [
        dcc.Dropdown(
            id={"band": action, "id": key},
            options=[{"label": band(b, words), "value": b} for b in BANDS],
            placeholder=words("choose_band"),
            clearable=False,
            searchable=False,
        )
    ]
    return html.Div(
        [
            *(choice if action in WITH_BAND else [dcc.Input(id={"band": action, "id": key}, type="hidden", value="")]),
            html.Label(
                [label, dcc.Textarea(id={"words": action, "id": key}, maxLength=4000, style={"width": "100%"}, rows=4)]
            ),
            html.Button(words(f"do_{action}"), id={"do": action, "id": key}, n_clicks=0, type="button", className="button"),
        ],
        className="say",
    )


def points(row: Data, words: Words) -> list[Any]:
    """Points with their interval, or that there are too few answers."""
    if row["points"] is None:
        return [html.Span(words("attitude_few"), className="none")]
    low, high = (fmt.number(row[k], words.lang, 0) for k in ("points_low", "points_high"))
    return [[html.Strong(fmt.number(row["points"], words.lang, 1)), html.Span(f"{low} – {high}", className="interval")]]


def band(name: str, words: Words) -> str:
    """A band in words; a province's own band by its name."""
    return words(f"band_{name}") if name in BANDS else name


def last_day(until: str) -> date:
    """The last day of a period that ends before ``until``."""
    return date.fromisoformat(until) - timedelta(days=1)

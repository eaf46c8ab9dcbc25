"""Officers' faces: the mode of an office, HR and admin together, and the months that a mode lets its people see."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import quote

from dash import dcc, html

from motcua.dashboard import format as fmt
from motcua.dashboard.pages.asked import banner, number, percent, table
from motcua.dashboard.words import Words

Data = dict[str, Any]
MODES = ("off", "self", "aggregate", "evidence")


def overview(data: Data, words: Words) -> Any:
    """Each office with its mode; what is not off, or is about to change, first."""
    offices = sorted(data["offices"], key=lambda o: (o["mode"] == "off" and o["change"] is None, o["name"]))
    rows = [
        [
            dcc.Link(o["name"], href=f"/officer-faces/{quote(o['office_id'], safe='')}"),
            words(f"mode_{o['mode']}"),
            fmt.moment(fmt.parsed(o["valid_from"])) if o["valid_from"] else "",
            words(f"mode_{o['change']['mode']}") if o["change"] else "",
            words("boxes_disagree") if any(not b["agrees"] for b in o["boxes"]) else "",
        ]
        for o in offices
    ]
    return html.Div(
        [
            html.H1(words("officer_faces_title")),
            html.P(words("officer_faces_intro"), className="soft"),
            table(("office", "mode", "since", "asked", "boxes"), rows, words)
            if rows
            else html.P(words("attitude_nothing"), className="notice"),
        ]
    )


def office(data: Data, climate: Data | None, words: Words) -> Any:
    """One office: what holds, what is asked for, who may do what with it, and what held before."""
    back = dcc.Link(f"← {words('officer_faces_title')}", href="/officer-faces")
    notice = html.A(
        words("notice_link"), href=f"/notice/{quote(data['office_id'], safe='')}", target="_blank", rel="noopener"
    )
    parts: list[Any] = [
        html.Nav(back, **{"aria-label": words("officer_faces_title")}),
        html.H1(words("officer_faces_of", office=data["name"])),
        html.P(
            [html.Strong(words(f"mode_{data['mode']}")), " · ", words(f"mode_{data['mode']}_means")], className="headline"
        ),
    ]
    if data["valid_from"]:
        at = fmt.moment(fmt.parsed(data["valid_from"]))
        parts.append(html.P(words("mode_since", at=at, basis=data["legal_basis"]), className="soft"))
    parts.append(html.P(notice))
    wrong = [b for b in data["boxes"] if not b["agrees"]]
    parts += [
        html.P(words("box_off", box=b["source_id"]), className="notice")
        if b["officer_faces"] == "off"
        else html.P(
            words("box_disagrees", box=b["source_id"], mode=words(f"mode_{b['officer_faces']}")),
            className="notice",
            role="alert",
        )
        for b in wrong
    ]
    if climate is not None:
        parts += [html.H2(words("climate_title")), months(climate, words)]
    if data["change"]:
        parts.append(_change(data["change"], data["notice_planned"], words))
    if data["may_ask"]:
        parts.append(_ask(data, words))
    past = [
        [
            fmt.moment(fmt.parsed(h["valid_from"])),
            words(f"mode_{h['mode']}"),
            h["legal_basis"],
            f"{h['proposed_by']} + {h['confirmed_by']}",
        ]
        for h in data["history"]
    ]
    if past:
        parts += [html.H2(words("mode_history")), table(("since", "mode", "basis", "who"), past, words)]
    return html.Div(parts)


def beside(data: Data | None, words: Words) -> Any:
    """An officer's own months beside the rating; nothing where the mode does not allow it."""
    if data is None:
        return None
    return html.Section([html.H2(words("expression_title")), months(data, words)], className="paper")


def months(data: Data, words: Words) -> Any:
    """Months with their interval, and how far to trust them."""
    rows = [
        [
            f"{date.fromisoformat(m['month']):%m/%Y}",
            _valence(m, words),
            "" if m["n"] is None else number(m["n"], words),
            m["model"],
            _right(m, words),
        ]
        for m in data["months"]
    ]
    unreal = next((m["provenance"] for m in data["months"] if m["provenance"] in ("simulated", "replay")), None)
    return html.Div(
        [
            html.P(words("expression_note"), className="soft"),
            banner(unreal, words),
            table(("month", "valence", "services", "model", "right"), rows, words)
            if rows
            else html.P(words("expression_nothing"), className="notice"),
        ]
    )


def _valence(m: Data, words: Words) -> Any:
    if m["state"] != "ok":
        return html.Span(words(f"expression_{m['state']}"), className="none")
    value, low, high = (fmt.number(m[k], words.lang, 2) for k in ("valence", "low", "high"))
    return [html.Strong(value), html.Span(f"{low} – {high}", className="interval")]


def _right(m: Data, words: Words) -> str:
    if m["right_low"] is None:
        return words("no_data")
    return f"{percent(m['right_low'], words)} – {percent(m['right_high'], words)}"


def _change(change: Data, notice: str | None, words: Words) -> Any:
    asked = words(
        "change_asked",
        mode=words(f"mode_{change['mode']}"),
        who=change["proposed_by"],
        at=fmt.moment(fmt.parsed(change["proposed_at"])),
        until=fmt.moment(fmt.parsed(change["expires_at"])),
    )
    buttons = [
        html.Button(
            words(f"do_{action}"),
            id={"act": action, "id": change["change_id"]},
            n_clicks=0,
            type="button",
            className="button" if action == "confirm" else "worst",
        )
        for action in change["may"]
    ]
    return html.Section(
        [
            html.H2(words("change_title")),
            html.P(asked),
            html.P(words("change_basis", basis=change["legal_basis"])),
            html.P(words("change_deletes"), className="banner", role="note")
            if "confirm" in change["may"]
            else html.P(words("change_waits"), className="soft"),
            html.Details([html.Summary(words("notice_planned")), html.Div(notice, className="said paper")])
            if notice
            else None,
            html.Div(buttons, className="tools"),
        ],
        className="paper",
    )


def _ask(data: Data, words: Words) -> Any:
    key = data["office_id"]
    options = [{"label": words(f"mode_{m}"), "value": m} for m in MODES if m != data["mode"]]
    return html.Section(
        [
            html.H2(words("change_ask")),
            html.P(words("change_ask_note"), className="soft"),
            html.Ul([html.Li([html.Strong(words(f"mode_{m}")), ": ", words(f"mode_{m}_means")]) for m in MODES]),
            dcc.Dropdown(
                id={"field": "mode", "id": key},
                options=options,
                placeholder=words("mode_choose"),
                clearable=False,
                searchable=False,
            ),
            html.Div(
                html.Label(
                    [
                        words("field_basis"),
                        dcc.Textarea(id={"field": "legal_basis", "id": key}, maxLength=1000, rows=3, value=""),
                    ]
                ),
                className="fields",
            ),
            html.Button(words("do_ask"), id={"act": "ask", "id": key}, n_clicks=0, type="button", className="button"),
        ],
        className="paper",
    )

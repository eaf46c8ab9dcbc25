"""What citizens wrote, for HR: dated as finely as may be told, hidden with a reason."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from dash import dcc, html

from motcua.dashboard import format as fmt
from motcua.dashboard.pages.asked import banner
from motcua.dashboard.words import Words

Data = dict[str, Any]
SHOWN = 100


def page(data: Data, words: Words) -> Any:
    """An office's comments."""
    office_id, found = data["office_id"], data["comments"]
    back = dcc.Link(f"← {data['name']}", href=f"/ratings/{quote(office_id, safe='')}")
    unreal = next((c["provenance"] for c in found if c["provenance"] in ("simulated", "replay")), None)
    return html.Div(
        [
            html.Nav(back, **{"aria-label": data["name"]}),
            html.H1(words("comments_of", office=data["name"])),
            html.P(words("comments_note"), className="soft"),
            banner(unreal, words),
            html.P(words.count("comments_more", len(found) - SHOWN), className="notice") if len(found) > SHOWN else None,
            html.Div([_one(office_id, c, data["min_reason"], words) for c in found[:SHOWN]])
            if found
            else html.P(words("comments_nothing"), className="notice"),
        ]
    )


def when(comment: Data, words: Words) -> str:
    """The date as it may be told."""
    if comment["fineness"] == "none":
        return words("when_none")
    first = date.fromisoformat(comment["first"])
    last = date.fromisoformat(comment["until"]) - timedelta(days=1)
    if comment["fineness"] == "day":
        return fmt.day(first)
    if comment["fineness"] == "month":
        return words("when_month", month=f"{first:%m/%Y}")
    return words("when_week", first=fmt.day(first), last=fmt.day(last))


def _one(office_id: str, c: Data, least: int, words: Words) -> Any:
    hidden, key = c["hidden"], f"{office_id}/{c['key']}"
    action = "show" if hidden else "hide"
    text = (
        html.P(
            words(
                "comment_hidden", who=hidden["by"], day=fmt.day(date.fromisoformat(hidden["day"])), reason=hidden["reason"]
            ),
            className="none",
        )
        if hidden
        else html.P(c["comment"], className="said")
    )
    form = html.Details(
        [
            html.Summary(words(f"comment_{action}")),
            html.Div(
                [
                    html.Label(
                        [
                            words("comment_reason", n=least),
                            dcc.Input(id={"field": "reason", "id": key}, type="text", value="", maxLength=500),
                        ]
                    ),
                ],
                className="fields",
            ),
            html.Button(
                words(f"comment_{action}"), id={"act": action, "id": key}, n_clicks=0, type="button", className="worst"
            ),
        ]
    )
    return html.Article([html.P(when(c, words), className="soft small"), text, form], className="paper")

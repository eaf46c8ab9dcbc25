"""The live page of all offices, or of one unit: map and list in one view, worst first.

The frame alone is drawn here; assets/board.js fills it from ``/live/data`` and patches what changed.
"""

from __future__ import annotations

from typing import Any

from dash import html

from motcua.dashboard import spark
from motcua.dashboard.search import Column
from motcua.dashboard.words import Words

SHOWN: tuple[Column | str, ...] = ("office", "trend", "wait", "waiting", "counters", "age", "state", "provenance")
SORTED_BY_NONE = ("trend",)


def layout(words: Words, unit_id: str | None = None) -> Any:
    """The page before its first figures; ``key`` makes another unit another page."""
    return html.Div(
        [
            html.Nav(id="board-way", className="way", **{"aria-label": words("way")}),
            html.H1(words("live_title") if unit_id is None else words("loading"), id="board-title"),
            html.Div(html.P(words("loading"), className="notice"), id="board-notice"),
            html.Div(
                [
                    html.Div(id="board-banner"),
                    html.Div(id="board-summary", className="summary"),
                    html.Div(id="board-units", className="units"),
                    html.Div([_map_side(words), _list_side(words)], className="two"),
                ],
                id="board-body",
                className="empty",
            ),
        ],
        id="board",
        key=f"board-{unit_id or ''}",
        **{
            "data-unit": unit_id or "",
            "data-box": f"{spark.WIDTH} {spark.HEIGHT}",
            "data-target-y": f"{spark.TARGET_Y:g}",
            "data-not-real": words("banner_title"),
            "data-act-first": words("act_first"),
        },
    )


def _map_side(words: Words) -> Any:
    zoom = [
        html.Button(sign, type="button", title=words(key), **{"data-zoom": way, "aria-label": words(key)})
        for sign, way, key in (("+", "in", "zoom_in"), ("−", "out", "zoom_out"), ("⌂", "all", "zoom_all"))
    ]
    return html.Section(
        [
            html.Div(
                [html.Div(id="board-map", **{"data-label": words("map_label")}), html.Div(zoom, className="zoom")],
                className="map",
            ),
            html.Details(
                [
                    html.Summary(words("legend")),
                    html.Ul(id="board-legend", className="legend"),
                    html.P(id="board-scale", className="soft"),
                    html.P(words("map_note"), className="soft"),
                ],
                id="board-signs",
            ),
        ],
        className="map-side",
        **{"aria-label": words("map")},
    )


def _list_side(words: Words) -> Any:
    views = [
        html.Button(words(f"view_{view}"), type="button", **{"data-view": view, "aria-pressed": "false"})
        for view in ("table", "panels")
    ]
    # Its value is the script's: a component of Dash's would write it back.
    search = html.Div(
        [
            html.Label(words("search"), htmlFor="board-search"),
            html.Div(html.Div(id="board-search-place", **{"data-hint": words("search_hint")}), className="field"),
            html.Button(words("worst_first"), className="worst", type="button", **{"data-sort": "urgency"}),
            html.Div(views, className="views", role="group", **{"aria-label": words("view")}),
            html.Span(id="board-count", className="count", role="status"),
            html.Span(words("order_held"), id="board-held", className="count held", hidden=True),
        ],
        className="tools",
    )
    return html.Section(
        [
            search,
            _table(words),
            html.Ul(id="board-panels", className="panels", hidden=True),
            html.Button(id="board-more", className="worst more", type="button", hidden=True),
        ],
        className="list-side",
        **{"aria-label": words("list")},
    )


def _table(words: Words) -> Any:
    """The empty table. Explicit roles keep it a table for screen readers when a phone shows its rows as cards."""
    head = html.Thead(html.Tr([_column(name, words) for name in SHOWN], role="row"), role="rowgroup")
    body = html.Tbody(
        id="board-rows", role="rowgroup", **{f"data-{name}": words(f"col_{name}") for name in SHOWN if name != "office"}
    )
    caption = html.Caption(words("live_title"), className="quiet")
    return html.Div(
        html.Table([caption, head, body], className="offices", role="table"), className="scroll", id="board-table"
    )


def _column(name: str, words: Words) -> Any:
    """A column's name; those that sort are buttons, ``aria-sort`` says which one does."""
    said = words(f"col_{name}")
    if name in SORTED_BY_NONE:
        return html.Th(said, scope="col", role="columnheader", className=name)
    arrow = html.Span(className="arrow", **{"aria-hidden": "true"})
    button = html.Button([said, arrow], type="button", title=words("sort_by", column=said.lower()), **{"data-sort": name})
    more = []
    if name == "wait":
        sign = html.Summary("?", title=words("what_is_it"), **{"aria-label": words("what_is_it")})
        more = [html.Details([sign, html.Span(id="board-meaning", className="def-text")], className="def")]
    return html.Th([button, *more], scope="col", role="columnheader", className=name, **{"aria-sort": "none"})

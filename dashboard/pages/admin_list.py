"""The overview and the lists of the administration. Pure: answers become components."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from motcua.dashboard import format as fmt
from motcua.dashboard.pages import admin_paths as paths
from motcua.dashboard.pages.admin_parts import Data, button, choice, crumbs, shown, table
from motcua.dashboard.pages.admin_parts import label as label_of
from motcua.dashboard.words import Words

PAGE = 50
COLUMNS = {
    "offices": ("office_id", "name", "level", "parent_id", "phone", "valid_to"),
    "counters": ("counter_id", "office_id", "name", "lanes", "valid_to"),
    "hours": ("office_id", "mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    "holidays": ("day", "office_id", "name", "opens", "closes"),
    "access": ("office_id", "wheelchair", "priority_lane", "appointment_lane"),
    "procedures": ("procedure_id", "name", "field", "offices", "valid_to"),
    "taken": ("office_id", "procedures"),
}


def overview(data: Data, words: Words) -> Any:
    """What there is to administer, with counts."""
    counts = {k["kind"]: k for k in data["kinds"]}
    cards = [_card(k, counts.get(k), words) for k in (*paths.RECORDS, *paths.OTHERS)]
    return html.Div(
        [
            html.H1(words("admin_title")),
            html.P(
                words("admin_scope_unit", office_id=data["office_id"]) if data["office_id"] else words("admin_scope_all"),
                className="soft",
            ),
            html.Ul(cards, className="doors"),
        ]
    )


def _card(kind: str, counts: Data | None, words: Words) -> Any:
    figure = ""
    if counts is not None:
        figure = words.count("admin_n_records", counts["active"])
        if counts["retired"]:
            figure += " · " + words("admin_n_retired", n=fmt.number(counts["retired"], words.lang))
    return html.Li(
        [
            dcc.Link(words(f"admin_k_{kind}"), href=f"/admin/{kind}"),
            html.Span(words(f"admin_about_{kind}"), className="soft"),
            html.Span(figure, className="small"),
        ]
    )


def frame(data: Data, notice: Any, words: Words) -> Any:
    """A list before its rows: search, state, what may be done."""
    kind = data["kind"]
    name = kind["kind"]
    actions: list[Any] = []
    if kind["may_add"]:
        actions.append(dcc.Link(words("admin_add"), href=f"/admin/{name}/new", className="button"))
    if kind["may_edit"]:
        actions.append(dcc.Link(words("admin_import"), href=f"/admin/{name}/import", className="button second"))
    actions.append(html.A("CSV", href=f"/admin-files/{name}.csv", className="button second", download=f"{name}.csv"))
    if name == "offices":
        actions.append(
            html.A("GeoJSON", href=f"/admin-files/{name}.geojson", className="button second", download=f"{name}.geojson")
        )
    states = [(s, words(f"admin_state_{s}")) for s in ("active", "retired", "all")]
    tools = [
        html.Label(
            [
                html.Span(words("admin_search"), className="name"),
                dcc.Input(
                    id={"admin-filter": "q"}, type="search", value="", debounce=0.3, maxLength=100, autoComplete="off"
                ),
            ]
        )
    ]
    if kind["retire"] == "day":
        state = html.Span(words("admin_state"), className="name")
        tools.append(choice({"admin-filter": "state"}, "active", states, [state]))
    return html.Div(
        [
            crumbs(words),
            html.H1(words(f"admin_k_{name}")),
            notice,
            html.P(words(f"admin_about_{name}"), className="soft"),
            html.Div(actions, className="buttons"),
            html.Div(tools, className="tools"),
            html.Div(rows(data, 0, words), id={"admin-rows": name}),
        ]
    )


def rows(data: Data, offset: int, words: Words) -> Any:
    """One page of a list."""
    kind, total = data["kind"]["kind"], data["total"]
    if not total:
        return html.P(words("admin_nothing"), className="notice", role="status")
    columns = COLUMNS[kind]
    lines = []
    for row in data["rows"]:
        name = data["names"].get(row["values"].get("office_id")) if kind != "offices" else None
        first = shown(columns[0], row["values"].get(columns[0]), words)
        if name and columns[0] == "office_id":
            first = f"{name} ({first})"
        link = dcc.Link(first, href=paths.edit(kind, row["key"]))
        cells = [
            f"{name} ({row['values'][c]})" if name and c == "office_id" else _brief(c, row["values"].get(c), words)
            for c in columns[1:]
        ]
        lines.append([[link, *([" ", html.Span(words("admin_ended"), className="tag")] if row["retired"] else [])], *cells])
    last = offset + len(data["rows"])
    count = words(
        "admin_rows",
        first=fmt.number(offset + 1, words.lang),
        last=fmt.number(last, words.lang),
        n=fmt.number(total, words.lang),
    )
    turns = []
    if offset:
        turns.append(button("turn", words("admin_before"), plain=True, key=str(max(0, offset - PAGE))))
    if last < total:
        turns.append(button("turn", words("admin_after"), plain=True, key=str(last)))
    return html.Div(
        [
            html.P(count, className="soft small", role="status"),
            table([label_of(c, words) for c in columns], lines, words(f"admin_k_{kind}")),
            html.Div(turns, className="buttons") if turns else None,
        ]
    )


def _brief(column: str, value: Any, words: Words) -> Any:
    if column in ("offices", "procedures") and value:
        return words.count("admin_n_ids", len(str(value).split()))
    return html.Span(shown(column, value, words), className="none" if value is None else "")

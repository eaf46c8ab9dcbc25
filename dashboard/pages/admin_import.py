"""A file of records: chosen, shown as changes, then written. Pure: answers become components."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from uuid import uuid4

from dash import dcc, html

from motcua.dashboard import format as fmt
from motcua.dashboard.pages.admin_parts import Data, alert, button, choice, crumbs, label, problems, shown, table
from motcua.dashboard.words import Words

MOST_BYTES = 5_000_000


def page(kind: str, words: Words) -> Any:
    """Where a file is chosen."""
    retire = kind in ("offices", "counters", "procedures")
    kinds = ".csv,.geojson,.json" if kind == "offices" else ".csv"
    upload = dcc.Upload(
        html.Span(words("admin_choose"), className="button"),
        id={"admin-upload": kind},
        accept=kinds,
        max_size=MOST_BYTES,
        multiple=False,
        disable_click=True,  # the label opens it, once
        className="upload",
    )
    options = [("keep", words("admin_missing_keep")), ("retire", words("admin_missing_retire"))]
    missing = choice({"admin-missing": kind}, "keep", options, [html.Span(words("admin_missing"), className="name")])
    return html.Div(
        [
            crumbs(words, (f"/admin/{kind}", words(f"admin_k_{kind}"))),
            html.H1(words("admin_import_title", kind=words(f"admin_k_{kind}").lower())),
            html.P(words("admin_import_help" if kind != "offices" else "admin_import_help_offices"), className="soft"),
            html.Div(missing if retire else None, className="fields"),
            html.Label([html.Span(words("admin_file"), className="quiet"), upload]),
            html.Div(id={"admin-preview": kind}, **{"aria-live": "polite"}),
        ],
        key=uuid4().hex,
    )


def content(uploaded: str | None) -> bytes | None:
    """The bytes of what a browser uploaded (a data address); None where there are none."""
    try:
        return base64.b64decode((uploaded or "").partition(",")[2], validate=True)
    except (ValueError, binascii.Error):
        return None


def preview(data: Data, name: str, words: Words) -> Any:
    """What the file would change, and the button that writes it."""
    n = {k: fmt.number(data[k], words.lang) for k in ("new", "changed", "retired", "unchanged", "errors")}
    if data["errors"]:
        return html.Div(
            [
                alert(html.Strong(words.count("admin_file_wrong", data["errors"], name=name))),
                problems(data["problems"], words),
                _more(data["errors"], len(data["problems"]), words),
            ]
        )
    sums = html.Dl(
        [html.Div([html.Dt(words(f"admin_p_{k}")), html.Dd(n[k])]) for k in ("new", "changed", "retired", "unchanged")],
        className="sums",
    )
    count = data["new"] + data["changed"] + data["retired"]
    if not count:
        return html.Div([html.H2(name), sums, html.P(words("admin_file_same"), className="notice", role="status")])
    parts: list[Any] = [html.H2(words("admin_preview", name=name)), sums]
    if data["changed_records"]:
        parts += [html.H3(words("admin_p_changed")), _changes(data["changed_records"], words)]
        parts.append(_more(data["changed"], len(data["changed_records"]), words))
    if data["retired_records"]:
        parts += [html.H3(words("admin_p_retired")), _changes(data["retired_records"], words)]
        parts.append(_more(data["retired"], len(data["retired_records"]), words))
    if data["new_records"]:
        parts += [html.H3(words("admin_p_new")), _new(data["new_records"], words)]
        parts.append(_more(data["new"], len(data["new_records"]), words))
    return html.Div(
        [
            *parts[:2],
            html.P(words("admin_nothing_yet"), className="notice"),
            html.Div([button("apply", words.count("admin_apply", count), key=data["token"])], className="buttons"),
            *parts[2:],
        ]
    )


def _changes(records: list[Data], words: Words) -> Any:
    rows = []
    for record in records:
        for i, f in enumerate(record["fields"]):
            key = record["key"].replace("~", " · ") if i == 0 else html.Span(record["key"], className="quiet")
            old, new = (shown(f["field"], f[side], words) for side in ("old", "new"))
            before = words("dash") if f["old"] is None else html.Del(old)
            rows.append([key, label(f["field"], words), before, html.Ins(new)])
    head = [words("admin_record"), words("admin_field"), words("admin_old"), words("admin_fresh")]
    return table(head, rows, words("admin_p_changed"))


def _new(records: list[Data], words: Words) -> Any:
    rows = [
        [
            r["key"].replace("~", " · "),
            " · ".join(f"{label(k, words)}: {shown(k, v, words)}" for k, v in r["values"].items() if v is not None),
        ]
        for r in records
    ]
    return table([words("admin_record"), words("admin_fresh")], rows, words("admin_p_new"))


def _more(total: int, seen: int, words: Words) -> Any:
    return html.P(words("admin_more", n=fmt.number(total - seen, words.lang)), className="soft") if total > seen else None

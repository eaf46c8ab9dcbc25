"""Pieces of the administration's pages: labels, values, errors in words. Pure: answers become components."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

from dash import dcc, html

from motcua.dashboard import format as fmt
from motcua.dashboard.words import Words

Data = dict[str, Any]
Option = tuple[str, str]
_DATE = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")


def crumbs(words: Words, *steps: tuple[str, str]) -> Any:
    """The way back, from the administration down."""
    links: list[Any] = []
    for href, text in (("/admin", words("admin_title")), *steps):
        links += [" › " if links else "", dcc.Link(text, href=href)]
    return html.Nav(links, **{"aria-label": words("admin_way")})


def label(field: str, words: Words) -> str:
    """A field's name in words; a foreign column's name stays as it is."""
    key = f"admin_f_{field}"
    return words(key) if key in words.texts else field


def shown(field: str, value: Any, words: Words) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return words("dash")
    if isinstance(value, bool):
        return words("admin_yes" if value else "admin_no")
    if isinstance(value, float | int):
        return repr(value)
    text = str(value)
    if field == "office_id" and text == "*":
        return words("admin_every_office")
    if f"admin_c_{text}" in words.texts and field in ("level", "coordinate_quality", "role", "kind", "state"):
        return words(f"admin_c_{text}")
    return day_shown(text) if field in ("valid_from", "valid_to", "day") else text


def day_shown(text: str) -> str:
    """``2026-03-02`` as ``02/03/2026``; what is no day stays."""
    try:
        return fmt.day(date.fromisoformat(text))
    except ValueError:
        return text


def day_sent(text: str) -> str:
    """``2/3/2026`` as ``2026-03-02``; what is no day stays, and the API says so."""
    found = _DATE.fullmatch(text.strip())
    return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}" if found else text.strip()


def fault(problem: Data, words: Words) -> str:
    """An error in words; the API's own where these pages have none for it."""
    key = f"admin_e_{problem['code']}"
    if key not in words.texts:
        return str(problem["message"])
    return words(key, value=problem["value"] if problem["value"] is not None else words("dash"))


def where(problem: Data, words: Words) -> str:
    """``dòng 4``, ``đối tượng 2``, or the whole file."""
    name, _, number = str(problem["where"]).partition(" ")
    return words(f"admin_w_{name}", n=number) if f"admin_w_{name}" in words.texts else str(problem["where"])


def problems(found: list[Data], words: Words) -> Any:
    """Every error with its place, as a table."""
    rows = [[where(p, words), label(p["field"], words) if p["field"] else words("dash"), fault(p, words)] for p in found]
    return table([words("admin_where"), words("admin_field"), words("admin_fault")], rows)


def table(head: list[str], rows: list[list[Any]], caption: str = "") -> Any:
    """A table whose rows are cards on a phone; explicit roles keep it a table for screen readers there too."""
    parts: list[Any] = [html.Caption(caption, className="quiet")] if caption else []
    names = html.Tr([html.Th(h, scope="col", role="columnheader") for h in head], role="row")
    parts.append(html.Thead(names, role="rowgroup"))
    lines = [
        html.Tr(
            [
                html.Th(row[0], scope="row", role="rowheader"),
                *[html.Td(c, role="cell", **{"data-name": h}) for h, c in zip(head[1:], row[1:], strict=True)],
            ],
            role="row",
        )
        for row in rows
    ]
    parts.append(html.Tbody(lines, role="rowgroup"))
    return html.Div(html.Table(parts, className="simple", role="table"), className="scroll")


def said(search: str | None, words: Words) -> Any:
    """What was just done, as the address says; None where it says nothing that these pages know."""
    found = re.search(r"[?&]said=(\w+)", search or "")
    key = f"admin_said_{found[1]}" if found else ""
    return html.P(words(key), className="notice done", role="status") if key in words.texts else None


def alert(*children: Any) -> Any:
    """A notice that screen readers say at once."""
    return html.Div(list(children), className="notice", role="alert")


def button(do: str, text: str, *, plain: bool = False, key: str = "") -> Any:
    """A button that does something."""
    return html.Button(
        text, id={"admin-do": do, "key": key}, n_clicks=0, type="button", className="button second" if plain else "button"
    )


def choice(key: dict[str, str], value: str, options: list[Option], title: list[Any], *, debounce: bool = False) -> Any:
    """A choice: assets/admin.js puts a native select before the input and writes into it."""
    box = dcc.Input(id=key, type="text", value=value, debounce=debounce)
    return html.Label([*title, box], **{"data-options": json.dumps(options, ensure_ascii=False)})

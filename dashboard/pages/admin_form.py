"""The form of one record, drawn from the fields that the API names. Pure."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from dash import dcc, html

from motcua.dashboard.pages import admin_paths as paths
from motcua.dashboard.pages.admin_parts import (
    Data,
    Option,
    alert,
    button,
    choice,
    crumbs,
    day_sent,
    day_shown,
    fault,
    label,
    shown,
)
from motcua.dashboard.words import Words

UNKNOWN = "unknown"
"""The choice that says that something is not known."""


def form(
    data: Data,
    offices: list[Option],
    words: Words,
    *,
    typed: dict[str, Any] | None = None,
    problems: list[Data] | None = None,
    notice: Any = None,
) -> Any:
    """A record to change, or an empty one. ``typed``: what was typed and not taken, with its ``problems``."""
    kind, record = data["kind"]["kind"], data["record"]
    values = typed if typed is not None else (record["values"] if record else {})
    faults: dict[str | None, list[str]] = {}
    for problem in problems or []:
        faults.setdefault(problem["field"], []).append(fault(problem, words))
    may = data["kind"]["may_edit"]
    fields = [
        drawn(f, values.get(f["name"]), faults.get(f["name"], []), words, fixed=bool(record) and f["key"], may=may)
        for f in data["fields"]
    ]
    return html.Div(
        [
            crumbs(words, (f"/admin/{kind}", words(f"admin_k_{kind}"))),
            html.H1(words("admin_new") if record is None else _title(record, dict(offices), words)),
            notice,
            summary(problems or [], words),
            html.P(words("admin_retired_note"), className="banner") if record and record["retired"] else None,
            html.P(words(f"admin_help_{kind}"), className="soft"),
            dcc.Store(id={"admin-kept": "version"}, data=record["version"] if record else None),
            html.Div(fields, className="fields", key=uuid4().hex),  # drawn anew, never mended: its selects are not React's
            datalist(offices),
            html.Div(_buttons(data, words), className="buttons")
            if may
            else html.P(words("admin_read_only"), className="notice"),
        ]
    )


def _title(record: Data, offices: dict[str, str], words: Words) -> list[Any]:
    """A record's name, or that of its office, with its key beside."""
    values = record["values"]
    name = values.get("name") or offices.get(str(values.get("office_id"))) or ""
    key = record["key"].replace("~", " · ").replace("*", words("admin_every_office"))
    return [name, " ", html.Span(key, className="soft small")] if name else [key]


def sent(fields: list[Data], typed: dict[str, Any]) -> Data:
    """What a form holds, as the API takes it."""
    out: Data = {}
    for field in fields:
        value = typed.get(field["name"])
        if value == UNKNOWN or value is None or (isinstance(value, str) and not value.strip()):
            out[field["name"]] = None
        elif field["type"] == "yesno":
            out[field["name"]] = value == "yes"
        elif field["type"] == "day":
            out[field["name"]] = day_sent(str(value))
        else:
            out[field["name"]] = value
    return out


def summary(problems: list[Data], words: Words) -> Any:
    """Every fault at the top of a form, said at once."""
    if not problems:
        return None
    lines = [html.Li(f"{label(p['field'], words)}: {fault(p, words)}" if p["field"] else fault(p, words)) for p in problems]
    return alert(html.Strong(words.count("admin_not_saved", len(problems))), html.Ul(lines))


def drawn(field: Data, value: Any, faults: list[str], words: Words, *, fixed: bool = False, may: bool = True) -> Any:
    """One field with its label, hint and faults; ``fixed``: shown, not changed."""
    name = label(field["name"], words)
    if fixed or not may:
        text = shown(field["name"], value, words)
        hidden = dcc.Input(id={"admin-field": field["name"]}, type="hidden", value=value if isinstance(value, str) else "")
        return html.Div([html.Span(name, className="name"), html.Span(text, className="fixed"), hidden], className="field")
    head: list[Any] = [name]
    if field["required"]:
        head += [" ", html.Span(words("admin_required"), className="need")]
    title: list[Any] = [html.Span(head, className="name")]
    told = [html.Span(text, className="fault") for text in faults]
    hint = words.texts.get(f"admin_h_{field['name']}") or words.texts.get(f"admin_h_{field['type']}")
    if hint:
        title.append(html.Span(hint, className="hint"))
    title += told
    wide = " wide" if field["type"] in ("ids", "offices") else ""
    inner = (
        choice({"admin-field": field["name"]}, *_choices(field, value, words), title)
        if field["type"] in ("choice", "yesno")
        else html.Label([*title, _input(field, value)])
    )
    return html.Div(inner, className=f"field{wide}{' wrong' if faults else ''}")


def _input(field: Data, value: Any) -> Any:
    key = {"admin-field": field["name"]}
    text = "" if value is None else (repr(value) if isinstance(value, float) else str(value))
    if field["type"] in ("ids", "offices") and field["most"] > 300:
        return dcc.Textarea(id=key, value=text, maxLength=field["most"], rows=3)
    if field["type"] == "day":
        text = day_shown(text)
    more: dict[str, Any] = {"list": "admin-offices"} if field["type"] == "office" else {}
    if field["type"] == "number":
        more = {"inputMode": "decimal"}
    if field["name"] == "phone":
        more = {"inputMode": "tel"}
    return dcc.Input(id=key, type="text", value=text, maxLength=field["most"], autoComplete="off", **more)


def _choices(field: Data, value: Any, words: Words) -> tuple[str, list[Option]]:
    """What is chosen, and what there is to choose."""
    names = ["yes", "no"] if field["type"] == "yesno" else field["choices"]
    prefix = "admin_" if field["type"] == "yesno" else "admin_c_"
    options = [(n, words(f"{prefix}{n}")) for n in names]
    if not field["required"]:
        options.append((UNKNOWN, words("admin_unknown")))
    nothing = "" if field["required"] else UNKNOWN
    return {True: "yes", False: "no", None: nothing}.get(value, str(value)), options


def datalist(offices: list[Option]) -> Any:
    """The offices that a field of an office offers."""
    return html.Datalist([html.Option(name, value=key) for key, name in offices], id="admin-offices")


def _buttons(data: Data, words: Words) -> list[Any]:
    record, kind = data["record"], data["kind"]
    made = [button("save", words("admin_save"))]
    if record and kind["retire"] == "day":
        back = record["retired"]
        made.append(button("restore" if back else "retire", words("admin_restore" if back else "admin_retire"), plain=True))
    if record and kind["retire"] == "remove":
        made.append(button("retire", words("admin_remove"), plain=True))
    made.append(dcc.Link(words("admin_cancel"), href=f"/admin/{kind['kind']}"))
    return made


def conflict(kind: str, key: str, words: Words, *, new: bool) -> Any:
    """Somebody was sooner: nothing was overwritten."""
    if new:
        return alert(words("admin_exists"), " ", html.A(words("admin_open_it"), href=paths.edit(kind, key)))
    return alert(words("admin_conflict"), " ", html.A(words("admin_reload"), href=paths.edit(kind, key)))

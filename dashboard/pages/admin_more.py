"""Accounts, devices, cameras, targets and the audit log: their pages, and what their buttons do."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from dash import dcc, html

from motcua.dashboard import client
from motcua.dashboard import format as fmt
from motcua.dashboard.context import session
from motcua.dashboard.pages import admin_form
from motcua.dashboard.pages import admin_paths as paths
from motcua.dashboard.pages.admin_parts import (
    Data,
    Option,
    alert,
    button,
    crumbs,
    day_sent,
    day_shown,
    fault,
    label,
    shown,
    table,
)
from motcua.dashboard.words import Words

LOG_PAGE = 50
ROLES = ("supervisor", "hr", "officer", "analyst", "admin")
DEVICE_KINDS = ("camera_box", "kiosk", "feed", "ingestor")
METRICS = ("wait_mean_s", "handling_mean_s", "satisfaction_share", "files_per_person_year", "remote")
SCOPES = ("everybody", "province", "district", "commune", "remote")
COLUMNS = {
    "users": ("username", "role", "office_id", "state", "created_at"),
    "devices": ("device_id", "kind", "office_id", "source_id", "state", "note"),
    "cameras": ("source_id", "office_id", "state", "last_at", "provenance", "device_id", "detail"),
    "targets": ("metric", "scope", "valid_from", "value", "plan_until", "source", "set_by"),
}
STATES = ("online", "degraded", "stopping", "offline", "unknown")


def _f(name: str, type: str = "text", *, required: bool = False, most: int = 64, choices: tuple[str, ...] = ()) -> Data:
    return {"name": name, "type": type, "required": required, "most": most, "choices": list(choices), "key": False}


FIELDS: dict[str, list[Data]] = {
    "users": [_f("username", required=True), _f("role", "choice", required=True, choices=ROLES), _f("office_id", "office")],
    "devices": [
        _f("device_id", "id", required=True),
        _f("kind", "choice", required=True, choices=DEVICE_KINDS),
        _f("office_id", "office"),
        _f("source_id", "id"),
        _f("note", most=300),
    ],
    "targets": [
        _f("metric", "choice", required=True, choices=METRICS),
        _f("scope", "choice", required=True, choices=SCOPES),
        _f("office_id", "office"),
        _f("valid_from", "day", required=True, most=10),
        _f("value", "number", most=20),
        _f("source", required=True, most=300),
    ],
}


async def listed(api: client.Api, place: paths.Place, notice: Any, words: Words) -> Any:
    """The page of all accounts, devices, sources or targets, or of the log."""
    kind = place.kind
    head = [
        crumbs(words),
        html.H1(words(f"admin_k_{kind}")),
        notice,
        html.P(words(f"admin_about_{kind}"), className="soft"),
    ]
    if kind == "audit":
        first = await log(api, {}, 0, words)
        return html.Div([*head, _log_tools(words), html.Div(first, id={"admin-rows": "audit"})])
    address = "/api/v1/targets" if kind == "targets" else f"{paths.API}/{kind}"
    data = await api.data(session(), address)
    found = data["sources" if kind == "cameras" else kind]
    adds = html.Div(dcc.Link(words("admin_add"), href=f"/admin/{kind}/new", className="button"), className="buttons")
    rows = [_row(kind, r, words) for r in (reversed(found) if kind == "targets" else found)]
    body = (
        table([label(c, words) for c in COLUMNS[kind]], rows, words(f"admin_k_{kind}"))
        if rows
        else html.P(words("admin_nothing"), className="notice", role="status")
    )
    note = html.P(words(f"admin_help_{kind}"), className="soft small")
    return html.Div([*head, adds if kind in FIELDS else None, note, body])


def _row(kind: str, row: Data, words: Words) -> list[Any]:
    return [_cell(kind, column, row, words) for column in COLUMNS[kind]]


def _cell(kind: str, column: str, row: Data, words: Words) -> Any:
    value = row.get(column)
    if column == COLUMNS[kind][0] and kind in ("users", "devices"):
        return dcc.Link(str(value), href=paths.edit(kind, str(value)))
    match kind, column:
        case "users", "state":
            return words("admin_locked" if row["disabled"] else "admin_active")
        case "users" | "devices", "office_id":
            return words("admin_every_office") if value is None else str(value)
        case "devices", "state":
            return words("admin_revoked" if row["revoked_at"] else "admin_live")
        case "cameras", "state":
            if row["blind"]:
                return words("mark_blind")
            return words(f"status_{row['status'] if row['status'] in STATES else 'unknown'}")
        case "cameras", "provenance":
            return html.Span(words(f"provenance_{value}") if value else words("dash"), className="" if value else "none")
        case "cameras", "device_id":
            found = row["registered"]
            return dcc.Link(found, href=paths.edit("devices", found)) if found else words("admin_unregistered")
        case "targets", "metric":
            return words(f"admin_c_{value}")
        case "targets", "scope":
            return words("admin_every_office") if value == "*" else shown("level", str(value).removeprefix("office:"), words)
        case "targets", "value":
            return _target(row, words)
        case _, "created_at" | "last_at":
            return words("dash") if value is None else fmt.moment(fmt.parsed(str(value)))
        case _, "plan_until" | "valid_from":
            return words("dash") if value is None else day_shown(str(value))
    return html.Span(shown(column, value, words), className="none" if value in (None, "") else "")


def _target(row: Data, words: Words) -> str:
    value = row["value"]
    if value is None:
        return words("admin_no_target")
    if row["metric"].endswith("_s"):
        return fmt.minutes(value, words)
    if row["metric"].endswith("_share"):
        return fmt.percent(value, words.lang)
    return words("admin_yes" if value else "admin_no") if row["metric"] == "remote" else fmt.number(value, words.lang)


async def form(
    api: client.Api,
    place: paths.Place,
    offices: list[Option],
    words: Words,
    *,
    typed: Data | None = None,
    problems: list[Data] | None = None,
    notice: Any = None,
) -> Any:
    """A new account, device or target, or one that is there. Raises NotFound."""
    kind, row = place.kind, None
    if place.view == "edit":
        found = (await api.data(session(), f"{paths.API}/{kind}"))[kind]
        row = next((r for r in found if r[COLUMNS[kind][0]] == place.key), None)
        if row is None:
            raise client.NotFound(place.key)
    faults: dict[str | None, list[str]] = {}
    for problem in problems or []:
        faults.setdefault(problem["field"], []).append(fault(problem, words))
    fields = [
        *FIELDS[kind],
        *([_f("state", "choice", required=True, choices=("active", "locked"))] if row and kind == "users" else []),
    ]
    values = typed if typed is not None else dict(row or {})
    if row and kind == "users" and typed is None:
        values["state"] = "locked" if row["disabled"] else "active"
    fixed = kind == "devices" and row is not None
    lines = [
        admin_form.drawn(
            f,
            values.get(f["name"]),
            faults.get(f["name"], []),
            words,
            fixed=fixed or (row is not None and f["name"] == "username"),
            may=not (row and row.get("own")),
        )
        for f in fields
    ]
    actions = _actions(kind, row, words)
    return html.Div(
        [
            crumbs(words, (f"/admin/{kind}", words(f"admin_k_{kind}"))),
            html.H1(place.key if row else words("admin_new")),
            notice,
            admin_form.summary(problems or [], words),
            html.P(words("admin_own_account"), className="notice") if row and row.get("own") else None,
            html.P(words("admin_revoked_note"), className="banner") if row and row.get("revoked_at") else None,
            html.P(words(f"admin_help_{kind}"), className="soft"),
            dcc.Store(id={"admin-kept": "version"}, data=row["version"] if row else None),
            html.Div(lines, className="fields", key=uuid4().hex),
            admin_form.datalist(offices),
            html.Div([*actions, dcc.Link(words("admin_cancel"), href=f"/admin/{kind}")], className="buttons"),
        ]
    )


def _actions(kind: str, row: Data | None, words: Words) -> list[Any]:
    if row is None:
        return [button("save", words("admin_save"))]
    if kind == "users":
        if row["own"]:
            return []
        return [button("save", words("admin_save")), button("password", words("admin_password"), plain=True)]
    if row["revoked_at"]:
        return []
    return [button("rotate", words("admin_rotate"), plain=True), button("revoke", words("admin_revoke"), plain=True)]


async def changed(
    api: client.Api,
    place: paths.Place,
    do: str,
    typed: Data,
    version: str | None,
    offices: list[Option],
    words: Words,
) -> Any:
    """What a button of these pages does; the page after it. A secret is shown this once."""
    values = admin_form.sent(FIELDS.get(place.kind, []), typed)
    kept = {**values, "state": typed.get("state")}
    try:
        answer = await _sent(api, place, do, values, typed, version)
    except client.Invalid as error:
        return await form(api, place, offices, words, typed=kept, problems=error.problems)
    except client.Refused:
        key = str(values.get(COLUMNS[place.kind][0]) or place.key)
        notice = admin_form.conflict(place.kind, key, words, new=place.view == "new")
        return await form(api, place, offices, words, typed=kept, notice=notice)
    except client.NotFound:
        if place.view != "new":
            raise
        problem = {"where": "form", "field": None, "code": "target", "message": "", "value": None}
        return await form(api, place, offices, words, typed=kept, problems=[problem])
    if place.kind == "targets":
        return await listed(api, paths.Place("list", "targets"), _done("added", words), words)
    if place.view == "new":
        return _made(place.kind, answer, words)
    now = paths.Place("edit", place.kind, place.key)
    if isinstance(answer, dict) and "secret" in answer:
        return await form(api, now, offices, words, notice=_secret(place.kind, answer, words))
    return await form(api, now, offices, words, notice=_done("changed", words))


async def _sent(api: client.Api, place: paths.Place, do: str, values: Data, typed: Data, version: str | None) -> Any:
    """The call behind a button."""
    kind, one = place.kind, f"{paths.API}/{place.kind}/{quote(place.key, safe='')}"
    if kind == "targets":
        return await api.call(session(), "POST", "/api/v1/targets", _new_target(values))
    if place.view == "new":
        body = {k: v for k, v in values.items() if v is not None}
        for f in FIELDS[kind]:
            if f["required"] and f["name"] not in body:
                raise client.Invalid(
                    "", [{"where": "form", "field": f["name"], "code": "missing", "message": "", "value": None}]
                )
        return await api.call(session(), "POST", f"{paths.API}/{kind}", body)
    if do == "save":
        body = {"version": version, "role": values["role"], "office_id": values["office_id"]}
        return await api.call(session(), "PUT", one, {**body, "disabled": typed.get("state") == "locked"})
    if do in ("password", "rotate", "revoke"):
        return await api.call(session(), "POST", f"{one}/{do}", {"version": version})
    raise client.NotFound(do)


def _new_target(values: Data) -> Data:
    """A target as the API takes it. Raises Invalid for what is no number."""
    text = str(values["value"] or "").strip().replace(",", ".")
    try:
        value = float(text) if text else None
    except ValueError:
        problem = {"where": "form", "field": "value", "code": "number", "message": "", "value": text[:60]}
        raise client.Invalid("", [problem]) from None
    scope = f"office:{values['office_id']}" if values["office_id"] else str(values["scope"]).replace("everybody", "*")
    return {k: values[k] for k in ("metric", "valid_from", "source")} | {"scope": scope, "value": value}


def _done(what: str, words: Words) -> Any:
    return html.P(words(f"admin_said_{what}"), className="notice done", role="status")


def _secret(kind: str, answer: Data, words: Words) -> Any:
    return html.Div(
        [
            html.P(html.Strong(words(f"admin_secret_{kind}", name=answer["name"]))),
            html.P(answer["secret"], className="secret"),
            html.P(words("admin_secret_once"), className="small"),
        ],
        className="notice done",
        role="status",
    )


def _made(kind: str, answer: Data, words: Words) -> Any:
    """What was just added, with its secret and the way on."""
    links = [
        dcc.Link(words("admin_open_it"), href=paths.edit(kind, answer["name"])),
        dcc.Link(words("admin_cancel"), href=f"/admin/{kind}"),
    ]
    return html.Div(
        [
            crumbs(words, (f"/admin/{kind}", words(f"admin_k_{kind}"))),
            html.H1(answer["name"]),
            _done("added", words),
            _secret(kind, answer, words),
            html.Div(links, className="buttons"),
        ]
    )


def _log_tools(words: Words) -> Any:
    def box(name: str, hint: str = "") -> Any:
        field = dcc.Input(
            id={"admin-filter": name},
            type="text",
            value="",
            debounce=0.4,
            maxLength=100,
            placeholder=hint,
            autoComplete="off",
        )
        return html.Label([html.Span(words(f"admin_log_{name}"), className="name"), field])

    day = "31/12/2026"
    boxes = [box("user"), box("action", "offices.change"), box("text"), box("since", day), box("until", day)]
    return html.Div(boxes, className="tools log")


async def log(api: client.Api, asked: dict[str, Any], before: int, words: Words) -> Any:
    """The lines of the log that match, whether it is whole, and the way to the older ones."""
    filters = {k: day_sent(v) if k in ("since", "until") else v for k, v in asked.items() if k in paths.LOG_FILTERS and v}
    query = urlencode({**filters, "limit": LOG_PAGE, **({"before": before} if before else {})})
    try:
        data = await api.data(session(), f"{paths.API}/audit?{query}")
    except client.NotFound:
        return alert(words("admin_log_odd"))
    rows = [
        [
            fmt.moment(fmt.parsed(r["at"])),
            r["username"] or words("admin_nobody"),
            r["action"],
            html.Span(_detail(r["detail"]), className="detail"),
            fmt.number(r["number"], words.lang),
        ]
        for r in data["rows"]
    ]
    head = [words(f"admin_log_{c}") for c in ("at", "user", "action", "detail", "number")]
    turns = []
    if data["before"]:
        turns.append(button("turn", words("admin_older"), plain=True, key=str(data["before"])))
    if before:
        turns.append(button("turn", words("admin_newest"), plain=True, key="0"))
    return html.Div(
        [
            _chain(data["chain"], words),
            html.A(
                "CSV", href=f"/admin-files/audit.csv?{urlencode(filters)}", className="button second", download="audit.csv"
            ),
            table(head, rows, words("admin_k_audit"))
            if rows
            else html.P(words("admin_nothing"), className="notice", role="status"),
            html.Div(turns, className="buttons"),
        ]
    )


def _chain(chain: Data, words: Words) -> Any:
    n = fmt.number(chain["rows"], words.lang)
    if not chain["checked"]:
        return html.P(words("admin_chain_long", n=n), className="notice")
    if chain["broken_at"] is not None:
        return alert(html.Strong(words("admin_chain_broken", at=fmt.number(chain["broken_at"], words.lang))))
    head = html.Span(chain["head"][:16], className="mono", title=chain["head"])
    return html.P([words("admin_chain_whole", n=n), " ", head], className="notice done", role="status")


def _detail(detail: Data) -> str:
    """``key: vl-1 · name: cũ → mới``, in full."""
    parts = []
    for key, value in detail.items():
        if key == "changes" and isinstance(value, dict):
            parts += [
                f"{f}: {_plain(c[0])} → {_plain(c[1])}" for f, c in value.items() if isinstance(c, list) and len(c) == 2
            ]
        elif isinstance(value, dict):
            parts += [f"{k}: {_plain(v)}" for k, v in value.items()]
        else:
            parts.append(f"{key}: {_plain(value)}")
    return " · ".join(parts)


def _plain(value: Any) -> str:
    return "–" if value is None else str(value)

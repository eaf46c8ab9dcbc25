"""The administration's pages, wired: one callback draws a page, one fills a list, one reads a file, one does what a button says."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote, urlencode

import dash
from dash import Input, Output, State, dcc, html, no_update

from motcua.dashboard import client
from motcua.dashboard.context import Parts, session, spoken
from motcua.dashboard.pages import admin_form, admin_import, admin_list, admin_more, parts
from motcua.dashboard.pages import admin_paths as paths
from motcua.dashboard.pages.admin_parts import Data, Option, alert, said
from motcua.dashboard.words import Words

Ids = list[dict[str, str]]
log = logging.getLogger("motcua.dashboard")


def layout(path: str, words: Words) -> Any:
    """A page before its answer."""
    return html.Div(
        [
            dcc.Store(id="admin-path", data=path),
            dcc.Store(id="admin-offset", data=0),
            html.Div(id="admin-alert"),
            html.Div(html.P(words("loading"), className="notice"), id="admin-body"),
        ],
        className="admin",
    )


def register(app: dash.Dash, using: Parts) -> None:
    """Draw, filter, preview, act."""

    async def show(path: str, search: str | None) -> Any:
        words = spoken()
        try:
            return await _drawn(using.api, paths.place(path), said(search, words), words)
        except client.ApiError as error:
            return parts.failure(error, words, path=path, office_id=paths.place(path).key)

    app.callback(Output("admin-body", "children"), Input("admin-path", "data"), State("url", "search"))(show)

    async def fill(values: list[Any], offset: int, ids: Ids, path: str) -> list[Any]:
        words, place = spoken(), paths.place(path)
        asked = {i["admin-filter"]: v for i, v in zip(ids, values, strict=True) if v}
        if dash.ctx.triggered_id != "admin-offset":
            offset = 0
        if place.kind == "audit":
            return [await admin_more.log(using.api, asked, offset, words)]
        query = urlencode({**asked, "limit": admin_list.PAGE, "offset": offset})
        try:
            data = await using.api.data(session(), f"{paths.API}/records/{place.kind}?{query}")
        except client.ApiError as error:
            return [parts.failure(error, words, path=path)]
        return [admin_list.rows(data, offset, words)]

    app.callback(
        Output({"admin-rows": dash.ALL}, "children"),
        Input({"admin-filter": dash.ALL}, "value"),
        Input("admin-offset", "data"),
        State({"admin-filter": dash.ALL}, "id"),
        State("admin-path", "data"),
        prevent_initial_call=True,
    )(_only_lists(fill))

    async def look(contents: list[str | None], missing: list[str], names: list[str | None], path: str) -> list[Any]:
        if not contents or not contents[0]:
            return [no_update] * len(contents)
        words, data, name = spoken(), admin_import.content(contents[0]), names[0] or "file"
        if data is None:
            return [alert(words("admin_e_file_other"))]
        address = _import(paths.place(path).kind, name, missing[:1] == ["retire"])
        try:
            return [admin_import.preview(await using.api.call(session(), "POST", address, file=data), name, words)]
        except client.Refused:
            return [alert(words("admin_e_file_large"))]
        except client.ApiError as error:
            return [parts.failure(error, words, path=path)]

    app.callback(
        Output({"admin-preview": dash.ALL}, "children"),
        Input({"admin-upload": dash.ALL}, "contents"),
        Input({"admin-missing": dash.ALL}, "value"),
        State({"admin-upload": dash.ALL}, "filename"),
        State("admin-path", "data"),
        prevent_initial_call=True,
    )(look)

    async def act(
        clicks: list[int | None],
        values: list[Any],
        ids: Ids,
        kept: list[Any],
        contents: list[str | None],
        names: list[str | None],
        missing: list[str],
        path: str,
    ) -> tuple[Any, Any, Any]:
        who = dash.ctx.triggered_id
        if not any(clicks) or not isinstance(who, dict):
            return no_update, no_update, no_update
        words, place, do = spoken(), paths.place(path), who["admin-do"]
        typed = {i["admin-field"]: v for i, v in zip(ids, values, strict=True)}
        try:
            if do == "turn":
                return no_update, no_update, int(who["key"])
            if do == "apply":
                data = admin_import.content(contents[0]) or b""
                address = _import(place.kind, names[0] or "file", missing[:1] == ["retire"], who["key"])
                await using.api.call(session(), "POST", address, file=data)
                return no_update, f"/admin/{place.kind}?said=imported", no_update
            if place.kind in paths.OTHERS:
                offices = await _offices(using.api)
                drawn = await admin_more.changed(using.api, place, do, typed, kept[0] if kept else None, offices, words)
                return drawn, no_update, no_update
            return await _changed(using.api, place, do, typed, kept[0] if kept else None, words)
        except client.Refused:
            again = admin_import.page(place.kind, words)
            return [alert(words("admin_preview_old")), again], no_update, no_update
        except client.Unreachable:
            raise
        except client.ApiError as error:
            return parts.failure(error, words, path=path, office_id=place.key), no_update, no_update

    async def acted(*given: Any) -> tuple[Any, Any, Any, Any]:
        """What a button does; where the API does not answer, what was typed stays."""
        try:
            return (*await act(*given), None)
        except client.Unreachable as error:
            log.warning("admin: %s", error)
            return no_update, no_update, no_update, alert(spoken()("admin_down"))

    app.callback(
        Output("admin-body", "children", allow_duplicate=True),
        Output("url", "href", allow_duplicate=True),
        Output("admin-offset", "data"),
        Output("admin-alert", "children"),
        Input({"admin-do": dash.ALL, "key": dash.ALL}, "n_clicks"),
        State({"admin-field": dash.ALL}, "value"),
        State({"admin-field": dash.ALL}, "id"),
        State({"admin-kept": dash.ALL}, "data"),
        State({"admin-upload": dash.ALL}, "contents"),
        State({"admin-upload": dash.ALL}, "filename"),
        State({"admin-missing": dash.ALL}, "value"),
        State("admin-path", "data"),
        prevent_initial_call=True,
    )(acted)


def _only_lists(fill: Any) -> Any:
    """A list that has not been drawn has no rows to fill."""

    async def filled(values: list[Any], offset: int, ids: Ids, path: str) -> list[Any]:
        if not ids:
            raise dash.exceptions.PreventUpdate
        found: list[Any] = await fill(values, offset, ids, path)
        return found

    return filled


async def _drawn(api: client.Api, place: paths.Place, notice: Any, words: Words) -> Any:
    """The page of a place."""
    match place.view:
        case "overview":
            return admin_list.overview(await api.data(session(), f"{paths.API}/records"), words)
        case "list" if place.kind in paths.RECORDS:
            return admin_list.frame(
                await api.data(session(), f"{paths.API}/records/{place.kind}?limit={admin_list.PAGE}"), notice, words
            )
        case "list":
            return await admin_more.listed(api, place, notice, words)
        case "new" | "edit" if place.kind in paths.OTHERS:
            return await admin_more.form(api, place, await _offices(api), words)
        case "import":
            await api.data(session(), f"{paths.API}/records/{place.kind}?limit=1")
            return admin_import.page(place.kind, words)
        case "new" | "edit" if place.kind in paths.RECORDS:
            return admin_form.form(await _read(api, place), await _offices(api), words, notice=notice)
        case _:
            way_back = html.P(dcc.Link(words("admin_title"), href="/admin"))
            return html.Div(
                [html.H1(words("page_missing_title")), html.P(words("page_missing")), way_back], className="sorry"
            )


async def _read(api: client.Api, place: paths.Place) -> Data:
    key = f"?key={quote(place.key, safe='')}" if place.view == "edit" else ""
    return await api.data(session(), f"{paths.API}/records/{place.kind}/one{key}")


async def _offices(api: client.Api) -> list[Option]:
    """The offices to choose from, with their names."""
    found = await api.data(session(), f"{paths.API}/records/offices?limit=1000")
    return [(r["key"], str(r["values"]["unit_name"] or r["values"]["name"])) for r in found["rows"]]


async def _changed(
    api: client.Api, place: paths.Place, do: str, typed: dict[str, Any], version: str | None, words: Words
) -> tuple[Any, Any, Any]:
    """Save or retire a record; the form again where it was not taken."""
    data = await _read(api, place)
    values = admin_form.sent(data["fields"], typed)
    key = place.key or "~".join(
        str(values.get(f["name"]) or ("*" if place.kind == "holidays" else "")).strip() for f in data["fields"] if f["key"]
    )
    new = place.view == "new"
    problems: list[Data] = []
    try:
        if do == "save" and not key.strip("~"):
            problems = [_missing(f["name"]) for f in data["fields"] if f["key"]]
        elif do == "save":
            await api.call(session(), "PUT", paths.record(place.kind, key), {"values": values, "version": version})
            if new:
                return no_update, f"{paths.edit(place.kind, key)}?said=added", no_update
            return await _drawn(api, place, said("?said=changed", words), words), no_update, no_update
        else:
            body = {"version": version, "back": do == "restore"}
            if await api.call(session(), "POST", f"{paths.record(place.kind, key)}/retire", body) is None:
                return no_update, f"/admin/{place.kind}?said=removed", no_update
            done = said(f"?said={'restored' if do == 'restore' else 'retired'}", words)
            return await _drawn(api, place, done, words), no_update, no_update
    except client.Invalid as error:
        problems = error.problems
    except client.NotFound:
        problems = [{"where": "form", "field": None, "code": "key", "message": "", "value": key}]
    except client.Refused:
        notice = admin_form.conflict(place.kind, key, words, new=new)
        return admin_form.form(data, await _offices(api), words, typed=values, notice=notice), no_update, no_update
    return admin_form.form(data, await _offices(api), words, typed=values, problems=problems), no_update, no_update


def _missing(field: str) -> Data:
    return {"where": "form", "field": field, "code": "missing", "message": "", "value": None}


def _import(kind: str, name: str, retire: bool, token: str = "") -> str:
    more = {"name": name[:200], "retire_missing": str(retire).lower()} | ({"token": token} if token else {})
    return f"{paths.API}/records/{kind}/import?{urlencode(more)}"

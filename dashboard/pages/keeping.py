"""The pages of the roster, of comments and of officers' faces, wired: one callback draws, one does what a button says."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import dash
from dash import Input, Output, State, dcc, html, no_update

from motcua.dashboard import client
from motcua.dashboard import format as fmt
from motcua.dashboard.context import Parts, session, spoken
from motcua.dashboard.pages import comments, faces, parts, roster
from motcua.dashboard.words import Words

Fields = dict[str, str]
Call = tuple[str, str, dict[str, Any] | None]


def layout(path: str, words: Words) -> Any:
    """A page before its answer."""
    return html.Div(
        [
            dcc.Store(id="keeping-path", data=path),
            html.Div(id="keeping-said", **{"aria-live": "polite"}),
            html.Div(html.P(words("loading"), className="notice"), id="keeping-body"),
        ]
    )


def known(path: str) -> bool:
    """Whether an address is one of these pages."""
    match path.strip("/").split("/"):
        case ["roster" | "officer-faces"] | ["comments" | "officer-faces" | "roster", _]:
            return True
        case ["roster", _, day] | ["roster", _, day, _]:
            return _monday(day) is not None
        case _:
            return False


def register(app: dash.Dash, using: Parts) -> None:
    """Draw a page, look at a file, do what a button says."""

    async def show(path: str) -> Any:
        return await _drawn(using, path, spoken())

    app.callback(Output("keeping-body", "children"), Input("keeping-path", "data"))(show)

    async def look(contents: list[str | None]) -> Any:
        words = spoken()
        data = _bytes(next((c for c in contents if c), None))
        if data is None:
            return no_update
        try:
            found = await using.api.call(session(), "POST", "/api/v1/roster/import", file=data)
        except client.Refused as error:
            return html.P([words("step_refused"), " ", roster.told(str(error), words)], className="notice", role="alert")
        except client.ApiError as error:
            return parts.failure(error, words, path="/roster")
        return roster.preview(found or {}, words)

    app.callback(
        Output("keeping-side", "children"), Input({"file": dash.ALL, "id": dash.ALL}, "contents"), prevent_initial_call=True
    )(look)

    async def act(
        clicks: list[int | None], values: list[str | None], ids: list[dict[str, str]], contents: list[str | None], path: str
    ) -> Any:
        who = dash.ctx.triggered_id
        if not any(clicks) or not isinstance(who, dict):
            return no_update, no_update
        words = spoken()
        given = {(one["field"], one["id"]): (value or "").strip() for one, value in zip(ids, values, strict=True)}
        try:
            if who["act"] == "import":
                data = _bytes(next((c for c in contents if c), None)) or b""
                done = await using.api.call(session(), "POST", "/api/v1/roster/import?write=true", file=data)
            else:
                method, address, body = call_of(who["act"], who["id"], given, words)
                done = await using.api.call(session(), method, address, body)
        except client.Refused as error:
            said = [words("step_refused"), " ", roster.told(str(error), words)]
            return html.P(said, className="notice", role="alert"), no_update
        except client.ApiError as error:
            return parts.failure(error, words, path=path), no_update
        if done and done.get("errors"):
            return [html.P(words("step_refused"), className="notice", role="alert"), roster.preview(done, words)], no_update
        where = "/".join(path.split("/")[:4]) if who["act"] in ("change", "remove") else path
        return html.P(words("step_done"), className="notice", role="status"), await _drawn(using, where, words)

    app.callback(
        Output("keeping-said", "children"),
        Output("keeping-body", "children", allow_duplicate=True),
        Input({"act": dash.ALL, "id": dash.ALL}, "n_clicks"),
        State({"field": dash.ALL, "id": dash.ALL}, "value"),
        State({"field": dash.ALL, "id": dash.ALL}, "id"),
        State({"file": dash.ALL, "id": dash.ALL}, "contents"),
        State("keeping-path", "data"),
        prevent_initial_call=True,
    )(act)


def call_of(action: str, key: str, given: dict[tuple[str, str], str], words: Words) -> Call:
    """Method, address and body of what a button asks the API to do."""
    shift = {name: given.get((name, "shift"), "") for name in ("officer_id", "name", "counter_id", "start", "end")}
    office, _, rest = key.partition("/")
    match action:
        case "add":
            return "POST", "/api/v1/roster/shifts", shift | {"office_id": key}
        case "change":
            changed = {k: shift[k] for k in ("counter_id", "start", "end")}
            return "PUT", f"/api/v1/roster/shifts/{quote(key, safe='')}", changed
        case "remove":
            return "DELETE", f"/api/v1/roster/shifts/{quote(key, safe='')}", None
        case "copy":
            return "POST", "/api/v1/roster/copy?write=true", {"office_id": office, "monday": rest}
        case "hide" | "show":
            address = f"/api/v1/offices/{quote(office, safe='')}/comments/{quote(rest, safe='')}/{action}"
            return "POST", address, {"reason": given.get(("reason", key), "")}
        case "ask":
            body = {"mode": given.get(("mode", key), ""), "legal_basis": given.get(("legal_basis", key), "")}
            if not body["mode"]:
                raise client.Refused(words("mode_choose"))
            return "POST", f"/api/v1/officer-faces/{quote(key, safe='')}/changes", body
        case _:
            return "POST", f"/api/v1/officer-faces/changes/{quote(key, safe='')}/{quote(action, safe='')}", None


async def _drawn(using: Parts, path: str, words: Words) -> Any:
    try:
        return await _page(using, path.strip("/").split("/"), words)
    except client.ApiError as error:
        return parts.failure(error, words, path=path, office_id=path.strip("/").split("/")[-1])


async def _page(using: Parts, path: list[str], words: Words) -> Any:
    api, who = using.api, session()
    match path:
        case ["roster"]:
            await api.data(
                who, f"/api/v1/roster?since={_today()}&until={_today() + timedelta(days=1)}"
            )  # whether it may be seen
            return roster.choose([(o.office_id, o.title) for o in (await api.live(who)).offices], words)
        case ["roster", office_id, *rest]:
            monday = (_monday(rest[0]) if rest else None) or _today() - timedelta(days=_today().weekday())
            span = f"unit={quote(office_id, safe='')}&since={monday}&until={monday + timedelta(days=7)}"
            data = await api.data(who, f"/api/v1/roster?{span}")
            named = (office_id, (await api.office(who, office_id)).title)
            return roster.week(named, monday, data, rest[1] if len(rest) > 1 else None, words)
        case ["comments", office_id]:
            return comments.page(await api.data(who, f"/api/v1/offices/{quote(office_id, safe='')}/comments"), words)
        case ["officer-faces"]:
            return faces.overview(await api.data(who, "/api/v1/officer-faces"), words)
        case ["officer-faces", office_id]:
            address = f"/api/v1/officer-faces/{quote(office_id, safe='')}"
            data = await api.data(who, f"{address}?lang={words.lang}")
            return faces.office(data, await allowed(using, f"{address}/climate"), words)
        case _:
            return html.P(words("page_missing"), className="notice")


async def allowed(using: Parts, address: str) -> dict[str, Any] | None:
    """An answer that a mode may shut to this account: then None."""
    try:
        return await using.api.data(session(), address)
    except (client.NotAllowed, client.NotFound):
        return None


def _today() -> date:
    return datetime.now(UTC).astimezone(fmt.VIET_NAM).date()


def _monday(text: str) -> date | None:
    """The Monday of a day's week; None where the text is no day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day - timedelta(days=day.weekday()) if 2000 < day.year < 2100 else None


def _bytes(contents: str | None) -> bytes | None:
    """A file as the browser gives it: a data address."""
    if not contents or "," not in contents:
        return None
    try:
        return base64.b64decode(contents.split(",", 1)[1], validate=True)
    except (binascii.Error, ValueError):
        return None

"""GET /wall/<office>: a hall's television. Large, one office, renews itself, no interaction, no figure without its age.

Whoever is signed in sees what staff see, replayed and simulated figures with a label; a screen without a login, or whose login has ended, shows
what is public: real figures only. Nothing is kept.
"""

from __future__ import annotations

import json
import logging
import math
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from motcua.dashboard import client
from motcua.dashboard import format as fmt
from motcua.dashboard.answers import Wait
from motcua.dashboard.context import LANG_COOKIE
from motcua.dashboard.states import NOT_REAL
from motcua.dashboard.words import Words, known_lang, words

log = logging.getLogger("motcua.dashboard")
SCRIPT_WORDS = (
    "wall_lost", "wall_no_age", "wall_as_of", "wall_state_unknown", "no_data", "seconds.one", "seconds.other", "minutes.one", "minutes.other",
    "hours.one", "hours.other", "days.one", "days.other",
)  # fmt: skip
LONGEST_CODE = 64

Data = dict[str, Any]


def routes(api: client.Api) -> APIRouter:
    """GET /wall/{office_id} and /wall/{office_id}/now."""
    router = APIRouter(include_in_schema=False)

    @router.get("/wall/{office_id}")
    async def wall(office_id: str, request: Request) -> Response:
        say = _spoken(request)
        now, status = await _now(api, request, office_id, say)
        return HTMLResponse(page(now, request.url.path, say), status_code=status)

    @router.get("/wall/{office_id}/now")
    async def figures(office_id: str, request: Request) -> Response:
        now, status = await _now(api, request, office_id, _spoken(request))
        return JSONResponse(now, status_code=200 if status == 404 else status)

    return router


def shown(name: str, wait: Wait, open_counters: int | None, lanes: list[tuple[str, Wait]], say: Words) -> Data:
    """What the screen says, as texts; ``age_s`` is counted on by the screen."""
    known = wait.state == "ok" and wait.expected_wait_s is not None
    state = wait.state if known or wait.state != "ok" else "too_few"
    between = ""
    if known and wait.low_s is not None and wait.high_s is not None:
        between = say(
            "wall_between",
            low=fmt.number(math.floor(wait.low_s / 60), say.lang),
            high=fmt.number(math.ceil(wait.high_s / 60), say.lang),
        )
    counted = state in ("ok", "too_few") and wait.waiting is not None
    return {
        "name": name,
        "state": state,
        "value": _minutes(wait.expected_wait_s or 0.0, say) if known else say(f"wall_state_{state}"),
        "unit": say("wall_minutes"),
        "between": between,
        "waiting": fmt.number(wait.waiting or 0, say.lang) if counted else say("no_data"),
        "waiting_none": not counted,
        "counters": say("no_data") if open_counters is None else fmt.number(open_counters, say.lang),
        "counters_none": open_counters is None,
        "lanes": [f"{say(f'wall_lane_{lane}')}: {_lane(w, say)}" for lane, w in lanes],
        "age_s": wait.age_s,
        "flag": say(f"wall_not_real_{wait.provenance}") if wait.provenance in NOT_REAL else "",
    }


def page(now: Data, path: str, say: Words) -> str:
    """The whole page; every value is escaped, and it is readable without scripts."""
    template = Template(files("motcua.dashboard").joinpath("assets", "wall.html").read_text(encoding="utf-8"))
    texts = json.dumps({key: say(key) for key in SCRIPT_WORDS}, ensure_ascii=False).replace("<", "\\u003c")
    age = say("wall_no_age") if now["age_s"] is None else say("wall_as_of", age=fmt.duration(now["age_s"], say))
    plain = {k: escape(str(now[k])) for k in ("name", "state", "value", "unit", "between", "waiting", "counters", "flag")}
    return template.substitute(
        plain,
        lang=say.lang,
        title=escape(say("wall_title")),
        address=escape(f"{path}/now?lang={say.lang}"),
        flag_hidden="" if now["flag"] else " hidden",
        expected_title=escape(say("wall_expected")),
        waiting_title=escape(say("wall_waiting")),
        counters_title=escape(say("wall_counters")),
        lanes="".join(f"<li>{escape(text)}</li>" for text in now["lanes"]),
        age=escape(age),
        words=texts,
    )


async def _now(api: client.Api, request: Request, office_id: str, say: Words) -> tuple[Data, int]:
    session = request.cookies.get(client.COOKIE)
    if session:
        try:
            office = await api.office(session, office_id)
            return shown(office.title, office.wait, office.open_counters, [], say), 200
        except client.Unreachable as error:
            log.info("wall: %s", error)
        except client.ApiError:
            pass  # the login has ended, or is somebody else's: what is public is left
    try:
        record = await api.record(office_id)
    except client.Unreachable as error:
        log.info("wall: %s", error)
        return shown(office_id[:LONGEST_CODE], Wait(), None, [], say), 503
    if record is None:
        empty = shown(office_id[:LONGEST_CODE], Wait(), None, [], say)
        return empty | {"value": say("wall_state_missing")}, 404
    lanes = [(lane["lane"], Wait.model_validate(lane["wait"])) for lane in record.get("lanes", ())]
    name = record.get("unit_name") or record["name"]
    return shown(name, Wait.model_validate(record["wait"]), None, lanes, say), 200


def _minutes(seconds: float, say: Words) -> str:
    return say("wall_under") if seconds < 60 else fmt.number(math.floor(seconds / 60 + 0.5), say.lang)


def _lane(wait: Wait, say: Words) -> str:
    if wait.state == "ok" and wait.expected_wait_s is not None:
        return fmt.minutes(wait.expected_wait_s, say)
    return say(f"wall_state_{'too_few' if wait.state == 'ok' else wait.state}")


def _spoken(request: Request) -> Words:
    return words(known_lang(request.query_params.get("lang") or request.cookies.get(LANG_COOKIE)))

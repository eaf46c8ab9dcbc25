"""Open data: the offices with their waits as JSON, GeoJSON and CSV, with licence and definitions.

Real figures only. Addresses and points are left out until the province has confirmed them.
"""

from __future__ import annotations

import csv
import io
import json
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from motcua.analytics.api.cache import encoded, respond
from motcua.analytics.api.context import ContextDep, NowDep, public_limit
from motcua.analytics.api.models import Problem, PublicOffice, PublicOffices
from motcua.analytics.api.public import AnswersDep

routes = APIRouter(prefix="/api/v1/public/open-data", tags=["open data"], dependencies=[Depends(public_limit)])

_FACTS = ("office_id", "code_gso", "name", "unit_name", "level", "parent_id", "replaces", "phone", "valid_from")
_PLACE = ("address", "lat", "lon", "coordinate_quality")
_WAIT = ("state", "expected_wait_s", "low_s", "high_s", "n", "waiting", "as_of", "method", "provenance")
_SATISFACTION = ("state", "since", "until", "n", "share", "low", "high")
DEFINITIONS = {
    "expected_wait_s": "expected wait of somebody who arrives now, from joining the queue to being received, in seconds",
    "low_s, high_s": "80 % interval of expected_wait_s, seconds",
    "n": "finished services behind the figure",
    "waiting": "people waiting at as_of",
    "state": "ok, too_few, stale, blind, closed, unknown; only ok has a figure",
    "provenance": "camera, kiosk or import: replayed and simulated figures are never in open data",
    "satisfaction_share": "satisfied answers over all answers of the whole quarter satisfaction_since to satisfaction_until (excluded), to the percent",
    "satisfaction_low, satisfaction_high": "95 % interval of satisfaction_share (Wilson), to the percent, outwards",
    "satisfaction_n": "answers behind satisfaction_share",
    "satisfaction_state": "ok, unknown; ok only where at least 3 officers stand behind the figure and none has over half of the "
    "answers. Published once, after the quarter, and never reckoned again",
    "empty": "not known; never 0",
}


class Kind(StrEnum):
    """The forms of the data."""

    JSON = "json"
    GEOJSON = "geojson"
    CSV = "csv"


_TYPES = {Kind.JSON: "application/json", Kind.GEOJSON: "application/geo+json", Kind.CSV: "text/csv; charset=utf-8"}


@routes.get("/offices.{kind}", responses={200: {"content": {t: {} for t in _TYPES.values()}}, 503: {"model": Problem}})
async def offices(kind: Kind, request: Request, ctx: ContextDep, found: AnswersDep, at: NowDep) -> Response:
    """Every office with its wait now. The licence stands in the answer, and in the header Link."""
    answer, _ = await found.offices.aget(at)
    held = ctx.open_data.get(kind)
    if held is None or held[0] != answer.generated_at:
        held = answer.generated_at, encoded(write(kind, answer, ctx.settings.open_data_licence).encode())
        ctx.open_data[kind] = held
    response = respond(request, held[1], 30, _TYPES[kind])
    response.headers["Link"] = '</api/v1/public/open-data>; rel="describedby"'
    return response


@routes.get("")
async def about(ctx: ContextDep) -> dict[str, Any]:
    """Licence, definitions and the addresses of the data."""
    base = "/api/v1/public/open-data/offices."
    return _about(ctx.settings.open_data_licence, ctx.settings.public_address_confirmed) | {
        "data": {kind.value: base + kind.value for kind in Kind}
    }


def write(kind: Kind, answer: PublicOffices, licence: str) -> str:
    """The data in one form. Pure."""
    records = [record(office, answer.address_confirmed) for office in answer.offices]
    head = _about(licence, answer.address_confirmed) | {"generated_at": answer.generated_at.isoformat()}
    if kind is Kind.JSON:
        return json.dumps(head | {"offices": records}, ensure_ascii=False)
    if kind is Kind.GEOJSON:
        return json.dumps(
            {"type": "FeatureCollection", **head, "features": [_feature(r) for r in records]}, ensure_ascii=False
        )
    out = io.StringIO()
    columns = [*_FACTS, *(_PLACE if answer.address_confirmed else ()), *_WAIT, *_columns(), "generated_at", "licence"]
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(r | {"generated_at": head["generated_at"], "licence": licence} for r in records)
    return out.getvalue()


def record(office: PublicOffice, confirmed: bool) -> dict[str, Any]:
    """One office as a flat record; place only where it is confirmed."""
    row = office.model_dump(mode="json")
    told = row["satisfaction"] or dict.fromkeys(_SATISFACTION) | {"state": "unknown"}
    return (
        {key: row[key] for key in (*_FACTS, *(_PLACE if confirmed else ()))}
        | {key: row["wait"][key] for key in _WAIT}
        | dict(zip(_columns(), (told[key] for key in _SATISFACTION), strict=True))
    )


def _columns() -> list[str]:
    return [f"satisfaction_{key}" for key in _SATISFACTION]


def _about(licence: str, confirmed: bool) -> dict[str, Any]:
    note = "" if confirmed else "Addresses and points are left out: the province has not confirmed them."
    return {"licence": licence, "definitions": DEFINITIONS, "address_confirmed": confirmed, "note": note}


def _feature(row: dict[str, Any]) -> dict[str, Any]:
    lat, lon = row.pop("lat", None), row.pop("lon", None)
    point = None if lat is None or lon is None else {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "id": row["office_id"], "geometry": point, "properties": row}

"""A small real server that speaks the API's shapes, and builders of what it says. A test changes `Fake` while it runs."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

OFFICES_FILE = Path(__file__).parents[1] / "map" / "data" / "offices.geojson"
TOKEN, USER, PASSWORD = "a-session-of-the-tests", "giamsat", "mat-khau-dung"


def iso(at: datetime) -> str:
    """As the API writes instants."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def wait(state: str = "unknown", **fields: Any) -> dict[str, Any]:
    """A Wait object; a figure only for `ok`. `age_s` is its age now; the server counts it on."""
    base: dict[str, Any] = {
        "state": state,
        **dict.fromkeys(("expected_wait_s", "low_s", "high_s", "waiting", "as_of", "age_s", "method", "provenance")),
        "n": 0,
    }
    if state != "unknown":
        as_of = datetime.now(UTC) - timedelta(seconds=fields.get("age_s", 3.0))
        base |= {"as_of": iso(as_of), "age_s": 3.0, "provenance": "camera", "waiting": 2}
    if state == "ok":
        base |= {"expected_wait_s": 720.0, "low_s": 500.0, "high_s": 1080.0, "n": 34, "waiting": 4, "method": "camera"}
    return base | fields


def aged(row: dict[str, Any]) -> dict[str, Any]:
    """An office with the age that its figure has now."""
    as_of = row["wait"]["as_of"]
    age_s = None if as_of is None else (datetime.now(UTC) - datetime.fromisoformat(as_of)).total_seconds()
    return row | {"wait": row["wait"] | {"age_s": age_s}}


def offices() -> list[dict[str, Any]]:
    """Today's offices of Vĩnh Long and the demo's, as /api/v1/live gives them, with no data yet."""
    rows = []
    for feature in json.loads(OFFICES_FILE.read_text(encoding="utf-8"))["features"]:
        lon, lat = feature["geometry"]["coordinates"]
        rows.append(office(feature["properties"] | {"lat": lat, "lon": lon}))
    demo = {"office_id": "DEMO", "name": "Quầy thử nghiệm", "level": "demo", "lat": 10.2, "lon": 105.98}
    return [*rows, office(demo)]


def office(given: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """One office of /api/v1/live."""
    keys = ("office_id", "name", "unit_name", "level", "parent_id", "lat", "lon")
    return {
        **{key: given.get(key) for key in keys},
        "wait": wait(),
        "in_service": None,
        "open_counters": None,
        "oldest_wait_s": None,
        "visits_today": 0,
        "served_today": 0,
        "last_seen_at": None,
    } | fields


def buckets(until: datetime, means: list[float | None], n: int = 12) -> list[dict[str, Any]]:
    """Hours up to `until`; None is an hour without visits."""
    start = until.replace(minute=0, second=0, microsecond=0) - timedelta(hours=len(means) - 1)
    rows = []
    for index, mean in enumerate(means):
        begin = start + timedelta(hours=index)
        row: dict[str, Any] = {"start": iso(begin), "end": iso(begin + timedelta(hours=1)), "n": 0}
        row |= dict.fromkeys(("mean_s", "low_s", "high_s", "max_s", "within_15_share", "censored_share", "stitched_share"))
        row |= {"served": 0, "reneged": 0, "lost": 0}
        if mean is not None:
            row |= {"n": n, "mean_s": mean, "low_s": mean * 0.8, "high_s": mean * 1.25, "max_s": mean * 2}
            row |= {"within_15_share": 0.75, "served": n, "censored_share": 0.05, "stitched_share": 0.1}
        rows.append(row)
    return rows


def today(**fields: Any) -> dict[str, Any]:
    """A day with figures."""
    figures = {"mean_s": 640.0, "low_s": 560.0, "high_s": 730.0, "n": 1180, "within_15_share": 0.804}
    shares = {"censored_share": 0.043, "stitched_share": 0.12}
    counts = {"visits": 1234, "served": 1180, "reneged": 31, "balked": 12, "lost": 11}
    day = {"day": "2026-03-02", "provenance": "camera", **counts, "wait": figures | shares}
    return (
        day
        | {"sentiment": {"state": "off", "n": 0, "valence": None, "low": None, "high": None, "class_shares": {}}}
        | fields
    )


def closeup(counter_id: str, means: list[float | None], **fields: Any) -> dict[str, Any]:
    """A counter of /api/v1/offices/{id}/counters with an hour for each mean wait, the last one now; None is an hour of two visits."""
    until = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)

    def figure(mean: float | None, n: int) -> dict[str, Any]:
        known = mean is not None
        return {"n": n, "mean_s": mean, "low_s": 0.8 * mean if known else None, "high_s": 1.25 * mean if known else None}

    def span(start: datetime, end: datetime, mean: float | None, n: int) -> dict[str, Any]:
        service = figure(None if mean is None else 420.0, n)
        share = None if mean is None else 0.75
        served = {"served": n, "wait": figure(mean, n), "service": service, "within_15_share": share}
        return {"start": iso(start), "end": iso(end), **served}

    starts = [until - timedelta(hours=len(means) - i) for i in range(len(means))]
    hours = [span(s, s + timedelta(hours=1), m, 2 if m is None else 12) for s, m in zip(starts, means, strict=True)]
    known = [m for m in means if m is not None]
    day = span(starts[0], until, sum(known) / len(known) if known else None, 12 * len(known) + 2)
    base = {"counter_id": counter_id, "in_service": 1, "open": True, "state": "ok", "served_today": day["served"]}
    more = {"as_of": iso(datetime.now(UTC)), "wait": wait("ok"), "queue_shared_with": [], "source_ids": ["cam-1"]}
    return base | more | {"trend": [600.0] * 9 + [900.0, 1100.0, 1300.0], "hours": hours, "today": day} | fields


def hall_day() -> dict[str, Any]:
    """A day of an office whose hall and counters are seen by different cameras."""
    mean = {"n": 210, "mean_s": 930.0, "low_s": 820.0, "high_s": 1050.0}
    spread = {"median_s": 880.0, "p90_s": 1800.0, "within_15_share": 0.51, "within_low": 0.44, "within_high": 0.58}
    priority = {"n": 31, "mean_s": 240.0, "low_s": 180.0, "high_s": 310.0, "median_s": 200.0, "p90_s": 500.0}
    hall = {
        "method": "cameras",
        "state": "ok",
        "joined": 221,
        "started": 201,
        "left": 9,
        "measured_share": 0.98,
        "drift_share": -0.052,
        "lanes_assumed_share": 0.0,
        "curves": mean,
        "fifo": mean | spread | {"lane": "all", "n": 201},
        "lanes": [spread | priority | {"lane": "priority"}, mean | spread | {"lane": "ordinary", "n": 170}],
    }
    counts = {"visits": 221, "served": 201, "reneged": 9, "balked": None, "lost": None, "wait": None}
    return today(**counts, period={"until_service": None, "still_waiting": 0, "estimates_differ": None, "hall": hall})


@dataclass
class Fake:
    """What the API says now, and what it was asked."""

    url: str = ""
    rows: list[dict[str, Any]] = field(default_factory=offices)
    counters: list[dict[str, Any]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    hours: list[dict[str, Any]] = field(default_factory=list)
    trends: list[dict[str, Any]] = field(default_factory=list)
    closeups: list[dict[str, Any]] = field(default_factory=list)
    day: dict[str, Any] = field(default_factory=today)
    status: int = 200
    body: str | None = None
    streams: int = 0
    streams_refused: bool = False
    asked: list[str] = field(default_factory=list)
    forwarded: list[str | None] = field(default_factory=list)
    _listeners: set[tuple[asyncio.AbstractEventLoop, asyncio.Queue[str]]] = field(default_factory=set)

    def set(self, office_id: str, *, tell: bool = False, **fields: Any) -> None:
        """Change an office; `tell` sends the event."""
        row = next(row for row in self.rows if row["office_id"] == office_id)
        row.update(fields)
        if tell:
            self.tell(office_id)

    def tell(self, office_id: str) -> None:
        """Send the event of an office to every open stream."""
        data = json.dumps({"office_id": office_id, "at": iso(datetime.now(UTC))})
        for loop, queue in list(self._listeners):
            loop.call_soon_threadsafe(queue.put_nowait, f"event: office\ndata: {data}\n\n")

    async def stream(self) -> AsyncIterator[str]:
        """One open page."""
        listener = (asyncio.get_running_loop(), asyncio.Queue[str]())
        self._listeners.add(listener)
        self.streams += 1
        try:
            yield "retry: 2000\n\nevent: ping\ndata: {}\n\n"
            while True:
                yield await listener[1].get()
        finally:
            self.streams -= 1
            self._listeners.discard(listener)

    def reset(self) -> None:
        """Back to the beginning; open streams stay."""
        fresh = Fake()
        for name in (
            "rows",
            "counters",
            "sources",
            "hours",
            "trends",
            "closeups",
            "day",
            "status",
            "body",
            "streams_refused",
            "asked",
            "forwarded",
        ):
            setattr(self, name, getattr(fresh, name))


def application(fake: Fake) -> FastAPI:
    """The API's addresses that the staff pages use."""
    app = FastAPI()

    def refused(request: Request) -> JSONResponse | None:
        fake.asked.append(request.url.path)
        if fake.status != 200:
            return JSONResponse({"detail": "as the test wants it"}, fake.status)
        if request.cookies.get("motcua_session") != TOKEN:
            return JSONResponse({"detail": "sign in first"}, 401)
        return None

    def answer(request: Request, data: Any) -> Any:
        if (no := refused(request)) is not None:
            return no
        if fake.body is not None:
            return StreamingResponse(iter([fake.body]), media_type="application/json")
        return JSONResponse(data)

    def found(office_id: str) -> dict[str, Any] | None:
        return next((row for row in fake.rows if row["office_id"] == office_id), None)

    @app.post("/api/v1/auth/login")
    async def login(request: Request) -> Any:
        fake.forwarded.append(request.headers.get("x-forwarded-for"))
        if fake.status != 200:
            return JSONResponse({"detail": "as the test wants it"}, fake.status)
        given = await request.json()
        if given != {"username": USER, "password": PASSWORD}:
            return JSONResponse({"detail": "wrong"}, 401)
        response = JSONResponse({"username": USER, "role": "supervisor", "office_id": None})
        response.set_cookie("motcua_session", TOKEN, httponly=True, samesite="strict", path="/")
        return response

    @app.post("/api/v1/auth/logout")
    async def logout(request: Request) -> Any:
        if request.headers.get("x-motcua-csrf") != "1":
            return JSONResponse({"detail": "header missing"}, 403)
        return refused(request) or JSONResponse(None, 204)

    @app.get("/api/v1/auth/me")
    async def me(request: Request) -> Any:
        return answer(request, {"username": USER, "role": "supervisor", "office_id": None})

    @app.get("/api/v1/live")
    async def live(request: Request) -> Any:
        return answer(
            request, {"generated_at": iso(datetime.now(UTC)), "target_wait_s": 900, "offices": [aged(r) for r in fake.rows]}
        )

    @app.get("/api/v1/trends")
    async def trends(request: Request) -> Any:
        return answer(request, {"until": iso(datetime.now(UTC)), "step_s": 300, "trends": fake.trends})

    @app.get("/api/v1/offices/{office_id}/{part}")
    async def office_part(office_id: str, part: str, request: Request) -> Any:
        row = found(office_id)
        if row is None:
            return refused(request) or JSONResponse({"detail": "no such office"}, 404)
        parts = {
            "live": aged(row) | {"counters": fake.counters, "sources": fake.sources},
            "waits": {"provenance": row["wait"]["provenance"], "definition": "served", "buckets": fake.hours},
            "today": fake.day,
            "counters": {
                "office_id": office_id,
                "generated_at": iso(datetime.now(UTC)),
                "provenance": row["wait"]["provenance"],
                "target_wait_s": 900,
                "k_min": 5,
                "counters": fake.closeups,
                "sources": fake.sources,
            },
        }
        return answer(request, parts[part])

    @app.get("/api/v1/public/offices/{office_id}")
    async def public(office_id: str) -> Any:
        if fake.status != 200 or found(office_id) is None or office_id == "DEMO":
            return JSONResponse({"detail": "no such office"}, 404)
        return {"office_id": office_id, "address": f"Ấp 2A, {office_id}"}

    @app.get("/api/v1/events")
    async def events(request: Request) -> Any:
        if fake.streams_refused:
            return JSONResponse({"detail": "no"}, 503)
        return refused(request) or StreamingResponse(fake.stream(), media_type="text/event-stream")

    return app


@contextmanager
def running(app: Any) -> Iterator[str]:
    """An application on a free port of 127.0.0.1, in a thread of its own; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server did not start in time"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=10)

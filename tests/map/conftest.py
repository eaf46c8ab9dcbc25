"""The page in an application of its own, fed by builders of the API's public answer."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from motcua.map.feeds import REPORT_FIELDS
from motcua.map.offices import todays_offices
from motcua.map.page import PageSettings, router

Answer = dict[str, Any]
PUBLIC_FIELDS = [
    "office_id",
    "code_gso",
    "name",
    "unit_name",
    "level",
    "parent_id",
    "address",
    "phone",
    "lat",
    "lon",
    "coordinate_quality",
    "opening_hours",
    "replaces",
    "valid_from",
]


def wait(state: str = "unknown", **fields: Any) -> Answer:
    """A Wait object; unknown by default, with a figure for `ok`."""
    nothing = dict.fromkeys(("expected_wait_s", "low_s", "high_s", "waiting", "as_of", "age_s", "method", "provenance"))
    seen = {"age_s": 12.0, "method": "camera", "provenance": "camera", "as_of": "2026-03-02T03:25:00Z"}
    figure = {"expected_wait_s": 720.0, "low_s": 480.0, "high_s": 1080.0, "waiting": 4, "n": 30}
    base = nothing | {"n": 0} | (seen if state != "unknown" else {}) | (figure if state == "ok" else {})
    return base | {"state": state} | fields


def answer(waits: dict[str, Answer] | None = None, **fields: Any) -> Answer:
    """GET /api/v1/public/offices for today's offices; `waits` by office_id, unknown for the others."""
    waits = waits or {}
    rows = [office.model_dump(mode="json") for office in todays_offices()]
    offices = [{f: row[f] for f in PUBLIC_FIELDS} | {"wait": waits.get(row["office_id"], wait())} for row in rows]
    return {
        "generated_at": "2026-03-02T03:25:00Z",
        "target_wait_s": 900,
        "address_confirmed": False,
        "definition": {
            "vi": "Từ lúc vào hàng chờ đến lúc được phục vụ.",
            "en": "From joining the queue until service starts.",
        },
        "offices": offices,
    } | fields


class Given:
    """The public answers, as a test gives them; reports are kept in a list."""

    def __init__(self, offices: Callable[[], Answer], procedures: Answer | None = None, week: Answer | None = None) -> None:
        self._offices, self._week = offices, week
        self._procedures = procedures or {"procedures": [], "taken_by": []}
        self.reports: list[tuple[str, str, str]] = []

    async def offices(self) -> Answer:
        return self._offices()

    async def procedures(self) -> Answer:
        return self._procedures

    async def week(self, office_id: str) -> Answer | None:
        return self._week

    async def report(self, request: Request, office_id: str, field: str, message: str) -> str:
        if field not in REPORT_FIELDS or not 3 <= len(message.strip()) <= 500:
            return "invalid"
        self.reports.append((office_id, field, message))
        return "kept" if len(self.reports) < 3 else "limited"


def application(given: Callable[[], Answer] | Given, settings: PageSettings | None = None) -> FastAPI:
    """The page, and the API's public addresses beside it."""
    app = FastAPI()
    feeds = given if isinstance(given, Given) else Given(given)

    @app.get("/api/v1/public/offices")
    async def offices() -> Answer:
        return await feeds.offices()

    @app.get("/api/v1/public/offices/{office_id}")
    async def office(office_id: str) -> Answer:
        return next(o for o in (await feeds.offices())["offices"] if o["office_id"] == office_id)

    app.include_router(router(feeds, settings))
    return app


@pytest.fixture(scope="session")
def wait_of() -> Callable[..., Answer]:
    return wait


@pytest.fixture(scope="session")
def build() -> Callable[..., Answer]:
    return answer


@pytest.fixture(scope="session", name="application")
def application_builder() -> Callable[..., FastAPI]:
    return application


@pytest.fixture(scope="session")
def feeds() -> type[Given]:
    return Given


@pytest.fixture
def make_client() -> Callable[..., TestClient]:
    def make(given: Callable[[], Answer] | Given, settings: PageSettings | None = None) -> TestClient:
        return TestClient(application(given, settings))

    return make


@pytest.fixture
def client() -> TestClient:
    return TestClient(application(lambda: answer({"vl-29734": wait("ok")})))

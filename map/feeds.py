"""What the public page is handed by the application that serves it."""

from collections.abc import Mapping
from typing import Any, Protocol

from fastapi import Request

Answer = Mapping[str, Any]
REPORT_FIELDS = ("address", "place", "phone", "hours", "access", "procedures", "wait", "other")


class Feeds(Protocol):
    """The public answers of the API. Each may raise where the database is away."""

    async def offices(self) -> Answer:
        """GET /api/v1/public/offices."""
        ...

    async def procedures(self) -> Answer:
        """GET /api/v1/public/procedures."""
        ...

    async def week(self, office_id: str) -> Answer | None:
        """GET /api/v1/public/offices/{office_id}/week; None where nothing is known."""
        ...

    async def report(self, request: Request, office_id: str, field: str, message: str) -> str:
        """Keep a report of wrong data: `kept`, `known`, `invalid`, `limited` or `missing`."""
        ...

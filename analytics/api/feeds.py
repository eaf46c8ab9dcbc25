"""What the public page is handed: the public answers of this process, without a way round by HTTP."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from motcua.analytics.api.context import Context, limited_report, now
from motcua.analytics.api.models import NewReport
from motcua.analytics.api.public import keep_report


class Feeds:
    """The public answers as plain dictionaries. Raises HTTPException 503 where the database is away."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def offices(self) -> dict[str, Any]:
        """GET /api/v1/public/offices."""
        answer, _ = await self._ctx.public_answers.offices.aget(now())
        return answer.model_dump(mode="json")

    async def procedures(self) -> dict[str, Any]:
        """GET /api/v1/public/procedures."""
        answer, _ = await self._ctx.public_answers.procedures.aget(now())
        return answer.model_dump(mode="json")

    async def week(self, office_id: str) -> dict[str, Any] | None:
        """GET /api/v1/public/offices/{office_id}/week, None where nothing is known."""
        weeks = await run_in_threadpool(self._ctx.public_answers.weeks, now())
        return weeks[office_id].model_dump(mode="json") if office_id in weeks else None

    async def report(self, request: Request, office_id: str, field: str, message: str) -> str:
        """Keep a report: ``kept``, ``known`` (the same words wait already, or the day is full), ``invalid``, ``limited``, ``missing``."""
        try:
            given = NewReport.model_validate({"field": field, "message": message.strip()})
            limited_report(request, self._ctx)
            kept = await run_in_threadpool(keep_report, self._ctx, office_id, given, now())
        except ValidationError:
            return "invalid"
        except HTTPException as error:
            if error.status_code not in (404, 429):
                raise
            return "limited" if error.status_code == 429 else "missing"
        return "kept" if kept else "known"

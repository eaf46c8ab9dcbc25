"""The bias audit: for HR and admins, of their unit, from sums of sentiment and from evaluations on labelled pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends

from motcua.analytics import expression_audits, expression_bias, store
from motcua.analytics.api import accounts
from motcua.analytics.api.context import ContextDep, NowDep, role
from motcua.analytics.api.expression_models import AuditRow, BiasAudit, ModelRow, SlopeRow, StratumRow
from motcua.analytics.api.models import Problem
from motcua.analytics.api.rating_views import of_one_kind
from motcua.analytics.api.ratings import Since, Until, period, unit_of
from motcua.analytics.expression_bias import Condition, Row
from motcua.edge.messages import Id

_ANSWERS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 404, 422, 503)}
DAYS = 30
ReadersDep = Annotated[accounts.Account, Depends(role("hr", "admin"))]

routes = APIRouter(prefix="/api/v1", tags=["expressions"], responses=_ANSWERS)


@routes.get("/expressions/bias")
def bias(
    ctx: ContextDep, who: ReadersDep, at: NowDep, unit: Id | None = None, since: Since = None, until: Until = None
) -> BiasAudit:
    """Score and error differences by light, face size, hour, camera and group. The last 30 days by default."""
    first, last, begin, end = period(since, until, at, DAYS)
    with ctx.connection() as conn:
        offices = list(unit_of(conn, who, at, unit))
        found = store.rows(conn, "sentiment_rows", office_ids=offices, since=begin, until=end)
        kept = expression_audits.newest(conn)
        accounts.audit(conn, who.username, "expressions.bias", unit=unit, since=first, until=last)
    rows, label = of_one_kind(found)
    model = rows[-1]["model"] if rows else None
    least = 1 if who.role == "hr" else expression_bias.MIN_COUNTERS
    own = [_row(r) for r in rows if r["model"] == model]
    unread: Counter[str] = Counter()
    for row in rows:
        unread.update(row["unread"] or {})
    audits = [_audit(row, model) for row in kept]
    return BiasAudit(
        since=first,
        until=last,
        provenance=label,
        state="ok" if rows else "off",
        model=model,
        models=_models(rows),
        strata=[
            StratumRow.model_validate(asdict(s) | {"differs": s.differs})
            for s in expression_bias.strata(own, least_counters=least)
        ],
        slopes=[SlopeRow.model_validate(asdict(s)) for s in expression_bias.slopes(own, least_counters=least)],
        unread=dict(unread.most_common()),
        least_counters=least,
        audit=_state(model, audits),
        audits=audits,
    )


def _state(model: str | None, audits: list[AuditRow]) -> Literal["none", "other_model", "current", "unused"]:
    if not audits:
        return "none"
    if model is None:
        return "unused"
    return "current" if any(a.current for a in audits) else "other_model"


def _row(r: Mapping[str, Any]) -> Row:
    seen = {name: None if r[name] is None else Condition(**r[name]) for name in ("light", "face_px")}
    return Row(r["camera"], r["counter"], r["day"], r["hour"], r["n"], r["valence_sum"], seen["light"], seen["face_px"])


def _models(rows: Sequence[Mapping[str, Any]]) -> list[ModelRow]:
    found: dict[str, ModelRow] = {}
    for r in rows:
        one = found.setdefault(
            r["model"], ModelRow(model=r["model"], n=0, first_at=r["period_end"], last_at=r["period_end"])
        )
        one.n, one.last_at = one.n + r["n"], r["period_end"]
    return sorted(found.values(), key=lambda m: m.last_at, reverse=True)


def _audit(row: store.Row, model: str | None) -> AuditRow:
    name = expression_audits.model(row["reader"], row["version"], row["temperature"], row["calibrated"])
    return AuditRow(
        model=name,
        current=name == model,
        at=row["at"],
        dataset=row["dataset"],
        pictures=row["pictures"],
        imported_by=row["imported_by"],
        report=row["report"],
    )

"""How the process is: for machines."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from fastapi.responses import PlainTextResponse

from motcua.analytics import db, inventory, store
from motcua.analytics.api.context import ContextDep, NowDep

routes = APIRouter(tags=["probes"])


@routes.get("/healthz")
def healthz() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@routes.get("/readyz")
def readyz(ctx: ContextDep) -> dict[str, str]:
    """The database is reached and migrated; else 503 with the reason."""
    with ctx.connection() as conn:
        try:
            return {"status": "ok", "back_end": db.require_current(conn)}
        except db.DbError as error:
            raise HTTPException(503, str(error)) from error


@routes.get("/metrics", response_class=PlainTextResponse)
def metrics(ctx: ContextDep, at: NowDep) -> str:
    """Prometheus' text format."""
    lines = ["# TYPE motcua_http_requests_total counter"]
    for (route, code), count in sorted(ctx.requests.items()):
        lines.append(f'motcua_http_requests_total{{route="{route}",status="{code}"}} {count}')
    lines += ["# TYPE motcua_live_pages gauge", f"motcua_live_pages {len(ctx.hub)}"]
    with ctx.connection() as conn:
        status = inventory.status(conn, at)
        sources = store.sources(conn)
    for name in ("dead_letters", "gaps", "missing", "sources", "offices", "size_bytes"):
        lines += [f"# TYPE motcua_{name} gauge", f"motcua_{name} {int(status[name])}"]
    lines.append("# TYPE motcua_dropped gauge")
    lines += [f'motcua_dropped{{type="{type_}"}} {count}' for type_, count in sorted(status["dropped"].items())]
    lines.append("# TYPE motcua_source_age_seconds gauge")
    for row in sources:
        age = (at - row["last_at"]).total_seconds() if row["last_at"] else float("nan")
        lines.append(f'motcua_source_age_seconds{{office="{row["office_id"]}",source="{row["source_id"]}"}} {age:.1f}')
    return "\n".join(lines) + "\n"

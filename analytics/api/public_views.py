"""Rows become what citizens see: pure, with time as an argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from motcua.analytics import opening
from motcua.analytics.api.models import (
    BestTime,
    LaneWait,
    OpeningSpan,
    Procedure,
    Procedures,
    PublicOffice,
    PublicSatisfaction,
    Wait,
    Week,
    WeekHour,
)
from motcua.analytics.api.views import wait_of
from motcua.analytics.store import REAL, VIET_NAM, best

Row = Mapping[str, Any]
LANES = ("priority", "appointment")
_BEST, _HOURS_FOR_BEST = 3, 6


def k_wait(queues: Sequence[Row], now: datetime, stale_after_s: float, k_min: int) -> Wait:
    """The wait of some queues: real data only, and no figure that stands on fewer than ``k_min`` visits."""
    real = [q for q in queues if q["provenance"] in REAL]
    wait = wait_of(real, best(q["provenance"] for q in real), now, stale_after_s).model_copy(update={"blind": None})
    if wait.state == "ok" and wait.n < k_min:
        none = dict.fromkeys(("expected_wait_s", "low_s", "high_s", "method"))
        wait = wait.model_copy(update={"state": "too_few", **none})
    return wait


def public_office(
    office: Row,
    queues: Sequence[Row],
    hours: Sequence[Row],
    holidays: Sequence[Row],
    access: Row,
    week: Week | None,
    now: datetime,
    stale_after_s: float,
    k_min: int,
    satisfaction: PublicSatisfaction | None = None,
) -> PublicOffice:
    """One office for citizens. access: its row, or an empty one where nothing is known."""
    lanes = {q["lane"] for q in queues if q["provenance"] in REAL}
    waits = [
        LaneWait(lane=lane, wait=k_wait([q for q in queues if q["lane"] == lane], now, stale_after_s, k_min))
        for lane in LANES
        if lane in lanes
    ]
    open_ = opening.opening(hours, holidays, office["office_id"], now)
    return PublicOffice.model_validate(
        {
            **office,
            "wait": k_wait(queues, now, stale_after_s, k_min),
            "lanes": waits,
            "hours": [_span(row) for row in hours] or None,
            "open_now": open_.open_now if open_ else None,
            "changes_at": open_.changes_at if open_ else None,
            "holiday": open_.holiday if open_ else None,
            "wheelchair": access.get("wheelchair"),
            "priority_lane": True if "priority" in lanes else access.get("priority_lane"),
            "appointment_lane": True if "appointment" in lanes else access.get("appointment_lane"),
            "appointment_link": access.get("appointment_link"),
            "usual_wait_s": usual(week, now),
            "satisfaction": satisfaction,
        }
    )


def week_of(rows: Sequence[Row], since: datetime, until: datetime, k_min: int) -> Week:
    """One office's hours of the week, of its best provenance; hours with fewer than ``k_min`` visits are left out."""
    provenance = best(row["provenance"] for row in rows)
    known = [row for row in rows if row["provenance"] == provenance and row["n"] >= k_min]
    hours = [
        WeekHour(weekday=r["weekday"], hour=r["hour"], n=r["n"], mean_s=round(float(r["wait_sum"]) / r["n"], 1))
        for r in known
    ]
    return Week(since=since, until=until, k_min=k_min, provenance=provenance, hours=hours, best=best_times(hours))


def best_times(hours: Sequence[WeekHour]) -> list[BestTime]:
    """The hours with the shortest mean wait, as far as enough hours are known to choose from."""
    if len(hours) < _HOURS_FOR_BEST:
        return []
    shortest = sorted(hours, key=lambda h: (h.mean_s, h.weekday, h.hour))[:_BEST]
    return [BestTime(weekday=h.weekday, hour=h.hour, mean_s=h.mean_s) for h in shortest]


def usual(week: Week | None, now: datetime) -> float | None:
    """The mean wait of this hour of the week, where it is known."""
    local = now.astimezone(VIET_NAM)
    here = (h.mean_s for h in week.hours if (h.weekday, h.hour) == (local.isoweekday(), local.hour)) if week else iter(())
    return next(here, None)


def procedures(rows: Sequence[Row], offices: Sequence[str]) -> Procedures:
    """Procedures with the offices of today that take them; equal sets of offices are written once."""
    today = set(offices)
    sets: dict[tuple[str, ...], int] = {}
    found = []
    for row in rows:
        taken = None if row["offices"] is None else tuple(o for o in row["offices"] if o in today)
        index = None if taken is None else sets.setdefault(taken, len(sets))
        found.append(
            Procedure(
                procedure_id=row["procedure_id"], name=row["name"], field=row["field"], link=row["link"], taken_by=index
            )
        )
    return Procedures(procedures=found, taken_by=[list(taken) for taken in sets])


def _span(row: Row) -> OpeningSpan:
    return OpeningSpan(weekday=row["weekday"], opens=f"{row['opens']:%H:%M}", closes=f"{row['closes']:%H:%M}")

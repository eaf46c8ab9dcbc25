"""Rows become a period's waits: pure, with time as an argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from motcua.analytics import estimates, halls
from motcua.analytics.api.models import Estimate, HallFifo, HallMean, HallWaits, Little, Period
from motcua.analytics.estimates import Cell, Flow, Waiting

Row = Mapping[str, Any]
HOUR = timedelta(hours=1)
LONG_S = 7200.0
_COVERED = 0.5  # of an hour that was measured: less cannot be compared with the visits of that hour

_UNKNOWN = 0.05  # of the departures


def waiting_now(queues: Sequence[Row], provenance: str | None, now: datetime, stale_after_s: float) -> list[Waiting]:
    """Who waits, from the newest sample of each queue; an old sample tells no more than how long they had waited by then."""
    found: list[Waiting] = []
    for q in queues:
        ages, sample = q["sample"].get("waited_min"), q["sample"]
        if q["provenance"] == provenance and ages:
            fresh = sample["state"] == "ok" and (now - q["at"]).total_seconds() <= stale_after_s
            newcomer_s = sample["expected_wait_s"] if fresh else None
            found += estimates.still_waiting(q["at"], {int(m): n for m, n in ages.items()}, newcomer_s)
    return found


def period(
    arrived: Sequence[Row], flows: Sequence[Row], waiting: Sequence[Waiting], since: datetime, until: datetime, now: datetime
) -> Period:
    """Everybody who arrived from ``since`` on, before ``until``; whole hours."""
    here = [w for w in waiting if since <= w.arrival_at < until]
    little = estimates.little([_flow(row) for row in flows])
    return Period(
        since=since,
        until=until,
        served=estimate([served(row) for row in arrived]),
        in_queue=estimate([in_queue(row) for row in arrived if row["queued"]] + _open(here)),
        until_service=estimate([until_service(row) for row in arrived] + _open(here)),
        still_waiting=len(here),
        foretold=sum(w.known for w in here),
        long_stays=long_stays(arrived) + sum((now - w.arrival_at).total_seconds() >= LONG_S for w in here),
        little=None if little is None else Little(**_rounded(asdict(little))),
        estimates_differ=_differ(arrived, flows, here, now),
    )


def long_stays(arrived: Sequence[Row]) -> int:
    """How many queued for ``LONG_S`` or longer, however it ended: perhaps the longest waits of all, perhaps nobody who waits."""
    rows = [row for row in arrived if row["wait_bin"] * 60 >= LONG_S]
    return sum(row["served_n"] + row["reneged_n"] + row["lost_n"] for row in rows)


def hall_waits(found: halls.HallFigures | None) -> HallWaits | None:
    """The figures from counts of several cameras, as the API tells them."""
    if found is None:
        return None
    plain = {f: getattr(found, f) for f in ("state", "joined", "started", "left", "measured_share", "lanes_assumed_share")}
    return HallWaits(
        **plain,
        drift_share=None if found.drift_share is None else round(found.drift_share, 4),
        curves=None if found.curves is None else HallMean(**_rounded(asdict(found.curves))),
        fifo=None if found.fifo is None else HallFifo(**_rounded(asdict(found.fifo))),
        lanes=[HallFifo(**_rounded(asdict(lane))) for lane in found.lanes],
    )


def hour_until_service(arrived: Sequence[Row], waiting: Sequence[Waiting], start: datetime) -> Estimate | None:
    """The wait until service of those who arrived in one hour."""
    here = [w for w in waiting if start <= w.arrival_at < start + HOUR]
    return estimate([until_service(row) for row in arrived if row["arrived"] == start] + _open(here))


def served(row: Row) -> Cell:
    """The started services of a row of ``waits_by_arrival``."""
    return Cell(row["wait_bin"], row["served_n"], float(row["served_sum"]))


def in_queue(row: Row) -> Cell:
    """Everybody's time in queue: who gave up has left it too."""
    return Cell(
        row["wait_bin"],
        row["served_n"] + row["reneged_n"],
        float(row["served_sum"]) + float(row["reneged_sum"]),
        row["lost_n"],
    )


def until_service(row: Row) -> Cell:
    """Waits until service: who gave up would have waited longer."""
    return Cell(row["wait_bin"], row["served_n"], float(row["served_sum"]), row["reneged_n"] + row["lost_n"])


def estimate(cells: Sequence[Cell]) -> Estimate | None:
    """One estimand as the API tells it, seconds to a tenth."""
    found = estimates.figure(cells)
    return None if found is None else Estimate(**_rounded(asdict(found)))


def _differ(arrived: Sequence[Row], flows: Sequence[Row], here: Sequence[Waiting], now: datetime) -> bool | None:
    """None too where many wait of whom nobody can say for how long: Little counts them, the visits do not yet."""
    if sum(not w.known for w in here) > _UNKNOWN * sum(_flow(row).departures for row in flows):
        return None
    hours = []
    for row in flows:
        start = row["bucket"]
        passed_s = min(HOUR, now - start).total_seconds()
        if row["measured_s"] < _COVERED * passed_s:
            continue
        cells = [in_queue(r) for r in arrived if r["queued"] and r["arrived"] == start]
        hours.append((_flow(row), cells + _open([w for w in here if start <= w.arrival_at < start + HOUR])))
    return estimates.differ(hours)


def _open(waiting: Sequence[Waiting]) -> list[Cell]:
    return [estimates.cell_of(w.wait_s, w.known) for w in waiting]


def _flow(row: Row) -> Flow:
    return Flow(float(row["measured_s"]), float(row["waiting_person_s"]), int(row["departures"]))


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {
        k: round(v, 4 if k.endswith("share") or k.startswith("within") else 1) if isinstance(v, float) else v
        for k, v in values.items()
    }

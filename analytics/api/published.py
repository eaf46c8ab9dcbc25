"""Satisfaction for everybody: of an office, for a whole quarter that has ended, published once.

A figure goes out only where at least three officers stand behind it and none can have given over half of the answers: those that
no shift explains count as the largest one's. What was published is kept and never reckoned again, so that no answer that comes
late, and no corrected shift, can be told from the difference of two publications. Quarters do not overlap, and no total is published.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from motcua.analytics import rating_store, store
from motcua.analytics.api import rating_views, views
from motcua.analytics.api.models import PublicSatisfaction
from motcua.analytics.behind import MOST_OF_ONE, behind
from motcua.analytics.rule import Rule, rule_on
from motcua.analytics.store import REAL

Row = Mapping[str, Any]
Connection = psycopg.Connection[Any]


def quarter_before(day: date, settle_days: int) -> tuple[date, date]:
    """First day of the newest calendar quarter that ended ``settle_days`` days ago or earlier, and the day after its last."""
    reached = day - timedelta(days=settle_days)
    until = date(reached.year, 3 * ((reached.month - 1) // 3) + 1, 1)
    last = until - timedelta(days=1)
    return date(last.year, 3 * ((last.month - 1) // 3) + 1, 1), until


def may_publish(officers: Iterable[Row], has_roster: bool) -> bool:
    """Whether rows of ``rating_officers`` (real ones) stand for at least three officers, none with over half of all answers at the worst."""
    counts: dict[str | None, int] = {}
    for row in officers:
        counts[row["officer_id"]] = counts.get(row["officer_id"], 0) + row["n"]
    found = behind(counts, has_roster)
    if not found.enough:
        return False
    largest = max(n for officer, n in counts.items() if officer is not None)
    return largest + found.unassigned <= MOST_OF_ONE * sum(counts.values())


def figure(days: Iterable[Row], officers: Iterable[Row], has_roster: bool, rule: Rule, k_min: int) -> Row | None:
    """What to publish of one office: ``n`` and the satisfied share with its Wilson interval, to the percent, outwards; None: nothing.

    days, officers: rows of ``rating_days`` and ``rating_officers``; replayed and simulated ones are left out.
    """
    real = [row for row in days if row["provenance"] in REAL]
    if not may_publish([row for row in officers if row["provenance"] in REAL], has_roster):
        return None
    found = rating_views.figure(real, None, rule, max(5, k_min))
    if found.state != "ok" or found.share is None or found.low is None or found.high is None:
        return None
    share = round(found.share, 2)
    low, high = math.floor(found.low * 100) / 100, math.ceil(found.high * 100) / 100
    return {"n": found.n, "share": share, "low": min(low, share), "high": max(high, share)}


def published(
    conn: Connection, office_ids: Sequence[str], at: datetime, settle_days: int, k_min: int
) -> dict[str, PublicSatisfaction]:
    """The newest settled quarter of some offices; what may be published and was not yet is written first."""
    since, until = quarter_before(store.day_of(at), settle_days)
    held = _read(conn, since)
    missing = [office_id for office_id in office_ids if office_id not in held]
    try:
        if _publish(conn, missing, since, until, k_min):
            held = _read(conn, since)
    except psycopg.errors.ReadOnlySqlTransaction:
        pass  # a replica tells what was published elsewhere
    unknown = PublicSatisfaction(state="unknown", since=since, until=until)
    return {
        office_id: PublicSatisfaction(state="ok", since=since, until=until, **held[office_id])
        if office_id in held
        else unknown
        for office_id in office_ids
    }


def _read(conn: Connection, since: date) -> dict[str, dict[str, Any]]:
    rows = store.rows(conn, "satisfaction_published", since=since)
    return {row["office_id"]: {key: row[key] for key in ("n", "share", "low", "high")} for row in rows}


def _publish(conn: Connection, office_ids: Sequence[str], since: date, until: date, k_min: int) -> bool:
    """Write what may be published of these offices; whether there was any."""
    begin, end = store.span_of(since)[0], store.span_of(until)[0]
    rostered = sorted(rating_store.offices_with_roster(conn, office_ids, begin, end)) if office_ids else []
    if not rostered:
        return False
    days = views.by_office(rating_store.days(conn, rostered, begin, end))
    officers = views.by_office(rating_store.officers(conn, rostered, begin, end))
    _, rule = rule_on(until - timedelta(days=1), rating_store.rules(conn))
    found = {o: figure(days.get(o, []), officers.get(o, []), True, rule, k_min) for o in rostered}
    period = {"since": since, "until": until, "satisfied_from": rule.satisfied_from}
    rows = [{**row, **period, "office_id": office_id} for office_id, row in found.items() if row is not None]
    with conn.transaction(), conn.cursor() as cursor:
        cursor.executemany(
            "insert into satisfaction_published (office_id, since, until, n, share, low, high, satisfied_from) values "
            "(%(office_id)s, %(since)s, %(until)s, %(n)s, %(share)s, %(low)s, %(high)s, %(satisfied_from)s) "
            "on conflict (office_id, since) do nothing",
            rows,
        )
    return bool(rows)

"""One look at everything: read the figures, step the watches, write what happened and which messages are due. One transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from motcua.analytics import alert_notices, alert_store, facts, rating_store, store
from motcua.analytics.alert_rules import Rules, SatisfactionLow
from motcua.analytics.alert_views import Seen, asked, observe
from motcua.analytics.alerting import Event, Observation, tick
from motcua.analytics.behind import behind
from motcua.analytics.channels import Channel
from motcua.analytics.rule import rule_on
from motcua.analytics.store import REAL, Connection, best
from motcua.analytics.writer import CHANNEL

ASK_EVERY = timedelta(minutes=10)
"""Answers of citizens come slowly: they are summed so often."""


@dataclass(slots=True)
class Asked:
    """What citizens said, summed a while ago; the process may forget it."""

    at: datetime | None = None
    found: Sequence[Observation] = field(default=())


def look(conn: Connection, now: datetime, stale_after_s: float, channels: Sequence[Channel], said: Asked) -> list[Event]:
    """What happened since the look before; it is written, and pages are told. Raises psycopg errors, having written nothing."""
    with conn.transaction():
        day = store.day_of(now)
        offices = store.offices(conn, day)
        rules = Rules(alert_store.given(conn), {o["office_id"]: o["parent_id"] for o in offices}, day)
        if said.at is None or not timedelta(0) <= now - said.at < ASK_EVERY:
            said.at, said.found = now, _asked(conn, [o["office_id"] for o in offices], rules, now)
        seen = Seen(
            offices,
            store.queue_now(conn),
            store.rows(conn, "alert_sources"),
            facts.opening_hours(conn),
            facts.holidays(conn, day, day + timedelta(days=1)),
            said.found,
        )
        observed = observe(seen, now, stale_after_s)
        before, last_at = alert_store.book(conn)
        after, events = tick(before, observed, rules, last_at, now)
        changed = alert_store.save(conn, before, after, events, observed, now)
        alert_notices.plan(conn, channels, rules, now)
        for office_id in sorted(changed):
            conn.execute("select pg_notify(%s, %s)", [CHANNEL, json.dumps({"offices": [office_id]})])
    return events


def _asked(conn: Connection, offices: list[str], rules: Rules, now: datetime) -> list[Observation]:
    today = store.day_of(now)
    spans = [rule.days for o in offices if isinstance(rule := rules.rule(o, "satisfaction_low"), SatisfactionLow)]
    if not spans:
        return []
    since = store.span_of(today - timedelta(days=max(spans)))[0]
    until = store.span_of(today + timedelta(days=1))[0]
    days = rating_store.days(conn, offices, since, until)
    rated = sorted({row["office_id"] for row in days})
    rosters = rating_store.offices_with_roster(conn, rated, since, until)
    by_office: dict[str, list[store.Row]] = {}
    for row in rating_store.officers(conn, rated, since, until):
        by_office.setdefault(row["office_id"], []).append(row)
    enough = {}
    for office_id in rated:
        rows = by_office.get(office_id, [])
        label = best(row["provenance"] for row in rows)
        counts: dict[str | None, int] = {}
        for row in rows:
            if row["provenance"] == label or (label in REAL and row["provenance"] in REAL):
                counts[row["officer_id"]] = counts.get(row["officer_id"], 0) + row["n"]
        found = behind(counts, office_id in rosters)
        enough[office_id] = found.officers is None or found.enough
    _, points = rule_on(today, rating_store.rules(conn))
    return asked(offices, days, enough, rules, points.satisfied_from, today)

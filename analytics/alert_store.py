"""Alerts into the database and out of it: settings, what is remembered between two looks, alerts, their history."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from motcua.analytics import store
from motcua.analytics.alert_rules import Given, Setting, setting_of
from motcua.analytics.alerting import Book, Event, Key, Observation, Watch
from motcua.analytics.store import Connection, Row

FACTS_EVERY = timedelta(minutes=1)
"""A standing alert's figures are written so often at the most."""


def given(conn: Connection) -> list[Given]:
    """Every setting that was ever written."""
    rows = conn.execute(
        "select setting_id, scope_id, kind, valid_from, body from alert_setting order by setting_id"
    ).fetchall()
    return [Given(r[0], r[1], r[3], setting_of(r[2], r[4])) for r in rows]


def add_setting(conn: Connection, scope_id: str, valid_from: date, setting: Setting, username: str) -> None:
    """Set a rule for a scope from a day on, and tell the audit log; of several for one day the newest holds."""
    body = setting.model_dump(mode="json", exclude={"kind"})
    with conn.transaction():
        conn.execute(
            "insert into alert_setting (scope_id, kind, valid_from, body, set_by) values (%s, %s, %s, %s, %s)",
            [scope_id, setting.kind, valid_from, json.dumps(body), username],
        )
        detail = {"scope_id": scope_id, "kind": setting.kind, "valid_from": valid_from.isoformat(), "body": body}
        conn.execute(
            "insert into audit (username, action, detail) values (%s, 'alert.rule', %s)", [username, json.dumps(detail)]
        )


def book(conn: Connection) -> tuple[dict[Key, Watch], datetime | None]:
    """What is remembered, and when the last look was."""
    rows = conn.execute(
        "select office_id, kind, subject, raised, evidence_s, verdict, alert_id, cleared_at from alert_watch"
    ).fetchall()
    return {Key(*r[:3]): Watch(*r[3:]) for r in rows}, looked_at(conn)


def looked_at(conn: Connection) -> datetime | None:
    """When the last look was; None where there was none."""
    row = conn.execute("select at from alert_look").fetchone()
    return row[0] if row else None


def save(
    conn: Connection, before: Book, after: Book, events: Iterable[Event], seen: Iterable[Observation], now: datetime
) -> set[str]:
    """Write one look; within the caller's transaction. Returns the offices whose alerts changed."""
    changed = [key for key, watch in after.items() if before.get(key) != watch]
    with conn.cursor() as cursor:
        cursor.executemany(
            "delete from alert_watch where (office_id, kind, subject) = (%s, %s, %s)",
            sorted(tuple(key) for key in before.keys() - after.keys()),
        )
        cursor.executemany(
            "insert into alert_watch (office_id, kind, subject, raised, evidence_s, verdict, alert_id, cleared_at) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (office_id, kind, subject) do update set "
            "raised = excluded.raised, evidence_s = excluded.evidence_s, verdict = excluded.verdict, "
            "alert_id = excluded.alert_id, cleared_at = excluded.cleared_at",
            [(*key, w.raised, w.evidence_s, w.verdict, w.alert_id, w.cleared_at) for key in changed for w in (after[key],)],
        )
        cursor.execute("insert into alert_look (at) values (%s) on conflict (single) do update set at = excluded.at", [now])
    offices = {event.key.office_id for event in events}
    for event in events:
        _write_event(conn, event)
    return offices | _refresh(conn, after, seen, now)


def _write_event(conn: Connection, event: Event) -> None:
    facts = json.dumps(event.facts)
    if event.event == "cleared":
        conn.execute(
            "update alert set cleared_at = %s, cleared_because = %s, unknown_since = null where alert_id = %s",
            [event.at, event.reason, event.alert_id],
        )
        add_event(conn, event.alert_id, event.at, "cleared", detail={"because": event.reason, "facts": event.facts})
        return
    conn.execute(
        "insert into alert (alert_id, office_id, kind, subject, raised_at, first_raised_at, facts, facts_at, provenance) "
        "values (%(id)s, %(office)s, %(kind)s, %(subject)s, %(at)s, %(at)s, %(facts)s, %(at)s, %(provenance)s) "
        "on conflict (alert_id) do update set raised_at = excluded.raised_at, times = alert.times + 1, cleared_at = null, "
        "cleared_because = null, facts = excluded.facts, facts_at = excluded.facts_at, provenance = excluded.provenance, "
        "acknowledged_at = null, acknowledged_by = null",
        {
            "id": event.alert_id, "office": event.key.office_id, "kind": event.key.kind, "subject": event.key.subject,
            "at": event.at, "facts": facts, "provenance": event.provenance,
        },
    )  # fmt: skip
    add_event(conn, event.alert_id, event.at, "raised", detail={"again": event.again, "facts": event.facts})


def _refresh(conn: Connection, after: Book, seen: Iterable[Observation], now: datetime) -> set[str]:
    """The figures of standing alerts as long as they are bad, and since when nothing is known of them."""
    by_key = {one.key: one for one in seen}
    changed: set[str] = set()
    standing = conn.execute(
        "select alert_id, office_id, kind, subject, unknown_since, facts, facts_at from alert where cleared_at is null for update"
    ).fetchall()
    for alert_id, office_id, kind, subject, unknown_since, facts, facts_at in standing:
        key = Key(office_id, kind, subject)
        watch, one = after.get(key), by_key.get(key)
        unknown = watch is None or watch.verdict == "unknown"
        since = (unknown_since or now) if unknown else None
        bad = watch is not None and watch.verdict == "bad"
        fresh = one is not None and bad and dict(one.facts) != facts and now - facts_at >= FACTS_EVERY
        if since != unknown_since or fresh:
            conn.execute(
                "update alert set unknown_since = %s, facts = coalesce(%s::jsonb, facts), facts_at = coalesce(%s, facts_at) "
                "where alert_id = %s",
                [since, json.dumps(dict(one.facts)) if one and fresh else None, now if fresh else None, alert_id],
            )
            changed.add(office_id)
    return changed


def add_event(
    conn: Connection,
    alert_id: UUID,
    at: datetime,
    event: str,
    username: str | None = None,
    words: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """One more line of an alert's history. The caller holds the alert's row."""
    conn.execute(
        "insert into alert_event (alert_id, step, at, event, username, words, detail) "
        "select %(id)s, coalesce(max(step), 0) + 1, %(at)s, %(event)s, %(username)s, %(words)s, %(detail)s "
        "from alert_event where alert_id = %(id)s",
        {
            "id": alert_id, "at": at, "event": event, "username": username, "words": words,
            "detail": json.dumps(dict(detail or {})),
        },
    )  # fmt: skip


def alerts(
    conn: Connection,
    offices: Collection[str] | None = None,
    *,
    alert_id: UUID | None = None,
    kind: str | None = None,
    state: str | None = None,
    assigned_to: str | None = None,
    limit: int = 100,
    skip: int = 0,
) -> list[Row]:
    """Alerts of some offices (None: all), those that stand first. state: ``open``, ``new`` (nobody has acknowledged), ``over``."""
    return store.rows(
        conn,
        "alerts",
        offices=None if offices is None else sorted(offices),
        alert_id=alert_id,
        kind=kind,
        state=state,
        assigned_to=assigned_to,
        limit=limit,
        skip=skip,
    )


def history(conn: Connection, alert_id: UUID) -> list[Row]:
    """What happened to an alert, in order."""
    return store.rows(conn, "alert_events", alert_id=alert_id)


def counts(conn: Connection, offices: Collection[str] | None = None) -> Row:
    """``standing`` and ``unacknowledged``."""
    return store.rows(conn, "alert_counts", offices=None if offices is None else sorted(offices))[0]


def acknowledge(conn: Connection, alert_id: UUID, username: str, at: datetime) -> bool:
    """Somebody has seen it. False where somebody had already, or it is over."""
    with conn.transaction():
        done = conn.execute(
            "update alert set acknowledged_at = %s, acknowledged_by = %s "
            "where alert_id = %s and acknowledged_at is null and cleared_at is null",
            [at, username, alert_id],
        )
        if done.rowcount:
            add_event(conn, alert_id, at, "acknowledged", username)
    return bool(done.rowcount)


def assign(conn: Connection, alert_id: UUID, username: str, assignee: str | None, at: datetime) -> bool:
    """Give it to somebody, or to nobody. False where it is theirs already."""
    with conn.transaction():
        done = conn.execute(
            "update alert set assigned_to = %s where alert_id = %s and assigned_to is distinct from %s",
            [assignee, alert_id, assignee],
        )
        if done.rowcount:
            add_event(conn, alert_id, at, "assigned", username, detail={"to": assignee})
    return bool(done.rowcount)


def comment(conn: Connection, alert_id: UUID, username: str, words: str, at: datetime) -> None:
    """Say something about it."""
    with conn.transaction():
        conn.execute("select 1 from alert where alert_id = %s for update", [alert_id])
        add_event(conn, alert_id, at, "commented", username, words)

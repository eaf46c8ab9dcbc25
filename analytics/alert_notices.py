"""Messages about alerts: which are due, what waits for which channel, what became of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from motcua.analytics import store
from motcua.analytics.alert_rules import Rules
from motcua.analytics.alert_store import add_event
from motcua.analytics.alerting import Standing, due, pause_s
from motcua.analytics.channels import Channel
from motcua.analytics.store import VIET_NAM, Connection, Row

_OLD = timedelta(days=1)  # that something so long past is over is no news
_NAMESPACE = UUID("4d3f1c39-3c1b-4f0e-8f5e-0c5c9d1f3a42")


def plan(conn: Connection, channels: Sequence[Channel], rules: Rules, now: datetime) -> int:
    """Write the messages that are due; within the caller's transaction. Returns how many. An alert that no channel takes stays untold."""
    by_office: dict[str, list[Row]] = defaultdict(list)
    for row in conn.execute(
        "select alert_id, office_id, kind, subject, provenance, facts, raised_at, cleared_at, cleared_because, told, "
        "acknowledged_at is not null as acknowledged from alert "
        "where cleared_at is null or (told = 'raised' and cleared_at > %s) order by office_id, raised_at, alert_id for update",
        [now - _OLD],
    ).fetchall():
        names = (
            "alert_id", "office_id", "kind", "subject", "provenance", "facts", "raised_at", "cleared_at", "cleared_because",
            "told", "acknowledged",
        )  # fmt: skip
        by_office[row[1]].append(dict(zip(names, row, strict=True)))
    told_at = _told_at(conn, now)
    made = 0
    for office_id, rows in by_office.items():
        scopes = rules.scopes(office_id)
        taken = [r for r in rows if any(c.takes(scopes, r["kind"], r["provenance"]) for c in channels)]
        standing = [Standing(r["alert_id"], r["cleared_at"] is None, r["acknowledged"], r["told"]) for r in taken]
        chosen = due(standing, told_at.get(office_id, ()), rules.telling(office_id), now.astimezone(VIET_NAM))
        if chosen:
            said = {one.alert_id: one.to_tell for one in chosen}
            _write(
                conn,
                office_id,
                [{**r, "said": said[r["alert_id"]]} for r in taken if r["alert_id"] in said],
                channels,
                scopes,
                now,
            )
            made += 1
    return made


def _told_at(conn: Connection, now: datetime) -> dict[str, list[datetime]]:
    found: dict[str, list[datetime]] = defaultdict(list)
    for office_id, at in conn.execute(
        "select office_id, at from alert_notice where at > %s", [now - timedelta(hours=1)]
    ).fetchall():
        found[office_id].append(at)
    return found


def _write(
    conn: Connection, office_id: str, rows: list[Row], channels: Sequence[Channel], scopes: Sequence[str], now: datetime
) -> None:
    said = ",".join(f"{r['alert_id']}:{r['said']}" for r in rows)
    notice_id = uuid5(_NAMESPACE, f"{office_id}/{now.isoformat()}/{said}")
    lines = [
        {
            "alert_id": str(r["alert_id"]), "said": r["said"], "kind": r["kind"], "subject": r["subject"], "facts": r["facts"],
            "provenance": r["provenance"], "because": r["cleared_because"],
            "at": (r["raised_at"] if r["said"] == "raised" else r["cleared_at"]).isoformat(),
        }
        for r in rows
    ]  # fmt: skip
    conn.execute(
        "insert into alert_notice (notice_id, office_id, at, alerts) values (%s, %s, %s, %s)",
        [notice_id, office_id, now, json.dumps(lines)],
    )
    names = [c.name for c in channels if any(c.takes(scopes, r["kind"], r["provenance"]) for r in rows)]
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into alert_delivery (notice_id, channel) values (%s, %s)", [(notice_id, n) for n in names]
        )
        cursor.executemany("update alert set told = %s where alert_id = %s", [(r["said"], r["alert_id"]) for r in rows])


def know(conn: Connection, channels: Collection[Channel]) -> None:
    """Write down which channels there are; what waits for one that is gone is given up."""
    with conn.transaction(), conn.cursor() as cursor:
        cursor.executemany(
            "insert into alert_channel (channel, service) values (%s, %s) "
            "on conflict (channel) do update set service = excluded.service, active = true, next_at = null",
            [(c.name, c.service) for c in channels],
        )
        names = [c.name for c in channels]
        cursor.execute("update alert_channel set active = false where channel <> all(%s)", [names])
        lost = cursor.execute(
            "update alert_delivery set state = 'given_up', error = 'gone' where state = 'waiting' and channel <> all(%s) "
            "returning notice_id",
            [names],
        ).fetchall()
        _untell(conn, [notice_id for (notice_id,) in lost])


def channels(conn: Connection) -> list[Row]:
    """The channels with how they are; never an address."""
    names = ("channel", "service", "sent_at", "failures", "failed_at", "error", "next_at", "waiting")
    rows = conn.execute(
        "select channel, service, sent_at, failures, failed_at, error, next_at, "
        "(select count(*) from alert_delivery as d where d.channel = c.channel and d.state = 'waiting') "
        "from alert_channel as c where active order by channel"
    ).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


def waiting(conn: Connection, now: datetime, give_up: timedelta) -> dict[str, list[Row]]:
    """What waits, by channel, of the channels whose pause is over. What is older than ``give_up`` is given up first: it is no news.
    What nobody took counts as untold, so that it is told as it stands once a channel takes messages again."""
    with conn.transaction():
        lost = conn.execute(
            "update alert_delivery as d set state = 'given_up', done_at = %s, error = coalesce(d.error, 'late') "
            "from alert_notice as n where n.notice_id = d.notice_id and d.state = 'waiting' and n.at < %s returning d.notice_id",
            [now, now - give_up],
        ).fetchall()
        _untell(conn, [notice_id for (notice_id,) in lost])
    resting = {
        name
        for (name,) in conn.execute("select channel from alert_channel where not active or next_at > %s", [now]).fetchall()
    }
    found: dict[str, list[Row]] = defaultdict(list)
    for row in store.rows(conn, "alert_waiting"):
        if row["channel"] not in resting:
            found[row["channel"]].append(row)
    return found


def _untell(conn: Connection, lost: Sequence[UUID]) -> None:
    """Alerts whose message reached nobody stand as they did before it."""
    conn.execute(
        "update alert as a set told = case line ->> 'said' when 'raised' then 'none' else 'raised' end "
        "from alert_notice as n cross join lateral jsonb_array_elements(n.alerts) as line "
        "where n.notice_id = any(%s) and a.alert_id = (line ->> 'alert_id')::uuid and a.told = line ->> 'said' "
        "and not exists (select from alert_delivery as d where d.notice_id = n.notice_id and d.state <> 'given_up')",
        [list(lost)],
    )


def sent(conn: Connection, channel: str, notices: Iterable[Row], now: datetime, gap_s: float) -> None:
    """A message went out with these notices; the next one goes ``gap_s`` later at the soonest."""
    with conn.transaction():
        conn.execute(
            "update alert_channel set sent_at = %s, failures = 0, error = null, next_at = %s where channel = %s",
            [now, now + timedelta(seconds=gap_s), channel],
        )
        for notice in notices:
            done: Any = conn.execute(
                "update alert_delivery set state = 'sent', attempts = attempts + 1, done_at = %s, error = null "
                "where notice_id = %s and channel = %s and state = 'waiting'",
                [now, notice["notice_id"], channel],
            )
            for line in notice["alerts"] if done.rowcount else ():
                alert_id = UUID(line["alert_id"])
                if conn.execute("select 1 from alert where alert_id = %s for update", [alert_id]).fetchone():
                    add_event(conn, alert_id, now, "notified", detail={"channel": channel, "said": line["said"]})


def failed(conn: Connection, channel: str, notices: Iterable[Row], error: str, now: datetime) -> float:
    """A message did not go out; returns for how many seconds the channel is left alone."""
    with conn.transaction():
        row: Any = conn.execute(
            "update alert_channel set failures = failures + 1, failed_at = %s, error = %s where channel = %s returning failures",
            [now, error[:300], channel],
        ).fetchone()
        pause = pause_s(row[0] if row else 1)
        conn.execute("update alert_channel set next_at = %s where channel = %s", [now + timedelta(seconds=pause), channel])
        with conn.cursor() as cursor:
            cursor.executemany(
                "update alert_delivery set attempts = attempts + 1, error = %s where notice_id = %s and channel = %s "
                "and state = 'waiting'",
                [(error[:300], n["notice_id"], channel) for n in notices],
            )
    return pause

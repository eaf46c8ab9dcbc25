"""Ratings into the database and out of it: kiosks, tokens, imports, answers."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg import sql

from motcua.analytics import store
from motcua.analytics.call_backs import CallBacks
from motcua.analytics.rating_tokens import digest
from motcua.analytics.rows import COLUMNS, row_of
from motcua.analytics.rule import Rule
from motcua.analytics.store import Connection, Row
from motcua.edge.messages import Rating


class KioskError(ValueError):
    """A kiosk cannot be made or ended; one sentence with the way out."""


def add_kiosk(conn: Connection, office_id: str, kiosk_id: str, counter_id: str | None, provenance: str = "kiosk") -> str:
    """Make a kiosk, or give one a new token; returns the token, which is shown once. Raises KioskError."""
    if not conn.execute("select 1 from office where office_id = %s", [office_id]).fetchone():
        raise KioskError(f"there is no office {office_id!r}: import the offices first")
    token = secrets.token_urlsafe(24)
    conn.execute(
        "insert into kiosk (office_id, kiosk_id, counter_id, token_hash, provenance) values (%s, %s, %s, %s, %s) "
        "on conflict (office_id, kiosk_id) do update set counter_id = excluded.counter_id, token_hash = excluded.token_hash, "
        "provenance = excluded.provenance, disabled_at = null",
        [office_id, kiosk_id, counter_id, digest(token), provenance],
    )
    return token


def disable_kiosk(conn: Connection, office_id: str, kiosk_id: str) -> None:
    """End a kiosk's token. Raises KioskError."""
    ended = conn.execute(
        "update kiosk set disabled_at = now() where office_id = %s and kiosk_id = %s and disabled_at is null",
        [office_id, kiosk_id],
    )
    if ended.rowcount == 0:
        raise KioskError(f"there is no kiosk {kiosk_id!r} at {office_id!r}: 'motcua ratings kiosks' shows them")


def kiosk_of(conn: Connection, token: str) -> Row | None:
    """The kiosk that a token belongs to; None when it is unknown or ended."""
    found = store.rows(conn, "kiosk_of_token", token_hash=digest(token))
    return found[0] if found else None


def kiosks(conn: Connection) -> list[Row]:
    """Every kiosk."""
    return store.rows(conn, "kiosks")


def known(conn: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these ratings are stored already."""
    return {row[0] for row in conn.execute("select id from rating where id = any(%s)", [list(ids)]).fetchall()}


def add(conn: Connection, ratings: Sequence[Rating]) -> int:
    """Store ratings that have no sequence of their own (QR, import); returns how many were new."""
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS["rating"]))
    places = sql.SQL(", ").join([sql.Placeholder()] * len(COLUMNS["rating"]))
    statement = sql.SQL("insert into rating ({}) values ({}) on conflict do nothing").format(columns, places)
    with conn.transaction(), conn.cursor() as cursor:
        cursor.executemany(statement, [row_of(r)[1] for r in ratings])
        return max(0, cursor.rowcount)


def add_once(conn: Connection, token: str, rating: Rating, comment: str | None) -> bool:
    """Store the rating of a token; False when the token was used before."""
    with conn.transaction():
        used = conn.execute(
            "insert into rating_token (token_hash, rating_id) values (%s, %s) on conflict do nothing",
            [digest(token), rating.id],
        )
        if used.rowcount == 0:
            return False
        add(conn, [rating])
        if comment:
            conn.execute(
                "insert into rating_comment (rating_id, at, office_id, comment) values (%s, %s, %s, %s)",
                [rating.id, rating.at, rating.office_id, comment],
            )
    return True


def is_used(conn: Connection, token: str) -> bool:
    """Whether a token has given its rating."""
    return conn.execute("select 1 from rating_token where token_hash = %s", [digest(token)]).fetchone() is not None


def import_call_backs(conn: Connection, username: str, found: CallBacks) -> tuple[UUID, int]:
    """Store what a file holds and write down what became of it; returns the import's id and how many were new."""
    import_id = uuid4()
    with conn.transaction():
        new = add(conn, found.ratings)
        conn.execute(
            "insert into rating_import (import_id, username, lines, imported, duplicates, dropped_columns, errors) "
            "values (%s, %s, %s, %s, %s, %s, %s)",
            [
                import_id, username, found.lines, new, len(found.ratings) - new, list(found.dropped),
                json.dumps([{"line": p.line, "message": p.message} for p in found.problems[:1000]]),
            ],
        )  # fmt: skip
    return import_id, new


def rules(conn: Connection) -> list[tuple[date, Rule]]:
    """Every rule with the date from which it holds; none where a province has not set any."""
    found = conn.execute("select valid_from, rule from attitude_rule order by valid_from").fetchall()
    return [(row[0], Rule.model_validate(row[1])) for row in found]


def days(conn: Connection, office_ids: Sequence[str], since: datetime, until: datetime) -> list[Row]:
    """Answers by office, counter, day, channel and provenance, with counts by score ``n1`` to ``n5``."""
    return _span(conn, "rating_days", office_ids, since, until)


def reasons(conn: Connection, office_ids: Sequence[str], since: datetime, until: datetime, satisfied_from: int) -> list[Row]:
    """What answers were about."""
    return _span(conn, "rating_reasons", office_ids, since, until, satisfied_from=satisfied_from)


def officers(conn: Connection, office_ids: Sequence[str], since: datetime, until: datetime) -> list[Row]:
    """Answers by office, counter and officer on duty."""
    return _span(conn, "rating_officers", office_ids, since, until)


def offices_with_roster(conn: Connection, office_ids: Sequence[str], since: datetime, until: datetime) -> set[str]:
    """Offices that have any shift in a span."""
    return {row["office_id"] for row in _span(conn, "has_roster", office_ids, since, until)}


def served(conn: Connection, office_ids: Sequence[str], since: datetime, until: datetime) -> list[Row]:
    """People served by office, counter and hour."""
    return _span(conn, "served_by_hour", office_ids, since, until)


def sentiment(conn: Connection, office_ids: Sequence[str], since: datetime, until: datetime) -> list[Row]:
    """Sentiment by office, day and model."""
    return _span(conn, "sentiment_days", office_ids, since, until)


def answers(conn: Connection, office_id: str, since: datetime, until: datetime) -> list[Row]:
    """One office's answers."""
    return store.rows(conn, "rating_answers", office_id=office_id, since=since, until=until)


def departures(conn: Connection, office_id: str, since: datetime, until: datetime) -> list[Row]:
    """Ends of services at the counters of one office."""
    return store.rows(conn, "departures", office_id=office_id, since=since, until=until)


def _span(
    conn: Connection, name: str, office_ids: Sequence[str], since: datetime, until: datetime, **more: Any
) -> list[Row]:
    return store.rows(conn, name, office_ids=list(office_ids), since=since, until=until, **more)

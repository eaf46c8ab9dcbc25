"""The mode of officers' faces in the database: what holds, what is asked for, who confirms; and the rows that may be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg

from motcua.analytics.notice import Notice
from motcua.analytics.officer_expression import CHANGE_FOR
from motcua.analytics.store import Connection, Row, rows
from motcua.edge.messages import OfficerMode

MIN_BASIS, MOST_BASIS = 10, 1000


class ModeError(ValueError):
    """A change that cannot be made now; one sentence with the reason."""


def modes(conn: Connection, office_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Each office's modes, newest first; no entry where it was always off."""
    found: dict[str, list[Row]] = {}
    for row in rows(conn, "officer_modes", office_ids=list(office_ids)):
        found.setdefault(row["office_id"], []).append(row)
    return found


def mode_of(conn: Connection, office_id: str) -> OfficerMode:
    """The mode that holds."""
    row = conn.execute("select coalesce((officer_mode_now(%s)).mode, 'off')", [office_id]).fetchone()
    assert row is not None
    mode: OfficerMode = row[0]
    return mode


def open_changes(conn: Connection, office_ids: Sequence[str] | None = None, change_id: UUID | None = None) -> list[Row]:
    """What is asked for and has not ended; what has run out ends here as expired."""
    conn.execute(
        "update officer_mode_change set outcome = 'expired', ended_at = clock_timestamp() "
        "where outcome is null and expires_at <= clock_timestamp()"
    )
    ids = None if office_ids is None else list(office_ids)
    return rows(conn, "officer_mode_changes", office_ids=ids, change_id=change_id)


def ask(
    conn: Connection, office_id: str, mode: OfficerMode, legal_basis: str, username: str, lasts: timedelta = CHANGE_FOR
) -> UUID:
    """Ask for a mode. Raises ModeError: it holds already, one is asked for, or the basis is not named."""
    basis = " ".join(legal_basis.split())
    if not MIN_BASIS <= len(basis) <= MOST_BASIS:
        raise ModeError(f"name the legal basis, or why it ends, in {MIN_BASIS} to {MOST_BASIS} characters")
    if mode == mode_of(conn, office_id):
        raise ModeError(f"the mode is {mode} already")
    open_changes(conn)
    change_id = uuid4()
    try:
        with conn.transaction():
            conn.execute(
                "insert into officer_mode_change (change_id, office_id, mode, legal_basis, proposed_by, proposed_at, expires_at) "
                "select %s, %s, %s, %s, %s, at, at + %s from (select clock_timestamp() as at) as t",
                [change_id, office_id, mode, basis, username, lasts],
            )
    except psycopg.errors.UniqueViolation:
        raise ModeError("another change is asked for already: confirm or withdraw it first") from None
    return change_id


def confirm(conn: Connection, change: Row, username: str) -> int:
    """Make a change hold, within a transaction; returns how many stored rows went. The database itself wants HR and admin. Raises ModeError."""
    gone = conn.execute("select count(*) from officer_expression where office_id = %s", [change["office_id"]]).fetchone()
    keys = ("office_id", "mode", "legal_basis", "proposed_by", "change_id")
    try:
        with conn.transaction():
            conn.execute(
                "insert into officer_mode (office_id, mode, legal_basis, proposed_by, change_id, confirmed_by) "
                "values (%s, %s, %s, %s, %s, %s)",
                [*(change[k] for k in keys), username],
            )
    except psycopg.errors.CheckViolation as error:
        raise ModeError(str(error.diag.message_primary)) from None
    return int(gone[0]) if gone else 0


def withdraw(conn: Connection, change_id: UUID, username: str) -> None:
    """End what is asked for."""
    conn.execute(
        "update officer_mode_change set outcome = 'withdrawn', ended_by = %s, ended_at = clock_timestamp() "
        "where change_id = %s and outcome is null",
        [username, change_id],
    )


def expression(
    conn: Connection, office_ids: Sequence[str], since: datetime, until: datetime, officer_id: str | None = None
) -> list[Row]:
    """Rows that the mode of their office lets anybody look at, with the officer of the roster."""
    return rows(conn, "officer_expression", office_ids=list(office_ids), since=since, until=until, officer_id=officer_id)


def boxes(conn: Connection, office_ids: Sequence[str]) -> list[dict[str, Any]]:
    """What each camera last said that it reads."""
    return rows(conn, "officer_boxes", office_ids=list(office_ids))


def notice_of(conn: Connection, office: Row, planned: Row | None = None) -> Notice:
    """An office's notice: of the mode that holds, or of a change that is asked for."""
    held = modes(conn, [office["office_id"]]).get(office["office_id"], [])
    said = {b["sentiment_on"] for b in boxes(conn, [office["office_id"]])}
    now = planned or (held[0] if held else None)
    return Notice(
        office=office["unit_name"] or office["name"],
        mode=now["mode"] if now else "off",
        legal_basis=now["legal_basis"] if now else None,
        since=None if planned or not held else held[0]["valid_from"],
        citizens=None if not said else "true" in said,
    )

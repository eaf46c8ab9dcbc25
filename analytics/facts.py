"""What citizens ask of an office besides its wait: hours, holidays, access, procedures; and what they say is wrong.

The tables are plain: one row is one fact, whoever edits them writes rows. An import replaces what it names and leaves the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from motcua.analytics.store import REAL, Connection, Row, rows

EVERY = "*"
"""Stands for every office in the table of holidays."""
REPORT_FIELDS = ("address", "place", "phone", "hours", "access", "procedures", "wait", "other")


def opening_hours(conn: Connection, office_id: str | None = None) -> list[Row]:
    """Spans ``weekday`` (1 = Monday), ``opens``, ``closes``; an office without any is unknown."""
    return rows(conn, "opening_hours", office_id=office_id)


def holidays(conn: Connection, since: date, until: date) -> list[Row]:
    """Days that differ: ``opens`` and ``closes`` are None where an office is closed all day."""
    return rows(conn, "holidays", since=since, until=until)


def access(conn: Connection) -> list[Row]:
    """Wheelchair, lanes for priority and appointment, of the offices of which it is known."""
    return rows(conn, "office_access")


def procedures(conn: Connection) -> list[Row]:
    """Every procedure; ``offices`` is None where it is not known who takes it."""
    return rows(conn, "procedures")


def waits_by_week(conn: Connection, since: datetime, until: datetime) -> list[Row]:
    """Real waits of the served by weekday and hour: ``n``, ``wait_sum`` in seconds, by office and provenance."""
    return rows(conn, "waits_by_week", since=since, until=until, provenances=list(REAL))


def import_hours(conn: Connection, spans: Iterable[Mapping[str, object]]) -> int:
    """Replace the hours of every office that is named; returns how many spans were given."""
    given = list(spans)
    with conn.transaction(), conn.cursor() as cursor:
        cursor.execute("delete from opening_hours where office_id = any(%s)", [sorted({str(s["office_id"]) for s in given})])
        cursor.executemany(
            "insert into opening_hours values (%(office_id)s, %(weekday)s, %(opens)s, %(closes)s, %(source)s)", given
        )
    return len(given)


def import_holidays(conn: Connection, days: Iterable[Mapping[str, object]]) -> int:
    """Add or change days that differ."""
    given = list(days)
    with conn.transaction(), conn.cursor() as cursor:
        cursor.executemany(
            "insert into holiday values (%(office_id)s, %(day)s, %(name)s, %(opens)s, %(closes)s) "
            "on conflict (office_id, day) do update set name = excluded.name, opens = excluded.opens, closes = excluded.closes",
            given,
        )
    return len(given)


def import_access(conn: Connection, offices: Iterable[Mapping[str, object]]) -> int:
    """Add or change what is known of an office's access."""
    given = list(offices)
    with conn.transaction(), conn.cursor() as cursor:
        cursor.executemany(
            "insert into office_access values (%(office_id)s, %(wheelchair)s, %(priority_lane)s, %(appointment_lane)s, "
            "%(appointment_link)s, %(source)s) on conflict (office_id) do update set wheelchair = excluded.wheelchair, "
            "priority_lane = excluded.priority_lane, appointment_lane = excluded.appointment_lane, "
            "appointment_link = excluded.appointment_link, source = excluded.source",
            given,
        )
    return len(given)


def import_procedures(conn: Connection, given: Iterable[tuple[Mapping[str, object], Iterable[str]]]) -> int:
    """Add or change procedures, each with the offices that take it from now on."""
    pairs = [(dict(procedure), sorted(set(offices))) for procedure, offices in given]
    with conn.transaction(), conn.cursor() as cursor:
        cursor.executemany(
            "insert into procedure_taken values (%(procedure_id)s, %(name)s, %(field)s, %(link)s, %(source)s) "
            "on conflict (procedure_id) do update set name = excluded.name, field = excluded.field, link = excluded.link, "
            "source = excluded.source",
            [procedure for procedure, _ in pairs],
        )
        cursor.execute(
            "delete from office_procedure where procedure_id = any(%s)", [[str(p["procedure_id"]) for p, _ in pairs]]
        )
        cursor.executemany(
            "insert into office_procedure values (%s, %s)",
            [(p["procedure_id"], office) for p, offices in pairs for office in offices],
        )
    return len(pairs)


def add_report(conn: Connection, office_id: str, field: str, message: str, per_day: int) -> bool:
    """Keep what a citizen says is wrong. False where the day's number is reached or the same words wait already."""
    return bool(rows(conn, "add_report", office_id=office_id, field=field, message=message, per_day=per_day))


def reports(conn: Connection, *, offices: Iterable[str] | None = None, done: bool = False, limit: int = 200) -> list[Row]:
    """What citizens say is wrong (about ``offices``, if given), the newest first; with ``done`` also what was dealt with."""
    return rows(conn, "reports", offices=None if offices is None else sorted(offices), done=done, limit=limit)


def report_done(conn: Connection, report_id: int, username: str, offices: Iterable[str] | None = None) -> bool:
    """Mark a report as dealt with; False where there is none that waits (among ``offices``, if given)."""
    allowed = None if offices is None else sorted(offices)
    done: Any = conn.execute(
        "update data_report set done_at = now(), done_by = %s where report_id = %s and done_at is null "
        "and (%s::text[] is null or office_id = any(%s)) returning report_id",
        [username, report_id, allowed, allowed],
    ).fetchone()
    return done is not None

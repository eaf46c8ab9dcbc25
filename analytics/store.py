"""Questions to the database, one function each. The SQL lies in ``sql/queries/``; the same on both back ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

VIET_NAM = ZoneInfo("Asia/Ho_Chi_Minh")
REAL = ("camera", "kiosk", "import")
PREFERENCE = (*REAL, "replay", "simulated")
_QUERIES = Path(__file__).parent / "sql" / "queries"
_OFFICE = (
    "office_id", "code_gso", "name", "unit_name", "level", "parent_id", "address", "phone", "lat", "lon",
    "coordinate_quality", "opening_hours", "replaces", "source", "valid_from", "valid_to",
)  # fmt: skip

Row = dict[str, Any]
Connection = psycopg.Connection[Any]


@cache
def query(name: str) -> bytes:
    """The text of ``sql/queries/<name>.sql``."""
    return (_QUERIES / f"{name}.sql").read_bytes()


def rows(conn: Connection, name: str, **parameters: object) -> list[Row]:
    """Run a named query; its rows as dictionaries."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(name), parameters).fetchall()


def planned_rows(conn: Connection, name: str, **parameters: object) -> list[Row]:
    """The same, planned anew for these parameters: a plan that has to fit one office and all of them fits neither."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(name), parameters, prepare=False).fetchall()


def day_of(at: datetime) -> date:
    """Viet Nam's day of an instant."""
    return at.astimezone(VIET_NAM).date()


def span_of(day: date) -> tuple[datetime, datetime]:
    """Beginning and end of a Viet Nam day, in UTC."""
    begin = datetime.combine(day, time(), VIET_NAM).astimezone(UTC)
    return begin, begin + timedelta(days=1)


def best(provenances: Iterable[str]) -> str | None:
    """The provenance to show where there are several: real before replayed before simulated; they are never added up."""
    found = set(provenances)
    return next((p for p in PREFERENCE if p in found), None)


def offices(conn: Connection, day: date | None = None) -> list[Row]:
    """The offices that are valid on a day; without one, all that were ever known."""
    return rows(conn, "offices", day=day)


def import_offices(conn: Connection, new: Iterable[Mapping[str, object]]) -> int:
    """Add or change offices, all or none; returns how many were given."""
    values = [{key: office.get(key) for key in _OFFICE} for office in new]
    with conn.transaction(), conn.cursor() as cursor:
        cursor.executemany(query("import_office"), values)
    return len(values)


def queue_now(conn: Connection, office_id: str | None = None) -> list[Row]:
    """The newest sample of every queue; ``sample`` is a dictionary."""
    return rows(conn, "queue_now", office_id=office_id)


def counts(conn: Connection, since: datetime, until: datetime, office_id: str | None = None) -> list[Row]:
    """Visits by outcome, and sums of waits, by office and provenance over whole hours."""
    return rows(conn, "counts", since=since, until=until, office_id=office_id)


def waits_by_hour(conn: Connection, office_id: str, provenance: str, since: datetime, until: datetime) -> list[Row]:
    """Sums of one office's waits by hour; hours without visits are left out."""
    return rows(conn, "waits_by_hour", office_id=office_id, provenance=provenance, since=since, until=until)


def wait_bins(conn: Connection, office_id: str, provenance: str, since: datetime, until: datetime) -> list[Row]:
    """Events and censorings by minute waited: ``wait_bin``, ``events``, ``censored``."""
    return rows(conn, "wait_bins", office_id=office_id, provenance=provenance, since=since, until=until)


def waits_by_arrival(conn: Connection, office_id: str, provenance: str, since: datetime, until: datetime) -> list[Row]:
    """Of everybody who arrived in whole hours: counts and sums by hour of arrival, ``queued`` or not, and minute waited."""
    return rows(conn, "waits_by_arrival", office_id=office_id, provenance=provenance, since=since, until=until)


def flow_by_hour(conn: Connection, office_id: str, provenance: str, since: datetime, until: datetime) -> list[Row]:
    """Little's sums by hour; hours in which nothing was counted are left out."""
    return rows(conn, "flow_by_hour", office_id=office_id, provenance=provenance, since=since, until=until)


def part_counts(conn: Connection, office_id: str, provenance: str, since: datetime, until: datetime) -> list[Row]:
    """What cameras of parts of a queue counted, by the minute or so."""
    return rows(conn, "part_counts", office_id=office_id, provenance=provenance, since=since, until=until)


def part_totals(conn: Connection, since: datetime, until: datetime, office_id: str | None = None) -> list[Row]:
    """Who came, left by the door and was received, by office and provenance; ``left_unserved`` is None where no door is watched."""
    return rows(conn, "part_totals", since=since, until=until, office_id=office_id)


def part_counters(conn: Connection, office_id: str, since: datetime, until: datetime) -> list[Row]:
    """Service starts at each counter, as cameras of parts of a queue counted them."""
    return rows(conn, "part_counters", office_id=office_id, since=since, until=until)


def queue_trend(conn: Connection, since: datetime, until: datetime, office_id: str | None = None) -> list[Row]:
    """Sums of expected waits by source and five minutes; steps without a figure are left out."""
    return rows(conn, "queue_trend", since=since, until=until, office_id=office_id)


def counter_hours(conn: Connection, office_id: str, since: datetime, until: datetime) -> list[Row]:
    """Sums of waits and service times of who was served at each counter, by hour."""
    return rows(conn, "counter_hours", office_id=office_id, since=since, until=until)


def part_counter_hours(conn: Connection, office_id: str, since: datetime, until: datetime) -> list[Row]:
    """The same from cameras of parts of a queue, which know no wait."""
    return rows(conn, "part_counter_hours", office_id=office_id, since=since, until=until)


def ticket_lanes(conn: Connection, office_id: str, provenance: str, since: datetime, until: datetime) -> list[Row]:
    """Tickets drawn, and tickets whose service began: their lanes. Real tickets stand beside real cameras, simulated beside simulated."""
    allowed = list(REAL) if provenance in REAL else [provenance]
    return rows(conn, "ticket_lanes", office_id=office_id, provenances=allowed, since=since, until=until)


def provenances(conn: Connection, office_id: str, since: datetime, until: datetime) -> list[Row]:
    """Where an office's visits of a span came from."""
    return rows(conn, "provenances", office_id=office_id, since=since, until=until)


def counters(conn: Connection, office_id: str, since: datetime, until: datetime) -> list[Row]:
    """Visits served at each counter."""
    return rows(conn, "counters", office_id=office_id, since=since, until=until)


def daily(conn: Connection, office_id: str, since: datetime, until: datetime) -> list[Row]:
    """Visits by Viet Nam's days."""
    return rows(conn, "daily", office_id=office_id, since=since, until=until)


def sources(conn: Connection, office_id: str | None = None) -> list[Row]:
    """Every source with its state and gaps."""
    return rows(conn, "sources", office_id=office_id)


def dead_letters(conn: Connection, limit: int = 50) -> list[Row]:
    """The newest dead letters."""
    return rows(conn, "dead_letters", limit=limit)


def sentiment_day(conn: Connection, office_id: str, day: date) -> list[Row]:
    """Sums of sentiment over the periods that ended on a Viet Nam day, by provenance and model, the largest first."""
    since, until = span_of(day)
    return rows(conn, "sentiment_day", office_id=office_id, since=since, until=until)


def demo_counts(conn: Connection, since: datetime) -> Row:
    """What the demo tells of the time since it was ready."""
    return rows(conn, "demo_counts", since=since)[0]

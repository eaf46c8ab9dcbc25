"""Targets into the database and out of it. Rows are only added: the log of what was ever set is the table itself."""

from __future__ import annotations

from datetime import date

from psycopg.rows import class_row

from motcua.analytics import targets
from motcua.analytics.store import Connection, query
from motcua.analytics.targets import Target, TargetError


def every(conn: Connection) -> list[Target]:
    """All rows, by metric, scope and date; of one date the newest last."""
    with conn.cursor(row_factory=class_row(Target)) as cursor:
        return cursor.execute(query("targets")).fetchall()


def add(
    conn: Connection, metric: str, scope: str, valid_from: date, value: float | None, source: str, username: str
) -> Target:
    """Set a target from a date on. Raises TargetError."""
    known = targets.check(metric, scope, valid_from, value)
    office_id = scope.removeprefix("office:") if scope.startswith("office:") else None
    if office_id is not None and not conn.execute("select 1 from office where office_id = %s", [office_id]).fetchone():
        raise TargetError(f"there is no office {office_id[:64]!r}")
    row = conn.execute(
        "insert into target (metric, scope, valid_from, value, source, set_by) values (%s, %s, %s, %s, %s, %s) "
        "returning target_id",
        [known, scope, valid_from, value, source, username],
    ).fetchone()
    assert row is not None
    return Target(row[0], known, scope, valid_from, value, None, source, username)

"""Records in the database: read as they are compared, written with their line in the audit log. One transaction is the caller's."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from typing import Any

from psycopg import sql

from motcua.analytics import facts, store
from motcua.analytics.admin.kinds import KINDS, Kind, Values
from motcua.analytics.admin.plan import Known, Plan
from motcua.analytics.api import accounts, views
from motcua.analytics.store import Connection

_TABLES = {
    "offices": ("office",),
    "counters": ("counter",),
    "hours": ("opening_hours",),
    "holidays": ("holiday",),
    "access": ("office_access",),
    "procedures": ("procedure_taken", "office_procedure"),
    "taken": ("office_procedure",),
}


def records(conn: Connection, kind: Kind, today: date) -> dict[str, Values]:
    """Every record of a kind by its key, in the order of lists."""
    found = (
        {k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()}
        for row in store.rows(conn, f"admin_{kind.name}", day=today)
    )
    return {kind.key_of(values): values for values in found}


def every_office(conn: Connection) -> list[store.Row]:
    """All offices that were ever known."""
    return store.offices(conn)


def allowed(conn: Connection, office_id: str | None) -> set[str] | None:
    """The offices below one, also those no longer valid; None: every one."""
    return None if office_id is None else views.subtree(store.offices(conn), office_id)


def known(conn: Connection, kind: Kind, office_id: str | None, today: date) -> Known:
    """What a plan is made against, for an administrator of an office and those below it (None: of all)."""
    busy = conn.execute("select distinct office_id from device where revoked_at is null and office_id is not null")
    return Known(
        existing=records(conn, kind, today),
        levels={o["office_id"]: o["level"] for o in store.offices(conn)},
        procedures={str(p) for (p,) in conn.execute("select procedure_id from procedure_taken").fetchall()},
        allowed=allowed(conn, office_id),
        today=today,
        busy={str(o) for (o,) in busy.fetchall()},
    )


def lock(conn: Connection, kind: Kind) -> None:
    """Keep other writers of a kind out until the transaction ends; readers go on."""
    for table in _TABLES[kind.name]:
        conn.execute(sql.SQL("lock table {} in share row exclusive mode").format(sql.Identifier(table)))


def write(conn: Connection, done: Plan, by: str, *, via: str = "form") -> int:
    """Write a plan; a line in the audit log for each record, with both values of every field that changed. Returns how many."""
    kind = KINDS[done.kind]
    changes = (*done.changed, *done.retired)
    _put(conn, kind, [values for _, values in done.new] + [c.new for c in changes])
    for key, values in done.new:
        given = {k: v for k, v in values.items() if v is not None}
        accounts.audit(conn, by, f"{kind.name}.add", key=key, via=via, values=given)
    for change, action in [*((c, "change") for c in done.changed), *((c, "retire") for c in done.retired)]:
        accounts.audit(conn, by, f"{kind.name}.{action}", key=change.key, via=via, changes=change.fields())
    return len(done.new) + len(changes)


def remove_holiday(conn: Connection, values: Values, by: str) -> None:
    """Take out a day that has not come yet."""
    conn.execute("delete from holiday where office_id = %s and day = %s", [values["office_id"], values["day"]])
    accounts.audit(conn, by, "holidays.remove", key=KINDS["holidays"].key_of(values), values=values)


def _put(conn: Connection, kind: Kind, rows: Sequence[Values]) -> None:
    if not rows:
        return
    match kind.name:
        case "offices":
            store.import_offices(conn, rows)
        case "counters":
            with conn.cursor() as cursor:
                cursor.executemany(store.query("put_counter"), rows)
        case "hours":
            offices = [str(r["office_id"]) for r in rows]
            conn.execute("delete from opening_hours where office_id = any(%s)", [offices])
            facts.import_hours(conn, _spans(rows))
        case "holidays":
            facts.import_holidays(conn, rows)
        case "access":
            facts.import_access(conn, rows)
        case "procedures":
            facts.import_procedures(conn, [(r, str(r["offices"] or "").split()) for r in rows])
            with conn.cursor() as cursor:
                cursor.executemany(
                    "update procedure_taken set valid_to = %(valid_to)s where procedure_id = %(procedure_id)s", rows
                )
        case _:
            conn.execute("delete from office_procedure where office_id = any(%s)", [[str(r["office_id"]) for r in rows]])
            with conn.cursor() as cursor:
                cursor.executemany("insert into office_procedure values (%s, %s)", _taken(rows))


def _spans(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, object]]:
    """Rows of the table ``opening_hours`` from weeks."""
    return [
        {
            "office_id": row["office_id"],
            "weekday": weekday,
            "opens": time.fromisoformat(span[:5]),
            "closes": time.fromisoformat(span[6:]),
            "source": row["source"],
        }
        for row in rows
        for weekday, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), start=1)
        for span in str(row[day] or "").split()
    ]


def _taken(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(p, str(r["office_id"])) for r in rows for p in str(r["procedures"] or "").split()]


def matches(words: str, values: Values) -> bool:
    """Whether every word stands somewhere in a record, with or without accents."""
    if not (wanted := _folded(words).split()):
        return True
    text = _folded(" ".join(str(v) for v in values.values() if v is not None))
    return all(word in text for word in wanted)


def _folded(text: str) -> str:
    letters = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return "".join(letters).lower().replace("đ", "d")

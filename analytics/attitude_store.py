"""Roster, officers, proposals and rules in the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg

from motcua.analytics import store
from motcua.analytics.attitude import Cell
from motcua.analytics.process import Step
from motcua.analytics.roster import Shift
from motcua.analytics.rule import Rule
from motcua.analytics.store import REAL, Connection, Row, rows

_LOCK = 7_203_415_010  # advisory: one change of the roster at a time


def provenances_of(
    conn: Connection, office_ids: Sequence[str], since: datetime, until: datetime
) -> tuple[list[str], str | None]:
    """The kinds of answers to use, and their label: all real ones, else replayed, else simulated."""
    found = conn.execute(
        "select distinct provenance from rating where office_id = any(%s) and at >= %s and at < %s",
        [list(office_ids), since, until],
    ).fetchall()
    label = store.best(row[0] for row in found)
    return (list(REAL) if label in REAL else [label] if label else []), label


def cells(
    conn: Connection, office_ids: Sequence[str], since: datetime, until: datetime, provenances: Sequence[str]
) -> tuple[list[Cell], int]:
    """What ``assess`` takes, and how many answers no shift explains. Waits: of cameras beside real answers, else of the same provenance."""
    found = rows(
        conn, "attitude_cells", office_ids=list(office_ids), since=since, until=until,
        provenances=list(provenances), visit_provenances=list(provenances),
    )  # fmt: skip
    mine = [r for r in found if r["officer_id"] is not None]
    return [_cell(r) for r in mine], sum(r["n"] for r in found if r["officer_id"] is None)


def _cell(r: Row) -> Cell:
    wait = None if r["wait_min"] is None else float(r["wait_min"])
    sums = (int(r["n"]), float(r["total"]), float(r["squares"]))
    return Cell(r["officer_id"], r["office_id"], str(r["shift_id"]), r["hour"], r["procedure_id"], wait, *sums)


def officers(conn: Connection, office_ids: Sequence[str]) -> list[Row]:
    """Officers of some offices."""
    return rows(conn, "officers", office_ids=list(office_ids))


def shifts(
    conn: Connection, office_ids: Sequence[str], since: datetime, until: datetime, officer_id: str | None = None
) -> list[Row]:
    """Shifts that touch a span."""
    return rows(conn, "shifts", office_ids=list(office_ids), since=since, until=until, officer_id=officer_id)


def near(conn: Connection, new: Sequence[Shift]) -> list[Shift]:
    """The shifts that new ones could clash with, under a lock: call it within a transaction."""
    conn.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
    if not new:
        return []
    found = conn.execute(
        "select s.officer_id, o.name, s.office_id, s.counter_id, s.start_at, s.end_at from shift as s join officer as o using (officer_id) "
        "where s.start_at < %s and s.end_at > %s and (s.officer_id = any(%s) or s.office_id = any(%s))",
        [
            max(s.end_at for s in new), min(s.start_at for s in new),
            [s.officer_id for s in new], [s.office_id for s in new],
        ],
    ).fetchall()  # fmt: skip
    return [Shift(*row) for row in found]


def add_shifts(conn: Connection, username: str, new: Sequence[Shift]) -> int:
    """Store shifts and their officers; returns how many were new. An officer belongs to the office of the newest shift."""
    with conn.transaction(), conn.cursor() as cursor:
        people = {s.officer_id: s for s in sorted(new, key=lambda s: s.start_at)}
        cursor.executemany(
            "insert into officer (officer_id, name, office_id) values (%s, %s, %s) on conflict (officer_id) do update "
            "set name = excluded.name, office_id = excluded.office_id, updated_at = now()",
            [(s.officer_id, s.name, s.office_id) for s in people.values()],
        )
        cursor.executemany(
            "insert into shift (shift_id, officer_id, office_id, counter_id, start_at, end_at, updated_by) "
            "values (%s, %s, %s, %s, %s, %s, %s) on conflict (shift_id) do update set end_at = excluded.end_at, "
            "updated_by = excluded.updated_by, updated_at = now() where shift.end_at <> excluded.end_at",
            [(s.shift_id, s.officer_id, s.office_id, s.counter_id, s.start_at, s.end_at, username) for s in new],
        )
        return max(0, cursor.rowcount)


def foreign_officers(conn: Connection, officer_ids: Sequence[str], allowed: Sequence[str]) -> list[str]:
    """Officers among these who belong to an office that is not allowed."""
    found = conn.execute(
        "select officer_id from officer where officer_id = any(%s) and not office_id = any(%s)",
        [list(officer_ids), list(allowed)],
    ).fetchall()
    return [row[0] for row in found]


def name_of(conn: Connection, officer_id: str) -> str:
    """An officer's name; the id where there is none."""
    row = conn.execute("select name from officer where officer_id = %s", [officer_id]).fetchone()
    return str(row[0]) if row else officer_id


def remove_shift(conn: Connection, shift_id: UUID, allowed: Sequence[str]) -> Row | None:
    """Take a shift out of the roster; the shift, or None where there is none of an allowed office."""
    found = conn.execute(
        "delete from shift where shift_id = %s and office_id = any(%s) returning officer_id, office_id, counter_id, start_at, end_at",
        [shift_id, list(allowed)],
    ).fetchone()
    return (
        None
        if found is None
        else dict(zip(("officer_id", "office_id", "counter_id", "start_at", "end_at"), found, strict=True))
    )


def link_account(conn: Connection, officer_id: str, username: str | None) -> str | None:
    """Say which account is an officer's; the reason where it cannot be."""
    if (
        username is not None
        and not conn.execute("select 1 from account where username = %s and role = 'officer'", [username]).fetchone()
    ):
        return "there is no such account with the role officer"
    try:
        with conn.transaction():
            conn.execute(
                "update officer set username = %s, updated_at = now() where officer_id = %s", [username, officer_id]
            )
    except psycopg.errors.UniqueViolation:
        return "the account belongs to another officer"
    return None


def propose(
    conn: Connection, officer_id: str, office_id: str, period: tuple[date, date], provenance: str, evidence: dict[str, Any],
    rule_from: date, username: str,
) -> UUID | None:  # fmt: skip
    """Store a proposal with its first step; None where there is one for this period already."""
    proposal_id = uuid4()
    with conn.transaction():
        made = conn.execute(
            "insert into proposal (proposal_id, officer_id, office_id, period_start, period_end, provenance, evidence, points, band, "
            "rule_from, created_by) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
            [
                proposal_id, officer_id, office_id, *period, provenance, json.dumps(evidence, default=str),
                evidence["attitude"]["points"], evidence["attitude"]["band"], rule_from, username,
            ],
        )  # fmt: skip
        if made.rowcount == 0:
            return None
        conn.execute(
            "insert into proposal_step (proposal_id, step, username, action) values (%s, 1, %s, 'propose')",
            [proposal_id, username],
        )
    return proposal_id


def proposals(
    conn: Connection, office_ids: Sequence[str] | None = None, proposal_id: UUID | None = None, username: str | None = None
) -> list[Row]:
    """Proposals with their ``steps`` (of :class:`Step`), newest first."""
    found = rows(
        conn,
        "proposals",
        office_ids=None if office_ids is None else list(office_ids),
        proposal_id=proposal_id,
        username=username,
    )
    steps = rows(conn, "proposal_steps", proposal_ids=[p["proposal_id"] for p in found])
    for p in found:
        own = [s for s in steps if s["proposal_id"] == p["proposal_id"]]
        p["steps"] = [Step(s["action"], s["at"], s["username"], s["band"], s["words"]) for s in own]
    return found


def lock(conn: Connection, proposal_id: UUID) -> None:
    """One step of a proposal at a time; within a transaction."""
    conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [str(proposal_id)])


def add_step(conn: Connection, proposal_id: UUID, number: int, step: Step) -> None:
    """Store the next step."""
    conn.execute(
        "insert into proposal_step (proposal_id, step, at, username, action, band, words) values (%s, %s, %s, %s, %s, %s, %s)",
        [proposal_id, number, step.at, step.username, step.action, step.band, step.words],
    )


def add_rule(conn: Connection, valid_from: date, rule: Rule, username: str) -> bool:
    """A rule from a date on; False where the date has one."""
    made = conn.execute(
        "insert into attitude_rule (valid_from, rule, set_by) values (%s, %s, %s) on conflict do nothing",
        [valid_from, rule.model_dump_json(), username],
    )
    return made.rowcount == 1


def span(first: date, last: date) -> tuple[datetime, datetime]:
    """The instants of days from ``first`` until before ``last``."""
    return store.span_of(first)[0], store.span_of(last - timedelta(days=1))[1]

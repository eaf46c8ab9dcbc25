"""Officers' faces in the database: which rows get in, who may change the mode, and what goes when it changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from builders import NOON, officer_expression, visit
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from motcua.analytics import attitude_store, db, officer_modes, store
from motcua.analytics import officer_expression as figures
from motcua.analytics.api import accounts
from motcua.analytics.roster import Shift
from motcua.analytics.writer import Delivery, Written, bare, write
from motcua.edge.messages import Message, OfficerMode, dump, topic
from motcua.onebox.officer_faces_cli import app

BASIS = "Quyết định số 1/QĐ-UBND về thí điểm"
PASSWORD = "correct horse battery"
Connection = psycopg.Connection[Any]


def prepared(conn: Connection) -> None:
    store.import_offices(conn, [{"office_id": f"vl-{i}", "name": f"Xã {i}", "level": "commune"} for i in (1, 2)])
    for name, role in (("hr1", "hr"), ("hr2", "hr"), ("boss", "admin"), ("chief", "supervisor")):
        accounts.add(conn, name, role, PASSWORD)


@pytest.fixture
def conn(migrated: str) -> Iterator[Connection]:
    with db.connect(migrated) as conn:
        prepared(conn)
        yield conn


def switch(conn: Connection, mode: OfficerMode, office: str = "vl-1") -> int:
    """HR asks, an admin confirms."""
    key = officer_modes.ask(conn, office, mode, BASIS, "hr1")
    (change,) = officer_modes.open_changes(conn, change_id=key)
    return officer_modes.confirm(conn, change, "boss")


@contextmanager
def history(conn: Connection) -> Iterator[None]:
    """Let a test say that a mode has held for years: only the owner of the database can."""
    conn.execute("alter table officer_mode disable trigger user")
    yield
    conn.execute("alter table officer_mode enable trigger user")


def long_since(conn: Connection, mode: OfficerMode, office: str = "vl-1") -> None:
    switch(conn, mode, office)
    with history(conn):
        conn.execute("update officer_mode set valid_from = valid_from - interval '2 years' where office_id = %s", [office])


def put(conn: Connection, *messages: Message) -> Written:
    return write(conn, [Delivery(topic(m.office_id, m.source_id, m.type), dump(m), NOON) for m in messages])


def kept(conn: Connection, relation: str = "officer_expression") -> int:
    row = conn.execute(f"select count(*) from {relation}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_rows_get_in_under_their_mode_alone_and_the_rest_is_counted_without_its_figures(migrated: str) -> None:
    with db.connect(migrated) as conn:
        prepared(conn)
        here: dict[str, Any] = {"office_id": "vl-1"}
        off = put(conn, officer_expression(**here), visit(**here), officer_expression(office_id="nowhere"))
        assert (off.stored, off.dead) == (1, 2), "off is what holds without a word; the visit beside is stored"
        long_since(conn, "evidence")
        good = put(
            conn, officer_expression(**here), officer_expression(**here, mode="self"), officer_expression(office_id="vl-2")
        )
        assert (good.stored, good.dead, kept(conn)) == (1, 2, 1)
        letters = conn.execute("select payload, reason from dead_letter order by dead_letter_id").fetchall()
        assert len(letters) == 4
        assert "the mode of vl-1 is off" in letters[0][1]
        assert "the mode of vl-1 is evidence, these sums were gathered under self" in letters[2][1]
        for payload, _ in letters:
            assert not {"n", "valence_sum", "valence_sum2"} & set(json.loads(payload))
        received = conn.execute("select sum(upper(r) - lower(r)) from received, unnest(seqs) as r").fetchone()
        assert received == (6,), "what is kept as refused is confirmed, so that no box sends it for ever"
        old = officer_expression(
            **here, period_start=datetime(2020, 12, 31, tzinfo=UTC), period_end=datetime(2021, 1, 2, tzinfo=UTC)
        )
        assert put(conn, old).dead == 1, "gathered before the mode began"
        the_roster_says_whose_face_it_was_and_two_in_one_period_are_nobody(conn)


def test_a_mode_needs_hr_and_admin_together_in_the_database_itself(conn: Connection) -> None:
    key = officer_modes.ask(conn, "vl-1", "evidence", BASIS, "hr1")
    (change,) = officer_modes.open_changes(conn, change_id=key)
    for second in ("hr1", "hr2", "chief", "nobody"):
        with pytest.raises(officer_modes.ModeError, match=r"HR and admin together|proposed_by"):
            officer_modes.confirm(conn, change, second)
    accounts.disable(conn, "boss")
    with pytest.raises(officer_modes.ModeError, match="HR and admin together"):
        officer_modes.confirm(conn, change, "boss")
    accounts.set_password(conn, "boss", PASSWORD)
    for twisted in ({"mode": "self"}, {"office_id": "vl-2"}, {"legal_basis": "x" * 20}, {"change_id": uuid4()}):
        with pytest.raises((officer_modes.ModeError, psycopg.errors.ForeignKeyViolation)):
            officer_modes.confirm(conn, change | twisted, "boss")
    assert officer_modes.mode_of(conn, "vl-1") == "off"
    officer_modes.confirm(conn, change, "boss")
    assert officer_modes.mode_of(conn, "vl-1") == "evidence"
    with pytest.raises(officer_modes.ModeError, match="open change"):
        officer_modes.confirm(conn, change, "boss")
    for statement in (
        "update officer_mode set mode = 'off'",
        "delete from officer_mode",
        "truncate officer_mode",
        "update officer_mode_change set mode = 'off'",
        "update officer_mode_change set outcome = null, ended_at = null",
        "delete from officer_mode_change",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(statement.encode())


def test_a_change_runs_out_is_withdrawn_and_stands_alone(conn: Connection) -> None:
    with pytest.raises(officer_modes.ModeError, match="is off already"):
        officer_modes.ask(conn, "vl-1", "off", BASIS, "hr1")
    with pytest.raises(officer_modes.ModeError, match="legal basis"):
        officer_modes.ask(conn, "vl-1", "self", "   luật   ", "hr1")
    key = officer_modes.ask(conn, "vl-1", "self", BASIS, "hr1", timedelta(milliseconds=1))
    change = {"change_id": key, "office_id": "vl-1", "mode": "self", "legal_basis": BASIS, "proposed_by": "hr1"}
    conn.execute("select pg_sleep(0.01)")
    with pytest.raises(officer_modes.ModeError, match="open change"):
        officer_modes.confirm(conn, change, "boss")
    assert officer_modes.open_changes(conn) == []
    key = officer_modes.ask(conn, "vl-1", "self", BASIS, "hr1")
    with pytest.raises(officer_modes.ModeError, match="another change"):
        officer_modes.ask(conn, "vl-1", "evidence", BASIS, "boss")
    officer_modes.withdraw(conn, key, "boss")
    assert officer_modes.open_changes(conn) == []
    outcomes = conn.execute("select outcome from officer_mode_change order by proposed_at").fetchall()
    assert outcomes == [("expired",), ("withdrawn",)]


def test_what_was_gathered_under_a_mode_goes_when_it_changes(conn: Connection) -> None:
    long_since(conn, "evidence", "vl-2")
    put(conn, officer_expression(office_id="vl-2"))
    lower: tuple[OfficerMode, ...] = ("off", "self", "aggregate")
    for to in lower:
        long_since(conn, "evidence")
        assert put(conn, *(officer_expression(office_id="vl-1") for _ in range(2))).stored == 2
        assert switch(conn, to) == 2
        assert kept(conn) == 1, "the other office keeps its own"
        assert put(conn, officer_expression(office_id="vl-1", mode="evidence")).dead == 1, "late rows of the old mode"
        switch(conn, "evidence")
        assert put(conn, officer_expression(office_id="vl-1", mode="evidence")).dead == 1, "from before the mode came back"
        switch(conn, "off")


def test_a_row_that_is_there_without_its_mode_is_not_looked_at(conn: Connection) -> None:
    """Whoever owns the database can put a row there; no question finds it."""
    long_since(conn, "aggregate")
    put(conn, officer_expression(office_id="vl-1", mode="aggregate"))
    conn.execute("alter table officer_expression disable trigger user")
    put(conn, officer_expression(office_id="vl-1", mode="evidence"), officer_expression(office_id="vl-2", mode="aggregate"))
    assert kept(conn) == 3
    found = officer_modes.expression(conn, ["vl-1", "vl-2"], NOON - timedelta(days=9), NOON)
    assert [(r["office_id"], r["mode"]) for r in found] == [("vl-1", "aggregate")]


def the_roster_says_whose_face_it_was_and_two_in_one_period_are_nobody(conn: Connection) -> None:
    conn.execute("delete from officer_expression")
    morning = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
    hour = timedelta(hours=1)
    attitude_store.add_shifts(
        conn,
        "test",
        [
            Shift("lan", "Lan", "vl-1", "q1", morning, morning + 4 * hour),
            Shift("hoa", "Hoà", "vl-1", "q1", morning + 4 * hour, morning + 8 * hour),
            Shift("mai", "Mai", "vl-1", "q2", morning, morning + 8 * hour),
        ],
    )
    first = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)

    def hours(k: int, counter: str = "q1", lasts: int = 1) -> Message:
        begin = first + k * hour
        return officer_expression(office_id="vl-1", counter_id=counter, period_start=begin, period_end=begin + lasts * hour)

    put(conn, hours(0), hours(1), hours(4), hours(5), hours(2, "q2", 4), hours(12), hours(3, "q1", 3), hours(1, "q9"))
    found = officer_modes.expression(conn, ["vl-1"], first, first + 24 * hour)
    who = {(r["counter_id"], (r["period_start"] - first) // hour, r["officer_id"]) for r in found}
    assert who == {
        ("q1", 0, "lan"), ("q1", 1, "lan"), ("q1", 4, None), ("q1", 5, "hoa"), ("q2", 2, "mai"), ("q1", 12, None),
        ("q1", 3, None), ("q9", 1, None),
    }  # fmt: skip
    mine = officer_modes.expression(conn, ["vl-1"], first, first + 24 * hour, "lan")
    assert len(mine) == 2


def sums(officer: str | None, n: int, valence: float, day: int = 2, month: int = 3, **more: Any) -> dict[str, Any]:
    at = datetime(2026, month, day, 2, tzinfo=UTC)
    base = {"officer_id": officer, "n": n, "valence_sum": n * valence, "valence_sum2": n * valence**2}
    span = {"period_start": at, "period_end": at + timedelta(hours=1)}
    return base | span | {"model": "fer 1", "provenance": "camera"} | more


APRIL = datetime(2026, 4, 15, tzinfo=UTC)


def test_the_office_s_figure_stands_on_three_officers_none_with_over_half() -> None:
    def state(*parts: tuple[str | None, int]) -> str:
        rows = [sums(who, n, 0.2, day) for who, n in parts for day in range(1, 11)]
        (month,) = figures.climate_months(rows, APRIL)
        assert (month.state == "ok") == (month.valence is not None)
        assert month.state != "few_officers" or month.n is None, "not even how many"
        return month.state

    assert state(("a", 6), ("b", 5), ("c", 5)) == "ok"
    assert state(("a", 10), ("b", 5), ("c", 5)) == "ok"
    assert state(("a", 11), ("b", 5), ("c", 5)) == "few_officers"
    assert state(("a", 10), ("b", 10)) == "few_officers"
    assert figures.climate_months([sums(None, 50, 0.1, d) for d in range(1, 20)], APRIL) == []


def test_months_that_still_run_are_nobody_s_but_the_officer_s_own() -> None:
    rows = [sums(who, 5, 0.2, day, month) for who in "abc" for month in (3, 4) for day in range(1, 11)]
    assert [m.month.month for m in figures.climate_months(rows, APRIL)] == [3]
    mine = [r for r in rows if r["officer_id"] == "a"]
    assert [m.month.month for m in figures.own_months(mine, APRIL)] == [3]
    assert [m.month.month for m in figures.own_months(mine)] == [4, 3]


def test_a_known_interval_and_the_minimum() -> None:
    rows = [sums("a", 5, v) for v in (0.1, 0.3) * 5]
    (month,) = figures.own_months(rows)
    assert (month.n, month.periods, month.valence) == (50, 10, 0.2)
    assert month.high == pytest.approx(0.2 + 2.262 * (10 * 0.25 * 10 / 9) ** 0.5 / 50, abs=1e-3)
    assert figures.own_months(rows[:9])[0].state == "insufficient"
    assert figures.own_months([sums("a", 2, 0.1)] * 12)[0].state == "insufficient"


def test_kinds_and_models_are_never_mixed() -> None:
    rows = [sums("a", 5, 0.5, model=m) for m in ("fer 1", "fer 2") for _ in range(10)]
    rows += [sums("a", 5, -1.0, provenance="simulated")] * 30
    assert [(m.model, m.valence) for m in figures.own_months(rows)] == [("fer 2", 0.5), ("fer 1", 0.5)]


@given(st.lists(st.tuples(st.integers(5, 60), st.floats(-1, 1)), min_size=2, max_size=40))
def test_the_mean_lies_in_its_interval(parts: list[tuple[int, float]]) -> None:
    mean, low, high = figures.mean_with_interval([(n, n * v) for n, v in parts])
    assert -1 <= low <= mean + 1e-9
    assert mean - 1e-9 <= high <= 1


def test_what_is_kept_of_a_refused_row_holds_no_figure() -> None:
    name = "motcua/v1/vl-1/cam-1/officer_expression"
    body = dump(officer_expression(office_id="vl-1"))
    read = json.loads(bare(name, body))
    assert set(read) == {
        "type", "id", "epoch", "seq", "at", "office_id", "source_id", "mode", "counter_id", "period_start", "period_end",
    }  # fmt: skip
    assert bare(name, b"not json valence_sum 4") == b"{}"
    assert bare(name, b"[1, 2]") == b"{}"
    assert bare("motcua/v1/vl-1/cam-1/visit", b"whatever") == b"whatever"
    assert b"valence" not in bare("motcua/v1/vl-1/cam-1/visit", body)


def test_the_command_line_lists_modes_and_prints_notices(conn: Connection, migrated: str) -> None:
    dsn = ["--dsn", migrated]

    def said(*arguments: str) -> str:
        done = CliRunner().invoke(app, [*arguments, *dsn])
        assert done.exit_code == 0, done.output
        return done.output

    assert "off at every office" in said("list")
    long_since(conn, "evidence")
    officer_modes.ask(conn, "vl-2", "self", BASIS, "boss")
    listed = said("list")
    assert "evidence" in listed
    assert "self" in listed
    text = said("notice", "--office", "vl-1", "--lang", "en")
    assert "shown to that officer and to HR" in text
    assert 'mode = "evidence"' in text
    planned = said("notice", "--office", "vl-2", "--mode", "aggregate", "--basis", BASIS, "--html")
    assert "Dự kiến" in planned
    assert planned.startswith("<!doctype html>")
    assert CliRunner().invoke(app, ["notice", "--office", "nowhere", *dsn]).exit_code == 1
    assert CliRunner().invoke(app, ["notice", "--office", "vl-1", "--mode", "on", *dsn]).exit_code == 2

"""Which target holds for an office on a day, and what a figure's interval says of it."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.analytics import db, target_store
from motcua.analytics.targets import Target, TargetError, check, in_force, verdict


def held(
    rows: list[Target], metric: str, office: str | None, level: str | None, day: str
) -> tuple[float | None, bool] | None:
    found = in_force(rows, metric, office, level, date.fromisoformat(day))  # type: ignore[arg-type]
    return None if found is None else (found.value, found.carried(date.fromisoformat(day)))


def test_the_plans_numbers_hold_from_their_dates_on_and_are_carried_on_after_it(migrated: str) -> None:
    with db.connect(migrated) as conn:
        rows = target_store.every(conn)
    assert all("974/QĐ-UBND" in t.source for t in rows)
    wait = [
        held(rows, "wait_mean_s", "x", "commune", day) for day in ("2021-12-31", "2022-01-01", "2023-01-01", "2025-12-31")
    ]
    assert wait == [None, (1800, False), (900, False), (900, False)]
    assert held(rows, "wait_mean_s", None, None, "2026-03-02") == (900, True)
    assert held(rows, "handling_mean_s", "x", "province", "2024-12-31") is None
    assert held(rows, "handling_mean_s", "x", "province", "2025-01-01") == (1800, False)
    assert held(rows, "satisfaction_share", "x", "province", "2026-01-01") == (0.95, True)
    files = [held(rows, "files_per_person_year", "x", level, "2025-06-01") for level in ("province", "district", "commune")]
    assert files == [(1600, False), (1200, False), None], "the plan names no number for communes"


def test_the_nearest_scope_decides_and_the_newest_row_of_a_date(migrated: str) -> None:
    with db.connect(migrated) as conn:
        conn.execute("insert into office (office_id, name, level) values ('a', 'A', 'commune')")

        def add(metric: str, scope: str, day: str, value: float | None) -> None:
            target_store.add(conn, metric, scope, date.fromisoformat(day), value, "a test", "boss")

        add("remote", "office:a", "2024-01-01", 1)
        add("wait_mean_s", "commune", "2026-01-01", 600)
        add("wait_mean_s", "commune", "2026-01-01", 1200)
        add("wait_mean_s", "office:a", "2026-02-01", None)
        rows = target_store.every(conn)
        assert held(rows, "files_per_person_year", "a", "commune", "2023-06-01") is None
        assert held(rows, "files_per_person_year", "a", "commune", "2024-06-01") == (800, False)
        assert held(rows, "wait_mean_s", "a", "commune", "2026-01-15") == (1200, False)
        assert held(rows, "wait_mean_s", "a", "commune", "2026-02-15") == (None, False), "no target from then on"
        assert held(rows, "wait_mean_s", "b", "commune", "2026-02-15") == (1200, False)
        assert held(rows, "wait_mean_s", None, None, "2026-02-15") == (900, True), "a unit: what holds for everybody"
        add("remote", "office:a", "2025-01-01", 0)
        assert held(target_store.every(conn), "files_per_person_year", "a", "commune", "2025-06-01") is None
        for statement in ("update target set value = 1", "delete from target", "truncate target"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
                conn.execute(statement.encode())


@pytest.mark.parametrize(
    ("metric", "scope", "day", "value"),
    [
        ("speed", "*", date(2026, 1, 1), 1.0),
        ("wait_mean_s", "moon", date(2026, 1, 1), 900.0),
        ("wait_mean_s", "*", date(1999, 1, 1), 900.0),
        ("wait_mean_s", "*", date(2026, 1, 1), 15.0),
        ("satisfaction_share", "*", date(2026, 1, 1), 95.0),
        ("remote", "commune", date(2026, 1, 1), 1.0),
        ("remote", "office:a", date(2026, 1, 1), None),
    ],
)
def test_a_target_that_is_none_is_refused(metric: str, scope: str, day: date, value: float | None) -> None:
    with pytest.raises(TargetError):
        check(metric, scope, day, value)


@given(st.floats(60, 3600), st.floats(0, 3600), st.floats(0, 3600))
def test_a_verdict_needs_the_whole_interval(target: float, a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    less, more = verdict("wait_mean_s", target, low, high), verdict("files_per_person_year", target, low, high)
    assert (less == "open") == (low <= target < high)
    assert less != "met" or high <= target
    assert more != "met" or low >= target
    assert verdict("wait_mean_s", target, low, None) == "open"

"""Days leave as Parquet, verified before they are deleted, and come back with equal rows, on both back ends."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from builders import NOON, counts, queue, rating, sentiment, ticket, visit

from motcua.analytics import archive, db, retention, rollups
from motcua.analytics.settings import DbSettings
from motcua.analytics.store import day_of
from motcua.analytics.writer import Delivery, write
from motcua.edge.messages import Message, ModelInfo, dump, topic

KEEP = DbSettings(dsn="postgresql://unused", archive=True)
LONG_AGO = NOON - timedelta(days=2500)
TABLES = [rule.table for rule in retention.RULES if rule.archive]
SPOILING = ModelInfo(name='a "quoted", text', version="1")
ROOT = Path(__file__).parents[2]


def store_all(conn: psycopg.Connection, messages: list[Message]) -> None:
    written = write(conn, [Delivery(topic(m.office_id, m.source_id, m.type), dump(m), NOON) for m in messages])
    assert not written.dead


def everything() -> list[Message]:
    """Every archived table, two days and two provinces; texts that CSV and Parquet could spoil."""
    old = [LONG_AGO, LONG_AGO + timedelta(days=1, seconds=0.123456)]
    return [
        *[visit(at=at, office_id=o, model=m) for at in old for o, m in (("vl-1", SPOILING), ("hn-1", None))],
        *[queue(at=at, measured_s=1 / 3, waiting_person_s=0.1, queue_arrivals=1, queue_departures=0) for at in old],
        *[queue(at=at, source_id="cam-2", state="blind", blind="black") for at in old],
        counts(at=old[0], period_start=old[0] - timedelta(minutes=1), period_end=old[0]),
        rating(at=old[0]),
        ticket(at=old[0]),
        sentiment(at=old[0], period_start=old[0] - timedelta(hours=1), period_end=old[0]),
        visit(),
    ]


def rows(conn: psycopg.Connection) -> dict[str, list[Any]]:
    return {t: conn.execute(f"select * from {t} order by at, id".encode()).fetchall() for t in TABLES}


def levels(conn: psycopg.Connection) -> dict[str, Any]:
    return {
        n: conn.execute(f"select bucket, sum(n)::int from {n} group by 1 order by 1".encode()).fetchall()
        for n in rollups.names()
    }


def filled(conn: psycopg.Connection) -> None:
    db.migrate(conn, KEEP)
    store_all(conn, everything())
    if db.back_end_of(conn) == "timescale":
        for name in rollups.names():
            conn.execute(f"call refresh_continuous_aggregate('{name}', null, '2026-01-01')".encode())


def test_days_leave_and_come_back_with_equal_rows(each_dsn: str, tmp_path: Path) -> None:
    with db.connect(each_dsn) as conn:
        filled(conn)
        before, sums = rows(conn), levels(conn)
        assert [d.table for d in retention.apply(conn, NOON)] == [], "these tables are left to the archive"
        done = archive.archive(conn, tmp_path, NOON)
        assert {a.table: a.rows for a in done} == {t: len(before[t]) - (t == "visit") for t in TABLES}
        assert {t: len(r) for t, r in rows(conn).items()} == {t: int(t == "visit") for t in TABLES}
        assert levels(conn) == sums
        assert len(list(tmp_path.glob("visit/province=*/day=*/part-0.parquet"))) == 4

        first, last = day_of(LONG_AGO), day_of(LONG_AGO) + timedelta(days=1)
        back = {t: archive.restore(conn, tmp_path, t, first, last, NOON) for t in TABLES}
        assert back == {a.table: a.rows for a in done}
        assert rows(conn) == before
        assert archive.restore(conn, tmp_path, "visit", first, last, NOON) == 0, "nothing twice"
        assert levels(conn) == sums
        recomputed = rollups.recompute(conn, first, last, NOON)
        assert [(r.changed, r.left) for r in recomputed] == [(0, None)] * len(rollups.LEVELS)

        assert archive.archive(conn, tmp_path, NOON + timedelta(days=3)) == [], "what came back stays for a week"
        store_all(conn, [visit(at=LONG_AGO, office_id="vl-1")])
        again = {a.table: a for a in archive.archive(conn, tmp_path, NOON + timedelta(days=9))}
        assert (again["visit"].rows, again["visit"].fresh, again["visit"].files) == (5, 1, 1)
        late = conn.execute("select too_late from retention where relation = 'visit'").fetchone()
        assert late == (1,), "what was restored is not late"
        assert levels(conn) == sums
        assert archive.restore(conn, tmp_path, "visit", first, last, NOON) == 5


def test_a_missing_or_changed_file_is_refused_and_nothing_is_deleted(migrated: str, tmp_path: Path) -> None:
    with db.connect(migrated) as conn:
        filled(conn)
        archive.archive(conn, tmp_path, NOON)
        part = archive.parts(conn, "visit")[0]
        file = tmp_path / part["path"]
        good = file.read_bytes()
        file.write_bytes(good[:-1])
        with pytest.raises(db.DbError, match="was changed"):
            archive.restore(conn, tmp_path, "visit", part["day"], part["day"], NOON)
        file.unlink()
        with pytest.raises(db.DbError, match="is missing"):
            archive.restore(conn, tmp_path, "visit", part["day"], part["day"], NOON)
        assert len(rows(conn)["visit"]) == 1
        store_all(conn, [visit(at=LONG_AGO, office_id=f"{part['province']}-1")])
        with pytest.raises(db.DbError, match="is missing"):
            archive.archive(conn, tmp_path, NOON + timedelta(days=1))
        assert len(rows(conn)["visit"]) == 2
        with pytest.raises(db.DbError, match="no day of visit"):
            archive.restore(conn, tmp_path, "visit", NOON.date(), NOON.date(), NOON)
        with pytest.raises(db.DbError, match="audit does not go"):
            archive.restore(conn, tmp_path, "audit", NOON.date(), NOON.date(), NOON)


def test_a_file_that_differs_from_its_rows_stops_the_deletion(
    migrated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(csv: Path, file: Path, columns: dict[str, str]) -> None:
        csv.write_text(csv.read_text().replace("served", "lost"))
        whole(csv, file, columns)

    whole = archive._to_parquet
    monkeypatch.setattr(archive, "_to_parquet", spoil)
    with db.connect(migrated) as conn:
        filled(conn)
        before = rows(conn)
        with pytest.raises(db.DbError, match="does not hold the rows"):
            archive.archive(conn, tmp_path, NOON)
        assert rows(conn) == before
        assert archive.parts(conn) == []


def test_a_row_that_comes_while_a_day_leaves_stops_the_deletion(
    migrated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*arguments: Any, **options: Any) -> retention.Deleted:
        store_all(conn, [visit(at=LONG_AGO)])
        return delete(*arguments, **options)

    delete = retention.delete
    with db.connect(migrated) as conn:
        filled(conn)
        monkeypatch.setattr(retention, "delete", late)
        with pytest.raises(db.DbError, match="1 rows of visit came"):
            archive.archive(conn, tmp_path, NOON)
        assert len(rows(conn)["visit"]) == 6


def test_the_documented_command_reads_the_archive(migrated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "backup.md").read_text(encoding="utf-8")
    found = re.search(r'duckdb -c "(.*?)"', text)
    assert found
    with db.connect(migrated) as conn:
        filled(conn)
        archive.archive(conn, tmp_path / "archive", NOON)
    monkeypatch.chdir(tmp_path)
    days = duckdb.sql(found[1]).fetchall()
    assert [(str(province), n) for province, _, n, _ in days] == [("hn", 1), ("hn", 1), ("vl", 1), ("vl", 1)]
    assert {wait for *_, wait in days} == {300.0}

"""TimescaleDB's own jobs: refresh, columnstore, retention. Set from the settings at each migrate; twice changes nothing.

The statements are those of TimescaleDB 2.20 and newer (``add_columnstore_policy`` and ``remove_columnstore_policy`` are procedures).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from motcua.analytics.retention import RULES
from motcua.analytics.rollups import LEVELS, refresh_start
from motcua.analytics.settings import DbSettings

COLUMNSTORE = ("visit", "queue_sample", "part_count")


def set_policies(conn: psycopg.Connection[Any], settings: DbSettings) -> None:
    """One refresh job for each level, columnstore and retention jobs for the hypertables."""

    def run(statement: LiteralString, *values: object) -> None:
        conn.execute(sql.SQL(statement).format(*(sql.Literal(v) for v in values)))

    days = {rule.table: getattr(settings, rule.setting) for rule in RULES}
    for level in LEVELS:
        end = max(level.width, timedelta(minutes=1))
        run("select remove_continuous_aggregate_policy({}, if_exists => true)", level.name)
        run(
            "select add_continuous_aggregate_policy({}, start_offset => {}::interval, end_offset => {}::interval, "
            "schedule_interval => {}::interval)",
            level.name, refresh_start(level, days[level.raw]), end, level.every,
        )  # fmt: skip
    for table in COLUMNSTORE:
        run("call remove_columnstore_policy({}, if_exists => true)", table)
        run("call add_columnstore_policy({}, after => {}::interval)", table, f"{settings.compress_after_days} days")
    for rule in RULES:
        if not rule.hypertable:
            continue
        run("select remove_retention_policy({}, if_exists => true)", rule.table)
        if days[rule.table] is not None and not (rule.archive and settings.archive):
            run("select add_retention_policy({}, drop_after => {}::interval)", rule.table, f"{days[rule.table]} days")

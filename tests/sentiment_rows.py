"""Rows of the table of sentiment, written past the border."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
from builders import NOON, sentiment

HOUR = timedelta(hours=1)


def refused(conn: psycopg.Connection, change: dict[str, Any]) -> bool:
    """Whether the table itself refuses a row that differs from a good one."""
    good = {
        "id": sentiment().id, "at": NOON, "office_id": "o", "source_id": "s", "counter_id": "q1", "period_start": NOON - HOUR,
        "period_end": NOON, "n": 5, "valence_sum": 0, "valence_sum2": 0, "class_sums": "{}", "provenance": "camera",
        "model": "fer 1", "epoch": 1, "seq": 1, "change_n": 5, "arousal_n": None,
    } | change  # fmt: skip
    columns, places = ", ".join(good), ", ".join(f"%({name})s" for name in good)
    try:
        conn.execute(f"insert into sentiment ({columns}) values ({places})".encode(), good)
    except psycopg.errors.CheckViolation:
        return True
    return False

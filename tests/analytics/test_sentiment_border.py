"""Sentiment of too few visits, of too short a time or with too fine an instant is stored nowhere, whoever sends it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from builders import NOON, sentiment
from sentiment_rows import HOUR, refused

from motcua.analytics import db
from motcua.analytics.batch import Delivery
from motcua.analytics.writer import write
from motcua.edge.messages import dump, topic

TOO_FINE: list[dict[str, Any]] = [
    {"n": 4},
    {"period_start": NOON - HOUR / 2},
    {"period_start": NOON - timedelta(minutes=90)},
    {"period_end": NOON + timedelta(minutes=10)},
    {"at": NOON + timedelta(seconds=1)},
]


def test_the_ingest_border_keeps_it_out(migrated: str) -> None:
    more = [{"change": {"n": 4, "sum": 0.0, "sum2": 0.5}}, {"visit_id": "019cad2e"}, {"unread": {"small": 1}}]
    with db.connect(migrated) as conn:
        for count, change in enumerate([*TOO_FINE, *more], start=1):
            given = sentiment()
            body = json.loads(dump(given)) | json.loads(json.dumps(change, default=lambda at: at.isoformat()))
            where = topic(given.office_id, given.source_id, "sentiment")
            sent = [Delivery(where, json.dumps(body).encode(), NOON), Delivery(where, dump(sentiment()), NOON)]
            assert write(conn, sent).dead == 1, change
            assert conn.execute("select count(*) from sentiment").fetchone() == (count,)


def test_the_database_keeps_it_out_whoever_writes(migrated: str) -> None:
    with db.connect(migrated) as conn:
        for change in [*TOO_FINE, {"change_n": 4}, {"arousal_n": 1}]:
            assert refused(conn, change), change
        assert not refused(conn, {})

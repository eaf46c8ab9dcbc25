"""A small country in real time: every id of the ledger is in the database once."""

from __future__ import annotations

import psycopg
import pytest
from builders import visit

from motcua.analytics import db
from motcua.analytics.writer import Delivery, write
from motcua.edge.messages import dump, topic
from motcua.onebox.country import _compared, country


@pytest.mark.slow
def test_nothing_is_lost_and_the_cost_is_told() -> None:
    told = country(counters=40, for_s=7, seed=1)
    assert (told["lost"], told["duplicated"], told["unknown"], told["dead_letters"]) == (0, 0, 0, 0)
    assert told["counters"] == 40
    assert told["messages"] == sum(told["rows"].values()) >= 30
    assert set(told["cpu_ms_per_message"]) == {"publisher", "broker", "ingestor", "database"}
    assert sum(told["cpu_ms_per_message"].values()) > 0  # each alone may be less than a tick of the clock


def test_a_missing_and_a_foreign_message_are_seen(migrated: str) -> None:
    stored, missing = visit(), visit()
    with db.connect(migrated) as conn:
        write(conn, [Delivery(topic(stored.office_id, stored.source_id, "visit"), dump(stored), stored.at)])
    assert {**_compared(migrated, [str(stored.id), str(missing.id)])}["lost"] == 1
    assert _compared(migrated, [])["unknown"] == 1
    with psycopg.connect(migrated) as conn:
        conn.execute("alter table visit drop constraint visit_pkey")
        conn.execute("insert into visit select * from visit")
        conn.commit()
    assert _compared(migrated, [str(stored.id)])["duplicated"] == 1

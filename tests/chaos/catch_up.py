"""What an hour's outage costs live messages: sources with an hour of backlog each come back at once and go on measuring."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from builders import queue
from chaos.rig import Rig
from pydantic import SecretStr

from motcua.edge.messages import Queue, uuid7
from motcua.edge.outbox import Outbox
from motcua.edge.publish import Publisher
from motcua.edge.settings import BrokerSettings

SAMPLES_PER_H = 840  # queue every 5 s, health every 30 s


def catch_up(rig: Rig, sources: int, live_s: float = 10.0) -> dict[str, Any]:
    """Seconds from a live message's put to its commit while the backlogs go, and until these are gone."""

    def sample(name: str, at: datetime) -> Queue:
        return queue(at=at, id=uuid7(at), office_id=name, source_id="cam", provenance="simulated")

    folder, began = rig.folder / "catch-up", datetime.now(UTC)
    names = [f"catch-up-{n}" for n in range(sources)]
    boxes = [Outbox(folder / f"{name}.db", now=began - timedelta(hours=1)) for name in names]
    for name, box in zip(names, boxes, strict=True):
        box.put([sample(name, began - timedelta(hours=1) + timedelta(seconds=4 * n)) for n in range(SAMPLES_PER_H)])
    rig.start_ingestor()
    time.sleep(3)  # it is the link that was away, not the ingestor: what nobody is subscribed to is sent again after 30 s
    broker = BrokerSettings(port=rig.mqtt_port, username="edge", password=SecretStr("secret"))
    publishers = [Publisher(box, broker, name, "cam") for name, box in zip(names, boxes, strict=True)]
    back_at = datetime.now(UTC)
    for one in publishers:
        one.start()
    gone_after_s, until = None, time.monotonic() + live_s
    while time.monotonic() < until or gone_after_s is None:
        for name, box in zip(names, boxes, strict=True):
            box.put([sample(name, datetime.now(UTC))])
        time.sleep(0.5)
        if gone_after_s is None and all(box.size().rows < 50 for box in boxes):
            gone_after_s = (datetime.now(UTC) - back_at).total_seconds()
    for one in publishers:
        one.stop(10)
    left = sum(box.size().rows for box in boxes)
    for box in boxes:
        box.close()
    with psycopg.connect(rig.dsn) as conn:
        row = conn.execute(
            "select count(*), count(*) filter (where at >= %(back)s), "
            "percentile_cont(0.5) within group (order by extract(epoch from committed_at - at)) filter (where at >= %(back)s), "
            "max(extract(epoch from committed_at - at)) filter (where at >= %(back)s) "
            "from queue_sample where office_id like 'catch-up-%%'",
            {"back": back_at},
        ).fetchone()
    assert row is not None
    return {
        "sources": sources,
        "backlog": sources * SAMPLES_PER_H,
        "committed": row[0],
        "left": left,
        "live": row[1],
        "live_median_s": round(float(row[2]), 2),
        "live_worst_s": round(float(row[3]), 2),
        "backlog_gone_after_s": round(gone_after_s, 1),
    }

"""A hall and two cameras at its counters: from their messages through the real writer to the figure, on both back ends."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from motcua.analytics import db, halls, store
from motcua.analytics.api import periods, views
from motcua.analytics.settings import DbSettings
from motcua.analytics.writer import Delivery, write
from motcua.edge.messages import Message, Ticket, dump, topic, uuid7
from motcua.onebox.hall_counts import NOISES, messages, seen, tickets
from motcua.onebox.hall_day import Guest, Hall, day

SETTINGS = DbSettings(dsn="postgresql://unused")  # type: ignore[arg-type]
BOTH = ("priority", "ordinary")
OFFICE = Hall((BOTH, BOTH, BOTH), 0.95, "lognormal", 300, priority_share=0.2, patience_mean_s=3600)  # type: ignore[arg-type]
OPENING = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)


def told(begin: datetime, noise: str, *, provenance: str = "camera") -> tuple[list[Guest], list[Message]]:
    """A day, and what cameras and ticket machine say of it."""
    guests = day(OFFICE, 11)
    copies = seen(guests, NOISES[noise], 5)
    counts = messages(guests, copies, OFFICE, NOISES[noise], begin=begin, office_id="vl-1", seed=6)
    found: list[Message] = [m.model_copy(update={"provenance": provenance}) for m in counts]
    for seq, t in enumerate(tickets(guests, begin), 1):
        head = {"id": uuid7(t["at"]), "at": t["at"], "epoch": 1, "seq": seq, "office_id": "vl-1", "source_id": "tickets"}
        body = {"ticket": f"A{seq}", "event": "started", "counter_id": t["counter_id"], "lane": t["lane"]}
        found.append(Ticket.model_validate({**head, "provenance": "import", **body}))
    return guests, found


def delivered(found: list[Message]) -> list[Delivery]:
    random.Random(1).shuffle(found)
    return [Delivery(topic(m.office_id, m.source_id, m.type), dump(m), OPENING) for m in found]


def mean(guests: list[Guest], lane: str | None = None) -> float:
    waits = [g.queued_s for g in guests if g.start_s is not None and lane in (None, g.lane)]
    return sum(waits) / len(waits)


def test_messages_become_the_figure_on_each_back_end(each_dsn: str) -> None:
    guests, found = told(OPENING, "exact")
    with db.connect(each_dsn) as conn:
        db.migrate(conn, SETTINGS)
        assert write(conn, delivered(found)).dead == 0
        write(conn, delivered(found))  # everything once more: nothing changes
        since, until = store.span_of(store.day_of(OPENING))
        rows = store.part_counts(conn, "vl-1", "camera", since, until)
        whose = store.ticket_lanes(conn, "vl-1", "camera", since, until)
        waits = periods.hall_waits(halls.hall(rows, whose, since, until, OPENING + timedelta(days=2)))
        counts = views.counted(store.counts(conn, since, until), store.part_totals(conn, since, until))
        assert store.part_counts(conn, "vl-1", "replay", since, until) == [], "provenances are never added up"
    assert waits is not None
    assert (waits.method, waits.state, waits.drift_share, waits.lanes_assumed_share) == ("cameras", "ok", 0, 0)
    assert (waits.joined, waits.started) == (len(guests), sum(g.start_s is not None for g in guests))
    assert waits.curves is not None
    assert waits.fifo is not None
    assert waits.curves.mean_s == pytest.approx(sum(g.queued_s for g in guests) / len(guests), rel=0.03)
    assert waits.fifo.mean_s == pytest.approx(mean(guests), rel=0.03)
    assert [lane.lane for lane in waits.lanes] == ["priority", "ordinary"]
    for lane in waits.lanes:
        assert lane.mean_s == pytest.approx(mean(guests, lane.lane), rel=0.06, abs=15)
    (row,) = counts
    assert (row["visits"], row["served"]) == (waits.joined, waits.started)
    assert row["reneged"] == waits.left
    assert row["wait_n"] == 0, "nobody's wait is known, so none is published as 0"

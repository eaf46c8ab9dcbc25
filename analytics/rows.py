"""Messages become rows: one table and one row each. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from motcua.edge.messages import Counts, Health, Message, OfficerExpression, Queue, Rating, Sentiment, Ticket, Visit

_HEAD = ("id", "at", "office_id", "source_id", "provenance", "epoch", "seq")

COLUMNS: dict[str, tuple[str, ...]] = {
    "visit": (
        *_HEAD, "counter_id", "lane", "arrival_at", "service_start_at", "departure_at", "outcome",
        "waiting_s", "service_s", "sojourn_s", "stitched_s", "model",
    ),
    "queue_sample": (
        *_HEAD, "lane", "state", "waiting", "in_service", "open_counters", "arrivals_per_h", "services_per_h",
        "oldest_wait_s", "expected_wait_s", "low_s", "high_s", "n", "counters", "model",
        "measured_s", "waiting_person_s", "queue_arrivals", "queue_departures", "waited_min",
    ),
    "part_count": (
        *_HEAD, "part", "period_start", "period_end", "measured_s", "joined", "left_unserved", "waiting_person_s", "started",
        "model",
    ),
    "sentiment": (
        *_HEAD, "counter_id", "period_start", "period_end", "n", "valence_sum", "valence_sum2", "class_sums", "model",
        "change_n", "change_sum", "change_sum2", "arousal_n", "arousal_sum", "arousal_sum2", "light", "face_px", "unread",
        "temperature", "calibrated",
    ),
    "officer_expression": (*_HEAD, "counter_id", "period_start", "period_end", "n", "valence_sum", "valence_sum2", "mode", "model"),
    "rating": (*_HEAD, "counter_id", "score", "channel", "procedure_id", "served_at", "reason"),
    "ticket": (*_HEAD, "counter_id", "ticket", "event", "lane", "procedure_id"),
    "health": (*_HEAD, "status", "body"),
}  # fmt: skip


SAMPLE = (
    "state", "waiting", "in_service", "open_counters", "oldest_wait_s", "expected_wait_s", "low_s", "high_s", "n", "blind",
    "part", "counters", "arrivals_per_h", "services_per_h", "waited_min",
)  # fmt: skip
"""What live pages need of a queue's newest sample."""


def row_of(message: Message) -> tuple[str, tuple[Any, ...]]:
    """The table of a message and its row, in the order of ``COLUMNS``."""
    table, tail = _TAILS[message.type]
    head = (message.id, message.at, message.office_id, message.source_id, message.provenance, message.epoch, message.seq)
    return table, (*head, *tail(message))


def sample_of(message: Queue) -> str:
    """The ``SAMPLE`` of a queue, as JSON."""
    return json.dumps(message.model_dump(mode="json", include=set(SAMPLE)))


def _model(message: Visit | Queue | Counts | Sentiment | OfficerExpression) -> str | None:
    return f"{message.model.name} {message.model.version}" if message.model else None


def _visit(m: Visit) -> tuple[Any, ...]:
    instants = (m.arrival_at, m.service_start_at, m.departure_at)
    return (m.counter_id, m.lane, *instants, m.outcome, m.waiting_s, m.service_s, m.sojourn_s, m.stitched_s, _model(m))


def _queue(m: Queue) -> tuple[Any, ...]:
    counters = json.dumps([c.model_dump() for c in m.counters])
    people = (m.waiting, m.in_service, m.open_counters, m.arrivals_per_h, m.services_per_h, m.oldest_wait_s)
    sums = (m.measured_s, m.waiting_person_s, m.queue_arrivals, m.queue_departures)
    waited = None if m.waited_min is None else json.dumps(m.waited_min)
    return (m.lane, m.state, *people, m.expected_wait_s, m.low_s, m.high_s, m.n, counters, _model(m), *sums, waited)


def _counts(m: Counts) -> tuple[Any, ...]:
    left = None if m.left is None else json.dumps(m.left)
    waiting = None if m.waiting_person_s is None else json.dumps(m.waiting_person_s)
    counts = (json.dumps(m.joined), left, waiting, json.dumps([s.model_dump() for s in m.started]))
    return (m.part, m.period_start, m.period_end, m.measured_s, *counts, _model(m))


def _sentiment(m: Sentiment) -> tuple[Any, ...]:
    sums = (m.n, m.valence_sum, m.valence_sum2, json.dumps(m.class_sums))
    model = f"{_model(m)} T={m.temperature:.3g}" if m.calibrated else _model(m)
    changes = [getattr(given, name, None) for given in (m.change, m.arousal) for name in ("n", "sum", "sum2")]
    seen = [None if given is None else given.model_dump_json() for given in (m.light, m.face_px)]
    unread = json.dumps(m.unread) if m.unread else None
    head = (m.counter_id, m.period_start, m.period_end, *sums, model)
    return (*head, *changes, *seen, unread, m.temperature, m.calibrated)


def _officer_expression(m: OfficerExpression) -> tuple[Any, ...]:
    return (m.counter_id, m.period_start, m.period_end, m.n, m.valence_sum, m.valence_sum2, m.mode, _model(m))


def _rating(m: Rating) -> tuple[Any, ...]:
    return (m.counter_id, m.score, m.channel, m.procedure, m.served_at, m.reason)


def _ticket(m: Ticket) -> tuple[Any, ...]:
    return (m.counter_id, m.ticket, m.event, m.lane, m.procedure)


def _health(m: Health) -> tuple[Any, ...]:
    body = m.model_dump(mode="json", exclude={"schema_version", "type", "id", "epoch", "seq", "office_id", "source_id"})
    return (m.status, json.dumps(body))


_TAILS: dict[str, tuple[str, Callable[[Any], tuple[Any, ...]]]] = {
    "visit": ("visit", _visit),
    "queue": ("queue_sample", _queue),
    "counts": ("part_count", _counts),
    "sentiment": ("sentiment", _sentiment),
    "officer_expression": ("officer_expression", _officer_expression),
    "rating": ("rating", _rating),
    "ticket": ("ticket", _ticket),
    "health": ("health", _health),
}

"""Builders of real messages: a valid one by default, any field by keyword."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from motcua.edge.messages import Counts, Health, ModelInfo, OfficerExpression, Queue, Rating, Sentiment, Ticket, Visit, uuid7

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)  # 12:00 on a Monday in Viet Nam
_seq = count(1)


def _envelope(fields: dict[str, Any]) -> dict[str, Any]:
    at = fields.get("at", NOON)
    base = {"at": at, "id": uuid7(at), "epoch": 1, "office_id": "vl-29734", "source_id": "cam-1", "provenance": "camera"}
    if "seq" not in fields:
        base["seq"] = next(_seq)
    return base | fields


def visit(**fields: Any) -> Visit:
    """A served visit of counter ``q1``: 300 s of waiting, 240 s of service, closed at noon."""
    at = fields.get("at", NOON)
    base = {
        "counter_id": "q1",
        "arrival_at": at - timedelta(seconds=540),
        "service_start_at": at - timedelta(seconds=240),
        "departure_at": at,
        "outcome": "served",
        "model": ModelInfo(name="ssdlite", version="1"),
    }
    return Visit(**_envelope(base | fields))


def queue(**fields: Any) -> Queue:
    """A queue of four with a known expected wait."""
    base = {"state": "ok", "waiting": 4, "in_service": 2, "open_counters": 2, "n": 12}
    if fields.get("state", "ok") == "ok":
        base |= {"expected_wait_s": 480.0, "low_s": 300.0, "high_s": 720.0}
    return Queue(**_envelope(base | fields))


def counts(**fields: Any) -> Counts:
    """A minute in which two people came into the hall and one waited."""
    at = fields.get("at", NOON)
    base: dict[str, Any] = {
        "part": "arrivals",
        "source_id": "hall",
        "period_start": at - timedelta(minutes=1),
        "period_end": at,
        "measured_s": 60.0,
    }
    if fields.get("part", "arrivals") == "arrivals":
        base |= {"joined": {"ordinary": 2}, "waiting_person_s": {"ordinary": 60.0}}
    return Counts(**_envelope(base | fields))


def sentiment(**fields: Any) -> Sentiment:
    """One counter's hour of ten visits."""
    base = {
        "counter_id": "q1",
        "period_start": NOON - timedelta(hours=1),
        "period_end": NOON,
        "n": 10,
        "valence_sum": 2.0,
        "valence_sum2": 1.5,
        "class_sums": {"happy": 4.0, "neutral": 6.0},
        "model": ModelInfo(name="fer", version="25.10.3"),
    }
    return Sentiment(**_envelope(base | fields))


def officer_expression(**fields: Any) -> OfficerExpression:
    """An hour of ten services behind counter ``q1``."""
    base = {
        "mode": "evidence",
        "counter_id": "q1",
        "period_start": NOON - timedelta(hours=1),
        "period_end": NOON,
        "n": 10,
        "valence_sum": 2.0,
        "valence_sum2": 1.5,
        "model": ModelInfo(name="fer", version="25.10.3"),
    }
    return OfficerExpression(**_envelope(base | fields))


def rating(**fields: Any) -> Rating:
    """Four of five, given at a kiosk."""
    return Rating(**_envelope({"score": 4, "channel": "kiosk", "provenance": "kiosk"} | fields))


def ticket(**fields: Any) -> Ticket:
    """An ordinary ticket, just issued."""
    return Ticket(**_envelope({"ticket": "A001", "event": "issued", "provenance": "import"} | fields))


def health(**fields: Any) -> Health:
    """A source that is well."""
    return Health(**_envelope({"status": "online", "agent_version": "0.1.0"} | fields))

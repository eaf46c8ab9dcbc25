"""The usual messages, read at once: JSON → a typed struct → a line for COPY.

Only what :mod:`motcua.edge.messages` accepts with the very same meaning is taken here; everything else, the merely unusual too, gives
None and is decided there. Both ways lead to the same row, which a property test holds together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from motcua.edge.messages import MAX_BATCH, MAX_PAYLOAD_BYTES, MESSAGE, BlindReason, Lane, Message, Provenance, QueueState

# No text here needs escaping, and none reads as the null of COPY_NULL.
_Id = Annotated[str, Meta(pattern=r"^(?!None\Z)[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")]
_Uuid = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")]
_Instant = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z\Z")]
_Seconds = Annotated[float, Meta(ge=0, le=1e12)]
_Count = Annotated[int, Meta(ge=0, le=1_000_000)]
_Epoch = Annotated[int, Meta(ge=0, lt=2**53)]
_Seq = Annotated[int, Meta(ge=1, lt=2**53)]
_Minute = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]?|1[01][0-9]|120)\Z")]
_Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}\Z")]


class _Model(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    name: _Name
    version: _Name


class _Counter(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    counter_id: _Id
    in_service: _Count
    open: bool | None = None


class _Head(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False, omit_defaults=True):
    id: _Uuid
    epoch: _Epoch
    seq: _Seq
    at: _Instant
    office_id: str
    source_id: str
    provenance: Provenance
    schema_version: Literal[1] = 1
    lane: Lane = "ordinary"
    model: _Model | None = None


class _Queue(_Head, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False, omit_defaults=True):
    type: Literal["queue"]
    part: Literal["arrivals", "services"] | None = None
    state: QueueState
    waiting: _Count | None = None
    in_service: _Count | None = None
    open_counters: _Count | None = None
    arrivals_per_h: _Seconds | None = None
    services_per_h: _Seconds | None = None
    oldest_wait_s: _Seconds | None = None
    expected_wait_s: _Seconds | None = None
    low_s: _Seconds | None = None
    high_s: _Seconds | None = None
    n: _Count = 0
    counters: Annotated[tuple[_Counter, ...], Meta(max_length=64)] = ()
    measured_s: _Seconds | None = None
    waiting_person_s: _Seconds | None = None
    queue_arrivals: _Count | None = None
    queue_departures: _Count | None = None
    waited_min: dict[_Minute, _Count] | None = None
    blind: BlindReason | None = None


class _Visit(_Head, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False, omit_defaults=True):
    type: Literal["visit"]
    counter_id: _Id | None = None
    arrival_at: _Instant
    service_start_at: _Instant | None = None
    departure_at: _Instant
    outcome: Literal["served", "reneged", "balked", "lost"]
    stitched_s: _Seconds = 0.0


Quick = _Queue | _Visit
_T = TypeVar("_T", _Queue, _Visit)
_json = msgspec.json.Encoder().encode
_instant = datetime.fromisoformat
_is_id = re.compile(r"(?!None\Z)[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z").match


class _Unusual(Exception):
    pass


def is_id(text: str) -> bool:
    """Whether this is an id that needs no second look."""
    return _is_id(text) is not None


def read(office_id: str, source_id: str, type_: str, payload: bytes) -> tuple[str, list[Quick], list[str]] | None:
    """Table, messages and lines of a payload on this topic, whose parts are known to be ids; None: decide it in full."""
    kind = _KINDS.get(type_)
    if kind is None or len(payload) > MAX_PAYLOAD_BYTES:
        return None
    table, one, many, line = kind
    try:
        items: list[Any] = many(payload) if payload[:1] == b"[" else [one(payload)]
        if not 1 <= len(items) <= MAX_BATCH:
            return None
        lines = []
        for m in items:
            if m.office_id != office_id or m.source_id != source_id:
                return None
            lines.append(line(m))
    except (ValueError, RecursionError, _Unusual):
        return None
    return table, items, lines


def instant_key(at: str | datetime) -> str:
    """An instant in UTC as a text that sorts as instants do."""
    return at[:-1] if isinstance(at, str) else at.isoformat()[:-6]


def full(message: Quick) -> Message:
    """The message in the contract's own type."""
    return MESSAGE.validate_json(_json(message))


def _queue_line(m: _Queue) -> str:
    _instant(m.at)
    wait, low, high = m.expected_wait_s, m.low_s, m.high_s
    if m.state == "ok":
        if wait is None or low is None or high is None or m.waiting is None or not low <= wait <= high:
            raise _Unusual
    elif not (wait is None and low is None and high is None):
        raise _Unusual
    if m.blind is not None and m.state != "blind":
        raise _Unusual
    measured, person, came, went = m.measured_s, m.waiting_person_s, m.queue_arrivals, m.queue_departures
    if (
        (measured is None) is not (person is None)
        or (came is None) is not (went is None)
        or (came is None) is not (person is None)
    ):
        raise _Unusual
    model = m.model
    if m.waited_min is not None and len(m.waited_min) > 121:
        raise _Unusual
    return (
        f"{m.id}\t{m.at}\t{m.office_id}\t{m.source_id}\t{m.provenance}\t{m.epoch}\t{m.seq}\t{m.lane}\t{m.state}\t{m.waiting}"
        f"\t{m.in_service}\t{m.open_counters}\t{m.arrivals_per_h}\t{m.services_per_h}\t{m.oldest_wait_s}\t{wait}\t{low}\t{high}"
        f"\t{m.n}\t{_json(m.counters).decode() if m.counters else '[]'}\t{None if model is None else f'{model.name} {model.version}'}"
        f"\t{measured}\t{person}\t{came}\t{went}\t{None if m.waited_min is None else _json(m.waited_min).decode()}\n"
    )


def _visit_line(m: _Visit) -> str:
    _instant(m.at)
    arrival, departure = _instant(m.arrival_at), _instant(m.departure_at)
    start = None if m.service_start_at is None else _instant(m.service_start_at)
    if not arrival <= (start or arrival) <= departure:
        raise _Unusual
    if m.outcome == "served":
        if start is None or m.counter_id is None:
            raise _Unusual
    elif m.outcome != "lost" and start is not None:
        raise _Unusual
    waiting_s = None if start is None else (start - arrival).total_seconds()
    service_s = None if start is None else (departure - start).total_seconds()
    model = m.model
    return (
        f"{m.id}\t{m.at}\t{m.office_id}\t{m.source_id}\t{m.provenance}\t{m.epoch}\t{m.seq}\t{m.counter_id}\t{m.lane}"
        f"\t{m.arrival_at}\t{m.service_start_at}\t{m.departure_at}\t{m.outcome}\t{waiting_s}\t{service_s}"
        f"\t{(departure - arrival).total_seconds()}\t{m.stitched_s}"
        f"\t{None if model is None else f'{model.name} {model.version}'}\n"
    )


def _kind(table: str, type_: type[_T], line: Callable[[_T], str]) -> tuple[str, Any, Any, Any]:
    return table, msgspec.json.Decoder(type_).decode, msgspec.json.Decoder(list[type_]).decode, line  # type: ignore[valid-type]


_KINDS = {
    "queue": _kind("queue_sample", _Queue, _queue_line),
    "visit": _kind("visit", _Visit, _visit_line),
}

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

from motcua.analytics.rows import SAMPLE
from motcua.edge.messages import MAX_BATCH, MAX_PAYLOAD_BYTES, MESSAGE, BlindReason, Lane, Message, Provenance, QueueState

# No text here needs escaping, and none reads as the null of COPY_NULL. What every message has is matched all at once in its line's
# function, which costs a fraction of a pattern for each field.
_Id = Annotated[str, Meta(pattern=r"^(?!None\Z)[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")]
_Seconds = Annotated[float, Meta(ge=0, le=1e12)]
_Count = Annotated[int, Meta(ge=0, le=1_000_000)]
_Epoch = Annotated[int, Meta(ge=0, lt=2**53)]
_Seq = Annotated[int, Meta(ge=1, lt=2**53)]
_Minute = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]?|1[01][0-9]|120)\Z")]


class _Model(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    name: str
    version: str


class _Counter(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    counter_id: _Id
    in_service: _Count
    open: bool | None = None


class _Head(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False, omit_defaults=True):
    id: str
    epoch: _Epoch
    seq: _Seq
    at: str
    office_id: str
    source_id: str
    provenance: Provenance
    schema_version: Literal[1] = 1
    lane: Lane = "ordinary"
    model: _Model | None = None


class QuickQueue(_Head, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False, omit_defaults=True):
    """The struct of a queue's sample."""

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
    arrival_at: str
    service_start_at: str | None = None
    departure_at: str
    outcome: Literal["served", "reneged", "balked", "lost"]
    stitched_s: _Seconds = 0.0


Quick = QuickQueue | _Visit
_T = TypeVar("_T", QuickQueue, _Visit)
_json = msgspec.json.Encoder().encode
_instant = datetime.fromisoformat
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_INSTANT = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,6})?Z"
_is_head = re.compile(rf"{_UUID}{_INSTANT}\Z").match
_is_visit_head = re.compile(rf"{_UUID}(?:{_INSTANT}){{3,4}}\Z").match
_is_model = re.compile(r"[A-Za-z0-9_.-]{1,64} [A-Za-z0-9_.-]{1,64}\Z").match
_models: set[str] = set()
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


def sample(message: QuickQueue) -> dict[str, Any]:
    """What :func:`motcua.analytics.rows.sample_of` gives as JSON, before it is JSON."""
    return {name: getattr(message, name) for name in SAMPLE}


def full(message: Quick) -> Message:
    """The message in the contract's own type."""
    return MESSAGE.validate_json(_json(message))


def _model(model: _Model | None) -> str | None:
    if model is None:
        return None
    text = f"{model.name} {model.version}"
    if text not in _models:
        if not _is_model(text):
            raise _Unusual
        if len(_models) > 10_000:
            _models.clear()
        _models.add(text)
    return text


def _queue_line(m: QuickQueue) -> str:
    if not _is_head(m.id + m.at):
        raise _Unusual
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
    if m.waited_min is not None and len(m.waited_min) > 121:
        raise _Unusual
    return (
        f"{m.id}\t{m.at}\t{m.office_id}\t{m.source_id}\t{m.provenance}\t{m.epoch}\t{m.seq}\t{m.lane}\t{m.state}\t{m.waiting}"
        f"\t{m.in_service}\t{m.open_counters}\t{m.arrivals_per_h}\t{m.services_per_h}\t{m.oldest_wait_s}\t{wait}\t{low}\t{high}"
        f"\t{m.n}\t{_json(m.counters).decode() if m.counters else '[]'}\t{_model(m.model)}"
        f"\t{measured}\t{person}\t{came}\t{went}\t{None if m.waited_min is None else _json(m.waited_min).decode()}\n"
    )


def _visit_line(m: _Visit) -> str:
    if not _is_visit_head(f"{m.id}{m.at}{m.arrival_at}{m.departure_at}{m.service_start_at or ''}"):
        raise _Unusual
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
    return (
        f"{m.id}\t{m.at}\t{m.office_id}\t{m.source_id}\t{m.provenance}\t{m.epoch}\t{m.seq}\t{m.counter_id}\t{m.lane}"
        f"\t{m.arrival_at}\t{m.service_start_at}\t{m.departure_at}\t{m.outcome}\t{waiting_s}\t{service_s}"
        f"\t{(departure - arrival).total_seconds()}\t{m.stitched_s}"
        f"\t{_model(m.model)}\n"
    )


def _kind(table: str, type_: type[_T], line: Callable[[_T], str]) -> tuple[str, Any, Any, Any]:
    return table, msgspec.json.Decoder(type_).decode, msgspec.json.Decoder(list[type_]).decode, line  # type: ignore[valid-type]


_KINDS = {
    "queue": _kind("queue_sample", QuickQueue, _queue_line),
    "visit": _kind("visit", _Visit, _visit_line),
}

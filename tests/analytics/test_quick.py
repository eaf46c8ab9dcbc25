"""The quick way agrees with the contract, whatever comes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from builders import NOON, queue, visit
from fuzzing import Fuzz, stream
from hypothesis import given
from hypothesis import strategies as st

from motcua.analytics import quick
from motcua.analytics.batch import Batch, Delivery
from motcua.analytics.rows import COLUMNS, row_of, sample_of
from motcua.analytics.staging import line_of
from motcua.edge.messages import Offline, Rejected, dump, parse, topic

_JSON = {"counters", "waited_min"}


def _cells(table: str, line: str) -> list[Any]:
    """A line as values: what PostgreSQL makes of it."""
    return [_value(name, text) for name, text in zip(COLUMNS[table], line.rstrip("\n").split("\t"), strict=True)]


def _value(name: str, text: str) -> Any:
    if text == "None":
        return None
    if name.endswith("_at") or name == "at":
        return datetime.fromisoformat(text)
    if name in _JSON:
        return json.loads(text)
    try:
        return float(text)
    except ValueError:
        return text


def agree(name: str, payload: bytes) -> bool:
    """Whether the quick way took it; where it did, the contract takes it as well, with the same rows."""
    parts = name.split("/")
    if len(parts) != 5 or parts[:2] != ["motcua", "v1"] or not all(map(quick.is_id, parts[2:4])):
        return False
    found = quick.read(*parts[2:], payload)
    if found is None:
        return False
    table, messages, lines = found
    full = parse(name, payload)
    assert [quick.full(m) for m in messages] == full
    for m, item in zip(messages, full, strict=True):
        if isinstance(m, quick.QuickQueue):
            assert json.loads(msgspec.json.encode(quick.sample(m))) == json.loads(sample_of(item))
    for item, line in zip(full, lines, strict=True):
        assert not isinstance(item, Rejected | Offline)
        slow_table, row = row_of(item)
        assert slow_table == table
        assert _cells(table, line) == _cells(table, line_of(row))
    return True


def test_on_mutated_payloads_the_two_ways_agree() -> None:
    taken = [agree(name, payload) for name, payload, _ in stream(21, 20_000)]
    assert sum(taken) > 1_500
    fuzz = Fuzz(22)
    good = [fuzz.valid()[:2] for _ in range(700)]
    assert sum(agree(*g) for g in good) > 100


SECONDS = st.floats(0, 1e12) | st.integers(0, 10**12)
INSTANT = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda at: at.replace(tzinfo=UTC))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "at": INSTANT,
            "lane": st.sampled_from(["ordinary", "priority", "appointment", "other"]),
            "state": st.sampled_from(["ok", "too_few", "stale", "blind", "closed", "unknown", "asleep"]),
            "waiting": st.none() | st.integers(-1, 1_000_001),
            "n": st.integers(-1, 1_000_001) | st.floats(0, 5) | st.booleans(),
            "expected_wait_s": st.none() | SECONDS,
            "low_s": st.none() | SECONDS,
            "high_s": st.none() | SECONDS,
            "measured_s": st.none() | SECONDS,
            "waiting_person_s": st.none() | SECONDS,
            "queue_arrivals": st.none() | st.integers(0, 9),
            "queue_departures": st.none() | st.integers(0, 9),
            "blind": st.none() | st.sampled_from(["black", "moved"]),
            "part": st.none() | st.sampled_from(["arrivals", "services"]),
            "waited_min": st.none() | st.dictionaries(st.integers(-1, 121).map(str) | st.just("05"), st.integers(0, 9)),
            "counters": st.lists(
                st.fixed_dictionaries(
                    {"counter_id": st.sampled_from(["q1", "None", "", "ẩ"]), "in_service": st.integers(-1, 3)},
                    optional={"open": st.none() | st.booleans()},
                ),
                max_size=65,
            ),
            "model": st.none() | st.fixed_dictionaries({"name": st.text(max_size=65), "version": st.just("1")}),
        },
    )
)  # fmt: skip
def test_on_any_queue_the_two_ways_agree(fields: dict[str, Any]) -> None:
    body = queue().model_dump(mode="json") | {k: v.isoformat().replace("+00:00", "Z") if k == "at" else v for k, v in fields.items()}  # fmt: skip
    agree(topic("vl-29734", "cam-1", "queue"), json.dumps(body).encode())


@given(
    st.sampled_from(["served", "reneged", "balked", "lost"]), st.none() | st.sampled_from(["q1", "None"]),
    INSTANT, st.none() | INSTANT, INSTANT, st.sampled_from(["Z", "+00:00", "+07:00", ""]),
)  # fmt: skip
def test_on_any_visit_the_two_ways_agree(
    outcome: str, counter: str | None, arrival: datetime, start: datetime | None, end: datetime, zone: str
) -> None:
    def text(at: datetime | None) -> str | None:
        return None if at is None else at.replace(tzinfo=None).isoformat() + zone

    body = visit().model_dump(mode="json") | {
        "outcome": outcome, "counter_id": counter, "arrival_at": text(arrival), "service_start_at": text(start), "departure_at": text(end)
    }  # fmt: skip
    agree(topic("vl-29734", "cam-1", "visit"), json.dumps(body).encode())


def test_the_usual_messages_go_the_quick_way() -> None:
    for m in (visit(), queue(), queue(waited_min={0: 1, 120: 3}, counters=({"counter_id": "q1", "in_service": 1},))):
        assert agree(topic(m.office_id, m.source_id, m.type), dump(m))
        assert agree(topic(m.office_id, m.source_id, m.type), dump(m, m))


def test_newest_is_told_by_epoch_then_by_instant() -> None:
    samples = [
        queue(seq=1, epoch=1, at=NOON + timedelta(hours=1)),
        queue(seq=1, epoch=2, at=NOON + timedelta(seconds=0.5)),
        queue(seq=2, epoch=2, at=NOON),
        queue(seq=3, epoch=2, at=NOON + timedelta(seconds=0.25)),
        queue(seq=4, epoch=2, at=NOON - timedelta(seconds=1), lane="priority"),
    ]
    batch = Batch()
    for m in samples:
        batch.take(Delivery(topic(m.office_id, m.source_id, m.type), dump(m), NOON))
    assert [quick.full(m) for m in batch.newest()] == [samples[1], samples[4]]
    assert dict(batch.seqs) == {("vl-29734", "cam-1", 1): [1], ("vl-29734", "cam-1", 2): [1, 2, 3, 4]}

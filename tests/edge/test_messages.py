"""The contract: what is accepted, what is refused and why, and that nothing at the border ever raises."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest
from builders import NOON, health, queue, rating, sentiment, ticket, visit
from hypothesis import given
from hypothesis import strategies as st

from motcua.edge import messages as m

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "messages.json"
EVERY = [visit(), queue(), queue(state="too_few"), sentiment(), rating(), ticket(), health()]


def on_topic(message: m.Message) -> str:
    return m.topic(message.office_id, message.source_id, message.type)


@pytest.mark.parametrize("message", EVERY, ids=lambda x: x.type)
def test_what_is_dumped_is_parsed_back_and_fits_the_schema(message: m.Message) -> None:
    assert m.parse(on_topic(message), m.dump(message)) == [message]
    jsonschema.validate(json.loads(m.dump(message)), json.loads(SCHEMA.read_text()))


def test_a_batch_comes_back_item_by_item_with_its_bad_ones_named() -> None:
    good = [visit(), visit()]
    bad = json.loads(m.dump(visit(seq=77))) | {"outcome": "vanished"}
    payload = json.dumps([*(json.loads(m.dump(x)) for x in good), bad]).encode()
    first, second, rejected = m.parse(on_topic(good[0]), payload)
    assert [first, second] == good
    assert isinstance(rejected, m.Rejected)
    assert "outcome" in rejected.reason
    assert (rejected.epoch, rejected.seq) == (1, 77)


def test_the_committed_schema_is_the_one_of_the_code() -> None:
    assert json.loads(SCHEMA.read_text()) == m.json_schema(), "run: python -m motcua.onebox.schema"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\xff\xfe", "not JSON"),
        (b"", "not JSON"),
        (b"[]", "a batch holds"),
        (b"3", "Input should be an object"),
        (b'{"type":"visit"}', "id: Field required"),
        (b'{"type":"tulip"}', "tulip"),
        (b"[" * 100_000, "not JSON"),
        (b" " * (m.MAX_PAYLOAD_BYTES + 1), "bytes, at most"),
        (m.dump(rating()), "does not belong"),
        (m.dump(visit(office_id="other")), "does not belong"),
    ],
)
def test_a_bad_payload_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    (item,) = m.parse(m.topic("vl-29734", "cam-1", "visit"), payload)
    assert isinstance(item, m.Rejected)
    assert reason in item.reason


@pytest.mark.parametrize("name", ["motcua/v2/a/b/visit", "motcua/v1/a/visit", "x", "motcua/v1/a/b/visit/c"])
def test_a_wrong_topic_is_refused(name: str) -> None:
    (item,) = m.parse(name, m.dump(visit()))
    assert isinstance(item, m.Rejected)
    assert "topic" in item.reason


@pytest.mark.parametrize(
    "change",
    [
        {"service_start_at": NOON - timedelta(hours=2)},
        {"service_start_at": None},
        {"counter_id": None},
        {"outcome": "reneged"},
        {"at": datetime(2026, 3, 2, 5, 0)},  # naive
        {"stitched_s": float("nan")},
        {"stitched_s": -1},
        {"office_id": "../etc"},
        {"office_id": "a/b"},
        {"seq": 0},
        {"surprise": 1},
    ],
    ids=str,
)
def test_a_visit_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        m.Visit.model_validate(visit().model_dump() | change)


@pytest.mark.parametrize(
    "change",
    [
        {"n": 4},
        {"period_end": NOON - timedelta(minutes=30)},
        {"valence_sum": 11.0},
        {"valence_sum2": 0.1},
        {"class_sums": {"happy": 1.0, "neutral": 1.0}},
        {"at": NOON + timedelta(minutes=1)},
        {"period_start": NOON - timedelta(minutes=61)},
        {"period_end": NOON + timedelta(seconds=1)},
        {"side": "officer"},
        {"change": {"n": 4, "sum": 0.0, "sum2": 1.0}},
        {"change": {"n": 11, "sum": 0.0, "sum2": 1.0}},
        {"change": {"n": 5, "sum": 10.1, "sum2": 20.0}},
        {"arousal": {"n": 5, "sum": 4.0, "sum2": 1.0}},
        {"light": {"sum": 10.1, "sum2": 11.0, "valence_sum": 0.0}},
        {"unread": {"small": 4}},
        {"unread": {"Nguyễn": 5}},
        {"temperature": 1.5},
        {"visit_id": "1"},
    ],
    ids=str,
)
def test_sentiment_of_too_few_or_too_short_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        m.Sentiment.model_validate(sentiment().model_dump() | change)


def test_sentiment_may_say_how_it_changed_and_how_it_was_seen() -> None:
    given = sentiment(
        change={"n": 5, "sum": -1.0, "sum2": 2.0},
        arousal={"n": 10, "sum": 1.0, "sum2": 2.0},
        light={"sum": 4.0, "sum2": 1.7, "valence_sum": 0.9},
        face_px={"sum": 900.0, "sum2": 82000.0, "valence_sum": 180.0},
        unread={"small": 7},
        temperature=1.5,
        calibrated=True,
    )
    assert m.parse(m.topic(given.office_id, given.source_id, "sentiment"), m.dump(given)) == [given]


def test_an_unknown_wait_carries_no_figure_and_a_known_one_carries_its_interval() -> None:
    with pytest.raises(ValueError, match="no expected wait"):
        queue(state="blind", expected_wait_s=1.0)
    with pytest.raises(ValueError, match="needs waiting"):
        m.Queue.model_validate(queue().model_dump() | {"low_s": None})
    with pytest.raises(ValueError, match="low_s <= expected"):
        queue(low_s=600.0)


def test_waits_follow_from_the_instants_and_unknown_is_none() -> None:
    assert (visit().waiting_s, visit().service_s, visit().sojourn_s) == (300, 240, 540)
    left = visit(outcome="reneged", service_start_at=None, counter_id=None)
    assert (left.waiting_s, left.service_s, left.sojourn_s) == (None, None, 540)


def test_instants_come_back_in_utc_whatever_zone_they_came_in() -> None:
    hanoi = NOON.astimezone(timezone(timedelta(hours=7)))
    assert visit(at=hanoi).at.tzinfo is UTC
    assert visit(at=hanoi).at == NOON


def test_the_will_is_read_from_the_health_topic_only() -> None:
    payload = m.Offline(epoch=5).model_dump_json().encode()
    assert m.parse(m.topic("o", "s", "health"), payload) == [m.Offline(epoch=5)]
    assert isinstance(m.parse(m.topic("o", "s", "visit"), payload)[0], m.Rejected)


def test_a_full_batch_of_the_longest_queues_fits_a_payload_or_is_named() -> None:
    states = tuple(m.CounterState(counter_id=f"c{i}", in_service=1, open=True) for i in range(8))
    payload = m.dump(*[queue(counters=states) for _ in range(m.MAX_BATCH)])
    assert len(m.parse(on_topic(queue()), payload)) == (m.MAX_BATCH if len(payload) <= m.MAX_PAYLOAD_BYTES else 1)


@given(st.integers(min_value=0, max_value=2**47), st.binary(min_size=10, max_size=10))
def test_uuid7_is_of_version_7_and_carries_its_milliseconds(milliseconds: int, noise: bytes) -> None:
    at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=min(milliseconds, 253_402_300_799_000))
    value = m.uuid7(at, lambda n: noise)
    assert value.version == 7
    assert value.variant == "specified in RFC 4122"
    assert abs((value.int >> 80) - at.timestamp() * 1000) <= 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=8,
    ),
    st.text(),
)
def test_nothing_at_the_border_raises(value: object, name: str) -> None:
    for topic in (name, m.topic("vl-29734", "cam-1", "visit")):
        assert m.parse(topic, json.dumps(value).encode())


def test_mutated_payloads_never_raise_and_are_all_accounted_for() -> None:
    chance = random.Random(7)
    outcomes = {"kept": 0, "refused": 0}
    for _ in range(3000):
        message = chance.choice(EVERY)
        payload = bytearray(m.dump(message))
        for _ in range(chance.randint(1, 4)):
            payload[chance.randrange(len(payload))] = chance.randrange(256)
        for item in m.parse(on_topic(message), bytes(payload)):
            outcomes["refused" if isinstance(item, m.Rejected) else "kept"] += 1
    assert outcomes["refused"] > 1000
    assert sum(outcomes.values()) >= 3000

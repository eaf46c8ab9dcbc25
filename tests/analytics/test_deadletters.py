"""Dead letters on both back ends: explained in one sentence, repaired beside the original, replayed once in effect."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import psycopg
import pytest
from builders import health, queue, visit

from motcua.analytics import db
from motcua.analytics import deadletters as letters
from motcua.analytics.explain import explain
from motcua.analytics.writer import Delivery, write
from motcua.edge.messages import dump, topic

NAME = topic("vl-29734", "cam-1", "visit")


def spoiled(**fields: object) -> bytes:
    """A visit with fields that do not fit; None takes one out."""
    data = json.loads(dump(visit())) | fields
    return json.dumps({k: v for k, v in data.items() if v is not None}).encode()


@pytest.mark.parametrize(
    ("name", "payload", "says"),
    [
        (
            NAME,
            spoiled(outcome="vanished"),
            "Field outcome is \"vanished\", but 'served', 'reneged', 'balked' or 'lost' was",
        ),
        (NAME, spoiled(departure_at=None), "Field departure_at is missing"),
        (NAME, spoiled(face="x"), "Field face is not in the contract"),
        (NAME, spoiled(office_id="elsewhere"), 'Field office_id is "elsewhere", but its topic belongs to "vl-29734"'),
        (NAME, spoiled(counter_id=None), "The fields do not fit together: a served visit needs"),
        (NAME, spoiled(type="visits"), 'Field type is "visits", but one of'),
        (NAME, b"[" + spoiled(seq=-1) + b"," + dump(visit()) + b"]", "Field seq is -1"),
        (NAME, b"[" + spoiled(seq=-1) + b"]", "Field seq is -1"),
        (NAME, b"{", "is not JSON"),
        (NAME, b"[]", "a batch holds 1 to"),
        (NAME, b"7", "The payload is 7"),
        (NAME, b"x" * 4096, "Only its first 4096 bytes were kept"),
        (NAME, dump(visit()), "The contract accepts it; the ingestor said: why. Replay it"),
        ("motcua/v1/short", b"{}", "The topic is 'motcua/v1/short'"),
        (topic("a", "b", "health"), b'{"type":"offline"}', "Field epoch is missing"),
    ],
)
def test_a_sentence_names_the_field_and_what_was_expected(name: str, payload: bytes, says: str) -> None:
    sentence = explain(name, payload, "why")
    assert says in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_set_goes_deeper_and_takes_out() -> None:
    edited = letters.edited(b'{"a": 1, "b": {"c": 2}}', ["a=", "b.c=x", "d=3.5", "e=null"])
    assert json.loads(edited) == {"b": {"c": "x"}, "d": 3.5, "e": None}
    for payload, change in ((b"[]", "a=1"), (b"no", "a=1"), (b'{"a":1}', "a.b=1"), (b"{}", "a")):
        with pytest.raises(letters.DeadLetterError):
            letters.edited(payload, [change])


def test_repaired_beside_the_original_and_replayed_once_in_effect(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn)
        payload = spoiled(outcome="vanished")
        assert write(conn, [Delivery(NAME, payload, datetime.now(UTC))]).dead == 1
        (letter,) = letters.find(conn)
        original = letter.payload
        assert letters.replay(conn, letter, "an") is not None, "nothing is stored as long as it is wrong"
        assert visits(conn) == 0
        with pytest.raises(letters.DeadLetterError, match="not accepted either: visit.outcome"):
            letters.repair(conn, letter, "an", letters.edited(original, ["outcome=gone"]))
        letters.repair(conn, letter, "an", letters.edited(original, ["outcome=served"]))
        letter = letters.get(conn, letter.id)
        assert (letter.state, letter.repaired_by, letter.payload) == ("repaired", "an", original)
        assert letters.replay(conn, letter, "bình") is None
        assert letters.replay(conn, letters.get(conn, letter.id), "bình") is None
        assert visits(conn) == 1
        letter = letters.get(conn, letter.id)
        assert (letter.state, letter.replayed_by, letter.payload) == ("replayed", "bình", original)
        with pytest.raises(letters.DeadLetterError, match="was replayed by bình already"):
            letters.repair(conn, letter, "an", dump(visit()))


def test_what_the_database_refuses_again_stays_with_the_new_reason(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn)
        write(conn, [Delivery(NAME, spoiled(outcome="vanished"), datetime.now(UTC))])
        (letter,) = letters.find(conn)
        letters.repair(conn, letter, "an", letters.edited(letter.payload, ["outcome=served"]))
        conn.execute("alter table visit add constraint never check (outcome <> 'served')")
        reason = letters.replay(conn, letters.get(conn, letter.id), "an")
        assert reason is not None
        assert "never" in reason
        (letter,) = letters.find(conn)
        assert (letter.state, letter.reason) == ("repaired", reason)
        conn.execute("alter table visit drop constraint never")
        assert letters.replay(conn, letter, "an") is None
        assert visits(conn) == 1


def test_filters_choose_and_count(migrated: str) -> None:
    with db.connect(migrated) as conn:
        now = datetime.now(UTC)
        sent = [
            (NAME, spoiled(outcome="vanished")),
            (NAME, spoiled(seq=-1)),
            (topic("vl-1", "cam-2", "queue"), dump(queue())),
            (topic("vl-1", "cam-2", "health"), dump(health())),
            ("motcua/v1/short", b"{}"),
        ]
        write(conn, [Delivery(name, payload, now) for name, payload in sent])
        assert len(letters.find(conn)) == 5
        assert len(letters.find(conn, limit=2)) == 2
        assert len(letters.find(conn, kind="visit")) == 2
        assert len(letters.find(conn, kind="visit", reason="OUTCOME")) == 1
        assert [len(letters.find(conn, source=s)) for s in ("vl-1", "cam-2", "vl-1/cam-2", "vl-2")] == [2, 2, 2, 0]
        assert letters.find(conn, state="repaired") == []
        with pytest.raises(letters.DeadLetterError, match="no dead letter 999"):
            letters.get(conn, 999)


def visits(conn: psycopg.Connection) -> int:
    row = conn.execute("select count(*) from visit").fetchone()
    assert row is not None
    return int(row[0])

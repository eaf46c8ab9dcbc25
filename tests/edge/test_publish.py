from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import NOON, health, queue, visit
from edge_tools import OwnBroker, Province, free_port, wait_for
from hypothesis import given
from hypothesis import strategies as st

from motcua.edge.messages import Offline, ack_topic
from motcua.edge.mqtt import BrokerError, Link, probe
from motcua.edge.outbox import Outbox, Row
from motcua.edge.publish import Publisher, batches, payload
from motcua.edge.settings import BrokerSettings
from motcua.edge.window import Window

OFFICE, SOURCE = "vl-29734", "cam-1"


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    box = Outbox(tmp_path / "o.db", now=NOON)
    yield box
    box.close()


@pytest.fixture
def publisher(outbox: Outbox, own_broker: OwnBroker) -> Iterator[Callable[..., Publisher]]:
    made: list[Publisher] = []

    def make(**options: Any) -> Publisher:
        settings = own_broker.edge_settings()
        defaults: dict[str, Any] = {"back_off_s": (0.1, 0.3), "resend_s": 60.0}
        made.append(Publisher(outbox, settings, OFFICE, SOURCE, **defaults | options))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.stop(0)


def test_sends_and_forgets_only_what_is_confirmed(outbox: Outbox, own_broker: OwnBroker, publisher: Any) -> None:
    province = Province(own_broker, confirms=False)
    publisher()
    stored = outbox.put([visit(), queue(), health(), queue()])
    wait_for(lambda: len(province.got) == 4)
    assert sorted((m.model_dump() for m in province.got), key=lambda m: m["seq"]) == [m.model_dump() for m in stored]
    assert outbox.size().rows == 4  # the broker has acknowledged; that is not the province's word
    province.confirm(province.got[:1])
    wait_for(lambda: outbox.size().rows == 3)
    province.confirm(province.got)
    wait_for(lambda: outbox.size().rows == 0)
    assert len(province.got) == 4
    province.close()


def test_how_things_are_goes_first_and_the_backlog_after_it_in_batches_in_order(
    outbox: Outbox, own_broker: OwnBroker, publisher: Any
) -> None:
    province = Province(own_broker)
    outbox.put([queue() for _ in range(500)])
    publisher(window=120, batch=50)
    wait_for(lambda: outbox.size().rows == 0)
    assert province.seqs() == [500, *range(1, 500)]
    assert len(province.payloads) < 100
    province.close()


def test_live_messages_do_not_wait_for_a_backlog(outbox: Outbox, own_broker: OwnBroker, publisher: Any) -> None:
    province = Province(own_broker, confirms=False)
    outbox.put([queue() for _ in range(500)])
    publisher(window=200, batch=50)
    wait_for(lambda: len(province.got) >= 51)  # what may be on its way unconfirmed is full
    outbox.put([visit(), queue()])
    wait_for(lambda: 501 in province.seqs("visit") and 502 in province.seqs())
    assert len(province.got) < 200
    province.confirms = True
    province.confirm(list(province.got))
    wait_for(lambda: outbox.size().rows == 0)
    assert set(province.seqs()) | {501} == set(range(1, 503))
    province.close()


def test_a_backlog_yields_when_confirmations_are_late() -> None:
    window = Window(10, 100)
    for n in range(10):
        window.confirmed(20, 0.1, float(n))
    assert window.size == 100
    window.confirmed(20, 3.0, 20.0)
    window.confirmed(20, 3.0, 20.1)  # sent before it was known
    assert window.size == 50
    window.confirmed(20, 3.0, 24.0)
    assert window.size == 25
    window.silent()
    assert window.size == 10


def test_unconfirmed_rows_are_sent_again(outbox: Outbox, own_broker: OwnBroker, publisher: Any) -> None:
    province = Province(own_broker, confirms=False)
    publisher(resend_s=0.3)
    outbox.put([queue(), visit()])
    wait_for(lambda: province.seqs().count(1) >= 2 and province.seqs("visit").count(2) >= 2)
    province.confirms = True
    wait_for(lambda: outbox.size().rows == 0)
    province.close()


def test_a_broker_that_dies_and_forgets_loses_nothing(outbox: Outbox, own_broker: OwnBroker, publisher: Any) -> None:
    one = publisher()
    wait_for(lambda: one.connected)
    outbox.put([visit()])  # nobody is subscribed: the broker takes it and forgets it
    own_broker.kill()
    wait_for(lambda: not one.connected)
    outbox.put([visit(), queue()])
    own_broker.start()
    province = Province(own_broker)
    wait_for(lambda: outbox.size().rows == 0)
    assert set(province.seqs("visit")) == {1, 2}
    assert province.seqs() == [3]
    assert one.connections == 2
    province.close()


def test_lost_and_back_is_said_once_each(own_broker: OwnBroker, publisher: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    own_broker.kill()
    one = publisher(back_off_s=(0.02, 0.05))
    wait_for(lambda: one.problem is not None and "cannot be reached" in one.problem)
    own_broker.start()
    wait_for(lambda: one.connected)
    assert caplog.text.count("cannot be reached") == 1
    assert caplog.text.count("is there") == 1


def test_the_last_will_speaks_when_the_agent_cannot(outbox: Outbox, own_broker: OwnBroker) -> None:
    province = Province(own_broker, confirms=False)
    link = Link(own_broker.edge_settings(), "x", will=("motcua/v1/o/s/health", b'{"type":"offline","epoch":7}'))
    link.cut()
    wait_for(lambda: province.got == [Offline(epoch=7)])
    province.close()


def test_a_clean_stop_keeps_the_will_silent_and_drains(outbox: Outbox, own_broker: OwnBroker, publisher: Any) -> None:
    province = Province(own_broker)
    one = publisher()
    wait_for(lambda: one.connected)
    outbox.put([queue() for _ in range(300)] + [health(status="stopping")])
    one.stop(5)
    assert outbox.size().rows == 0
    late = Province(own_broker)
    wait_for(lambda: late.got)
    assert [m.status for m in late.got] == ["stopping"]
    province.close()
    late.close()


def test_only_the_newest_health_is_retained(outbox: Outbox, own_broker: OwnBroker, publisher: Any) -> None:
    outbox.put([health(at=NOON + timedelta(seconds=n), detail=str(n)) for n in range(3)])
    publisher(resend_s=0.2)  # old ones are sent again and again
    province = Province(own_broker, confirms=False)
    wait_for(lambda: len(province.got) > 8)
    late = Province(own_broker, confirms=False)
    wait_for(lambda: late.payloads)
    assert json.loads(late.payloads[0][1])["detail"] == "2"
    assert late.payloads[0][2]
    province.close()
    late.close()


def test_a_new_epoch_gets_a_new_will(outbox: Outbox, own_broker: OwnBroker, publisher: Any) -> None:
    province = Province(own_broker)
    one = publisher()
    wait_for(lambda: one.connected)
    epoch = outbox.new_epoch(NOON)
    outbox.put([queue()])
    wait_for(lambda: outbox.size().rows == 0)
    assert one.connections == 2
    rival = Link(own_broker.edge_settings(), f"{OFFICE}-{SOURCE}")  # takes the session over: the will speaks
    wait_for(lambda: Offline(epoch=epoch) in province.got)
    assert [m for m in province.got if isinstance(m, Offline)] == [Offline(epoch=epoch)]
    rival.cut()
    province.close()


@pytest.mark.parametrize(
    "word", [b"", b"{", b'{"epoch": -1, "ranges": [[1, 2]]}', b"[" * 1000, b'{"epoch": 1, "ranges": [["a", 2]]}']
)
def test_a_confirmation_that_makes_no_sense_deletes_nothing(
    word: bytes, outbox: Outbox, own_broker: OwnBroker, publisher: Any, caplog: pytest.LogCaptureFixture
) -> None:
    province = Province(own_broker, confirms=False)
    one = publisher()
    outbox.put([visit()])
    wait_for(lambda: province.got)
    province.client.publish(ack_topic(OFFICE, SOURCE), word, qos=1)
    wait_for(lambda: "could not be read" in caplog.text)
    assert one.connected
    assert outbox.size().rows == 1
    province.confirm(province.got)
    wait_for(lambda: outbox.size().rows == 0)
    province.close()


def test_a_wrong_password_is_one_sentence(own_broker: OwnBroker, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("wrong\n")
    settings = own_broker.edge_settings(password=None, password_file=secret)
    with pytest.raises(BrokerError, match=r"(refuses the connection|does not answer).*check .*user name, password"):
        probe(settings)
    secret.write_text(own_broker.password + "\n")
    probe(settings)


def test_what_is_wrong_with_a_broker_is_one_sentence(own_broker: OwnBroker, tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="cannot be reached .*: check that it runs"):
        probe(BrokerSettings(port=free_port()))
    with pytest.raises(BrokerError, match="cannot be reached"):
        probe(BrokerSettings(host="no-such-host.invalid"))
    with pytest.raises(BrokerError, match=r"does not speak TLS as set|cannot be reached"):
        probe(own_broker.edge_settings(tls=True))
    with pytest.raises(BrokerError, match="file cannot be used"):
        probe(own_broker.edge_settings(password=None, password_file=tmp_path / "none"))


rows = st.lists(
    st.builds(
        Row,
        epoch=st.just(1),
        seq=st.integers(1, 9),
        type=st.sampled_from(["queue", "visit", "health"]),
        body=st.integers(2, 400).map(lambda n: b'"' + b"x" * (n - 2) + b'"'),
    ),
    max_size=40,
)


@given(rows, st.integers(1, 10), st.integers(500, 2000))
def test_batches_hold_every_row_in_order(some: list[Row], size: int, max_bytes: int) -> None:
    cut = batches(some, size, max_bytes)
    assert [row for batch in cut for row in batch] == some
    for batch in cut:
        assert len({row.type for row in batch}) == 1
        assert len(batch) <= (1 if batch[0].type == "health" else size)
        assert len(payload(batch)) <= max_bytes + 2
        body = json.loads(payload(batch))
        assert len(batch) == 1 or len(body) == len(batch)

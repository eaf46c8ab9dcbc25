"""Both embedded brokers: MQTT 5 on the loopback, shared subscriptions, retained messages, wills; rights where there are any."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import psutil
import pytest

from motcua.onebox import broker as brokers

KINDS = ["iotcore", *(["mosquitto"] if shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin") else [])]
USERS = [brokers.ingest_user("secret"), brokers.source_user("cam-1", "secret", "vl-1", "cam-1")]


@pytest.fixture(params=KINDS)
def running(request: pytest.FixtureRequest, open_folder: Path) -> Iterator[brokers.Broker]:
    server = brokers.start(open_folder / "broker", USERS, kind=request.param)
    yield server
    server.stop()
    assert server.process.poll() is not None


class Client:
    """A client that notes what it gets."""

    def __init__(self, server: brokers.Broker, user: str, password: str = "secret", will: str | None = None) -> None:
        self.got: list[tuple[str, bytes, bool]] = []
        self.connected: list[bool] = []
        self.subscribed = 0
        self.mqtt = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.mqtt.username_pw_set(user, password)
        if will:
            self.mqtt.will_set(will, b"gone", qos=1, retain=True)
        self.mqtt.on_connect = lambda c, u, f, reason, p: self.connected.append(not reason.is_failure)
        self.mqtt.on_disconnect = lambda *a: self.connected.append(False)
        self.mqtt.on_message = lambda c, u, m: self.got.append((m.topic, m.payload, m.retain))
        self.mqtt.on_subscribe = lambda *a: setattr(self, "subscribed", self.subscribed + 1)
        self.mqtt.connect(server.host, server.port, clean_start=True)
        self.mqtt.loop_start()

    def drop(self) -> None:
        """Cut the line without a word, as a power cut would."""
        sock = self.mqtt.socket()
        assert sock is not None
        self.mqtt.on_disconnect = None
        self.mqtt.loop_stop()
        sock.shutdown(socket.SHUT_RDWR)


def test_it_listens_on_the_loopback_only(running: brokers.Broker) -> None:
    process = psutil.Process(running.process.pid)
    addresses = {
        c.laddr.ip for p in (process, *process.children(recursive=True)) for c in p.net_connections() if c.status == "LISTEN"
    }
    assert addresses == {"127.0.0.1"}


def test_a_shared_subscription_gives_each_message_to_one_reader(
    running: brokers.Broker, eventually: Callable[..., object]
) -> None:
    readers, plain, writer = (
        [Client(running, "ingest"), Client(running, "ingest")],
        Client(running, "ingest"),
        Client(running, "cam-1"),
    )
    for client in (*readers, plain, writer):
        eventually(lambda client=client: client.connected == [True])
    for reader in readers:
        reader.mqtt.subscribe("$share/ingest/motcua/v1/#", qos=1)
    plain.mqtt.subscribe("motcua/v1/+/+/health", qos=1)
    eventually(lambda: all(c.subscribed for c in (*readers, plain)))
    sent = {b"%d" % i for i in range(60)}
    for payload in sent:
        writer.mqtt.publish("motcua/v1/vl-1/cam-1/visit", payload, qos=1)
    eventually(lambda: sum(len(r.got) for r in readers) >= 60)
    parts = [{payload for _, payload, _ in r.got} for r in readers]
    assert parts[0] | parts[1] == sent
    assert not parts[0] & parts[1]
    assert all(parts)
    assert plain.got == []


def test_health_is_kept_and_the_will_speaks_for_the_dead(running: brokers.Broker, eventually: Callable[..., object]) -> None:
    topic = "motcua/v1/vl-1/cam-1/health"
    writer = Client(running, "cam-1", will=topic)
    eventually(lambda: writer.connected == [True])
    writer.mqtt.publish(topic, b"well", qos=1, retain=True).wait_for_publish(10)
    reader = Client(running, "ingest")
    eventually(lambda: reader.connected == [True])
    reader.mqtt.subscribe("motcua/v1/+/+/health", qos=1)
    eventually(lambda: reader.got == [(topic, b"well", True)])
    writer.drop()
    eventually(lambda: reader.got[-1] == (topic, b"gone", False))


def test_a_stranger_is_not_let_in(running: brokers.Broker, eventually: Callable[..., object]) -> None:
    stranger = Client(running, "cam-1", password="guess")
    eventually(lambda: stranger.connected)
    assert stranger.connected[0] is False


@pytest.mark.skipif("mosquitto" not in KINDS, reason="rights per user are mosquitto's")
def test_a_source_writes_its_own_topics_only(open_folder: Path, eventually: Callable[..., object]) -> None:
    server = brokers.start(open_folder / "broker", USERS, kind="mosquitto")
    try:
        reader, thief = Client(server, "ingest"), Client(server, "cam-1")
        eventually(lambda: reader.connected == [True] and thief.connected == [True])
        reader.mqtt.subscribe("motcua/v1/#", qos=1)
        eventually(lambda: reader.subscribed)
        for topic in ("motcua/v1/vl-1/cam-2/visit", "motcua/v1/vl-2/cam-1/visit", "motcua/ack/v1/vl-1/cam-1"):
            thief.mqtt.publish(topic, b"forged", qos=1)
        thief.mqtt.publish("motcua/v1/vl-1/cam-1/visit", b"own", qos=1)
        eventually(lambda: reader.got)
        assert reader.got == [("motcua/v1/vl-1/cam-1/visit", b"own", False)]
    finally:
        server.stop()


def test_without_any_broker_the_way_out_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers.shutil, "which", lambda *a, **k: None)
    with pytest.raises(brokers.BrokerError, match="install it, or use iotcore"):
        brokers.start(tmp_path, USERS, kind="mosquitto")

"""A broker of one's own that can be killed and started again, a province that reads and confirms, polling with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr

from motcua.edge.messages import Confirmation, Offline, Rejected, ack_topic, parse
from motcua.edge.settings import BrokerSettings
from motcua.onebox import broker as brokers
from motcua.onebox.child import free_port

__all__ = ["OwnBroker", "Province", "free_port", "wait_for"]


def wait_for(condition: Callable[[], object], *, within_s: float = 20.0, every_s: float = 0.02) -> None:
    """Poll until the condition holds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(every_s)


class OwnBroker:
    """The product's embedded broker, for one test alone: to be killed and started again."""

    password = "secret"

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.port = port or free_port()
        self._folder = folder
        for parent in folder.parents:
            if parent.name.startswith(("pytest", "test_")):
                parent.chmod(0o711)  # mosquitto runs as an unprivileged user when root runs the tests

    def edge_settings(self, **fields: Any) -> BrokerSettings:
        """How a source connects."""
        return BrokerSettings(**{"port": self.port, "username": "edge", "password": SecretStr(self.password)} | fields)

    def start(self) -> None:
        users = [brokers.ingest_user(self.password), brokers.source_user("edge", self.password, "+", "+")]
        self._broker = brokers.start(self._folder, users, port=self.port)

    def kill(self) -> None:
        """As a power cut does it."""
        self._broker.process.kill()
        self._broker.process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class Province:
    """Reads everything, confirms what it is told to: an ingestor of a few lines."""

    def __init__(self, broker: OwnBroker, *, confirms: bool = True) -> None:
        self.confirms = confirms
        self.got: list[Any] = []
        self.payloads: list[tuple[str, bytes, bool]] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self.client.username_pw_set("ingest", broker.password)
        self.client.on_connect = lambda client, *_: client.subscribe("motcua/v1/#", qos=1)
        self.client.on_message = self._read
        ready = threading.Event()
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        assert ready.wait(10)

    def confirm(self, items: list[Any]) -> None:
        for item in items:
            if not isinstance(item, Offline | Rejected):
                word = Confirmation(epoch=item.epoch, ranges=((item.seq, item.seq),))
                self.client.publish(ack_topic(item.office_id, item.source_id), word.model_dump_json(), qos=1)

    def seqs(self, type_: str = "queue") -> list[int]:
        return [m.seq for m in self.got if m.type == type_]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _read(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        body = bytes(message.payload)
        self.payloads.append((message.topic, body, message.retain))
        items = parse(message.topic, body)
        self.got += items
        if self.confirms:
            self.confirm(items)

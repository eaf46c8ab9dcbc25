"""An MQTT client over TLS that notes everything that it is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import paho.mqtt.client as mqtt

Eventually = Callable[..., Any]


class Broker(Protocol):
    """Where it connects to."""

    port: int
    ca: Path
    secrets: dict[str, str]


class Client:
    """A client that notes everything that it is told."""

    def __init__(self, place: Broker, user: str, eventually: Eventually, secret: str | None = None, **options: Any) -> None:
        self.eventually = eventually
        self.connected: list[str] = []
        self.got: list[tuple[str, bytes]] = []
        self.granted: list[bool] = []
        self.published: list[bool] = []
        self.lost = 0
        self.mqtt = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, options.get("client_id", ""), protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        self.mqtt.username_pw_set(user, secret or place.secrets[user])
        self.mqtt.tls_set(ca_certs=str(place.ca))
        if will := options.get("will"):
            self.mqtt.will_set(will, b"forged", qos=1, retain=True)
        self.mqtt.on_connect = lambda c, u, f, reason, p: self.connected.append(str(reason))
        self.mqtt.on_disconnect = lambda *_: setattr(self, "lost", self.lost + 1)
        self.mqtt.on_message = lambda c, u, m: self.got.append((m.topic, m.payload))
        self.mqtt.on_subscribe = lambda c, u, mid, reasons, p: self.granted.extend(not r.is_failure for r in reasons)
        self.mqtt.on_publish = lambda c, u, mid, reason, p: self.published.append(not reason.is_failure)
        self.mqtt.connect("127.0.0.1", place.port, clean_start=options.get("clean_start", True))
        self.mqtt.loop_start()
        eventually(lambda: self.connected or self.lost)

    def may_subscribe(self, *names: str) -> bool:
        """Whether the last of these filters is granted; ``granted`` holds the answers to all, in order."""
        told = len(self.granted) + len(names)
        self.mqtt.subscribe([(name, mqtt.SubscribeOptions(qos=1)) for name in names])
        self.eventually(lambda: len(self.granted) >= told or self.lost)
        assert not self.lost, self.connected
        return self.granted[-1]

    def may_publish(self, *names: str, payload: bytes = b"forged") -> bool:
        """Whether the last of these topics may be written; ``published`` holds the answers to all, in order."""
        told = len(self.published) + len(names)
        for name in names:
            self.mqtt.publish(name, payload, qos=1)
        self.eventually(lambda: len(self.published) >= told or self.lost)
        assert not self.lost, self.connected
        return self.published[-1]

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()

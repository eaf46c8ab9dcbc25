"""One connection to the broker: MQTT 5, driven by the caller's own thread, made anew each time."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from motcua.edge.settings import BrokerSettings

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0


class BrokerError(Exception):
    """The broker cannot be used; the message is one sentence with the way out."""


class Link:
    """A live connection. Nothing happens outside :meth:`loop`, so that no other thread is ever involved."""

    def __init__(
        self,
        broker: BrokerSettings,
        client_id: str,
        *,
        will: tuple[str, bytes] | None = None,
        subscribe: str | None = None,
        on_message: Callable[[bytes], None] | None = None,
    ) -> None:
        """Connect, and subscribe to one topic. will: (topic, payload), retained. Raises BrokerError."""
        self._broker = broker
        self._on_message = on_message or (lambda payload: None)
        self._refused: str | None = None
        self._ready = False
        self._subscribe = subscribe
        self._client = _client(broker, client_id)
        if will is not None:
            self._client.will_set(*will, qos=1, retain=True)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = lambda client, userdata, message: self._on_message(bytes(message.payload))
        try:
            self._open()
        except BaseException:
            self.cut()
            raise

    def loop(self, timeout_s: float) -> bool:
        """Send and receive for up to ``timeout_s``; False when the connection is lost."""
        return self._client.loop(timeout_s) == MQTTErrorCode.MQTT_ERR_SUCCESS

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Hand one message over, QoS 1; False when the connection is lost."""
        return self._client.publish(topic, payload, qos=1, retain=retain).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def close(self) -> None:
        """Say goodbye: the broker then keeps the last will to itself."""
        self._client.disconnect()
        deadline = time.monotonic() + 1
        while self._client.want_write() and time.monotonic() < deadline and self.loop(0.05):
            pass
        self.cut()

    def cut(self) -> None:
        """Drop the connection without a word, as a power cut does."""
        if (sock := self._client.socket()) is not None:
            sock.close()

    def _open(self) -> None:
        connect = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        connect.SessionExpiryInterval = 0
        try:
            self._client.connect(
                self._broker.host,
                self._broker.port,
                keepalive=self._broker.keepalive_s,
                clean_start=True,
                properties=connect,
            )
        except (OSError, ValueError) as error:
            raise BrokerError(_why(self._broker, error)) from error
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        while not self._ready:
            alive = self.loop(0.1)
            if self._refused is not None:
                raise BrokerError(self._refused)
            if not alive or time.monotonic() > deadline:
                raise BrokerError(
                    f"broker {self._broker.address} does not answer as an MQTT 5 broker: check its address, version and TLS, user name, password"
                )

    def _connected(self, client: paho.Client, userdata: Any, flags: Any, reason: ReasonCode, properties: Any) -> None:
        if reason.is_failure:
            self._refused = f"broker {self._broker.address} refuses the connection ({reason}): check user name, password and access rules"
        elif self._subscribe is None:
            self._ready = True
        else:
            client.subscribe(self._subscribe, qos=1)

    def _subscribed(self, client: paho.Client, userdata: Any, mid: int, reasons: list[ReasonCode], properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refused = (
                f"broker {self._broker.address} refuses confirmations on {self._subscribe} ({reasons[0]}): "
                "allow this source to read that topic"
            )
        self._ready = True


def probe(broker: BrokerSettings) -> None:
    """Connect and leave again. Raises BrokerError."""
    Link(broker, "").close()


def _client(broker: BrokerSettings, client_id: str) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5)
    client.connect_timeout = CONNECT_TIMEOUT_S
    client.max_queued_messages_set(0)
    try:
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.secret())
        if broker.tls:
            ca, cert, key = (None if f is None else str(f) for f in (broker.ca_file, broker.cert_file, broker.key_file))
            client.tls_set(ca, cert, key)
    except (OSError, ValueError) as error:
        raise BrokerError(
            f"broker {broker.address}: a password or certificate file cannot be used ({error}): check it"
        ) from error
    return client


def _why(broker: BrokerSettings, error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"broker {broker.address} shows a certificate that is not trusted ({error.verify_message}): check ca_file and host"
    if isinstance(error, ssl.SSLError):
        return f"broker {broker.address} does not speak TLS as set ({error.reason}): check 'tls' and the port"
    return f"broker {broker.address} cannot be reached ({error}): check that it runs, its address and the network"

"""A real MQTT 5 broker of our own on 127.0.0.1: mosquitto where it is installed, else ``iotcore``.

=================  =======================================  ==================================
                   mosquitto                                iotcore 0.4
=================  =======================================  ==================================
rights per user    yes (ACL)                                no: every user may do everything
restart            keeps messages                           forgets everything
Receive Maximum    honoured                                 ignored
fit for            production on one machine                the demo and the tests
=================  =======================================  ==================================

Shared subscriptions, retained messages and last wills work on both.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from motcua.onebox.child import free_port, own, spawn, stop, unprivileged_user

MAX_PACKET_BYTES = 300_000


class BrokerError(RuntimeError):
    """The embedded broker cannot run; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class User:
    """Who may connect, and the topic filters they may read and write."""

    name: str
    password: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


@dataclass(slots=True)
class Broker:
    """A running broker."""

    process: subprocess.Popen[bytes]
    kind: str
    port: int
    host: str = "127.0.0.1"

    def stop(self) -> None:
        """Ask it to end; mosquitto writes what it keeps."""
        stop(self.process)


def ingest_user(password: str) -> User:
    """Reads everything and confirms it."""
    return User("ingest", password, reads=("motcua/v1/#",), writes=("motcua/ack/v1/#",))


def source_user(name: str, password: str, office_id: str, source_id: str) -> User:
    """Writes the topics of its own source, reads its own confirmations. ``+`` stands for any office or source."""
    return User(
        name,
        password,
        reads=(f"motcua/ack/v1/{office_id}/{source_id}",),
        writes=(f"motcua/v1/{office_id}/{source_id}/#",),
    )


def start(folder: Path, users: Sequence[User], *, kind: str | None = None, port: int | None = None) -> Broker:
    """Start a broker whose files lie in ``folder``. kind: ``mosquitto`` or ``iotcore``; None: the best there is."""
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    kind = kind or ("mosquitto" if mosquitto else "iotcore")
    port = port or free_port()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BrokerError(f"cannot write {folder} ({error.strerror}): set MOTCUA_DATA to a folder of yours") from error
    if kind == "mosquitto":
        if mosquitto is None:
            raise BrokerError("mosquitto is not installed: install it, or use iotcore")
        process = _start_mosquitto(mosquitto, folder, users, port)
    else:
        process = _start_iotcore(folder, users, port)
    broker = Broker(process, kind, port)
    _wait(broker, folder / "broker.log")
    return broker


def _start_mosquitto(binary: str, folder: Path, users: Sequence[User], port: int) -> subprocess.Popen[bytes]:
    user = unprivileged_user("mosquitto")
    files = {
        "mosquitto.conf": "\n".join(
            [
                f"listener {port} 127.0.0.1",
                "allow_anonymous false",
                f"password_file {folder / 'passwd'}",
                f"acl_file {folder / 'acl'}",
                "persistence true",
                f"persistence_location {folder}/",
                "autosave_interval 60",
                f"max_packet_size {MAX_PACKET_BYTES}",
                "max_queued_messages 0",
                "max_queued_bytes 268435456",
                "max_inflight_messages 0",
                *([f"user {user.pw_name}"] if user else []),
            ]
        ),
        "passwd": "\n".join(f"{u.name}:{_mosquitto_hash(u.password)}" for u in users),
        "acl": "\n".join(
            line
            for u in users
            for line in [f"user {u.name}", *(f"topic read {t}" for t in u.reads), *(f"topic write {t}" for t in u.writes)]
        ),
    }
    for name, text in files.items():
        (folder / name).write_text(text + "\n")
        own(folder / name, user)
    own(folder, user)
    with (folder / "broker.log").open("ab") as log:
        return spawn([binary, "-c", folder / "mosquitto.conf"], log=log, user=user, cwd=Path("/"))


def _mosquitto_hash(password: str) -> str:
    """mosquitto's own format: PBKDF2 with SHA-512."""
    salt, rounds = secrets.token_bytes(12), 1000
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, 64)
    return f"$7${rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _start_iotcore(folder: Path, users: Sequence[User], port: int) -> subprocess.Popen[bytes]:
    if importlib.util.find_spec("iotcore") is None:
        raise BrokerError("there is no MQTT broker: install mosquitto, or pip install iotcore")
    config = folder / "iotcore.toml"
    passwords = "\n".join(f'"{u.name}" = "{u.password}"' for u in users)
    config.write_text(f"""id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
shared_subscriptions_strategy = "roundrobin"
[v5.1]
name = "mqtt5"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = {MAX_PACKET_BYTES}
max_inflight_count = 200
dynamic_filters = true
[v5.1.connections.auth]
{passwords}
""")
    config.chmod(0o600)
    code = "import sys; from iotcore import IotCoreBroker as B; B(config_path=sys.argv[1]).run_forever()"
    with (folder / "broker.log").open("ab") as log:
        log.write(b"iotcore: no rights per user, forgets everything at a restart; for the demo and tests only\n")
        log.flush()
        return spawn([sys.executable, "-c", code, config], log=log, env={**os.environ, "PYTHONSAFEPATH": "1"})


def _wait(broker: Broker, log: Path, within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            socket.create_connection((broker.host, broker.port), timeout=1).close()
            return
        except OSError as error:
            if broker.process.poll() is not None or time.monotonic() > deadline:
                stop(broker.process, with_signal=signal.SIGKILL)
                tail = log.read_text(errors="replace").strip().splitlines()[-1:]
                raise BrokerError(f"{broker.kind} did not start ({' '.join(tail)}): see {log}") from error
        time.sleep(0.05)

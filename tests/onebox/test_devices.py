"""The registry of devices on a real mosquitto over TLS: what a stolen credential tries."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from builders import visit
from mqtt_client import Client

from motcua.analytics import devices
from motcua.analytics.ingest import Ingestor
from motcua.analytics.settings import IngestSettings
from motcua.edge.messages import ack_topic, dump, topic
from motcua.onebox import broker_files, devices_cli
from motcua.onebox.child import free_port, own, port_is_free, stop, unprivileged_user

Eventually = Callable[..., Any]
OFFICE = "vl-29734"


class Place:
    """A broker over TLS made from the registry by the command line, and the secrets of its devices."""

    def __init__(self, folder: Path, dsn: str, capsys: pytest.CaptureFixture[str], eventually: Eventually) -> None:
        self.dsn, self.folder, self.capsys, self.port = dsn, folder, capsys, free_port()
        self.secrets: dict[str, str] = {}
        self.ca = folder / "ca.crt"
        self.cli("certificates", "--folder", str(folder), "--host", "127.0.0.1", dsn=False)
        for name, kind, source in (
            ("box", "camera_box", "cam-1"),
            ("other", "camera_box", "cam-2"),
            ("kiosk", "kiosk", "kiosk-1"),
        ):
            self.add(name, "--kind", kind, "--office", OFFICE, "--source", source)
        self.add("ingest", "--kind", "ingestor")
        tls = ["--cert", str(folder / "server.crt"), "--key", str(folder / "server.key")]
        self.cli("write", "--folder", str(folder), "--data", str(folder), "--port", str(self.port), *tls)
        user = unprivileged_user("mosquitto")
        for path in (*folder.iterdir(), folder):
            own(path, user)
        if user is not None:
            with (folder / "mosquitto.conf").open("a") as conf:
                conf.write(f"user {user.pw_name}\n")
        with (folder / "broker.log").open("w") as log:
            self.process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", folder / "mosquitto.conf"], stdout=log, stderr=log)
        eventually(lambda: not port_is_free(self.port) or self.process.poll() is not None)
        assert self.process.poll() is None, (folder / "broker.log").read_text()

    def cli(self, *arguments: str, dsn: bool = True) -> str:
        with pytest.raises(SystemExit) as ended:
            devices_cli.app([*arguments, *(["--dsn", self.dsn] if dsn else [])])
        assert not ended.value.code
        return self.capsys.readouterr().out

    def add(self, name: str, *arguments: str) -> None:
        self.secrets[name] = self.cli("add", name, *arguments).split("secret: ")[1].splitlines()[0]

    def live(self, command: str, name: str, *more: str) -> str:
        way = ["--folder", str(self.folder), "--port", str(self.port), "--ca-file", str(self.ca)]
        return self.cli(command, name, *way, *more)


@pytest.fixture
def place(open_folder: Path, migrated: str, capsys: pytest.CaptureFixture[str], eventually: Eventually) -> Iterator[Place]:
    made = Place(open_folder / "broker", migrated, capsys, eventually)
    yield made
    stop(made.process)
    print((made.folder / "broker.log").read_text())


def test_a_stolen_credential_is_worth_its_own_source_only(place: Place, eventually: Eventually) -> None:
    box, kiosk, ingest = (Client(place, name, eventually) for name in ("box", "kiosk", "ingest"))
    with psycopg.connect(place.dsn) as conn:
        hashes = " ".join(row[0] for row in conn.execute("select secret_hash from device"))
    assert not any(secret in hashes for secret in place.secrets.values())

    for name in (
        topic(OFFICE, "cam-2", "visit"), topic("vl-1", "cam-1", "visit"), topic(OFFICE, "cam-1", "rating"),
        ack_topic(OFFICE, "cam-1"), ack_topic(OFFICE, "cam-2"), broker_files.CONTROL,
    ):  # fmt: skip
        assert not box.may_publish(name), name
    assert box.may_publish(topic(OFFICE, "cam-1", "visit"))
    assert not kiosk.may_publish(topic(OFFICE, "kiosk-1", "visit")), "a kiosk forges no visits"
    assert kiosk.may_publish(topic(OFFICE, "kiosk-1", "rating"))

    assert ingest.may_subscribe(devices.SHARE)
    for name in (
        "#", "motcua/v1/#", "motcua/v1/+/+/visit", topic(OFFICE, "cam-1", "visit"), ack_topic(OFFICE, "cam-2"), "motcua/ack/v1/#",
        "motcua/ack/v1/+/cam-1", devices.SHARE, "$share/mine/motcua/v1/#", f"$share/ingest/{ack_topic(OFFICE, 'cam-2')}",
        "$SYS/#", broker_files.CONTROL + "/response",
    ):  # fmt: skip
        assert not box.may_subscribe(name), name
    assert box.may_subscribe(ack_topic(OFFICE, "cam-1"))
    for n in range(20):
        assert box.may_publish(topic(OFFICE, "cam-1", "visit"), payload=b"%d" % n)
    eventually(lambda: len([1 for _, payload in ingest.got if payload != b"forged"]) == 20)
    ingest.mqtt.publish(ack_topic(OFFICE, "cam-2"), b"not yours", qos=1)
    ingest.mqtt.publish(ack_topic(OFFICE, "cam-1"), b"yours", qos=1)
    eventually(lambda: box.got)
    assert box.got == [(ack_topic(OFFICE, "cam-1"), b"yours")]
    for client in (box, kiosk, ingest):
        client.close()


def test_nobody_takes_anothers_session_or_speaks_its_last_will(place: Place, eventually: Eventually) -> None:
    ingest, victim = Client(place, "ingest", eventually), Client(place, "other", eventually)
    assert ingest.may_subscribe(devices.HEALTH)
    thief = Client(place, "box", eventually, client_id="other", clean_start=False)
    assert thief.connected == ["Success"]
    assert victim.may_publish(topic(OFFICE, "cam-2", "visit")), "it was not thrown out"
    assert victim.lost == 0
    ghost = Client(place, "kiosk", eventually, will=topic(OFFICE, "cam-2", "health"))
    if ghost.mqtt.is_connected():
        ghost.mqtt.socket().shutdown(2)  # type: ignore[union-attr]
        eventually(lambda: ghost.lost)
    last = Client(place, "kiosk", eventually)
    assert last.may_publish(topic(OFFICE, "kiosk-1", "health"), payload=b"well")
    eventually(lambda: ingest.got)
    assert ingest.got == [(topic(OFFICE, "kiosk-1", "health"), b"well")]
    for client in (ingest, victim, last, thief, ghost):
        client.close()


def test_a_wrong_or_revoked_secret_opens_nothing_and_a_session_ends_at_once(place: Place, eventually: Eventually) -> None:
    assert Client(place, "box", eventually, secret="guess").connected[-1:] != ["Success"]
    box = Client(place, "box", eventually)
    old = place.secrets["box"]
    place.secrets["box"] = place.live("rotate", "box").split("secret: ")[1].splitlines()[0]
    eventually(lambda: box.lost)
    assert Client(place, "box", eventually, secret=old).connected[-1:] != ["Success"]
    box = Client(place, "box", eventually)
    assert box.connected == ["Success"]
    assert "knows it" in place.live("revoke", "box")
    eventually(lambda: box.lost)
    assert Client(place, "box", eventually).connected[-1:] != ["Success"]
    place.secrets["new"] = (
        place.live("add", "new", "--kind", "feed", "--office", OFFICE, "--source", "feed-1")
        .split("secret: ")[1]
        .splitlines()[0]
    )
    new = Client(place, "new", eventually)
    assert new.may_publish(topic(OFFICE, "feed-1", "ticket"))
    assert not new.may_publish(topic(OFFICE, "feed-1", "visit"))
    new.close()
    assert "revoked" in place.cli("list")


def test_the_ingestor_works_with_its_own_credential_over_tls(place: Place, eventually: Eventually) -> None:
    settings = IngestSettings(
        dsn=place.dsn, broker_host="127.0.0.1", broker_port=place.port, broker_password=place.secrets["ingest"],  # type: ignore[arg-type]
        broker_tls=True, broker_ca_file=str(place.ca),
    )  # fmt: skip
    halt, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=Ingestor(settings, halt).run, args=(ready.set,))
    thread.start()
    try:
        assert ready.wait(20)
        box = Client(place, "box", eventually)
        assert box.may_subscribe(ack_topic(OFFICE, "cam-1"))
        sent = visit()

        def confirmed() -> bool:
            box.may_publish(topic(OFFICE, "cam-1", "visit"), payload=dump(sent))
            return bool(box.got)

        eventually(confirmed)
        with psycopg.connect(place.dsn) as conn:
            assert conn.execute("select id from visit").fetchone() == (sent.id,)
        box.close()
    finally:
        halt.set()
        thread.join(20)


def test_a_job_keeps_a_device_whose_secret_lies_in_a_file(migrated: str, tmp_path: Path) -> None:
    held = tmp_path / "there" / "password"

    def ensure(name: str = "ingest-1", kind: str = "ingestor") -> object:
        with pytest.raises(SystemExit) as ended:
            devices_cli.app(["ensure", name, "--kind", kind, "--secret-file", str(held), "--dsn", migrated])
        return ended.value.code

    def works() -> bool:
        with psycopg.connect(migrated) as conn:
            return devices.verifies(held.read_text(), devices.get(conn, "ingest-1").secret_hash)

    assert not ensure()
    first = held.read_text()
    assert works()
    assert held.stat().st_mode & 0o077 == 0
    assert not ensure()
    assert held.read_text() == first, "twice is harmless"
    held.write_text("of a database that is gone")
    assert not works()
    assert not ensure()
    assert works()
    with pytest.raises(devices.DeviceError, match="as another"):
        devices_cli.app(
            ["ensure", "ingest-1", "--kind", "feed", "--office", OFFICE, "--secret-file", str(held), "--dsn", migrated]
        )
    with psycopg.connect(migrated) as conn:
        devices.revoke(conn, "ingest-1", "test")
    with pytest.raises(devices.DeviceError, match="never used twice"):
        devices_cli.app(["ensure", "ingest-1", "--kind", "ingestor", "--secret-file", str(held), "--dsn", migrated])
    settings = IngestSettings(dsn=migrated, broker_password_file=held)  # type: ignore[arg-type]
    assert settings.broker_secret() == held.read_text()
    with pytest.raises(ValueError, match="broker_password_file"):
        IngestSettings(dsn=migrated)  # type: ignore[arg-type]

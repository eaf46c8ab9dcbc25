"""The compose file against the compose schema, the product's own commands and settings, and a real broker made by its own job."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from mqtt_client import Client
from pydantic_settings import BaseSettings
from typer.testing import CliRunner

from motcua.analytics import devices
from motcua.analytics.api.settings import ApiSettings
from motcua.analytics.settings import AlertSettings, DbSettings, IngestSettings
from motcua.dashboard.settings import DashboardSettings
from motcua.edge.messages import ack_topic, topic
from motcua.edge.settings import EdgeSettings
from motcua.onebox import broker_files, cli, devices_cli
from motcua.onebox.child import free_port, own, port_is_free, stop, unprivileged_user

DOCKER = Path(__file__).parents[2] / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SETTINGS: list[type[BaseSettings]] = [
    AlertSettings,
    ApiSettings,
    DashboardSettings,
    DbSettings,
    EdgeSettings,
    IngestSettings,
]


def test_it_fits_the_compose_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    checked = subprocess.run([*command, str(DOCKER / "compose.yaml")], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_a_broken_file_would_be_found(tmp_path: Path) -> None:
    broken = tmp_path / "compose.yaml"
    broken.write_text("services: {db: {imag: postgres}}\n")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(broken)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


def test_every_variable_is_a_setting_of_the_product() -> None:
    known = {
        f"{settings.model_config['env_prefix']}{name}".upper() for settings in SETTINGS for name in settings.model_fields
    }
    used = {name for service in COMPOSE["services"].values() for name in service.get("environment", {})}
    ours = {name.split("__")[0] for name in used if name.startswith("MOTCUA_")}
    assert ours
    assert ours - known == set()


def test_every_secret_has_its_line_in_the_example_and_no_default() -> None:
    text = (DOCKER / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+)(?::\?[^}]*)?\}", text))
    given = dict(line.split("=", 1) for line in (DOCKER / "env.example").read_text().splitlines() if re.match(r"\w+=", line))
    assert asked <= set(given)
    assert all(given[name] == "" for name in asked)


def commands(name: str, service: dict[str, Any]) -> list[list[str]]:
    """The product's own commands that a service runs, without the program's name."""
    if "build" not in service or name == "edge":
        return []
    words = service["command"]
    if service.get("entrypoint", ["motcua"])[0] == "motcua":
        return [[*service.get("entrypoint", ["motcua"])[1:], *words]]
    script = words[0].replace("\\\n", "")
    return [line.split()[1:] for line in script.splitlines() if line.split()[:1] == ["motcua"]]


def test_every_command_exists() -> None:
    found = [c for name, service in COMPOSE["services"].items() for c in commands(name, service)]
    assert len(found) >= 8
    for words in found:
        end = next((i for i, w in enumerate(words) if w.startswith("-") or w == "ingest-1" or "$" in w), len(words))
        helped = CliRunner().invoke(cli.app, [*words[:end], "--help"], env={"NO_COLOR": "1", "COLUMNS": "200"})
        assert helped.exit_code == 0, (words, helped.output)
        for option in (w for w in words if w.startswith("--")):
            assert f"{option} " in helped.output, (words, option)


def test_only_the_loopback_is_published_by_default() -> None:
    for name, service in COMPOSE["services"].items():
        for port in service.get("ports", []):
            assert re.match(r"127\.0\.0\.1:|\$\{\w+:-127\.0\.0\.1\}:", port), name


@pytest.mark.parametrize("target", ["edge", "server", "dashboard"])
def test_every_target_is_in_the_dockerfile(target: str) -> None:
    assert f" AS {target}\n" in (DOCKER / "Dockerfile").read_text()


class Place:
    """The broker of the compose file: its job's own script and mosquitto, with the volumes as folders here."""

    def __init__(self, folder: Path, dsn: str, eventually: Callable[..., object]) -> None:
        self.folder, self.dsn, self.port = folder, dsn, free_port()
        self.ca = folder / "broker" / "ca.crt"
        plugin = broker_files.plugin()
        assert plugin, "mosquitto is not installed: make test installs it where it may, else: apt-get install mosquitto"
        for name in ("authority", "broker", "ingest", "edge"):
            (folder / name).mkdir()
        service = COMPOSE["services"]["broker-files"]
        mounts = dict(v.split(":")[::-1] for v in service["volumes"])
        script = service["command"][0].replace("$$", "$").replace("/usr/lib/mosquitto_dynamic_security.so", str(plugin))
        script = re.sub(rf"({'|'.join(mounts)})(?=[/\s])", lambda found: str(folder / mounts[found[0]]), script)
        program = folder / "motcua"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m motcua.onebox.cli "$@"\n')
        program.chmod(0o755)
        given = {"BROKER_HOST": "127.0.0.1", "EDGE_OFFICE": "vl-29734", "EDGE_SOURCE": "cam-1", "MOTCUA_DB_DSN": dsn}
        assert set(service["environment"]) - {"<<"} <= set(given)
        environment = {**os.environ, **given, "PATH": f"{folder}:{os.environ['PATH']}"}
        ran = subprocess.run([*service["entrypoint"], script], env=environment, check=False, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        self.secrets = {
            "ingest-1": (folder / "ingest" / "password").read_text(),
            "vl-29734.cam-1": (folder / "edge" / "broker-password").read_text(),
        }
        conf = folder / "broker" / "mosquitto.conf"
        text, listeners = re.subn("^listener 8883$", f"listener {self.port} 127.0.0.1", conf.read_text(), flags=re.MULTILINE)
        assert listeners == 1
        user = unprivileged_user("mosquitto")
        conf.write_text(text + (f"user {user.pw_name}\n" if user else ""))
        folder.chmod(0o711)
        for path in (*(folder / "broker").iterdir(), folder / "broker"):
            own(path, user)
        with (folder / "log").open("w") as log:
            words = COMPOSE["services"]["broker"]["command"]
            assert words == ["mosquitto", "-c", "/broker/mosquitto.conf"]
            self.process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(conf)], stderr=log, stdout=log)
        eventually(lambda: not port_is_free(self.port) or self.process.poll() is not None)
        assert self.process.poll() is None, (folder / "log").read_text()


@pytest.fixture
def place(open_folder: Path, migrated: str, eventually: Callable[..., object]) -> Iterator[Place]:
    made = Place(open_folder, migrated, eventually)
    yield made
    stop(made.process)


def test_a_device_is_added_by_the_documented_command_and_bound_to_its_topics(
    place: Place, eventually: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    text = (DOCKER.parent / "docs" / "devices.md").read_text().replace("\\\n", "")
    documented = re.search(r"docker compose -f docker/compose.yaml run --rm devices (add .*)", text)
    assert documented
    words = (
        documented[1].replace("/broker", str(place.folder / "broker")).replace("--host broker", "--host 127.0.0.1").split()
    )
    with pytest.raises(SystemExit) as ended:
        devices_cli.app([*words, "--port", str(place.port), "--dsn", place.dsn])
    assert not ended.value.code
    out = capsys.readouterr().out
    assert "the running broker knows it" in out
    name = words[1]
    office, source = words[words.index("--office") + 1], words[words.index("--source") + 1]
    place.secrets[name] = out.split("secret: ")[1].splitlines()[0]

    box, local, ingest = (Client(place, n, eventually) for n in (name, "vl-29734.cam-1", "ingest-1"))
    assert ingest.may_subscribe(devices.SHARE)
    assert box.may_publish(topic(office, source, "visit"), payload=b"its own")
    eventually(lambda: ingest.got == [(topic(office, source, "visit"), b"its own")])
    assert not box.may_publish(topic("vl-29734", "cam-1", "visit"))
    assert not box.may_subscribe(devices.SHARE)
    assert local.may_publish(topic("vl-29734", "cam-1", "visit"))
    assert not local.may_publish(topic(office, source, "visit"))
    assert box.may_subscribe(ack_topic(office, source))
    assert ingest.may_publish(ack_topic(office, source), payload=b"stored")
    eventually(lambda: box.got == [(ack_topic(office, source), b"stored")])
    for client in (box, local, ingest):
        client.close()


def test_nothing_listens_without_tls() -> None:
    assert [p for p in COMPOSE["services"]["broker"]["ports"] if not p.endswith(":8883:8883")] == []
    assert COMPOSE["services"]["broker"]["user"] == "10001:10001", "the owner of the volume in the Dockerfile"
    assert "--uid 10001 motcua" in (DOCKER / "Dockerfile").read_text()

"""The compose file against the compose schema, the product's own commands and settings, and a real broker's parser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from motcua.analytics.api.settings import ApiSettings
from motcua.analytics.settings import DbSettings, IngestSettings
from motcua.dashboard.settings import DashboardSettings
from motcua.edge.settings import EdgeSettings
from motcua.onebox.child import free_port, port_is_free, stop

DOCKER = Path(__file__).parents[2] / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SETTINGS: list[type[BaseSettings]] = [ApiSettings, DashboardSettings, DbSettings, EdgeSettings, IngestSettings]


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


def test_every_command_exists() -> None:
    for name, service in COMPOSE["services"].items():
        if "build" not in service or name == "edge":
            continue
        helped = subprocess.run(
            [sys.executable, "-m", "motcua.onebox.cli", *service["command"], "--help"], check=False, capture_output=True
        )
        assert helped.returncode == 0, (name, helped.stderr)


def test_only_the_loopback_is_published_by_default() -> None:
    for name, service in COMPOSE["services"].items():
        for port in service.get("ports", []):
            assert re.match(r"127\.0\.0\.1:|\$\{\w+:-127\.0\.0\.1\}:", port), name


@pytest.mark.parametrize("target", ["edge", "server", "dashboard"])
def test_every_target_is_in_the_dockerfile(target: str) -> None:
    assert f" AS {target}\n" in (DOCKER / "Dockerfile").read_text()


def test_the_brokers_configuration_is_read_by_a_real_broker(open_folder: Path, eventually: Callable[..., object]) -> None:
    mosquitto = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    assert mosquitto, "mosquitto is not installed: make test installs it where it may, else: apt-get install mosquitto"
    port = free_port()
    text = (DOCKER / "mosquitto.conf").read_text()
    text = text.replace("/users/passwd", str(open_folder / "passwd"))
    text = text.replace("/mosquitto/config/mosquitto.acl", str(open_folder / "acl"))
    text = text.replace("persistence true", "persistence false")
    text = re.sub(r"^listener .*$", f"listener {port} 127.0.0.1", text, flags=re.MULTILINE)
    (open_folder / "passwd").write_text("")
    (open_folder / "acl").write_text((DOCKER / "mosquitto.acl").read_text())
    (open_folder / "m.conf").write_text(text)
    with (open_folder / "log").open("w") as log:
        broker = subprocess.Popen([mosquitto, "-c", str(open_folder / "m.conf")], stderr=log, stdout=log)
    try:
        eventually(lambda: not port_is_free(port) or broker.poll() is not None)
        assert broker.poll() is None, (open_folder / "log").read_text()
    finally:
        stop(broker)

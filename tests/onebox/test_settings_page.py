"""Every setting stands in the documentation, and the documented agent file is one."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pydantic import BaseModel

from motcua.edge.queue import QueueSettings
from motcua.edge.settings import (
    BrokerSettings,
    CameraSettings,
    EdgeSettings,
    OfficerSettings,
    SentimentSettings,
    load_settings,
)
from motcua.edge.visits import VisitSettings
from motcua.edge.zones import parse_zones
from motcua.onebox.settings_page import PAGE, PARTS, page

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_code() -> None:
    assert page(TEXT) == TEXT, "run: python -m motcua.onebox.settings_page"


def test_every_setting_says_what_it_is() -> None:
    for _, settings in PARTS:
        for name, field in settings.model_fields.items():
            assert field.description or name in ("port", "broker_port"), (settings.__name__, name)


def test_every_entry_of_the_agents_file_is_documented() -> None:
    parts: list[type[BaseModel]] = [EdgeSettings, BrokerSettings, CameraSettings, SentimentSettings, OfficerSettings]
    names = {name for part in parts for name in part.model_fields} | {*VisitSettings.__slots__, *QueueSettings.__slots__}
    for name in names - {"password", "cameras", "broker", "sentiment", "visits", "queue"}:
        assert re.search(rf"\b{name}\b", TEXT), name


def test_the_documented_agent_file_is_accepted(tmp_path: Path) -> None:
    example, parts = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "edge.toml").write_text(example)
    settings = load_settings(tmp_path / "edge.toml")
    assert settings.cameras[0].visits == VisitSettings()
    assert settings.cameras[0].queue == QueueSettings()
    assert settings.cameras[0].part == "whole"
    (tmp_path / "parts.toml").write_text(parts)
    assert [c.part for c in load_settings(tmp_path / "parts.toml").cameras] == ["arrivals", "services"]


def test_the_documented_zones_are_accepted() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert parse_zones(json.loads(example)).counters == ("q1",)

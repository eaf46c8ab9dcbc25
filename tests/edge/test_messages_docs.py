"""The page on messages names every type, and its example is a message."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

from motcua.edge import messages as m

PAGE = (Path(__file__).parents[2] / "docs" / "messages.md").read_text()


def test_every_type_has_its_row() -> None:
    for message in get_args(m.Message):
        name = message.model_fields["type"].default
        assert f"<source>/{name}`" in PAGE


def test_the_example_is_accepted() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (parsed,) = m.parse("motcua/v1/vl-29734/cam-1/visit", json.dumps(json.loads(example)).encode())
    assert isinstance(parsed, m.Visit)
    assert parsed.waiting_s == 300

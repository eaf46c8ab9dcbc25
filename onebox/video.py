"""The sample video ``vtest.avi`` (PETS 2009): from Debian's package ``opencv-doc`` or from OpenCV's repository, checked, cached.

Its clock runs at 7 frames a second; the file's own header says 10, wrongly.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from motcua.models.download import Progress, download, place
from motcua.models.errors import ModelError
from motcua.models.fetch import cache_folder

SHA256 = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf"
FPS = 7.0
ADDRESS = "https://raw.githubusercontent.com/opencv/opencv/4.x/samples/data/vtest.avi"
PACKAGE = "opencv-doc"
_PACKAGE_BYTES = 95_715_012
_LONGEST_S = 600.0


class VideoError(RuntimeError):
    """There is no sample video; the message is one sentence with the way out."""


Provider = Callable[[Path, Progress | None], None]
"""Puts the right file at a path. Raises ModelError or VideoError."""


def sample_video(progress: Progress | None = None, providers: Sequence[Provider] | None = None) -> Path:
    """The path of the sample video, fetched at first use. Raises VideoError."""
    target = cache_folder() / "video" / "vtest.avi"
    if target.is_file():
        return target
    reasons = []
    for provider in providers if providers is not None else (from_debian, from_opencv):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            provider(target, progress)
            return target
        except (ModelError, VideoError) as error:
            reasons.append(str(error))
        except OSError as error:
            raise VideoError(
                f"{target.parent} cannot be written ({error.strerror}): name another in MOTCUA_CACHE"
            ) from error
    raise VideoError(f"no sample video ({'; '.join(reasons)}): give one of your own with --video PATH")


def from_debian(target: Path, progress: Progress | None) -> None:
    """Take the file out of Debian's or Ubuntu's package, without installing it."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise VideoError("this is no Debian or Ubuntu")
    with tempfile.TemporaryDirectory(prefix="motcua-", dir=target.parent) as name:
        folder = Path(name)
        if not _download_package(folder, progress) and os.geteuid() == 0:
            subprocess.run(["apt-get", "update", "-qq"], check=False, capture_output=True)
            _download_package(folder, progress)
        packages = list(folder.glob("*.deb"))
        if not packages:
            raise VideoError(f"apt-get could not download {PACKAGE}")
        unpacked = folder / "unpacked"
        done = subprocess.run(["dpkg-deb", "-x", packages[0], unpacked], check=False, capture_output=True)
        found = sorted(unpacked.rglob("vtest.avi")) if done.returncode == 0 else []
        if not found:
            raise VideoError(f"{packages[0].name} holds no vtest.avi")
        place(found[0], target, SHA256, packages[0].name)


def from_opencv(target: Path, progress: Progress | None, address: str = ADDRESS) -> None:
    """Take the file from OpenCV's public repository."""
    download(address, target, sha256=SHA256, progress=progress, pause_s=0.2)


def _download_package(folder: Path, progress: Progress | None) -> bool:
    """Whether apt-get brought the package; its files grow in the folder meanwhile."""
    command = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", PACKAGE]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + _LONGEST_S
        while process.poll() is None:
            if time.monotonic() > deadline:
                process.kill()
            if progress:
                progress(sum(p.stat().st_size for p in folder.glob("*.deb*")), _PACKAGE_BYTES)
            time.sleep(0.2)
    return process.returncode == 0

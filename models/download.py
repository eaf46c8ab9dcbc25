"""Download one file: resumable, into a temporary name, moved into place only when it is whole and right."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from motcua.models.errors import ModelError

Progress = Callable[[int, int | None], None]
"""Told the bytes at hand and those expected in all, None where the server does not say."""

_TRIES = 5
_FOR_A_WHILE = frozenset({408, 425, 429, 500, 502, 503, 504})


def download(
    address: str,
    target: Path,
    *,
    sha256: str | None = None,
    progress: Progress | None = None,
    pause_s: float = 1.0,
    timeout_s: float = 30.0,
) -> str:
    """Fetch ``address`` into ``target``; its sha256. What is left of a broken download is continued, now or next time.

    ``pause_s`` doubles after each of the five tries. Raises ModelError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    reason = ""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(pause_s * 2 ** (attempt - 1))
        try:
            reason = _continue(address, part, progress, timeout_s)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
        if not reason:
            break
    else:
        raise ModelError(f"{address} cannot be downloaded ({reason}): check the connection and try again, it continues")
    return place(part, target, sha256, address)


def place(part: Path, target: Path, sha256: str | None, origin: object) -> str:
    """Move a whole file into place if its sum is right; its sha256. Raises ModelError and removes a wrong file."""
    found = file_sha256(part)
    if sha256 is not None and found != sha256:
        part.unlink()
        raise ModelError(
            f"{origin} gave a file with another checksum ({found[:12]}… for {sha256[:12]}…): fetch it once more"
        )
    os.replace(part, target)
    return found


def file_sha256(path: Path) -> str:
    """The sum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _continue(address: str, part: Path, progress: Progress | None, timeout_s: float) -> str:
    """One try; why it is not whole yet, or an empty text. Raises ModelError where another try cannot help."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    with httpx.stream("GET", address, headers=headers, follow_redirects=True, timeout=timeout_s) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            if answer.headers.get("content-range", "").endswith(f"/{have}"):
                return ""  # all of it was there already
            part.unlink()
            return "the file has changed on the server"
        if answer.status_code in _FOR_A_WHILE:
            return f"the server answered {answer.status_code}"
        if answer.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
            raise ModelError(f"{address} cannot be downloaded: the server answered {answer.status_code}")
        resumed = answer.status_code == httpx.codes.PARTIAL_CONTENT
        have = have if resumed else 0
        length = answer.headers.get("content-length")
        total = have + int(length) if length else None
        with part.open("ab" if resumed else "wb") as file:
            for chunk in answer.iter_raw():
                file.write(chunk)
                have += len(chunk)
                if progress:
                    progress(have, total)
            file.flush()
            os.fsync(file.fileno())
    return "" if total is None or have == total else f"{have} of {total} bytes came"

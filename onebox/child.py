"""Child processes that end with their parent, run as an unprivileged user where root started us, and stop cleanly."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port now."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def unprivileged_user(*preferred: str) -> pwd.struct_passwd | None:
    """The user to run a server as: None (ourselves) unless we are root. Raises LookupError where root finds no other user."""
    if os.geteuid() != 0:
        return None
    for name in (*preferred, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LookupError("no unprivileged user to run a server as: create one named 'nobody', or do not start as root")


def own(path: Path, user: pwd.struct_passwd | None) -> None:
    """Give a folder or file to the user, and let nobody else in."""
    if user is not None:
        shutil.chown(path, user.pw_uid, user.pw_gid)
    path.chmod(0o700 if path.is_dir() else 0o600)


def spawn(
    command: Sequence[str | Path],
    *,
    log: IO[bytes] | int,
    user: pwd.struct_passwd | None = None,
    env: dict[str, str] | None = None,
    die_with: int = signal.SIGTERM,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own (a Ctrl-C reaches us alone); it gets ``die_with`` when we die."""
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=env,
        cwd=cwd,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
        start_new_session=True,
        preexec_fn=_dies_with_parent(die_with, os.getpid()),  # noqa: PLW1509  it calls prctl and nothing else
    )


def stop(process: subprocess.Popen[bytes], *, with_signal: int = signal.SIGTERM, within_s: float = 10.0) -> None:
    """End one of our own children: ask, wait, then kill."""
    if process.poll() is None:
        process.send_signal(with_signal)
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _dies_with_parent(number: int, parent: int) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: nothing may be imported after it

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os._exit(1)

    return ask

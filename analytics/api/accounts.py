"""Accounts and sessions: Argon2 hashes, random tokens of which only the hash is stored, an append-only audit log."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal, get_args

import psycopg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

Role = Literal["supervisor", "hr", "officer", "analyst", "admin"]
ROLES: tuple[str, ...] = get_args(Role)
MIN_PASSWORD = 10
_NAME = re.compile(r"^[a-z0-9][a-z0-9_.@-]{1,63}$")
_hasher = PasswordHasher()

Connection = psycopg.Connection[Any]


class AccountError(ValueError):
    """An account cannot be made or changed; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who is logged in. ``office_id``: they see this office and those below it; None: every office."""

    username: str
    role: str
    office_id: str | None


def audit(conn: Connection, who: str | None, action: str, /, **detail: object) -> None:
    """Write down who did what."""
    conn.execute(
        "insert into audit (username, action, detail) values (%s, %s, %s)",
        [who, action, json.dumps(detail, default=str)],
    )


def add(
    conn: Connection, username: str, role: str, password: str, office_id: str | None = None, *, by: str | None = None
) -> None:
    """Create an account; ``by``: who does it, None on the command line. Raises AccountError."""
    if not _NAME.match(username):
        raise AccountError("a user name has 2 to 64 of a-z, 0-9, and . _ @ - within")
    if role not in ROLES:
        raise AccountError(f"there is no role {role!r}: choose one of {', '.join(ROLES)}")
    if len(password) < MIN_PASSWORD:
        raise AccountError(f"the password is too short: use {MIN_PASSWORD} characters or more")
    if office_id is not None and not conn.execute("select 1 from office where office_id = %s", [office_id]).fetchone():
        raise AccountError(f"there is no office {office_id!r}: import the offices first, or leave it out for all offices")
    with conn.transaction():
        made = conn.execute(
            "insert into account (username, password_hash, role, office_id) values (%s, %s, %s, %s) on conflict do nothing",
            [username, _hasher.hash(password), role, office_id],
        )
        if made.rowcount == 0:
            raise AccountError(f"the account {username!r} is there already: choose another name")
        audit(conn, by, "account.add", username=username, role=role, office_id=office_id)


def set_password(conn: Connection, username: str, password: str, *, by: str | None = None) -> None:
    """Give an account a new password and end its sessions. Raises AccountError."""
    with conn.transaction():
        _known(conn, username)
        conn.execute(
            "update account set password_hash = %s, disabled = false where username = %s", [_hasher.hash(password), username]
        )
        conn.execute("delete from session where username = %s", [username])
        audit(conn, by, "account.password", username=username)


def disable(conn: Connection, username: str) -> None:
    """Lock an account; its sessions end at once. Raises AccountError."""
    with conn.transaction():
        _known(conn, username)
        conn.execute("update account set disabled = true where username = %s", [username])
        conn.execute("delete from session where username = %s", [username])
        audit(conn, None, "account.disable", username=username)


def listed(conn: Connection) -> list[tuple[str, str, str | None, bool, datetime]]:
    """(username, role, office_id, disabled, created_at) of every account."""
    return conn.execute("select username, role, office_id, disabled, created_at from account order by username").fetchall()


def log_in(conn: Connection, username: str, password: str, now: datetime, hours: float) -> tuple[str, Account] | None:
    """A new session's token and account; None for a wrong name or password, which take equally long to find out."""
    row = conn.execute(
        "select password_hash, role, office_id from account where username = %s and not disabled", [username]
    ).fetchone()
    try:
        _hasher.verify(row[0] if row else _nobody(), password)
    except (VerificationError, InvalidHashError):
        audit(conn, None, "login.failed", username=username[:64])
        return None
    if row is None:
        return None
    token = secrets.token_urlsafe(32)
    conn.execute("delete from session where expires_at < %s", [now])
    conn.execute(
        "insert into session (token_hash, username, expires_at) values (%s, %s, %s)",
        [_digest(token), username, now + timedelta(hours=hours)],
    )
    audit(conn, username, "login")
    return token, Account(username, row[1], row[2])


def session(conn: Connection, token: str, now: datetime, hours: float) -> Account | None:
    """Who a token belongs to; None when it is unknown or over. Use prolongs it once half of it is gone."""
    row = conn.execute(
        "select a.username, a.role, a.office_id, s.expires_at from session s join account a using (username) "
        "where s.token_hash = %s and s.expires_at > %s and not a.disabled",
        [_digest(token), now],
    ).fetchone()
    if row is None:
        return None
    if row[3] - now < timedelta(hours=hours / 2):
        conn.execute(
            "update session set expires_at = %s where token_hash = %s", [now + timedelta(hours=hours), _digest(token)]
        )
    return Account(row[0], row[1], row[2])


def log_out(conn: Connection, token: str) -> None:
    """End one session."""
    row = conn.execute("delete from session where token_hash = %s returning username", [_digest(token)]).fetchone()
    if row:
        audit(conn, row[0], "logout")


def _known(conn: Connection, username: str) -> None:
    if not conn.execute("select 1 from account where username = %s", [username]).fetchone():
        raise AccountError(f"there is no account {username!r}: 'motcua users list' shows them")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))

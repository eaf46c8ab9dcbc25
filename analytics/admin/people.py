"""Accounts as administrators change them. An administrator never changes their own: one with all rights is always left."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from motcua.analytics.admin.plan import Problem
from motcua.analytics.api import accounts
from motcua.analytics.store import Connection

_NAME = re.compile(r"[a-z0-9][a-z0-9_.@-]{1,63}")


@dataclass(frozen=True, slots=True)
class User:
    """One account without its password; ``version`` changes with every change, also of the password."""

    username: str
    role: str
    office_id: str | None
    disabled: bool
    created_at: datetime
    password_hash: str

    def version(self) -> str:
        """What who changes it sends back."""
        seen = f"{self.role}|{self.office_id}|{self.disabled}|{self.password_hash}"
        return hashlib.sha256(seen.encode()).hexdigest()[:20]


def users(conn: Connection, allowed: Collection[str] | None) -> dict[str, User]:
    """The accounts of these offices; None: every account, also those that see all offices."""
    with conn.cursor(row_factory=class_row(User)) as cursor:
        found = cursor.execute(
            "select username, role, office_id, disabled, created_at, password_hash from account order by username"
        ).fetchall()
    return {u.username: u for u in found if allowed is None or u.office_id in allowed}


def faults(
    conn: Connection, username: str, role: str, office_id: str | None, allowed: Collection[str] | None
) -> list[Problem]:
    """What is wrong with an account as it should be."""
    found = []
    if not _NAME.fullmatch(username):
        found.append(Problem("form", "username", "username", "a user name has 2 to 64 of a-z, 0-9, and . _ @ - within"))
    if role not in accounts.ROLES:
        found.append(Problem("form", "role", "choice", f"there is no role {role[:60]!r}", role[:60]))
    if office_id is None and allowed is not None:
        found.append(Problem("form", "office_id", "not_yours", "only an administrator of all offices gives all offices"))
    if office_id is not None and allowed is not None and office_id not in allowed:
        found.append(Problem("form", "office_id", "not_yours", "this office is not yours", office_id))
    elif office_id is not None and not conn.execute("select 1 from office where office_id = %s", [office_id]).fetchone():
        found.append(Problem("form", "office_id", "no_office", f"there is no office {office_id!r}", office_id))
    return found


def change(conn: Connection, old: User, role: str, office_id: str | None, disabled: bool, by: str) -> None:
    """Write an account's role, offices and state; its sessions end where it loses any of them."""
    conn.execute(
        "update account set role = %s, office_id = %s, disabled = %s where username = %s",
        [role, office_id, disabled, old.username],
    )
    new: dict[str, Any] = {"role": role, "office_id": office_id, "disabled": disabled}
    changed = {k: [getattr(old, k), v] for k, v in new.items() if getattr(old, k) != v}
    if changed:
        conn.execute("delete from session where username = %s", [old.username])
        accounts.audit(conn, by, "account.change", username=old.username, changes=changed)

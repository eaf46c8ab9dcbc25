"""The registry of devices: who may connect to the broker, and what each may do there.

A device is one connection of one source: its id is its user name and its MQTT client id. Its secret is made here, shown once, and
kept only as a hash in mosquitto's form ``$7$rounds$salt$hash`` (PBKDF2, SHA-512).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg
from psycopg.rows import class_row

from motcua.edge.messages import ACK_ROOT, ROOT, ack_topic, topic

Kind = Literal["camera_box", "kiosk", "feed", "ingestor"]
KINDS: dict[str, tuple[str, ...]] = {
    "camera_box": ("visit", "queue", "counts", "sentiment", "officer_expression", "health"),
    "kiosk": ("rating", "health"),
    "feed": ("ticket", "health"),
    "ingestor": (),
}
SHARE = f"$share/ingest/{ROOT}/#"
HEALTH = f"{ROOT}/+/+/health"
ROUNDS = 20_000  # secrets are 144 random bits: rounds add nothing, and every connection pays for them
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_COLUMNS = (
    "device_id, kind, office_id, source_id, secret_hash, note, created_at, created_by, rotated_at, revoked_at, revoked_by"
)


class DeviceError(RuntimeError):
    """A device cannot be added or changed; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Device:
    """One row of the registry; office and source are None for an ingestor."""

    device_id: str
    kind: Kind
    office_id: str | None
    source_id: str | None
    secret_hash: str
    note: str | None
    created_at: datetime
    created_by: str
    rotated_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None


@dataclass(frozen=True, slots=True)
class Rights:
    """Topics and filters; whatever is not named is refused. ``subscribes`` are compared as whole filters, ``$share/…`` too."""

    writes: tuple[str, ...]
    reads: tuple[str, ...]
    subscribes: tuple[str, ...]


def rights_of(kind: str, office_id: str | None, source_id: str | None) -> Rights:
    """A source writes the types of its kind on its own topics and reads its own confirmations; an ingestor is their opposite."""
    if office_id is None or source_id is None:
        return Rights((f"{ACK_ROOT}/+/+",), (f"{ROOT}/#",), (SHARE, HEALTH))
    own = ack_topic(office_id, source_id)
    return Rights(tuple(topic(office_id, source_id, t) for t in KINDS[kind]), (own,), (own,))


def is_id(text: str) -> bool:
    """Whether a text may be the id of a device or a source."""
    return _ID.fullmatch(text) is not None


def new_secret() -> str:
    """144 random bits as 24 characters."""
    return secrets.token_urlsafe(18)


def hash_of(secret: str, salt: bytes | None = None, rounds: int = ROUNDS) -> str:
    """``$7$rounds$salt$hash``, as mosquitto writes it into a password file."""
    salt = secrets.token_bytes(12) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, rounds, 64)
    return f"$7${rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def verifies(secret: str, stored: str) -> bool:
    """Whether a hash is that of the secret."""
    _, _, rounds, salt, _ = stored.split("$")
    return hmac.compare_digest(hash_of(secret, base64.b64decode(salt), int(rounds)), stored)


def add(
    conn: psycopg.Connection,
    device_id: str,
    kind: Kind,
    by: str,
    *,
    office_id: str | None = None,
    source_id: str | None = None,
    note: str | None = None,
) -> str:
    """Register a device; returns its secret, which is kept nowhere. Raises DeviceError."""
    for name in (device_id, office_id, source_id):
        if name is not None and not _ID.fullmatch(name):
            raise DeviceError(f"{name!r} is no id: letters, digits, '_', '.', '-', at most 64")
    if (kind == "ingestor") != (office_id is None) or (office_id is None) != (source_id is None):
        raise DeviceError("a camera box, kiosk or feed has an office and a source; an ingestor has neither")
    if device_id == "admin":
        raise DeviceError("the name admin is the broker's own: choose another")
    secret = new_secret()
    try:
        conn.execute(
            "insert into device (device_id, kind, office_id, source_id, secret_hash, note, created_by) "
            "values (%s, %s, %s, %s, %s, %s, %s)",
            [device_id, kind, office_id, source_id, hash_of(secret), note, by],
        )
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name == "device_source":
            raise DeviceError(
                f"{office_id}/{source_id} has a device already: rotate its secret, or revoke it first"
            ) from error
        raise DeviceError(f"the device {device_id} is registered already: ids are never used twice") from error
    return secret


def rotate(conn: psycopg.Connection, device_id: str) -> str:
    """A new secret for a device; returns it. Raises DeviceError where it is not registered, or revoked."""
    secret = new_secret()
    _change(conn, device_id, "update device set secret_hash = %s, rotated_at = now()", [hash_of(secret)])
    return secret


def revoke(conn: psycopg.Connection, device_id: str, by: str) -> None:
    """Take a device's rights for ever. Raises DeviceError where it is not registered, or revoked already."""
    _change(conn, device_id, "update device set revoked_at = now(), revoked_by = %s", [by])


def get(conn: psycopg.Connection, device_id: str) -> Device:
    """One device. Raises DeviceError where it is not registered."""
    found = [d for d in listed(conn) if d.device_id == device_id]
    if not found:
        raise DeviceError(f"there is no device {device_id}: see 'motcua devices list'")
    return found[0]


def listed(conn: psycopg.Connection, *, live_only: bool = False) -> list[Device]:
    """Every device, by id."""
    with conn.cursor(row_factory=class_row(Device)) as cursor:
        found = cursor.execute(f"select {_COLUMNS} from device order by device_id".encode()).fetchall()
    return [d for d in found if not (live_only and d.revoked_at)]


def _change(conn: psycopg.Connection, device_id: str, statement: str, values: list[object]) -> None:
    changed = conn.execute(f"{statement} where device_id = %s and revoked_at is null".encode(), [*values, device_id])
    if changed.rowcount == 0:
        raise DeviceError(f"there is no live device {device_id}: see 'motcua devices list'")

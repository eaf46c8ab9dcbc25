"""Signed tokens of the QR page: one visit, one rating. Pure, with time as an argument.

A token says office, counter, end of the service and whether it is real, in the open; an HMAC-SHA256 of the province's secret, cut to 16 bytes,
makes it unforgeable. It says nothing about a citizen or a file.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from motcua.edge.messages import Id

MOST_CHARS = 400
_MAC_BYTES = 16
_AHEAD = timedelta(minutes=5)
_id: TypeAdapter[str] = TypeAdapter(Id)


class TokenError(ValueError):
    """A token that counts for nothing; ``why`` is ``forged`` or ``expired``."""

    def __init__(self, why: Literal["forged", "expired"]) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Visited:
    """What a token vouches for; ``served_at`` to the second."""

    office_id: str
    counter_id: str | None
    served_at: datetime
    simulated: bool
    nonce: str


def sign(visited: Visited, secret: bytes) -> str:
    """The token of a visit."""
    body = [visited.office_id, visited.counter_id, int(visited.served_at.timestamp()), int(visited.simulated), visited.nonce]
    text = _encode(json.dumps(body, separators=(",", ":")).encode())
    return f"{text}.{_mac(text, secret)}"


def read(token: str, secret: bytes, now: datetime, valid: timedelta) -> Visited:
    """What a token vouches for. Raises TokenError."""
    text, _, mac = token.partition(".")
    if len(token) > MOST_CHARS or not token.isascii() or not hmac.compare_digest(mac, _mac(text, secret)):
        raise TokenError("forged")
    try:
        office_id, counter_id, served_s, simulated, nonce = json.loads(_decode(text))
        visited = Visited(
            _id.validate_python(office_id),
            None if counter_id is None else _id.validate_python(counter_id),
            datetime.fromtimestamp(int(served_s), UTC),
            bool(simulated),
            str(nonce),
        )
    except (ValueError, TypeError, OverflowError, OSError, ValidationError) as error:
        raise TokenError("forged") from error
    if visited.served_at > now + _AHEAD or now - visited.served_at > valid:
        raise TokenError("expired")
    return visited


_LONG_NUMBER = re.compile(r"(?<!\w)\+?\d(?:[ .\-()]{0,2}\d){7,}")
_ADDRESS = re.compile(r"\S+@\S+")


def cleaned(comment: str, most: int = 500) -> str | None:
    """A comment without control characters, telephone and identity numbers and e-mail addresses, cut to ``most``; None if nothing is left."""
    plain = "".join(c if c.isprintable() else " " for c in comment[: 4 * most])
    plain = _LONG_NUMBER.sub("***", _ADDRESS.sub("***", plain))
    return " ".join(plain.split())[:most] or None


def digest(secret: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(secret.encode()).digest()


def _mac(text: str, secret: bytes) -> str:
    return _encode(hmac.new(secret, text.encode(), hashlib.sha256).digest()[:_MAC_BYTES])


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

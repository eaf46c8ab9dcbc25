"""Channels by which alerts leave the page: e-mail, webhooks and whatever else apprise can reach.

Their addresses hold passwords, so they come from a file of the administrator's alone: no page, no API and no database row can
set or show one. A channel reaches public addresses only, unless its entry says ``internal``: every name is looked up under a
guard at the moment of sending, so that neither a redirect nor a changed name leads inside.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
import threading
import tomllib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from motcua.analytics.alert_rules import EVERYWHERE, Kind, Lang

log = logging.getLogger("motcua.alerts")
_SERVICE = re.compile(r"^([a-z][a-z0-9]{1,23})://")
_CODE = re.compile(r"error=(\d{3})\b")
_NOT_SERVICES = frozenset({"file", "memory", "syslog", "dbus", "gnome", "windows", "macosx", "glib", "qt", "kde"})
_TRANSLATED = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))


class ChannelError(ValueError):
    """The file of channels cannot be used; one sentence with the way out, without an address."""


class Channel(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$")]
    address: SecretStr
    offices: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    languages: Annotated[tuple[Lang, ...], Field(min_length=1)] = ("vi",)
    internal: bool = False
    not_real: bool = False

    @model_validator(mode="after")
    def _known_service(self) -> Channel:
        found = _SERVICE.match(self.address.get_secret_value())
        if not found or found[1] in _NOT_SERVICES:
            raise ValueError("the address begins with a service that apprise can reach, such as mailtos:// or jsons://")
        return self

    @property
    def service(self) -> str:
        """What it is, without telling where: ``mailtos``, ``jsons`` …"""
        found = _SERVICE.match(self.address.get_secret_value())
        assert found
        return found[1]

    def takes(self, scopes: Sequence[str], kind: str, provenance: str | None) -> bool:
        """Whether an alert goes this way. scopes: its office and what is above it. Figures that are not real go only where asked for."""
        if provenance in ("replay", "simulated") and not self.not_real:
            return False
        here = not self.offices or EVERYWHERE in self.offices or any(scope in self.offices for scope in scopes)
        return here and (not self.kinds or kind in self.kinds)


def read(path: Path) -> list[Channel]:
    """The channels of a file. Raises ChannelError; no message repeats an address."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ChannelError(f"the file of channels {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise ChannelError(f"the file of channels {path} is not TOML: docs/alerts.md has an example") from None
    if data.keys() - {"channel"} or not isinstance(data.get("channel", []), list):
        raise ChannelError(f"the file of channels {path} holds [[channel]] entries and nothing else")
    found: list[Channel] = []
    for index, entry in enumerate(data.get("channel", []), 1):
        try:
            found.append(Channel.model_validate(entry))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "address"
            raise ChannelError(f"channel {index} of {path}: {where}: {first['msg'].removeprefix('Value error, ')}") from None
    names = [c.name for c in found]
    if len(set(names)) < len(names):
        raise ChannelError(f"two channels of {path} have the same name")
    if found and path.stat().st_mode & 0o077:
        log.warning("others on this machine may read %s, which holds passwords: chmod 600", path)
    return found


def send(channel: Channel, title: str, body: str) -> str | None:
    """Send one message; None where the service took it, else why not: ``status:500``, ``internal``, ``no_connection``, ``refused``,
    ``address``. Takes up to the service's own time limit, some ten seconds. No address is logged."""
    from apprise import Apprise, AppriseAsset, NotifyFormat

    asset = AppriseAsset(
        app_id="motcua", app_desc="motcua", app_url="", async_mode=False, storage_mode="memory", http_redirects=False
    )
    with _heard() as said:
        service: Any = Apprise.instantiate(channel.address.get_secret_value(), asset=asset, suppress_exceptions=True)
        if service is None:
            return "address"
        with _only_public(not channel.internal) as guard:
            try:
                if service.notify(body=body, title=title, body_format=NotifyFormat.TEXT):
                    return None
            except Exception as error:  # noqa: BLE001  a plug-in of others: whatever it throws, the next channel goes on
                said.append(type(error).__name__)
    if guard.refused:
        return "internal"
    text = " ".join(said)
    if found := _CODE.search(text):
        return f"status:{found[1]}"
    return "no_connection" if re.search(r"onnection|imeout|resolve|ocket|gaierror", text) else "refused"


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, also behind the forms in which IPv6 carries IPv4."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif any(ip in net for net in _TRANSLATED):
            return False
    return ip.is_global and not ip.is_multicast


class _Guard(threading.local):
    on = False
    refused = False


_guard = _Guard()
_look_up = socket.getaddrinfo


class _Internal(OSError):
    """A name leads inside."""


def _guarded(*args: Any, **options: Any) -> Any:
    found = _look_up(*args, **options)
    if _guard.on and not all(is_public(str(row[4][0])) for row in found):
        _guard.refused = True
        raise _Internal("an internal address")
    return found


@contextmanager
def _only_public(on: bool) -> Iterator[_Guard]:
    """While it is on, this thread's look-ups fail for internal addresses; other threads notice nothing."""
    socket.getaddrinfo = _guarded
    _guard.on, _guard.refused = on, False
    try:
        yield _guard
    finally:
        _guard.on = False


class _Ear(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._said, self._thread = said, threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self._said.append(record.getMessage())


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What apprise complains of in this thread; it goes no further, since it may hold an address."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    for name in ("apprise", "urllib3"):  # below a warning they write whole addresses
        logging.getLogger(name).setLevel(logging.WARNING)
    said: list[str] = []
    ear = _Ear(said)
    logger.addHandler(ear)
    try:
        yield said
    finally:
        logger.removeHandler(ear)


def names(channels: Collection[Channel]) -> str:
    """Their names for a message."""
    return ", ".join(c.name for c in channels) or "none"

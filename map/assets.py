"""Files of the public page: our own from map/web, Leaflet from its package on PyPI, each with its hash and compressed once.

Leaflet (BSD-2-Clause) is not in this repository: `pip install` brings it as a dependency, and what is served is checked against the
hashes its makers publish. Where it is missing or altered, the page keeps its plain drawing.
"""

import gzip
import hashlib
import logging
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

log = logging.getLogger(__name__)

LEAFLET_PACKAGE = "js_lib_leaflet"
LEAFLET_SHA256 = {
    "leaflet.js": "db49d009c841f5ca34a888c96511ae936fd9f5533e90d8b2c4d57596f4e5641a",
    "leaflet.css": "a7837102824184820dfa198d1ebcd109ff6d0ff9a2672a074b9a1b4d147d04c6",
}
"""Leaflet 1.9.4 as released; the same values stand in base 64 on its download page."""

_OWN = {
    "page.css",
    "words.js",
    "page.js",
    "chart.js",
    "advice.js",
    "fastest.js",
    "roads.js",
    "icon.svg",
    "sw.js",
    "embed.js",
    "app.webmanifest",
}
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file to serve: its bytes, the same compressed, its media type and the hash that stands in its address."""

    name: str
    media_type: str
    body: bytes
    compressed: bytes
    digest: str


@cache
def assets() -> dict[str, Asset]:
    """All files by name, read once."""
    web = files("motcua.map.web")
    own = {name: _asset(name, (web / name).read_bytes()) for name in sorted(_OWN)}
    return own | leaflet(_package_folder(LEAFLET_PACKAGE))


def leaflet(folder: Path | None) -> dict[str, Asset]:
    """Leaflet's two files from `folder`, or nothing if one is missing or not the released one."""
    if folder is None:
        return {}
    found = {}
    for name, expected in LEAFLET_SHA256.items():
        try:
            body = (folder / "static" / LEAFLET_PACKAGE / name).read_bytes()
        except OSError as error:
            log.warning("The map stays plain: %s of Leaflet cannot be read (%s).", name, error.strerror)
            return {}
        if hashlib.sha256(body).hexdigest() != expected:
            log.warning("The map stays plain: %s is not the file of Leaflet 1.9.4.", name)
            return {}
        found[name] = _asset(name, body)
    return found


def _package_folder(package: str) -> Path | None:
    """Where a package lies, without importing it."""
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _asset(name: str, body: bytes) -> Asset:
    digest = hashlib.sha256(body).hexdigest()[:12]
    return Asset(name, _TYPES[Path(name).suffix], body, gzip.compress(body, 9, mtime=0), digest)

"""Zones: named polygons in a camera's picture that give a place its meaning.

Coordinates are fractions of the picture, so that a change of resolution moves nothing::

    (0, 0) ──── x ────► (1, 0)
      │      picture
      y      (foot points of people: bottom centre of their boxes)
      ▼
    (0, 1)              (1, 1)

File: ``{"version": 1, "zones": [{"name", "role", "polygon": [[x, y], …], "counter_id"?, "lane"?}]}``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from motcua.edge.messages import Lane
from motcua.edge.polygon import Outlines, Point, area, contains, crossing

__all__ = ["PRECEDENCE", "ROLES", "Role", "Zone", "Zones", "ZonesError", "contains", "load_zones", "parse_zones"]

Role = Literal["queue", "service", "staff", "hall", "door", "mask"]

ROLES: tuple[str, ...] = get_args(Role)
# Where roles overlap the first one here holds: whoever stands on the staff's side is staff, whoever is served does not queue.
PRECEDENCE: tuple[Role, ...] = ("mask", "staff", "service", "door", "queue", "hall")
MIXED = "mixed"  # instead of a lane: several share the zone
_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
MAX_ZONES = 256
MAX_POINTS = 256
MAX_COUNTERS = 64  # as many as a message holds


class ZonesError(ValueError):
    """A zones file that cannot be used; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Zone:
    """One polygon. ``counter_id`` is given for service zones and may be for staff zones.

    mixed: people of several lanes share it, and nothing tells them apart; visits there count as ``ordinary``.
    """

    name: str
    role: Role
    polygon: tuple[Point, ...]
    counter_id: str | None = None
    lane: Lane = "ordinary"
    mixed: bool = False

    @property
    def known_lane(self) -> Lane | None:
        """The lane of everybody there; None where several share it."""
        return None if self.mixed else self.lane


@dataclass(frozen=True)
class Zones:
    """All zones of one camera."""

    zones: tuple[Zone, ...]
    version: int = 1

    @cached_property
    def counters(self) -> tuple[str, ...]:
        """The counters with a service zone, sorted."""
        return tuple(sorted({z.counter_id for z in self.zones if z.role == "service" and z.counter_id}))

    @cached_property
    def ranked(self) -> tuple[tuple[int, Zone], ...]:
        """(index, zone), the weakest role first, so that a later one overrides."""
        order = sorted(enumerate(self.zones), key=lambda item: (-PRECEDENCE.index(item[1].role), -item[0]))
        return tuple(order)

    def locate(self, points: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
        """Index of the zone that holds each point, -1 for none.

        points: (n, 2), fractions of the picture. Returns (n,). Overlaps are settled by :data:`PRECEDENCE`, then by the
        order in the file.
        """
        if not len(points) or not self.zones:
            return np.full(len(points), -1, dtype=np.int64)
        held = self._outlines.contain(points)
        strongest = held.shape[1] - 1 - held[:, ::-1].argmax(axis=1)
        return np.where(held.any(axis=1), self._indices[strongest], -1)

    @cached_property
    def _outlines(self) -> Outlines:
        return Outlines.of([zone.polygon for _, zone in self.ranked])

    @cached_property
    def _indices(self) -> NDArray[np.int64]:
        return np.array([index for index, _ in self.ranked], dtype=np.int64)


def load_zones(path: Path) -> Zones:
    """Read and check a zones file. Raises ZonesError with one sentence."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ZonesError(f"zones file {path} is not there: name an existing file in 'zones'") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ZonesError(f"zones file {path} cannot be read ({error}): check its permissions and encoding") from None
    try:
        return parse_zones(json.loads(text))
    except json.JSONDecodeError as error:
        raise ZonesError(
            f"zones file {path} is not JSON (line {error.lineno}, column {error.colno}: {error.msg}): correct it there"
        ) from None
    except ZonesError as error:
        raise ZonesError(f"zones file {path}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise ZonesError(f"zones file {path} is not JSON that a zones file may hold ({error}): write it anew") from None


def parse_zones(data: object) -> Zones:
    """Zones from parsed JSON. Raises ZonesError with one sentence."""
    if not isinstance(data, dict) or not isinstance(data.get("zones"), list):
        raise ZonesError('expected {"version": 1, "zones": [...]}')
    if type(data.get("version")) is not int or data["version"] != 1:
        raise ZonesError(f"version {data.get('version')!r} is not known: this release reads version 1")
    _only(data, {"version", "zones"}, "the file")
    if not 0 < len(data["zones"]) <= MAX_ZONES:
        raise ZonesError(f"it holds {len(data['zones'])} zones: draw 1 to {MAX_ZONES}")
    zones = tuple(_zone(item, number) for number, item in enumerate(data["zones"], start=1))
    names: set[str] = set()
    for zone in zones:
        if zone.name in names:
            raise ZonesError(f"two zones are named {zone.name!r}: give each its own name")
        names.add(zone.name)
    if len(Zones(zones).counters) > MAX_COUNTERS:
        raise ZonesError(f"it names more than {MAX_COUNTERS} counters: give them to several cameras")
    return Zones(zones)


def _zone(item: object, number: int) -> Zone:
    if not isinstance(item, dict):
        raise ZonesError(f"zone {number} is not an object with name, role and polygon")
    name = item.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= 64:
        raise ZonesError(f"zone {number} needs a name of 1 to 64 characters")
    _only(item, {"name", "role", "polygon", "counter_id", "lane"}, f"zone {name!r}")
    role, lane, counter_id = item.get("role"), item.get("lane", "ordinary"), item.get("counter_id")
    if role not in ROLES:
        raise ZonesError(f"zone {name!r} has role {role!r}: use one of {', '.join(ROLES)}")
    mixed = lane == MIXED
    if not mixed and lane not in get_args(Lane):
        raise ZonesError(f"zone {name!r} has lane {lane!r}: use one of {', '.join((*get_args(Lane), MIXED))}")
    if counter_id is None and role == "service":
        raise ZonesError(f"service zone {name!r} has no counter_id: say which counter it belongs to")
    if counter_id is not None and role not in ("service", "staff"):
        raise ZonesError(
            f"zone {name!r} has a counter_id, but only service and staff zones belong to a counter: take it out"
        )
    if counter_id is not None and not (isinstance(counter_id, str) and _ID.match(counter_id)):
        raise ZonesError(f"zone {name!r} has counter_id {counter_id!r}: use 1 to 64 letters, digits, '_', '.' or '-'")
    return Zone(name, role, _polygon(item.get("polygon"), name), counter_id, "ordinary" if mixed else lane, mixed)


def _only(item: dict[str, Any], known: set[str], what: str) -> None:
    if extra := sorted(str(key) for key in set(item) - known):
        raise ZonesError(f"{what} has an unknown entry {extra[0]!r}: known are {', '.join(sorted(known))}")


def _polygon(value: object, name: str) -> tuple[Point, ...]:
    if not isinstance(value, list) or not all(_is_point(p) for p in value):
        raise ZonesError(f"zone {name!r} needs a polygon of [x, y] pairs of numbers")
    if len(value) > MAX_POINTS:
        raise ZonesError(f"zone {name!r} has {len(value)} points: use at most {MAX_POINTS}")
    if any(not 0 <= c <= 1 for p in value for c in p):
        raise ZonesError(f"zone {name!r} has a point outside 0..1: coordinates are fractions of the picture")
    points = [(float(x), float(y)) for x, y in value]
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()  # a ring closed explicitly, as GeoJSON has it
    if len(set(points)) < 3:
        raise ZonesError(f"zone {name!r} has fewer than 3 different points: a polygon needs 3")
    if sides := crossing(points):
        i, j = sides
        raise ZonesError(f"the polygon of zone {name!r} crosses itself (sides {i + 1} and {j + 1}): reorder its points")
    if abs(area(points)) < 1e-6:
        raise ZonesError(f"the polygon of zone {name!r} has no area: its points lie on one line")
    return tuple(points)


def _is_point(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(c, (int, float)) and not isinstance(c, bool) for c in value)
    )

"""A camera's view: its sight, the masks of its zones, and the one thing about it that outlives a restart.

Beside the outbox lies ``<source>.sight.json``: whether the camera was found moved, and when somebody last confirmed its view. It
holds no picture, and nothing from which one could be made.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np

from motcua.edge import picture
from motcua.edge.geometry import Image
from motcua.edge.pace import Every
from motcua.edge.sight import Sight, Sighting, SightSettings
from motcua.edge.zones import Zones, contains

log = logging.getLogger(__name__)

_ASK_S = 2.0


class View:
    """Looks, and keeps what must be kept."""

    def __init__(self, settings: SightSettings, zones: Zones, file: Path) -> None:
        """file: where it is kept whether the camera was moved."""
        self._file, self._ask = file, Every(_ASK_S)
        kept = _read(file)
        self._confirmed = kept.get("confirmed_at")
        self._moved = kept.get("moved") is True
        self._sight = Sight(settings, counted(zones), moved=self._moved)

    def look(self, image: Image, at: datetime) -> Sighting:
        """Take a picture in, (h, w, 3) uint8 BGR."""
        if self._ask.due(at) and (confirmed := _read(self._file).get("confirmed_at")) != self._confirmed and confirmed:
            self._confirmed = confirmed
            self._sight.confirm()
            self._moved = False
            log.info("the view is confirmed: it is learned anew")
        sighting = self._sight.look(image, at)
        if self._sight.moved != self._moved:
            self._moved = self._sight.moved
            _write(self._file, moved=self._moved, confirmed_at=self._confirmed)
        return sighting


def sight_file(outbox: Path) -> Path:
    """Beside a camera's outbox."""
    return outbox.with_suffix(".sight.json")


def was_moved(outbox: Path) -> bool:
    """Whether a camera was found moved, and nobody has confirmed its view since."""
    return _read(sight_file(outbox)).get("moved") is True


def confirm_view(outbox: Path, now: datetime) -> None:
    """Somebody says that a camera's zones fit its view; its agent, if it runs, hears of it within seconds. Raises OSError."""
    file = sight_file(outbox)
    file.parent.mkdir(parents=True, exist_ok=True)
    _replace(file, {"version": 1, "moved": False, "confirmed_at": now.isoformat()})


def counted(zones: Zones) -> picture.Cells:
    """(ROWS, COLUMNS): the cells whose middle no mask hides."""
    x, y = np.meshgrid((np.arange(picture.COLUMNS) + 0.5) / picture.COLUMNS, (np.arange(picture.ROWS) + 0.5) / picture.ROWS)
    middles = np.stack([x.ravel(), y.ravel()], axis=1)
    hidden = np.zeros(len(middles), dtype=bool)
    for zone in zones.zones:
        if zone.role == "mask":
            hidden |= contains(zone.polygon, middles)
    return np.asarray(~hidden.reshape(picture.ROWS, picture.COLUMNS))


def _read(file: Path) -> Mapping[str, object]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return data if isinstance(data, dict) else {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("sight file %s cannot be used (%s): the view is taken to be right", file, error)
        return {}


def _write(file: Path, *, moved: bool, confirmed_at: object) -> None:
    """A disk that refuses is told in the log: the camera stays blind from memory."""
    try:
        _replace(file, {"version": 1, "moved": moved, "confirmed_at": confirmed_at})
    except OSError as error:
        log.warning("sight file %s cannot be written (%s)", file, error)


def _replace(file: Path, data: Mapping[str, object]) -> None:
    part = file.with_name(file.name + ".part")
    part.write_text(json.dumps(data), encoding="utf-8")
    os.replace(part, file)

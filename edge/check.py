"""Everything an agent needs, tried out before it runs: one finding each, with the way out where something is wrong."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2

from motcua.edge.blindness import way_out
from motcua.edge.build import BuildError, build_camera_detector, build_observer
from motcua.edge.capture import CaptureError, check_whole, frame_rate, opened
from motcua.edge.mqtt import BrokerError, probe
from motcua.edge.settings import CameraSettings, EdgeSettings, SettingsError, load_settings, outbox_path, redacted
from motcua.edge.view import was_moved
from motcua.edge.weights import weights_of
from motcua.edge.zones import ZonesError, load_zones
from motcua.models.fetch import fetched
from motcua.models.registry import REGISTRY

T = TypeVar("T")
_FILE_SHARE = 1.25  # of an outbox's file over the messages in it
_LONG = 20_000  # frames beyond which a file is not read to its end


@dataclass(frozen=True, slots=True)
class Finding:
    """What was tried, and how it went."""

    ok: bool
    text: str


class CheckError(Exception):
    """Something is missing; the message is one sentence with the way out."""


def check(path: Path) -> Iterator[Finding]:
    """Try out everything that a settings file names, one finding after the other."""
    try:
        settings = load_settings(path)
    except SettingsError as error:
        yield Finding(False, str(error))
        return
    yield Finding(True, f"settings: office {settings.office_id}, {len(settings.cameras)} camera(s)")
    yield _try(_outbox, settings)
    yield _try(_broker, settings)
    yield from (_try(_weights, name) for name in weights_of(settings))
    if settings.sentiment.enabled:
        yield _try(_faces, settings)
    if settings.officers.mode != "off":
        yield Finding(
            True, f"officers' faces: mode {settings.officers.mode}; the notice is: {settings.officers.notice.strip()}"
        )
    for camera in settings.cameras:
        yield _try(_zones, camera)
        if was_moved(outbox_path(settings, camera)):
            yield Finding(False, f"{camera.source_id}: {way_out('moved', camera.source_id, camera.queue.blind_after_s)}")
        yield _try(_frame, camera)
        yield _try(_detector, camera)


def _try(attempt: Callable[[T], str], what: T) -> Finding:
    try:
        return Finding(True, attempt(what))
    except (BrokerError, BuildError, CaptureError, CheckError, ZonesError) as error:
        return Finding(False, str(error))


def _outbox(settings: EdgeSettings) -> str:
    folder = settings.outbox
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
        free_mb = shutil.disk_usage(folder).free / 2**20
    except OSError as error:
        raise CheckError(
            f"outbox folder {folder} cannot be written ({error.strerror}): give it write permission or name another"
        ) from error
    needed_mb = (_FILE_SHARE * settings.outbox_max_mb + settings.outbox_reserve_mb) * len(settings.cameras)
    if free_mb < needed_mb:
        raise CheckError(
            f"outbox folder {folder} has {free_mb:.0f} MB free, the outboxes may take {needed_mb:.0f}: "
            "make room or lower outbox_max_mb"
        )
    return f"outbox: {folder} can be written, {free_mb / 1024:.1f} GB free"


def _broker(settings: EdgeSettings) -> str:
    probe(settings.broker)
    return f"broker: {settings.broker.address} takes the connection"


def _weights(name: str) -> str:
    if not fetched(name):
        raise CheckError(f"the weights of {name} are not here yet: run 'motcua models fetch {name}'")
    return f"weights: {name} are here"


def _faces(settings: EdgeSettings) -> str:
    build_observer(settings.sentiment)
    told = settings.sentiment
    return f"sentiment: reader {told.reader} can be loaded; the notice is: {told.notice.strip()}; its basis: {told.lawful_basis.strip()}"


def _zones(camera: CameraSettings) -> str:
    zones = load_zones(camera.zones)
    roles = {zone.role for zone in zones.zones}
    if not roles & {"queue", "service"}:
        raise CheckError(f"zones file {camera.zones} has no queue and no service zone: draw one, or nothing is measured")
    needed = {"arrivals": "queue", "services": "service"}.get(camera.part)
    if needed is not None and needed not in roles:
        raise CheckError(f"zones file {camera.zones} has no {needed} zone, which part {camera.part!r} counts in: draw one")
    return f"{camera.source_id}: {len(zones.zones)} zones, counters {', '.join(zones.counters) or 'none'}"


def _frame(camera: CameraSettings) -> str:
    with opened(camera) as video:
        if camera.kind == "file" and camera.fps is None:
            frame_rate(video, camera.url)
        ok, image = video.read()
        if not ok and camera.kind != "file":
            raise CaptureError(f"camera {redacted(camera.url)} opens but delivers no frame: check its stream")
        if camera.kind == "file":
            check_whole(camera.url, *_frames(video, int(ok)))
        height, width = image.shape[:2]
    return f"{camera.source_id}: {redacted(camera.url)} delivers frames of {width} x {height}"


def _frames(video: cv2.VideoCapture, read: int) -> tuple[int, int]:
    """(frames that can be read, frames declared); a long file is taken at its word."""
    declared = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    if declared > _LONG:
        return declared, declared
    while read and video.grab():
        read += 1
    return read, declared


def _detector(camera: CameraSettings) -> str:
    # Loading would fetch what is missing: a check changes nothing.
    if camera.detector in REGISTRY and not fetched(camera.detector):
        raise CheckError(f"{camera.source_id}: detector {camera.detector} cannot be loaded without its weights")
    try:
        detector = build_camera_detector(camera)
    except BuildError as error:
        raise CheckError(f"{camera.source_id}: {error}") from error
    return f"{camera.source_id}: detector {detector.name} {detector.version} can be loaded"

"""A camera's own process: the parts put together, run until the source ends or somebody says stop."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from multiprocessing.synchronize import Event
from typing import Any

from motcua.edge.build import BuildError, build_observer, build_officer_watch, build_pipeline
from motcua.edge.camera import Camera, Tracking
from motcua.edge.capture import Capture, CaptureError, FrameSource
from motcua.edge.clock import SteadyClock
from motcua.edge.compose import Source, health_message
from motcua.edge.logs import log_to_stderr
from motcua.edge.messages import Health
from motcua.edge.outbox import Outbox, OutboxError
from motcua.edge.pace import Pace
from motcua.edge.publish import Publisher
from motcua.edge.settings import CameraSettings, EdgeSettings, outbox_limits, outbox_path
from motcua.edge.zones import ZonesError, load_zones

log = logging.getLogger(__name__)

BuildPipeline = Callable[[CameraSettings], Tracking]
DRAIN_S = 3.0


def run_camera(
    settings: EdgeSettings, camera: CameraSettings, stop: Event, beat: Any, build: BuildPipeline = build_pipeline
) -> None:
    """The process's main function. beat: a shared double, set to ``time.monotonic()`` while all is well.

    Exits with 0 when told to stop or when a file is over, with 1 and one sentence in the log when it cannot go on.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the supervisor decides
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    log_to_stderr()
    parent = multiprocessing.parent_process()

    def alive() -> bool:
        beat.value = time.monotonic()
        return not (stop.is_set() or asked.is_set() or (parent is not None and not parent.is_alive()))

    try:
        run(settings, camera, alive, build)
    except (BuildError, CaptureError, OutboxError, ZonesError) as error:
        log.error("%s: %s", camera.source_id, error)
        sys.exit(1)


def run(settings: EdgeSettings, camera: CameraSettings, alive: Callable[[], bool], build: BuildPipeline) -> None:
    """Run one camera for as long as ``alive()``. Raises BuildError, CaptureError, OutboxError, ZonesError."""
    clock = SteadyClock()
    zones = load_zones(camera.zones)
    outbox = Outbox(outbox_path(settings, camera), now=clock.now(), **outbox_limits(settings))
    publisher = Publisher(outbox, settings.broker, settings.office_id, camera.source_id)
    publisher.start()
    try:
        try:
            pipeline, observer = build(camera), build_observer(settings.sentiment)
            officers = build_officer_watch(settings)
        except BuildError as error:
            source = Source(settings.office_id, camera.source_id, camera.provenance)
            outbox.put([_last_word(source, clock.now(), str(error), outbox)])
            raise
        watching = Camera(
            camera, settings.office_id, zones, pipeline, outbox, now=clock.now(), observer=observer, officers=officers
        )
        capture = Capture(camera, clock)
        try:
            watch(watching, capture, clock, Pace(camera.analysis_fps), alive, lambda: publisher.connections)
        finally:
            capture.close()
    finally:
        publisher.stop(DRAIN_S)
        outbox.close()


def watch(
    camera: Camera,
    source: FrameSource,
    clock: SteadyClock,
    pace: Pace,
    alive: Callable[[], bool],
    connections: Callable[[], int],
) -> None:
    """Frames in, until the source is over or broken or nobody wants them any more. Raises CaptureError."""
    detail = ""
    try:
        while alive():
            frame = source.newest(0.25)
            if frame is not None and pace.lets(frame.at):
                camera.take(frame)
                camera.took(frame, clock.now())
            elif frame is None and source.ended:
                detail = "the video is over"
                break
            camera.tick(clock.now(), problem=source.problem, connections=connections())
    except CaptureError as error:
        detail = str(error)
        raise
    finally:
        camera.finish(clock.now(), detail)


def _last_word(source: Source, now: datetime, detail: str, outbox: Outbox) -> Health:
    """Why this camera does not even begin."""
    return health_message(
        source,
        now,
        status="stopping",
        detail=detail,
        frames_per_s=None,
        frame_lag_s=None,
        outbox=outbox.size(),
        dropped=outbox.dropped(),
        sentiment_on=False,
    )

"""One camera: frames → tracks → visits and samples → outbox. Its parts and the time are given to it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import numpy as np

from motcua.edge.capture import Frame
from motcua.edge.compose import Source, health_message, queue_message, sentiment_message, visit_message
from motcua.edge.flow import QueueFlow
from motcua.edge.forecast_file import load_forecast, save_forecast
from motcua.edge.geometry import Detector, Image, Tracks, foot
from motcua.edge.messages import Health, Message, ModelInfo
from motcua.edge.outbox import Outbox, OutboxDamaged, OutboxError
from motcua.edge.pace import Every, Speedometer
from motcua.edge.pipeline import Step, TimedTracks
from motcua.edge.queue import figures, measured, recent
from motcua.edge.sentiment import Period
from motcua.edge.settings import CameraSettings
from motcua.edge.visits import ClosedVisit, Positions, VisitState, flush, step
from motcua.edge.zones import Zones

log = logging.getLogger(__name__)

HEALTH_S = 30.0
_LAGGING_S = 5.0
_KEEP_S = 600.0


class Tracking(Protocol):
    """Frames to tracks; the real one is ``motcua.edge.pipeline.Pipeline``."""

    detector: Detector

    def process(self, frame: Image, at_s: float) -> Step:
        """frame: (h, w, 3) uint8 BGR; at_s grows until :meth:`finish`."""
        ...

    def finish(self) -> tuple[TimedTracks, ...]:
        """The frames still held back; then everyone is forgotten."""
        ...


class Named(Protocol):
    """A model that says what it is."""

    name: str
    version: str


class Observer(Protocol):
    """Looks at the people in service zones, frame by frame, and has sums to send now and then. Optional."""

    @property
    def reader(self) -> Named:
        """The model behind its figures."""
        ...

    def look(self, frame: Image, at: datetime, served: Sequence[Any]) -> None:
        """frame: (h, w, 3) uint8 BGR; served: who is in a service zone, each with counter_id and box (4,) xyxy px."""
        ...

    def close(self, counter_id: str, service_start_at: datetime, departure_at: datetime) -> None:
        """A visit with service is over."""
        ...

    def due(self, at: datetime) -> list[Period]:
        """What may leave the office now."""
        ...

    def summary(self) -> str:
        """How it goes, in one line for the health message."""
        ...


class Camera:
    """What a camera's process does with frames and with passing time; no thread and no clock of its own."""

    def __init__(
        self,
        settings: CameraSettings,
        office_id: str,
        zones: Zones,
        pipeline: Tracking,
        outbox: Outbox,
        *,
        now: datetime,
        observer: Observer | None = None,
    ) -> None:
        self._settings, self._zones, self._pipeline, self._outbox = settings, zones, pipeline, outbox
        self._observer = observer
        self._source = Source(office_id, settings.source_id, settings.provenance)
        self._model = ModelInfo(name=pipeline.detector.name, version=pipeline.detector.version)
        self._watching_since = now
        self._anchor = now
        self._lap = 0
        self._size = (1, 1)  # width, height, px
        self._live, self._final = VisitState(), VisitState()
        self._flow = QueueFlow(zones, settings.visits)
        self._forecast_file = outbox.path.with_suffix(".forecast.json")
        self._forecast = load_forecast(self._forecast_file)
        self._history: list[ClosedVisit] = []
        self._sample, self._beat, self._keep = Every(settings.sample_s), Every(HEALTH_S), Every(_KEEP_S)
        self._speed = Speedometer()
        self._told: tuple[str, str, int] | None = None
        self._refused = False

    def take(self, frame: Frame) -> None:
        """Analyse one frame."""
        if frame.at == self._live.at:
            return
        size = frame.image.shape[1], frame.image.shape[0]
        if self._live.at is not None and (frame.lap != self._lap or frame.at < self._live.at or size != self._size):
            log.info("%s: the source begins anew; open visits end as lost", self._settings.source_id)
            self.begin_anew(frame.at)
        self._lap, self._size = frame.lap, size
        result = self._pipeline.process(frame.image, (frame.at - self._anchor).total_seconds())
        self._live, closed = step(self._live, self._positions(result.live), frame.at, self._zones, self._settings.visits)
        self._history = recent(self._history + closed, frame.at, self._settings.queue)
        for v in closed:
            waited_s = ((v.service_start_at or v.departure_at) - v.arrival_at).total_seconds()
            if v.outcome in ("served", "reneged") and waited_s > 0:
                self._forecast.learn(v.arrival_at, waited_s, served=v.service_start_at is not None)
        self._close(result.final)
        if self._observer is not None:
            self._observe(frame, result.live)

    def took(self, frame: Frame, now: datetime) -> None:
        """The analysis of a frame was done at ``now``: for rate and lag."""
        self._speed.count(frame.at, now)

    def begin_anew(self, at: datetime) -> None:
        """The source ended or jumped: whoever is open is lost, tracks are forgotten, a new epoch begins."""
        self._close(self._pipeline.finish())
        last_at = self._final.at or at
        self._put([visit_message(self._source, v, self._model) for v in flush(self._final, last_at)])
        if self._live.at is not None:
            self._history += flush(self._live, self._live.at)
        self._live, self._final = VisitState(), VisitState()
        self._flow.reset()
        self._anchor = at
        try:
            self._outbox.new_epoch(at)
        except OutboxDamaged:
            raise
        except OutboxError as error:
            log.error("%s: %s; the old epoch goes on", self._settings.source_id, error)

    def tick(self, now: datetime, *, problem: str | None = None, connections: int = 0) -> None:
        """What is due by time: samples, sums, health. problem: of the source; connections: how often the broker was reached."""
        if self._sample.due(now):
            self._put([self._queue(now)])
            if self._observer is not None:
                model = ModelInfo(name=self._observer.reader.name, version=self._observer.reader.version)
                self._put([sentiment_message(self._source, p, now, model) for p in self._observer.due(now)])
        if self._keep.due(now):
            save_forecast(self._forecast_file, self._forecast)
        status, detail = self._state(now, problem)
        told, due = (status, detail, connections), self._beat.due(now)
        if due or told != self._told:
            self._told = told
            if not detail and self._observer is not None:
                detail = self._observer.summary()
            self._put([self._health(now, status, detail)])

    def finish(self, now: datetime, detail: str = "") -> None:
        """The end: whoever is open is lost, and the last word is said."""
        self._close(self._pipeline.finish())
        save_forecast(self._forecast_file, self._forecast)
        visits = flush(self._final, self._final.at or now)
        self._live = self._final = VisitState()
        self._put([*(visit_message(self._source, v, self._model) for v in visits), self._health(now, "stopping", detail)])

    def _close(self, final: Sequence[TimedTracks]) -> None:
        """Visits by tracks that will not change any more."""
        for timed in final:
            at = self._anchor + timedelta(seconds=timed.at_s)
            seen = self._positions(timed.tracks)
            self._flow.take(seen, at)
            self._final, closed = step(self._final, seen, at, self._zones, self._settings.visits)
            self._put([visit_message(self._source, v, self._model) for v in closed])
            for v in closed:
                if self._observer is not None and v.service_start_at is not None and v.counter_id is not None:
                    self._observer.close(v.counter_id, v.service_start_at, v.departure_at)

    def _observe(self, frame: Frame, tracks: Tracks) -> None:
        from motcua.edge.watch_faces import Served  # what reads faces is loaded only where it was switched on

        places = self._zones.locate(self._positions(tracks).points)
        served = [
            Served(counter_id, box)
            for place, box in zip(places, tracks.boxes, strict=True)
            if place >= 0 and (zone := self._zones.zones[place]).role == "service" and (counter_id := zone.counter_id)
        ]
        if self._observer is not None:
            self._observer.look(frame.image, frame.at, served)

    def _positions(self, tracks: Tracks) -> Positions:
        return Positions(tracks.ids, np.clip(foot(tracks.boxes) / np.array(self._size), 0.0, 1.0))

    def _queue(self, now: datetime) -> Message:
        known = figures(
            self._live,
            self._history,
            now,
            counters=self._zones.counters,
            watching_since=self._watching_since,
            settings=self._settings.queue,
            forecast=self._forecast,
        )
        if known.low_s is not None and known.expected_wait_s is not None and known.high_s is not None:
            self._forecast.told(now, (known.low_s, known.expected_wait_s, known.high_s))
        at = now if self._live.at is None or known.state == "blind" else self._live.at
        return queue_message(self._source, measured(known, self._flow.take_out()), at, self._model)

    def _state(self, now: datetime, problem: str | None) -> tuple[Literal["online", "degraded"], str]:
        _, lag_s = self._speed.read(now)
        silent_s = (now - (self._live.at or self._watching_since)).total_seconds()
        if problem is not None and (self._live.at is not None or silent_s > self._settings.queue.blind_after_s):
            return "degraded", problem
        if silent_s > self._settings.queue.blind_after_s:
            return "degraded", f"no frame for over {self._settings.queue.blind_after_s:g} s: check the camera"
        if lag_s is not None and lag_s > _LAGGING_S:
            return "degraded", "frames are analysed late: lower analysis_fps or give the camera more threads"
        return "online", ""

    def _health(self, now: datetime, status: Literal["online", "degraded", "stopping"], detail: str) -> Health:
        frames_per_s, lag_s = self._speed.read(now)
        return health_message(
            self._source,
            now,
            status=status,
            detail=detail,
            frames_per_s=frames_per_s,
            frame_lag_s=lag_s,
            outbox=self._outbox.size(),
            dropped=self._outbox.dropped(),
            sentiment_on=self._observer is not None,
        )

    def _put(self, messages: Sequence[Message]) -> None:
        """A disk that refuses is said once, and what it refused is counted; a damaged outbox ends the process."""
        if not messages:
            return
        try:
            self._outbox.put(messages)
        except OutboxDamaged:
            raise
        except OutboxError as error:
            if not self._refused:
                log.error("%s: %s; what cannot be kept is counted", self._settings.source_id, error)
            self._refused = True
        else:
            if self._refused:
                log.info("%s: the outbox takes messages again", self._settings.source_id)
            self._refused = False

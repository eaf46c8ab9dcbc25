"""One camera: frames → tracks → visits and samples → outbox. Its parts and the time are given to it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import numpy as np

from motcua.edge.blindness import Arrivals, way_out
from motcua.edge.capture import Frame
from motcua.edge.compose import (
    Source,
    counts_message,
    health_message,
    officer_message,
    queue_message,
    sentiment_message,
    visit_message,
)
from motcua.edge.flow import UNSEEN_S, QueueFlow
from motcua.edge.forecast_file import load_forecast, save_forecast
from motcua.edge.geometry import Detector, Image, Tracks, foot
from motcua.edge.messages import BlindReason, Health, Message, ModelInfo, OfficerUse
from motcua.edge.outbox import SAMPLES, Outbox, OutboxDamaged, OutboxError
from motcua.edge.pace import Every, Speedometer
from motcua.edge.parts import PartCounter, seen_in_part
from motcua.edge.pipeline import Step, TimedTracks
from motcua.edge.queue import QueueFigures, figures, measured, recent
from motcua.edge.sentiment import Period
from motcua.edge.settings import CameraSettings
from motcua.edge.sight import Sighting
from motcua.edge.staff import at_work
from motcua.edge.view import View, sight_file
from motcua.edge.visits import ClosedVisit, Positions, VisitState, flush, step
from motcua.edge.zones import Zones

log = logging.getLogger(__name__)

HEALTH_S = 30.0
_KEEP_S = 600.0
_CLOCK_SET_S, _LONG_S = 1.0, 300.0  # back by so much, or on by so much between two ticks


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

    @property
    def temperature(self) -> float | None:
        """That of its calibration; None: uncalibrated."""
        ...

    def look(self, frame: Image, at: datetime, served: Sequence[Any]) -> None:
        """frame: (h, w, 3) uint8 BGR; served: who is in a service zone, each with counter_id, track and box (4,) xyxy px."""
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


@dataclass(frozen=True, slots=True)
class OfficerWatch:
    """The same for the people behind the counters, and the use for which they were told that they are read."""

    mode: OfficerUse
    observer: Observer


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
        officers: OfficerWatch | None = None,
    ) -> None:
        self._settings, self._zones, self._pipeline, self._outbox = settings, zones, pipeline, outbox
        self._observer, self._officers = observer, officers
        self._source = Source(office_id, settings.source_id, settings.provenance)
        self._model = ModelInfo(name=pipeline.detector.name, version=pipeline.detector.version)
        self._watching_since, self._unwatched = now, False
        self._anchor = now
        self._lap = 0
        self._size = (1, 1)  # width, height, px
        self._view = View(settings.sight, zones, sight_file(outbox.path)) if settings.sight.enabled else None
        self._sighting: Sighting | None = None
        self._held: list[tuple[datetime, Step]] = []  # steps of a picture that perhaps stands still
        self._newest_at: datetime | None = None
        self._unseen_s = max(UNSEEN_S, settings.visits.grace_s)
        self._arrivals = Arrivals(now, settings.queue.blind_after_s)
        self._told_blind: BlindReason | None = None
        self._live, self._final = VisitState(), VisitState()
        self._flow = QueueFlow(zones, settings.visits)
        self._parts = None if settings.part == "whole" else PartCounter(settings.part, zones, settings.visits)
        self._forecast_file = outbox.path.with_suffix(".forecast.json")
        self._forecast = load_forecast(self._forecast_file)
        self._history: list[ClosedVisit] = []
        self._sample, self._beat, self._keep = Every(settings.sample_s), Every(HEALTH_S), Every(_KEEP_S)
        self._speed = Speedometer()
        self._told: tuple[object, ...] | None = None
        self._told_open: list[tuple[object, ...]] = []
        self._ticked_at: datetime | None = None
        self._refused = False

    def take(self, frame: Frame) -> None:
        """Analyse one frame."""
        before, size = self._newest_at, (frame.image.shape[1], frame.image.shape[0])
        if frame.at == before:
            return
        if before is not None and (frame.lap != self._lap or frame.at < before or size != self._size):
            log.info("%s: the source begins anew; open visits end as lost", self._settings.source_id)
            self.begin_anew(frame.at)
        self._lap, self._size, self._newest_at = frame.lap, size, frame.at
        suspect = self._look(frame)
        if suspect not in (None, "frozen"):
            return  # not analysed: what cannot be seen is not empty
        last_at = self._held[-1][0] if self._held else self._live.at
        if self._live.at is not None and last_at is not None and (frame.at - last_at).total_seconds() > self._unseen_s:
            self._lose_sight(self._live.at)
        result = self._pipeline.process(frame.image, (frame.at - self._anchor).total_seconds())
        self._held.append((frame.at, result))
        if suspect is None:
            self._release()
            if self._observer is not None or self._officers is not None:
                self._observe(frame, result.live)

    def _look(self, frame: Frame) -> BlindReason | Literal["blind"] | None:
        """What may be wrong with the frame; ``blind`` once it is certain."""
        if self._view is None:
            return None
        before, self._sighting = self._sighting, self._view.look(frame.image, frame.at)
        if self._sighting.blind is None:
            return self._sighting.suspect
        if before is None or before.blind is None:
            log.warning("%s: %s", self._settings.source_id, self._way_out(self._sighting.blind))
            self._lose_sight(self._sighting.seen_until)
        return "blind"

    def _release(self) -> None:
        """What was held back is good."""
        held, self._held = self._held, []
        for at, result in held:
            self._advance(at, result)

    def _advance(self, at: datetime, result: Step) -> None:
        """One frame's tracks."""
        if self._live.at is None and self._unwatched:
            self._watching_since, self._unwatched = at, False
        self._live, closed = step(self._live, self._positions(result.live), at, self._zones, self._settings.visits)
        self._history = recent(self._history + closed, at, self._settings.queue)
        for v in closed:
            waited_s = ((v.service_start_at or v.departure_at) - v.arrival_at).total_seconds()
            if v.outcome in ("served", "reneged") and waited_s > 0:
                self._forecast.learn(v.arrival_at, waited_s, served=v.service_start_at is not None)
        self._close(result.final)
        if [(v.arrival_at, v.service_start_at) for v in self._open()] != self._told_open:
            self._put([], words=True)

    def took(self, frame: Frame, now: datetime) -> None:
        """The analysis of a frame was done at ``now``: for rate and lag."""
        self._speed.count(frame.at, now)
        self._arrivals.count(frame.at, now)

    def begin_anew(self, at: datetime) -> None:
        """The source ended or jumped: whoever is open is lost, tracks are forgotten, a new epoch begins."""
        self._release()
        self._forget(self._pipeline.finish(), at)
        self._anchor = at
        self._begin_epoch(at)

    def _follow(self, now: datetime) -> None:
        """A clock that was set begins a new epoch: within one, later is newer."""
        before, self._ticked_at = self._ticked_at, now
        if before is not None and not -_CLOCK_SET_S < (now - before).total_seconds() < _LONG_S:
            log.info("%s: the clock was set from %s to %s", self._settings.source_id, before, now)
            self._begin_epoch(now)

    def _begin_epoch(self, at: datetime) -> None:
        try:
            self._outbox.new_epoch(at)
        except OutboxDamaged:
            raise
        except OutboxError as error:
            log.error("%s: %s; the old epoch goes on", self._settings.source_id, error)

    def tick(self, now: datetime, *, problem: str | None = None, connections: int = 0) -> None:
        """What is due by time: samples, sums, health. problem: of the source; connections: how often the broker was reached."""
        self._follow(now)
        blind = self._blind(now)
        sample = self._sample.due(now)
        if sample or blind != self._told_blind:
            self._told_blind = blind
            self._put([self._queue(now, blind), *self._counts()])
        if sample and self._observer is not None:
            model = ModelInfo(name=self._observer.reader.name, version=self._observer.reader.version)
            heat = self._observer.temperature
            self._put([sentiment_message(self._source, p, model, heat) for p in self._observer.due(now)])
        if sample and self._officers is not None:
            watch, mode = self._officers.observer, self._officers.mode
            suffix = "" if watch.temperature is None else f" T={watch.temperature:.3g}"
            model = ModelInfo(name=watch.reader.name, version=f"{watch.reader.version}{suffix}")
            self._put([officer_message(self._source, p, model, mode) for p in watch.due(now)])
        if self._keep.due(now):
            save_forecast(self._forecast_file, self._forecast)
        status, detail = self._state(now, problem, blind)
        told, due = (status, detail, blind, connections), self._beat.due(now)
        if due or told != self._told:
            self._told = told
            if not detail and self._observer is not None:
                detail = self._observer.summary()
            self._put([self._health(now, status, detail, blind)])

    def finish(self, now: datetime, detail: str = "") -> None:
        """The end: whoever is open is lost, and the last word is said."""
        self._release()
        self._forget(self._pipeline.finish(), now)
        save_forecast(self._forecast_file, self._forecast)
        self._put([self._health(now, "stopping", detail, self._blind(now))])

    def _lose_sight(self, until: datetime) -> None:
        """What happens after ``until`` is unknown: whoever is open is lost there, and nothing that was tracked later counts."""
        final = [t for _, step in self._held for t in step.final] + list(self._pipeline.finish())
        self._held = []
        self._forget([t for t in final if self._instant(t) <= until], until)
        self._unwatched = True

    def _forget(self, final: Iterable[TimedTracks], at: datetime) -> None:
        """Whoever is open is lost; what is left of the tracks is ``final``."""
        self._close(final)
        lost = flush(self._final, self._final.at or at)
        if self._live.at is not None:
            self._history += flush(self._live, self._live.at)
        self._live, self._final = VisitState(), VisitState()
        self._put(self._visits(lost), words=True)
        self._flow.reset()
        if self._parts is not None:
            self._put(self._counts(everything=True))
            self._parts.reset()

    def _visits(self, closed: Sequence[ClosedVisit]) -> list[Message]:
        """Visits for those who see whole ones: a part of the queue would call everybody unserved, or nobody waiting."""
        return [] if self._parts is not None else [visit_message(self._source, v, self._model) for v in closed]

    def _open(self) -> list[ClosedVisit]:
        """Visits that have not ended, as they end if this process dies: those of the final tracks, and who came after these."""
        known_at, now = self._final.at, self._live.at
        if self._parts is not None or now is None:
            return []
        late = [v for v in flush(self._live, now) if known_at is None or v.arrival_at > known_at]
        return [*(flush(self._final, known_at) if known_at is not None else ()), *late]

    def _counts(self, *, everything: bool = False) -> list[Message]:
        periods = [] if self._parts is None else self._parts.take_out(everything=everything)
        return [counts_message(self._source, p, self._model) for p in periods]

    def _instant(self, timed: TimedTracks) -> datetime:
        return self._anchor + timedelta(seconds=timed.at_s)

    def _close(self, final: Iterable[TimedTracks]) -> None:
        """Visits by tracks that will not change any more."""
        for timed in final:
            at = self._instant(timed)
            seen = self._positions(timed.tracks)
            self._flow.take(seen, at)
            if self._parts is not None:
                self._parts.take(seen, at)
            self._final, closed = step(self._final, seen, at, self._zones, self._settings.visits)
            self._put(self._visits(closed))
            for v in closed:
                if v.service_start_at is not None and v.counter_id is not None:
                    for observer in (self._observer, None if self._officers is None else self._officers.observer):
                        if observer is not None:
                            observer.close(v.counter_id, v.service_start_at, v.departure_at)

    def _observe(self, frame: Frame, tracks: Tracks) -> None:
        from motcua.edge.sides import hidden, sides  # what reads faces is loaded only where it was switched on

        citizens, officers, staff = sides(self._zones, self._positions(tracks), tracks.boxes, at_work(self._live.staff))
        if self._observer is not None:
            self._observer.look(hidden(frame.image, staff) if citizens else frame.image, frame.at, citizens)
        if self._officers is not None and officers:
            self._officers.observer.look(hidden(frame.image, [c.box for c in citizens]), frame.at, officers)

    def _positions(self, tracks: Tracks) -> Positions:
        return Positions(tracks.ids, np.clip(foot(tracks.boxes) / np.array(self._size), 0.0, 1.0))

    def _queue(self, now: datetime, blind: BlindReason | None) -> Message:
        known = QueueFigures("blind", blind=blind) if blind is not None else self._figures(now)
        if self._settings.part != "whole":
            known = seen_in_part(known, self._settings.part)
        elif known.low_s is not None and known.expected_wait_s is not None and known.high_s is not None:
            self._forecast.told(now, (known.low_s, known.expected_wait_s, known.high_s))
        at = now if self._live.at is None or blind is not None else self._live.at
        flow = self._flow.take_out()
        if self._settings.part != "services":
            known = measured(known, flow)
        return queue_message(self._source, known, at, self._model, self._settings.part)

    def _figures(self, now: datetime) -> QueueFigures:
        return figures(
            self._live,
            self._history,
            now,
            counters=self._zones.counters,
            watching_since=self._watching_since,
            settings=self._settings.queue,
            forecast=self._forecast,
        )

    def _blind(self, now: datetime) -> BlindReason | None:
        """Why nothing is known of this moment; None while something is."""
        reason, sighting = self._arrivals.problem(now), self._sighting
        if reason is not None or sighting is None:
            return reason
        known_at = self._live.at or self._watching_since
        doubted = (now - known_at).total_seconds() > self._settings.queue.blind_after_s
        return sighting.blind or (sighting.suspect if doubted else None)

    def _state(
        self, now: datetime, problem: str | None, blind: BlindReason | None
    ) -> tuple[Literal["online", "degraded"], str]:
        if problem is not None and (self._newest_at is not None or blind is not None):
            return "degraded", problem
        return ("online", "") if blind is None else ("degraded", self._way_out(blind))

    def _way_out(self, reason: BlindReason) -> str:
        return way_out(reason, self._settings.source_id, self._settings.queue.blind_after_s)

    def _health(
        self, now: datetime, status: Literal["online", "degraded", "stopping"], detail: str, blind: BlindReason | None
    ) -> Health:
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
            officer_faces="off" if self._officers is None else self._officers.mode,
            blind=blind,
        )

    def _put(self, messages: Sequence[Message], *, words: bool = False) -> None:
        """A disk that refuses is said once, and what it refused is counted; a damaged outbox ends the process.

        words: put down who is there, even where there is no message.
        """
        if not messages and not words:
            return
        visits = self._open()
        self._told_open = [(v.arrival_at, v.service_start_at) for v in visits]
        try:
            self._outbox.put(messages, [visit_message(self._source, v, self._model) for v in visits])
        except OutboxDamaged:
            raise
        except OutboxError as error:
            if not self._refused:
                log.error("%s: %s; what cannot be kept is counted", self._settings.source_id, error)
            self._refused = True
        else:
            if not any(m.type in SAMPLES for m in messages):
                return  # what is worth more is taken by a full disk, too
            if self._refused:
                log.info("%s: the outbox takes messages again", self._settings.source_id)
            self._refused = False

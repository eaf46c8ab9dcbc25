"""A simulated province: queues with known truth that publish the product's real messages, marked as simulated.

The truth and the id of every message go to a ledger before anything is sent. One connection carries all sources; a message
is kept, and sent again, until the ingestor has confirmed it.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import ValidationError

from motcua.edge.compose import Source, agent_version
from motcua.edge.forecast import Adaptive, Seen
from motcua.edge.messages import (
    ACK_ROOT,
    Confirmation,
    CounterState,
    Health,
    Message,
    ModelInfo,
    Queue,
    Visit,
    dump,
    topic,
)
from motcua.map.offices import todays_offices
from motcua.onebox.hall_live import SimulatedHall
from motcua.onebox.queue_sim import Customer, QueueModel, QueueNow

log = logging.getLogger("motcua.simulate")

SAMPLE_S = 5.0
HEALTH_S = 30.0
RESEND_S = 30.0
MODEL = ModelInfo(name="queue_sim", version="1")
_LATELY_S = 1800.0
_HOUR = timedelta(hours=1)

Key = tuple[str, str, int, int]  # office_id, source_id, epoch, seq


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate. ``for_s`` None: until stopped. ``halls``: how many of the offices, the last ones, are seen by several cameras.

    The queues have run for ``warm_up_s`` before anything is told, and ``history_s`` of their past is told at the beginning.
    """

    offices: tuple[str, ...]
    counters: int = 3
    speed: float = 1.0
    for_s: float | None = None
    history_s: float = 0.0
    warm_up_s: float = 3600.0
    seed: int = 0
    halls: int = 0

    def begin(self, now: datetime) -> datetime:
        """The instant at which simulated time starts, so that it never runs ahead of the clock."""
        ahead = (self.for_s or 0.0) * (self.speed - 1) if self.speed > 1 else 0.0
        return now - timedelta(seconds=ahead + self.history_s + self.warm_up_s)


class SimulatedOffice:
    """One office's queue and the messages that tell of it: pure, with time as an argument."""

    def __init__(self, office_id: str, model: QueueModel, seed: int, begin: datetime, epoch: int) -> None:
        self.source = Source(office_id, f"sim-{office_id}", "simulated")
        self._queue = QueueNow(model, seed)
        self._model, self._begin, self._epoch, self._seq = model, begin, epoch, 0
        self._services: deque[tuple[datetime, float]] = deque()  # (departure, seconds) of the last hour
        self._calls: deque[tuple[float, float]] = deque(maxlen=12)  # (start, wait) of who waited, by departure
        self._gave_up: deque[float] = deque(maxlen=100)
        self._forecast = Adaptive()
        self._queued: list[Customer] = []  # who left the system since the last sample
        self._sampled_s: float | None = None

    def warm_up(self, at: datetime) -> None:
        """Run up to ``at`` without telling anything."""
        self._sampled_s = (at - self._begin).total_seconds()
        for c in self._queue.advance(self._sampled_s):
            self._count(c)
        self._queued.clear()

    def visits(self, at: datetime) -> list[Visit]:
        """The visits that ended up to ``at`` since the last call."""
        return [self._visit(c) for c in self._queue.advance((at - self._begin).total_seconds())]

    def queue(self, at: datetime) -> Queue:
        """The queue at ``at``, after :meth:`visits` of the same instant."""
        at_s = (at - self._begin).total_seconds()
        while self._services and self._services[0][0] < at - _HOUR:
            self._services.popleft()
        waiting, serving = self._queue.waiting(at_s), self._queue.serving(at_s)
        busy = {c.counter for c in serving}
        counters = tuple(
            CounterState(counter_id=f"q{i + 1}", in_service=int(i in busy), open=True) for i in range(self._model.counters)
        )
        known: dict[str, Any] = {"state": "too_few"}
        if len(self._services) >= 5:
            low, expected, high = told = self._forecast(self._seen(at_s, waiting, serving))
            self._forecast.told(at, told)
            known = {"state": "ok", "expected_wait_s": round(expected, 1), "low_s": round(low, 1), "high_s": round(high, 1)}
        return Queue(
            **self._envelope(at),
            **known,
            waiting=len(waiting),
            in_service=len(serving),
            open_counters=self._model.counters,
            oldest_wait_s=round(max((at_s - c.arrival_s for c in waiting), default=0.0), 1) if waiting else None,
            services_per_h=float(len(self._services)),
            n=len(self._services),
            counters=counters,
            waited_min=dict(Counter(min(int((at_s - c.arrival_s) // 60), 120) for c in waiting)),
            **self._flow(at_s),
            model=MODEL,
        )

    def _seen(self, at_s: float, waiting: Sequence[Customer], serving: Sequence[Customer]) -> Seen:
        """What a newcomer finds; the agent makes it from visits (``motcua.edge.forecast.seen``)."""
        m, times = self._model.counters, tuple(seconds for _, seconds in self._services)
        going_s = sum(at_s - c.start_s for c in serving if c.start_s is not None)
        pace_s = (sum(times) + min(going_s, sum(times))) / len(times) / m
        now = [(c.start_s, c.waiting_s) for c in serving if c.start_s is not None and c.waiting_s > 0]
        calls = [call for call in sorted([*self._calls, *now]) if call[0] >= at_s - _LATELY_S][-12:]
        headway_s = (at_s - calls[0][0]) / len(calls) if len(calls) > 2 else pace_s
        ahead = max(0, len(waiting) + 1 - (m - len(serving)))
        given_up = sum(left >= at_s - _LATELY_S for left in self._gave_up)
        return Seen(
            ahead=ahead,
            counters=m,
            services_s=times,
            pace_s=pace_s,
            headway_s=min(max(headway_s, 0.3 * pace_s), 3 * pace_s),
            last_wait_s=calls[-1][1] if calls else ahead * pace_s,
            oldest_s=max((at_s - c.arrival_s for c in waiting), default=0.0),
            given_up=given_up / (given_up + len(calls)) if given_up else 0.0,
        )

    def _flow(self, at_s: float) -> dict[str, Any]:
        """What Little's law needs, exactly, since the last sample."""
        since_s = 0.0 if self._sampled_s is None else self._sampled_s
        spans = [(c.arrival_s, c.arrival_s + c.waiting_s) for c in [*self._queued, *self._queue.inside] if c.waiting_s > 0]
        self._queued, self._sampled_s = [], at_s
        return {
            "measured_s": at_s - since_s,
            "waiting_person_s": round(sum(max(0.0, min(end, at_s) - max(start, since_s)) for start, end in spans), 3),
            "queue_arrivals": sum(since_s < start <= at_s for start, _ in spans),
            "queue_departures": sum(since_s < end <= at_s for _, end in spans),
        }

    def health(self, at: datetime) -> Health:
        """That the simulator runs."""
        return Health(**self._envelope(at), status="online", agent_version=agent_version())

    def _visit(self, c: Customer) -> Visit:
        arrival, departure = self._instant(c.arrival_s), self._instant(c.departure_s)
        start = None if c.start_s is None else min(max(self._instant(c.start_s), arrival), departure)
        self._count(c)
        return Visit(
            **self._envelope(departure),
            counter_id=None if c.counter is None else f"q{c.counter + 1}",
            arrival_at=arrival,
            service_start_at=start,
            departure_at=departure,
            outcome="reneged" if start is None else "served",
            model=MODEL,
        )

    def _count(self, c: Customer) -> None:
        self._queued.append(c)
        if c.waiting_s > 0:
            self._forecast.learn(self._instant(c.arrival_s), c.waiting_s, served=c.start_s is not None)
        if c.start_s is None:
            self._gave_up.append(c.departure_s)
        elif c.waiting_s > 0:
            self._calls.append((c.start_s, c.waiting_s))
        if c.start_s is not None:
            self._services.append((self._instant(c.departure_s), c.departure_s - c.start_s))

    def _instant(self, seconds: float) -> datetime:
        return self._begin + timedelta(seconds=seconds)

    def _envelope(self, at: datetime) -> dict[str, Any]:
        self._seq += 1
        return self.source.envelope(at) | {"epoch": self._epoch, "seq": self._seq}


def models_for(plan: Plan) -> list[QueueModel]:
    """One queue for each office: loads from idle to too much, so that some miss the target."""
    chance = random.Random(plan.seed)
    return [
        QueueModel(plan.counters, load=chance.uniform(0.55, 1.05), service_mean_s=chance.uniform(240, 480))
        for _ in plan.offices
    ]


class Sender:
    """Carries messages of many sources over one connection until each is confirmed."""

    def __init__(self, host: str, port: int, username: str, password: str) -> None:
        self.confirmed = 0
        self._open: dict[Key, tuple[Message, float]] = {}
        self._guard = threading.Lock()
        self._mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._mqtt.username_pw_set(username, password)
        self._mqtt.on_connect = self._on_connect
        self._mqtt.on_message = self._on_message
        self._mqtt.reconnect_delay_set(1, 10)
        self._mqtt.connect_async(host, port, 30)
        self._mqtt.loop_start()

    @property
    def unconfirmed(self) -> int:
        """Messages on their way."""
        with self._guard:
            return len(self._open)

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages; those of one topic travel together."""
        now = time.monotonic()
        with self._guard:
            for m in messages:
                self._open[m.office_id, m.source_id, m.epoch, m.seq] = (m, now)
        self._publish(messages)

    def send_again(self) -> None:
        """Send what has waited too long for its confirmation."""
        now = time.monotonic()
        with self._guard:
            late = [(k, m) for k, (m, at) in self._open.items() if now - at > RESEND_S][:5000]
            self._open.update({k: (m, now) for k, m in late})
        self._publish([m for _, m in late])

    def close(self, drain_s: float) -> None:
        """Wait for confirmations, then leave."""
        deadline = time.monotonic() + drain_s
        while self.unconfirmed and time.monotonic() < deadline:
            time.sleep(0.05)
        self._mqtt.disconnect()
        self._mqtt.loop_stop()

    def _publish(self, messages: Sequence[Message]) -> None:
        by_topic: dict[str, list[Message]] = {}
        for m in messages:
            by_topic.setdefault(topic(m.office_id, m.source_id, m.type), []).append(m)
        for name, group in by_topic.items():
            for i in range(0, len(group), 100):
                self._mqtt.publish(name, dump(*group[i : i + 100]), qos=1, retain=group[0].type == "health")

    def _on_connect(self, client: mqtt.Client, userdata: object, flags: object, reason: object, props: object) -> None:
        if getattr(reason, "is_failure", False):
            log.error("the broker refused the simulator: %s", reason)
            return
        client.subscribe(f"{ACK_ROOT}/+/+", qos=1)
        with self._guard:
            self._open = {k: (m, float("-inf")) for k, (m, _) in self._open.items()}

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        office_id, source_id = message.topic.split("/")[-2:]
        try:
            confirmation = Confirmation.model_validate_json(message.payload)
        except ValidationError:
            log.warning("a confirmation on %s could not be read", message.topic)
            return
        with self._guard:
            for low, high in confirmation.ranges:
                for seq in range(low, min(high, low + 1_000_000) + 1):
                    if self._open.pop((office_id, source_id, confirmation.epoch, seq), None):
                        self.confirmed += 1


def run(plan: Plan, sender: Sender, ledger: IO[str] | None, stop: threading.Event, on_ready: Callable[[], None]) -> None:
    """Simulate until the plan's end or until stopped; everything that was sent is confirmed or told as open in the log."""
    clock = time.monotonic
    now, started = datetime.now(UTC), clock()
    begin = plan.begin(now)
    told_from = begin + timedelta(seconds=plan.warm_up_s)
    epoch = int(now.timestamp() * 1000)
    seeds = random.Random(plan.seed + 1)
    whole = len(plan.offices) - min(plan.halls, len(plan.offices))
    offices: list[SimulatedOffice | SimulatedHall] = [
        SimulatedOffice(office_id, model, seeds.randrange(2**31), begin, epoch)
        if number < whole
        else SimulatedHall(office_id, seeds.randrange(2**31), begin, epoch)
        for number, (office_id, model) in enumerate(zip(plan.offices, models_for(plan), strict=True))
    ]

    def sim_time() -> datetime:
        return told_from + timedelta(seconds=plan.history_s + (clock() - started) * plan.speed)

    next_sample = next_health = started
    for office in offices:
        office.warm_up(told_from)
    past: list[Message] = [v for office in offices for v in office.visits(sim_time())]
    _tell(sender, ledger, past)
    on_ready()
    while not stop.is_set() and (plan.for_s is None or clock() - started < plan.for_s):
        at = sim_time()
        messages: list[Message] = [v for office in offices for v in office.visits(at)]
        if clock() >= next_sample:
            next_sample += SAMPLE_S
            messages += [office.queue(at) for office in offices]
        if clock() >= next_health:
            next_health += HEALTH_S
            messages += [office.health(at) for office in offices]
        _tell(sender, ledger, messages)
        sender.send_again()
        stop.wait(0.25)
    sender.close(drain_s=10.0)
    if sender.unconfirmed:
        log.warning("%d message(s) were not confirmed", sender.unconfirmed)


def _tell(sender: Sender, ledger: IO[str] | None, messages: list[Message]) -> None:
    """Into the ledger first, then to the broker."""
    if ledger is not None:
        for m in messages:
            truth = m.model_dump(mode="json", include={"id", "type", "at", "office_id", "source_id", "epoch", "seq"})
            if isinstance(m, Visit):
                keys = {"arrival_at", "service_start_at", "departure_at", "outcome", "counter_id"}
                truth |= m.model_dump(mode="json", include=keys)
            ledger.write(json.dumps(truth) + "\n")
        ledger.flush()
    sender.send(messages)


def office_ids(count: int) -> tuple[str, ...]:
    """The first offices of the product's own list, and numbered ones beyond its end."""
    ids = [office.office_id for office in todays_offices()][:count]
    return (*ids, *(f"sim-{i:05}" for i in range(len(ids), count)))

"""The contract between an office and the province: every message that an edge source publishes.

Parse once at the border with :func:`parse`; inside the product only these types travel. Instants are aware and in UTC,
durations are seconds, ``None`` means unknown. The JSON Schema in ``docs/schema/messages.json`` is generated from here.
"""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

ROOT = "motcua/v1"
ACK_ROOT = "motcua/ack/v1"
MAX_PAYLOAD_BYTES = 256 * 1024
MAX_BATCH = 500

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Utc = Annotated[AwareDatetime, AfterValidator(lambda at: _in_utc(at))]
Seconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]  # sums of squares stay finite
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Minute = Annotated[int, Field(ge=0, le=120)]
Provenance = Literal["camera", "replay", "simulated", "kiosk", "import"]
Lane = Literal["ordinary", "priority", "appointment"]
CountedLane = Literal["ordinary", "priority", "appointment", "unknown"]
Part = Literal["arrivals", "services"]
BlindReason = Literal["no_frames", "lagging", "black", "frozen", "blurred", "covered", "moved", "flooded"]
RatingReason = Literal["waiting", "manner", "clarity", "result", "place", "other"]
OfficerUse = Literal["self", "aggregate", "evidence"]
OfficerMode = Literal["off", "self", "aggregate", "evidence"]
Reason = Annotated[str, Field(pattern=r"^[a-z]{1,16}$")]
QueueState = Literal["ok", "too_few", "stale", "blind", "closed", "unknown"]


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant in UTC lies in the years 1 to 9999") from None


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_NEAR = 1 + 1e-9  # what adding up floats may be off


def _spread(given: Sums) -> bool:
    """Whether sum and sum of squares can be of the same figures."""
    return given.sum**2 <= given.n * given.sum2 * (1 + 1e-6) + 1e-9


class ModelInfo(_Frozen):
    """The model behind a figure."""

    name: str = Field(min_length=1, max_length=64)
    version: str = Field(min_length=1, max_length=64)


class _Envelope(_Frozen):
    """What every message carries; ``(id, at)`` is the idempotency key, ``(source_id, epoch, seq)`` shows gaps."""

    schema_version: Literal[1] = 1
    id: UUID
    epoch: Annotated[int, Field(ge=0, lt=2**53, description="Start of the source, ms since 1970; grows")]
    seq: Annotated[int, Field(ge=1, lt=2**53, description="1, 2, 3 … within the epoch")]
    at: Utc
    office_id: Id
    source_id: Id
    provenance: Provenance


class Visit(_Envelope):
    """One person's visit, closed: one flat record. ``at`` is the instant at which it was closed.

    A person who walks straight to a counter arrives and starts service at the same instant (waits 0 s). ``lost`` means that
    the track broke: the wait is censored at ``departure_at``.
    """

    type: Literal["visit"] = "visit"
    counter_id: Id | None = None
    lane: Lane = "ordinary"
    arrival_at: Utc
    service_start_at: Utc | None = None
    departure_at: Utc
    outcome: Literal["served", "reneged", "balked", "lost"]
    stitched_s: Seconds = 0.0
    model: ModelInfo | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Visit:
        start = self.service_start_at
        if not self.arrival_at <= (start or self.arrival_at) <= self.departure_at:
            raise ValueError("needs arrival_at <= service_start_at <= departure_at")
        if self.outcome == "served" and (start is None or self.counter_id is None):
            raise ValueError("a served visit needs service_start_at and counter_id")
        if self.outcome in ("reneged", "balked") and start is not None:
            raise ValueError(f"a visit that {self.outcome} has no service_start_at")
        return self

    @property
    def waiting_s(self) -> float | None:
        """Arrival to start of service in seconds; None while service never started."""
        return None if self.service_start_at is None else (self.service_start_at - self.arrival_at).total_seconds()

    @property
    def service_s(self) -> float | None:
        """Start of service to departure in seconds; None while service never started."""
        return None if self.service_start_at is None else (self.departure_at - self.service_start_at).total_seconds()

    @property
    def sojourn_s(self) -> float:
        """Arrival to departure in seconds."""
        return (self.departure_at - self.arrival_at).total_seconds()


class CounterState(_Frozen):
    """One counter at one instant; ``open`` is None where it cannot be told."""

    counter_id: Id
    in_service: Count
    open: bool | None = None


class Queue(_Envelope):
    """The state of one source's queue, every few seconds. ``at`` is the capture time of the frame behind it.

    ``expected_wait_s`` is the wait that half of the newcomers stay below, with its 80 % interval ``low_s``..``high_s`` and the
    number ``n`` of finished services behind it; all are None unless ``state`` is ``ok``. ``blind`` says why a camera does not see.

    ``measured_s``, ``waiting_person_s``, ``queue_arrivals`` and ``queue_departures`` are sums over the frames since the last
    sample, for Little's law; they come up to 5 s late, and all are None where nothing is counted.
    """

    type: Literal["queue"] = "queue"
    part: Part | None = Field(default=None, description="The part of a queue that the source sees; None: the whole queue")
    lane: Lane = "ordinary"
    state: QueueState
    waiting: Count | None = Field(default=None, description="Lq, people waiting; None when not seen")
    in_service: Count | None = None
    open_counters: Count | None = None
    arrivals_per_h: Seconds | None = None
    services_per_h: Seconds | None = None
    oldest_wait_s: Seconds | None = None
    expected_wait_s: Seconds | None = None
    low_s: Seconds | None = None
    high_s: Seconds | None = None
    n: Count = 0
    counters: Annotated[tuple[CounterState, ...], Field(max_length=64)] = ()
    measured_s: Seconds | None = Field(default=None, description="Seconds of frames that the following three sums cover")
    waiting_person_s: Seconds | None = Field(default=None, description="Integral of the people in the queue, person-seconds")
    queue_arrivals: Count | None = Field(default=None, description="People who joined the queue")
    queue_departures: Count | None = Field(default=None, description="People who left the queue, served or not")
    waited_min: Annotated[dict[Minute, Count], Field(max_length=121)] | None = Field(
        default=None, description="The people who wait now by the whole minutes that they have waited, 120 and more in 120"
    )
    blind: BlindReason | None = Field(default=None, description="Why the camera sees nothing, where state is blind")
    model: ModelInfo | None = None

    @model_validator(mode="after")
    def _measured_together(self) -> Queue:
        sums = (self.measured_s, self.waiting_person_s, self.queue_arrivals, self.queue_departures)
        if any(x is None for x in sums) and any(x is not None for x in sums):
            raise ValueError(
                "measured_s, waiting_person_s, queue_arrivals and queue_departures are given together or not at all"
            )
        return self

    @model_validator(mode="after")
    def _only_the_blind_have_a_reason(self) -> Queue:
        if self.blind is not None and self.state != "blind":
            raise ValueError(f"state {self.state} has no reason to be blind: leave it out")
        return self

    @model_validator(mode="after")
    def _known_or_none(self) -> Queue:
        figures = (self.expected_wait_s, self.low_s, self.high_s)
        if self.state == "ok":
            if any(x is None for x in (*figures, self.waiting)):
                raise ValueError("state ok needs waiting, expected_wait_s, low_s and high_s")
            if not self.low_s <= self.expected_wait_s <= self.high_s:  # type: ignore[operator]
                raise ValueError("needs low_s <= expected_wait_s <= high_s")
        elif any(x is not None for x in figures):
            raise ValueError(f"state {self.state} has no expected wait: leave it out")
        return self


class Started(_Frozen):
    """Services at one counter within a period. ``lane`` is None where the counter serves several and nobody said whose turn it was."""

    counter_id: Id
    lane: Lane | None = None
    started: Count = 0
    finished: Count = 0
    service_s: Seconds = Field(default=0.0, description="Sum over the finished services")


class Counts(_Envelope):
    """What a camera that sees only a part of a queue counted in a minute or so. Nobody is followed from one camera to the other.

    ``arrivals``: people who joined, who left unserved by a door, and how many waited, by lane (``unknown`` where the zone serves
    several). ``services``: service starts by counter. ``at`` is the end of the period.
    """

    type: Literal["counts"] = "counts"
    part: Part
    period_start: Utc
    period_end: Utc
    measured_s: Seconds = Field(description="Seconds of frames in the period")
    joined: dict[CountedLane, Count] = {}
    left: dict[CountedLane, Count] | None = Field(
        default=None, description="People who left unserved by a door; None where no door zone is drawn"
    )
    waiting_person_s: dict[CountedLane, Seconds] | None = Field(
        default=None,
        description="Integral of the people seen waiting, person-seconds; None where nobody looks how many wait",
    )
    started: Annotated[tuple[Started, ...], Field(max_length=256)] = ()
    model: ModelInfo | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Counts:
        length_s = (self.period_end - self.period_start).total_seconds()
        if not 0 < length_s <= 3600:
            raise ValueError("a period has a beginning and an end, an hour apart at the most")
        if self.measured_s > length_s + 1:
            raise ValueError("no more seconds are measured than the period has")
        if self.part == "arrivals" and self.started:
            raise ValueError("who counts arrivals counts no services")
        if self.part == "services" and (self.joined or self.left is not None or self.waiting_person_s is not None):
            raise ValueError("who counts services counts no arrivals")
        return self


class Sums(_Frozen):
    """Sums over the visits of which something is known, five at the least."""

    n: Annotated[int, Field(ge=5, le=1_000_000)]
    sum: Annotated[float, Field(allow_inf_nan=False)]
    sum2: Seconds

    def lies_within(self, most: float) -> bool:
        """Whether each of the visits may have had a figure in -most..most."""
        return abs(self.sum) <= self.n * most * _NEAR and self.sum2 <= self.n * most**2 * _NEAR and _spread(self)


class Condition(_Frozen):
    """A condition of the pictures over a period's visits: sum, sum of squares, and sum of products with their valence."""

    sum: Seconds
    sum2: Seconds
    valence_sum: Annotated[float, Field(allow_inf_nan=False)]


class Sentiment(_Envelope):
    """What the citizens' faces at one counter showed over a period of full hours, of at least 5 visits. ``at`` is the period's end.

    Sums over visits: mean valence is ``valence_sum / n``, its variance follows from ``valence_sum2``. ``class_sums`` are
    summed class probabilities, one probability vector a visit, so that they add up to ``n``. No visit id, no image, and no instant
    finer than an hour, so that no row can be joined with a ticket or a file.
    """

    type: Literal["sentiment"] = "sentiment"
    counter_id: Id
    period_start: Utc
    period_end: Utc
    n: Annotated[int, Field(ge=5, le=1_000_000)]
    valence_sum: Annotated[float, Field(allow_inf_nan=False)]
    valence_sum2: Seconds
    class_sums: Annotated[dict[str, Seconds], Field(min_length=2, max_length=16)]
    change: Sums | None = Field(default=None, description="Valence in a visit's last third less that in its first")
    arousal: Sums | None = Field(default=None, description="Where the model has it")
    light: Condition | None = Field(default=None, description="Mean grey of the faces, 0..1")
    face_px: Condition | None = Field(default=None, description="Width of the faces, px")
    unread: Annotated[dict[Reason, Annotated[int, Field(ge=5, le=1_000_000)]], Field(max_length=16)] = Field(
        default={}, description="Visits without a figure since they were last told, by reason, where there are five"
    )
    temperature: Annotated[float, Field(gt=0, le=100)] = Field(default=1.0, description="Of the probabilities' calibration")
    calibrated: bool = Field(default=False, description="Whether the temperature was fitted on labelled pictures")
    model: ModelInfo

    @model_validator(mode="after")
    def _full_hours(self) -> Sentiment:
        if any((t.minute, t.second, t.microsecond) != (0, 0, 0) for t in (self.at, self.period_start, self.period_end)):
            raise ValueError("instants of sentiment are full hours")
        if (self.period_end - self.period_start).total_seconds() < 3600:
            raise ValueError("a period is an hour or more")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Sentiment:
        if abs(self.valence_sum) > self.n * _NEAR or self.valence_sum2 > self.n * _NEAR:
            raise ValueError("valence lies in -1..1: the sums do not fit n")
        if self.valence_sum**2 > self.n * self.valence_sum2 * (1 + 1e-6) + 1e-9:
            raise ValueError("valence_sum2 is smaller than valence_sum**2 / n")
        if not math.isclose(sum(self.class_sums.values()), self.n, rel_tol=0.01):
            raise ValueError("class_sums must add up to n")
        for name, given, most in (("change", self.change, 2.0), ("arousal", self.arousal, 1.0)):
            if given is not None and not (given.n <= self.n and given.lies_within(most)):
                raise ValueError(f"the sums of {name} do not fit: at most n visits, each in -{most:g}..{most:g}")
        if self.light is not None and self.light.sum > self.n * _NEAR:
            raise ValueError("light lies in 0..1: its sum does not fit n")
        if not self.calibrated and self.temperature != 1.0:
            raise ValueError("probabilities that are not calibrated have a temperature of 1")
        return self


class OfficerExpression(_Envelope):
    """What the face behind one counter showed over a period of full hours, of at least 5 services. ``at`` is the period's end.

    ``mode`` is the use for which the office's people were told that they are read; ``off`` sends nothing. Who sat there is not known
    here. Sums over services, as in :class:`Sentiment`; no class of expression, no service, no image.
    """

    type: Literal["officer_expression"] = "officer_expression"
    mode: OfficerUse
    counter_id: Id
    period_start: Utc
    period_end: Utc
    n: Annotated[int, Field(ge=5, le=1_000_000)]
    valence_sum: Annotated[float, Field(allow_inf_nan=False)]
    valence_sum2: Seconds
    model: ModelInfo

    @model_validator(mode="after")
    def _consistent(self) -> OfficerExpression:
        if any((t.minute, t.second, t.microsecond) != (0, 0, 0) for t in (self.at, self.period_start, self.period_end)):
            raise ValueError("instants of officers' expression are full hours")
        if (self.period_end - self.period_start).total_seconds() < 3600:
            raise ValueError("a period is an hour or more")
        if abs(self.valence_sum) > self.n * _NEAR or self.valence_sum2 > self.n * _NEAR:
            raise ValueError("valence lies in -1..1: the sums do not fit n")
        if self.valence_sum**2 > self.n * self.valence_sum2 * (1 + 1e-6) + 1e-9:
            raise ValueError("valence_sum2 is smaller than valence_sum**2 / n")
        return self


class Rating(_Envelope):
    """One answer of a citizen who was asked. ``at`` is the instant of the answer."""

    type: Literal["rating"] = "rating"
    counter_id: Id | None = None
    score: Annotated[int, Field(ge=1, le=5)]
    channel: Literal["kiosk", "qr", "call_back"]
    procedure: Id | None = None
    served_at: Utc | None = Field(default=None, description="When the service ended that is rated, where it is known")
    reason: RatingReason | None = Field(default=None, description="What the answer was about, from a fixed list")

    @model_validator(mode="after")
    def _served_before(self) -> Rating:
        if self.served_at is not None and self.served_at > self.at + timedelta(minutes=5):
            raise ValueError("served_at lies after the answer")
        return self


class Ticket(_Envelope):
    """One event of the ticket machine."""

    type: Literal["ticket"] = "ticket"
    counter_id: Id | None = None
    ticket: Id
    event: Literal["issued", "called", "started", "finished", "no_show", "cancelled"]
    lane: Lane = "ordinary"
    procedure: Id | None = None


class Health(_Envelope):
    """A source's own state, retained by the broker, every half minute and at every change."""

    type: Literal["health"] = "health"
    status: Literal["online", "degraded", "stopping"]
    agent_version: str = Field(max_length=64)
    frames_per_s: Seconds | None = None
    frame_lag_s: Seconds | None = None
    outbox_rows: Count = 0
    outbox_bytes: Annotated[int, Field(ge=0)] = 0
    outbox_span_h: Seconds | None = Field(default=None, description="Hours of measuring that wait in the outbox")
    outbox_capacity_h: Seconds | None = Field(default=None, description="Hours of measuring that it holds at this rate")
    dropped: Annotated[dict[str, Count], Field(max_length=32)] = {}
    sentiment_on: bool | None = Field(
        default=None, description="Whether citizens' faces are read; None where there is no camera"
    )
    officer_faces: OfficerMode | None = Field(
        default=None, description="The mode in which officers' faces are read; None where there is no camera"
    )
    blind: BlindReason | None = Field(default=None, description="Why the camera sees nothing; None while it sees")
    detail: Annotated[str, Field(max_length=500)] = ""


class Offline(_Frozen):
    """The last will, fixed when connecting: outside outbox and sequence, timed by its receipt."""

    schema_version: Literal[1] = 1
    type: Literal["offline"] = "offline"
    epoch: Annotated[int, Field(ge=0, lt=2**53)]


class Confirmation(_Frozen):
    """The ingestor's word that these sequence numbers of one source and epoch are committed. Both ends are included."""

    schema_version: Literal[1] = 1
    epoch: Annotated[int, Field(ge=0, lt=2**53)]
    ranges: Annotated[tuple[tuple[int, int], ...], Field(min_length=1, max_length=10_000)]


Message = Visit | Queue | Counts | Sentiment | Rating | Ticket | Health | OfficerExpression
AnyMessage = Annotated[Message, Field(discriminator="type")]
MESSAGE: TypeAdapter[Message] = TypeAdapter(AnyMessage)


@dataclass(frozen=True, slots=True)
class Rejected:
    """One item of a payload that is no message. ``epoch`` and ``seq`` are given where they could be read, so that it can be
    confirmed as kept in the dead letters instead of being sent for ever."""

    reason: str
    item: bytes
    epoch: int | None = None
    seq: int | None = None


def topic(office_id: str, source_id: str, type_: str) -> str:
    """``motcua/v1/<office>/<source>/<type>``."""
    return f"{ROOT}/{office_id}/{source_id}/{type_}"


def ack_topic(office_id: str, source_id: str) -> str:
    """Where confirmations go: a tree of its own, which no ingestor subscribes to."""
    return f"{ACK_ROOT}/{office_id}/{source_id}"


def dump(*messages: Message) -> bytes:
    """One message as a JSON object, several as an array."""
    if len(messages) == 1:
        return messages[0].model_dump_json(exclude_none=True).encode()
    return b"[" + b",".join(m.model_dump_json(exclude_none=True).encode() for m in messages) + b"]"


def parse(topic_name: str, payload: bytes) -> list[Message | Offline | Rejected]:
    """Read one MQTT payload: every item comes back, as a message or as a :class:`Rejected` with its reason. Never raises."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        return [Rejected(f"payload of {len(payload)} bytes, at most {MAX_PAYLOAD_BYTES}", payload[:4096])]
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError) as error:
        return [Rejected(f"not JSON: {error}"[:500], payload[:4096])]
    items = data if isinstance(data, list) else [data]
    if not items or len(items) > MAX_BATCH:
        return [Rejected(f"a batch holds 1 to {MAX_BATCH} messages, not {len(items)}", payload[:4096])]
    return [_parse_item(topic_name, item) for item in items]


def _parse_item(topic_name: str, item: Any) -> Message | Offline | Rejected:
    def rejected(reason: str) -> Rejected:
        def number(key: str) -> int | None:
            value = item.get(key) if isinstance(item, dict) else None
            return value if type(value) is int and 0 <= value < 2**53 else None

        try:
            raw = json.dumps(item)[:4096].encode()
        except RecursionError:
            raw = b"(nested too deeply)"
        return Rejected(reason[:500], raw, number("epoch"), number("seq"))

    parts = topic_name.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != ROOT:
        return rejected(f"topic {topic_name!r} is not {ROOT}/<office>/<source>/<type>")
    office_id, source_id, type_ = parts[2:]
    try:
        if isinstance(item, dict) and item.get("type") == "offline" and type_ == "health":
            return Offline.model_validate(item)
        message = MESSAGE.validate_json(json.dumps(item))
    except (ValidationError, ValueError, RecursionError) as error:
        return rejected(_reason(error))
    if (message.office_id, message.source_id, message.type) != (office_id, source_id, type_):
        return rejected(f"{message.office_id}/{message.source_id}/{message.type} does not belong on {topic_name}")
    return message


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(str(p) for p in e['loc']) or 'message'}: {e['msg']}" for e in error.errors(include_input=False)[:5]
        )
    return str(error)


def uuid7(at: datetime, random: Callable[[int], bytes] = secrets.token_bytes) -> UUID:
    """A version 7 UUID (RFC 9562): 48 bits of milliseconds since 1970, then random bits."""
    milliseconds = int(at.timestamp() * 1000)
    value = bytearray(milliseconds.to_bytes(6, "big") + random(10))
    value[6] = 0x70 | value[6] & 0x0F
    value[8] = 0x80 | value[8] & 0x3F
    return UUID(bytes=bytes(value))


def json_schema() -> dict[str, Any]:
    """The JSON Schema of everything that travels: messages, the last will, confirmations."""
    everything: TypeAdapter[Any] = TypeAdapter(AnyMessage | Offline | Confirmation)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "motcua", **everything.json_schema()}

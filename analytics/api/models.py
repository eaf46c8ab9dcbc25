"""What the API answers. Instants are ISO 8601 in UTC, durations seconds, null is unknown."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from motcua.edge.messages import BlindReason, Provenance, QueueState

Method = Literal["camera", "tickets", "model"]


class Wait(BaseModel):
    """The wait of a newcomer now, with its 80 % interval, the finished services behind it, its age and where it is from."""

    state: QueueState
    blind: BlindReason | None = Field(default=None, description="Why the camera sees nothing; for staff only")
    expected_wait_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    n: int = 0
    waiting: int | None = Field(default=None, description="People waiting now")
    as_of: datetime | None = None
    age_s: float | None = None
    method: Method | None = None
    provenance: Provenance | None = None


class OpeningSpan(BaseModel):
    """Open from one time of day to another, Viet Nam time; weekday 1 is Monday."""

    weekday: int = Field(ge=1, le=7)
    opens: str = Field(examples=["07:30"])
    closes: str = Field(examples=["11:30"])


class LaneWait(BaseModel):
    """The wait of a lane of its own."""

    lane: Literal["priority", "appointment"]
    wait: Wait


class PublicSatisfaction(BaseModel):
    """Satisfied share of an office's answers in a whole quarter that has ended; unknown where it may not be published."""

    state: Literal["ok", "unknown"]
    since: date = Field(description="First day of the quarter")
    until: date = Field(description="The day after its last")
    n: int | None = Field(default=None, description="Answers behind the share")
    share: float | None = None
    low: float | None = Field(default=None, description="Lower end of the 95 % interval (Wilson)")
    high: float | None = None


class PublicOffice(BaseModel):
    """One office as citizens see it. null is unknown."""

    office_id: str
    code_gso: str | None
    name: str
    unit_name: str | None
    level: str
    parent_id: str | None
    address: str | None
    phone: str | None
    lat: float | None
    lon: float | None
    coordinate_quality: str | None
    opening_hours: str | None
    replaces: str | None = Field(description="Former units that it serves")
    valid_from: date | None
    wait: Wait
    lanes: list[LaneWait] = []
    hours: list[OpeningSpan] | None = None
    open_now: bool | None = None
    changes_at: datetime | None = Field(default=None, description="When it opens or closes next")
    holiday: str | None = Field(default=None, description="Name of today's holiday")
    wheelchair: bool | None = None
    priority_lane: bool | None = None
    appointment_lane: bool | None = None
    appointment_link: str | None = None
    usual_wait_s: float | None = Field(default=None, description="Mean wait of this hour of the week, of the past weeks")
    satisfaction: PublicSatisfaction | None = None


class WeekHour(BaseModel):
    """The mean wait of the served who came in this hour of the week; Viet Nam time, weekday 1 is Monday."""

    weekday: int
    hour: int
    n: int
    mean_s: float


class BestTime(BaseModel):
    """An hour with a short mean wait."""

    weekday: int
    hour: int
    mean_s: float


class Week(BaseModel):
    """An office's hours of the week over the past weeks; hours with fewer than k_min visits are left out."""

    since: datetime
    until: datetime
    k_min: int
    provenance: Provenance | None
    hours: list[WeekHour]
    best: list[BestTime] = Field(description="The shortest first; empty where too few hours are known")


class Procedure(BaseModel):
    """An administrative procedure of the province's list."""

    procedure_id: str
    name: str
    field: str | None
    link: str | None = Field(description="What to bring")
    taken_by: int | None = Field(description="Which set of offices takes it; null: not known")


class Procedures(BaseModel):
    """Every procedure; taken_by holds the sets of offices."""

    procedures: list[Procedure]
    taken_by: list[list[str]]


class NewReport(BaseModel):
    """What is wrong about an office's data. No name, no contact."""

    field: Literal["address", "place", "phone", "hours", "access", "procedures", "wait", "other"]
    message: str = Field(min_length=3, max_length=500, pattern=r"^[^\x00]*$")


class Received(BaseModel):
    """Whether a report was kept."""

    kept: bool


class Report(BaseModel):
    """A report of wrong data."""

    report_id: int
    at: datetime
    office_id: str
    field: str
    message: str
    done_at: datetime | None
    done_by: str | None


class Definition(BaseModel):
    """What a figure means."""

    vi: str
    en: str


class PublicOffices(BaseModel):
    """Every office of today."""

    generated_at: datetime
    target_wait_s: float
    address_confirmed: bool
    definition: Definition
    offices: list[PublicOffice]


class LiveOffice(BaseModel):
    """One office as a supervisor sees it."""

    office_id: str
    name: str
    unit_name: str | None
    level: str
    parent_id: str | None
    lat: float | None
    lon: float | None
    wait: Wait
    in_service: int | None
    open_counters: int | None
    oldest_wait_s: float | None
    visits_today: int
    served_today: int
    last_seen_at: datetime | None


class Live(BaseModel):
    """Every office that the account may see."""

    generated_at: datetime
    target_wait_s: float
    offices: list[LiveOffice]


class CounterNow(BaseModel):
    """One counter."""

    counter_id: str
    in_service: int | None
    open: bool | None
    state: QueueState
    served_today: int
    as_of: datetime | None


class SourceNow(BaseModel):
    """One camera, kiosk or simulator."""

    office_id: str
    source_id: str
    status: str
    last_at: datetime | None
    provenance: str | None
    gaps: int = Field(description="Stretches of messages that have not arrived")
    missing: int = Field(description="Messages in these stretches; some may still wait at the source (health.outbox_rows)")
    dropped: int = Field(description="Messages that the source says it had to give up, by its last health")
    health: dict[str, Any] | None


class OfficeLive(LiveOffice):
    """One office with its counters and sources."""

    counters: list[CounterNow]
    sources: list[SourceNow]


class Estimate(BaseModel):
    """One estimand over everybody who arrived in a span: Kaplan-Meier's figures, 95 % intervals."""

    n: int = Field(description="People, censored ones included")
    events: int = Field(description="People whose wait is known")
    mean_s: float = Field(description="Restricted to restricted_to_s")
    low_s: float | None
    high_s: float | None
    median_s: float | None = Field(description="To the end of its minute; null where the curve does not reach it")
    median_low_s: float | None
    median_high_s: float | None
    p90_s: float | None
    restricted_to_s: float = Field(
        description="120 min, or the longest wait seen where nobody is known to have waited longer"
    )
    beyond_share: float = Field(description="Share that waits longer than restricted_to_s")


class Little(BaseModel):
    """The mean time in queue of all who queued, by Little's law: person-seconds over departures, 95 % interval."""

    mean_s: float
    low_s: float | None
    high_s: float | None
    departures: int
    measured_s: float


class HallMean(BaseModel):
    """A mean with its 95 % interval, seconds."""

    n: int
    mean_s: float
    low_s: float | None
    high_s: float | None


class HallFifo(HallMean):
    """Waits of the received of one lane (``all``: of every lane), first come, first served within each lane."""

    lane: str
    median_s: float | None
    p90_s: float | None
    within_15_share: float | None
    within_low: float | None
    within_high: float | None


class HallWaits(BaseModel):
    """Waits of an office whose hall and counters are seen by different cameras, from counts alone: nobody is recognised again."""

    method: Literal["cameras"] = "cameras"
    state: Literal["ok", "too_few", "contradict", "unseen"] = Field(
        description="contradict: hall and counters are too far apart; unseen: a part was not seen for half of the time"
    )
    joined: int = Field(description="People who joined, as counted")
    started: int = Field(description="Service starts, as counted")
    left: int | None = Field(description="People who left unserved by a door, as counted; null where no door is watched")
    measured_share: float
    drift_share: float | None = Field(
        description="How far the counts were apart before correction; negative where the hall counted more"
    )
    lanes_assumed_share: float = Field(description="Share of service starts whose lane neither zone nor ticket told")
    curves: HallMean | None = Field(description="Time in queue of all who left it: area between the corrected curves")
    fifo: HallFifo | None
    lanes: list[HallFifo]


class Period(BaseModel):
    """The waits of everybody who arrived in a span. Three estimands, never mixed; the second is measured twice."""

    since: datetime
    until: datetime
    served: Estimate | None = Field(description="Wait of those whose service started")
    in_queue: Estimate | None = Field(description="Time in queue of all who queued, served or not; lost tracks are censored")
    until_service: Estimate | None = Field(description="Wait until service; reneged, lost and still waiting are censored")
    still_waiting: int = Field(description="Who arrived in the span and waits now")
    foretold: int = Field(description="How many of them count with what they have waited and are foretold to wait")
    long_stays: int = Field(
        default=0,
        description="Who queued for 120 minutes or longer, however it ended or has not yet: kept, and worth a look",
    )
    little: Little | None = Field(description="in_queue again, without track identity; null where nothing was counted")
    estimates_differ: bool | None = Field(
        description="Whether in_queue and little contradict each other by more than the interval of their difference and 5 %"
    )
    hall: HallWaits | None = Field(default=None, description="From counts of several cameras; null where none sees a part")


class Bucket(BaseModel):
    """One hour. Figures are null where nobody was served. All but ``until_service`` go by the hour in which a visit closed."""

    start: datetime
    end: datetime
    n: int
    mean_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    max_s: float | None = None
    within_15_share: float | None = None
    served: int = 0
    reneged: int = 0
    lost: int = 0
    censored_share: float | None = None
    stitched_share: float | None = None
    until_service: Estimate | None = Field(default=None, description="Of those who arrived in this hour")


class Waits(BaseModel):
    """Hourly waits of the served, with 95 % intervals, and the whole span."""

    provenance: Provenance | None
    definition: Literal["served"] = "served"
    buckets: list[Bucket]
    period: Period


class WaitToday(BaseModel):
    """The waits of the served today."""

    mean_s: float
    low_s: float | None
    high_s: float | None
    n: int
    within_15_share: float
    censored_share: float
    stitched_share: float


class SentimentToday(BaseModel):
    """What a camera inferred from citizens' faces; never satisfaction."""

    state: Literal["ok", "insufficient", "off"]
    n: int = 0
    valence: float | None = Field(default=None, description="-1 unpleasant to 1 pleasant")
    low: float | None = None
    high: float | None = None
    class_shares: dict[str, float] = {}
    model: str | None = None


class Today(BaseModel):
    """One office's Viet Nam day so far."""

    day: date
    provenance: Provenance | None
    visits: int
    served: int
    reneged: int | None = Field(description="null where nothing could see it: several cameras, and none at a door")
    balked: int | None
    lost: int | None
    wait: WaitToday | None
    period: Period
    sentiment: SentimentToday


class DeadLetter(BaseModel):
    """A message that was none."""

    dead_letter_id: int
    topic: str
    payload: str
    reason: str
    first_at: datetime
    last_at: datetime
    times: int


class Login(BaseModel):
    """Name and password."""

    username: str = Field(max_length=64, pattern=r"^[^\x00]*$")
    password: str = Field(max_length=256)


class Me(BaseModel):
    """Who is logged in."""

    username: str
    role: str
    office_id: str | None


class Problem(BaseModel):
    """Why not, in one sentence."""

    detail: str

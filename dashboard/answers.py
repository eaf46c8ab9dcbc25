"""What the API answers, as this room reads it: parsed once here; inside only these types. Unknown fields are ignored."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

WaitState = Literal["ok", "too_few", "stale", "blind", "closed", "unknown"]
Provenance = Literal["camera", "kiosk", "import", "replay", "simulated"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Wait(_Answer):
    """The expected wait of a newcomer, seconds, with its 80 % interval; None is unknown. blind: why the camera is, where it is."""

    state: WaitState = "unknown"
    blind: str | None = None
    expected_wait_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    n: int = 0
    waiting: int | None = None
    as_of: AwareDatetime | None = None
    age_s: float | None = None
    method: str | None = None
    provenance: Provenance | None = None


class LiveOffice(_Answer):
    """One office now; degrees WGS 84."""

    office_id: str
    name: str
    unit_name: str | None = None
    level: str | None = None
    parent_id: str | None = None
    lat: float | None = None
    lon: float | None = None
    wait: Wait = Field(default_factory=Wait)
    in_service: int | None = None
    open_counters: int | None = None
    oldest_wait_s: float | None = None
    visits_today: int | None = None
    served_today: int | None = None
    last_seen_at: AwareDatetime | None = None

    @property
    def title(self) -> str:
        """What people call it: the unit's name, else the office's."""
        return self.unit_name or self.name

    def at_age(self, age_s: float | None) -> LiveOffice:
        """The same office with another age of its figure: offices that look alike compare, and hash, alike."""
        return self.model_copy(update={"wait": self.wait.model_copy(update={"age_s": age_s})})


class Live(_Answer):
    """All offices that the account may see."""

    generated_at: AwareDatetime
    target_wait_s: float
    offices: tuple[LiveOffice, ...]


class Trend(_Answer):
    """An office's expected wait over the last hour, seconds, oldest step first; None is no figure."""

    office_id: str
    provenance: Provenance
    points: tuple[float | None, ...]


class Trends(_Answer):
    """The last hour of all offices that the account may see; kinds of data stand apart."""

    trends: tuple[Trend, ...] = ()

    def by_office(self) -> dict[tuple[str, str | None], tuple[float | None, ...]]:
        """Points by office and kind of data: an office shows those of its own figure's kind."""
        return {(t.office_id, t.provenance): t.points for t in self.trends}


class Counter(_Answer):
    """One counter; ``open`` is None where it is not known."""

    counter_id: str
    in_service: int | None = None
    open: bool | None = None
    state: str | None = None
    served_today: int | None = None
    as_of: AwareDatetime | None = None


class Source(_Answer):
    """A camera, kiosk or feed: how many holes its sequence numbers have, how many messages are missing in them, how many it gave up."""

    source_id: str
    status: str | None = None
    last_at: AwareDatetime | None = None
    provenance: Provenance | None = None
    gaps: int = 0
    missing: int | None = None
    health: dict[str, Any] | None = None

    @property
    def note(self) -> str:
        """What the source says of itself, in its own words; empty when all is well."""
        return str((self.health or {}).get("detail") or "")

    @property
    def dropped(self) -> dict[str, int] | None:
        """Messages that it gave up, by kind; None where it has not told."""
        told = None if self.health is None else self.health.get("dropped") or {}
        return {str(k): int(n) for k, n in told.items() if n} if isinstance(told, dict) else None

    @property
    def waits_to_send(self) -> int | None:
        """Messages in its outbox when it last told."""
        rows = (self.health or {}).get("outbox_rows")
        return int(rows) if isinstance(rows, int) else None

    @property
    def blind(self) -> str | None:
        """Why its camera sees nothing; None while it does, or where there is none."""
        reason = (self.health or {}).get("blind")
        return str(reason) if reason else None


class OfficeNow(LiveOffice):
    """One office with what stands behind it."""

    address: str | None = None
    counters: tuple[Counter, ...] = ()
    sources: tuple[Source, ...] = ()


class Figure(_Answer):
    """A mean over visits, seconds, 95 % interval; ``mean_s`` is None where too few stand behind it, ``n`` says how many do."""

    n: int = 0
    mean_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None


class CounterSpan(_Answer):
    """Who was served at a counter within a span."""

    start: AwareDatetime
    end: AwareDatetime
    served: int = 0
    wait: Figure = Field(default_factory=Figure)
    service: Figure = Field(default_factory=Figure)
    within_15_share: float | None = None


class CounterClose(Counter):
    """One counter with the queue before it, its cameras, its hours and its day."""

    wait: Wait = Field(default_factory=Wait)
    queue_shared_with: tuple[str, ...] = ()
    source_ids: tuple[str, ...] = ()
    trend: tuple[float | None, ...] = ()
    hours: tuple[CounterSpan, ...] = ()
    today: CounterSpan | None = None


class OfficeCounters(_Answer):
    """Every counter of an office; ``k_min`` is how many visits a mean needs."""

    generated_at: AwareDatetime
    provenance: Provenance | None = None
    target_wait_s: float
    k_min: int = 5
    counters: tuple[CounterClose, ...] = ()
    sources: tuple[Source, ...] = ()

    def of(self, counter_id: str) -> CounterClose | None:
        """One of them; None where there is none of this name."""
        return next((c for c in self.counters if c.counter_id == counter_id), None)


class Estimate(_Answer):
    """One estimand over everybody who arrived in a span, seconds, 95 % interval; None is unknown."""

    n: int = 0
    events: int = 0
    mean_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    median_s: float | None = None
    p90_s: float | None = None


class HallMean(_Answer):
    """A mean of counts, seconds, 95 % interval."""

    n: int = 0
    mean_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None


class HallFifo(HallMean):
    """Waits of the received of one lane, or of ``all``, first come, first served."""

    lane: str = "all"
    median_s: float | None = None
    p90_s: float | None = None
    within_15_share: float | None = None


class HallWaits(_Answer):
    """From counts of several cameras: arrivals in the hall, service starts at the counters."""

    state: str = "unseen"
    joined: int = 0
    started: int = 0
    left: int | None = None
    measured_share: float | None = None
    drift_share: float | None = None
    lanes_assumed_share: float = 0.0
    curves: HallMean | None = None
    fifo: HallFifo | None = None
    lanes: tuple[HallFifo, ...] = ()


class Period(_Answer):
    """The waits of everybody who arrived in a span; ``estimates_differ`` says that two ways to measure contradict each other."""

    until_service: Estimate | None = None
    still_waiting: int = 0
    long_stays: int = 0
    estimates_differ: bool | None = None
    hall: HallWaits | None = None


class Bucket(_Answer):
    """One hour of waits of the served, seconds, 95 % interval; ``n`` of 0 carries no figures."""

    start: AwareDatetime
    end: AwareDatetime
    n: int = 0
    mean_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    max_s: float | None = None
    within_15_share: float | None = None


class Waits(_Answer):
    """Hours of one office."""

    provenance: Provenance | None = None
    definition: str | None = None
    buckets: tuple[Bucket, ...] = ()


class DayWait(_Answer):
    """The wait of the served over a day, seconds, and shares of 0..1."""

    mean_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    n: int = 0
    within_15_share: float | None = None
    censored_share: float | None = None
    stitched_share: float | None = None


class Sentiment(_Answer):
    """Inferred from citizens' faces, -1..1; off unless a deployment switched it on."""

    state: Literal["ok", "insufficient", "off"] = "off"
    n: int = 0
    valence: float | None = None
    low: float | None = None
    high: float | None = None


class Today(_Answer):
    """One office's day, Viet Nam's day."""

    day: date
    provenance: Provenance | None = None
    visits: int | None = None
    served: int | None = None
    reneged: int | None = None
    balked: int | None = None
    lost: int | None = None
    wait: DayWait | None = None
    period: Period | None = None
    sentiment: Sentiment | None = None


class Account(_Answer):
    """Who is signed in."""

    username: str
    role: str
    office_id: str | None = None

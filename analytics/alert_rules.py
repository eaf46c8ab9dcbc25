"""When to alert and whom to tell how often: rules by unit or office, each valid from a date on. Pure.

Every rule has a level that raises and another that clears, each with its own duration: between the two levels nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

EVERYWHERE = "*"
"""The scope of a rule for all offices."""

Kind = Literal["wait_over", "counter_closed", "camera_blind", "no_data", "satisfaction_low"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Lang = Literal["vi", "en"]
Verdict = Literal["bad", "good", "between", "unknown", "over"]
"""``between``: neither level is reached; ``over``: what was watched has ended (the office is closed)."""

Wait = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Lasting = Annotated[int, Field(ge=0, le=86_400)]
Clearing = Annotated[
    int, Field(ge=60, le=86_400, description="A minute at the least: what flaps is raised once a minute at the most")
]
Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    raise_for_s: Lasting = 300
    clear_for_s: Clearing = 300

    def verdict(self, value: float) -> Verdict:
        """What a known value says."""
        raise NotImplementedError


class WaitOver(_Rule):
    """The expected wait of an office lies over the target. The value is in seconds."""

    kind: Literal["wait_over"] = "wait_over"
    raise_above_s: Wait = 900.0
    clear_below_s: Wait = 720.0

    @model_validator(mode="after")
    def _apart(self) -> WaitOver:
        if self.clear_below_s > self.raise_above_s:
            raise ValueError("clear_below_s lies at raise_above_s or below")
        return self

    def verdict(self, value: float) -> Verdict:
        return "bad" if value > self.raise_above_s else "good" if value < self.clear_below_s else "between"


class CounterClosed(_Rule):
    """People wait while a counter is closed. The value is how many wait; 0 where no counter is closed."""

    kind: Literal["counter_closed"] = "counter_closed"
    raise_from_waiting: Annotated[int, Field(ge=1, le=10_000)] = 6
    clear_to_waiting: Annotated[int, Field(ge=0, le=10_000)] = 2

    @model_validator(mode="after")
    def _apart(self) -> CounterClosed:
        if self.clear_to_waiting >= self.raise_from_waiting:
            raise ValueError("clear_to_waiting lies below raise_from_waiting")
        return self

    def verdict(self, value: float) -> Verdict:
        return "bad" if value >= self.raise_from_waiting else "good" if value <= self.clear_to_waiting else "between"


class CameraBlind(_Rule):
    """A camera does not see. The value is 1 while it does not, 0 while it does."""

    kind: Literal["camera_blind"] = "camera_blind"
    raise_for_s: Lasting = 180
    clear_for_s: Clearing = 120

    def verdict(self, value: float) -> Verdict:
        return "bad" if value >= 1 else "good"


class NoData(_Rule):
    """Nothing is heard from a camera box. The value is the seconds since it was heard last."""

    kind: Literal["no_data"] = "no_data"
    raise_for_s: Lasting = 120
    clear_for_s: Clearing = 120
    silent_above_s: Annotated[float, Field(ge=60, le=86_400, allow_inf_nan=False)] = 180.0
    heard_below_s: Annotated[float, Field(ge=1, le=86_400, allow_inf_nan=False)] = 60.0

    @model_validator(mode="after")
    def _apart(self) -> NoData:
        if self.heard_below_s > self.silent_above_s:
            raise ValueError("heard_below_s lies at silent_above_s or below")
        return self

    def verdict(self, value: float) -> Verdict:
        return "bad" if value > self.silent_above_s else "good" if value < self.heard_below_s else "between"


class SatisfactionLow(_Rule):
    """The share of satisfied answers lies below the target with its whole 95 % interval. The value is the interval's upper end."""

    kind: Literal["satisfaction_low"] = "satisfaction_low"
    raise_for_s: Lasting = 0
    clear_for_s: Clearing = 3600
    days: Annotated[int, Field(ge=1, le=366)] = 7
    min_n: Annotated[int, Field(ge=5, le=100_000)] = 30
    target_share: Share = 0.95
    clear_from_share: Share = 0.96

    @model_validator(mode="after")
    def _apart(self) -> SatisfactionLow:
        if self.clear_from_share < self.target_share:
            raise ValueError("clear_from_share lies at target_share or above")
        return self

    def verdict(self, value: float) -> Verdict:
        return "bad" if value < self.target_share else "good" if value >= self.clear_from_share else "between"


class Quiet(BaseModel):
    """Hours in which nobody is told, Viet Nam's time of day; they may span midnight. ISO weekday of the beginning, None: every day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    begins: time
    ends: time
    weekday: Annotated[int, Field(ge=1, le=7)] | None = None

    @model_validator(mode="after")
    def _some_time(self) -> Quiet:
        if self.begins == self.ends or self.begins.tzinfo or self.ends.tzinfo:
            raise ValueError("quiet hours begin and end at different times of day, without a time zone")
        return self


class Telling(BaseModel):
    """How an office's alerts leave the page: the most messages an hour, and the quiet hours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["telling"] = "telling"
    enabled: bool = True
    per_hour: Annotated[int, Field(ge=1, le=60)] = 4
    quiet: Annotated[tuple[Quiet, ...], Field(max_length=28)] = (Quiet(begins=time(18), ends=time(6, 30)),)

    def is_quiet(self, local: datetime) -> bool:
        """Whether nobody is told at an instant, given in Viet Nam's time."""
        return any(_within(span, local) for span in self.quiet)


Rule = WaitOver | CounterClosed | CameraBlind | NoData | SatisfactionLow
Setting = Rule | Telling
SETTING: TypeAdapter[Setting] = TypeAdapter(Annotated[Setting, Field(discriminator="kind")])
DEFAULTS: dict[str, Setting] = {
    "wait_over": WaitOver(),
    "counter_closed": CounterClosed(),
    "camera_blind": CameraBlind(),
    "no_data": NoData(),
    "satisfaction_low": SatisfactionLow(),
    "telling": Telling(),
}


@dataclass(frozen=True, slots=True)
class Held:
    """A setting in force, where it was set and since when; ``valid_from`` is None for the product's own default."""

    setting: Setting
    scope_id: str
    valid_from: date | None


@dataclass(frozen=True, slots=True)
class Given:
    """One row of settings, in the order in which they were written (``setting_id``)."""

    setting_id: int
    scope_id: str
    valid_from: date
    setting: Setting


class Rules:
    """Which setting holds for an office on a day: the nearest scope that has one (office, its unit, its province, all offices)."""

    def __init__(self, given: Iterable[Given], parents: Mapping[str, str | None], day: date) -> None:
        self._parents = parents
        newest: dict[tuple[str, str], Given] = {}
        for row in given:
            key = (row.scope_id, row.setting.kind)
            if row.valid_from <= day and (key not in newest or _order(newest[key]) < _order(row)):
                newest[key] = row
        self._newest = newest

    def held(self, office_id: str, kind: str) -> Held:
        """The setting of a kind."""
        for scope in self.scopes(office_id):
            row = self._newest.get((scope, kind))
            if row is not None:
                return Held(row.setting, scope, row.valid_from)
        return Held(DEFAULTS[kind], EVERYWHERE, None)

    def rule(self, office_id: str, kind: Kind) -> Rule:
        """The rule of a kind."""
        setting = self.held(office_id, kind).setting
        assert not isinstance(setting, Telling)
        return setting

    def telling(self, office_id: str) -> Telling:
        """How often an office's alerts are told."""
        setting = self.held(office_id, "telling").setting
        assert isinstance(setting, Telling)
        return setting

    def scopes(self, office_id: str) -> Sequence[str]:
        """The office, what is above it, and all offices."""
        found: list[str] = []
        scope: str | None = office_id
        while scope and scope not in found:
            found.append(scope)
            scope = self._parents.get(scope)
        return [*(s for s in found if s != EVERYWHERE), EVERYWHERE]


def setting_of(kind: str, body: Mapping[str, Any]) -> Setting:
    """A setting from what the database holds. Raises pydantic.ValidationError."""
    return SETTING.validate_python({**body, "kind": kind})


def _order(row: Given) -> tuple[date, int]:
    return row.valid_from, row.setting_id


def _within(span: Quiet, local: datetime) -> bool:
    clock, today = local.time(), local.isoweekday()
    yesterday = (today - 2) % 7 + 1
    if span.begins < span.ends:
        return span.begins <= clock < span.ends and span.weekday in (None, today)
    return (clock >= span.begins and span.weekday in (None, today)) or (
        clock < span.ends and span.weekday in (None, yesterday)
    )

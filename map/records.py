"""The kinds of records that administrators keep: which model checks each, and how a file of them is read. Pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from motcua.map.facts import EVERY, Access, Holiday, Procedure, parse_time, takers
from motcua.map.formats import Row, rows_of
from motcua.map.office import Day, Name, Office, OfficeId, Text, tidy
from motcua.map.offices import Problem, problems_of

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LEVELS = frozenset(("all", "province", "district", "commune"))


def _spans(value: object) -> object:
    """Spans of a day as `07:30-11:30 13:30-17:00`, in order."""
    value = tidy(value)
    if value is None:
        return None
    spans: list[tuple[time, time]] = []
    for word in re.sub(r"\s*[-–]\s*", "-", str(value)).replace(",", " ").split():
        ends = [end for end in map(parse_time, word.split("-")) if isinstance(end, time)]
        if len(ends) != 2 or word.count("-") != 1:
            raise PydanticCustomError("time", "{shown} is not a span; write it as 07:30-11:30", {"shown": repr(word)})
        spans.append((ends[0], ends[1]))
    spans.sort()
    for opens, closes in spans:
        if closes <= opens:
            given = {"closes": f"{closes:%H:%M}", "opens": f"{opens:%H:%M}"}
            raise PydanticCustomError("hours_order", "closes at {closes}, which is not after {opens}", given)
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        raise PydanticCustomError("overlap", "has spans that overlap")
    return " ".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in spans)


def _ids(value: object) -> object:
    """Ids with spaces or commas between, in order, each once."""
    value = tidy(value)
    return " ".join(sorted(set(str(value).replace(",", " ").split()))) if value is not None else None


Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"), BeforeValidator(tidy)]
Spans = Annotated[str | None, Field(max_length=120), BeforeValidator(_spans)]
Ids = Annotated[str | None, Field(max_length=20_000), BeforeValidator(_ids)]


class Counter(BaseModel):
    """A counter of an office; `counter_id` is its name in every message. `lanes`: whom it receives, empty is everybody."""

    office_id: OfficeId
    counter_id: Id
    name: Name
    lanes: Ids = None
    note: Text = None
    valid_to: Day = None


class Week(BaseModel):
    """The hours of one office by weekday; a day without spans is closed, a week without any is unknown."""

    office_id: OfficeId
    mon: Spans = None
    tue: Spans = None
    wed: Spans = None
    thu: Spans = None
    fri: Spans = None
    sat: Spans = None
    sun: Spans = None
    source: Text = None


class Listed(Procedure):
    """A procedure of the province's list, and until when it is in force."""

    valid_to: Day = None


class Taken(BaseModel):
    """The procedures that one office takes; empty is unknown."""

    office_id: OfficeId
    procedures: Ids = None


KINDS: dict[str, type[BaseModel]] = {
    "offices": Office,
    "counters": Counter,
    "hours": Week,
    "holidays": Holiday,
    "access": Access,
    "procedures": Listed,
    "taken": Taken,
}
_KEYS = {"holidays": "day", "procedures": "procedure_id"}


@dataclass(frozen=True, slots=True)
class Told:
    """A record as it is kept (text, numbers, yes or no, None), or why it is none."""

    values: dict[str, Any] | None
    problems: tuple[Problem, ...]


class Records:
    """What the API is handed to check records and read files of them."""

    def columns(self, kind: str) -> Collection[str]:
        """The fields that a file of this kind may have."""
        return KINDS[kind].model_fields.keys()

    def read(self, kind: str, name: str, data: bytes) -> list[Row]:
        """The rows of a file. Raises FileRefused."""
        return rows_of(name, data, _KEYS.get(kind, "office_id"), geojson=kind == "offices")

    def check(
        self, kind: str, where: str, values: Mapping[str, Any], levels: Mapping[str, str], procedures: Collection[str]
    ) -> Told:
        """One record by itself. `levels`: every office with its level; `procedures`: the ids that exist."""
        try:
            given = KINDS[kind].model_validate(dict(values))
        except ValidationError as error:
            return Told(None, tuple(problems_of(where, error)))
        problems = tuple(_strangers(where, given, levels, procedures))
        if problems:
            return Told(None, problems)
        kept = {key: _kept(value) for key, value in _columns(given).items()}
        if isinstance(given, Procedure):
            kept["offices"] = " ".join(takers(given, levels)) or None
        return Told(kept, ())


def _columns(given: BaseModel) -> Mapping[str, Any]:
    return given.row() if isinstance(given, Office) else given.model_dump()


def _kept(value: object) -> object:
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return value.isoformat() if isinstance(value, date) else value


def _strangers(where: str, given: BaseModel, levels: Mapping[str, str], procedures: Collection[str]) -> list[Problem]:
    """Offices and procedures that do not exist."""
    if isinstance(given, Procedure):
        words = sorted(set((given.offices or "").split()) - _LEVELS - set(levels))
        return [Problem(where, "offices", f"there is no office {w!r}", "no_office", w) for w in words[:5]]
    found = []
    if isinstance(given, Taken):
        words = sorted(set((given.procedures or "").split()) - set(procedures))
        found = [Problem(where, "procedures", f"there is no procedure {w!r}", "no_procedure", w) for w in words[:5]]
    office = getattr(given, "office_id", EVERY)
    if not isinstance(given, Office) and office not in levels and not (office == EVERY and isinstance(given, Holiday)):
        found.append(Problem(where, "office_id", f"there is no office {office!r}", "no_office", office))
    return found

"""Files of hours, holidays, access and procedures: every line checked by itself, every error with its line and field.

Nothing is invented: what a file does not say stays unknown.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from motcua.map.formats import Row, read_table
from motcua.map.office import Name, OfficeId, Text, tidy
from motcua.map.offices import Problem, problems_of

EVERY = "*"
_DAYS = {"t2": 1, "t3": 2, "t4": 3, "t5": 4, "t6": 5, "t7": 6, "cn": 7} | {str(n): n for n in range(1, 8)}
_YES, _NO = {"yes", "true", "1", "có", "co", "x"}, {"no", "false", "0", "không", "khong"}


def parse_time(value: object) -> object:
    value = tidy(value)
    if value is None or isinstance(value, time):
        return value
    found = re.fullmatch(r"([01]?\d|2[0-3])[:hg.]([0-5]\d)?", str(value).strip().lower())
    if not found:
        raise PydanticCustomError("time", "{shown} is not a time of day; write it as 07:30", {"shown": repr(value)})
    return time(int(found[1]), int(found[2] or 0))


def _yes(value: object) -> object:
    value = tidy(value)
    if value is None or isinstance(value, bool):
        return value
    word = str(value).lower()
    if word not in _YES | _NO:
        raise PydanticCustomError(
            "yesno", "{shown} is neither yes nor no; leave it empty where it is not known", {"shown": repr(value)}
        )
    return word in _YES


def _link(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"https?://[^\s<>\"']+", value):
        raise PydanticCustomError("link", "{shown} is not an address that begins with https://", {"shown": repr(value)})
    return value


TimeOfDay = Annotated[time | None, BeforeValidator(parse_time)]
YesNo = Annotated[bool | None, BeforeValidator(_yes)]
Link = Annotated[str | None, Field(max_length=500), AfterValidator(_link), BeforeValidator(tidy)]


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hours(_Fact):
    """A span in which an office is open on some days of the week; `weekday` is 1 to 7, `1-5`, or T2 to CN."""

    office_id: OfficeId
    weekday: Annotated[tuple[int, ...], BeforeValidator(lambda v: weekdays(v))]
    opens: Annotated[time, BeforeValidator(parse_time)]
    closes: Annotated[time, BeforeValidator(parse_time)]
    source: Text = None

    @model_validator(mode="after")
    def _whole(self) -> "Hours":
        _in_order(self.opens, self.closes)
        return self

    def rows(self) -> list[dict[str, Any]]:
        """Rows of the table `opening_hours`."""
        return [self.model_dump() | {"weekday": day} for day in self.weekday]


class Holiday(_Fact):
    """A day on which an office (or every one) is closed, or open at other times."""

    day: date
    name: Name
    office_id: Annotated[
        str, Field(pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9_.-]{0,63})$"), BeforeValidator(lambda v: tidy(v) or EVERY)
    ] = EVERY
    opens: TimeOfDay = None
    closes: TimeOfDay = None

    @model_validator(mode="after")
    def _whole(self) -> "Holiday":
        _in_order(self.opens, self.closes)
        return self

    def rows(self) -> list[dict[str, Any]]:
        """The row of the table `holiday`."""
        return [self.model_dump()]


class Access(_Fact):
    """Who gets in, and by which lane; empty is unknown."""

    office_id: OfficeId
    wheelchair: YesNo = None
    priority_lane: YesNo = None
    appointment_lane: YesNo = None
    appointment_link: Link = None
    source: Text = None

    def rows(self) -> list[dict[str, Any]]:
        """The row of the table `office_access`."""
        return [self.model_dump()]


class Procedure(_Fact):
    """A procedure of the province's list. `offices`: ids with spaces between, a level (`commune`), or `all`; empty is unknown."""

    procedure_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"), BeforeValidator(tidy)]
    name: Name
    field: Text = None
    link: Link = None
    offices: Annotated[str | None, Field(max_length=20_000), BeforeValidator(tidy)] = None
    source: Text = None

    def rows(self) -> list[dict[str, Any]]:
        """The row of the table `procedure_taken`; who takes it follows from `takers`."""
        return [self.model_dump(exclude={"offices"})]


Fact = TypeVar("Fact", Hours, Holiday, Access, Procedure)
KEYS: dict[type[BaseModel], str] = {Hours: "office_id", Holiday: "day", Access: "office_id", Procedure: "procedure_id"}


@dataclass(frozen=True, slots=True)
class CheckedFacts(Generic[Fact]):
    """What is right in a file, and what is not."""

    facts: tuple[Fact, ...]
    problems: tuple[Problem, ...]


def check_facts(kind: type[Fact], path: Path, levels: Mapping[str, str]) -> CheckedFacts[Fact]:
    """Read and check a file. `levels`: the level of every office that exists, by id. Raises FileRefused."""
    return check_fact_rows(kind, read_table(path, KEYS[kind]), levels)


def check_fact_rows(kind: type[Fact], rows: Iterable[Row], levels: Mapping[str, str]) -> CheckedFacts[Fact]:
    """Check each line by itself, then against those before it."""
    good: list[Fact] = []
    problems: list[Problem] = []
    seen: dict[object, str] = {}
    spans: list[tuple[str, Hours]] = []
    for row in rows:
        if row.fault:
            problems.append(Problem(row.where, None, row.fault, row.code))
            continue
        try:
            fact = kind.model_validate(row.values)
        except ValidationError as error:
            problems += problems_of(row.where, error)
            continue
        found = _strangers(row.where, fact, levels)
        found += _overlap(row.where, fact, spans) if isinstance(fact, Hours) else _twice(row.where, fact, seen)
        problems += found
        if not found:
            good.append(fact)
    if not good and not problems:
        problems.append(Problem("file", None, "holds no line"))
    return CheckedFacts(tuple(good), tuple(problems))


def takers(procedure: Procedure, levels: Mapping[str, str]) -> list[str]:
    """The ids of the offices that take a procedure; empty where it is not known."""
    found: list[str] = []
    for word in (procedure.offices or "").split():
        if word == "all":
            found += [office for office, level in levels.items() if level != "demo"]
        elif word in ("province", "district", "commune"):
            found += [office for office, level in levels.items() if level == word]
        else:
            found.append(word)
    return sorted(set(found))


def weekdays(value: object) -> tuple[int, ...]:
    """`1-5`, `6`, `T2-T6`, `CN` as numbers, Monday 1. Raises ValueError."""
    if isinstance(value, tuple):
        return value
    ends = [_DAYS.get(end, 0) for end in str(value or "").lower().replace(" ", "").split("-")]
    if not 1 <= len(ends) <= 2 or 0 in ends or ends[0] > ends[-1]:
        raise PydanticCustomError(
            "weekday", "{shown} is not a day of the week; write 1 to 7 (1 is Monday), 1-5, or T2-T6", {"shown": repr(value)}
        )
    return tuple(range(ends[0], ends[-1] + 1))


def _in_order(opens: time | None, closes: time | None) -> None:
    if (opens is None) != (closes is None):
        raise PydanticCustomError("hours_pair", "needs both opens and closes, or neither")
    if opens is not None and closes is not None and closes <= opens:
        raise PydanticCustomError(
            "hours_order",
            "closes at {closes}, which is not after {opens}",
            {"closes": f"{closes:%H:%M}", "opens": f"{opens:%H:%M}"},
        )


def _strangers(where: str, fact: Hours | Holiday | Access | Procedure, levels: Collection[str]) -> list[Problem]:
    if isinstance(fact, Procedure):
        words = set((fact.offices or "").split()) - {"all", "province", "district", "commune"}
        return [
            Problem(where, "offices", f"there is no office {word!r}", "no_office", word)
            for word in sorted(words - set(levels))[:5]
        ]
    known = fact.office_id in levels or (fact.office_id == EVERY and isinstance(fact, Holiday))
    return (
        [] if known else [Problem(where, "office_id", f"there is no office {fact.office_id!r}", "no_office", fact.office_id)]
    )


def _twice(where: str, fact: Holiday | Access | Procedure, seen: dict[object, str]) -> list[Problem]:
    key = (fact.office_id, fact.day) if isinstance(fact, Holiday) else getattr(fact, KEYS[type(fact)])
    if key in seen:
        return [Problem(where, KEYS[type(fact)], f"stands already in {seen[key]}", "duplicate", seen[key])]
    seen[key] = where
    return []


def _overlap(where: str, fact: Hours, seen: list[tuple[str, Hours]]) -> list[Problem]:
    for place, other in seen:
        same = fact.office_id == other.office_id and set(fact.weekday) & set(other.weekday)
        if same and fact.opens < other.closes and other.opens < fact.closes:
            return [Problem(where, "opens", f"overlaps with the hours of {place}", "overlap", place)]
    seen.append((where, fact))
    return []

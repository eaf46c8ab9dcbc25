"""Load and check a file of offices: every error with its place and field, none of them fatal to the rest."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from pydantic import BaseModel, ValidationError

from motcua.map.formats import FileRefused, Row, read_rows
from motcua.map.office import LEVELS, Office

__all__ = ["Checked", "FileRefused", "Problem", "check_file", "check_rows", "todays_offices"]

_FIELDS = frozenset(Office.model_fields)
_OWN = frozenset(
    [
        "control",
        "phone",
        "point_pair",
        "ends_before",
        "swapped",
        "metres",
        "abroad",
        "time",
        "yesno",
        "link",
        "weekday",
        "hours_pair",
        "hours_order",
        "overlap",
        "no_office",
        "no_procedure",
    ]
)
_CODES = {
    "literal_error": "choice",
    "string_pattern": "pattern",
    "string_too_long": "too_long",
    "string_too_short": "missing",
    "string_type": "text",
    "date": "day",
    "float": "number",
    "finite": "number",
}
"""pydantic's kinds of error by their beginning, and ours."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One error: `where` ("feature 3", "line 4"), the field if one is to blame, and what is wrong.

    `code` names the kind of error for those who say it in their own words, `value` is what stood there.
    """

    where: str
    field: str | None
    message: str
    code: str = "other"
    value: str | None = None

    def __str__(self) -> str:
        place = f"{self.where}, {self.field}" if self.field else self.where
        return f"{place}: {self.message}."


@dataclass(frozen=True, slots=True)
class Checked:
    """The offices that are right, and the errors of those that are not."""

    offices: tuple[Office, ...]
    problems: tuple[Problem, ...]

    def by_level(self) -> dict[str, int]:
        counts = Counter[str](office.level for office in self.offices)
        return {level: counts[level] for level in LEVELS if counts[level]}


def check_file(path: Path, known_ids: Collection[str] = ()) -> Checked:
    """Read and check a file. `known_ids` are offices that exist already and may be named as parent. Raises FileRefused."""
    return check_rows(read_rows(path), known_ids)


def check_rows(rows: Iterable[Row], known_ids: Collection[str] = ()) -> Checked:
    """Check each row by itself, then all of them together."""
    good: list[tuple[Row, Office]] = []
    problems: list[Problem] = []
    strangers: set[str] = set()
    for row in rows:
        if row.fault:
            problems.append(Problem(row.where, None, row.fault, row.code))
            continue
        unknown = [name for name in row.values if name not in _FIELDS]
        # A wrong column name would repeat in every row: it is told once, where it first occurs.
        problems += [
            Problem(row.where, name, _unknown(name), "unknown_field", name) for name in unknown if name not in strangers
        ]
        strangers.update(unknown)
        try:
            good.append((row, Office.model_validate({k: v for k, v in row.values.items() if k in _FIELDS})))
        except ValidationError as error:
            problems += problems_of(row.where, error)
    problems += _duplicates(good, "office_id") + _duplicates(good, "code_gso") + _parents(good, known_ids)
    if not good and not problems:
        problems.append(Problem("file", None, "holds no office"))
    return Checked(tuple(office for _, office in good), tuple(problems))


def todays_offices() -> tuple[Office, ...]:
    """The offices that come with the product. Raises ValueError if the shipped file is damaged."""
    with as_file(files("motcua.map.data") / "offices.geojson") as path:
        checked = check_file(path)
    if checked.problems:
        raise ValueError(f"The shipped file of offices is damaged: {checked.problems[0]}")
    return checked.offices


def _unknown(name: str) -> str:
    return f"{name!r} is not a field of an office; see map/data/README.md for their names"


def problems_of(where: str, error: ValidationError) -> list[Problem]:
    return [
        Problem(where, ".".join(map(str, e["loc"])) or None, _sentence(e["type"], e), _code(e["type"], e), _shown(e))
        for e in error.errors()
    ]


def _sentence(kind: str, error: object) -> str:
    """pydantic's words, in ours where they would puzzle."""
    assert isinstance(error, dict)
    value, context = error.get("input"), error.get("ctx", {})
    if kind in _OWN:
        return str(error["msg"])
    if kind == "missing" or value is None:
        return "is missing"
    if kind == "literal_error":
        return f"{value!r} is not one of {context['expected']}"
    if kind == "string_pattern_mismatch":
        return f"{value!r} has characters or a length that are not allowed"
    if kind == "string_too_long":
        return f"is longer than {context['max_length']} characters"
    if kind.startswith("date"):
        return f"{value!r} is not a day written as YYYY-MM-DD"
    if kind.startswith(("float", "finite")):
        return f"{value!r} is not a number"
    return f"{value!r} is not text" if kind == "string_type" else str(error.get("msg", kind)).lower()


def _code(kind: str, error: object) -> str:
    assert isinstance(error, dict)
    if kind in _OWN:
        return kind
    if kind == "missing" or error.get("input") is None:
        return "missing"
    return next((code for begin, code in _CODES.items() if kind.startswith(begin)), "other")


def _shown(error: object) -> str | None:
    assert isinstance(error, dict)
    value = error.get("input")
    return None if value is None or isinstance(value, dict | BaseModel) else str(value)[:60]


def _duplicates(good: list[tuple[Row, Office]], field: str) -> list[Problem]:
    first: dict[str, str] = {}
    problems = []
    for row, office in good:
        value = getattr(office, field)
        if value is None:
            continue
        if value in first:
            problems.append(Problem(row.where, field, f"{value!r} stands already in {first[value]}"))
        else:
            first[value] = row.where
    return problems


def _parents(good: list[tuple[Row, Office]], known_ids: Collection[str]) -> list[Problem]:
    """Parents that do not exist, and chains of parents that never end."""
    parent_of = {office.office_id: office.parent_id for _, office in good}
    problems = []
    for row, office in good:
        parent, seen = office.parent_id, {office.office_id}
        if parent and parent not in parent_of and parent not in known_ids:
            problems.append(Problem(row.where, "parent_id", f"there is no office {parent!r}"))
        while parent and parent not in seen:
            seen.add(parent)
            parent = parent_of.get(parent)
        if parent == office.office_id:
            problems.append(Problem(row.where, "parent_id", "the office is its own parent, directly or through others"))
    return problems

"""What the administration's routes take and give."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

KindName = Literal["offices", "counters", "hours", "holidays", "access", "procedures", "taken"]
State = Literal["active", "retired", "all"]
Value = Annotated[StrictStr, Field(max_length=20_000)] | StrictBool | StrictInt | StrictFloat | None
Values = Annotated[dict[Annotated[str, Field(max_length=64)], Value], Field(max_length=40)]
Version = Annotated[str, Field(pattern=r"^[0-9a-f]{20}$", description="Of the record as it was read")]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class FieldOf(BaseModel):
    """A field of a kind of record; ``most``: characters at most."""

    name: str
    type: str
    required: bool
    most: int
    choices: list[str]
    key: bool


class KindOf(BaseModel):
    """A kind of record. ``every``: each office has exactly one; ``retire``: how it ends, None: it is emptied instead."""

    kind: KindName
    active: int
    retired: int
    may_edit: bool
    may_add: bool
    retire: Literal["day", "remove"] | None


class Overview(BaseModel):
    """What this administrator keeps; ``office_id``: only this unit."""

    office_id: str | None
    kinds: list[KindOf]


class RecordOf(BaseModel):
    """One record. ``version`` goes back with a change."""

    key: str
    version: str
    retired: bool
    values: dict[str, str | bool | int | float | None]


class Listing(BaseModel):
    """Records of a kind; ``total`` counts all that match; ``names``: of the offices that these rows belong to."""

    kind: KindOf
    fields: list[FieldOf]
    total: int
    rows: list[RecordOf]
    names: dict[str, str]


class OneRecord(BaseModel):
    """A record for its form; none for a new one."""

    kind: KindOf
    fields: list[FieldOf]
    record: RecordOf | None


class Write(_Given):
    """A record as it should be. ``version`` None: it is new."""

    values: Values
    version: Version | None = None


class Retire(_Given):
    """End a record; ``day`` is the first day on which it is no longer in force, else today. ``back``: take it in force again."""

    version: Version
    day: Annotated[str, Field(max_length=10)] | None = None
    back: bool = False


class ProblemOf(BaseModel):
    """One error: ``where`` is ``form``, ``line 4``, ``feature 2`` or ``file``; ``code`` is one of docs/administration.md."""

    where: str
    field: str | None
    code: str
    message: str
    value: str | None


class Invalid(BaseModel):
    """Nothing was written, and why."""

    detail: str
    problems: list[ProblemOf]


class FieldChange(BaseModel):
    """One field before and after."""

    field: str
    old: str | bool | int | float | None
    new: str | bool | int | float | None


class RecordChange(BaseModel):
    """One record and its fields that change."""

    key: str
    fields: list[FieldChange]


class Preview(BaseModel):
    """What a file would change. ``token`` goes back to write exactly that. The lists hold the first 500; the counts are of all."""

    kind: KindName
    token: str | None
    written: bool
    new: int
    changed: int
    retired: int
    unchanged: int
    new_records: list[RecordOf]
    changed_records: list[RecordChange]
    retired_records: list[RecordChange]
    errors: int
    problems: list[ProblemOf]

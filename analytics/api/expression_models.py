"""What the bias audit answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class IntervalRow(BaseModel):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


class StratumRow(BaseModel):
    """Mean valence in a stratum of the pictures' conditions, and its difference from all others. ``differs``: the interval leaves out 0."""

    dimension: Literal["light", "face_px", "hour", "camera"]
    stratum: str
    n: int = Field(description="Visits")
    days: int = Field(description="Days of cameras")
    state: Literal["ok", "few", "withheld"]
    mean: IntervalRow | None = None
    gap: IntervalRow | None = None
    differs: bool | None = None


class SlopeRow(BaseModel):
    """By how much valence grows under one camera with ``per`` more of a condition."""

    dimension: Literal["light", "face_px"]
    per: float
    n: int
    state: Literal["ok", "few", "withheld"]
    slope: IntervalRow | None = None


class ModelRow(BaseModel):
    """A model that stands in records of the period."""

    model: str
    n: int
    first_at: datetime
    last_at: datetime


class AuditRow(BaseModel):
    """What a model got right on labelled pictures. ``current``: it is the model of the newest records."""

    model: str
    current: bool
    at: datetime
    dataset: str
    pictures: int
    imported_by: str
    report: dict[str, Any]


class BiasAudit(BaseModel):
    """Differences in what was read and, where labelled pictures were evaluated, in errors.

    ``audit``: ``none`` was ever kept; ``other_model``: it has to be run again; ``current``; ``unused``: no records, so no model either.
    """

    since: date
    until: date
    provenance: str | None
    state: Literal["off", "ok"]
    model: str | None
    models: list[ModelRow]
    strata: list[StratumRow]
    slopes: list[SlopeRow]
    unread: dict[str, int] = Field(description="Visits without a figure, by reason, where five shared one")
    least_counters: int
    audit: Literal["none", "other_model", "current", "unused"]
    audits: list[AuditRow]

"""What the API says of targets. Times are seconds, shares 0..1; value null: no target from then on."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from motcua.analytics.targets import Metric


class TargetRow(BaseModel):
    """One target, as it was set."""

    target_id: int
    metric: Metric
    scope: str = Field(description="'*', a level, 'remote', or 'office:' and an id; the nearest decides")
    valid_from: date
    value: float | None
    plan_until: date | None = Field(description="Last day that the source speaks of; the value goes on until another is set")
    source: str
    set_by: str


class InForce(BaseModel):
    """What holds today for a scope that has rows of its own."""

    metric: Metric
    scope: str
    target_id: int
    value: float | None
    carried: bool = Field(description="The source no longer speaks of today: its last number is carried on")


class Targets(BaseModel):
    """Everything that was ever set, oldest first, and what holds today."""

    today: date
    targets: list[TargetRow]
    in_force: list[InForce]


class NewTarget(BaseModel):
    """A target from a date on."""

    model_config = ConfigDict(extra="forbid")

    metric: Annotated[str, Field(max_length=40)]
    scope: Annotated[str, Field(max_length=80, pattern=r"^[^\x00]*$")] = "*"
    valid_from: date
    value: Annotated[float, Field(allow_inf_nan=False)] | None
    source: Annotated[str, Field(min_length=3, max_length=300, pattern=r"^[^\x00]*$", description="Where it stands")]

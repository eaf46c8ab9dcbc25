"""The rule of the yearly rating: bands, points, smallest numbers and terms, valid from a date on. Pure.

What stands here is a proposal: a province confirms or replaces it, with a date, in the table ``attitude_rule``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

FROM_THE_START = date(2022, 1, 1)

Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class Band(BaseModel):
    """A band and the fewest points that reach it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z_]{1,24}$")]
    from_points: Points


class Rule(BaseModel):
    """How ratings become points and bands. Points are ``(score - 1) / 4 * 100`` of the adjusted mean score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    satisfied_from: Annotated[int, Field(ge=2, le=5)] = 4
    target_share: Annotated[float, Field(gt=0, lt=1)] = 0.95
    min_n: Annotated[int, Field(ge=5, le=10_000)] = 30
    min_shifts: Annotated[int, Field(ge=1, le=1000)] = 5
    comment_days: Annotated[int, Field(ge=1, le=365)] = 10
    appeal_days: Annotated[int, Field(ge=1, le=365)] = 15
    bands: Annotated[tuple[Band, ...], Field(min_length=2, max_length=10)] = (
        Band(name="excellent", from_points=90),
        Band(name="good", from_points=80),
        Band(name="fair", from_points=65),
        Band(name="average", from_points=50),
        Band(name="weak", from_points=0),
    )

    @model_validator(mode="after")
    def _descending(self) -> Rule:
        points = [band.from_points for band in self.bands]
        if points != sorted(set(points), reverse=True) or points[-1] != 0:
            raise ValueError("bands go down, no two with the same points, the last one from 0")
        if len({band.name for band in self.bands}) < len(self.bands):
            raise ValueError("two bands have the same name")
        return self

    def band_of(self, points: float, high: float) -> str:
        """The band of ``points``. The lowest one only where the whole interval, up to ``high``, lies in it: doubt is no weakness."""
        found = next(band for band in self.bands if points >= band.from_points)
        lowest, above = self.bands[-1], self.bands[-2]
        return above.name if found == lowest and high >= above.from_points else found.name


DEFAULT = Rule()


def rule_on(day: date, rules: Sequence[tuple[date, Rule]]) -> tuple[date, Rule]:
    """The rule that holds on a day, and from when."""
    held = [(since, rule) for since, rule in rules if since <= day]
    return max(held, key=lambda row: row[0], default=(FROM_THE_START, DEFAULT))

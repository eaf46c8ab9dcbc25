"""What an office's figures are measured against, each target from a date on; which one holds, and the verdict. Pure.

The numbers of the plan are rows of the table ``target`` (migration 0019, with their source). The plan ends with 2025: what it asked for
last goes on until the province sets another target, and is marked as carried on (:meth:`Target.carried`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

Metric = Literal["wait_mean_s", "handling_mean_s", "satisfaction_share", "files_per_person_year", "remote"]
METRICS: tuple[Metric, ...] = get_args(Metric)
LEVELS = ("province", "district", "commune", "demo")
AT_MOST: frozenset[Metric] = frozenset({"wait_mean_s", "handling_mean_s"})
"""Metrics of which less is better."""

RANGES: Mapping[Metric, tuple[float, float]] = {
    "wait_mean_s": (60.0, 14_400.0),
    "handling_mean_s": (60.0, 28_800.0),
    "satisfaction_share": (0.01, 1.0),
    "files_per_person_year": (1.0, 100_000.0),
    "remote": (0.0, 1.0),
}
FIRST, LAST = date(2020, 1, 1), date(2100, 1, 1)

Verdict = Literal["met", "missed", "open"]


class TargetError(ValueError):
    """A target that cannot be set; one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Target:
    """One row: from ``valid_from`` on ``value`` holds for ``scope``; None: no target from then on."""

    target_id: int
    metric: Metric
    scope: str
    valid_from: date
    value: float | None
    plan_until: date | None
    source: str
    set_by: str

    def carried(self, day: date) -> bool:
        """Whether the source no longer speaks of this day, so that its last number is carried on."""
        return self.plan_until is not None and day > self.plan_until


def in_force(
    targets: Iterable[Target], metric: Metric, office_id: str | None, level: str | None, day: date
) -> Target | None:
    """The row that decides for an office (None: for a whole unit, by what holds for everybody) on a day; None: none was ever set.

    Nearest first: the office's own, then ``remote`` where it is marked so, then its level's, then everybody's.
    """
    rows = [t for t in targets if t.valid_from <= day]
    scopes = ["*"] if level is None else [level, "*"]
    if office_id is not None:
        mark = _newest(rows, "remote", f"office:{office_id}")
        scopes = [f"office:{office_id}", *(["remote"] if mark is not None and mark.value == 1 else []), *scopes]
    return next((found for scope in scopes if (found := _newest(rows, metric, scope)) is not None), None)


def _newest(rows: Iterable[Target], metric: Metric, scope: str) -> Target | None:
    own = [t for t in rows if t.metric == metric and t.scope == scope]
    return max(own, key=lambda t: (t.valid_from, t.target_id), default=None)


def verdict(metric: Metric, target: float, low: float | None, high: float | None) -> Verdict:
    """``met`` or ``missed`` where the whole 95 % interval says so, else ``open``."""
    if low is None or high is None:
        return "open"
    if metric in AT_MOST:
        return "met" if high <= target else "missed" if low > target else "open"
    return "met" if low >= target else "missed" if high < target else "open"


def check(metric: str, scope: str, valid_from: date, value: float | None) -> Metric:
    """The metric of a target that may be set. Raises TargetError."""
    found = next((m for m in METRICS if m == metric), None)
    if found is None:
        raise TargetError(f"there is no metric {metric[:40]!r}: choose one of {', '.join(METRICS)}")
    if scope not in ("*", "remote", *LEVELS) and not scope.startswith("office:"):
        raise TargetError("scope is '*', a level, 'remote', or 'office:' and an office's id")
    if not FIRST <= valid_from < LAST:
        raise TargetError(f"valid_from must lie from {FIRST} on, before {LAST}")
    if found == "remote":
        if value not in (0, 1) or not scope.startswith("office:"):
            raise TargetError("remote marks one office: scope 'office:' and its id, value 1 (remote) or 0")
    elif value is not None and not RANGES[found][0] <= value <= RANGES[found][1]:
        low, high = RANGES[found]
        raise TargetError(f"{found} must lie within {low:g} and {high:g}")
    return found

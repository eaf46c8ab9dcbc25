"""Figures from sums: means with their interval, shares with theirs, quantiles with censoring. Pure.

Unknown is None. Everything is in seconds; shares lie in 0..1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

Z95 = 1.959963984540054
BIN_S = 60.0
LAST_BIN = 120

# Two-sided 95 % quantiles of Student's t for 1, 2, 3 … degrees of freedom; further out by the expansion of Cornish and Fisher.
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its 95 % interval; the interval is None for a single observation."""

    n: int
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a minute: waits that ended in it with a service, and waits that were censored in it."""

    index: int
    events: int
    censored: int


def t95(degrees: int) -> float:
    """The factor of a 95 % interval of a mean with this many degrees of freedom (n - 1, at least 1)."""
    if degrees <= len(_T95):
        return _T95[degrees - 1]
    z = Z95
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


def mean_of(n: int, total: float, squares: float, *, floor: float | None = 0.0) -> Mean | None:
    """Mean and Student's interval from count, sum and sum of squares; None for n = 0. ``floor`` cuts the interval below."""
    if n <= 0:
        return None
    mean = total / n
    if n == 1:
        return Mean(1, mean, None, None)
    variance = max(0.0, (squares - n * mean * mean) / (n - 1))
    half = t95(n - 1) * math.sqrt(variance / n)
    low = mean - half
    return Mean(n, mean, low if floor is None else max(floor, low), mean + half)


def wilson(successes: float, n: float) -> tuple[float, float, float] | None:
    """A share with its 95 % interval (Wilson 1927); None for n = 0."""
    if n <= 0:
        return None
    share, z2 = successes / n, Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return share, max(0.0, middle - half), min(1.0, middle + half)


def survival(bins: Iterable[Bin]) -> list[tuple[float, float]]:
    """Kaplan-Meier over bins: [(end of the bin in s, share that waits longer)].

    The life-table form (Cutler and Ederer 1958): who is censored within a bin was at risk for half of it. It stays within a
    bin of Kaplan and Meier's curve over the single waits. Whoever waited longer than the last bin is only known to have
    done so: the curve ends before it.
    """
    rows = sorted((b for b in bins if b.events or b.censored), key=lambda b: b.index)
    at_risk = sum(b.events + b.censored for b in rows)
    curve, alive = [], 1.0
    for b in rows:
        if b.index >= LAST_BIN:
            break
        alive *= 1 - b.events / (at_risk - b.censored / 2)
        at_risk -= b.events + b.censored
        curve.append(((b.index + 1) * BIN_S, alive))
    return curve


def quantile(curve: Sequence[tuple[float, float]], share: float) -> float | None:
    """The wait that ``share`` of the people do not exceed, to the end of its bin; None where the curve does not get there."""
    return next((at for at, alive in curve if alive <= 1 - share + 1e-12), None)


def restricted_mean(curve: Sequence[tuple[float, float]], until_s: float = LAST_BIN * BIN_S) -> float:
    """The area under the curve up to ``until_s``: the mean of waits cut off there. Bins count by their middle."""
    area, last_at, alive = 0.0, 0.0, 1.0
    for at, below in curve:
        middle = at - BIN_S / 2
        area += alive * (middle - last_at)
        last_at, alive = middle, below
    return area + alive * max(0.0, until_s - last_at)


def live_wait(
    samples: Sequence[Mapping[str, object]], provenance: str | None, now: datetime, stale_after_s: float
) -> dict[str, object]:
    """The wait now of one office from the newest sample of each of its queues, all of one provenance.

    Each sample: ``at`` (aware), ``state``, ``waiting``, ``expected_wait_s``, ``low_s``, ``high_s``, ``n``, ``blind``, ``part``. Fresh samples
    with a figure are averaged by the people they stand for; the interval spans theirs. Without any the state is that of the
    freshest sample, ``stale`` when it is older than ``stale_after_s``, and the figures are None; ``blind`` says why a camera is.
    """
    empty: dict[str, object] = dict.fromkeys(("expected_wait_s", "low_s", "high_s", "waiting", "as_of", "age_s", "method"))
    if not samples:
        return {"state": "unknown", "n": 0, "provenance": None, **empty}

    def age(sample: Mapping[str, object]) -> float:
        at = sample["at"]
        assert isinstance(at, datetime)
        return max(0.0, (now - at).total_seconds())

    fresh = [s for s in samples if age(s) <= stale_after_s]
    # What a counter alone sees says nothing of the queue: its state counts only where nobody else speaks.
    newest = min(fresh or samples, key=lambda s: (s.get("part") == "services", age(s)))
    known = [s for s in fresh if s["state"] == "ok"]
    seen = [_number(s["waiting"]) for s in fresh if s["waiting"] is not None]
    answer = empty | {
        "state": "ok" if known else (str(newest["state"]) if fresh else "stale"),
        "n": sum(int(_number(s["n"])) for s in fresh),
        "provenance": provenance,
        "as_of": newest["at"],
        "age_s": age(newest),
        "waiting": int(sum(seen)) if seen else None,
    }
    if answer["state"] == "blind":
        answer["blind"] = newest.get("blind")
    if known:
        weights = [1.0 + _number(s["waiting"]) for s in known]
        total = sum(weights)
        oldest = max(known, key=age)
        answer |= {
            "expected_wait_s": sum(w * _number(s["expected_wait_s"]) for w, s in zip(weights, known, strict=True)) / total,
            "low_s": min(_number(s["low_s"]) for s in known),
            "high_s": max(_number(s["high_s"]) for s in known),
            "as_of": oldest["at"],
            "age_s": age(oldest),
            "method": "camera"
            if provenance in ("camera", "replay")
            else "model"
            if provenance == "simulated"
            else "tickets",
        }
    return answer


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)

"""Sums of the last hour and of counters become figures. Pure: time is an argument."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from motcua.analytics.waits import Mean, mean_of

STEP = timedelta(minutes=5)
STEPS = 12

Row = Mapping[str, Any]


def steps(at: datetime) -> list[datetime]:
    """The beginnings of the steps of the last hour, oldest first; the last one holds ``at``."""
    last = at - timedelta(minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond)
    return [last - STEP * back for back in reversed(range(STEPS))]


def trend(rows: Iterable[Row], at: datetime) -> list[float | None]:
    """Mean expected wait of each step from rows of ``queue_trend``, seconds, over all samples that had a figure; None where none had."""
    total: dict[datetime, tuple[int, float]] = {}
    for row in rows:
        n, waits = total.get(row["step"], (0, 0.0))
        total[row["step"]] = n + int(row["ok_n"]), waits + float(row["expected_sum"])
    return [round(total[s][1] / total[s][0], 1) if s in total else None for s in steps(at)]


def holders(queues: Sequence[Row], counter_id: str) -> list[Row]:
    """The queues that a counter serves: those whose sample names it. Where its camera sees counters alone, the hall's."""
    seen = [q for q in queues if _names(q, counter_id)]
    whole = [q for q in seen if q["sample"].get("part") != "services"]
    return whole or [q for q in queues if q["sample"].get("part") != "services"]


def sources_of(queues: Sequence[Row], counter_id: str) -> list[str]:
    """The cameras that see a counter."""
    return sorted({q["source_id"] for q in queues if _names(q, counter_id)})


def shared_with(queues: Sequence[Row], counter_id: str) -> list[str]:
    """The other counters of its queues."""
    held = holders(queues, counter_id)
    named = {c["counter_id"] for q in held for c in q["sample"]["counters"]}
    if any(
        q["sample"].get("part") == "arrivals" for q in held
    ):  # a hall's camera names no counter: every one serves its queue
        named |= {c["counter_id"] for q in queues for c in q["sample"]["counters"]}
    return sorted(named - {counter_id})


def mean(rows: Sequence[Row], kind: str) -> Mean | None:
    """Mean of ``wait`` or ``service`` over rows of ``counter_hours``; without sums of squares there is no interval."""
    n = sum(int(row.get(f"{kind}_n") or 0) for row in rows)
    total = sum(float(row.get(f"{kind}_sum") or 0) for row in rows)
    if any(row.get(f"{kind}_n") and row.get(f"{kind}_sum2") is None for row in rows):
        return Mean(n, total / n, None, None) if n else None
    return mean_of(n, total, sum(float(row.get(f"{kind}_sum2") or 0) for row in rows))


def by(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """Rows grouped."""
    grouped: dict[Any, list[Row]] = {}
    for row in rows:
        grouped.setdefault(key(row), []).append(row)
    return grouped


def _names(queue: Row, counter_id: str) -> bool:
    return any(c["counter_id"] == counter_id for c in queue["sample"]["counters"])

"""Rows become answers: pure, with time as an argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from motcua.analytics.api.models import (
    Bucket,
    CounterNow,
    LiveOffice,
    OfficeLive,
    Period,
    SentimentToday,
    SourceNow,
    Today,
    Wait,
    Waits,
    WaitToday,
)
from motcua.analytics.api.periods import hour_until_service
from motcua.analytics.estimates import Waiting
from motcua.analytics.store import PREFERENCE, best
from motcua.analytics.waits import live_wait, mean_of

Row = Mapping[str, Any]
HOUR = timedelta(hours=1)
_COUNTS = (
    "visits", "served", "reneged", "balked", "lost", "wait_n", "wait_sum", "wait_sum2", "within_15_n", "censored_n",
    "stitched_n",
)  # fmt: skip


def by_office(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows grouped by their office."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["office_id"], []).append(row)
    return grouped


def counted(visits: Sequence[Row], parts: Sequence[Row]) -> list[Row]:
    """Rows of ``counts`` with the people added who were only counted, by cameras of parts of a queue: they have no visit and no wait.

    reneged is None where a part of the office is watched and none of its doors; balked and lost where there is no visit at all.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {(r["office_id"], r["provenance"]): dict(r) for r in visits}
    for part in parts:
        key = (part["office_id"], part["provenance"])
        unseen = {"office_id": key[0], "provenance": key[1], "balked": None, "lost": None}
        row = found.setdefault(key, dict.fromkeys(_COUNTS, 0) | unseen)
        row["visits"] += part["joined"]
        row["served"] += part["started"]
        left = part["left_unserved"]
        row["reneged"] = None if left is None else row["reneged"] + left
    return list(found.values())


def subtree(offices: Sequence[Row], root: str | None) -> set[str]:
    """The ids of an office and everything below it; of all offices for None."""
    if root is None:
        return {o["office_id"] for o in offices}
    found, frontier = {root}, [root]
    children: dict[str, list[str]] = {}
    for office in offices:
        if office["parent_id"]:
            children.setdefault(office["parent_id"], []).append(office["office_id"])
    while frontier:
        below = [c for c in children.get(frontier.pop(), []) if c not in found]
        found.update(below)
        frontier += below
    return found


def wait_of(queues: Sequence[Row], provenance: str | None, now: datetime, stale_after_s: float) -> Wait:
    """The wait now, from the newest samples of one provenance."""
    samples = [{**q["sample"], "at": q["at"]} for q in queues if q["provenance"] == provenance]
    return _rounded(Wait.model_validate(live_wait(samples, provenance, now, stale_after_s)))


def live_office(
    office: Row, queues: Sequence[Row], counts: Sequence[Row], now: datetime, stale_after_s: float
) -> LiveOffice:
    """One office for its supervisor. Data of several provenances are never added up: the best one is shown."""
    provenance = best([*(q["provenance"] for q in queues), *(c["provenance"] for c in counts)])
    own = [q for q in queues if q["provenance"] == provenance]
    fresh = [q["sample"] for q in own if (now - q["at"]).total_seconds() <= stale_after_s]
    today = next((c for c in counts if c["provenance"] == provenance), None)
    wait = wait_of(own, provenance, now, stale_after_s)
    return LiveOffice.model_validate(
        {
            **office,
            "wait": wait if own else wait.model_copy(update={"provenance": provenance}),
            "in_service": _total(fresh, "in_service"),
            "open_counters": _total(fresh, "open_counters"),
            "oldest_wait_s": _oldest(fresh),
            "visits_today": today["visits"] if today else 0,
            "served_today": today["served"] if today else 0,
            "last_seen_at": max((q["at"] for q in own), default=None),
        }
    )


def office_live(
    office: LiveOffice,
    queues: Sequence[Row],
    served: Sequence[Row],
    sources: Sequence[Row],
    now: datetime,
    stale_after_s: float,
) -> OfficeLive:
    """One office with its counters and sources."""
    provenance = office.wait.provenance
    totals = {row["counter_id"]: int(row["served"]) for row in served if row["provenance"] == provenance}
    counters: dict[str, CounterNow] = {}
    for q in queues:
        if q["provenance"] != provenance:
            continue
        stale = (now - q["at"]).total_seconds() > stale_after_s
        state = "stale" if stale else q["sample"]["state"]
        for c in q["sample"]["counters"]:
            known = not stale and state not in ("blind", "unknown")
            counters[c["counter_id"]] = CounterNow(
                counter_id=c["counter_id"],
                in_service=c["in_service"] if known else None,
                open=c["open"] if known else None,
                state=state,
                served_today=totals.get(c["counter_id"], 0),
                as_of=q["at"],
            )
    for counter_id in totals.keys() - counters.keys():
        counters[counter_id] = CounterNow(
            counter_id=counter_id, in_service=None, open=None, state="unknown", served_today=totals[counter_id], as_of=None
        )
    return OfficeLive(
        **office.model_dump(),
        counters=sorted(counters.values(), key=lambda c: c.counter_id),
        sources=[source(row) for row in sources],
    )


def source(row: Row) -> SourceNow:
    """One source."""
    return SourceNow.model_validate(row, from_attributes=False, extra="ignore")


def waits(
    rows: Sequence[Row], arrived: Sequence[Row], waiting: Sequence[Waiting], provenance: str | None, whole: Period
) -> Waits:
    """Every hour of the span, those without visits too. arrived: rows of ``waits_by_arrival``."""
    known = {row["bucket"]: row for row in rows}
    buckets = []
    start = whole.since
    while start < whole.until:
        row = known.get(start)
        bucket = _bucket(row, start) if row else Bucket(start=start, end=start + HOUR, n=0)
        by_arrival = hour_until_service(arrived, waiting, start)
        buckets.append(bucket.model_copy(update={"until_service": by_arrival}))
        start += HOUR
    return Waits.model_validate({"provenance": provenance, "buckets": buckets, "period": whole})


def today(day: date, counts: Sequence[Row], sentiment: Sequence[Row], sources: Sequence[Row], whole: Period) -> Today:
    """One office's day."""
    provenance = best(c["provenance"] for c in counts)
    row = next((c for c in counts if c["provenance"] == provenance), None)
    return Today.model_validate(
        {
            "day": day,
            "provenance": provenance,
            **{key: row[key] if row else 0 for key in ("visits", "served", "reneged", "balked", "lost")},
            "wait": _wait_today(row) if row else None,
            "period": whole,
            "sentiment": sentiment_today(sentiment, sources),
        }
    )


def sentiment_today(rows: Sequence[Row], sources: Sequence[Row]) -> SentimentToday:
    """The day's sentiment of one provenance and model: the real one with most visits behind it."""
    usable = sorted(rows, key=lambda r: (PREFERENCE.index(r["provenance"]), -r["n"]))
    if not usable:
        on = any((s["health"] or {}).get("sentiment_on") for s in sources)
        return SentimentToday(state="insufficient" if on else "off")
    row = usable[0]
    mean = mean_of(int(row["n"]), row["valence_sum"], row["valence_sum2"], floor=None)
    assert mean is not None, "a period holds five visits or more"
    assert mean.low is not None
    assert mean.high is not None
    total = sum(row["class_sums"].values())
    return SentimentToday(
        state="ok",
        n=mean.n,
        valence=round(mean.mean, 3),
        low=round(max(-1.0, mean.low), 3),
        high=round(min(1.0, mean.high), 3),
        class_shares={label: round(value / total, 3) for label, value in row["class_sums"].items()},
        model=row["model"],
    )


def _wait_today(row: Row) -> WaitToday | None:
    mean = mean_of(row["wait_n"], float(row["wait_sum"]), float(row["wait_sum2"]))
    if mean is None:
        return None
    joined = row["visits"] - row["balked"]
    return WaitToday(
        mean_s=_r(mean.mean),
        low_s=_maybe(mean.low),
        high_s=_maybe(mean.high),
        n=mean.n,
        within_15_share=round(row["within_15_n"] / mean.n, 4),
        censored_share=round(row["censored_n"] / joined, 4),
        stitched_share=round(row["stitched_n"] / joined, 4),
    )


def _bucket(row: Row, start: datetime) -> Bucket:
    n = row["wait_n"] or 0
    mean = mean_of(n, float(row["wait_sum"] or 0), float(row["wait_sum2"] or 0))
    joined = row["joined"] or 0
    return Bucket(
        start=start,
        end=start + HOUR,
        n=n,
        mean_s=_maybe(mean.mean if mean else None),
        low_s=_maybe(mean.low if mean else None),
        high_s=_maybe(mean.high if mean else None),
        max_s=_maybe(row["wait_max"]),
        within_15_share=round((row["within_15_n"] or 0) / n, 4) if n else None,
        served=row["served"] or 0,
        reneged=row["reneged"] or 0,
        lost=row["lost"] or 0,
        censored_share=round((row["censored_n"] or 0) / joined, 4) if joined else None,
        stitched_share=round((row["stitched_n"] or 0) / joined, 4) if joined else None,
    )


def _rounded(wait: Wait) -> Wait:
    keys = ("expected_wait_s", "low_s", "high_s", "age_s")
    return wait.model_copy(update={key: _maybe(getattr(wait, key)) for key in keys})


def _r(value: float) -> float:
    return round(float(value), 1)


def _maybe(value: float | None) -> float | None:
    return None if value is None else _r(value)


def _total(samples: Sequence[Row], key: str) -> int | None:
    values = [s[key] for s in samples if s[key] is not None]
    return sum(values) if values else None


def _oldest(samples: Sequence[Row]) -> float | None:
    return max((s["oldest_wait_s"] for s in samples if s["oldest_wait_s"] is not None), default=None)

"""Rows of the database become observations: pure, with time as an argument. What is not known has the value None."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from motcua.analytics.alert_rules import Rules, SatisfactionLow
from motcua.analytics.alerting import Key, Observation
from motcua.analytics.opening import opening
from motcua.analytics.satisfaction import Day, satisfaction
from motcua.analytics.store import REAL, best
from motcua.analytics.waits import live_wait

Row = Mapping[str, Any]
GONE = timedelta(days=7)
"""A source that was silent for so long is no longer expected to speak."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look at the database found. ``sources``: those that speak by themselves, camera boxes and simulators."""

    offices: Sequence[Row]
    queues: Sequence[Row]
    sources: Sequence[Row]
    spans: Sequence[Row] = ()
    holidays: Sequence[Row] = ()
    satisfaction: Sequence[Observation] = field(default=())


def observe(seen: Seen, now: datetime, stale_after_s: float) -> list[Observation]:
    """Every office's observations. An office with unknown hours counts as open, since nothing says that it is not."""
    queues, sources, spans = (_by_office(rows) for rows in (seen.queues, seen.sources, seen.spans))
    found: list[Observation] = []
    is_open: dict[str, bool] = {}
    for office in seen.offices:
        office_id = office["office_id"]
        hours = opening(spans.get(office_id, ()), seen.holidays, office_id, now)
        is_open[office_id] = hours is None or hours.open_now
        of_office = _office(office_id, queues.get(office_id, []), now, stale_after_s, is_open[office_id])
        found += [
            *of_office,
            *_sources(
                office_id, sources.get(office_id, []), queues.get(office_id, []), now, is_open[office_id], stale_after_s
            ),
        ]
    return [*found, *(one for one in seen.satisfaction if one.key.office_id in is_open)]


def _office(office_id: str, queues: Sequence[Row], now: datetime, stale_after_s: float, is_open: bool) -> list[Observation]:
    provenance = best(q["provenance"] for q in queues)
    if provenance is None:
        return []
    own = [{**q["sample"], "at": q["at"]} for q in queues if q["provenance"] == provenance]
    wait = live_wait(own, provenance, now, stale_after_s)
    applies = is_open and wait["state"] != "closed"
    facts = {name: _whole(wait[name]) for name in ("expected_wait_s", "low_s", "high_s", "waiting")}
    expected: Any = wait["expected_wait_s"]
    fresh = [q for q in own if (now - q["at"]).total_seconds() <= stale_after_s and q["state"] in ("ok", "too_few")]
    return [
        Observation(Key(office_id, "wait_over", ""), expected, applies, True, facts, provenance),
        _counters(office_id, fresh, applies, provenance),
    ]


def _counters(office_id: str, fresh: Sequence[Row], applies: bool, provenance: str) -> Observation:
    states: dict[str, bool] = {}
    for sample in fresh:
        for counter in sample.get("counters") or ():
            if counter.get("open") is not None:
                states[counter["counter_id"]] = states.get(counter["counter_id"], False) or counter["open"]
    closed = sorted(name for name, is_open in states.items() if not is_open)
    counts = [s["waiting"] for s in fresh if s.get("part") != "services"]
    known = bool(states) and bool(counts) and all(n is not None for n in counts)
    waiting = sum(counts) if known else None
    value = None if waiting is None else waiting if closed else 0
    facts = {"waiting": waiting, "counters": closed[:20]}
    return Observation(Key(office_id, "counter_closed", ""), value, applies, True, facts, provenance)


def _sources(
    office_id: str, sources: Sequence[Row], queues: Sequence[Row], now: datetime, is_open: bool, stale_after_s: float
) -> list[Observation]:
    found = []
    for source in sources:
        name = source["source_id"]
        silent_s = max(0.0, (now - source["last_seen_at"]).total_seconds())
        if silent_s > GONE.total_seconds():
            continue
        provenance = source["provenance"]
        facts = {"last_seen_at": source["last_seen_at"].isoformat(), "status": source["status"]}
        found.append(Observation(Key(office_id, "no_data", name), silent_s, is_open, False, facts, provenance))
        own = [q for q in queues if q["source_id"] == name and (now - q["at"]).total_seconds() <= stale_after_s]
        blind = [q["sample"].get("blind") for q in own if q["sample"]["state"] == "blind"]
        reported = source["blind"] if (now - source["last_seen_at"]).total_seconds() <= stale_after_s else None
        value = (
            1.0
            if blind or reported
            else 0.0
            if any(q["sample"]["state"] in ("ok", "too_few", "closed") for q in own)
            else None
        )
        reason = next((b for b in (*blind, reported) if b), None)
        found.append(Observation(Key(office_id, "camera_blind", name), value, is_open, False, {"blind": reason}, provenance))
    return found


def asked(
    offices: Iterable[str], days: Sequence[Row], enough: Mapping[str, bool], rules: Rules, satisfied_from: int, today: date
) -> list[Observation]:
    """Satisfaction of every office over the days of its rule up to today. days: rows of ``rating_days`` of the longest such span.

    enough: whether an office's figure may be told to its supervisors. Answers that are not real ones are judged apart, where
    there are no real ones.
    """
    by_office = _by_office(days)
    found = []
    for office_id in offices:
        rule = rules.rule(office_id, "satisfaction_low")
        assert isinstance(rule, SatisfactionLow)
        rows = [row for row in by_office.get(office_id, []) if row["day"] > today - timedelta(days=rule.days)]
        label = best(row["provenance"] for row in rows)
        kinds = REAL if label in REAL else (label,)
        used = [row for row in rows if row["provenance"] in kinds]
        share = satisfaction(_days(used, satisfied_from), rule.target_share)
        known = share is not None and share.n >= rule.min_n and enough.get(office_id, False)
        facts: dict[str, Any] = {}
        if share is not None and known:
            facts = {
                "share": round(share.share, 4),
                "high": round(share.high, 4),
                "n": share.n,
                "target": rule.target_share,
                "days": rule.days,
            }
        value = share.high if share is not None and known else None
        found.append(Observation(Key(office_id, "satisfaction_low", ""), value, True, False, facts, label))
    return found


def _days(rows: Sequence[Row], satisfied_from: int) -> list[Day]:
    sums: dict[Any, list[int]] = {}
    for row in rows:
        one = sums.setdefault(row["day"], [0, 0])
        one[0] += row["n"]
        one[1] += sum(row[f"n{score}"] for score in range(satisfied_from, 6))
    return [Day(n, good) for _, (n, good) in sorted(sums.items())]


def _by_office(rows: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["office_id"], []).append(row)
    return grouped


def _whole(value: object) -> int | None:
    return round(value) if isinstance(value, int | float) else None

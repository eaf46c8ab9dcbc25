"""Rows of ratings become answers: pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from math import exp
from typing import Any

from motcua.analytics.api.rating_models import (
    BesideRow,
    ChannelFigure,
    CounterFigure,
    Figure,
    FindingRow,
    MonthFigure,
)
from motcua.analytics.behind import Behind, behind
from motcua.analytics.integrity import Answer, check
from motcua.analytics.rule import Rule
from motcua.analytics.satisfaction import Day, Pair, beside, satisfaction
from motcua.analytics.store import REAL, best
from motcua.analytics.waits import mean_of

Row = Mapping[str, Any]


def of_one_kind(rows: Iterable[Row]) -> tuple[list[Row], str | None]:
    """The rows to show, and their provenance: real ones of all kinds together, else replayed, else simulated; never mixed."""
    rows = list(rows)
    label = best(row["provenance"] for row in rows)
    kinds = REAL if label in REAL else (label,)
    return [row for row in rows if row["provenance"] in kinds], label


def figure(rows: Iterable[Row], served: Iterable[Row] | None, rule: Rule, k_min: int) -> Figure:
    """Satisfaction over rows of ``rating_days``; ``served``: rows of ``served_by_hour`` of the same place, None: not asked for."""
    used, label = of_one_kind(rows)
    days: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    scores = [sum(row[f"n{s}"] for row in used) for s in range(1, 6)]
    for row in used:
        days[row["day"]][0] += row["n"]
        days[row["day"]][1] += sum(row[f"n{s}"] for s in range(rule.satisfied_from, 6))
    found = satisfaction([Day(n, good) for _, (n, good) in sorted(days.items())], rule.target_share)
    through = _served(served, label)
    if found is None:
        return Figure(served=through)
    if found.n < k_min:
        return Figure(state="too_few", n=found.n, served=through, provenance=label)
    return Figure(
        state="ok",
        n=found.n,
        satisfied=found.satisfied,
        share=round(found.share, 4),
        low=round(found.low, 4),
        high=round(found.high, 4),
        design_effect=round(found.design_effect, 2),
        assumes=found.assumes,
        verdict=found.verdict,
        served=through,
        response_rate=round(found.n / through, 4) if through else None,
        scores=scores,
        provenance=label,
    )


def withheld(shown: Figure) -> Figure:
    """The same place with nothing told but that there is something."""
    return Figure(state="withheld", n=None, provenance=shown.provenance) if shown.state != "unknown" else shown


def behind_rows(rows: Iterable[Row], has_roster: bool) -> Behind:
    """How many officers stand behind rows of ``rating_officers``."""
    used, _ = of_one_kind(rows)
    counts: dict[str | None, int] = defaultdict(int)
    for row in used:
        counts[row["officer_id"]] += row["n"]
    return behind(counts, has_roster)


def counters(
    rows: Sequence[Row],
    served: Sequence[Row],
    officers: Sequence[Row],
    rule: Rule,
    k_min: int,
    *,
    all_shown: bool,
    has_roster: bool,
) -> list[CounterFigure]:
    """Each counter; withheld unless everything may be seen or enough officers stand behind it. Null: asked at the door."""
    found = []
    used, _ = of_one_kind(rows)
    for counter in sorted({r["counter_id"] for r in used}, key=lambda c: (c is None, c or "")):
        here = [r for r in used if r["counter_id"] == counter]
        through = None if counter is None else [r for r in served if r["counter_id"] == counter]
        shown = figure(here, through, rule, k_min)
        seen = all_shown or behind_rows((r for r in officers if r["counter_id"] == counter), has_roster).enough
        found.append(CounterFigure(counter_id=counter, figure=shown if seen else withheld(shown)))
    return found


def channels(rows: Sequence[Row], rule: Rule, k_min: int) -> list[ChannelFigure]:
    """Each way of asking."""
    used, _ = of_one_kind(rows)
    names = sorted({r["channel"] for r in used})
    return [
        ChannelFigure(channel=c, figure=figure([r for r in used if r["channel"] == c], None, rule, k_min)) for c in names
    ]


def months(rows: Sequence[Row], rule: Rule, k_min: int) -> list[MonthFigure]:
    """Each month that has answers."""
    used, _ = of_one_kind(rows)
    starts = sorted({r["day"].replace(day=1) for r in used})
    return [
        MonthFigure(month=m, figure=figure([r for r in used if r["day"].replace(day=1) == m], None, rule, k_min))
        for m in starts
    ]


def findings(answers: Sequence[Row], served: Sequence[Row], departures: Sequence[Row], rule: Rule) -> list[FindingRow]:
    """Patterns in one office's answers; counts and departures of the same provenance only."""
    used, label = of_one_kind(answers)
    hours: dict[tuple[str, datetime], int] = defaultdict(int)
    for row in served:
        if row["counter_id"] and _same(row["provenance"], label):
            hours[row["counter_id"], row["bucket"]] += row["served"]
    ends: dict[str, list[datetime]] = defaultdict(list)
    for row in departures:
        if _same(row["provenance"], label):
            ends[row["counter_id"]].append(row["departure_at"])
    given = [Answer(r["counter_id"], r["source_id"], r["channel"], r["score"], r["at"], r["moment"]) for r in used]
    found = check(given, hours, ends, rule.satisfied_from)
    return [
        FindingRow(
            kind=f.kind,
            counter_id=f.counter_id,
            at=f.at,
            n=f.n,
            value=None if f.value is None else round(f.value, 4),
            other=f.other,
        )
        for f in found
    ]


def sentiment(sums: Sequence[Row], rows: Sequence[Row], rule: Rule) -> BesideRow:
    """The newest model's sentiment, and how it goes with the answers of the same days."""
    used, label = of_one_kind(sums)
    if not used:
        return BesideRow(state="off")
    model = max(used, key=lambda r: (r["day"], r["n"]))["model"]
    own = [r for r in used if r["model"] == model]
    n = sum(r["n"] for r in own)
    mean = mean_of(n, sum(r["valence_sum"] for r in own), sum(r["valence_sum2"] for r in own), floor=-1.0)
    if mean is None or mean.low is None or mean.high is None:
        return BesideRow(state="insufficient", n=n, model=model, provenance=label)
    answers, _ = of_one_kind(r for r in rows if _same(r["provenance"], label))
    days: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for r in answers:
        days[r["day"]][0] += r["n"]
        days[r["day"]][1] += sum(r[f"n{s}"] for s in range(rule.satisfied_from, 6))
    by_day: dict[date, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for r in own:
        by_day[r["day"]][0] += r["n"]
        by_day[r["day"]][1] += r["valence_sum"]
    pairs = [Pair(s / k, int(k), *days[d]) for d, (k, s) in sorted(by_day.items()) if d in days]
    found = beside(pairs)
    foretold = None
    if found.fit == "ok" and found.intercept is not None and found.slope is not None:
        foretold = round(1 / (1 + exp(-(found.intercept + found.slope * mean.mean))), 4)
    return BesideRow(
        state="ok",
        n=n,
        valence=round(mean.mean, 3),
        low=round(mean.low, 3),
        high=round(min(1.0, mean.high), 3),
        model=model,
        days=found.days,
        r=_maybe(found.r),
        r_low=_maybe(found.low),
        r_high=_maybe(found.high),
        fit=found.fit,
        calibrated=foretold,
        provenance=label,
    )


def _served(rows: Iterable[Row] | None, label: str | None) -> int | None:
    """People served of the same kind of provenance; None where nobody counted."""
    if rows is None:
        return None
    own = [row["served"] for row in rows if label is None or _same(row["provenance"], label)]
    return sum(own) if own else None


def _same(provenance: str, label: str | None) -> bool:
    return provenance in REAL if label in REAL else provenance == label


def _maybe(value: float | None) -> float | None:
    return None if value is None else round(value, 3)

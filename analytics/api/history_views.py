"""Rows by day become figures of history: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

from motcua.analytics import estimates, history
from motcua.analytics.api.history_models import Between, Difference, HeatCell, Kpi, OfficeWait, Step, WaitFigure
from motcua.analytics.api.rating_models import Figure
from motcua.analytics.estimates import Cell
from motcua.analytics.history import Interval, Moments, moments
from motcua.analytics.kpis import Productivity
from motcua.analytics.store import REAL, best
from motcua.analytics.targets import Metric, Target, in_force, verdict
from motcua.analytics.waits import mean_of

Row = Mapping[str, Any]
MIN_N = 5
"""Fewer waits than this are named and give no figure."""


def chosen(rows: Sequence[Row]) -> dict[str, str]:
    """The provenance to show of each office: the best one that it has."""
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["office_id"], set()).add(row["provenance"])
    return {office: label for office, labels in found.items() if (label := best(labels))}


def of_one_kind(pairs: Mapping[str, str]) -> tuple[dict[str, str], str | None]:
    """The offices that may be added up, and under which label: all real ones together, else replayed, else simulated."""
    label = best(pairs.values())
    kinds = REAL if label in REAL else (label,)
    return {office: p for office, p in pairs.items() if p in kinds}, label


def figure(row: Row | None, provenance: str | None) -> WaitFigure:
    """The waits of a span from sums by day, without quantiles."""
    if row is None or not row.get("joined"):
        return WaitFigure.model_validate({"provenance": provenance})
    counted: dict[str, Any] = {k: int(row[k]) for k in ("days", "joined", "served", "reneged", "lost")}
    n, handled = int(row["wait_n"]), int(row["service_n"])
    known = WaitFigure.model_validate(
        counted
        | {
            "state": "ok" if n >= MIN_N else "too_few",
            "provenance": provenance,
            "n": n,
            "handling_n": handled,
            "censored_share": round(row["censored_n"] / row["joined"], 4),
        }
    )
    served = history.mean(moments(row, "service"), float(row["service_sum2"])) if handled >= MIN_N else None
    if served is not None:
        known = known.model_copy(update={"handling_s": told(served[0])})
    waited = history.mean(moments(row, "wait"), float(row["wait_sum2"])) if n >= MIN_N else None
    if waited is None:
        return known
    return known.model_copy(
        update={
            "mean_s": told(waited[0]),
            "assumes": waited[1],
            "within_15": told(history.share(moments(row, "within_15")), 4),
            "within_30": told(history.share(moments(row, "within_30")), 4),
            "max_s": round(float(row["wait_max"]), 1),
        }
    )


def office_wait(row: Row | None, provenance: str | None) -> OfficeWait:
    """One office of the table."""
    if row is None or not row["joined"]:
        return OfficeWait.model_validate({"provenance": provenance})
    n = int(row["wait_n"])
    waited = history.mean(moments(row, "wait"), float(row["wait_sum2"])) if n >= MIN_N else None
    within = history.share(moments(row, "within_15")) if waited else None
    counted = {"days": row["days"], "joined": row["joined"], "n": n, "provenance": provenance}
    figures = {"mean_s": waited and told(waited[0]), "within_15": told(within, 4)}
    return OfficeWait.model_validate({"state": "ok" if waited else "too_few", **counted, **figures})


def with_quantiles(known: WaitFigure, bins: Sequence[Row], below: Row) -> WaitFigure:
    """The same with median, P90, and the wait of everybody who queued."""
    if known.state != "ok":
        return known
    pairs = [(int(b["wait_bin"]), int(b["n"])) for b in bins]
    every = estimates.figure(
        Cell(int(b["wait_bin"]), int(b["started_n"]), float(b["started_sum"]), int(b["censored"])) for b in bins
    )
    found = {
        name: told(history.quantile_between(pairs, p, _below(below, name))) for name, p in (("median", 0.5), ("p90", 0.9))
    }
    return known.model_copy(
        update={
            "quantiles": "ok",
            "median_s": found["median"],
            "p90_s": found["p90"],
            "until_service_s": None if every is None else told(Interval(every.mean_s, every.low_s, every.high_s)),
        }
    )


def bounds(bins: Sequence[Row]) -> dict[str, int]:
    """The minutes in which median and P90 lie: what ``history_below`` asks."""
    pairs = [(int(b["wait_bin"]), int(b["n"])) for b in bins]
    return {"median_bin": history.quantile_bin(pairs, 0.5), "p90_bin": history.quantile_bin(pairs, 0.9)}


def steps(rows: Sequence[Row]) -> list[Step]:
    """Days, weeks or months."""
    answer = []
    for row in rows:
        one = figure(row, None)
        answer.append(Step(start=row["start"], state=one.state, n=one.n, mean_s=one.mean_s, within_15=one.within_15))
    return answer


def hours(rows: Sequence[Row]) -> list[Step]:
    """Hours; visits count as independent."""
    answer = []
    for row in rows:
        n = int(row["wait_n"])
        mean = mean_of(n, float(row["wait_sum"]), float(row["wait_sum2"])) if n >= MIN_N else None
        share = history.share(Moments(1, n, float(row["within_15_n"]), 0, 0, 0)) if mean else None
        answer.append(
            Step(
                start=row["bucket"],
                state="ok" if mean else "too_few" if row["joined"] else "unknown",
                n=n,
                mean_s=None if mean is None else told(Interval(mean.mean, mean.low, mean.high)),
                within_15=told(share, 4),
            )
        )
    return answer


def heat(rows: Sequence[Row]) -> list[HeatCell]:
    """Hours of the week; hours without anybody are left out, those with too few have no figure."""
    return [
        HeatCell(
            weekday=row["weekday"],
            hour=row["hour"],
            n=row["n"],
            hours=row["hours"],
            mean_s=told(history.ratio(Moments(row["hours"], *(float(row[k]) for k in ("n", "wait_sum", "nn", "sn", "ss")))))
            if row["n"] >= MIN_N
            else None,
        )
        for row in rows
    ]


def differ(a: WaitFigure, b: WaitFigure) -> Difference | None:
    """The first less the second; only figures of one kind are compared."""
    if a.state != "ok" or b.state != "ok" or (a.provenance in REAL) != (b.provenance in REAL):
        return None
    return Difference(
        mean_s=told(_less(a.mean_s, b.mean_s)),
        within_15=told(_less(a.within_15, b.within_15), 4),
    )


def against(
    targets: Sequence[Target], metric: Metric, office: Row | None, first: date, last: date
) -> tuple[Kpi, Target | None]:
    """A card with its target and no figure yet."""
    who, level = (None, None) if office is None else (office["office_id"], office["level"])
    held, before = (in_force(targets, metric, who, level, day) for day in (last, first))
    empty = Kpi(metric=metric, state="unknown")
    if held is None or held.value is None:
        if metric == "files_per_person_year" and office is not None:
            reason: Literal["level", "switched_off"] = "level" if held is None else "switched_off"
            return empty.model_copy(update={"state": "not_applicable", "reason": reason}), None
        if held is not None:
            return empty.model_copy(update={"state": "not_applicable", "reason": "switched_off"}), None
        return empty.model_copy(update={"state": "no_target"}), None
    update = {
        "target": held.value,
        "target_from": held.valid_from,
        "source": held.source,
        "carried": held.carried(last),
        "changed": before is None or before.value != held.value,
    }
    return empty.model_copy(update=update), held


def judged(card: Kpi, found: Between | None, n: int, *, few: bool) -> Kpi:
    """A card with its figure and what its interval says. few: there is something, and too little for a figure."""
    update: dict[str, Any] = {"figure": found, "n": n}
    if found is None:
        update["state"] = "too_few" if few else "unknown"
        if card.state in ("not_applicable", "no_target"):
            update["state"] = card.state
    elif card.target is not None:
        update["state"] = verdict(card.metric, card.target, found.low, found.high)
    return card.model_copy(update=update)


def satisfied(card: Kpi, found: Figure) -> Kpi:
    """The card of satisfaction from asked-for ratings."""
    if found.state == "withheld":
        return card.model_copy(update={"state": "withheld", "n": None})
    share = None
    if found.state == "ok" and found.share is not None:
        share = Between(value=found.share, low=found.low, high=found.high)
    done = judged(card, share, found.n or 0, few=found.state == "too_few")
    return done.model_copy(update={"response_rate": found.response_rate})


def productive(card: Kpi, found: Productivity | None) -> Kpi:
    """The card of productivity; an office that receives fewer files in a year than its target is exempt."""
    if found is None:
        return judged(card, None, 0, few=False)
    figure = None if found.figure is None else told(found.figure, 0)
    done = judged(card, figure, found.days, few=True).model_copy(
        update={
            "of": found.of,
            "by": found.by,
            "days": found.days,
            "office_year": None if found.office_year is None else round(found.office_year),
        }
    )
    if card.target is not None and found.office_year is not None and found.office_year < card.target:
        return done.model_copy(update={"state": "not_applicable", "reason": "fewer_files"})
    return done


def told(found: Interval | None, digits: int = 1) -> Between | None:
    """An interval as the API tells it."""
    if found is None:
        return None
    low, high = (None if x is None else round(x, digits) for x in (found.low, found.high))
    return Between(value=round(found.value, digits), low=low, high=high)


def _less(a: Between | None, b: Between | None) -> Interval | None:
    if a is None or b is None:
        return None
    return history.difference(Interval(a.value, a.low, a.high), Interval(b.value, b.low, b.high))


def _below(row: Row, name: str) -> Moments:
    parts = (row["n"], row[f"{name}_k"], row["nn"], row[f"{name}_kn"], row[f"{name}_kk"])
    return Moments(int(row["days"]), *(float(x) for x in parts))

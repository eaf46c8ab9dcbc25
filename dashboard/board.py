"""The live board as data: what stands in the table, the panels and the map, as texts that the browser only has to place.

The browser keeps what it shows and patches what changed (assets/board.js), so that an update costs it little. Pure: answers in, plain values out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from motcua.dashboard import format as fmt
from motcua.dashboard import spark, tell, tree
from motcua.dashboard.answers import Live, LiveOffice, Trends
from motcua.dashboard.map_view import Tiles, map_view, mercator
from motcua.dashboard.search import COLUMNS, Column, matches, ordered
from motcua.dashboard.states import MARKS, hollow, is_real, mark_of
from motcua.dashboard.words import Lang, Words
from motcua.dashboard.words import words as words_of

Data = dict[str, Any]
FIRST_NAMED = 3
MOST_IN_BANNER = 4
LONGEST_QUERY = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page wants to see: a unit or all, whom it searches, in which order. Values from outside fit or fall back."""

    unit_id: str | None = None
    query: str = ""
    by: Column = "urgency"
    descending: bool = False

    @classmethod
    def of(cls, unit: str | None, query: str | None, by: str | None, descending: str | None) -> Asked:
        """From an address; an order that there is none of is worst first."""
        column: Column = next((c for c in COLUMNS if c == by), "urgency")
        return cls(unit or None, (query or "")[:LONGEST_QUERY], column, descending == "1" and column != "urgency")


def board(live: Live, trends: Trends | None, asked: Asked, words: Words, tiles: Tiles | None = None) -> Data | None:
    """All that the page shows; None where the unit is not there, or not the account's to see."""
    offices = tree.below(live.offices, asked.unit_id)
    if asked.unit_id is not None and not offices:
        return None
    target_s, points = live.target_wait_s, {} if trends is None else trends.by_office()
    found = [o for o in ordered(offices, asked.by, asked.descending, target_s) if matches(asked.query, o)]
    at = (words, target_s)
    way = [] if asked.unit_id is None else tree.way(live.offices, asked.unit_id, words)
    return {
        "at": fmt.iso(live.generated_at),
        "by": asked.by,
        "descending": asked.descending,
        "title": words("live_title") if asked.unit_id is None else way[-1][0],
        "way": way,
        "units": [_unit(u, live.offices, *at) for u in tree.units(live.offices, asked.unit_id)],
        "none": "" if offices else words("no_offices"),
        "nothing": "" if found or not offices else words("nothing_found", query=asked.query),
        "banner": banner(offices, words),
        "summary": summary(offices, target_s, words),
        "count": words("shown", shown=fmt.number(len(found), words.lang), total=fmt.number(len(offices), words.lang)),
        "all": words("show_all", n=fmt.number(len(found), words.lang)),
        "meaning": words("def_wait_now", target=_minutes(target_s, words)),
        "scale": words("trend_scale", target=_minutes(target_s, words), top=_minutes(spark.TOP * target_s, words)),
        "legend": legend(target_s, words),
        "map": map_view(offices, target_s, words, tiles),
        "rows": [_row(o, points.get((o.office_id, o.wait.provenance), ()), *at) for o in found],
    }


def summary(offices: Sequence[LiveOffice], target_s: float, words: Words) -> Data:
    """The two-second answer: how many offices are over the target, and which to look at first."""
    target = _minutes(target_s, words)
    names = [mark_of(o.wait, target_s).name for o in offices]
    over = sum(name in ("over", "far") for name in names)
    within, blind = names.count("within"), names.count("blind")
    kind, head = "unknown", words("sum_nothing_known")
    if over:
        kind, head = "alarm", words.count("sum_over", over, target=target)
    elif within:
        kind, head = "calm", words("sum_none_over", target=target)
    rest = [
        words.count(key, n)
        for key, n in (("sum_within", within), ("sum_blind", blind), ("sum_rest", len(names) - over - within - blind))
        if n
    ]
    worst = [
        o for o in ordered(offices, "urgency", False, target_s) if mark_of(o.wait, target_s).rank < MARKS["within"].rank
    ]
    first = [
        {
            "href": tree.office_href(o.office_id),
            "mark": mark_of(o.wait, target_s).name,
            "hollow": hollow(o.wait),
            "title": o.title,
            "wait": tell.expected(o.wait, words) or words(f"mark_{mark_of(o.wait, target_s).name}"),
        }
        for o in worst[:FIRST_NAMED]
    ]
    return {"kind": kind, "head": head, "facts": " · ".join(rest), "first": first}


def banner(offices: Sequence[LiveOffice], words: Words) -> str:
    """Which offices show replayed or simulated figures, ``replay`` first; empty when all figures are real."""
    named: dict[str, list[str]] = {}
    for office in offices:
        if not is_real(office.wait.provenance):
            named.setdefault(str(office.wait.provenance), []).append(office.title)
    return banner_text(named, words)


def banner_text(named: dict[str, list[str]], words: Words) -> str:
    """The banner's sentences from office names by provenance."""
    return " ".join(words(f"banner_{k}", names=_some(named[k], words)) for k in ("replay", "simulated") if k in named)


def legend(target_s: float, words: Words) -> list[Data]:
    """What the signs mean: a mark or a letter, and its words."""
    target, far = _minutes(target_s, words), _minutes(2 * target_s, words)
    names = ("within", "over", "far", "too_few", "stale", "blind", "closed", "unknown")
    rows: list[Data] = [{"mark": n, "text": words(f"legend_{n}", target=target, far=far)} for n in names]
    rows += [
        {"letter": words(f"provenance_letter_{kind}"), "text": words(f"legend_{kind}")} for kind in ("replay", "simulated")
    ]
    return rows


def _some(names: list[str], words: Words) -> str:
    if len(names) <= MOST_IN_BANNER + 1:
        return ", ".join(names)
    rest = fmt.number(len(names) - MOST_IN_BANNER, words.lang)
    return words("banner_more", names=", ".join(names[:MOST_IN_BANNER]), n=rest)


def _unit(unit: tree.Unit, offices: Sequence[LiveOffice], words: Words, target_s: float) -> Data:
    own = tree.below(offices, unit.office.office_id)
    over = sum(mark_of(o.wait, target_s).name in ("over", "far") for o in own)
    facts = [words.count("n_offices", unit.offices), *([words.count("n_over", over)] if over else [])]
    return {"href": tree.unit_href(unit.office.office_id), "title": unit.office.title, "facts": ", ".join(facts)}


def _row(office: LiveOffice, points: spark.Points, words: Words, target_s: float) -> Data:
    age_s = None if office.wait.age_s is None else math.floor(office.wait.age_s)
    return _row_of(office.at_age(age_s), tuple(points), target_s, words.lang)


@lru_cache(maxsize=8192)
def _row_of(office: LiveOffice, points: tuple[float | None, ...], target_s: float, lang: Lang) -> Data:
    """One office in texts. Everyone who looks in the same second sees the same rows: they must not be changed."""
    words, wait = words_of(lang), office.wait
    silent = wait.state == "unknown"
    place = None if office.lat is None or office.lon is None else mercator(office.lon, office.lat)
    shown = tell.expected(wait, words)
    return {
        "id": office.office_id,
        "href": tree.office_href(office.office_id),
        "title": office.title,
        "mark": mark_of(wait, target_s).name,
        "hollow": hollow(wait),
        "letter": words(f"provenance_letter_{wait.provenance}") if hollow(wait) else "",
        "wait": words("no_data") if silent else shown or words("dash"),
        "known": shown is not None,
        "between": tell.interval(wait, words) or "",
        "waiting": "" if silent else tell.people(wait.waiting, words),
        "counters": "" if silent else tell.people(office.open_counters, words),
        "age": None if silent or wait.age_s is None else wait.age_s,
        "told": "" if silent or wait.age_s is None else fmt.duration(wait.age_s, words),
        "as_of": "" if wait.as_of is None else fmt.iso(wait.as_of),
        "moment": "" if wait.as_of is None else fmt.moment(wait.as_of),
        "state": "" if silent else tell.state(wait, target_s, words),
        "tag": tell.provenance(wait.provenance, words),
        "real": is_real(wait.provenance),
        "line": spark.path(points, target_s),
        "course": spark.course(points) or "",
        "trend": spark.told(points, words),
        "tip": tell.tip(office, target_s, words),
        "x": None if place is None else round(place[0]),
        "y": None if place is None else round(place[1]),
    }


def _minutes(seconds: float, words: Words) -> str:
    return fmt.number(seconds / 60, words.lang)

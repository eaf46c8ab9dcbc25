"""An office whose hall and counters are seen by different cameras: the day's waits from counts. Pure: answers become components."""

from __future__ import annotations

from typing import Any

from dash import html

from motcua.dashboard import format as fmt
from motcua.dashboard.answers import HallFifo, HallMean, HallWaits, Today
from motcua.dashboard.pages.office_parts import card
from motcua.dashboard.words import Words

LANES = ("priority", "appointment", "ordinary")
STATES = ("too_few", "contradict", "unseen")


def hall_section(today: Today, words: Words) -> Any:
    """The day's waits with the method that they stand on; None where no camera sees a part of a queue."""
    hall = None if today.period is None else today.period.hall
    if hall is None:
        return None
    cards = [_curves(hall, words), _fifo(hall, words), *(_lane(lane, words) for lane in hall.lanes), _counts(hall, words)]
    title = html.H2(words("hall_title"))
    return html.Section([title, html.P(words("hall_method"), className="soft"), html.Div(cards, className="cards")])


def _curves(hall: HallWaits, words: Words) -> Any:
    value, lines = _mean(hall.curves, words)
    return card(words("hall_curves"), value, words("def_hall_curves"), words, *lines, missing=_missing(hall, words))


def _fifo(hall: HallWaits, words: Words) -> Any:
    value, lines = _mean(hall.fifo, words)
    if hall.lanes_assumed_share > 0 and value is not None:
        lines.append(words("hall_assumed", share=fmt.percent(hall.lanes_assumed_share, words.lang)))
    lines = [*lines[:1], *_spread(hall.fifo, words), *lines[1:]]
    return card(words("hall_fifo"), value, words("def_hall_fifo"), words, *lines, missing=_missing(hall, words))


def _lane(lane: HallFifo, words: Words) -> Any:
    value, lines = _mean(lane, words)
    name = words(f"hall_lane_{lane.lane}") if lane.lane in LANES else lane.lane
    return card(name, value, words("def_hall_lane"), words, *lines[:1], *_spread(lane, words), *lines[1:])


def _counts(hall: HallWaits, words: Words) -> Any:
    left = words("hall_left_unknown") if hall.left is None else words("hall_left", n=fmt.number(hall.left, words.lang))
    lines = [words("hall_started", n=fmt.number(hall.started, words.lang)), left]
    for key, share in (("hall_drift", hall.drift_share), ("hall_measured", hall.measured_share)):
        if share is not None:
            lines.append(words(key, share=fmt.percent(abs(share), words.lang)))
    return card(
        words("hall_counts"),
        words("hall_joined", n=fmt.number(hall.joined, words.lang)),
        words("def_hall_counts"),
        words,
        *lines,
    )


def _mean(given: HallMean | None, words: Words) -> tuple[str | None, list[str]]:
    """Mean, and its interval and sample size."""
    if given is None or given.mean_s is None:
        return None, []
    lines = [words("hall_n", n=fmt.number(given.n, words.lang))]
    if given.low_s is not None and given.high_s is not None:
        lines.insert(0, words("interval_95", range=fmt.minutes_range(given.low_s, given.high_s, words)))
    return fmt.span(given.mean_s, words), lines


def _spread(given: HallFifo | None, words: Words) -> list[str]:
    lines = []
    if given is not None and given.median_s is not None:
        lines.append(words("median", time=fmt.span(given.median_s, words)))
    if given is not None and given.p90_s is not None:
        lines.append(words("p90", time=fmt.span(given.p90_s, words)))
    if given is not None and given.within_15_share is not None:
        lines.append(words("hall_within", share=fmt.percent(given.within_15_share, words.lang)))
    return lines


def _missing(hall: HallWaits, words: Words) -> str:
    return words(f"hall_state_{hall.state}") if hall.state in STATES else words("no_data")

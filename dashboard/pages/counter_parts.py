"""The pieces of a counter's page, and of the counters on their office's page. Pure: answers become components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from dash import dcc, html

from motcua.dashboard import format as fmt
from motcua.dashboard import multiples, spark, tell
from motcua.dashboard.answers import CounterClose, CounterSpan, LiveOffice, OfficeCounters
from motcua.dashboard.pages import parts
from motcua.dashboard.pages.office_parts import card, counter_state, simple_table
from motcua.dashboard.states import is_real, mark_of
from motcua.dashboard.tree import Crumb, counter_href, office_href, way
from motcua.dashboard.words import Words

COUNTER_MARKS = {"serving": "within", "open": "within", "closed": "closed", "unknown": "unknown"}


def crumbs(steps: Sequence[Crumb], here: str, words: Words) -> Any:
    """The way down to this page; the last step is the page itself."""
    items = [html.Li(dcc.Link(text, href=href)) for text, href in steps]
    return html.Nav(
        html.Ol([*items, html.Li(here, **{"aria-current": "page"})]), className="way", **{"aria-label": words("way")}
    )


def office_way(offices: Sequence[LiveOffice], office_id: str, words: Words) -> Any:
    """The way to an office's page."""
    return crumbs(way(offices, office_id, words), words("crumb_office"), words)


def counter_way(offices: Sequence[LiveOffice], office_id: str, counter_id: str, words: Words) -> Any:
    """The way to a counter's page."""
    steps = [*way(offices, office_id, words), (words("crumb_office"), office_href(office_id))]
    return crumbs(steps, words("counter_title", counter=counter_id), words)


def multiples_section(office_id: str, given: OfficeCounters, words: Words) -> Any:
    """An office's counters side by side on one scale, each with the way to its page."""
    title = html.H2([words("counters_title"), parts.definition(words("def_multiples"), words)])
    if not given.counters:
        return html.Section([title, html.P(words("no_counters"), className="none")])
    return html.Section(
        [title, html.Ul([_panel(office_id, c, given, words) for c in given.counters], className="counter-panels")]
    )


def _panel(office_id: str, counter: CounterClose, given: OfficeCounters, words: Words) -> Any:
    today = counter.today
    facts = [
        (words("col_served_today"), _served(counter, words)),
        (words("counter_wait_today"), _said(today.wait if today else None, given.k_min, words)),
        (words("counter_service_today"), _said(today.service if today else None, given.k_min, words)),
    ]
    return html.Li(
        [
            html.H3(
                dcc.Link(
                    words("counter_title", counter=counter.counter_id), href=counter_href(office_id, counter.counter_id)
                )
            ),
            state_line(counter, words),
            html.Img(
                src=multiples.picture(counter.hours, given.target_wait_s, words), alt=multiples.told(counter.hours, words)
            ),
            html.Dl([html.Div([html.Dt(name), html.Dd(value)]) for name, value in facts]),
        ],
        className="panel-counter",
    )


def state_line(counter: CounterClose, words: Words) -> Any:
    """Whether a counter is open, and whether anybody is served, by shape and in words."""
    state = counter_state(counter)
    sign = html.Span(className=f"mark mark-{COUNTER_MARKS[state]}", **{"aria-hidden": "true"})
    lines = [sign, words(f"counter_{state}")]
    if counter.state in ("blind", "stale"):
        lines.append(f" · {words(f'mark_{counter.state}')}")
    return html.P(lines, className="counter-state")


def top(office: LiveOffice, counter: CounterClose, given: OfficeCounters, words: Words) -> list[Any]:
    """Name, state and where the figures come from."""
    kind = "tag" if is_real(given.provenance) else "tag not-real"
    tag = html.Span(tell.provenance(given.provenance, words), className=kind)
    title = html.H1(f"{words('counter_title', counter=counter.counter_id)} · {office.title}")
    return [html.Div([title, state_line(counter, words), tag], className="title-line")]


def cards(counter: CounterClose, given: OfficeCounters, words: Words) -> list[Any]:
    """The queue before the counter now, and the counter's day."""
    wait, today, target_s = counter.wait, counter.today, given.target_wait_s
    lines: list[Any] = []
    if between := tell.interval(wait, words):
        lines.append(words("interval_80", range=between))
    if wait.as_of:
        lines.append([words("age_label"), " ", parts.age(wait.age_s, wait.as_of, words)])
    others = ", ".join(counter.queue_shared_with)
    lines.append(words("queue_shared", counters=others) if others else words("queue_own"))
    target = fmt.number(target_s / 60, words.lang)
    now = card(
        words("counter_wait_now"),
        tell.expected(wait, words),
        words("def_wait_now", target=target),
        words,
        *lines,
        missing=tell.state(wait, target_s, words),
    )
    now.className += f" big is-{mark_of(wait, target_s).name}"
    in_service = None if counter.in_service is None else fmt.number(counter.in_service, words.lang)
    waiting = None if wait.waiting is None else fmt.number(wait.waiting, words.lang)
    span = today or CounterSpan(start=given.generated_at, end=given.generated_at)
    share = None if span.within_15_share is None else fmt.percent(span.within_15_share, words.lang)
    return [
        now,
        card(words("waiting_now"), waiting, words("def_waiting"), words),
        card(words("in_service_now"), in_service, words("def_in_service"), words),
        card(words("col_served_today"), _served(counter, words), words("def_served"), words),
        _mean_card("counter_wait_today", span, "wait", given.k_min, words),
        _mean_card("counter_service_today", span, "service", given.k_min, words),
        card(words("within_15"), share, words("def_within_15"), words),
    ]


def trend_section(counter: CounterClose, given: OfficeCounters, words: Words) -> Any:
    """The last hour of the queue as a line, and in words."""
    line, goal = spark.path(counter.trend, given.target_wait_s), spark.TARGET_Y
    said = spark.told(counter.trend, words)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -1 {spark.WIDTH} {spark.HEIGHT + 2}">'
        f'<path d="M0 {goal:g}H{spark.WIDTH}" stroke="#a83a08" stroke-width=".5" stroke-dasharray="2 2"/>'
        f'<path d="{line}" fill="none" stroke="#23506b" stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
    scale = words(
        "trend_scale",
        target=fmt.number(given.target_wait_s / 60, words.lang),
        top=fmt.number(spark.TOP * given.target_wait_s / 60, words.lang),
    )
    body = html.Img(src=f"data:image/svg+xml,{quote(svg)}", alt=said, className="hour-line") if line else None
    return html.Section(
        [html.H2(words("col_trend")), body, html.P(said), html.P(scale, className="soft small") if line else None],
        className="paper",
    )


def hours_section(counter: CounterClose, given: OfficeCounters, words: Words) -> Any:
    """Hours as a picture and as a table."""
    hours = [h for h in counter.hours if h.served]
    names = ("col_hour", "col_served", "counter_wait_mean", "col_interval", "counter_service_mean", "col_interval_service")
    rows = [_hour(h, given.k_min, words) for h in reversed(hours)]
    title = html.H2([words("hours_title"), parts.definition(words("def_counter_hours"), words)])
    if not rows:
        return html.Section([title, html.P(words("chart_empty"), className="none")], className="paper")
    picture = html.Img(
        src=multiples.picture(counter.hours, given.target_wait_s, words),
        alt=multiples.told(counter.hours, words),
        className="hours-big",
    )
    table = html.Div(simple_table(names, rows, words), className="scroll", tabIndex=0)
    return html.Section([title, picture, table], className="paper")


def _hour(hour: CounterSpan, k_min: int, words: Words) -> tuple[Any, ...]:
    def between(kind: Any) -> str:
        known = kind.low_s is not None and kind.high_s is not None
        return fmt.minutes_range(kind.low_s, kind.high_s, words) if known else words("dash")

    return (
        f"{fmt.clock(hour.start)}–{fmt.clock(hour.end)}",
        fmt.number(hour.served, words.lang),
        _said(hour.wait, k_min, words),
        between(hour.wait),
        _said(hour.service, k_min, words),
        between(hour.service),
    )


def _mean_card(key: str, span: CounterSpan, kind: str, k_min: int, words: Words) -> Any:
    given = span.wait if kind == "wait" else span.service
    lines = multiples.behind(given, k_min, words)
    missing = words("mark_too_few" if given.n else "no_data")
    return card(words(key), multiples.figure(given, words), words(f"def_counter_{kind}"), words, *lines, missing=missing)


def _said(given: Any, k_min: int, words: Words) -> str:
    if given is None or not given.n:
        return words("no_data")
    return multiples.figure(given, words) or words("mark_too_few")


def _served(counter: CounterClose, words: Words) -> str:
    return words("no_data") if counter.served_today is None else fmt.number(counter.served_today, words.lang)

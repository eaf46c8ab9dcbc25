"""The pieces of one office's page. Pure: answers become components."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import html

from motcua.dashboard import format as fmt
from motcua.dashboard import tell
from motcua.dashboard.answers import Bucket, Counter, OfficeNow, Period, Sentiment, Source, Today
from motcua.dashboard.pages import parts
from motcua.dashboard.states import is_real, mark_of
from motcua.dashboard.words import Words

KINDS = ("visit", "queue", "counts", "sentiment", "rating", "ticket", "health")
KNOWN_STATUS = ("online", "offline", "degraded", "stopping", "blind", "stale")


def top(now: OfficeNow, target_s: float, words: Words) -> Any:
    """Name and state."""
    state = html.Span(
        [parts.mark(now.wait, target_s), tell.state(now.wait, target_s, words)],
        className=f"state is-{mark_of(now.wait, target_s).name}",
    )
    name = html.P(now.name, className="full-name") if now.name != now.title else None
    return [html.Div([html.H1(now.title), state, parts.tag(now.wait, words)], className="title-line"), name]


def now_cards(now: OfficeNow, target_s: float, words: Words) -> list[Any]:
    """Expected wait with all that belongs to it, and the queue."""
    wait = now.wait
    value = tell.expected(wait, words)
    between = tell.interval(wait, words)
    lines: list[Any] = []
    if value is not None:
        if between:
            lines.append(words("interval_80", range=between))
        method = f", {words(f'method_{wait.method}')}" if wait.method in ("camera", "tickets", "model") else ""
        lines.append(words("n_behind", n=fmt.number(wait.n, words.lang)) + method)
    lines.append([words("age_label"), " ", parts.age(wait.age_s, wait.as_of, words)] if wait.as_of else None)
    target = fmt.number(target_s / 60, words.lang)
    missing = tell.state(wait, target_s, words) if wait.state != "ok" else words("no_data")
    main = card(words("expected_wait"), value, words("def_wait_now", target=target), words, *lines, missing=missing)
    main.className += f" big is-{mark_of(wait, target_s).name}"
    oldest = None if now.oldest_wait_s is None else fmt.span(now.oldest_wait_s, words)
    return [
        main,
        card(words("waiting_now"), _count(wait.waiting, words), words("def_waiting"), words),
        card(words("in_service_now"), _count(now.in_service, words), words("def_in_service"), words),
        card(words("counters_open"), _count(now.open_counters, words), words("def_counters_open"), words),
        card(words("oldest_wait"), oldest, words("def_oldest"), words),
    ]


def card(name: str, value: str | None, meaning: str, words: Words, *lines: Any, missing: str | None = None) -> Any:
    """One figure with its definition; words where there is none."""
    figure = html.P(
        value if value is not None else missing or words("no_data"), className="value" if value is not None else "none"
    )
    facts = [html.P(line, className="soft") for line in lines if line]
    return html.Div(
        [html.Div([html.Span(name), parts.definition(meaning, words)], className="name"), figure, *facts], className="card"
    )


def today_section(today: Today, words: Words) -> Any:
    """The day's visits, waits and sentiment. Without any source the counts are unknown, not 0."""
    heard = today.provenance is not None
    counts = [
        card(words(key), _count(getattr(today, key) if heard else None, words), words(f"def_{key}"), words)
        for key in ("visits", "served", "reneged", "balked", "lost")
    ]
    wait = today.wait
    share = mean = None
    share_lines: list[str] = []
    mean_lines: list[str] = []
    if wait is not None and wait.n > 0:
        if wait.within_15_share is not None:
            share = fmt.percent(wait.within_15_share, words.lang)
            share_lines.append(words("of_n", n=fmt.number(wait.n, words.lang)))
        if wait.mean_s is not None:
            mean = fmt.span(wait.mean_s, words)
            mean_lines = _mean_lines(wait.low_s, wait.high_s, words)
            for key, part in (("censored", wait.censored_share), ("stitched", wait.stitched_share)):
                if part:
                    mean_lines.append(words(key, share=fmt.percent(part, words.lang, 1)))
    hall = None if today.period is None else today.period.hall
    by_identity = [
        card(words("within_15"), share, words("def_within_15"), words, *share_lines),
        card(words("mean_wait"), mean, words("def_mean"), words, *mean_lines),
        until_service_card(today.period, words),
    ]
    # Where cameras see parts of a queue there are no visits: their own figures follow below.
    more = [*(by_identity if wait is not None or hall is None else []), sentiment_card(today.sentiment, words)]
    title = html.H2([words("today_title", day=fmt.day(today.day)), *_not_real(today.provenance, words)])
    return html.Section([title, html.Div([*counts, *more], className="cards")])


def until_service_card(period: Period | None, words: Words) -> Any:
    """The mean wait of everybody who came, whoever gave up or still waits counted too; says where two measures contradict."""
    given = period or Period()
    known, lines, value = given.until_service, list[str](), None
    if known is not None and known.mean_s is not None:
        value = fmt.span(known.mean_s, words)
        lines = _mean_lines(known.low_s, known.high_s, words)
        if known.median_s is not None:
            lines.append(words("median", time=fmt.span(known.median_s, words)))
        if known.p90_s is not None:
            lines.append(words("p90", time=fmt.span(known.p90_s, words)))
        lines.append(
            words("of_people", n=fmt.number(known.n, words.lang), waiting=fmt.number(given.still_waiting, words.lang))
        )
    if given.long_stays:
        lines.append(words.count("long_stays", given.long_stays))
    if given.estimates_differ:
        lines.append(words("estimates_differ"))
    return card(words("until_service"), value, words("def_until_service"), words, *lines)


def sentiment_card(sentiment: Sentiment | None, words: Words) -> Any:
    """What faces suggested, with n and interval; off and "not enough" in words."""
    given = sentiment or Sentiment()
    if given.state != "ok" or given.valence is None:
        state = "off" if given.state == "off" else "insufficient"
        return card(words("sentiment"), None, words("def_sentiment"), words, missing=words(f"sentiment_{state}"))
    lines = [words("n_behind", n=fmt.number(given.n, words.lang))]
    if given.low is not None and given.high is not None:
        lines.insert(0, words("sentiment_range", low=_signed(given.low, words), high=_signed(given.high, words)))
    return card(words("sentiment"), _signed(given.valence, words), words("def_sentiment"), words, *lines)


def hours_table(buckets: Sequence[Bucket], words: Words) -> Any:
    """The chart's figures as a table, newest first, for whoever cannot use the chart."""
    if not any(b.n for b in buckets):
        return html.P(words("chart_empty"), className="none")
    names = ("col_hour", "col_mean", "col_interval", "col_n", "col_longest", "col_within")
    rows = [_hour(b, words) for b in sorted(buckets, key=lambda b: b.start, reverse=True) if b.n]
    return html.Details(
        [html.Summary(words("chart_table")), html.Div(simple_table(names, rows, words), className="scroll", tabIndex=0)]
    )


def counter_state(counter: Counter) -> str:
    """``serving``, ``open``, ``closed``, or ``unknown`` where the camera cannot tell."""
    if counter.open is None:
        return "unknown"
    if not counter.open:
        return "closed"
    return "serving" if counter.in_service else "open"


def sources_section(now: OfficeNow, at: datetime, words: Words) -> Any:
    """Where the figures come from, when each was last heard, and what is missing; `at` is the instant of the answer."""
    rows = [_source(s, at, words) for s in now.sources]
    names = ("col_source", "col_kind", "col_status", "col_last", "col_missing", "col_dropped")
    body = (
        html.Div(simple_table(names, rows, words), className="scroll", tabIndex=0)
        if rows
        else html.P(words("no_sources"), className="none")
    )
    title = html.H2([words("sources_title"), parts.definition(words("def_missing"), words)])
    notes = [html.P(words("source_note", source=s.source_id, note=s.note), className="soft") for s in now.sources if s.note]
    return html.Section([title, body, *notes], className="paper")


def simple_table(names: Sequence[str], rows: Sequence[Sequence[Any]], words: Words) -> Any:
    """A table whose first column names the row; `names` are keys of the words."""
    head = html.Tr([html.Th(words(name), scope="col") for name in names])
    body = [html.Tr([html.Th(row[0], scope="row"), *(html.Td(cell) for cell in row[1:])]) for row in rows]
    return html.Table([html.Thead(head), html.Tbody(body)], className="simple")


def _hour(bucket: Bucket, words: Words) -> tuple[Any, ...]:
    between = "" if bucket.low_s is None or bucket.high_s is None else fmt.minutes_range(bucket.low_s, bucket.high_s, words)
    return (
        f"{fmt.clock(bucket.start)}–{fmt.clock(bucket.end)}",
        words("no_data") if bucket.mean_s is None else fmt.span(bucket.mean_s, words),
        between or words("dash"),
        fmt.number(bucket.n, words.lang),
        words("dash") if bucket.max_s is None else fmt.span(bucket.max_s, words),
        words("dash") if bucket.within_15_share is None else fmt.percent(bucket.within_15_share, words.lang),
    )


def _source(source: Source, at: datetime, words: Words) -> tuple[Any, ...]:
    status = source.status if source.status in KNOWN_STATUS else "unknown"
    state: Any = words(f"status_{status}")
    if source.blind is not None and status in ("online", "degraded"):  # what it last said of its camera still holds
        state = [html.Span(className="mark mark-blind", **{"aria-hidden": "true"}), " ", tell.blind(source.blind, words)]
    age_s = None if source.last_at is None else max(0.0, (at - source.last_at).total_seconds())
    return (
        source.source_id,
        tell.provenance(source.provenance, words),
        state,
        parts.age(age_s, source.last_at, words),
        _missing(source, words),
        _dropped(source, words),
    )


def _missing(source: Source, words: Words) -> str:
    """Messages that have not arrived, in how many gaps, and how many wait where they come from."""
    if source.missing is None:
        return words("no_data")
    if not source.missing:
        return fmt.number(0, words.lang)
    text = words.count("missing_in", source.missing, gaps=fmt.number(source.gaps, words.lang))
    waits = source.waits_to_send
    return f"{text} · {words.count('waiting_at_source', waits)}" if waits else text


def _dropped(source: Source, words: Words) -> str:
    """Messages that the source gave up, by kind."""
    told = source.dropped
    if told is None:
        return words("no_data")
    total = fmt.number(sum(told.values()), words.lang)
    names = [(words(f"kind_{kind if kind in KINDS else 'other'}"), n) for kind, n in told.items()]
    kinds = [f"{name} {fmt.number(n, words.lang)}" for name, n in names]
    return f"{total} ({', '.join(kinds)})" if kinds else total


def _mean_lines(low_s: float | None, high_s: float | None, words: Words) -> list[str]:
    if low_s is None or high_s is None:
        return []
    return [words("interval_95", range=fmt.minutes_range(low_s, high_s, words))]


def _not_real(provenance: Any, words: Words) -> list[Any]:
    return [] if is_real(provenance) else [" ", html.Span(words(f"not_real_{provenance}"), className="tag not-real")]


def _count(value: int | None, words: Words) -> str | None:
    return None if value is None else fmt.number(value, words.lang)


def _known(value: int | None, words: Words) -> Any:
    return words("no_data") if value is None else fmt.number(value, words.lang)


def _signed(value: float, words: Words) -> str:
    return ("+" if value > 0 else "") + fmt.number(value, words.lang, 2)

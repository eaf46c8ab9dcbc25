"""What citizens answered when they were asked: all offices, and one office in depth."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from dash import dcc, html

from motcua.dashboard import format as fmt
from motcua.dashboard.answers import Provenance
from motcua.dashboard.states import is_real
from motcua.dashboard.words import Words

Data = dict[str, Any]


def overview(data: Data, words: Words) -> Any:
    """Satisfaction of the unit and of each office that has any answer; the others are counted."""
    asked = data["asked"]
    told = [o for o in data["offices"] if o["figure"]["state"] != "unknown"]
    told.sort(key=lambda o: (o["figure"]["share"] is None, o["figure"]["share"] or 0))
    rows = [
        [
            dcc.Link(o["unit_name"] or o["name"], href=f"/ratings/{quote(o['office_id'], safe='')}"),
            *cells(o["figure"], words),
        ]
        for o in told
    ]
    silent = len(data["offices"]) - len(told)
    return html.Div(
        [
            html.H1(words("asked_title")),
            html.P(
                words("asked_intro", target=percent(asked["target_share"], words), score=asked["satisfied_from"]),
                className="soft",
            ),
            banner(data["unit"]["provenance"], words),
            html.P([html.Strong(words("asked_unit")), ": ", *said(data["unit"], words)], className="headline"),
            table(("office", "share", "answers", "response", "verdict", "source"), rows, words)
            if rows
            else html.P(words("asked_nothing"), className="notice"),
            html.P(words.count("asked_silent", silent), className="soft small") if silent and rows else None,
        ]
    )


def office(data: Data, words: Words) -> Any:
    """One office: counters, ways of asking, months, reasons, patterns, sentiment beside."""
    parts: list[Any] = [
        html.Nav(dcc.Link(f"← {words('asked_title')}", href="/ratings"), **{"aria-label": words("asked_title")}),
        html.H1(data["unit_name"] or data["name"]),
        banner(data["figure"]["provenance"], words),
        html.P(said(data["figure"], words), className="headline"),
        html.P(words(f"assumes_{data['figure']['assumes']}"), className="soft small") if data["figure"]["assumes"] else None,
        html.P(dcc.Link(words("comments_link"), href=f"/comments/{quote(data['office_id'], safe='')}"))
        if data.get("may_read_comments")
        else None,
    ]
    counters = [[c["counter_id"] or words("asked_door"), *cells(c["figure"], words)] for c in data["counters"]]
    if counters:
        parts += [
            html.H2(words("asked_counters")),
            table(("counter", "share", "answers", "response", "verdict", "source"), counters, words),
        ]
    ways = [[words(f"channel_{c['channel']}"), *cells(c["figure"], words)[:2]] for c in data["channels"]]
    if ways:
        parts += [html.H2(words("asked_channels")), table(("channel", "share", "answers"), ways, words)]
    months = [[m["month"][5:7] + "/" + m["month"][:4], *cells(m["figure"], words)[:2]] for m in data["months"]]
    if months:
        parts += [html.H2(words("asked_months")), table(("month", "share", "answers"), months, words)]
    reasons = [
        [words(f"reason_{r['reason']}"), number(r["n"], words), percent(r["satisfied"] / r["n"], words)]
        for r in data["reasons"]
    ]
    if reasons:
        parts += [html.H2(words("asked_reasons")), table(("reason", "answers", "share"), reasons, words)]
    parts += [html.H2(words("asked_findings")), html.P(words("asked_findings_note"), className="soft")]
    parts.append(
        html.Ul([html.Li(finding(f, words)) for f in data["findings"]])
        if data["findings"]
        else html.P(words("asked_no_findings"))
    )
    parts += [html.H2(words("asked_sentiment")), html.P(sentiment(data["sentiment"], words))]
    return html.Div(parts)


def finding(f: Data, words: Words) -> str:
    """A pattern in one sentence."""
    text = words(f"finding_{f['kind']}", n=number(f["n"], words), value=percent(abs(f["value"] or 0), words))
    where = words("asked_at_counter", counter=f["counter_id"]) if f["counter_id"] else ""
    when = fmt.moment(fmt.parsed(f["at"])) if f["at"] else ""
    return " · ".join(part for part in (where, when, text) if part)


def sentiment(s: Data, words: Words) -> str:
    """The camera's sentiment, and whether it may be read as satisfaction."""
    if s["state"] != "ok":
        return words(f"beside_{s['state']}")
    mean = words("beside_mean", valence=fmt.number(s["valence"], words.lang, 2), n=number(s["n"], words))
    if s["r"] is None:
        return f"{mean} {words('beside_few')}"
    r = words("beside_r", r=fmt.number(s["r"], words.lang, 2), days=number(s["days"], words))
    fit = words(f"fit_{s['fit']}", share=percent(s["calibrated"] or 0, words))
    return f"{mean} {r} {fit}"


def said(figure: Data, words: Words) -> list[Any]:
    """A figure with its interval in a sentence."""
    if figure["state"] != "ok":
        return [words(f"figure_{figure['state']}")]
    between = words("interval_95", range=f"{percent(figure['low'], words)} – {percent(figure['high'], words)}")
    rate = (
        words("asked_rate", rate=percent(figure["response_rate"], words))
        if figure["response_rate"] is not None
        else words("asked_no_rate")
    )
    return [
        html.Strong(percent(figure["share"], words)),
        f" · {between} · ",
        words.count("asked_n", figure["n"]),
        " · ",
        rate,
    ]


def cells(figure: Data, words: Words) -> list[Any]:
    """Share with interval, answers, response rate, verdict, source; a state in words where there is no figure."""
    if figure["state"] != "ok":
        return [
            html.Span(words(f"figure_{figure['state']}"), className="none"),
            "",
            "",
            "",
            tag(figure["provenance"], words),
        ]
    between = f"{percent(figure['low'], words)} – {percent(figure['high'], words)}"
    return [
        [html.Strong(percent(figure["share"], words)), html.Span(between, className="interval")],
        number(figure["n"], words),
        words("no_data") if figure["response_rate"] is None else percent(figure["response_rate"], words),
        words(f"verdict_{figure['verdict']}"),
        tag(figure["provenance"], words),
    ]


def table(columns: tuple[str, ...], rows: list[list[Any]], words: Words) -> Any:
    """A simple table; it scrolls by itself on a phone."""
    head = html.Thead(html.Tr([html.Th(words(f"acol_{c}"), scope="col") for c in columns]))
    body = html.Tbody([html.Tr([html.Th(row[0], scope="row"), *[html.Td(cell) for cell in row[1:]]]) for row in rows])
    return html.Div(html.Table([head, body], className="simple"), className="scroll", tabIndex=0, role="group")


def banner(provenance: Provenance | None, words: Words) -> Any:
    """Says that answers are not real ones."""
    return (
        None
        if provenance is None or is_real(provenance)
        else html.P(words("asked_not_real"), className="banner", role="note")
    )


def tag(provenance: Provenance | None, words: Words) -> Any:
    """Where answers come from."""
    if provenance is None:
        return ""
    return html.Span(words(f"provenance_{provenance}"), className="tag" if is_real(provenance) else "tag not-real")


def number(value: float, words: Words) -> str:
    """A whole number."""
    return fmt.number(value, words.lang)


def percent(share: float, words: Words) -> str:
    """A share of 0..1."""
    return fmt.percent(share, words.lang)

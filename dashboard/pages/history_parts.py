"""The pieces of the page of history. Pure: answers become components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from dash import dcc, html

from motcua.dashboard import format as fmt
from motcua.dashboard.history_figures import panels_of, step_name
from motcua.dashboard.history_state import State, search
from motcua.dashboard.pages import parts
from motcua.dashboard.states import is_real
from motcua.dashboard.words import Words

Data = dict[str, Any]
SIGNS = {"met": "✓", "missed": "▲", "open": "≈"}
AT_MOST = ("wait_mean_s", "handling_mean_s")


def span_told(span: Data, words: Words) -> str:
    """First and last day, both included."""
    last = date.fromisoformat(span["until"]) - timedelta(days=1)
    return words("hist_span", first=fmt.day(date.fromisoformat(span["since"])), last=fmt.day(last))


def title_of(one: Data, words: Words) -> str:
    """An office, or all of them."""
    return one["name"] or words("hist_all")


def sources_of(data: Data) -> list[str]:
    """Every kind of data on the page."""
    figures = [s["figure"] for one in data["series"] for s in (one["a"], one["b"]) if s]
    figures += [f for row in data["table"] for f in (row["figure"], row["compared"]) if f]
    return sorted({f["provenance"] for f in figures if f["provenance"]})


def caption(data: Data, what: str, words: Words) -> str:
    """What a chart shows, of when and from where: it travels with the picture."""
    first = data["series"][0]
    kinds = sorted(
        {
            s["figure"]["provenance"]
            for one in data["series"]
            for s in (one["a"], one["b"])
            if s and s["figure"]["provenance"]
        }
    )
    source = ", ".join(words(f"provenance_{p}") for p in kinds) or words("hist_none_source")
    fields = {"span": span_told(first["a"], words), "what": what, "source": source}
    if first["b"] is None:
        return words("hist_caption", **fields)
    return words("hist_caption_vs", vs=span_told(first["b"], words), **fields)


def banner(data: Data, words: Words) -> Any:
    """Says that something is not real."""
    if all(is_real(p) for p in sources_of(data)):  # type: ignore[arg-type]
        return None
    return html.P(words("hist_not_real"), className="banner", role="note")


def kpis(one: Data, words: Words) -> Any:
    """The cards of one series."""
    return html.Section(
        [
            html.H3(f"{title_of(one, words)} · {span_told(one['a'], words)}"),
            html.Div([kpi(k, words) for k in one["a"]["kpis"]], className="cards kpis"),
        ]
    )


def kpi(k: Data, words: Words) -> Any:
    """One figure against its target: the verdict by sign and word, never by colour alone."""
    state, metric = k["state"], k["metric"]
    lines: list[Any] = []
    if k["figure"] is not None:
        between = _between(k["figure"], metric, words)
        lines.append(words("interval_95", range=between) if between else None)
        lines.append(_behind(k, words))
    if k["target"] is not None:
        lines.append(words("kpi_at_most" if metric in AT_MOST else "kpi_at_least", value=value(k["target"], metric, words)))
    why = (
        ""
        if k["reason"] is None
        else words(
            f"kpi_why_{k['reason']}",
            **({"n": fmt.number(k["office_year"] or 0, words.lang)} if k["reason"] == "fewer_files" else {}),
        )
    )
    lines += [
        why,
        words("kpi_carried") if k["carried"] and k["target"] is not None else None,
        words("kpi_changed") if k["changed"] else None,
    ]
    name = html.Div(
        [html.Span(words(f"kpi_{metric}")), parts.definition(words(f"def_kpi_{metric}"), words)], className="name"
    )
    shown = html.P(value(k["figure"]["value"], metric, words), className="value") if k["figure"] else None
    verdict = html.P(
        [html.Span(SIGNS.get(state, "–"), className="sign", **{"aria-hidden": "true"}), words(f"kpi_{state}")],
        className=f"verdict is-{state}",
    )
    more = [html.P(line, className="soft") for line in lines if line]
    source = [html.P(words("hist_kpi_note", source=k["source"]), className="soft small")] if k["source"] else []
    return html.Div([name, shown, verdict, *more, *source], className="card kpi")


def value(v: float, metric: str, words: Words) -> str:
    """A figure in its unit."""
    if metric == "satisfaction_share":
        return fmt.percent(v, words.lang, 1)
    if metric == "files_per_person_year":
        return words("kpi_per_year", value=fmt.number(v, words.lang))
    return minutes(v, words)


def minutes(seconds: float, words: Words) -> str:
    """Minutes with one digit."""
    return words("hist_min", v=fmt.number(seconds / 60, words.lang, 1))


def figures(data: Data, words: Words) -> Any:
    """Every series and span, one row each; the difference beneath."""
    rows = []
    for one in data["series"]:
        for span in (one["a"], one["b"]):
            if span is not None:
                rows.append(_figure(title_of(one, words), span, data["min_n"], words))
        if one["b"] is not None:
            rows.append(_difference(title_of(one, words), one["difference"], words))
    names = ("office", "span", "n", "mean", "median", "p90", "within", "within_30", "until", "max", "censored", "source")
    assumed = {s["figure"]["assumes"] for one in data["series"] for s in (one["a"], one["b"]) if s} - {None}
    notes = [words(f"hist_assumes_{a}") for a in sorted(assumed)]
    for one in data["series"]:
        if one["left_out"]:
            notes.append(words.count("hist_left_out", one["left_out"]))
    return [table(names, rows, words, words("hist_figures")), *[html.P(n, className="soft small") for n in notes]]


def _figure(title: str, span: Data, min_n: int, words: Words) -> list[Any]:
    f = span["figure"]
    empty = {"unknown": words("no_data"), "too_few": words("hist_few_n", n=fmt.number(f["n"], words.lang))}
    missing = {"too_wide": words("hist_too_wide"), "ok": words("hist_over")}.get(f["quantiles"], words("no_data"))
    none = html.Span(empty.get(f["state"], words("no_data")), className="none")
    ok = f["state"] == "ok"
    return [
        title,
        span_told(span, words),
        fmt.number(f["n"], words.lang) if f["state"] != "unknown" else words("no_data"),
        cell(f["mean_s"], minutes, words) if ok else none,
        (cell(f["median_s"], minutes, words) if f["median_s"] else missing) if ok else none,
        (cell(f["p90_s"], minutes, words) if f["p90_s"] else missing) if ok else none,
        cell(f["within_15"], percent, words) if ok else none,
        cell(f["within_30"], percent, words) if ok else none,
        (cell(f["until_service_s"], minutes, words) if f["until_service_s"] else missing) if ok else none,
        minutes(f["max_s"], words) if f["max_s"] is not None else words("no_data"),
        fmt.percent(f["censored_share"], words.lang, 1) if f["censored_share"] is not None else words("no_data"),
        tag(f["provenance"], words),
    ]


def _difference(title: str, d: Data | None, words: Words) -> list[Any]:
    unknown = html.Span(words("no_data"), className="none")
    mean = cell(d["mean_s"], signed_minutes, words) if d and d["mean_s"] else unknown
    share = cell(d["within_15"], signed_percent, words) if d and d["within_15"] else unknown
    return [title, words("hist_difference"), "", mean, "", "", share, "", "", "", "", ""]


def offices(data: Data, state: State, words: Words) -> Any:
    """Office by office, with a link that looks at one alone."""
    rows = []
    for r in data["table"]:
        f, then = r["figure"], r["compared"]
        href = f"/history{search(replace(state, offices=(r['office_id'],)))}"
        rows.append(
            [
                dcc.Link(r["name"], href=href),
                fmt.number(f["n"], words.lang) if f["state"] != "unknown" else "",
                _brief(f, "mean_s", minutes, words),
                _brief(f, "within_15", percent, words) if f["state"] == "ok" else "",
                [
                    html.Span(SIGNS.get(r["wait"]["state"], "–"), className="sign", **{"aria-hidden": "true"}),
                    words(f"kpi_{r['wait']['state']}"),
                ],
                *([_brief(then, "mean_s", minutes, words)] if then is not None else []),
                tag(f["provenance"], words),
            ]
        )
    names = ["office", "n", "mean", "within", "verdict"]
    if data["table"] and data["table"][0]["compared"] is not None:
        names.append("then")
    return table([*names, "source"], rows, words, words("hist_list"))


def _brief(f: Data, key: str, unit: Any, words: Words) -> Any:
    if f["state"] == "too_few":
        return html.Span(words("hist_few_n", n=fmt.number(f["n"], words.lang)), className="none")
    return cell(f[key], unit, words) if f[key] else html.Span(words("no_data"), className="none")


def steps_table(data: Data, words: Words) -> Any:
    """The trend's figures."""
    rows = []
    for one in data["series"]:
        for span in (one["a"], one["b"]):
            for s in span["steps"] if span else []:
                mean = (
                    cell(s["mean_s"], minutes, words)
                    if s["mean_s"]
                    else html.Span(words("hist_few_n", n=fmt.number(s["n"], words.lang)), className="none")
                )
                share = cell(s["within_15"], percent, words) if s["within_15"] else ""
                rows.append(
                    [
                        step_name(s["start"], data["step"], words),
                        title_of(one, words),
                        fmt.number(s["n"], words.lang),
                        mean,
                        share,
                    ]
                )
    return folded(table(("when", "office", "n", "mean", "within"), rows, words, words("hist_trend")), words)


def heat_table(data: Data, titles: Sequence[str], words: Words) -> Any:
    """The heat map's figures."""
    rows = []
    for title, heat in panels_of(data, titles, words):
        for c in heat:
            mean = (
                cell(c["mean_s"], minutes, words)
                if c["mean_s"]
                else html.Span(words("hist_few_n", n=fmt.number(c["n"], words.lang)), className="none")
            )
            hour = f"{words('weekday_' + str(c['weekday']))} {c['hour']}–{c['hour'] + 1}{words('hour_suffix')}"
            rows.append([hour, title, fmt.number(c["n"], words.lang), mean])
    return folded(table(("day", "office", "n", "mean"), rows, words, words("hist_heat")), words)


def folded(inner: Any, words: Words) -> Any:
    """A table that opens at a click."""
    return html.Details([html.Summary(words("hist_table")), inner])


def table(names: Sequence[str], rows: Sequence[Sequence[Any]], words: Words, label: str) -> Any:
    """A table that scrolls by itself on a phone."""
    head = html.Thead(
        html.Tr([html.Th(words("hist_then") if c == "then" else words(f"hcol_{c}"), scope="col") for c in names])
    )
    body = html.Tbody([html.Tr([html.Th(row[0], scope="row"), *[html.Td(c) for c in row[1:]]]) for row in rows])
    return html.Div(
        html.Table([head, body], className="simple"), className="scroll", tabIndex=0, role="group", **{"aria-label": label}
    )


def cell(found: Data, unit: Any, words: Words) -> Any:
    """A value with its interval."""
    low, high = ("…" if found[k] is None else unit(found[k], words) for k in ("low", "high"))
    between = "" if found["low"] is None and found["high"] is None else words("hist_between", low=low, high=high)
    return [html.Strong(unit(found["value"], words)), html.Span(between, className="interval")]


def percent(share: float, words: Words) -> str:
    """A share."""
    return fmt.percent(share, words.lang)


def signed_minutes(seconds: float, words: Words) -> str:
    """A difference."""
    return ("+" if seconds > 0 else "") + minutes(seconds, words)


def signed_percent(share: float, words: Words) -> str:
    """A difference of shares."""
    return ("+" if share > 0 else "") + percent(share, words)


def tag(provenance: str | None, words: Words) -> Any:
    """Where figures come from; marked where they are not real."""
    if provenance is None:
        return ""
    return html.Span(words(f"provenance_{provenance}"), className="tag" if is_real(provenance) else "tag not-real")  # type: ignore[arg-type]


def _between(found: Data, metric: str, words: Words) -> str:
    if found["low"] is None or found["high"] is None:
        return ""
    return words("hist_between", low=value(found["low"], metric, words), high=value(found["high"], metric, words))


def _behind(k: Data, words: Words) -> str:
    n = fmt.number(k["n"] or 0, words.lang)
    if k["metric"] == "files_per_person_year":
        return " · ".join(
            [
                words(f"kpi_of_{k['of']}"),
                words(f"kpi_by_{k['by']}"),
                words("kpi_days", n=fmt.number(k["days"] or 0, words.lang)),
            ]
        )
    if k["metric"] == "satisfaction_share":
        rate = [] if k["response_rate"] is None else [words("kpi_rate", rate=fmt.percent(k["response_rate"], words.lang))]
        return " · ".join([words("kpi_n_asked", n=n), *rate])
    return words("n_behind", n=n)

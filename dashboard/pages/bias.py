"""The bias audit: where what cameras read in faces differs by anything but the service."""

from __future__ import annotations

from typing import Any

from dash import html

from motcua.dashboard import format as fmt
from motcua.dashboard.pages.asked import number, percent, table
from motcua.dashboard.states import is_real
from motcua.dashboard.words import Words

Data = dict[str, Any]
DIMENSIONS = ("light", "face_px", "hour", "camera")
REASONS = ("unseen", "none", "small", "cut", "turned", "dark", "bright", "blurred", "crowded", "no_picture")


def page(data: Data, words: Words) -> Any:
    """What is read now, then what was right on labelled pictures."""
    not_real = data["provenance"] is not None and not is_real(data["provenance"])
    return html.Div(
        [
            html.H1(words("bias_title")),
            html.P(words("bias_intro"), className="soft"),
            html.P(words("bias_warning"), className="banner", role="note"),
            html.P(words("bias_not_real"), className="banner", role="note") if not_real else None,
            *status(data, words),
            html.H2(words("bias_read")),
            *read(data, words),
            html.H2(words("bias_right")),
            *([audit(a, words) for a in data["audits"]] or [html.P(words("bias_no_audit"), className="notice")]),
        ]
    )


def status(data: Data, words: Words) -> list[Any]:
    """The model in use, the earlier ones, and whether its audit has to be made or made again."""
    if data["audit"] in ("none", "other_model") and data["model"] is not None:
        need = html.P(
            [words(f"bias_audit_{data['audit']}", model=data["model"]), " ", html.Code("motcua evaluate-expressions")],
            className="notice",
            role="alert",
        )
    else:
        need = None
    if data["model"] is None:
        return [html.P(words("bias_off"), className="notice")]
    rows = [
        [m["model"], number(m["n"], words), fmt.moment(fmt.parsed(m["first_at"])), fmt.moment(fmt.parsed(m["last_at"]))]
        for m in data["models"]
    ]
    return [
        need,
        html.P(
            [words("bias_model"), " ", html.Strong(data["model"]), ". ", words(calibrated(data["model"]))],
            className="headline",
        ),
        table(("model", "visits", "first", "last"), rows, words),
    ]


def read(data: Data, words: Words) -> list[Any]:
    """Mean valence by stratum, and its slope under one camera."""
    if data["model"] is None:
        return [html.P(words("bias_nothing_read"), className="soft")]
    parts: list[Any] = [html.P(words("bias_read_note"), className="soft small")]
    if data["least_counters"] > 1:
        parts.append(html.P(words("bias_withheld_note", n=data["least_counters"]), className="soft small"))
    for dimension in DIMENSIONS:
        rows = [stratum(s, words) for s in data["strata"] if s["dimension"] == dimension]
        if rows:
            columns = (f"bias_{dimension}", "visits", "bias_mean", "bias_gap", "bias_verdict")
            parts += [html.H3(words(f"bias_by_{dimension}")), table(columns, rows, words)]
    if lines := [html.Li(slope(s, words)) for s in data["slopes"] if s["state"] == "ok"]:
        parts += [html.H3(words("bias_slopes")), html.Ul(lines)]
    if data["unread"]:
        parts += [html.H3(words("bias_unread")), table(("bias_reason", "visits"), reasons(data["unread"], words), words)]
    return parts


def stratum(s: Data, words: Words) -> list[Any]:
    """One row of differences."""
    name = named(s["dimension"], s["stratum"], words)
    if s["state"] != "ok":
        return [name, number(s["n"], words), html.Span(words(f"bias_{s['state']}"), className="none"), "", ""]
    return [
        name,
        number(s["n"], words),
        span(s["mean"], words),
        span(s["gap"], words, sign=True),
        verdict(s["differs"], words),
    ]


def slope(s: Data, words: Words) -> str:
    """The slope in a sentence."""
    given = s["slope"]
    ends = f"{signed(given['low'], words)} … {signed(given['high'], words)}"
    return words(f"bias_slope_{s['dimension']}", value=signed(given["value"], words), range=ends)


def audit(a: Data, words: Words) -> Any:
    """One model on one set of labelled pictures."""
    report, shared = a["report"]["reader"], a["report"]
    mark = words("bias_current") if a["current"] else words("bias_not_current")
    facts = [
        ("accuracy", span(report["accuracy"], words, share=True)),
        ("balanced", span(report["balanced_accuracy"], words, share=True)),
        ("ece", words("dash") if report["calibration"]["ece"] is None else percent(report["calibration"]["ece"], words)),
        ("temperature", temperature(report["calibration"], words)),
        ("refused", percent(sum(shared["refused"].values()) / max(1, shared["pictures"]), words)),
    ]
    rows = [error(s, words) for s in report["strata"]]
    refused = [
        [named(r["dimension"], r["stratum"], words), number(r["n"], words), percent(r["refused"] / r["n"], words)]
        for r in shared["refused_by_stratum"]
        if r["n"] >= 20
    ]
    made = words("bias_made", at=fmt.moment(fmt.parsed(a["at"])), n=number(a["pictures"], words), by=a["imported_by"])
    return html.Section(
        [
            html.H3(f"{a['model']} · {a['dataset']}"),
            html.P([mark, " · ", made, " · ", words(calibrated(a["model"]))], className="soft"),
            table(("fact", "value"), [[words(f"bias_fact_{k}"), v] for k, v in facts], words),
            html.H4(words("bias_errors_by")) if rows else None,
            table(
                ("bias_stratum", "pictures", "bias_error", "bias_error_gap", "bias_valence_gap", "bias_verdict"), rows, words
            )
            if rows
            else None,
            html.H4(words("bias_refused_by")) if refused else None,
            table(("bias_stratum", "pictures", "bias_refused"), refused, words) if refused else None,
            html.P(words("bias_many"), className="soft small"),
        ],
        className="paper",
    )


def error(s: Data, words: Words) -> list[Any]:
    """Error and score of a stratum of labelled pictures beside the others."""
    name = named(s["dimension"], s["stratum"], words)
    if s["state"] != "ok":
        return [name, number(s["n"], words), html.Span(words("bias_few_pictures"), className="none"), "", "", ""]
    return [
        name,
        number(s["n"], words),
        span(s["error"], words, share=True),
        span(s["error_gap"], words, share=True, sign=True),
        span(s["valence_gap"], words, sign=True),
        verdict(s["differs"], words),
    ]


def named(dimension: str, stratum: str, words: Words) -> str:
    """A stratum for people; a group's own name as it was given."""
    if dimension == "face_px":
        return _whole(words("bias_px", range=stratum.replace("-", "–")))
    if dimension == "light":
        low, _, high = stratum.rstrip("+").partition("-")
        ends = [percent(float(x), words) for x in (low, high) if x]
        return _whole(words("bias_light_of", range="–".join(ends) + ("+" if stratum.endswith("+") else "")))
    if dimension == "hour" and stratum.isdigit():
        return _whole(words("bias_hour_of", hour=stratum))
    return stratum if dimension == "camera" else f"{dimension}: {stratum}"


def reasons(unread: dict[str, int], words: Words) -> list[list[Any]]:
    """Why visits have no figure."""
    return [[words(f"bias_no_{r}") if r in REASONS else r, number(n, words)] for r, n in unread.items()]


def temperature(c: Data, words: Words) -> str:
    """The temperature that was fitted, and what it did on the other half."""
    if c["temperature"] is None:
        return words("bias_no_temperature")
    ends = {k: percent(c[k], words) for k in ("ece_before", "ece_after")}
    if not c["better"]:
        return words("bias_temperature_no_use", t=fmt.number(c["temperature"], words.lang, 2))
    return words(
        "bias_temperature", t=fmt.number(c["temperature"], words.lang, 2), before=ends["ece_before"], after=ends["ece_after"]
    )


def calibrated(model: str) -> str:
    """The key that says whether a model's probabilities are calibrated."""
    return "bias_calibrated" if " T=" in model else "bias_uncalibrated"


def verdict(differs: bool | None, words: Words) -> Any:
    """Whether a difference is more than chance."""
    if differs is None:
        return words("bias_no_other")
    return html.Strong(words("bias_differs")) if differs else words("bias_alike")


def span(given: Data | None, words: Words, *, share: bool = False, sign: bool = False) -> Any:
    """A figure and its interval."""
    if given is None:
        return words("dash")

    def say(x: float) -> str:
        return _with_sign(x, percent(abs(x), words) if share else fmt.number(abs(x), words.lang, 2), plus=sign)

    between = "" if given["low"] is None else f"{say(given['low'])} … {say(given['high'])}"
    return [html.Strong(say(given["value"])), html.Span(between, className="interval")]


def signed(x: float, words: Words) -> str:
    """A slope with its sign."""
    return _with_sign(x, fmt.number(abs(x), words.lang, 3), plus=True)


def _with_sign(x: float, text: str, *, plus: bool) -> str:
    """What rounds to 0 has no sign."""
    if not text.strip("0.,% "):
        return text
    return f"{'−' if x < 0 else '+' if plus else ''}{text}"


def _whole(text: str) -> str:
    """In one line."""
    return text.replace(" ", "\u00a0")

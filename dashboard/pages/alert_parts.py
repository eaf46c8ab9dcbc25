"""Pieces of the pages on alerts: one line of the list, states, history, channels."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from dash import dcc, html

from motcua.dashboard import format as fmt
from motcua.dashboard.pages import parts
from motcua.dashboard.pages.asked import tag
from motcua.dashboard.words import Words

Data = dict[str, Any]
NOT_LOOKING_S = 120.0


def item(row: Data, may_act: bool, now: str, words: Words) -> Any:
    """One alert of the list."""
    name, stands = row["name"][words.lang], row["cleared_at"] is None
    act = None
    if may_act and stands and row["acknowledged_at"] is None:
        label = words("alert_acknowledge_this", name=name, office=row["office_name"])
        act = html.Button(
            words("alert_acknowledge"), id={"acknowledge": row["alert_id"]}, n_clicks=0, type="button", className="worst",
            **{"aria-label": label},
        )  # fmt: skip
    title = dcc.Link([html.Strong(name), f" · {row['office_name']}"], href=f"/alerts/{quote(row['alert_id'], safe='')}")
    return html.Li(
        [
            html.Div([sign(row, words), html.Div([html.H2(title), *facts(row, now, words)])], className="alert-text"),
            html.Div([act, tag(row["provenance"], words)], className="alert-side"),
        ],
        className="alert" if stands else "alert is-over",
        key=row["alert_id"],
    )


def sign(row: Data, words: Words) -> Any:
    """A triangle while it stands, a tick when it is over, hollow where the figures are not real; words for those who do not see it."""
    stands = row["cleared_at"] is None
    hollow = " hollow" if row["provenance"] in ("replay", "simulated") else ""
    shape = f"mark mark-far{hollow}" if stands else "done-mark"
    return html.Span(
        [
            html.Span("" if stands else "✓", className=shape, **{"aria-hidden": "true"}),
            html.Span(words("alert_open" if stands else "alert_over"), className="quiet"),
        ],
        className="alert-sign",
    )


def facts(row: Data, now: str, words: Words) -> list[Any]:
    """Figures, then since when and who has it."""
    figures = row["figures"][words.lang]
    return [html.P(figures) if figures else None, html.P(dotted(meta(row, now, words)), className="soft small")]


def meta(row: Data, now: str, words: Words) -> list[Any]:
    """Since when, how often, whether it is known, who has it."""
    begin = fmt.parsed(row["raised_at"])
    found: list[Any] = []
    if row["cleared_at"] is None:
        age_s = (fmt.parsed(now) - begin).total_seconds()
        found.append(
            [words("alert_since", at=moment(row["raised_at"])), " (", parts.age(max(0.0, age_s), begin, words), ")"]
        )
    else:
        found.append(words("alert_lasted", begin=moment(row["raised_at"]), end=moment(row["cleared_at"])))
        found.append(words(f"alert_because_{row['cleared_because']}"))
    if row["times"] > 1:
        found.append(words.count("alert_times", row["times"]))
    if row["unknown_since"]:
        found.append(html.Strong(words("alert_unknown_since", at=moment(row["unknown_since"]))))
    if row["acknowledged_by"]:
        found.append(words("alert_acknowledged_by", who=row["acknowledged_by"]))
    elif row["cleared_at"] is None:
        found.append(html.Strong(words("alert_nobody"), className="alert-new"))
    if row["assigned_to"]:
        found.append(words("alert_assigned_to", who=row["assigned_to"]))
    return found


def history(data: Data, words: Words) -> Any:
    """What happened, in order, the newest last."""
    lines = []
    for step in data["history"]:
        said = [html.Time(fmt.moment(fmt.parsed(step["at"])), dateTime=step["at"], className="soft"), " ", did(step, words)]
        if step["figures"] and step["figures"][words.lang]:
            said += [html.Span(f": {step['figures'][words.lang]}")]
        if step["words"]:
            said += [html.Blockquote(step["words"])]
        lines.append(html.Li(said, className=f"did-{step['event']}"))
    return html.Ol(lines, className="history")


def did(step: Data, words: Words) -> str:
    """A step of the history in words."""
    who, detail = step["username"] or "", step["detail"]
    match step["event"]:
        case "raised":
            return words("alert_did_raised_again" if detail.get("again") else "alert_did_raised")
        case "cleared":
            return words("alert_did_cleared", because=words(f"alert_because_{detail['because']}"))
        case "assigned" if detail.get("to"):
            return words("alert_did_assigned", who=who, to=detail["to"])
        case "assigned":
            return words("alert_did_unassigned", who=who)
        case "notified":
            return words(f"alert_did_notified_{detail['said']}", channel=detail["channel"])
        case event:
            return words(f"alert_did_{event}", who=who)


def channels(rows: list[Data], words: Words) -> Any:
    """How alerts leave the page, and what does not work."""
    if not rows:
        return html.P(words("channels_none"), className="soft small")
    lines = []
    for row in rows:
        if row["failures"]:
            told = words.count("channel_failing", row["waiting"], error=error(row["error"], words))
            state = html.Strong(f"✕ {told}", className="alert-new")
        elif row["sent_at"]:
            state = html.Span(f"✓ {words('channel_ok', at=moment(row['sent_at']))}")
        else:
            state = html.Span(words("channel_unused"))
        lines.append(html.Li([html.Strong(row["channel"]), f" ({row['service']}): ", state]))
    return html.Ul(lines)


def error(code: str | None, words: Words) -> str:
    """Why a channel does not take messages."""
    kind, _, number = (code or "refused").partition(":")
    if kind == "status":
        return words("alert_error_status", code=number)
    return words(f"alert_error_{kind if kind in ('internal', 'no_connection', 'address') else 'refused'}")


def looking(data: Data, words: Words) -> Any:
    """Says that nobody looks; None while somebody does."""
    at = data["looked_at"]
    if at is None:
        return html.P(words("alerts_never_looked"), className="banner", role="note")
    if (fmt.parsed(data["generated_at"]) - fmt.parsed(at)).total_seconds() > NOT_LOOKING_S:
        return html.P(words("alerts_not_looking", at=fmt.moment(fmt.parsed(at))), className="banner", role="note")
    return None


def moment(text: str) -> str:
    """``14:05 02/03/2026``."""
    at = fmt.parsed(text)
    return f"{fmt.clock(at)} {fmt.day(at.astimezone(fmt.VIET_NAM).date())}"


def dotted(pieces: list[Any]) -> list[Any]:
    """Pieces with a dot between."""
    found: list[Any] = []
    for piece in pieces:
        found += [" · "] if found else []
        found += piece if isinstance(piece, list) else [piece]
    return found

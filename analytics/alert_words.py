"""Alerts in words, Vietnamese first: for messages and for the API. Pure. No name of a person is in them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from motcua.analytics.alert_rules import Lang
from motcua.analytics.store import VIET_NAM

LANGS: tuple[Lang, ...] = ("vi", "en")
Row = Mapping[str, Any]
MOST_OFFICES = 40
"""So many stand in one message; the rest are counted."""


@cache
def texts(lang: Lang) -> Mapping[str, str]:
    """The texts of a language, from ``alert_words.json``."""
    every = json.loads(files("motcua.analytics").joinpath("alert_words.json").read_text(encoding="utf-8"))
    found: Mapping[str, str] = every[lang]
    return found


def name_of(kind: str, lang: Lang) -> str:
    """What a kind of alert is called."""
    return texts(lang)[kind]


def facts_of(kind: str, subject: str, facts: Row, lang: Lang) -> str:
    """The figures of an alert in a clause; empty where none is known."""
    say = texts(lang)
    if kind not in ("no_data", "camera_blind") and all(value is None or value == [] for value in facts.values()):
        return ""

    def known(value: object) -> str:
        return say["unknown"] if value is None else str(value)

    def minutes(key: str, round_: Any) -> str:
        return known(None if facts.get(key) is None else round_(facts[key] / 60))

    def percent(key: str) -> str:
        if facts.get(key) is None:
            return say["unknown"]
        text = f"{math.floor(facts[key] * 1000 + 0.5) / 10:.1f}".removesuffix(".0")
        return f"{text.replace('.', ',')} %" if lang == "vi" else f"{text}%"

    since = facts.get("last_seen_at")
    fields = {
        "subject": subject,
        "minutes": minutes("expected_wait_s", lambda x: math.floor(x + 0.5)),
        "low": minutes("low_s", math.floor),
        "high": minutes("high_s", math.ceil),
        "waiting": known(facts.get("waiting")),
        "counters": ", ".join(facts.get("counters") or ()) or say["unknown"],
        "blind": say.get(f"blind_{facts.get('blind')}", say["unknown"]),
        "since": clock(datetime.fromisoformat(since)) if since else say["unknown"],
        "share": percent("share"),
        "target": percent("target"),
        "n": known(facts.get("n")),
        "days": known(facts.get("days")),
    }
    return say[f"{kind}_facts"].format(**fields)


def clock(at: datetime) -> str:
    """``14:05 02/03/2026``, Viet Nam's time."""
    return at.astimezone(VIET_NAM).strftime("%H:%M %d/%m/%Y")


def message(notices: Sequence[Row], languages: Sequence[Lang], staff_url: str) -> tuple[str, str]:
    """Title and body of one message about some offices. notices: ``office_id``, ``office_name``, and ``alerts`` as they were planned."""
    titles = [_title(notices, lang) for lang in languages]
    bodies = ["\n\n".join(_office(n, lang, staff_url) for n in notices[:MOST_OFFICES]) for lang in languages]
    more = len(notices) - MOST_OFFICES
    tail = [f"… +{more}"] if more > 0 else []
    return _line(" / ".join(titles))[:200], "\n\n—\n\n".join([*bodies, *tail])


def test_message(channel: str, languages: Sequence[Lang]) -> tuple[str, str]:
    """What ``motcua alerts test`` sends."""
    title = " / ".join(texts(lang)["test_title"] for lang in languages)
    return title, "\n\n".join(texts(lang)["test_body"].format(channel=channel) for lang in languages)


def _title(notices: Sequence[Row], lang: Lang) -> str:
    say, n = texts(lang), sum(len(notice["alerts"]) for notice in notices)
    if len({notice["office_id"] for notice in notices}) > 1:
        return say["title_many"].format(offices=len({x["office_id"] for x in notices}), n=n)
    return say["title.one" if n == 1 else "title.other"].format(office=notices[0]["office_name"], n=n)


def _office(notice: Row, lang: Lang, staff_url: str) -> str:
    say, base = texts(lang), staff_url.rstrip("/")
    lines = [_line(str(notice["office_name"]))]
    for alert in notice["alerts"]:
        when = say[alert["said"]].format(at=clock(datetime.fromisoformat(alert["at"])))
        if alert["said"] == "raised":
            sign, told = "▲", facts_of(alert["kind"], alert["subject"], alert["facts"], lang)
        else:
            sign, told = "✓", say[f"because_{alert['because']}"]
        text = f"{sign} {say[alert['kind']]}: {told}. {when}" if told else f"{sign} {say[alert['kind']]}. {when}"
        if alert["provenance"] in ("replay", "simulated"):
            text += f" [{say['not_real_' + alert['provenance']]}]"
        lines += [_line(text), f"  {base}/alerts/{quote(str(alert['alert_id']), safe='')}"]
    lines.append(f"{say['page']}: {base}/office/{quote(str(notice['office_id']), safe='')}")
    return "\n".join(lines)


def _line(text: str) -> str:
    """One line without control characters: a name cannot begin a header."""
    return re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", text)

"""Call-back surveys as CSV become ratings. Names, telephone numbers and whatever else stands in the file are dropped unread. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from pydantic import ValidationError

from motcua.analytics.files import Problem, Sheet, instant, sheet
from motcua.edge.messages import Rating, RatingReason

NEEDED = ("at", "office_id", "score")
KNOWN = (*NEEDED, "counter_id", "procedure", "served_at", "reason", "survey")
SOURCE = "call-back"
REASONS: tuple[str, ...] = get_args(RatingReason)


@dataclass(frozen=True, slots=True)
class CallBacks:
    """What a file holds: ratings ready to be stored, errors by line, columns that were dropped."""

    lines: int
    ratings: tuple[Rating, ...]
    problems: tuple[Problem, ...]
    dropped: tuple[str, ...]


def call_backs(data: bytes, offices: Collection[str], now: datetime) -> CallBacks:
    """Read a file. ``offices``: the ids that the importer may write to. Raises FileRefused.

    A line's id is a hash of what it says and of how many equal lines stand above it: the same file twice gives the same ids.
    ``survey`` may hold the number of the interview; it goes into the hash and is not kept.
    """
    found: Sheet = sheet(data, NEEDED, KNOWN)
    ratings, problems, seen = [], [], Counter[str]()
    for number, cells in found.lines:
        try:
            message = _message(cells, offices, now)
        except ValueError as error:
            problems.append(Problem(number, _sentence(error)))
            continue
        key = json.dumps([message["office_id"], message["at"].isoformat(), *sorted(cells.items())], ensure_ascii=False)
        seen[key] += 1
        message["id"] = UUID(bytes=hashlib.sha256(f"{key}{seen[key]}".encode()).digest()[:16], version=5)
        ratings.append(Rating.model_validate(message))
    return CallBacks(len(found.lines), tuple(ratings), tuple(problems), found.dropped)


def _message(cells: dict[str, str], offices: Collection[str], now: datetime) -> dict[str, Any]:
    if cells["office_id"] not in offices:
        raise ValueError("office_id: no such office, or not one of yours")
    at = _at("at", cells["at"])
    if at > now:
        raise ValueError("at: lies in the future")
    if cells["score"] not in ("1", "2", "3", "4", "5"):
        raise ValueError("score: a whole number from 1 to 5 is needed")
    reason = cells.get("reason") or None
    if reason is not None and reason not in REASONS:
        raise ValueError(f"reason: one of {', '.join(REASONS)}, or nothing")
    message: dict[str, Any] = {
        "id": UUID(int=0),
        "epoch": 0,
        "seq": 1,
        "at": at,
        "office_id": cells["office_id"],
        "source_id": SOURCE,
        "provenance": "import",
        "counter_id": cells.get("counter_id") or None,
        "score": int(cells["score"]),
        "channel": "call_back",
        "procedure": cells.get("procedure") or None,
        "served_at": _at("served_at", cells["served_at"]) if cells.get("served_at") else None,
        "reason": reason,
    }
    Rating.model_validate(message)
    return message


def _at(name: str, text: str) -> datetime:
    try:
        return instant(text)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name}: a time such as 02/03/2026 14:05 is needed") from error


def _sentence(error: ValueError) -> str:
    """Without the value that was wrong: it may be somebody's number."""
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "line"
        return f"{where}: {first['msg'].removeprefix('Value error, ')}"[:200]
    return str(error)[:200]

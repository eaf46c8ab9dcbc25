"""Due process of a proposal about an officer: proposed, seen, commented, decided, appealed, final. Pure, with time as an argument.

The machine proposes a band from ratings; a person in HR decides, with a reason. The officer sees the evidence before, may comment, and may appeal; an
appeal is resolved by somebody else than who decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from motcua.analytics.rule import Rule

Action = Literal["propose", "see", "comment", "decide", "appeal", "resolve", "close"]
State = Literal["proposed", "seen", "commented", "decided", "appealed", "final"]

MIN_REASON = 20
MOST_WORDS = 4000
_STATE: dict[Action, State] = {
    "propose": "proposed",
    "see": "seen",
    "comment": "commented",
    "decide": "decided",
    "appeal": "appealed",
    "resolve": "final",
    "close": "final",
}
_WHO: dict[Action, str] = {
    "propose": "hr",
    "see": "officer",
    "comment": "officer",
    "decide": "hr",
    "appeal": "officer",
    "resolve": "hr",
    "close": "hr",
}


class ProcessError(ValueError):
    """A step that may not be taken now; one sentence with the reason."""


@dataclass(frozen=True, slots=True)
class Step:
    """What was done, when, by whom; ``band`` of a decision or of an appeal's end, ``words``: the reason or the comment."""

    action: Action
    at: datetime
    username: str
    band: str | None = None
    words: str | None = None


def state_of(steps: Sequence[Step]) -> State:
    """Where a proposal stands."""
    return _STATE[steps[-1].action]


def due_at(steps: Sequence[Step], rule: Rule) -> datetime | None:
    """When the officer's time ends: to comment before a decision, to appeal after it; None where no time runs."""
    if state_of(steps) in ("proposed", "seen", "commented"):
        return steps[0].at + timedelta(days=rule.comment_days)
    if state_of(steps) == "decided":
        return steps[-1].at + timedelta(days=rule.appeal_days)
    return None


def allowed(steps: Sequence[Step], role: str, username: str, now: datetime, rule: Rule) -> tuple[Action, ...]:
    """What this person may do now. ``role``: officer only where the proposal is about themselves."""
    state, due = state_of(steps), due_at(steps, rule)
    over = due is not None and now >= due
    may: list[Action] = []
    if state == "proposed":
        may = ["see", "decide"] if over else ["see"]
    elif state == "seen":
        may = ["comment", "decide"] if over else ["comment"]
    elif state == "commented":
        may = ["decide"]
    elif state == "decided":
        may = ["close"] if over else ["appeal"]
    elif state == "appealed" and username != _decider(steps):
        may = ["resolve"]
    return tuple(a for a in may if _WHO[a] == role)


def step(
    steps: Sequence[Step],
    action: Action,
    role: str,
    username: str,
    now: datetime,
    rule: Rule,
    band: str | None,
    words: str | None,
) -> Step:
    """The next step. Raises ProcessError where it may not be taken, or lacks its band or its reason."""
    if action not in allowed(steps, role, username, now, rule):
        if action == "resolve" and state_of(steps) == "appealed" and role == "hr":
            raise ProcessError("who decided does not resolve the appeal: another account of HR has to")
        raise ProcessError(
            f"not now: the proposal is {state_of(steps)}, and it is not for you, or the officer's time still runs"
        )
    words = (words or "").strip() or None
    if words and len(words) > MOST_WORDS:
        raise ProcessError(f"at most {MOST_WORDS} characters")
    if action in ("decide", "resolve"):
        if band not in {b.name for b in rule.bands}:
            raise ProcessError("a decision names one of the bands")
        if words is None or len(words) < MIN_REASON:
            raise ProcessError(f"a decision needs its reason, in {MIN_REASON} characters or more")
    if action in ("comment", "appeal") and words is None:
        raise ProcessError("write what is to be said")
    return Step(action, now, username, band if action in ("decide", "resolve") else None, words)


def _decider(steps: Sequence[Step]) -> str | None:
    return next((s.username for s in reversed(steps) if s.action == "decide"), None)

"""From observations to alerts: a state machine for each (office, kind, subject). Pure, with time as an argument.

Evidence is counted in seconds of known time. From one look to the next that speaks for a change (bad for a calm watch, good for
a raised one) it grows; between the levels, and while nothing is known, it ages by the second; the opposite takes all of it away. So the
unknown is neither good nor bad: it raises nothing, clears nothing, and is told as unknown. A pause of the runner longer than
``MAX_STEP_S`` counts as unknown time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid5

from motcua.analytics.alert_rules import Kind, Rule, Rules, Telling, Verdict

MAX_STEP_S = 60.0
REOPEN = timedelta(minutes=30)
"""What comes back within this time is the same alert again."""
_HOUR = timedelta(hours=1)
_NAMESPACE = UUID("8f6f2b1e-5d7e-4a53-9a8c-6f2d3f0b7a11")

Reason = Literal["good", "closed", "gone", "rule_off"]
"""Why an alert is over: well again, the office closed, nothing is watched there any longer, the rule was switched off."""


class Key(NamedTuple):
    """What is watched: a rule's kind at an office, and the source it is about, empty for the office as a whole."""

    office_id: str
    kind: Kind
    subject: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What is seen of a key at one instant.

    value: in the unit of its rule, None where it is not known. applies: False while the office is closed: then nothing is
    raised, and an alert that only makes sense while it is open (``ends``) is over.
    """

    key: Key
    value: float | None
    applies: bool = True
    ends: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    provenance: str | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of a key between two instants. ``alert_id`` stays for ``REOPEN`` after the end."""

    raised: bool = False
    evidence_s: float = 0.0
    verdict: Verdict = "unknown"
    alert_id: UUID | None = None
    cleared_at: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Nothing worth keeping."""
        return self == Watch()


@dataclass(frozen=True, slots=True)
class Event:
    """An alert is raised (``again``: the one of before) or over."""

    key: Key
    alert_id: UUID
    at: datetime
    event: Literal["raised", "cleared"]
    again: bool = False
    reason: Reason | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    provenance: str | None = None


Book = Mapping[Key, Watch]


def tick(
    book: Book, seen: Iterable[Observation], rules: Rules, last_at: datetime | None, now: datetime
) -> tuple[dict[Key, Watch], list[Event]]:
    """One look at everything: the book after it, and what happened, in the order of the keys.

    last_at: the look before; None for the first. A clock that goes back counts as no time.
    """
    elapsed_s = 0.0 if last_at is None else max(0.0, (now - last_at).total_seconds())
    by_key = {one.key: one for one in seen}
    after: dict[Key, Watch] = {}
    events: list[Event] = []
    for key in sorted(book.keys() | by_key.keys()):
        watch, event = _step(
            key, book.get(key, Watch()), by_key.get(key), rules.rule(key.office_id, key.kind), elapsed_s, now
        )
        if not watch.is_empty:
            after[key] = watch
        if event is not None:
            events.append(event)
    return after, events


def judge(rule: Rule, seen: Observation) -> Verdict:
    """What an observation says under a rule."""
    if not seen.applies and seen.ends:
        return "over"
    if seen.value is None:
        return "unknown"
    found = rule.verdict(seen.value)
    return "unknown" if found == "bad" and not seen.applies else found


def _step(
    key: Key, watch: Watch, seen: Observation | None, rule: Rule, elapsed_s: float, now: datetime
) -> tuple[Watch, Event | None]:
    if seen is None or not rule.enabled:
        return _ended(key, watch, "gone" if seen is None else "rule_off", seen, now)
    verdict = judge(rule, seen)
    toward, against = (("good", "over"), ("bad",)) if watch.raised else (("bad",), ("good", "over"))
    if verdict in against:
        evidence_s = 0.0
    elif verdict in toward and elapsed_s <= MAX_STEP_S:
        evidence_s = watch.evidence_s + (elapsed_s if watch.verdict in toward else 0.0)
    else:
        evidence_s = max(0.0, watch.evidence_s - elapsed_s)
    need_s = rule.clear_for_s if watch.raised else rule.raise_for_s
    if verdict in toward and evidence_s >= need_s:
        return _turned(key, watch, verdict, seen, now)
    before = watch if watch.raised or _is_recent(watch, now) else Watch()
    said: Verdict = verdict if watch.raised or verdict == "bad" else "unknown"  # of a calm watch only what speaks against it
    return replace(before, verdict=said, evidence_s=evidence_s), None


def _turned(key: Key, watch: Watch, verdict: Verdict, seen: Observation, now: datetime) -> tuple[Watch, Event]:
    if watch.raised:
        return _cleared(key, watch, "closed" if verdict == "over" else "good", seen, now)
    again = watch.alert_id is not None and _is_recent(watch, now)
    alert_id = watch.alert_id if again and watch.alert_id else uuid5(_NAMESPACE, "/".join((*key, now.isoformat())))
    event = Event(key, alert_id, now, "raised", again, None, dict(seen.facts), seen.provenance)
    return Watch(raised=True, verdict=verdict, alert_id=alert_id), event


def _ended(key: Key, watch: Watch, reason: Reason, seen: Observation | None, now: datetime) -> tuple[Watch, Event | None]:
    if watch.raised:
        return _cleared(key, watch, reason, seen, now)
    return (replace(watch, evidence_s=0.0, verdict="unknown") if _is_recent(watch, now) else Watch()), None


def _cleared(key: Key, watch: Watch, reason: Reason, seen: Observation | None, now: datetime) -> tuple[Watch, Event]:
    assert watch.alert_id is not None
    facts, provenance = (dict(seen.facts), seen.provenance) if seen else ({}, None)
    after = Watch(alert_id=watch.alert_id, cleared_at=now)
    return after, Event(key, watch.alert_id, now, "cleared", False, reason, facts, provenance)


def _is_recent(watch: Watch, now: datetime) -> bool:
    return watch.cleared_at is not None and now - watch.cleared_at < REOPEN


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert as far as telling goes. ``told``: what the last message about it said."""

    alert_id: UUID
    raised: bool
    acknowledged: bool
    told: Literal["none", "raised", "cleared"]

    @property
    def to_tell(self) -> Literal["raised", "cleared"] | None:
        """What is still to be said. Of an alert that came and went untold: nothing. Somebody who acknowledged knows."""
        if self.raised:
            return "raised" if self.told != "raised" and not self.acknowledged else None
        return "cleared" if self.told == "raised" else None


def due(alerts: Sequence[Standing], told_at: Sequence[datetime], telling: Telling, local: datetime) -> list[Standing]:
    """The alerts of one office for one message now; empty while it is quiet or the hour has had its messages.

    told_at: instants of the office's messages (an hour back is enough). local: now, in Viet Nam's time. Nothing is queued: what
    is held back is told later as it stands then.
    """
    waiting = [a for a in alerts if a.to_tell is not None]
    used = sum(1 for at in told_at if local - at < _HOUR)
    if not waiting or not telling.enabled or telling.is_quiet(local) or used >= telling.per_hour:
        return []
    return waiting


def pause_s(failures: int, first_s: float = 15.0, longest_s: float = 900.0) -> float:
    """How long a channel that failed so many times in a row is left alone."""
    return min(longest_s, first_s * 2.0 ** min(max(0, failures - 1), 16))

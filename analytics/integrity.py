"""Whether ratings can be what they say: patterns that a person should look at. Pure. No check removes an answer.

Each finding names a counter and an hour or a period, never a citizen. A finding is a question, not an accusation: a school class that rates
together is a burst as well.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from motcua.analytics.satisfaction import difference
from motcua.analytics.waits import wilson

BURST_N, BURST = 4, timedelta(seconds=60)
ATTENDED_BEFORE, ATTENDED_AFTER = timedelta(minutes=10), timedelta(minutes=2)
MIN_N = 30
UNIFORM = 0.98
UNATTENDED = 0.2
GAP = 0.1
SILENT_CHANCE = 0.001
MOST = 50

Kind = Literal["burst", "more_than_served", "unattended", "uniform", "silent", "channels"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One rating as the checks see it; ``moment`` is when the service ended, else when the answer came."""

    counter_id: str | None
    source_id: str
    channel: str
    score: int
    at: datetime
    moment: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """One pattern: where, when it began, how many answers or visits, and the figure behind it (a share or a difference of shares)."""

    kind: Kind
    counter_id: str | None
    at: datetime | None
    n: int
    value: float | None = None
    other: str | None = None


def bursts(answers: Iterable[Answer]) -> list[Finding]:
    """Runs of ``BURST_N`` or more answers of one kiosk within ``BURST`` of each other: one run, one finding."""
    found = []
    for given in _by(answers, "kiosk", lambda a: a.source_id).values():
        marked = {
            j
            for i in range(BURST_N - 1, len(given))
            if _close(given[i - BURST_N + 1], given[i])
            for j in range(i - BURST_N + 1, i + 1)
        }
        run: list[Answer] = []
        for i, answer in enumerate(given):
            if i in marked and (not run or _close(run[-1], answer)):
                run.append(answer)
                continue
            found += _run(run)
            run = [answer] if i in marked else []
        found += _run(run)
    return found


def more_than_served(answers: Iterable[Answer], served: Mapping[tuple[str, datetime], int]) -> list[Finding]:
    """Hours of a counter with at least three more answers than people served; ``served`` by counter and hour, whole hours in UTC."""
    hours = _hours(a for a in answers if a.channel != "call_back")
    rows = [(counter, hour, n, served.get((counter, hour))) for (counter, hour), n in hours.items()]
    return [
        Finding("more_than_served", c, hour, n, n / s if s else None)
        for c, hour, n, s in rows
        if s is not None and n > s + 2
    ]


def unattended(answers: Iterable[Answer], departures: Mapping[str, Sequence[datetime]]) -> list[Finding]:
    """Counters at which many kiosk answers came while nobody had just been served: who else pressed?

    ``departures``: ascending ends of served visits by counter. Only answers within the span of these are looked at, so that a blind camera
    accuses nobody. A finding needs ``MIN_N`` answers and a share above ``UNATTENDED`` with its whole interval.
    """
    found = []
    for counter, answer_list in _by(answers, "kiosk", lambda a: a.counter_id).items():
        ends = departures.get(counter) or ()
        seen = [a for a in answer_list if ends and ends[0] <= a.moment <= ends[-1]]
        alone = sum(not _near(ends, a.moment) for a in seen)
        share = wilson(alone, len(seen))
        if len(seen) >= MIN_N and share and share[1] > UNATTENDED:
            found.append(Finding("unattended", counter, None, alone, share[0]))
    return found


def uniform(answers: Iterable[Answer]) -> list[Finding]:
    """Kiosks at which nearly everybody gives the same answer: people who answer under an officer's eyes do."""
    found = []
    for answer_list in _by(answers, "kiosk", lambda a: a.source_id).values():
        n = len(answer_list)
        most = max(sum(a.score == s for a in answer_list) for s in range(1, 6))
        if n >= MIN_N and most / n >= UNIFORM:
            found.append(Finding("uniform", answer_list[0].counter_id, None, n, most / n))
    return found


def silent(answers: Iterable[Answer], served: Mapping[tuple[str, datetime], int]) -> list[Finding]:
    """Hours with people served and no kiosk answer, where the counter's usual rate makes that a chance of less than ``SILENT_CHANCE``."""
    kiosk = [a for a in answers if a.channel == "kiosk" and a.counter_id]
    hours = _hours(kiosk)
    found = []
    for counter in {a.counter_id for a in kiosk}:
        here = {hour: n for (c, hour), n in served.items() if c == counter}
        rate = min(0.999, sum(n for (c, _), n in hours.items() if c == counter) / (sum(here.values()) or 1))
        for hour, n in here.items():
            if (counter, hour) not in hours and (1 - rate) ** n < SILENT_CHANCE:
                found.append(Finding("silent", counter, hour, n, rate))
    return found


def channels(answers: Iterable[Answer], satisfied_from: int) -> list[Finding]:
    """Kiosk against call-back and QR, where nobody stands beside: satisfied shares that differ by more than ``GAP`` and by more than chance."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for a in answers:
        counts[a.channel][0] += a.score >= satisfied_from
        counts[a.channel][1] += 1
    found = []
    for other in ("call_back", "qr"):
        kiosk, apart = counts["kiosk"], counts[other]
        gap = difference((kiosk[0], kiosk[1]), (apart[0], apart[1]))
        if gap and apart[1] >= MIN_N and kiosk[1] >= MIN_N and abs(gap[0]) > GAP and not gap[1] <= 0 <= gap[2]:
            found.append(Finding("channels", None, None, apart[1], gap[0], other))
    return found


def check(
    answers: Sequence[Answer],
    served: Mapping[tuple[str, datetime], int],
    departures: Mapping[str, Sequence[datetime]],
    satisfied_from: int,
) -> list[Finding]:
    """Every check over one office and period, at most ``MOST`` findings of a kind, newest first."""
    parts = (
        bursts(answers),
        more_than_served(answers, served),
        unattended(answers, departures),
        uniform(answers),
        silent(answers, served),
        channels(answers, satisfied_from),
    )
    newest = [sorted(part, key=lambda f: (f.at is not None, f.at), reverse=True) if part else [] for part in parts]
    return [finding for part in newest for finding in part[:MOST]]


def hour_of(at: datetime) -> datetime:
    """The whole hour of an instant."""
    return at.replace(minute=0, second=0, microsecond=0)


def _close(first: Answer, last: Answer) -> bool:
    return last.at - first.at <= BURST


def _near(ends: Sequence[datetime], moment: datetime) -> bool:
    i = bisect_left(ends, moment - ATTENDED_BEFORE)
    return i < len(ends) and ends[i] <= moment + ATTENDED_AFTER


def _run(run: Sequence[Answer]) -> list[Finding]:
    return [Finding("burst", run[0].counter_id, run[0].at, len(run))] if len(run) >= BURST_N else []


def _hours(answers: Iterable[Answer]) -> dict[tuple[str, datetime], int]:
    hours: dict[tuple[str, datetime], int] = defaultdict(int)
    for a in answers:
        if a.counter_id:
            hours[a.counter_id, hour_of(a.moment)] += 1
    return dict(hours)


def _by(answers: Iterable[Answer], channel: str, key: Callable[[Answer], str | None]) -> dict[str, list[Answer]]:
    groups: dict[str, list[Answer]] = defaultdict(list)
    for a in sorted(answers, key=lambda a: a.at):
        name = key(a)
        if a.channel == channel and name:
            groups[name].append(a)
    return groups

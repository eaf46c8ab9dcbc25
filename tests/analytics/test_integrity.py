"""Each check finds its pattern where it was planted, and nothing where there is none."""

from __future__ import annotations

import random
from datetime import timedelta

from builders import NOON

from motcua.analytics import integrity
from motcua.analytics.integrity import Answer, Finding, check, hour_of


def answer(minutes: float, score: int = 4, counter: str = "q1", channel: str = "kiosk") -> Answer:
    at = NOON + timedelta(minutes=minutes)
    return Answer(counter, f"k-{counter}", channel, score, at, at)


def an_honest_day(seed: int = 1) -> tuple[list[Answer], dict, dict]:
    """Services end every 6 minutes; half of the people answer within a minute; five in six are satisfied."""
    chance = random.Random(seed)
    answers, served, ends = [], {}, []
    for i in range(200):
        end = NOON + timedelta(minutes=6 * i)
        ends.append(end)
        served["q1", hour_of(end)] = served.get(("q1", hour_of(end)), 0) + 1
        if chance.random() < 0.5:
            answers.append(answer(6 * i + chance.random(), chance.choice([5, 5, 4, 4, 4, 2])))
    return answers, served, {"q1": ends}


def kinds(found: list[Finding]) -> set[str]:
    return {f.kind for f in found}


def test_an_honest_day_shows_nothing() -> None:
    answers, served, ends = an_honest_day()
    assert check(answers, served, ends, 4) == []


def test_a_burst_is_found_once() -> None:
    quick = [answer(100 + s / 60) for s in (0, 5, 10, 15, 20, 25)]
    found = integrity.bursts([answer(i * 5) for i in range(10)] + quick)
    assert [(f.n, f.at) for f in found] == [(6, NOON + timedelta(minutes=100))]
    assert integrity.bursts([answer(i) for i in range(10)]) == [], "one a minute is no burst"
    two = integrity.bursts(quick + [answer(200 + s / 60) for s in range(4)])
    assert [f.n for f in two] == [6, 4]


def test_answers_while_nobody_was_served_are_found() -> None:
    answers, served, ends = an_honest_day()
    gap = [e for e in ends["q1"] if not NOON + timedelta(hours=5) < e < NOON + timedelta(hours=8)]
    lonely = [answer(60 * 5 + 15 + i, 5) for i in range(150)]
    found = check([*answers, *lonely], served, {"q1": gap}, 4)
    assert "unattended" in kinds(found)
    assert "more_than_served" in kinds(found)


def test_a_kiosk_under_an_officers_eyes_is_uniform_and_differs_from_call_backs() -> None:
    kiosk = [answer(7 * i, 5) for i in range(120)]
    calls = [answer(7 * i, 5 if i % 2 else 2, channel="call_back") for i in range(60)]
    found = check([*kiosk, *calls], {}, {}, 4)
    assert kinds(found) == {"uniform", "channels"}
    (gap,) = [f for f in found if f.kind == "channels"]
    assert (gap.other, gap.value) == ("call_back", 0.5)


def test_an_hour_of_silence_is_found_where_it_is_no_chance() -> None:
    answers, served, ends = an_honest_day()
    quiet = hour_of(NOON + timedelta(hours=5))
    kept = [a for a in answers if hour_of(a.at) != quiet]
    served["q1", quiet] = 20
    found = check(kept, served, ends, 4)
    assert [(f.kind, f.at) for f in found] == [("silent", quiet)]

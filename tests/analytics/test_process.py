"""Due process: who may do what, when; and a roster without overlaps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import NOON

from motcua.analytics.process import ProcessError, Step, allowed, due_at, state_of, step
from motcua.analytics.roster import clash, shifts
from motcua.analytics.rule import DEFAULT

REASON = "Vì điểm nằm rõ trong mức này."
DAY = timedelta(days=1)


def taken(*steps: tuple[str, str, str, float], band: str | None = "good", words: str | None = REASON) -> list[Step]:
    """Steps of (action, role, username, days after noon), each through the gate."""
    found = [Step("propose", NOON, "hr1")]
    for action, role, username, days in steps:
        found.append(step(found, action, role, username, NOON + days * DAY, DEFAULT, band, words))  # type: ignore[arg-type]
    return found


SEEN = ("see", "officer", "lan", 1.0)
COMMENTED = ("comment", "officer", "lan", 2.0)
DECIDED = ("decide", "hr", "hr1", 3.0)
APPEALED = ("appeal", "officer", "lan", 4.0)


def test_the_whole_way() -> None:
    steps = taken(SEEN, COMMENTED, DECIDED, APPEALED, ("resolve", "hr", "hr2", 5.0))
    assert state_of(steps) == "final"
    assert [s.band for s in steps] == [None, None, None, "good", None, "good"]
    for role in ("hr", "officer"):
        assert allowed(steps, role, "x", NOON + 999 * DAY, DEFAULT) == ()


@pytest.mark.parametrize(
    ("before", "bad"),
    [
        ((), ("decide", "hr", "hr1", 1.0)),  # the officer has not seen it, the time runs
        ((SEEN,), ("decide", "hr", "hr1", 2.0)),  # seen, not commented, the time runs
        ((SEEN,), ("comment", "hr", "hr1", 2.0)),  # HR does not speak for the officer
        ((SEEN, COMMENTED), ("decide", "officer", "lan", 3.0)),
        ((SEEN, COMMENTED), ("comment", "officer", "lan", 3.0)),  # once
        ((SEEN, COMMENTED, DECIDED), ("decide", "hr", "hr1", 4.0)),  # a decision is not changed quietly
        ((SEEN, COMMENTED, DECIDED), ("close", "hr", "hr1", 4.0)),  # before the time to appeal is over
        ((SEEN, COMMENTED, DECIDED), ("appeal", "officer", "lan", 30.0)),  # too late
        ((SEEN, COMMENTED, DECIDED, APPEALED), ("resolve", "hr", "hr1", 5.0)),  # by who decided
        ((SEEN, COMMENTED, DECIDED, APPEALED), ("resolve", "officer", "lan", 5.0)),
        ((SEEN, COMMENTED, DECIDED), ("appeal", "hr", "hr2", 4.0)),
        ((SEEN, COMMENTED), ("decide", "supervisor", "chief", 3.0)),
        ((SEEN, COMMENTED), ("decide", "admin", "boss", 3.0)),
    ],
)
def test_what_may_not_be_done(before: tuple, bad: tuple) -> None:
    with pytest.raises(ProcessError):
        taken(*before, bad)


def test_when_the_officer_keeps_silent_the_term_ends() -> None:
    assert state_of(taken(("decide", "hr", "hr1", 10.0))) == "decided"
    assert state_of(taken(SEEN, ("decide", "hr", "hr1", 10.0), ("close", "hr", "hr1", 25.0))) == "final"
    assert due_at(taken(), DEFAULT) == NOON + 10 * DAY
    assert due_at(taken(SEEN, COMMENTED, DECIDED), DEFAULT) == NOON + 18 * DAY


@pytest.mark.parametrize(
    ("band", "words"), [("good", None), ("good", "kurz"), (None, REASON), ("superb", REASON), ("good", "x" * 5000)]
)
def test_a_decision_has_a_band_and_a_reason(band: str | None, words: str | None) -> None:
    steps = taken(SEEN, COMMENTED)
    with pytest.raises(ProcessError):
        step(steps, "decide", "hr", "hr1", NOON + 3 * DAY, DEFAULT, band, words)


HEAD = "officer_id,name,office_id,counter_id,start,end\n"
LAN = "lan,Nguyễn Thị Lan,vl-1,q1,02/03/2026 07:30,02/03/2026 11:30\n"


def test_a_roster_is_read_and_read_again_the_same() -> None:
    found, problems = shifts((HEAD + LAN).encode(), {"vl-1"})
    assert problems == ()
    assert (found[0].start_at.isoformat(), found[0].counter_id) == ("2026-03-02T00:30:00+00:00", "q1")
    assert shifts((HEAD + LAN).encode(), {"vl-1"}, found)[1] == (), "the same shift does not clash with itself"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hoa,Hoa,vl-1,q1,02/03/2026 11:00,02/03/2026 17:00", "counter has another"),
        ("lan,Lan,vl-1,q2,02/03/2026 11:00,02/03/2026 17:00", "at another counter"),
        ("hoa,Hoa,vl-9,q2,02/03/2026 11:00,02/03/2026 17:00", "office_id"),
        ("hoa,Hoa,vl-1,q2,02/03/2026 17:00,02/03/2026 11:00", "end"),
        ("hoa,Hoa,vl-1,q2,02/03/2026 07:00,04/03/2026 11:00", "end"),
        ("hoa,Hoa,vl-1,q2,morgen,04/03/2026 11:00", "start"),
        ("h o a,Hoa,vl-1,q2,02/03/2026 07:00,02/03/2026 11:00", "officer_id"),
        ("hoa,<b>,vl-1,q2,02/03/2026 07:00,02/03/2026 11:00", "name"),
        ("hoa,,vl-1,q2,02/03/2026 07:00,02/03/2026 11:00", "name"),
    ],
)
def test_a_wrong_line_is_told(line: str, said: str) -> None:
    found, problems = shifts((HEAD + LAN + line + "\n").encode(), {"vl-1"})
    assert len(found) == 1
    assert [(p.line, said in p.message) for p in problems] == [(3, True)]


def test_shifts_that_touch_do_not_clash() -> None:
    found, _ = shifts((HEAD + LAN + "hoa,Hoa,vl-1,q1,02/03/2026 11:30,02/03/2026 17:00\n").encode(), {"vl-1"})
    assert len(found) == 2
    assert clash(found[1], [found[0]]) is None

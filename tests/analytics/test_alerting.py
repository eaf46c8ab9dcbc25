"""The state machine of alerts: known answers, and what holds for every feed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, pairwise
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from motcua.analytics.alert_rules import DEFAULTS, SETTING, Given, NoData, Quiet, Rules, Telling, WaitOver
from motcua.analytics.alerting import MAX_STEP_S, REOPEN, Event, Key, Observation, Standing, Watch, due, pause_s, tick
from motcua.analytics.store import VIET_NAM

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
DAY = date(2026, 3, 2)
KEY = Key("vl-1", "wait_over", "")
RULE = WaitOver(raise_for_s=60, clear_for_s=120)
MINUTE = 60.0


def rules(*settings: WaitOver | NoData | Telling) -> Rules:
    return Rules([Given(i, "*", date(2026, 1, 1), one) for i, one in enumerate(settings)], {}, DAY)


def play(
    values: list[float | None | str], step_s: float = 10.0, held: Rules | None = None, key: Key = KEY
) -> list[tuple[int, str, str | None]]:
    """(step, event, reason) of a feed; "closed": the office has closed, "none": the key is not observed."""
    return [(i, e.event, e.reason) for i, e in played(values, step_s, held, key)]


def played(
    values: list[float | None | str], step_s: float = 10.0, held: Rules | None = None, key: Key = KEY
) -> list[tuple[int, Event]]:
    book: dict[Key, Watch] = {}
    last: datetime | None = None
    found = []
    for i, value in enumerate(values):
        now = NOON + timedelta(seconds=i * step_s)
        book, events = tick(book, seen(value, key), held or rules(RULE), last, now)
        found += [(i, e) for e in events]
        last = now
    return found


def seen(value: float | str | None, key: Key = KEY) -> list[Observation]:
    if value == "none":
        return []
    if value == "closed":
        return [Observation(key, None, applies=False, ends=True)]
    assert value is None or isinstance(value, float)
    return [Observation(key, value)]


BAD, GOOD, BETWEEN = 1000.0, 100.0, 800.0


def test_it_is_raised_after_its_duration_and_cleared_after_the_other() -> None:
    assert play([BAD] * 7 + [GOOD] * 20) == [(6, "raised", None), (19, "cleared", "good")]


def test_a_single_good_look_takes_the_evidence_away() -> None:
    assert play([BAD] * 6 + [GOOD] + [BAD] * 6) == []
    assert play([BAD] * 6 + [GOOD] + [BAD] * 7) == [(13, "raised", None)]


def test_between_the_levels_nothing_is_raised_and_nothing_cleared() -> None:
    assert play([BETWEEN] * 100) == []
    assert play([BAD] * 7 + [BETWEEN] * 500) == [(6, "raised", None)]


@pytest.mark.parametrize("unknown", [None, BETWEEN])
def test_the_unknown_raises_nothing_and_clears_nothing_but_ages_the_evidence(unknown: float | None) -> None:
    assert play([unknown] * 500) == []
    assert play([BAD] * 7 + [unknown] * 500) == [(6, "raised", None)]
    assert play([BAD] * 6 + [unknown] + [BAD] * 2) == []  # 50 s, less 10; the step out of the unknown counts for nothing
    assert play([BAD] * 6 + [unknown] + [BAD] * 3) == [(9, "raised", None)]
    assert play([BAD] * 6 + [unknown] * 10 + [BAD] * 6) == []


def test_a_pause_of_the_runner_is_unknown_time() -> None:
    assert play([BAD] * 50, step_s=MAX_STEP_S + 1) == []
    book, _ = tick({}, seen(BAD), rules(RULE), None, NOON)
    book, _ = tick(book, seen(BAD), rules(RULE), NOON, NOON + timedelta(seconds=50))
    late = NOON + timedelta(hours=3)
    book, events = tick(book, seen(BAD), rules(RULE), NOON + timedelta(seconds=50), late)
    assert events == []
    assert book[KEY].evidence_s == 0.0


def test_a_clock_that_goes_back_counts_as_no_time() -> None:
    book, _ = tick({}, seen(BAD), rules(RULE), None, NOON)
    book, events = tick(book, seen(BAD), rules(RULE), NOON, NOON - timedelta(hours=1))
    assert events == []
    assert book[KEY].evidence_s == 0.0


def test_closing_ends_it_with_its_own_reason() -> None:
    assert play([BAD] * 7 + ["closed"] * 20) == [(6, "raised", None), (19, "cleared", "closed")]


def test_what_is_no_longer_watched_ends_at_once_and_says_so() -> None:
    assert play([BAD] * 7 + ["none"]) == [(6, "raised", None), (7, "cleared", "gone")]
    assert play(["none", GOOD, "none"]) == []


def test_a_rule_that_is_switched_off_ends_its_alerts() -> None:
    book, _ = tick({}, seen(BAD), rules(WaitOver(raise_for_s=0)), None, NOON)
    assert book[KEY].raised
    off = rules(WaitOver(enabled=False))
    book, events = tick(book, seen(BAD), off, NOON, NOON + timedelta(seconds=10))
    assert [(e.event, e.reason) for e in events] == [("cleared", "rule_off")]
    assert tick(book, seen(BAD), off, NOON, NOON + timedelta(seconds=20))[1] == []


def test_out_of_hours_a_silent_box_raises_nothing_but_may_come_back() -> None:
    key, held = Key("vl-1", "no_data", "cam-1"), rules(NoData(raise_for_s=60, clear_for_s=60))
    book: dict[Key, Watch] = {}
    events = []
    last = None
    for i, (value, applies) in enumerate(
        [(900.0, False)] * 60 + [(900.0, True)] * 8 + [(900.0, False)] * 60 + [(1.0, False)] * 8
    ):
        now = NOON + timedelta(seconds=10 * i)
        book, happened = tick(book, [Observation(key, value, applies=applies)], held, last, now)
        events += [(i, e.event) for e in happened]
        last = now
    assert events == [(66, "raised"), (134, "cleared")]


def test_what_comes_back_soon_is_the_same_alert() -> None:
    soon = played([BAD] * 7 + [GOOD] * 13 + [BAD] * 7)
    assert [e.event for _, e in soon] == ["raised", "cleared", "raised"]
    assert len({e.alert_id for _, e in soon}) == 1
    assert [e.again for _, e in soon] == [False, False, True]
    quiet = int(REOPEN.total_seconds() / 10)
    later = played([BAD] * 7 + [GOOD] * (13 + quiet) + [BAD] * 7)
    assert len({e.alert_id for _, e in later}) == 2
    assert not later[-1][1].again


feeds = st.lists(
    st.tuples(st.sampled_from([BAD, GOOD, BETWEEN, None, "closed", "none"]), st.integers(1, 40)), min_size=1, max_size=25
).map(lambda runs: [value for value, n in runs for _ in range(n)])


@given(feeds)
def test_each_raised_alert_is_cleared_or_stays(feed: list[float | None | str]) -> None:
    events = [e.event for _, e in played(feed)]
    assert [name for name, _ in groupby(events)] == events, "raised and cleared take turns"
    assert events[:1] in ([], ["raised"])


@given(feeds, st.integers(1, 6))
def test_a_feed_raises_no_more_often_than_its_durations_allow(feed: list[float | None | str], step: int) -> None:
    raised = [i for i, name, _ in play(feed, 10.0 * step) if name == "raised"]
    for one, other in pairwise(raised):
        assert (other - one) * 10.0 * step >= RULE.raise_for_s


@given(feeds)
def test_a_replay_gives_the_same_events(feed: list[float | None | str]) -> None:
    assert played(feed) == played(feed)


@given(feeds, st.data())
def test_what_is_kept_between_two_looks_is_all_that_is_needed(feed: list[float | None | str], data: st.DataObject) -> None:
    """A restart anywhere: the book is written as the database holds it, read again, and nothing is lost or told twice."""
    stops = data.draw(st.sets(st.integers(0, len(feed))))
    book: dict[Key, Watch] = {}
    last = None
    found = []
    for i, value in enumerate(feed):
        now = NOON + timedelta(seconds=10 * i)
        if i in stops:
            rows = [(*key, w.raised, w.evidence_s, w.verdict, w.alert_id, w.cleared_at) for key, w in book.items()]
            book = {Key(*row[:3]): Watch(*row[3:]) for row in rows}
            book, again = tick(book, seen(feed[i - 1]) if i else [], rules(RULE), last, last or now)
            assert again == [], "the look before, done twice, is no news"
        book, events = tick(book, seen(value), rules(RULE), last, now)
        found += [(i, e) for e in events]
        last = now
    assert found == played(feed)


@given(st.lists(st.sampled_from(["raise", "clear", "acknowledge", "wait"]), max_size=400), st.integers(1, 6))
def test_an_office_is_told_at_most_k_times_an_hour_and_in_the_end_as_it_stands(steps: list[str], per_hour: int) -> None:
    telling = Telling(per_hour=per_hour, quiet=())
    alert = Standing(uuid5(UUID(int=0), "a"), False, False, "none")
    told: list[datetime] = []
    now = NOON.astimezone(VIET_NAM)
    for step in [*steps, *["wait"] * 120]:
        now += timedelta(seconds=30)
        raised = {"raise": True, "clear": False}.get(step, alert.raised)
        alert = Standing(alert.alert_id, raised, alert.acknowledged or step == "acknowledge", alert.told)
        chosen = due([alert], told, telling, now)
        if chosen:
            said = chosen[0].to_tell
            assert said is not None
            told.append(now)
            alert = Standing(alert.alert_id, alert.raised, alert.acknowledged, said)
    for at in told:
        assert sum(at <= other < at + timedelta(hours=1) for other in told) <= per_hour
    assert alert.to_tell is None, "an hour later nothing is left unsaid"


def test_quiet_hours_hold_back_and_do_not_swallow() -> None:
    telling = Telling(quiet=(Quiet(begins=time(18), ends=time(6, 30)),))
    alert = [Standing(UUID(int=1), True, False, "none")]

    def at(hour: int, minute: int = 0) -> datetime:
        return datetime(2026, 3, 2, hour, minute, tzinfo=VIET_NAM)

    assert due(alert, [], telling, at(17, 59)) == alert
    assert due(alert, [], telling, at(18)) == []
    assert due(alert, [], telling, at(6, 29)) == []
    assert due(alert, [], telling, at(6, 30)) == alert
    monday = Telling(quiet=(Quiet(begins=time(22), ends=time(5), weekday=1),))
    assert [monday.is_quiet(at(h) + timedelta(days=d)) for d, h in ((0, 23), (1, 4), (0, 4), (1, 23))] == [
        True,
        True,
        False,
        False,
    ]


def test_somebody_who_acknowledged_is_not_told_that_it_is_raised() -> None:
    assert Standing(UUID(int=1), True, True, "none").to_tell is None
    assert Standing(UUID(int=1), False, True, "raised").to_tell == "cleared"
    assert Standing(UUID(int=1), False, False, "none").to_tell is None, "it came and went untold"


def test_the_nearest_scope_and_the_newest_day_hold() -> None:
    def row(i: int, scope: str, day: date, above: float) -> Given:
        return Given(i, scope, day, WaitOver(raise_above_s=above, clear_below_s=above))

    given_ = [
        row(1, "*", date(2026, 1, 1), 1000),
        row(2, "p", date(2026, 1, 1), 1100),
        row(3, "p", date(2026, 2, 1), 1200),
        row(4, "p", date(2026, 2, 1), 1300),
        row(5, "p", date(2026, 9, 1), 1400),
        row(6, "o", date(2026, 9, 1), 1500),
    ]
    parents = {"o": "u", "u": "p", "p": None, "elsewhere": None, "loop": "loop"}
    held = Rules(given_, parents, DAY)
    assert [held.rule(o, "wait_over").raise_above_s for o in ("o", "elsewhere", "loop")] == [1300, 1000, 1000]  # type: ignore[union-attr]
    assert held.held("o", "wait_over").scope_id == "p"
    assert Rules(given_, parents, date(2026, 9, 1)).rule("o", "wait_over").raise_above_s == 1500  # type: ignore[union-attr]
    assert Rules([], parents, DAY).held("o", "no_data").setting == DEFAULTS["no_data"]


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "wait_over", "clear_below_s": 901},
        {"kind": "wait_over", "clear_for_s": 5},
        {"kind": "wait_over", "raise_above_s": float("nan")},
        {"kind": "counter_closed", "clear_to_waiting": 6},
        {"kind": "no_data", "heard_below_s": 181},
        {"kind": "satisfaction_low", "clear_from_share": 0.5},
        {"kind": "telling", "per_hour": 0},
        {"kind": "telling", "quiet": [{"begins": "18:00", "ends": "18:00"}]},
        {"kind": "camera_blind", "colour": "red"},
        {"kind": "<script>"},
    ],
)
def test_a_rule_that_is_none_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SETTING.validate_python(body)


def test_pauses_of_a_dead_channel_grow_and_end_growing() -> None:
    assert [pause_s(n) for n in (1, 2, 3, 7, 1000)] == [15.0, 30.0, 60.0, 900.0, 900.0]

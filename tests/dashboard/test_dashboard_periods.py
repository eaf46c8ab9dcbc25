"""The day's wait of everybody who came, and the sign that two measures contradict."""

from __future__ import annotations

import json

import pytest
from plotly.utils import PlotlyJSONEncoder

from motcua.dashboard.answers import Estimate, Period
from motcua.dashboard.pages.office_parts import until_service_card
from motcua.dashboard.words import words

VI = words("vi")
KNOWN = Estimate(n=40, events=31, mean_s=780, low_s=700, high_s=860, median_s=720, p90_s=1500)


def told(period: Period | None) -> str:
    return json.dumps(until_service_card(period, VI), cls=PlotlyJSONEncoder, ensure_ascii=False)


def test_mean_median_and_those_who_still_wait_stand_together() -> None:
    text = told(Period(until_service=KNOWN, still_waiting=3))
    for part in ("13 phút", "một nửa chờ không quá 12 phút", "90 % chờ không quá 25 phút", "40 người, trong đó 3 người"):
        assert part in text
    assert VI("estimates_differ") not in text


@pytest.mark.parametrize("differ", [True, False, None])
def test_the_flag_is_told_only_where_it_is_raised(differ: bool | None) -> None:
    assert (VI("estimates_differ") in told(Period(until_service=KNOWN, estimates_differ=differ))) == (differ is True)


@pytest.mark.parametrize(
    ("count", "says"), [(0, None), (1, "1 người ở trong hàng từ 120 phút"), (3, "3 người ở trong hàng")]
)
def test_very_long_stays_are_told_of_where_there_are_any(count: int, says: str | None) -> None:
    text = told(Period(until_service=KNOWN, long_stays=count))
    assert (says in text) if says else ("120 phút trở lên" not in text)


@pytest.mark.parametrize("period", [None, Period(), Period(until_service=Estimate(n=3))])
def test_unknown_is_told_in_words(period: Period | None) -> None:
    assert VI("no_data") in told(period)

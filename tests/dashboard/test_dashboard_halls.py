"""Waits from counts of several cameras on the office's page."""

from __future__ import annotations

import json
from datetime import date

import pytest
from plotly.utils import PlotlyJSONEncoder

from motcua.dashboard.answers import DayWait, HallFifo, HallMean, HallWaits, Period, Today
from motcua.dashboard.pages.hall_parts import hall_section
from motcua.dashboard.pages.office_parts import today_section
from motcua.dashboard.words import words

VI, EN = words("vi"), words("en")
LANES = (
    HallFifo(lane="priority", n=31, mean_s=240, low_s=180, high_s=310, median_s=200, p90_s=500, within_15_share=0.97),
    HallFifo(lane="ordinary", n=170, mean_s=1080, low_s=940, high_s=1230, median_s=1000, p90_s=1900, within_15_share=0.42),
)
KNOWN = HallWaits(
    state="ok",
    joined=221,
    started=201,
    left=9,
    measured_share=0.98,
    drift_share=-0.052,
    curves=HallMean(n=210, mean_s=930, low_s=820, high_s=1050),
    fifo=HallFifo(n=201, mean_s=950, low_s=830, high_s=1080, median_s=880, p90_s=1800, within_15_share=0.51),
    lanes=LANES,
)


def day(hall: HallWaits | None, **fields: object) -> Today:
    return Today.model_validate(
        {"day": date(2026, 3, 2), "provenance": "camera", "visits": 221, "period": Period(hall=hall), **fields}
    )


def told(component: object) -> str:
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


def test_the_figures_stand_with_interval_n_lanes_and_method() -> None:
    text = told(hall_section(day(KNOWN), VI))
    for part in (
        "Thời gian trong hàng", "16 phút", "13–18 phút", "trên 210 người", "Làn ưu tiên", "4 phút", "Làn thường",
        "221 đến", "201 được tiếp nhận", "9 bỏ về qua cửa", "lệch nhau 5 %", "Không nhận lại ai", "51 % chờ không quá 15 phút",
    ):  # fmt: skip
        assert part in text, part
    english = told(hall_section(day(KNOWN), EN))
    assert "Nobody is recognised again" in english
    assert "Priority lane" in english


@pytest.mark.parametrize("state", ["too_few", "contradict", "unseen"])
def test_without_a_figure_the_reason_stands_in_its_place(state: str) -> None:
    text = told(hall_section(day(HallWaits(state=state, joined=40, started=2)), VI))
    assert text.count(VI(f"hall_state_{state}")) == 2
    assert VI("hall_left_unknown") in text
    assert "0 phút" not in text
    assert "0 giây" not in text


def test_an_office_that_one_camera_sees_has_no_such_section() -> None:
    assert hall_section(day(None), VI) is None
    assert hall_section(Today(day=date(2026, 3, 2)), VI) is None


def test_figures_of_visits_give_way_where_there_are_no_visits_and_stay_where_there_are() -> None:
    alone = told(today_section(day(KNOWN), VI))
    assert VI("until_service") not in alone
    both = told(today_section(day(KNOWN, wait=DayWait(mean_s=300, n=9)), VI))
    assert VI("until_service") in both
    assert VI("until_service") in told(today_section(day(None), VI))

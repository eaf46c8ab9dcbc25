"""Numbers, durations and instants as people here write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.dashboard import format as fmt
from motcua.dashboard.words import words

VI, EN = words("vi"), words("en")


@pytest.mark.parametrize(
    ("value", "digits", "vi", "en"),
    [
        (1234.5, 1, "1.234,5", "1,234.5"),
        (1234567, 0, "1.234.567", "1,234,567"),
        (0, 0, "0", "0"),
        (0.5, 0, "1", "1"),
        (2.5, 0, "3", "3"),
        (-0.12, 2, "−0,12", "−0.12"),
        (-0.001, 2, "0,00", "0.00"),
        (999.96, 1, "1.000,0", "1,000.0"),
    ],
)
def test_numbers(value: float, digits: int, vi: str, en: str) -> None:
    assert fmt.number(value, "vi", digits) == vi
    assert fmt.number(value, "en", digits) == en


def test_percent() -> None:
    assert fmt.percent(0.043, "vi", 1) == "4,3 %"
    assert fmt.percent(0.8, "en") == "80%"


@pytest.mark.parametrize(
    ("seconds", "vi", "en"),
    [
        (0, "dưới 1 phút", "under 1 min"),
        (59.9, "dưới 1 phút", "under 1 min"),
        (60, "1 phút", "1 min"),
        (720, "12 phút", "12 min"),
        (749.9, "12 phút", "12 min"),
        (750, "13 phút", "13 min"),
        (7500, "125 phút", "125 min"),
    ],
)
def test_minutes(seconds: float, vi: str, en: str) -> None:
    assert fmt.minutes(seconds, VI) == vi
    assert fmt.minutes(seconds, EN) == en


def test_measured_times_keep_their_seconds_under_a_minute() -> None:
    assert [fmt.span(s, VI) for s in (0, 0.4, 38.5, 59.4, 61)] == ["0 giây", "0 giây", "39 giây", "59 giây", "1 phút"]


def test_an_interval_is_never_shown_narrower() -> None:
    assert fmt.minutes_range(509, 1021, VI) == "8–18 phút"
    assert fmt.minutes_range(0, 1, EN) == "0–1 min"


@pytest.mark.parametrize(
    ("seconds", "vi", "en"),
    [
        (-3, "0 giây", "0 seconds"),
        (1.9, "1 giây", "1 second"),
        (59.9, "59 giây", "59 seconds"),
        (60, "1 phút", "1 min"),
        (3599, "59 phút", "59 min"),
        (3600, "1 giờ", "1 hour"),
        (172799, "47 giờ", "47 hours"),
        (172800, "2 ngày", "2 days"),
    ],
)
def test_ages(seconds: float, vi: str, en: str) -> None:
    assert fmt.duration(seconds, VI) == vi
    assert fmt.duration(seconds, EN) == en


def test_instants_are_viet_nams() -> None:
    at = datetime(2026, 3, 1, 17, 30, 5, tzinfo=UTC)
    assert fmt.clock(at) == "00:30"
    assert fmt.moment(at) == "00:30:05 02/03/2026"
    assert fmt.day(date(2026, 3, 2)) == "02/03/2026"
    assert fmt.iso(at) == "2026-03-01T17:30:05Z"


@given(st.floats(min_value=-1e9, max_value=1e9), st.integers(0, 3))
def test_both_languages_write_the_same_number(value: float, digits: int) -> None:
    vi, en = fmt.number(value, "vi", digits), fmt.number(value, "en", digits)
    read = float(vi.replace(".", "").replace(",", ".").replace("−", "-"))
    assert read == float(en.replace(",", "").replace("−", "-"))
    assert abs(read - value) <= 0.5 * 10**-digits + 1e-6 * abs(value)

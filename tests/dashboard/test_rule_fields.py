"""Rules of alerts as fields of a form: there and back, and what is no number."""

from __future__ import annotations

import pytest
from hypothesis import given as each
from hypothesis import strategies as st

from motcua.dashboard.pages.rule_fields import FIELDS, Field, NoNumber, given, shown, text
from motcua.dashboard.words import words

QUIET = [
    {"weekday": None, "begins": "18:00:00", "ends": "06:30:00"},
    {"weekday": 6, "begins": "12:00:00", "ends": "23:59:00"},
]


@each(st.integers(0, 1440), st.integers(1, 999), st.integers(0, 10_000))
def test_what_a_field_shows_is_what_it_gives(minutes: int, permille: int, count: int) -> None:
    values = {"minutes": minutes * 60, "percent": permille / 1000, "count": count, "spans": QUIET}
    for kind, fields in FIELDS.items():
        rule = given(kind, True, {f.name: text(f, values[f.unit]) for f in fields})
        for f in fields:
            found = rule[f.name]
            if f.unit == "spans":
                found = [{**span, "begins": span["begins"] + ":00", "ends": span["ends"] + ":00"} for span in found]
            assert found == values[f.unit], f.name


def test_a_comma_is_a_point_and_words_are_local() -> None:
    rule = given(
        "wait_over", False, {"raise_above_s": "17,5", "clear_below_s": "12", "raise_for_s": "5", "clear_for_s": "5"}
    )
    assert (rule["raise_above_s"], rule["enabled"]) == (1050, False)
    share = Field("target_share", "percent")
    assert [shown(share, 0.955, words(lang)) for lang in ("vi", "en")] == ["95,5 %", "95.5%"]
    assert given("telling", True, {"per_hour": "2", "quiet": " "})["quiet"] == []


@pytest.mark.parametrize("said", ["", "-1", "x", "1e9", "１２", "1.5.2", "9999999", "<b>", "0x10", "nan"])
def test_what_is_no_number_is_told_by_its_field(said: str) -> None:
    with pytest.raises(NoNumber) as refused:
        given("telling", True, {"per_hour": said, "quiet": ""})
    assert refused.value.name == "per_hour"


@pytest.mark.parametrize(
    "said", ["18-6", "18:00-", "8 18:00-19:00", "18:00-19:00;", "'; drop", "1 " * 100, "18:00-19:00," * 40]
)
def test_what_are_no_hours_is_told(said: str) -> None:
    with pytest.raises(NoNumber, match="quiet"):
        given("telling", True, {"per_hour": "2", "quiet": said})

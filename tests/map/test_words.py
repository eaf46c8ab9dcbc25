"""A wait in words: only what is known is told as a figure."""

from string import Formatter
from typing import Any

import pytest

from motcua.map.words import EN, VI, WORDS, tell, tell_age

TARGET_S = 900.0


def wait(state: str, **fields: Any) -> dict[str, Any]:
    return {"state": state, "provenance": "camera", "age_s": 12.0} | fields


def placeholders(template: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(template)} - {None}


def test_both_languages_say_the_same_things_with_the_same_figures() -> None:
    assert VI.keys() == EN.keys()
    for key in VI:
        assert placeholders(VI[key]) == placeholders(EN[key]), key


def test_no_word_hides_behind_a_method_of_dict() -> None:
    assert not set(VI) & set(dir(dict)), "a template would show the method instead"


@pytest.mark.parametrize(
    ("expected_s", "mark", "headline"),
    [
        (720, "within", "Chờ khoảng 12 phút"),
        (900, "within", "Chờ khoảng 15 phút"),
        (901, "over", "Chờ khoảng 15 phút"),
        (0, "within", "Chờ dưới 1 phút"),
        (59.9, "within", "Chờ dưới 1 phút"),
        (60, "within", "Chờ khoảng 1 phút"),
        (150, "within", "Chờ khoảng 3 phút"),
        (2500, "over", "Chờ khoảng 42 phút"),
    ],
)
def test_a_figure_is_told_in_minutes_and_held_against_the_target(expected_s: float, mark: str, headline: str) -> None:
    told = tell(wait("ok", expected_wait_s=expected_s), TARGET_S, VI)
    assert (told.mark, told.headline) == (mark, headline)


def test_interval_and_people_stand_beside_the_figure() -> None:
    told = tell(wait("ok", expected_wait_s=720, low_s=490, high_s=1070, waiting=4), TARGET_S, VI)
    assert told.details == ("8 trên 10 lượt: từ 8 đến 18 phút", "4 người đang chờ")
    assert tell(wait("ok", expected_wait_s=720, waiting=0), TARGET_S, EN).details == ("nobody waiting",)


@pytest.mark.parametrize("state", ["too_few", "stale", "blind", "closed", "unknown", "something new"])
@pytest.mark.parametrize("lang", WORDS)
def test_without_a_good_state_no_figure_is_told(state: str, lang: str) -> None:
    told = tell(wait(state, expected_wait_s=0, low_s=0, high_s=0), TARGET_S, WORDS[lang])
    assert told.mark in ("none", "closed")
    assert not any(c.isdigit() for c in told.headline + "".join(told.details))


def test_an_ok_without_a_figure_is_not_zero() -> None:
    assert tell(wait("ok", expected_wait_s=None), TARGET_S, VI).headline == "Chưa đủ số liệu"


@pytest.mark.parametrize("provenance", ["replay", "simulated", None, "?"])
def test_replayed_and_simulated_figures_are_never_told(provenance: str | None) -> None:
    told = tell(wait("ok", expected_wait_s=60, provenance=provenance), TARGET_S, VI)
    assert (told.mark, told.headline, told.age_s) == ("none", "chưa có số liệu", None)


@pytest.mark.parametrize(
    ("age_s", "words"),
    [(0, "5 giây"), (12, "10 giây"), (59, "55 giây"), (60, "1 phút"), (3599, "59 phút"), (3600, "1 giờ"), (90000, "25 giờ")],
)
def test_age(age_s: float, words: str) -> None:
    assert tell_age(age_s, VI) == f"cập nhật {words} trước"

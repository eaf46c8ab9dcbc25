"""The simulated province: nobody is lost, nothing is gained where nobody follows, and what the advice is worth."""

import pytest

from motcua.onebox.advice_sim import evaluate, live, p90, people, province


def test_everybody_is_served_where_they_went_and_the_same_seed_is_the_same_day() -> None:
    places = province("mixed", 0, offices=6)
    day = people(places, 1)
    went = live(places, day, 0.0, 1)
    assert len(went) == len(day)
    assert all(
        office == person.near[0][0] and way == person.near[0][2] and wait >= 0
        for person, (office, way, wait) in zip(day, went, strict=True)
    )
    assert (people(places, 1), live(places, day, 0.8, 1)) == (day, live(places, day, 0.8, 1))
    assert live(places, day, 0.8, 1) != went


def test_the_nearest_rank() -> None:
    assert p90(list(range(1, 11))) == 9


@pytest.mark.slow
def test_following_saves_a_tenth_and_no_office_suffers() -> None:
    for run in evaluate("mixed", 0, (0.3, 0.8), 20):
        assert run["saved_share"] >= 0.10, run
        assert run["worst_p90_rise_s"] <= 300, run

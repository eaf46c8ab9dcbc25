"""The drawing of the points: true to scale, names that do not cover anything."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.map.finder import distance_m
from motcua.map.sketch import WIDTH, sketch
from motcua.map.view import Card, cards
from motcua.map.words import VI


def drawn(points: list[tuple[float, float]]) -> list[Card]:
    offices: list[dict[str, Any]] = [
        {
            "office_id": f"o{i}",
            "name": f"Xã Số {i}",
            "level": "commune",
            "lat": lat,
            "lon": lon,
            "wait": {"state": "unknown"},
        }
        for i, (lat, lon) in enumerate(points)
    ]
    return cards({"target_wait_s": 900, "generated_at": "2026-03-02T03:25:00Z", "offices": offices}, VI)


def test_nothing_to_draw() -> None:
    assert sketch([]) is None


def test_distances_on_the_drawing_are_those_on_the_ground() -> None:
    points = [(9.6, 105.8), (10.2, 106.6), (9.9, 106.1)]
    picture = sketch(drawn(points))
    assert picture is not None
    a, b, c = picture.spots
    scale = math.dist((a.x, a.y), (b.x, b.y)) / distance_m(*points[0], *points[1])
    assert math.dist((a.x, a.y), (c.x, c.y)) / distance_m(*points[0], *points[2]) == pytest.approx(scale, rel=0.01)
    assert a.y > b.y, "north is up"
    assert a.x < b.x


@given(st.lists(st.tuples(st.floats(8, 23), st.floats(102, 110)), min_size=1, max_size=30))
def test_every_office_is_on_the_paper_and_names_do_not_cover_each_other(points: list[tuple[float, float]]) -> None:
    picture = sketch(drawn(points))
    assert picture is not None
    assert all(0 <= spot.x <= WIDTH and 0 <= spot.y <= picture.height for spot in picture.spots)
    names = [spot.label_at for spot in picture.spots if spot.label_at]
    for i, (x, y) in enumerate(names):
        # Names of one length, some four letters: two of them are a line apart or a width apart.
        assert all(abs(x - other_x) > 40 or abs(y - other_y) >= 27.9 for other_x, other_y in names[i + 1 :])


def test_the_office_of_the_page_is_named_first() -> None:
    crowd = [(10.0, 106.0), (10.0, 106.0001), (10.0, 106.0002)]
    for target in ("o0", "o1", "o2"):
        picture = sketch(drawn(crowd), target)
        assert picture is not None
        assert next(spot for spot in picture.spots if spot.card.office_id == target).label_at

"""Finding offices by words and by distance."""

import math
import unicodedata
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.map.finder import distance_m, fold, keys, nearest, rank, search
from motcua.map.office import Office
from motcua.map.offices import todays_offices

Point = tuple[float, float]
OFFICES = todays_offices()
degrees_lat, degrees_lon = st.floats(-90, 90), st.floats(-180, 180)


def office(unit_name: str = "Xã Một", **values: object) -> Any:
    unknown = dict.fromkeys(("address", "replaces", "code_gso", "lat", "lon"))
    return SimpleNamespace(**(unknown | {"name": f"Trung tâm {unit_name}", "unit_name": unit_name} | values))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hoà", "hoa"),
        ("Hòa", "hoa"),
        ("Ấp Đại-Phước, 2A", "ap dai phuoc 2a"),
        ("ĐƯỜNG  30/4", "duong 30 4"),
        ("Lục Sĩ Thành", "luc si thanh"),
        ("", ""),
        ("'; drop table--", "drop table"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_fold_is_stable_and_knows_one_spelling(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


def test_every_office_is_found_first_by_its_name_without_accents() -> None:
    for wanted in OFFICES:
        best = search(OFFICES, fold(str(wanted.unit_name)))[0]
        assert fold(str(best.unit_name)) == fold(str(wanted.unit_name))


def test_every_office_is_found_by_its_address_its_code_and_each_former_commune() -> None:
    for wanted in OFFICES:
        queries = [
            fold((wanted.address or "").split(", tỉnh ")[0]),
            str(wanted.code_gso),
            *fold(wanted.replaces or "").split(),
        ]
        for query in queries:
            assert wanted in search(OFFICES, query)


@given(st.sampled_from(OFFICES), st.integers(1, 40), st.booleans())
def test_what_is_being_typed_already_finds(wanted: Office, length: int, shout: bool) -> None:
    typed = str(wanted.unit_name)[:length]
    assert wanted in search(OFFICES, typed.upper() if shout else typed)


def test_ranking_prefers_the_unit_then_former_units_then_addresses() -> None:
    exact, longer, former, words, address = (
        office("Xã An Bình"),
        office("Xã An Bình Đông"),
        office("Xã Hai", replaces="An Bình, Ba"),
        office("Xã Bình An"),
        office("Xã Ba", address="Ấp An Bình"),
    )
    elsewhere = office("Xã Bốn")
    assert search([elsewhere, address, words, former, longer, exact], "an binh") == [exact, longer, former, words, address]


def test_two_spellings_that_merge_without_accents_are_both_found() -> None:
    both = [office("Xã Tân Hội"), office("Xã Tân Hồi")]
    assert search(both, "tan hoi") == both


def test_the_province_in_every_address_does_not_make_every_office_match() -> None:
    found = search(OFFICES, "vĩnh long")
    assert found[0].unit_name == "Tỉnh Vĩnh Long"
    assert len(found) < 25


def test_an_empty_query_keeps_everything_in_order() -> None:
    assert search(OFFICES, "  ") == list(OFFICES)


@given(st.text(max_size=200))
def test_any_query_is_answered(query: str) -> None:
    assert all(rank(query, keys(found)) is not None for found in search(OFFICES, query))


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        ((0, 0), (0, 1), 111_195.08),
        ((10.254947, 105.972797), (10.254947, 105.972797), 0),
        ((0, 0), (0, 180), math.pi * 6_371_008.8),
        # Hà Nội to Cần Thơ, against the spherical law of cosines.
        ((21.0285, 105.8542), (10.0452, 105.7469), 1_221_342.82),
    ],
)
def test_distance_known_answers(a: Point, b: Point, metres: float) -> None:
    assert distance_m(*a, *b) == pytest.approx(metres, abs=0.5)


@given(degrees_lat, degrees_lon, degrees_lat, degrees_lon)
def test_distance_is_symmetric_and_at_most_half_the_earth(
    lat: float, lon: float, other_lat: float, other_lon: float
) -> None:
    there, back = distance_m(lat, lon, other_lat, other_lon), distance_m(other_lat, other_lon, lat, lon)
    assert there == pytest.approx(back, abs=1e-3)
    assert 0 <= there <= math.pi * 6_371_008.8


def test_nearest_orders_by_distance_and_leaves_out_offices_without_a_point() -> None:
    near, far, nowhere = office(lat=10.1, lon=106.0), office(lat=10.5, lon=106.0), office()
    found = nearest([far, nowhere, near], 10.0, 106.0)
    assert [o for _, o in found] == [near, far]
    assert found[0][0] == pytest.approx(11_119.5, abs=0.1)


def test_standing_at_an_office_it_is_the_nearest() -> None:
    for wanted in OFFICES:
        assert wanted.lat is not None
        assert wanted.lon is not None
        assert nearest(OFFICES, wanted.lat, wanted.lon)[0][0] == 0

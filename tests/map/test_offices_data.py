"""The files of offices that come with the product."""

from importlib.resources import files
from pathlib import Path

import pytest

from motcua.map.office import DIRECTION_QUALITIES
from motcua.map.offices import check_file, todays_offices

DATA = Path(str(files("motcua.map.data")))


def test_today_has_the_province_and_its_124_communes_and_wards() -> None:
    checked = check_file(DATA / "offices.geojson")
    assert checked.problems == ()
    assert checked.by_level() == {"province": 1, "commune": 124}
    kinds = [str(office.unit_name).split()[0] for office in checked.offices]
    assert (kinds.count("Xã"), kinds.count("Phường")) == (105, 19)


def test_2021_has_one_provincial_eight_district_and_107_commune_offices() -> None:
    checked = check_file(DATA / "offices_2021.geojson")
    assert checked.problems == ()
    assert checked.by_level() == {"province": 1, "district": 8, "commune": 107}
    assert sum(office.coordinate_quality == "building" for office in checked.offices) == 34
    assert all(str(office.valid_to) == "2025-06-30" for office in checked.offices)


@pytest.mark.parametrize("name", ["offices.geojson", "offices_2021.geojson"])
def test_every_office_says_where_its_facts_come_from_and_how_good_its_point_is(name: str) -> None:
    assert (DATA / name).stat().st_size < 200_000
    for office in check_file(DATA / name).offices:
        assert office.source
        assert office.licence
        assert office.coordinate_quality
        assert office.opening_hours is None, "nobody has told us any opening hours"


def test_known_facts_of_one_office() -> None:
    office = next(o for o in todays_offices() if o.code_gso == "29734")
    assert office.office_id == "vl-29734"
    assert office.parent_id == "vl-86"
    assert office.phone == "+842703860556"
    assert office.replaces == "Hòa Thạnh, Hòa Lộc, Hòa Hiệp"
    assert (office.lat, office.lon) == (10.085288, 106.00566)
    assert office.coordinate_quality in DIRECTION_QUALITIES


def test_phones_are_landlines_and_missing_ones_are_null() -> None:
    phones = [office.phone for office in todays_offices() if office.phone]
    assert len(phones) == 76
    assert all(phone.startswith("+842") for phone in phones), "a number of an officer's mobile must not be published"


def test_the_provincial_centre_has_no_invented_address() -> None:
    centre = todays_offices()[0]
    assert centre.level == "province"
    assert centre.address is None
    assert centre.coordinate_quality == "centroid"

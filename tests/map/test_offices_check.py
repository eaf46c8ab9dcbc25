"""Errors in a file of offices are told by place and field, all of them, in one sentence each."""

import json
import re
import unicodedata
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from motcua.map.formats import MAX_BYTES, FileRefused
from motcua.map.offices import Checked, check_file

Check = Callable[..., Checked]


def feature(lon: object = 105.97, lat: object = 10.25, **properties: object) -> dict[str, Any]:
    values = {"office_id": "vl-1", "name": "Trung tâm xã Một", "level": "commune"} | properties
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": values}


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def checked(*features: object, known_ids: Collection[str] = ()) -> Checked:
        path = tmp_path / "offices.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        return check_file(path, known_ids)

    return checked


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (feature(level="xã"), "feature 1, level: 'xã' is not one of 'province', 'district' or 'commune'."),
        (feature(name=None), "feature 1, name: is missing."),
        (feature(name="  "), "feature 1, name: is missing."),
        (feature(office_id="a b"), "feature 1, office_id: 'a b' has characters or a length that are not allowed."),
        (feature(office_id="a/#"), "feature 1, office_id: 'a/#' has characters or a length that are not allowed."),
        (feature(code_gso=86), "feature 1, code_gso: 86 is not text."),
        (feature(phone="gọi cô Ba"), "feature 1, phone: 'gọi cô Ba' is not a phone number"),
        (feature(parent_id="vl-86"), "feature 1, parent_id: there is no office 'vl-86'."),
        (feature(parent_id="vl-1"), "feature 1, parent_id: the office is its own parent"),
        (feature(lon=10.25, lat=105.97), "feature 1: latitude 105.97 and longitude 10.25 are swapped"),
        (feature(lon=2.35, lat=48.85), "feature 1: latitude 48.85, longitude 2.35 is not in Viet Nam."),
        (feature(valid_from="1.7.2025"), "feature 1, valid_from: '1.7.2025' is not a day written as YYYY-MM-DD."),
        (feature(valid_from="2025-07-01", valid_to="2025-06-30"), "feature 1: ends on 2025-06-30, before it begins"),
        (feature(coordinate_quality="good"), "feature 1, coordinate_quality: 'good' is not one of"),
        (feature(address="dòng 1\ndòng 2"), "feature 1, address: has a line break"),
        (feature(address="x" * 301), "feature 1, address: is longer than 300 characters."),
        (feature(adress="Ấp 1"), "feature 1, adress: 'adress' is not a field of an office"),
        ({"type": "Feature", "properties": None}, "feature 1: is not a GeoJSON Feature with properties."),
        (feature() | {"geometry": {"type": "Polygon", "coordinates": []}}, "feature 1: geometry is not a Point"),
        (feature(lon=True), "feature 1: geometry is not a Point"),
        (feature(lon=None), "feature 1: geometry is not a Point"),
        ("Xã Một", "feature 1: is not a GeoJSON Feature with properties."),
    ],
)
def test_an_error_names_feature_and_field(check: Check, broken: Any, told: str) -> None:
    checked = check(broken)
    assert [str(problem)[: len(told)] for problem in checked.problems] == [told]


def test_all_errors_are_told_and_the_good_offices_kept(check: Check) -> None:
    checked = check(
        feature(office_id="a", code_gso="1"),
        feature(office_id="a", code_gso="2"),
        feature(office_id="b", code_gso="1", phone="?"),
        feature(office_id="c", code_gso="1"),
    )
    assert [str(problem) for problem in checked.problems] == [
        "feature 3, phone: '?' is not a phone number; write it as 0270 3860 556 or +842703860556.",
        "feature 2, office_id: 'a' stands already in feature 1.",
        "feature 4, code_gso: '1' stands already in feature 1.",
    ]
    assert len(checked.offices) == 3


def test_a_wrong_field_name_is_told_once(check: Check) -> None:
    assert len(check(*(feature(office_id=f"a{n}", adress="x") for n in range(9))).problems) == 1


def test_a_circle_of_parents_is_found(check: Check) -> None:
    checked = check(feature(office_id="a", parent_id="b"), feature(office_id="b", parent_id="a"))
    assert [problem.field for problem in checked.problems] == ["parent_id", "parent_id"]


def test_a_parent_may_exist_already(check: Check) -> None:
    assert check(feature(parent_id="vl-86"), known_ids={"vl-86"}).problems == ()


def test_text_is_brought_to_one_spelling(check: Check) -> None:
    decomposed = unicodedata.normalize("NFD", "  Xã Hoà Hiệp ")
    (office,) = check(feature(unit_name=decomposed, phone="0270 3860.556")).offices
    assert office.unit_name == "Xã Hoà Hiệp"
    assert unicodedata.is_normalized("NFC", office.unit_name)
    assert office.phone == "+842703860556"


def test_an_office_without_a_point_is_allowed(check: Check) -> None:
    (office,) = check(feature() | {"geometry": None}).offices
    assert (office.lat, office.lon) == (None, None)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("offices.geojson", b'{"type": ', "is not valid JSON at line 1, column 10."),
        ("offices.geojson", b"[" * 200_000, "is not valid JSON"),
        ("offices.geojson", b"[1, 2]", "is JSON, but not a GeoJSON FeatureCollection."),
        ("offices.geojson", b"\xff\xfe\x00", "is not text in UTF-8"),
        ("offices.csv", "mã;tên\n1;Xã\n".encode(), "has no column office_id"),
        ("offices.csv", b"", "has no column office_id"),
        ("offices.csv", b'office_id,name\n"a', "is not a valid CSV file near line 2"),
        ("offices.xlsx", b"PK", "is neither .geojson nor .csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileRefused, match=re.escape(told)) as refused:
        check_file(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_a_missing_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="does not exist"):
        check_file(tmp_path / "none.geojson")
    huge = tmp_path / "huge.geojson"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(FileRefused, match="larger than 20 MB"):
        check_file(huge)


def test_an_empty_collection_holds_no_office(check: Check) -> None:
    assert [str(problem) for problem in check().problems] == ["file: holds no office."]


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_csv_says_the_same_as_geojson(tmp_path: Path, delimiter: str, bom: bytes) -> None:
    lines = [
        ["office_id", "name", "level", "lat", "lon", "address", "valid_from"],
        ["vl-1", "Trung tâm xã Một", "commune", "10.25", "105.97", "", "2025-07-01"],
        ["vl-2", "Trung tâm xã Hai", "commune", "105.97", "10.25", "Ấp 2", ""],
        ["vl-3", "Trung tâm xã Ba", "commune", "10", "", "Ấp 3", ""],
        ["vl-4", "Trung tâm xã Bốn", "commune", "mười", "105.97", "Ấp 4", ""],
        ["vl-5", "Trung tâm xã Năm", "commune", "10.2", "105.9", "Ấp 5", "", "thừa"],
    ]
    path = tmp_path / "offices.csv"
    path.write_bytes(bom + "\r\n".join(delimiter.join(line) for line in lines).encode())
    checked = check_file(path)
    assert [(o.office_id, o.lat, o.address, str(o.valid_from)) for o in checked.offices] == [
        ("vl-1", 10.25, None, "2025-07-01")
    ]
    assert [(problem.where, problem.field) for problem in checked.problems] == [
        ("line 3", None),
        ("line 4", None),
        ("line 5", "lat"),
        ("line 6", None),
    ]

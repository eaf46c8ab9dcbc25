"""Administration of offices and what belongs to them: forms and files on the API, both back ends' database behind it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from admin_site import CSRF, Site, running
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from motcua.analytics import db
from motcua.onebox.postgres import Postgres

ADMIN = "/api/v1/admin/records"


@pytest.fixture(scope="module")
def site(pg_server: Postgres) -> Iterator[Site]:
    with running(pg_server, "admin_records") as site:
        yield site


@pytest.fixture
def api(site: Site) -> Site:
    site.reset()
    return site


@pytest.fixture
def boss(api: Site) -> httpx.Client:
    """An administrator of all offices."""
    return api.client("boss")


@pytest.fixture
def scoped(api: Site) -> httpx.Client:
    """An administrator of one commune."""
    return api.client("unit")


def one(client: httpx.Client, kind: str, key: str) -> dict[str, Any]:
    found = client.get(f"{ADMIN}/{kind}/one", params={"key": key})
    assert found.status_code == 200, found.text
    return dict(found.json()["record"])


def put(client: httpx.Client, kind: str, key: str, values: dict[str, Any], version: str | None = None) -> httpx.Response:
    return client.put(f"{ADMIN}/{kind}/{key}", json={"values": values, "version": version})


def codes(answer: httpx.Response) -> list[tuple[str | None, str]]:
    assert answer.status_code == 422, answer.text
    return [(p["field"], p["code"]) for p in answer.json()["problems"]]


def test_only_administrators_get_in(api: Site) -> None:
    assert api.client().get(ADMIN).status_code == 401
    for name in ("chief", "clerk"):
        client = api.client(name)
        for path in (ADMIN, f"{ADMIN}/offices", f"{ADMIN}/offices/one", f"{ADMIN}/offices/file.csv"):
            assert client.get(path).status_code == 403, path
        assert client.put(f"{ADMIN}/offices/x", json={"values": {}}, headers=CSRF).status_code == 403
    boss, none = api.client("boss"), {"X-Motcua-Csrf": "0"}
    assert boss.put(f"{ADMIN}/offices/x", json={"values": {}}, headers=none).status_code == 403, "a change needs the header"
    assert boss.post(f"{ADMIN}/offices/import?name=a.csv", content=b"x", headers=none).status_code == 403


def test_a_counter_is_added_changed_and_retired_and_each_step_is_in_the_log(api: Site, boss: httpx.Client) -> None:
    made = put(boss, "counters", "vl-1~q1", {"office_id": "vl-1", "counter_id": "q1", "name": "  Quầy 1 "})
    assert made.status_code == 200, made.text
    assert made.json()["values"]["name"] == "Quầy 1"
    again = put(boss, "counters", "vl-1~q1", {"office_id": "vl-1", "counter_id": "q1", "name": "Khác"})
    assert (again.status_code, "already" in again.json()["detail"]) == (409, True)
    changed = put(
        boss, "counters", "vl-1~q1", {**made.json()["values"], "name": "Hộ tịch", "lanes": "b, a"}, made.json()["version"]
    )
    assert changed.json()["values"]["lanes"] == "a b"
    found = boss.get(f"{ADMIN}/counters", params={"q": "hoa hiep"}).json()
    assert (found["total"], found["names"]) == (1, {"vl-1": "Xã Hoà Hiệp"})
    path = f"{ADMIN}/counters/vl-1~q1/retire"
    assert boss.post(path, json={"version": made.json()["version"]}).status_code == 409, "that version is not the newest"
    gone = boss.post(path, json={"version": changed.json()["version"]})
    assert gone.json()["retired"]
    assert boss.get(f"{ADMIN}/counters").json()["total"] == 0
    assert boss.get(f"{ADMIN}/counters", params={"state": "retired"}).json()["total"] == 1
    back = boss.post(path, json={"version": gone.json()["version"], "back": True})
    assert back.json()["values"]["valid_to"] is None
    log = api.audit("counters.%")
    assert [(who, what) for who, what, _ in log] == [
        ("boss", "counters.add"),
        ("boss", "counters.change"),
        ("boss", "counters.retire"),
        ("boss", "counters.change"),
    ]
    assert log[1][2]["changes"] == {"name": ["Quầy 1", "Hộ tịch"], "lanes": [None, "a b"]}


def test_the_second_of_two_who_change_the_same_office_is_told_and_overwrites_nothing(api: Site, boss: httpx.Client) -> None:
    read = one(boss, "offices", "vl-1")
    first = put(boss, "offices", "vl-1", {"office_id": "vl-1", "phone": "0270 3860 556"}, read["version"])
    assert first.json()["values"]["phone"] == "+842703860556"
    second = put(boss, "offices", "vl-1", {"office_id": "vl-1", "phone": "1022"}, read["version"])
    assert second.status_code == 409
    assert "somebody changed" in second.json()["detail"]
    assert one(boss, "offices", "vl-1")["values"]["phone"] == "+842703860556"
    assert len(api.audit("offices.%")) == 1


def test_of_many_at_the_same_moment_one_is_first_and_all_others_are_told(api: Site, boss: httpx.Client) -> None:
    read = one(boss, "offices", "vl-1")

    def write(n: int) -> int:
        return put(boss, "offices", "vl-1", {"office_id": "vl-1", "address": f"Ấp {n}"}, read["version"]).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(8))) == [200] + [409] * 7
    assert len(api.audit("offices.%")) == 1


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"name": ""}, [("name", "missing")]),
        ({"name": "x" * 301}, [("name", "too_long")]),
        ({"name": "một\nhai"}, [("name", "control")]),
        ({"name": "\u202egnol"}, [("name", "control")]),
        ({"level": "country"}, [("level", "choice")]),
        ({"level": "demo"}, [("level", "choice")]),
        ({"phone": "'; drop table office; --"}, [("phone", "phone")]),
        ({"lat": None}, [(None, "point_pair")]),
        ({"lat": 106.0, "lon": 10.0}, [(None, "swapped")]),
        ({"lat": 1133000.0, "lon": 584000.0}, [(None, "metres")]),
        ({"lat": 48.1, "lon": 11.6}, [(None, "abroad")]),
        ({"lat": "../../etc/passwd", "lon": "<script>"}, [("lat", "number"), ("lon", "number")]),
        ({"valid_from": "31/12/2026"}, [("valid_from", "day")]),
        ({"valid_from": "2026-02-02", "valid_to": "2026-02-01"}, [(None, "ends_before")]),
        ({"parent_id": "nowhere"}, [("parent_id", "no_office")]),
        ({"parent_id": "vl-1"}, [("parent_id", "cycle")]),
        ({"name": True}, [("name", "text")]),
        ({"colour": "red"}, [("colour", "unknown_field")]),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_written(
    api: Site, boss: httpx.Client, values: dict[str, Any], told: list[tuple[str | None, str]]
) -> None:
    before, read = api.everything(), one(boss, "offices", "vl-1")
    assert codes(put(boss, "offices", "vl-1", {"office_id": "vl-1", **values}, read["version"])) == told
    assert api.everything() == before
    assert api.audit("offices.%") == []


def test_hostile_addresses_and_bodies_are_refused(boss: httpx.Client) -> None:
    for key in ("..%2f..%2fetc", "' or 1=1 --", "<script>", "x" * 65, "vl-1~%00"):
        answer = put(boss, "offices", key, {"office_id": key, "name": "X", "level": "commune"})
        assert answer.status_code in (404, 422), (key, answer.text)
    for body in (b"[]", b"{", b'{"values": 3}', b'{"values": {"a": [1]}}', b"[" * 100_000, b'{"values":{"a":NaN}}', b"\xff"):
        answer = boss.put(f"{ADMIN}/offices/a", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), (body[:20], answer.status_code)
    assert boss.get(f"{ADMIN}/passwords").status_code == 422
    assert boss.get(f"{ADMIN}/offices", params={"limit": "9e9"}).status_code == 422
    assert boss.get(f"{ADMIN}/offices", params={"q": "%' or 1=1 --"}).json()["total"] == 0
    assert put(boss, "offices", "vl-9", {"office_id": "vl-8", "name": "X", "level": "commune"}).status_code == 422


def test_an_office_that_others_need_is_not_retired(api: Site, boss: httpx.Client) -> None:
    province = one(boss, "offices", "vl-86")
    answer = boss.post(f"{ADMIN}/offices/vl-86/retire", json={"version": province["version"]})
    assert codes(answer) == [("valid_to", "children")]
    with db.connect(api.dsn) as conn:
        conn.execute(
            "insert into device (device_id, kind, office_id, source_id, secret_hash, created_by) "
            "values ('cam', 'camera_box', 'vl-2', 'cam', 'x', 'test')"
        )
    lesser = one(boss, "offices", "vl-2")
    assert codes(boss.post(f"{ADMIN}/offices/vl-2/retire", json={"version": lesser["version"]})) == [("valid_to", "devices")]
    last = one(boss, "offices", "vl-1")
    assert (
        boss.post(f"{ADMIN}/offices/vl-1/retire", json={"version": last["version"], "day": "2026-02-30"}).status_code == 422
    )
    assert boss.post(f"{ADMIN}/offices/vl-1/retire", json={"version": last["version"]}).status_code == 200
    assert [r["key"] for r in boss.get(f"{ADMIN}/offices").json()["rows"]] == ["vl-86", "vl-2"]
    with db.connect(api.dsn) as conn:
        assert conn.execute("select count(*) from office where office_id = 'vl-1'").fetchone() == (1,)


def test_who_administers_a_unit_sees_and_changes_that_unit(scoped: httpx.Client, boss: httpx.Client) -> None:
    assert [r["key"] for r in scoped.get(f"{ADMIN}/offices").json()["rows"]] == ["vl-1"]
    assert scoped.get(f"{ADMIN}/offices/one", params={"key": "vl-2"}).status_code == 404
    other = one(boss, "offices", "vl-2")
    assert codes(put(scoped, "offices", "vl-2", {"office_id": "vl-2", "name": "X"}, other["version"])) == [
        ("office_id", "not_yours")
    ]
    assert scoped.post(f"{ADMIN}/offices/vl-2/retire", json={"version": other["version"]}).status_code == 404
    assert codes(put(scoped, "offices", "n", {"office_id": "n", "name": "X", "level": "commune", "parent_id": "vl-86"})) == [
        ("parent_id", "not_yours")
    ]
    own = one(scoped, "offices", "vl-1")
    assert codes(put(scoped, "offices", "vl-1", {"office_id": "vl-1", "parent_id": None}, own["version"])) == [
        ("parent_id", "not_yours")
    ]
    assert put(scoped, "offices", "vl-1", {"office_id": "vl-1", "name": "Mới"}, own["version"]).status_code == 200
    assert put(scoped, "counters", "vl-1~q", {"office_id": "vl-1", "counter_id": "q", "name": "Q"}).status_code == 200
    assert codes(put(scoped, "procedures", "p", {"procedure_id": "p", "name": "P"})) == [(None, "not_yours")]
    day = {"day": "2030-04-30", "name": "Nghỉ"}
    assert codes(put(scoped, "holidays", "*~2030-04-30", day)) == [("office_id", "not_yours")]
    kinds = {k["kind"]: k for k in scoped.get(ADMIN).json()["kinds"]}
    assert (kinds["procedures"]["may_edit"], kinds["counters"]["may_edit"]) == (False, True)
    ruined = scoped.post(f"{ADMIN}/offices/import", params={"name": "a.csv"}, content=b"office_id,name\nvl-2,X\n")
    assert ruined.json()["problems"][0]["code"] == "not_yours"


def test_hours_holidays_access_and_procedures(api: Site, boss: httpx.Client) -> None:
    week = one(boss, "hours", "vl-1")
    saved = put(
        boss,
        "hours",
        "vl-1",
        {"office_id": "vl-1", "mon": "13h30 - 17:00, 7:30-11:30", "tue": "7:30–11:30"},
        week["version"],
    )
    assert saved.json()["values"]["mon"] == "07:30-11:30 13:30-17:00"
    for span, code in (("8-7", "time"), ("17:00-07:00", "hours_order"), ("7:00-9:00 8:00-10:00", "overlap")):
        bad = put(boss, "hours", "vl-1", {"office_id": "vl-1", "wed": span}, saved.json()["version"])
        assert codes(bad) == [("wed", code)]
    public = api.client().get("/api/v1/public/offices/vl-1").json()
    assert [(s["weekday"], s["opens"]) for s in public["hours"]] == [(1, "07:30"), (1, "13:30"), (2, "07:30")]
    day = {"office_id": "", "day": "2030-04-30", "name": "Ngày Giải phóng"}
    made = put(boss, "holidays", "*~2030-04-30", day)
    assert made.json()["values"]["office_id"] == "*"
    assert boss.post(f"{ADMIN}/holidays/*~2030-04-30/retire", json={"version": made.json()["version"]}).json() is None
    past = put(boss, "holidays", "vl-1~2020-01-01", {"office_id": "vl-1", "day": "2020-01-01", "name": "Tết"})
    refused = boss.post(f"{ADMIN}/holidays/vl-1~2020-01-01/retire", json={"version": past.json()["version"]})
    assert codes(refused) == [("day", "past_day")]
    access = one(boss, "access", "vl-2")
    assert access["values"]["wheelchair"] is None
    told = put(boss, "access", "vl-2", {"office_id": "vl-2", "wheelchair": "có", "priority_lane": False}, access["version"])
    assert (told.json()["values"]["wheelchair"], told.json()["values"]["priority_lane"]) == (True, False)
    listed = put(boss, "procedures", "1.001", {"procedure_id": "1.001", "name": "Khai sinh", "offices": "commune"})
    assert listed.json()["values"]["offices"] == "old vl-1 vl-2"
    taken = one(boss, "taken", "vl-1")
    assert taken["values"]["procedures"] == "1.001"
    assert codes(put(boss, "taken", "vl-1", {"office_id": "vl-1", "procedures": "9"}, taken["version"])) == [
        ("procedures", "no_procedure")
    ]
    assert put(boss, "taken", "vl-1", {"office_id": "vl-1", "procedures": ""}, taken["version"]).status_code == 200
    newest = one(boss, "procedures", "1.001")
    assert newest["values"]["offices"] == "old vl-2"
    assert boss.post(f"{ADMIN}/procedures/1.001/retire", json={"version": newest["version"]}).json()["retired"]
    assert api.client().get("/api/v1/public/procedures").json()["procedures"] == []


def imported(client: httpx.Client, data: bytes | str, name: str = "a.csv", kind: str = "offices", **more: Any) -> Any:
    content = data if isinstance(data, bytes) else data.encode()
    return client.post(f"{ADMIN}/{kind}/import", params={"name": name, **more}, content=content)


FILE = """office_id;name;level;parent_id;phone
vl-1;Xã Hoà Hiệp mới;commune;vl-86;'+842703860556
vl-2;Phường Long Châu;commune;vl-86;
vl-3;Xã Mới;commune;vl-2;
"""


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_file_is_shown_first_and_what_is_written_is_what_was_shown(api: Site, boss: httpx.Client, bom: bytes) -> None:
    before, data = api.everything(), bom + FILE.encode()
    circle = imported(boss, data + b"vl-86;X;commune;vl-3;\n").json()
    assert [p["code"] for p in circle["problems"]] == ["cycle"] * 3
    plain = imported(boss, data).json()
    assert (plain["new"], plain["changed"], plain["unchanged"], plain["retired"]) == (1, 1, 1, 0)
    assert plain["changed_records"] == [
        {
            "key": "vl-1",
            "fields": [
                {"field": "name", "old": "Xã Hoà Hiệp", "new": "Xã Hoà Hiệp mới"},
                {"field": "phone", "old": None, "new": "+842703860556"},
            ],
        }
    ]
    assert api.everything() == before, "nothing is written before it is confirmed"
    assert imported(boss, data + b"vl-4;Kh\xc3\xa1c;commune;vl-86;\n", token=plain["token"]).status_code == 409
    assert imported(boss, data, token="0" * 64).status_code == 409
    done = imported(boss, data, token=plain["token"])
    assert (done.status_code, done.json()["written"]) == (200, True)
    assert imported(boss, data).json()["unchanged"] == 3
    assert [a for _, a, _ in api.audit("offices.%")] == ["offices.add", "offices.change"]
    assert one(boss, "offices", "vl-1")["values"]["lat"] == 10.1, "a column that the file does not name keeps its values"


def test_a_preview_is_void_once_somebody_changed_what_it_showed(api: Site, boss: httpx.Client) -> None:
    seen = imported(boss, FILE).json()
    read = one(boss, "offices", "vl-1")
    assert put(boss, "offices", "vl-1", {"office_id": "vl-1", "name": "Ai đó"}, read["version"]).status_code == 200
    answer = imported(boss, FILE, token=seen["token"])
    assert (answer.status_code, "since the preview" in answer.json()["detail"]) == (409, True)
    assert one(boss, "offices", "vl-1")["values"]["name"] == "Ai đó"


def test_what_a_file_leaves_out_is_retired_only_when_asked(api: Site, boss: httpx.Client) -> None:
    data = "office_id,name\nvl-86,Trung tâm tỉnh\nvl-2,Phường Long Châu\n"
    assert imported(boss, data).json()["retired"] == 0
    seen = imported(boss, data, retire_missing=True).json()
    assert [(r["key"], r["fields"][0]["field"]) for r in seen["retired_records"]] == [("vl-1", "valid_to")]
    assert imported(boss, data, retire_missing=True, token=seen["token"]).json()["written"]
    assert [a for _, a, _ in api.audit("offices.%")] == ["offices.retire"]
    assert imported(boss, "office_id\nvl-2\n", retire_missing=True).json()["problems"][0]["code"] == "children"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.csv", b"", "file_column"),
        ("a.csv", b"PK\x03\x04\0\0", "file_binary"),
        ("a.csv", "tên".encode("cp1258"), "file_utf8"),
        ("a.csv", "office_id,name\nvl-1,Xã\n".encode("utf-16"), "file_utf16"),
        ("a.csv", b'office_id,name\n"a', "file_csv"),
        ("a.csv", b"office_id,office_id\nvl-1,vl-2\n", "file_twice"),
        ("a.csv", b"office_id\n\n\n", "file_empty"),
        ("a.csv", b"office_id\nvl-1\nvl-1\n", "duplicate"),
        ("a.csv", b"office_id,code_gso\nvl-1,77\nvl-2,77\n", "code_taken"),
        ("a.csv", b"office_id,name\nvl-1,A,B\n", "too_many_cells"),
        ("a.csv", b"office_id,lat,lon\nvl-1,NaN,inf\n", "number"),
        ("a.xlsx", b"PK", "file_kind"),
        ("a.geojson", b"[" * 200_000, "file_deep"),
        ("a.geojson", b'{"a":' * 200_000, "file_deep"),
        ("a.geojson", b"9" * 5000, "file_json"),
        ("a.geojson", b"{}", "file_geojson"),
        ("a.geojson", b'{"type":"FeatureCollection","features":[]}', "file_empty"),
        ("a.geojson", b'{"type":"FeatureCollection","features":[3]}', "not_feature"),
        (
            "a.geojson",
            b'{"type":"FeatureCollection","features":[],"crs":{"type":"name","properties":{"name":"EPSG:3405"}}}',
            "file_crs",
        ),
    ],
)
def test_hostile_files_are_refused_by_name_of_their_fault(
    api: Site, boss: httpx.Client, name: str, data: bytes, code: str
) -> None:
    before = api.everything()
    answer = imported(boss, data, name)
    problems = answer.json()["problems"]
    assert [p["code"] for p in problems][:1] == [code], answer.text
    assert api.everything() == before


@pytest.mark.parametrize(
    ("point", "code"),
    [
        ([float("nan"), 10.0], "number"),
        ([10.0, 106.0], "swapped"),
        ([584000, 1133000], "metres"),
        (["106", "10"], "not_point"),
        ([1e400, 1], "number"),
    ],
)
def test_a_point_that_is_none(boss: httpx.Client, point: list[Any], code: str) -> None:
    feature = {
        "type": "Feature",
        "properties": {"office_id": "vl-1"},
        "geometry": {"type": "Point", "coordinates": point},
    }
    data = json.dumps({"type": "FeatureCollection", "features": [feature]})
    assert [p["code"] for p in imported(boss, data, "a.geojson").json()["problems"]][:1] == [code]


def test_a_file_of_more_than_five_megabytes_is_refused_unread(boss: httpx.Client) -> None:
    assert imported(boss, b"x" * 5_000_001).status_code == 413


def test_crs84_is_wgs_84_and_lone_surrogates_are_no_text(boss: httpx.Client) -> None:
    head = (
        '{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},"features":'
    )
    fine = imported(boss, head + '[{"type":"Feature","geometry":null,"properties":{"office_id":"vl-2"}}]}', "a.json")
    assert fine.json()["changed_records"][0]["fields"] == [
        {"field": "lat", "old": 10.2, "new": None},
        {"field": "lon", "old": 106.1, "new": None},
    ]
    odd = imported(boss, head + '[{"type":"Feature","properties":{"office_id":"vl-2","name":"\\ud800"}}]}', "a.json")
    assert odd.json()["problems"][0]["code"] == "control"


WORDS = st.text(
    st.one_of(st.sampled_from("=+-@'\";,|<>&%\\ ắÂ漢😀"), st.characters(categories=("L", "N", "P", "S"))),
    min_size=1,
    max_size=40,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(WORDS, WORDS, st.booleans()), min_size=1, max_size=4, unique_by=lambda t: t[0]))
def test_an_import_of_an_export_changes_nothing(api: Site, boss: httpx.Client, made: list[tuple[str, str, bool]]) -> None:
    """Whatever the names: quotes, separators, formulas, accents; CSV and GeoJSON, offices and counters."""
    rows = [
        {"type": "Feature", "properties": {"office_id": f"g-{i}", "name": name, "address": address, "level": "commune"}}
        | {"geometry": {"type": "Point", "coordinates": [105.123456789 + i, 10.1]} if point else None}
        for i, (name, address, point) in enumerate(made)
    ]
    data = json.dumps({"type": "FeatureCollection", "features": rows})
    seen = imported(boss, data, "a.geojson").json()
    if seen["problems"]:  # only spaces
        assert {p["code"] for p in seen["problems"]} <= {"missing", "control"}
        return
    assert imported(boss, data, "a.geojson", token=seen["token"]).status_code == 200
    for name in ("file.csv", "file.geojson"):
        out = boss.get(f"{ADMIN}/offices/{name}").content
        back = imported(boss, out, name).json()
        assert (back["new"], back["changed"], back["retired"], back["errors"]) == (0, 0, 0, 0), back
    cells = [cell for row in csv.reader(io.StringIO(boss.get(f"{ADMIN}/offices/file.csv").text)) for cell in row]
    assert [c for c in cells if c.startswith(("=", "+", "-", "@", "\t"))] == []

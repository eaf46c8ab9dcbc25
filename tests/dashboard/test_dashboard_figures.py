"""Rows become figures."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from dashboard_api import buckets, offices, wait

from motcua.dashboard.answers import Bucket, LiveOffice
from motcua.dashboard.figures import waits_figure
from motcua.dashboard.map_view import EARTH_M, Tiles, map_view, mercator, tile_numbers
from motcua.dashboard.words import words

VI = words("vi")


def live(**waits: dict[str, object]) -> list[LiveOffice]:
    rows = offices()
    for row in rows:
        row["wait"] = waits.get(row["office_id"].replace("-", "_"), wait())
    return [LiveOffice.model_validate(row) for row in rows]


def test_mercator() -> None:
    assert mercator(0, 0) == pytest.approx((0, 0), abs=1e-6)
    assert mercator(180, 85.0511287798) == pytest.approx((20037508.34, 20037508.34), abs=1)
    # The worked example of EPSG Guidance Note 7-2, method 1024: 24°22'54.433"N, 100°20'00"W.
    lat = 24 + 22 / 60 + 54.433 / 3600
    assert mercator(-(100 + 20 / 60), lat) == pytest.approx((-11169055.58, 2800000.00), abs=0.1)


def test_the_map_holds_every_place_and_names_the_worst() -> None:
    waits = {"vl_29734": wait("ok", expected_wait_s=2000.0), "DEMO": wait("ok", provenance="replay", expected_wait_s=60.0)}
    found = map_view(live(**waits), 900, VI)
    assert len(found["places"]) == 126
    west, south, east, north = found["extent"]
    assert all(west < x < east and south < y < north for x, y in found["places"])
    assert found["radius_m"] == pytest.approx(6000 / math.cos(math.radians(10.25)), rel=0.01)
    assert [(n["name"], n["wait"]) for n in found["names"]] == [("Xã Hoà Hiệp", "33 phút")]
    assert found["tiles"] == []


def test_offices_without_a_place_are_left_out_and_none_at_all_is_no_error() -> None:
    lost = [o.model_copy(update={"lat": None}) for o in live()[:3]]
    assert map_view(lost, 900, VI)["places"] == map_view([], 900, VI)["places"] == []


def test_names_do_not_cover_each_other() -> None:
    waits = {o.office_id.replace("-", "_"): wait("ok", expected_wait_s=3000.0) for o in live()}
    found = map_view(live(**waits), 900, VI)
    assert 1 <= len(found["names"]) <= 3
    west, _, east, _ = found["extent"]
    for name in found["names"]:
        room = east - name["x"] if name["side"] == "right" else name["x"] - west
        assert room > 0.3 * (east - west)


def test_tiles_are_an_option() -> None:
    found = map_view(live(), 900, VI, Tiles("https://tiles.example/{z}/{x}/{y}.png", "© somebody"))
    assert found["tiles"]
    assert all(t["src"].startswith("https://tiles.example/10/") for t in found["tiles"])
    assert found["credit"] == "© somebody"


def test_tile_numbers() -> None:
    half = math.pi * EARTH_M
    assert tile_numbers(-half, -half + 1, half - 1, half, 1) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    x, y = mercator(105.97, 10.25)
    assert tile_numbers(x, y, x, y, 10) == [(813, 482)]


def hours(*means: float | None) -> list[Bucket]:
    return [Bucket.model_validate(b) for b in buckets(datetime(2026, 3, 2, 2, 40, tzinfo=UTC), list(means))]


def test_hours_without_visits_are_gaps_and_times_are_viet_nams() -> None:
    figure = waits_figure(hours(600, None, 1200), 900, VI)
    (points,) = figure.data
    assert list(points.y) == [10, 20]
    assert list(points.x) == ["2026-03-02 07:30:00", "2026-03-02 09:30:00"]
    assert list(points.error_y.array) == pytest.approx([2.5, 5])
    assert list(points.error_y.arrayminus) == pytest.approx([2, 4])
    assert list(points.marker.symbol) == ["circle", "triangle-up"]
    assert "khoảng tin cậy 95 %: 8–13 phút" in points.text[0]
    assert figure.layout.shapes[0].y0 == 15
    assert figure.layout.annotations[0].text == "mục tiêu 15 phút"
    assert figure.layout.xaxis.range == ("2026-03-02 07:00:00", "2026-03-02 10:00:00")


def test_no_hours_at_all_still_show_the_target() -> None:
    figure = waits_figure([], 900, VI)
    assert len(figure.data[0].x) == 0
    assert figure.layout.yaxis.range[1] > 15


def test_an_hour_with_one_visit_has_no_interval() -> None:
    alone = hours(600)[0].model_copy(update={"low_s": None, "high_s": None, "n": 1})
    (points,) = waits_figure([alone], 900, VI).data
    assert list(points.error_y.array) == [0]
    assert "khoảng" not in points.text[0]

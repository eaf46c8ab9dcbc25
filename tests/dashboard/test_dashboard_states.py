"""States, marks, order and search."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from dashboard_api import office, wait

from motcua.dashboard import tell
from motcua.dashboard.answers import LiveOffice, OfficeNow, Wait
from motcua.dashboard.pages.office_parts import sources_section
from motcua.dashboard.search import COLUMNS, fold, matches, ordered
from motcua.dashboard.states import BLIND_REASONS, MARKS, hollow, mark_of
from motcua.dashboard.words import words
from motcua.edge.messages import BlindReason

VI, EN = words("vi"), words("en")


def given(office_id: str, unit: str | None = None, **fields: Any) -> LiveOffice:
    base = office({"office_id": office_id, "name": f"Trung tâm {unit or office_id}", "unit_name": unit})
    return LiveOffice.model_validate(base | fields)


def a_wait(state: str = "unknown", **fields: Any) -> Wait:
    return Wait.model_validate(wait(state, **fields))


@pytest.mark.parametrize(
    ("state", "seconds", "mark"),
    [
        ("ok", 0.0, "within"),
        ("ok", 900.0, "within"),
        ("ok", 900.1, "over"),
        ("ok", 1800.0, "over"),
        ("ok", 1800.1, "far"),
        ("ok", None, "too_few"),
        ("too_few", None, "too_few"),
        ("stale", 100.0, "stale"),
        ("blind", 100.0, "blind"),
        ("closed", None, "closed"),
        ("unknown", None, "unknown"),
    ],
)
def test_marks(state: str, seconds: float | None, mark: str) -> None:
    assert mark_of(a_wait(state, expected_wait_s=seconds), 900).name == mark


def test_states_differ_by_shape_and_not_only_by_colour() -> None:
    shapes = {name: mark.symbol for name, mark in MARKS.items() if name != "far"}
    assert len(set(shapes.values())) == len(shapes)
    assert MARKS["far"].size > MARKS["over"].size


def test_the_style_sheet_draws_every_mark_in_the_same_colour() -> None:
    css = (Path(tell.__file__).parent / "assets" / "app.css").read_text(encoding="utf-8")
    for name, mark in MARKS.items():
        assert f".mark-{name}" in css
        assert mark.colour in css


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ground", ["#ffffff", "#dbe5dd", "#f4f6f7"])
@pytest.mark.parametrize("name", sorted(MARKS))
def test_marks_stand_out_from_the_ground(name: str, ground: str) -> None:
    lighter, darker = luminance(ground), luminance(MARKS[name].colour)  # type: ignore[index]  # a key from the table itself
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_only_figures_that_are_not_real_are_hollow() -> None:
    told = {p: hollow(a_wait("ok", provenance=p)) for p in ("camera", "kiosk", "import", "replay", "simulated")}
    assert [p for p, is_hollow in told.items() if is_hollow] == ["replay", "simulated"]
    assert not hollow(a_wait())


def test_worst_first() -> None:
    rows = [
        given("unknown"),
        given("closed", wait=wait("closed")),
        given("within", wait=wait("ok", expected_wait_s=100.0)),
        given("blind", wait=wait("blind")),
        given("over", wait=wait("ok", expected_wait_s=1000.0)),
        given("far", wait=wait("ok", expected_wait_s=4000.0)),
        given("nearly", wait=wait("ok", expected_wait_s=890.0)),
        given("few", wait=wait("too_few")),
        given("old", wait=wait("stale")),
    ]
    assert [o.office_id for o in ordered(rows, "urgency", False, 900)] == [
        "far",
        "over",
        "blind",
        "nearly",
        "within",
        "old",
        "few",
        "closed",
        "unknown",
    ]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", [c for c in COLUMNS if c not in ("urgency", "office")])
def test_who_has_no_figure_stands_last_in_either_direction(column: Any, descending: bool) -> None:
    rows = [given("none"), given("b", open_counters=2, wait=wait("ok")), given("a", open_counters=1, wait=wait("ok"))]
    assert ordered(rows, column, descending, 900)[-1].office_id == "none"


def test_names_sort_without_accents() -> None:
    rows = [given("1", "Xã Đông"), given("2", "Xã An"), given("3", "Xã Ế")]
    assert [o.office_id for o in ordered(rows, "office", False, 900)] == ["2", "1", "3"]


@pytest.mark.parametrize(
    "query", ["hoa hiep", "Hoà Hiệp", "Hòa Hiệp", "HOÀ  hiệp", "hiep hoa", "xa hoa", "", "vl-1", "trung tam"]
)
def test_search_finds(query: str) -> None:
    assert matches(query, given("vl-1", "Xã Hoà Hiệp"))


@pytest.mark.parametrize("query", ["hoa binh", "iep", "vl-2"])
def test_search_does_not_find(query: str) -> None:
    assert not matches(query, given("vl-1", "Xã Hoà Hiệp"))


def test_fold() -> None:
    assert fold("Ấp Đại-Hoà") == "ap dai hoa"


def test_unknown_is_said_and_never_zero() -> None:
    nothing = a_wait()
    assert tell.expected(nothing, VI) is None
    assert tell.people(None, VI) == "chưa có số liệu"
    assert tell.state(nothing, 900, VI) == "chưa có số liệu"
    assert tell.provenance(None, VI) == "–"
    assert tell.expected(a_wait("stale", expected_wait_s=100.0), VI) is None
    assert tell.expected(a_wait("ok", expected_wait_s=0.0), VI) == "dưới 1 phút"


def test_the_maps_tip_says_what_is_not_real() -> None:
    told = tell.tip(given("x", "Xã An", wait=wait("ok", provenance="simulated", waiting=1)), 900, VI)
    assert told == ["chờ 12 phút · trong mức", "8 trên 10 lượt: 8–18 phút", "1 người đang chờ", told[-1]]
    assert told[-1] == "mô phỏng, không phải số liệu thật"


def test_these_pages_have_words_for_every_reason_that_a_camera_gives() -> None:
    assert get_args(BlindReason) == BLIND_REASONS
    for language in (VI, EN):
        said = {tell.state(a_wait("blind", blind=reason), 900, language) for reason in BLIND_REASONS}
        assert len(said) == len(BLIND_REASONS)
    assert tell.state(a_wait("blind", blind="covered"), 900, VI) == "camera không thấy: ống kính bị che"
    assert tell.state(a_wait("blind", blind="moved"), 900, EN) == "camera blind: the camera was moved"


@pytest.mark.parametrize("reason", [None, "by a reason of tomorrow"])
def test_a_reason_without_words_is_left_out(reason: str | None) -> None:
    assert tell.state(a_wait("blind", blind=reason), 900, VI) == "camera không thấy"


@pytest.mark.parametrize(
    ("status", "blind", "said"),
    [
        ("degraded", "flooded", "camera không thấy: bị chói sáng"),
        ("degraded", None, "hoạt động kém"),
        ("online", None, "đang hoạt động"),
        ("offline", "flooded", "mất liên lạc"),
    ],
)
def test_a_blind_camera_is_told_by_shape_and_words_where_its_source_stands(
    status: str, blind: str | None, said: str
) -> None:
    source = {"source_id": "cam-1", "status": status, "health": {"detail": "", "blind": blind}}
    now = OfficeNow.model_validate(office({"office_id": "vl-1", "name": "A"}) | {"sources": [source]})
    page = str(sources_section(now, datetime(2026, 3, 2, tzinfo=UTC), VI).to_plotly_json())
    assert said in page
    assert ("mark-blind" in page) is (said.startswith("camera không thấy"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"missing": 0, "health": {"dropped": {}}}, ["'0', '0'"]),
        ({"missing": 7, "gaps": 2, "health": {"outbox_rows": 5}}, ["7 tin, 2 chỗ · 5 còn chờ gửi", "'0'"]),
        ({"missing": 1, "gaps": 1, "health": {"dropped": {"queue": 1200, "visit": 1}}}, ["1.201 (hàng chờ 1.200, lượt 1)"]),
        ({"missing": 0, "health": {"dropped": {"of tomorrow": 3}}}, ["3 (loại khác 3)"]),
        ({}, ["'chưa có số liệu', 'chưa có số liệu'"]),
    ],
)
def test_a_source_tells_what_is_missing_and_what_it_gave_up_and_never_zero_for_unknown(
    fields: dict[str, Any], said: list[str]
) -> None:
    now = OfficeNow.model_validate(office({"office_id": "vl-1", "name": "A"}) | {"sources": [{"source_id": "c"} | fields]})
    section = sources_section(now, datetime(2026, 3, 2, tzinfo=UTC), VI)
    cells = str([td.children for td in section.children[1].children.children[1].children[0].children][-2:])
    assert all(text in cells for text in said), cells

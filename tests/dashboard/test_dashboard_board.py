"""The live board as data: rows, order, units, the last hour."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from dash.development.base_component import Component
from dashboard_api import iso, office, wait

from motcua.dashboard import spark, tree
from motcua.dashboard.answers import Live, Trends
from motcua.dashboard.board import Asked, board
from motcua.dashboard.pages import parts
from motcua.dashboard.words import words

VI, EN = words("vi"), words("en")
NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def live(*rows: dict[str, Any]) -> Live:
    return Live.model_validate({"generated_at": iso(NOW), "target_wait_s": 900, "offices": rows})


def one(office_id: str, parent_id: str | None = None, **fields: Any) -> dict[str, Any]:
    return office(
        {"office_id": office_id, "name": office_id, "unit_name": f"Xã {office_id}", "parent_id": parent_id}, **fields
    )


def row(**fields: Any) -> dict[str, Any]:
    found = board(live(one("x", **fields)), None, Asked(), VI)
    assert found is not None
    (built,) = found["rows"]
    return dict(built)


def said(component: Any) -> str:
    """All text in a component."""
    children = component if isinstance(component, list) else getattr(component, "children", component)
    if isinstance(children, list | tuple):
        return " ".join(said(child) for child in children)
    return said(children) if isinstance(children, Component) else str(children if children is not None else "")


def test_a_row_follows_its_figures() -> None:
    texts = ("wait", "between", "waiting", "counters", "told", "state", "tag")
    shown = row(wait=wait("ok"))
    assert [shown[t] for t in texts] == [
        "12 phút",
        "8–18 phút",
        "4",
        "chưa có số liệu",
        "3 giây",
        "trong mức",
        "camera",
    ]
    assert row(wait=wait("ok", expected_wait_s=780.0))["wait"] == "13 phút"
    assert row(wait=wait("ok", age_s=9.4))["told"] == "9 giây"
    assert row(wait=wait("ok", waiting=5))["waiting"] == "5"
    assert row(wait=wait("ok", provenance="replay"))["letter"] == "P"


def test_a_state_without_a_figure_gives_none() -> None:
    shown = row(wait=wait("blind", waiting=None, expected_wait_s=0.0))
    assert (shown["wait"], shown["between"], shown["known"]) == ("–", "", False)
    assert (shown["state"], shown["waiting"]) == ("camera không thấy", "chưa có số liệu")


def test_nothing_heard_is_said_once() -> None:
    shown = row()
    assert shown["wait"] == "chưa có số liệu"
    assert {shown[t] for t in ("between", "waiting", "counters", "told", "state")} == {""}
    assert shown["age"] is None


def test_a_row_takes_the_last_hour_of_its_own_kind_of_data() -> None:
    kinds = [{"office_id": "x", "provenance": p, "points": [v] * 12} for p, v in (("simulated", 60.0), ("camera", 900.0))]
    found = board(live(one("x", wait=wait("ok"))), Trends.model_validate({"trends": kinds}), Asked(), VI)
    assert found is not None
    assert found["rows"][0]["line"].startswith(f"M0 {spark.TARGET_Y:g}L")
    assert found["rows"][0]["trend"] == "Một giờ qua: 15–15 phút; ít thay đổi"


def test_a_unit_holds_its_own_office_and_all_below_it() -> None:
    rows = [one("p"), one("d", "p"), one("c1", "d"), one("c2", "d"), one("other")]
    given = live(*rows)
    assert [o.office_id for o in tree.below(given.offices, "d")] == ["d", "c1", "c2"]
    assert [(u.office.office_id, u.offices) for u in tree.units(given.offices, None)] == [("p", 4)]
    assert [(u.office.office_id, u.offices) for u in tree.units(given.offices, "p")] == [("d", 3)]
    assert [href for _, href in tree.way(given.offices, "c1", VI)] == ["/", "/unit/p", "/unit/d", "/unit/c1"]
    found = board(given, None, Asked(unit_id="d"), VI)
    assert found is not None
    assert {r["id"] for r in found["rows"]} == {"d", "c1", "c2"}
    assert found["title"] == "Xã d"


def test_a_unit_of_somebody_else_is_not_there_and_a_circle_of_parents_ends() -> None:
    assert board(live(one("mine", "theirs")), None, Asked(unit_id="theirs"), VI) is None
    turned = live(one("a", "b"), one("b", "a"))
    assert len(tree.below(turned.offices, "a")) == 2
    assert len(tree.way(turned.offices, "a", VI)) == 3


@pytest.mark.parametrize("by", ["'; drop table office; --", "", None, "wait'", "__proto__"])
def test_an_order_that_there_is_none_of_is_worst_first(by: str | None) -> None:
    assert Asked.of("", "x" * 1000, by, "1") == Asked(query="x" * 100)
    assert Asked.of("u", None, "wait", "1") == Asked("u", "", "wait", True)


def test_a_line_has_gaps_dots_and_one_scale() -> None:
    assert spark.path([0.0, 2700.0, None, 900.0, None, 5400.0], 900) == "M0 36L22 0M66 24h.01M110 0h.01"
    assert spark.path([None] * 12, 900) == spark.path([], 900) == ""


@pytest.mark.parametrize(
    ("points", "course"),
    [
        ([600.0] * 12, "steady"),
        ([600.0] * 9 + [700.0, 800.0, 900.0], "rising"),
        ([900.0] + [None] * 10 + [300.0], "falling"),
        ([None] * 11 + [300.0], None),
        ([None] * 12, None),
    ],
)
def test_where_an_hour_is_going(points: list[float | None], course: str | None) -> None:
    assert spark.course(points) == course
    assert (course is None) or spark.told(points, EN).endswith(EN(f"trend_{course}"))


def test_the_banner_names_everyone_or_counts_the_rest() -> None:
    assert parts.banner({}, VI) is None
    few = said(parts.banner({"replay": ["A"], "simulated": ["B", "C"]}, VI))
    assert few.endswith("Phát lại video: A. Mô phỏng: B, C.")
    many = said(parts.banner({"simulated": [f"N{i}" for i in range(40)]}, VI))
    assert many.endswith("Mô phỏng: N0, N1, N2, N3 và 36 nơi khác.")

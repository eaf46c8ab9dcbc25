"""Rows of the table, as components."""

from __future__ import annotations

from typing import Any

from dash.development.base_component import Component
from dashboard_api import office, wait

from motcua.dashboard.answers import LiveOffice
from motcua.dashboard.pages import parts, table
from motcua.dashboard.pages.live import chosen, next_sort
from motcua.dashboard.words import words

VI = words("vi")


def row(**fields: Any) -> Component:
    given = LiveOffice.model_validate(office({"office_id": "x", "name": "Xã An", "unit_name": "Xã An"}, **fields))
    (built,) = table.rows([given], 900, VI)
    return built


def said(component: Any) -> str:
    """All text in a component."""
    children = component if isinstance(component, list) else getattr(component, "children", component)
    if isinstance(children, list | tuple):
        return " ".join(said(child) for child in children)
    return said(children) if isinstance(children, Component) else str(children if children is not None else "")


def test_a_row_follows_its_figures() -> None:
    assert "12 phút 8–18 phút 4 chưa có số liệu 3 giây trong mức camera" in said(row(wait=wait("ok")))
    assert "13 phút" in said(row(wait=wait("ok", expected_wait_s=780.0)))
    assert "9 giây" in said(row(wait=wait("ok", age_s=9.4)))
    assert " 5 chưa có số liệu" in said(row(wait=wait("ok", waiting=5)))


def test_a_state_without_a_figure_gives_none() -> None:
    text = said(row(wait=wait("blind", waiting=None, expected_wait_s=0.0)))
    assert "camera không thấy" in text
    assert "phút" not in text
    assert " 0 " not in text


def test_nothing_heard_is_said_once() -> None:
    assert said(row()).split() == ["Xã", "An", "chưa", "có", "số", "liệu", "–"]


def test_the_banner_names_everyone_or_counts_the_rest() -> None:
    assert parts.banner({}, VI) is None
    few = said(parts.banner({"replay": ["A"], "simulated": ["B", "C"]}, VI))
    assert few.endswith("Phát lại video: A. Mô phỏng: B, C.")
    many = said(parts.banner({"simulated": [f"N{i}" for i in range(40)]}, VI))
    assert many.endswith("Mô phỏng: N0, N1, N2, N3 và 36 nơi khác.")


def test_sorting_turns_round_on_the_second_click_and_survives_nonsense() -> None:
    first = next_sort("waiting", None)
    assert first == {"by": "waiting", "descending": True}
    assert next_sort("waiting", first) == {"by": "waiting", "descending": False}
    assert next_sort("office", first) == {"by": "office", "descending": False}
    assert next_sort("urgency", first) == {"by": "urgency", "descending": False}
    assert chosen({"by": "'; drop table", "descending": 1}) == ("urgency", False)
    assert chosen(None) == ("urgency", False)

"""The file of a page of history: the same figures, numbers as numbers, no formula, both languages."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import pytest

from motcua.analytics import history_export as export
from motcua.analytics.api.history_models import History

AT = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
MEAN = {"value": 720.0, "low": 600.0, "high": None}
CARD = {"metric": "wait_mean_s", "state": "met", "figure": MEAN, "n": 40, "target": 900.0, "carried": True}
WORK = {"metric": "files_per_person_year", "state": "not_applicable", "reason": "level", "of": "visits", "by": "counters"}


def answer(provenance: str | None = "camera", name: str = "=cmd|' /C calc'!A0") -> dict[str, Any]:
    """One office, one day, as the API gives it."""
    figure = {"state": "ok", "provenance": provenance, "n": 40, "mean_s": MEAN, "quantiles": "too_wide", "max_s": 3600.0}
    work = WORK | {"figure": {"value": 1500, "low": 1400, "high": 1600}}
    span = {
        "since": date(2026, 3, 1),
        "until": date(2026, 3, 2),
        "figure": figure,
        "steps": [{"start": date(2026, 3, 1), "state": "too_few", "n": 3, "mean_s": None, "within_15": None}],
        "heat": [{"weekday": 7, "hour": 8, "n": 9, "hours": 1, "mean_s": MEAN}],
        "kpis": [CARD, work],
    }
    series = {
        "office_id": "a",
        "name": name,
        "level": "commune",
        "offices": 1,
        "left_out": 0,
        "a": span,
        "b": None,
        "difference": None,
    }
    whole = {"generated_at": AT, "min_n": 5, "step": "day", "choices": [], "series": [series], "table": []}
    return History.model_validate(whole).model_dump()


def test_the_rows_are_the_pages_figures_in_minutes_and_per_cent() -> None:
    rows = list(export.rows(answer(), "en"))
    card, work = rows[:2]
    assert (card["value"], card["low"], card["high"], card["n"]) == (12, 10, None, 40)
    assert (card["state"], card["target"]) == ("met", "15 min, carried on from the plan to 2025")
    assert (work["value"], work["state"], work["unit"]) == (1500, "not applicable", "a year")
    assert "proxy" in work["what"]
    by_what = {r["what"]: r for r in rows if r["table"] == "Figures of the period"}
    assert by_what["Median (P50)"]["state"] == "too wide"
    assert (by_what["Longest wait"]["value"], by_what["Left or lost"]["value"]) == (60, None)
    step = next(r for r in rows if r["table"] == "Trend")
    assert (step["when"], step["n"], step["value"], step["state"]) == ("01/03/2026", 3, None, "too few")
    heat = next(r for r in rows if r["table"] == "Hours of the week")
    assert (heat["when"], heat["value"]) == ("Sun 8-9h", 12)
    assert {(r["from"], r["to"], r["source"]) for r in rows} == {("01/03/2026", "01/03/2026", "camera")}


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_no_cell_is_a_formula_and_both_files_hold_the_same_rows(lang: str) -> None:
    data = answer()
    text = export.as_csv(data, lang, AT).decode("utf-8-sig")
    table = [line for line in csv.reader(io.StringIO(text)) if not line[0].startswith("#")]
    assert len(table) == 1 + len(list(export.rows(data, lang)))
    assert all(not cell.startswith(("=", "+", "-", "@", "\t")) for line in table for cell in line)
    assert table[1][1] == "'=cmd|' /C calc'!A0"
    book = zipfile.ZipFile(io.BytesIO(export.as_xlsx(data, lang, AT)))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    head = len(export._head(data, export.words(lang), AT))
    assert sheet.count("<row ") == head + len(table)
    assert "Kaplan-Meier" in book.read("xl/sharedStrings.xml").decode()


def test_what_is_not_real_says_so_at_the_top() -> None:
    assert "KHÔNG PHẢI THẬT" in export.as_csv(answer("simulated"), "vi", AT).decode()
    assert "KHÔNG PHẢI THẬT" not in export.as_csv(answer(), "vi", AT).decode()


def test_both_languages_have_the_same_words() -> None:
    assert export.words("vi").keys() == export.words("en").keys()

"""What a page of history shows as one long table: CSV and XLSX with the same rows, their period, provenance and definitions.

Numbers are numbers, in minutes and per cent; what is unknown is empty, and the column of states says why. Text that a spreadsheet would
take for a formula is kept from it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import xlsxwriter

from motcua.analytics.store import REAL, VIET_NAM

CSV = "text/csv; charset=utf-8"
COLUMNS = (
    "table", "office", "from", "to", "what", "when", "n", "value", "low", "high", "unit", "state", "target", "source",
)  # fmt: skip
FIGURES = ("mean_s", "median_s", "p90_s", "within_15", "within_30", "until_service_s", "max_s", "censored_share")
SHARES = frozenset({"within_15", "within_30", "censored_share", "satisfaction_share"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Data = Mapping[str, Any]
Row = dict[str, Any]


@cache
def words(lang: str) -> Mapping[str, Any]:
    """The file's words."""
    text = files("motcua.analytics").joinpath("history_words.json").read_text(encoding="utf-8")
    found: dict[str, Mapping[str, Any]] = json.loads(text)
    return found[lang]


def rows(data: Data, lang: str) -> Iterator[Row]:
    """Every figure of an answer of ``/api/v1/history`` (as a dictionary), in the order of the page."""
    w = words(lang)
    for one in data["series"]:
        for card in one["a"]["kpis"]:
            yield _card(one, card, w)
    for one in data["series"]:
        for span in _spans(one):
            yield from _figures(one, span, w)
        if one["b"] is not None and one["difference"] is not None:
            for name in ("mean_s", "within_15"):
                yield _row(w, "difference", one, one["a"], name, one["difference"][name], state="ok")
    for one in data["series"]:
        for span in _spans(one):
            for step in span["steps"]:
                for name in ("mean_s", "within_15"):
                    yield _row(
                        w, "steps", one, span, name, step[name], when=_when(step["start"]), n=step["n"], state=step["state"]
                    )
    days = w["weekdays"].split(",")
    for one in data["series"]:
        for span in _spans(one):
            for c in span["heat"] or ():
                when = f"{days[c['weekday'] - 1]} {c['hour']}-{c['hour'] + 1}h"
                state = "ok" if c["mean_s"] else "too_few"
                yield _row(w, "heat", one, span, "mean_s", c["mean_s"], when=when, n=c["n"], state=state)
    for office in data["table"]:
        for figure, span in ((office["figure"], data["series"][0]["a"]), (office["compared"], data["series"][0]["b"])):
            for name in ("mean_s", "within_15") if figure is not None else ():
                row = _row(w, "offices", office, span, name, figure[name], n=figure["n"], state=figure["state"])
                yield row | {"source": _source(figure["provenance"], w)}


def as_csv(data: Data, lang: str, made_at: datetime) -> bytes:
    """UTF-8 with a mark that spreadsheets know, commas, one line a figure; what the file is stands in lines that begin with #."""
    w, out = words(lang), io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for line in (*_head(data, w, made_at), *w["defs"]):
        writer.writerow([f"# {line}"])
    writer.writerow([w[f"col_{c}"] for c in COLUMNS])
    for row in rows(data, lang):
        writer.writerow([_plain(row[c]) for c in COLUMNS])
    return ("\ufeff" + out.getvalue()).encode()


def as_xlsx(data: Data, lang: str, made_at: datetime) -> bytes:
    """The same rows on one sheet, the definitions on another. Cells are text or numbers, never formulas."""
    w, out = words(lang), io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(w["sheet_figures"])
    at = 0
    for at, line in enumerate(_head(data, w, made_at)):
        sheet.write_string(at, 0, line, bold)
    at += 2
    for column, name in enumerate(COLUMNS):
        sheet.write_string(at, column, w[f"col_{name}"], bold)
    sheet.freeze_panes(at + 1, 2)
    top = at
    for row in rows(data, lang):
        at += 1
        for column, name in enumerate(COLUMNS):
            value = row[name]
            if isinstance(value, int | float):
                sheet.write_number(at, column, value)
            elif value is not None:
                sheet.write_string(at, column, str(value))
    sheet.autofilter(top, 0, max(at, top), len(COLUMNS) - 1)
    for column, width in enumerate((20, 34, 11, 11, 34, 20, 8, 10, 12, 12, 9, 20, 30, 12)):
        sheet.set_column(column, column, width)
    told = book.add_worksheet(w["sheet_definitions"])
    told.set_column(0, 0, 120, wrap)
    for i, line in enumerate(w["defs"]):
        told.write_string(i, 0, line, wrap)
    book.close()
    return out.getvalue()


def _head(data: Data, w: Mapping[str, Any], made_at: datetime) -> list[str]:
    first = data["series"][0]
    lines = [w["title"], f"{w['period']}: {' - '.join(_days(first['a']))}"]
    if first["b"] is not None:
        lines.append(f"{w['compared']}: {' - '.join(_days(first['b']))}")
    kinds = {s["figure"]["provenance"] for one in data["series"] for s in _spans(one)}
    kinds |= {o["figure"]["provenance"] for o in data["table"]}
    known = sorted(kinds - {None})
    lines.append(f"{w['sources']}: {', '.join(_source(p, w) for p in known) or w['state_unknown']}")
    if any(p not in REAL for p in known):
        lines.append(w["not_real"])
    return [*lines, f"{w['made_at']}: {made_at.astimezone(VIET_NAM):%H:%M %d/%m/%Y}"]


def _figures(one: Data, span: Data, w: Mapping[str, Any]) -> Iterator[Row]:
    figure = span["figure"]
    for name in FIGURES:
        state = figure["state"]
        if state == "ok" and figure[name] is None:
            state = {"too_wide": "too_wide", "ok": "beyond"}.get(figure["quantiles"], "unknown")
        found = figure[name]
        if isinstance(found, float):
            found = {"value": found, "low": None, "high": None}
        yield _row(
            w, "figures", one, span, name, found, n=figure["n"] if figure["state"] != "unknown" else None, state=state
        )


def _card(one: Data, card: Data, w: Mapping[str, Any]) -> Row:
    row = _row(w, "kpis", one, one["a"], card["metric"], card["figure"], n=card["n"], state=card["state"])
    if card["of"] == "visits" and card["figure"] is not None:
        row["what"] = f"{row['what']} ({w['proxy']})"
    if card["target"] is not None:
        target = f"{_scaled(card['metric'], card['target']):g} {row['unit']}"
        row["target"] = f"{target}, {w['carried']}" if card["carried"] else target
    return row


def _row(
    w: Mapping[str, Any],
    table: str,
    one: Data,
    span: Data,
    name: str,
    found: Data | None,
    *,
    state: str,
    when: str | None = None,
    n: int | None = None,
) -> Row:
    values = {k: None if found is None or found[k] is None else _scaled(name, found[k]) for k in ("value", "low", "high")}
    first, last = _days(span)
    unit = "share" if name in SHARES else "year" if name == "files_per_person_year" else "min"
    source = span["figure"]["provenance"] if "figure" in span else None
    return {
        "table": w[f"table_{table}"],
        "office": one["name"] or w["all"],
        "from": first,
        "to": last,
        "what": w[name],
        "when": when,
        "n": n,
        **values,
        "unit": w[f"unit_{unit}"],
        "state": w[f"state_{state}"],
        "target": None,
        "source": _source(source, w),
    }


def _scaled(name: str, value: float) -> float:
    """Seconds as minutes, shares as per cent."""
    if name == "files_per_person_year":
        return round(value)
    return round(value * 100, 2) if name in SHARES else round(value / 60, 2)


def _spans(one: Data) -> list[Data]:
    return [s for s in (one["a"], one["b"]) if s is not None]


def _days(span: Data) -> tuple[str, str]:
    first, until = (d if isinstance(d, date) else date.fromisoformat(d) for d in (span["since"], span["until"]))
    return f"{first:%d/%m/%Y}", f"{until - timedelta(days=1):%d/%m/%Y}"


def _when(start: date | datetime) -> str:
    if isinstance(start, datetime):
        return f"{start.astimezone(VIET_NAM):%H:%M %d/%m/%Y}"
    return f"{start:%d/%m/%Y}"


def _source(provenance: str | None, w: Mapping[str, Any]) -> str:
    return "" if provenance is None else str(w[f"source_{provenance}"])


def _plain(value: object) -> object:
    """A cell: text that a spreadsheet would run gets a mark before it."""
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value
